"""The runs of the studio: sent by the client of this computer, followed, kept in a folder."""

from __future__ import annotations

import asyncio
import re
import shutil
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from wiro_runtime.errors import (
    ConnectionFailed,
    DownloadError,
    SubmissionUncertain,
    TaskCancelled,
    TaskFailed,
    TaskTimeout,
    WiroError,
)
from wiro_runtime.http.logs import log
from wiro_runtime.http.loop import run_in_thread
from wiro_runtime.price import plain
from wiro_runtime.price.estimate import price_run
from wiro_runtime.results.saving import recall_saved
from wiro_runtime.studio.form import labels_of, read_form
from wiro_runtime.studio.records import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from pathlib import Path

    from wiro_runtime.catalogue import Catalogue, Entry
    from wiro_runtime.client import AsyncWiro
    from wiro_runtime.results.result import AsyncResult
    from wiro_runtime.studio.uploads import Uploads
    from wiro_runtime.tasks.budget import Ceiling
    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.task import AsyncTask

ID: Final = re.compile(r"[0-9a-f]{32}")
_RETRY: Final = 5.0
"""Seconds until a task is asked about again whose connection broke."""


class NoRun(WiroError):  # noqa: N818 - says what happened
    """No run has this id."""


class Runs:
    """All runs, by id. ``before`` is called with each tool before it runs."""

    def __init__(
        self,
        client: AsyncWiro,
        catalogue: Catalogue,
        folder: Path,
        uploads: Uploads,
        before: Callable[[Entry], object] | None = None,
    ) -> None:
        self._client = client
        self._catalogue = catalogue
        self._folder = folder.absolute()
        self._uploads = uploads
        self._before = before
        self._runs: dict[str, Run] = {}
        self._tasks: dict[str, AsyncTask] = {}
        self._background: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Read the runs of earlier days, and follow those that had not ended."""
        for run in await run_in_thread(self._load):
            self._runs[run.id] = run
            if run.is_active and run.task_id:
                self._spawn(self._follow(run, self._client.task(run.task_id)))
            elif run.is_active:
                run.state = "uncertain"
                run.error = "the studio ended while this was sent; wiro-tools task list may show it"
                await self._save(run)
        used = [path for run in self._runs.values() for path in run.uploads]
        await run_in_thread(lambda: self._uploads.clean(used))

    async def close(self) -> None:
        """Follow no run any more. Tasks go on."""
        for each in self._background:
            each.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def get(self, run: str) -> Run:
        """The run with this id. Raises :class:`NoRun`."""
        if (found := self._runs.get(run)) is None:
            raise NoRun("there is no such run; it may have been deleted")
        return found

    def of_tool(self, tool: str | None = None) -> list[Run]:
        """The runs, of one tool or of all, newest first."""
        found = [run for run in self._runs.values() if tool is None or run.tool == tool]
        return sorted(found, key=lambda run: run.at, reverse=True)

    async def start(
        self,
        run_id: str,
        tool: str,
        values: Mapping[str, Any],
        form: dict[str, str],
        ceiling: Ceiling,
    ) -> Run:
        """Send a run and return it once Wiro has accepted it.

        The same ``run_id`` again is the same run: a browser may repeat a request whose response
        was lost. Raises :class:`WiroError`; there is no run then, unless it is uncertain whether
        Wiro has it.
        """
        if (known := self._runs.get(run_id)) is not None:
            return known
        run = self._runs[run_id] = Run(id=run_id, tool=tool, form=form)
        try:
            entry = self._catalogue.get(tool)
            inputs, run.uploads = await run_in_thread(
                partial(read_form, entry, values, self._uploads)
            )
            run.body = dict(inputs.wire())
            run.labels = labels_of(entry, run.body)
            run.estimate = str(price_run(tool, inputs, inputs.wire_values()))
            run.max_cost = "" if ceiling.max_cost is None else f"{ceiling.max_cost:f}"
            if self._before is not None:
                await run_in_thread(partial(self._before, entry))
            await self._save(run)
            task = await self._client.submit(
                tool,
                inputs,
                package=self._catalogue,
                max_cost=ceiling.max_cost,
                allow_unknown=ceiling.allow_unknown,
            )
        except SubmissionUncertain as error:
            run.state, run.error = "uncertain", str(error)
            await self._save(run)
            return run
        except BaseException as error:
            accepted = error.task_id if isinstance(error, WiroError) else None
            if accepted is None:
                del self._runs[run_id]
                await run_in_thread(partial(shutil.rmtree, self._at(run), ignore_errors=True))
                raise
            # Such as a journal that could not record it now.
            log.warning("studio: task %s: %s", accepted, error)
            task = self._client.task(accepted)
        run.state, run.task_id = "running", task.id
        self._spawn(self._follow(run, task))
        # The journal has the task already, should the disk be full.
        with suppress(OSError):
            await self._save(run)
        return run

    async def stop(self, run: Run) -> bool:
        """Stop the task of a run; false when it had ended by itself or is not known yet."""
        task = self._tasks.get(run.id)
        if task is None:
            return False
        run.state = "stopping"
        run.touch()
        stopped = False
        try:
            stopped = await task.stop()
        finally:
            if run.state == "stopping" and not stopped:
                run.state = "running"
                run.touch()
        return stopped

    async def delete(self, run: Run) -> None:
        """Delete a run that has ended, with its outputs and the files that only it has used."""
        self._runs.pop(run.id, None)
        used = {path for each in self._runs.values() for path in each.uploads}
        mine = [path for path in run.uploads if path not in used]
        await run_in_thread(partial(shutil.rmtree, self._at(run), ignore_errors=True))
        await run_in_thread(lambda: self._uploads.discard(mine))

    def output(self, run: Run, number: int) -> Path | None:
        """The file of one output, when it is in the folder of its run."""
        if not 0 <= number < len(run.outputs):
            return None
        folder = self._at(run).resolve() / "outputs"
        path = folder / str(run.outputs[number].get("file") or "")
        return path if path.resolve().parent == folder and path.is_file() else None

    def _at(self, run: Run) -> Path:
        return self._folder / run.id

    def _load(self) -> list[Run]:
        folders = [each for each in self._folder.glob("*") if ID.fullmatch(each.name)]
        return [run for run in map(Run.load, folders) if run is not None]

    async def _save(self, run: Run) -> None:
        await run_in_thread(partial(run.save, self._at(run)))
        run.touch()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _follow(self, run: Run, task: AsyncTask) -> None:
        self._tasks[run.id] = task
        try:
            while run.is_active:
                await self._watch(run, task)
        finally:
            del self._tasks[run.id]

    async def _watch(self, run: Run, task: AsyncTask) -> None:
        try:
            result = await task.wait(on_update=run.note)
        except (ConnectionFailed, TaskTimeout) as error:
            run.error = str(error)
            run.touch()
            await asyncio.sleep(_RETRY)
            return
        except TaskCancelled as error:
            self._end(run, "cancelled", "", error.detail)
        except TaskFailed as error:
            self._end(run, "failed", str(error), error.detail)
        except WiroError as error:
            if error.retryable:
                await asyncio.sleep(_RETRY)
                return
            # What cannot be asked about may go on all the same.
            self._end(run, "uncertain", str(error), task.detail)
        else:
            await self._finish(run, result)
        with suppress(OSError):
            await self._save(run)
        run.touch()

    async def _finish(self, run: Run, result: AsyncResult) -> None:
        run.error = ""
        folder = self._at(run) / "outputs"
        # An earlier studio may have ended between the download and the record.
        await run_in_thread(partial(recall_saved, result.outputs, folder))
        try:
            await result.download(folder)
        except DownloadError as error:
            run.error = str(error)
        for output in result.outputs:
            saved = output.saved.get(str(folder))
            run.outputs.append(
                {
                    "name": output.name,
                    "file": saved[0] if saved else "",
                    "saved": saved is not None,
                    "type": output.content_type,
                    "size": output.size,
                    "text": output.text,
                }
            )
        run.text, run.thinking = result.text, result.thinking
        self._end(run, "succeeded", run.error, result.detail)

    def _end(self, run: Run, state: str, error: str, detail: TaskDetail | None) -> None:
        run.state, run.error = state, error
        if detail is not None:
            run.status = detail.status
            run.cost = "" if detail.cost is None else plain(detail.cost)
            run.elapsed = detail.elapsed
