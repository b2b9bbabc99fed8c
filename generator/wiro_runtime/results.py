"""What a task made."""

from __future__ import annotations

import io
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from wiro_runtime.blocking import BlockingPort
from wiro_runtime.detail import TaskDetail, as_int, as_mappings, as_text
from wiro_runtime.downloads import Source, Transfer, file_target, save_file
from wiro_runtime.port import run_blocking

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping
    from decimal import Decimal
    from os import PathLike

    from wiro_runtime.port import Port
    from wiro_runtime.settings import Settings

    Progress = Callable[[int, int | None], object]


@dataclass(frozen=True, slots=True)
class Access:
    """The way to the files of a result, which outlives the client that made it."""

    settings: Settings
    port: Port

    @asynccontextmanager
    async def blocking(self) -> AsyncGenerator[Port, None]:
        if isinstance(self.port, BlockingPort) and not self.port.closed:
            yield self.port
            return
        port = BlockingPort(self.settings)
        try:
            yield port
        finally:
            port.close()

    @asynccontextmanager
    async def nonblocking(self) -> AsyncGenerator[Port, None]:
        from wiro_runtime.nonblocking import AsyncPort  # noqa: PLC0415 - imports asyncio

        if isinstance(self.port, AsyncPort) and not self.port.closed:
            yield self.port
            return
        port = AsyncPort(self.settings)
        try:
            yield port
        finally:
            await port.aclose()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One thing that a task made: a file at ``url``, a text, or both.

    ``size`` is in bytes (``None``: not known), ``content_type`` as Wiro says, ``text`` the text of
    an LLM tool. ``raw`` is all that Wiro sent about it.
    """

    name: str
    url: str | None
    size: int | None
    content_type: str
    text: str | None
    raw: Mapping[str, Any] = field(repr=False)
    task_id: str = field(repr=False)
    access: Access = field(repr=False, compare=False)

    def save(
        self,
        path: str | PathLike[str],
        *,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> Path:
        """Write the file to ``path`` (a folder: under its own name in it); replaces what is there.

        ``progress`` is called with bytes so far and bytes in all (``None``: not known).
        """
        return run_blocking(self._save(self.access.blocking, path, progress, max_bytes))

    async def asave(
        self,
        path: str | PathLike[str],
        *,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> Path:
        """:meth:`save` for an event loop."""
        return await self._save(self.access.nonblocking, path, progress, max_bytes)

    def read(self, *, max_bytes: int | None = None) -> bytes:
        """The whole file in memory; the text of a text output."""
        return run_blocking(self._read(self.access.blocking, max_bytes))

    async def aread(self, *, max_bytes: int | None = None) -> bytes:
        """:meth:`read` for an event loop."""
        return await self._read(self.access.nonblocking, max_bytes)

    def _repr_html_(self) -> str:
        from wiro_runtime.notebook import output_html  # noqa: PLC0415 - only in notebooks

        return output_html(self)

    @property
    def source(self) -> Source:
        return Source(url=self.url or "", size=self.size, task_id=self.task_id)

    async def _save(
        self, ports: Any, path: str | PathLike[str], progress: Progress | None, limit: int | None
    ) -> Path:
        async with ports() as port:
            return await self.store(port, self._target(path), False, progress, limit)

    def _target(self, path: str | PathLike[str]) -> Path:
        target = Path(path)
        return file_target(target, self.name) if target.is_dir() else target

    async def store(
        self,
        port: Port,
        target: Path,
        keep_apart: bool,
        progress: Progress | None,
        limit: int | None,
    ) -> Path:
        """Fetch into ``target`` over ``port``; a text output without an address is just written."""
        text = self.text if self.url is None else None
        return await save_file(
            port,
            self.access.settings,
            self.source,
            target,
            content=None if text is None else text.encode(),
            keep_apart=keep_apart,
            progress=progress,
            max_bytes=limit,
        )

    async def _read(self, ports: Any, limit: int | None) -> bytes:
        if self.url is None and self.text is not None:
            return self.text.encode()
        sink = io.BytesIO()
        async with ports() as port:
            await Transfer(port, self.access.settings, self.source, sink, max_bytes=limit).run()
        return sink.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A task that ended well. ``cost`` is in dollars, ``elapsed`` in seconds; ``None`` where Wiro
    said nothing. ``raw`` is all that Wiro sent."""

    task_id: str
    outputs: tuple[Output, ...]
    detail: TaskDetail = field(repr=False)
    access: Access = field(repr=False, compare=False)

    @classmethod
    def read(cls, detail: TaskDetail, task_id: str, access: Access) -> Result:
        found = as_mappings(detail.raw.get("outputs"))
        outputs = tuple(_output(raw, number, task_id, access) for number, raw in enumerate(found))
        return cls(task_id=task_id, outputs=outputs, detail=detail, access=access)

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
        """The texts of all outputs, or what the task printed when there are none."""
        texts = [output.text for output in self.outputs if output.text is not None]
        return "\n".join(texts) if texts else self.detail.log

    def _repr_html_(self) -> str:
        from wiro_runtime.notebook import result_html  # noqa: PLC0415 - only in notebooks

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
        return run_blocking(
            self._download(self.access.blocking, folder, concurrency, progress, max_bytes)
        )

    async def adownload(
        self,
        folder: str | PathLike[str],
        *,
        concurrency: int = 4,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> list[Path]:
        """:meth:`download` for an event loop."""
        return await self._download(
            self.access.nonblocking, folder, concurrency, progress, max_bytes
        )

    async def _download(
        self,
        ports: Any,
        folder: str | PathLike[str],
        concurrency: int,
        progress: Progress | None,
        limit: int | None,
    ) -> list[Path]:
        sizes = [output.size for output in self.outputs]
        whole = None if None in sizes else sum(cast("list[int]", sizes))
        done = [0] * len(self.outputs)

        def report(number: int) -> Progress:
            def one(so_far: int, _total: int | None) -> None:
                done[number] = so_far
                if progress is not None:
                    progress(sum(done), whole)

            return one

        async with ports() as port:

            def job(number: int, output: Output) -> Any:
                target = file_target(folder, output.name)
                return lambda: output.store(port, target, True, report(number), limit)

            jobs = [job(number, output) for number, output in enumerate(self.outputs)]
            return await port.gather(jobs, max(1, concurrency))


def _output(raw: Mapping[str, Any], number: int, task_id: str, access: Access) -> Output:
    url = as_text(raw.get("url")) or None
    text = _text(raw.get("content"))
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
        access=access,
    )


def _text(content: object) -> str | None:
    """The text of an LLM output: its answer where there is one, else all that it said."""
    if isinstance(content, str):
        return content
    if not isinstance(content, dict):
        return None
    parts = cast("dict[str, Any]", content)
    answer = parts.get("answer")
    if isinstance(answer, list) and answer:
        return "".join(as_text(piece) for piece in cast("list[Any]", answer))
    return answer if isinstance(answer, str) else as_text(parts.get("raw"))
