"""Outputs to disk and into memory: coroutines for the loop of either client."""

from __future__ import annotations

import asyncio
import os
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from wiro_runtime.errors import DownloadError
from wiro_runtime.http.loop import call_back, finish, run_in_thread, start_in_thread
from wiro_runtime.inputs.arguments import check_function, check_path, check_whole
from wiro_runtime.results.download import Download, download_error
from wiro_runtime.results.filenames import numbered, safe_name
from wiro_runtime.results.partial_file import PartialFile, Sink

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from os import PathLike

    from wiro_runtime.http.transport import Transport
    from wiro_runtime.results.download import Report
    from wiro_runtime.results.output import BaseOutput, Progress, Stamp
    from wiro_runtime.results.result import BaseResult

_saving: Final[WeakValueDictionary[tuple[int, int, str], asyncio.Lock]] = WeakValueDictionary()
"""By event loop, output and folder: held while the one is saved into the other. A forked child has
a loop of its own; those of its parent never let go there."""


async def save_output(
    output: BaseOutput,
    given: str | PathLike[str],
    progress: Progress | None,
    max_bytes: int | None,
) -> Path:
    """Save an output as ``given``, or into it when it is a folder or ends with a slash."""
    check_path("path", given)
    _check(progress, max_bytes)
    target = Path(given)
    ends_with_slash = not os.path.basename(given)  # noqa: PTH119 - a Path forgets the slash
    # Unlike Path.is_dir, false where the system cannot say.
    into = ends_with_slash or await run_in_thread(lambda: os.path.isdir(target))  # noqa: PTH112 - see above
    if into:
        target /= safe_name(output.name)
    job = _Job(output, _report(progress), max_bytes)
    path = await output.access.transfer(lambda transport: job.save(transport, target, replace=True))
    if into:
        place = str(target.parent.absolute())
        if stamp := await run_in_thread(partial(_stamp, place, path.name)):
            output.saved[place] = path.name, stamp
    return path


def recall_saved(outputs: Iterable[BaseOutput], folder: Path) -> None:
    """Let outputs know what an earlier process has saved of them in ``folder``, which holds those
    of their task alone: a file with the name and the size of an output is that output."""
    place = str(folder.absolute())
    counts: Counter[str] = Counter()
    for output in outputs:
        name = safe_name(output.name)
        counts[name] += 1
        name = numbered(name, counts[name])
        size = output.size
        if output.url is None and output.text is not None:
            size = len(output.text.encode(errors="replace"))
        stamp = _stamp(place, name)
        if stamp is not None and stamp[1] == size:
            output.saved.setdefault(place, (name, stamp))


async def read_output(output: BaseOutput, max_bytes: int | None) -> bytes:
    """Return the bytes of an output."""
    _check(None, max_bytes)
    memory = Sink()
    report = _report(None)
    try:
        await output.access.transfer(
            lambda transport: Download(transport, output, memory, report, max_bytes).run()
        )
    except OSError as error:
        raise download_error(output, f"cannot write: {error.strerror or error}") from error
    return memory.read()


async def save_outputs(
    result: BaseResult[Any],
    folder: str | PathLike[str],
    concurrency: int,
    progress: Progress | None,
    max_bytes: int | None,
) -> list[Path]:
    """Save the outputs of a result into ``folder``, as many as can be. Raises
    :class:`DownloadError` about the others."""
    check_path("folder", folder)
    check_whole("concurrency", concurrency, 1)
    _check(progress, max_bytes)
    outputs: Sequence[BaseOutput] = result.outputs
    sizes = [output.size for output in outputs]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    done = [0] * len(outputs)
    tell = _report(progress)

    async def report(number: int, so_far: int, _total: int | None) -> None:
        done[number] = so_far
        await tell(sum(done), total)

    jobs = [
        _Job(output, partial(report, number), max_bytes) for number, output in enumerate(outputs)
    ]

    try:
        place = await run_in_thread(lambda: str(Path(folder).absolute()))
    except FileNotFoundError:
        text = f"cannot write {os.fspath(folder)}: the current folder is not there anymore"
        raise DownloadError(text, task_id=result.task_id) from None

    async def work(transport: Transport) -> list[Path | DownloadError]:
        places = asyncio.Semaphore(concurrency)
        # Outputs of one name get their numbers in their order, whichever is fetched first.
        turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

        async def save(job: _Job) -> Path | DownloadError:
            async with turns[job.name.casefold()], places:
                return await job.save_once(transport, Path(folder), place)

        try:
            async with asyncio.TaskGroup() as group:
                saving = [group.create_task(save(job)) for job in jobs]
        except BaseExceptionGroup as errors:
            first = errors.exceptions[0]
        else:
            return [each.result() for each in saving]
        # Raised here, where it keeps its own cause and context.
        raise first

    found = await result.access.transfer(work)
    saved = [each for each in found if isinstance(each, Path)]
    failed = [each for each in found if isinstance(each, DownloadError)]
    if failed:
        raise _summary(saved, failed, result.task_id, folder)
    return saved


class _Job:
    """One output, with what its caller wants to know and to limit."""

    def __init__(self, output: BaseOutput, report: Report, max_bytes: int | None) -> None:
        self.name = safe_name(output.name)
        self._output = output
        self._report = report
        self._max_bytes = max_bytes

    async def save(self, transport: Transport, target: Path, *, replace: bool) -> Path:
        """Save as ``target``, whole or not at all. One that is taken is replaced, or else
        ``target`` gets a number. Returns the path."""
        file = PartialFile(target, replace=replace)
        try:
            await run_in_thread(file.open)
            await Download(transport, self._output, file, self._report, self._max_bytes).run()
            return await run_in_thread(file.publish)
        except OSError as error:
            reason = error.strerror or str(error)
            if isinstance(error, (FileExistsError, NotADirectoryError)):
                reason = f"{target.parent} is not a folder"
            raise download_error(self._output, f"cannot write {target}: {reason}") from error
        finally:
            # Through another cancellation too, which must not leave the file behind.
            await finish(start_in_thread(file.discard))

    async def save_once(
        self, transport: Transport, folder: Path, place: str
    ) -> Path | DownloadError:
        """Save into ``folder``, which is ``place``, unless it was saved there and is unchanged."""
        saved = self._output.saved
        key = id(asyncio.get_running_loop()), id(self._output), place
        saving = _saving.setdefault(key, asyncio.Lock())
        # A call that saves the same at the same time finds the file of the first.
        async with saving:
            name, stamp = saved.get(place, ("", None))
            if stamp is not None and stamp == await run_in_thread(partial(_stamp, place, name)):
                await self._report(stamp[1], stamp[1])
                return folder / name
            try:
                path = await self.save(transport, folder / self.name, replace=False)
            except DownloadError as error:
                return error
            if stamp := await run_in_thread(partial(_stamp, place, path.name)):
                saved[place] = path.name, stamp
            return path


def _summary(
    saved: list[Path], failed: list[DownloadError], task_id: str, folder: str | PathLike[str]
) -> DownloadError:
    count = len(saved) + len(failed)
    text = str(failed[0])
    if count > 1:
        where = f"; the others are in {os.fspath(folder)}" if saved else ""
        text = f"{len(failed)} of {count} outputs could not be saved ({text}){where}"
    error = DownloadError(
        text,
        url=failed[0].url,
        retryable=any(each.retryable for each in failed),
        task_id=task_id,
        saved=saved,
        failed=failed,
    )
    error.__cause__ = failed[0]
    return error


def _report(progress: Progress | None) -> Report:
    async def report(done: int, total: int | None) -> None:
        if progress is not None:
            await call_back(progress, done, total)

    return report


def _stamp(folder: str, name: str) -> Stamp | None:
    try:
        return file_stamp(os.path.join(folder, name))  # noqa: PTH118 - half the objects
    except OSError:
        return None


def file_stamp(path: str | PathLike[str]) -> Stamp:
    """What shows that a file is unchanged."""
    found = os.stat(path)  # noqa: PTH116 - see above
    return found.st_ino, found.st_size, found.st_mtime_ns


def _check(progress: Progress | None, max_bytes: int | None) -> None:
    check_function("progress", progress)
    if max_bytes is not None:
        check_whole("max_bytes", max_bytes, 0)
