"""What a task made."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from wiro_runtime.errors import DownloadError
from wiro_runtime.inputs.arguments import check_function, check_path, check_whole
from wiro_runtime.results.download import (
    Files,
    Options,
    Source,
    Transfer,
    file_target,
    no_progress,
    save_file,
)
from wiro_runtime.results.parts import Memory
from wiro_runtime.stopping import run_each
from wiro_runtime.tasks.detail import TaskDetail, as_int, as_mappings, as_text
from wiro_runtime.tasks.text import ModelText, parse_content, parse_log, parse_outputs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from decimal import Decimal
    from os import PathLike

    from wiro_runtime.http.fetching import FileClient
    from wiro_runtime.tasks.text import Segment, ToolCall, Usage

    Progress = Callable[[int, int | None], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One thing that a task made: a file at ``url``, a text, or both.

    ``size`` is in bytes (``None``: not known), ``content_type`` as Wiro says, ``text`` the text of
    an LLM tool. ``raw`` is all that Wiro sent about it, ``access`` the way to the file.
    """

    name: str
    url: str | None
    size: int | None
    content_type: str
    text: str | None
    raw: Mapping[str, Any] = field(repr=False)
    task_id: str = field(repr=False)
    access: Files = field(repr=False, compare=False)

    def save(
        self,
        path: str | PathLike[str],
        *,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> Path:
        """Write the file to ``path`` (a folder: under its own name in it); replaces what is there.

        ``progress`` is called with bytes so far and bytes in all (``None``: not known). Raises
        :class:`DownloadError`.
        """
        check_path("path", path)
        return self._save(path, _options(progress, max_bytes))

    async def asave(
        self,
        path: str | PathLike[str],
        *,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> Path:
        """:meth:`save` for an event loop."""
        from wiro_runtime.threads import transferred  # noqa: PLC0415 - imports asyncio

        check_path("path", path)
        return await transferred(
            lambda options: self._save(path, options), _options(progress, max_bytes)
        )

    def read(self, *, max_bytes: int | None = None) -> bytes:
        """The whole file in memory; the text of a text output."""
        return self._read(_options(None, max_bytes))

    async def aread(self, *, max_bytes: int | None = None) -> bytes:
        """:meth:`read` for an event loop."""
        from wiro_runtime.threads import transferred  # noqa: PLC0415 - imports asyncio

        return await transferred(self._read, _options(None, max_bytes))

    def _repr_html_(self) -> str:
        from wiro_runtime.results.notebook import output_html  # noqa: PLC0415 - only in notebooks

        return output_html(self)

    def _save(self, path: str | PathLike[str], options: Options) -> Path:
        target = Path(path)
        if target.is_dir():
            target = file_target(target, self.name)
        with self.access.client() as client:
            return _store(self, client, target, options, keep_apart=False)

    def _read(self, options: Options) -> bytes:
        if self.url is None and self.text is not None:
            return self.text.encode()
        sink = Memory()
        with self.access.client() as client:
            Transfer(client, self.access.settings, _source(self), sink, options).run()
        return sink.data


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A task that ended well. ``cost`` is in dollars, ``elapsed`` in seconds; ``None`` where Wiro
    said nothing. ``raw`` is all that Wiro sent, ``access`` the way to the files."""

    task_id: str
    outputs: tuple[Output, ...]
    detail: TaskDetail = field(repr=False)
    access: Files = field(repr=False, compare=False)

    @classmethod
    def read(cls, detail: TaskDetail, task_id: str, files: Files) -> Result:
        found = as_mappings(detail.raw.get("outputs"))
        outputs = tuple(_output(raw, number, task_id, files) for number, raw in enumerate(found))
        return cls(task_id=task_id, outputs=outputs, detail=detail, access=files)

    @property
    def cost(self) -> Decimal | None:
        return self.detail.cost

    @property
    def elapsed(self) -> float | None:
        return self.detail.elapsed

    @property
    def raw(self) -> Mapping[str, Any]:
        return self.detail.raw

    @property
    def text(self) -> str:
        """The answer of a language model, without its thoughts; the texts of all outputs, one
        below the other. What a tool without outputs printed is its text too."""
        return self._said.text

    @property
    def thinking(self) -> str:
        """The thoughts of a language model; empty where Wiro does not tell them."""
        return self._said.thinking

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Thoughts, answers and calls in their order, for tools that tell it."""
        return self._said.segments

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The functions that a language model waits for: completed calls, and only when
        ``finish_reason`` is ``"tool_calls"``. Every other call is in ``segments``.

        Give the outputs back with ``previous=result`` and ``tool_outputs=``.
        """
        return self._said.tool_calls

    @property
    def finish_reason(self) -> str | None:
        """Why a language model ended: ``"stop"``, ``"tool_calls"``, ``"length"``,
        ``"content_filter"`` or ``"error"``; ``None`` where Wiro said nothing."""
        return self._said.finish_reason

    @property
    def usage(self) -> Usage | None:
        """The tokens that a language model used, which are not what is billed."""
        return self._said.usage

    @property
    def _said(self) -> ModelText:
        raw = self.detail.raw
        return parse_outputs(raw) or parse_log(raw) or ModelText()

    def _repr_html_(self) -> str:
        from wiro_runtime.results.notebook import result_html  # noqa: PLC0415 - only in notebooks

        return result_html(self)

    def _repr_mimebundle_(self, **_wanted: object) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def download(
        self,
        folder: str | PathLike[str],
        *,
        concurrency: int = 4,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> list[Path]:
        """Save every output into ``folder`` (made when missing), ``concurrency`` at a time.

        Paths come in the order of the outputs. Existing files are kept: a name that is taken gets
        a number. ``max_bytes`` limits each file; ``progress`` is called with the bytes of all
        outputs so far and in all.
        """
        _check_download(folder, concurrency)
        return self._download(folder, concurrency, _options(progress, max_bytes))

    async def adownload(
        self,
        folder: str | PathLike[str],
        *,
        concurrency: int = 4,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> list[Path]:
        """:meth:`download` for an event loop."""
        from wiro_runtime.threads import transferred  # noqa: PLC0415 - imports asyncio

        _check_download(folder, concurrency)
        return await transferred(
            lambda options: self._download(folder, concurrency, options),
            _options(progress, max_bytes),
        )

    def _download(
        self, folder: str | PathLike[str], concurrency: int, options: Options
    ) -> list[Path]:
        sizes = [output.size for output in self.outputs]
        whole = None if None in sizes else sum(cast("list[int]", sizes))
        done = [0] * len(self.outputs)
        lock = threading.Lock()

        def job(number: int, output: Output) -> Path:
            def report(so_far: int, _total: int | None) -> None:
                with lock:
                    done[number] = so_far
                    options.progress(sum(done), whole)

            one = replace(options, progress=report)
            target = file_target(folder, output.name)
            return _store(output, client, target, one, keep_apart=True)

        with self.access.client() as client:
            jobs = [partial(job, number, output) for number, output in enumerate(self.outputs)]
            try:
                return run_each(jobs, concurrency, options.stop)
            except InterruptedError:
                raise DownloadError("stopped", retryable=True, task_id=self.task_id) from None


def _source(output: Output) -> Source:
    return Source(url=output.url or "", size=output.size, task_id=output.task_id)


def _store(
    output: Output, client: FileClient, target: Path, options: Options, *, keep_apart: bool
) -> Path:
    """Fetch into ``target``; a text output without an address is just written."""
    written = output.url is None and output.text is not None
    return save_file(
        client,
        output.access.settings,
        _source(output),
        target,
        options,
        content=(output.text or "").encode() if written else None,
        keep_apart=keep_apart,
    )


def _check_download(folder: object, concurrency: object) -> None:
    check_path("folder", folder)
    check_whole("concurrency", concurrency, 1)


def _options(progress: Progress | None, max_bytes: int | None) -> Options:
    check_function("progress", progress)
    if max_bytes is not None:
        check_whole("max_bytes", max_bytes, 0)
    return Options(progress=progress or no_progress, max_bytes=max_bytes)


def _output(raw: Mapping[str, Any], number: int, task_id: str, files: Files) -> Output:
    url = as_text(raw.get("url")) or None
    said = parse_content(raw.get("content"))
    text = None if said is None else said.text
    named = as_text(raw.get("name"))
    if not named and url is not None:
        named = unquote(PurePosixPath(urlsplit(url).path).name)
    return Output(
        name=named or (f"{number}.txt" if text is not None else str(number)),
        url=url,
        size=as_int(raw.get("size")),
        content_type=as_text(raw.get("contenttype")),
        text=text,
        raw=raw,
        task_id=task_id,
        access=files,
    )
