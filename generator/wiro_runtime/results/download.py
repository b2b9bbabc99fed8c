"""One file over as many connections as it takes: whole, or :class:`DownloadError`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from wiro_runtime.errors import ConnectionFailed, DownloadError, WiroError
from wiro_runtime.http.encodings import codings_of
from wiro_runtime.http.logs import log
from wiro_runtime.http.loop import run_in_thread, start_in_thread
from wiro_runtime.http.retry_after import is_transient, retry_after
from wiro_runtime.inputs.messages import shorten
from wiro_runtime.results.addresses import check_address

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from wiro_runtime.http.transport import StreamResponse, Transport
    from wiro_runtime.results.output import BaseOutput
    from wiro_runtime.results.partial_file import Sink

Report = Callable[[int, int | None], Awaitable[None]]
"""Told of the bytes so far and in all (``None``: not known)."""

_BATCH: Final = 6 * 2**20
"""Bytes gathered before a thread writes them. On a quick disk a download in batches of 1 MiB takes
1.1 times as long as curl; with 8 MiB it holds 45 MB."""

_REPORTED: Final = 2**20
"""Bytes after which progress is told."""

_PROGRESS: Final = 2**18
"""Bytes that an attempt must add to be no failure. Fewer make no end of attempts."""

_REDIRECTS: Final = 5


def download_error(output: BaseOutput, text: str, *, retryable: bool = False) -> DownloadError:
    """The error that an output cannot be had."""
    text = f"{_printable(output.name)}: {text}"
    return DownloadError(text, url=output.url, retryable=retryable, task_id=output.task_id)


class _Interrupted(Exception):  # noqa: N818 - leads to another attempt
    """An attempt ended early; ``retry_after`` seconds is what the server asked for."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Download:
    """The transfer of one output into ``sink``.

    An attempt goes on where the one before ended if the server proves that the file is the same:
    by a strong ETag that it repeats. Otherwise the file is begun anew, ``retries.attempts`` times
    at most.
    """

    def __init__(
        self,
        transport: Transport,
        output: BaseOutput,
        sink: Sink,
        report: Report,
        max_bytes: int | None,
    ) -> None:
        self._transport = transport
        self._settings = output.access.settings
        self._output = output
        self._sink = sink
        self._report = report
        self._max_bytes = max_bytes
        self._received = 0
        self._etag = ""
        self._total: int | None = None
        self._codings: list[str] = []
        self._unbounded = False
        self._begun = 0
        self._writing: asyncio.Future[None] | None = None
        self._syncing: asyncio.Future[None] | None = None

    async def run(self) -> None:
        """Fetch all of it within ``timeouts.transfer`` seconds, or take the text where there is no
        file. Raises :class:`DownloadError`, and :class:`OSError` where the sink does."""
        limit = self._settings.timeouts.transfer
        try:
            if self._output.url is None:
                await self._take_text()
                return
            self._check_size(self._output.size or 0)
            async with asyncio.timeout(limit):
                await self._attempts()
        except TimeoutError:
            raise self._error(f"not whole after {limit:g} s", retryable=True) from None
        except DownloadError:
            raise
        except WiroError as error:
            raise self._error(str(error), retryable=error.retryable) from None
        finally:
            for work in (self._writing, self._syncing):
                if work is not None and not work.cancel():
                    # Asked for, so that asyncio does not complain about one never retrieved.
                    work.exception()

    async def _take_text(self) -> None:
        if self._output.text is None:
            raise self._error("neither a file nor a text")
        data = self._output.text.encode(errors="replace")
        self._check_size(len(data))
        await self._write([data])
        await self._written()
        await self._report(len(data), len(data))

    async def _attempts(self) -> None:
        retries, timing = self._settings.retries, self._settings.timing
        failures = most = 0
        while True:
            try:
                await self._attempt()
            except _Interrupted as interruption:
                if not self._etag:
                    await self._clear()
                failures = 1 if self._received >= most + _PROGRESS else failures + 1
                most = max(most, self._received)
                if failures >= retries.attempts or self._begun >= retries.attempts:
                    raise self._error(
                        f"gave up after {failures} attempts: {interruption}", retryable=True
                    ) from None
                log.info("download broke off at %d bytes (%s)", self._received, interruption)
                delay = retries.delay(failures, interruption.retry_after, timing.random)
                await timing.sleep(delay)
            else:
                return

    async def _attempt(self) -> None:
        headers = {"accept": "*/*", "accept-encoding": "identity"}
        if self._received:
            headers |= {"range": f"bytes={self._received}-", "if-range": self._etag}
        try:
            async with self._follow(headers) as response:
                await self._begin(response)
                await self._receive(response)
        except ConnectionFailed as error:
            if not error.retryable:
                raise
            raise _Interrupted(str(error)) from None

    @asynccontextmanager
    async def _follow(self, headers: Mapping[str, str]) -> AsyncGenerator[StreamResponse, None]:
        """GET, along redirects. Each address must be one that may be fetched."""
        settings, timeouts = self._settings, self._settings.timeouts
        url = self._output.url or ""
        for _ in range(_REDIRECTS + 1):
            try:
                url = check_address(url, local=settings.local, allow_hosts=settings.allow_hosts)
            except ValueError as error:
                raise self._error(f"{_printable(url)}: {error}") from None
            async with self._transport.stream(
                url, headers, timeout=timeouts.read, read_timeout=timeouts.read
            ) as response:
                target = response.headers.get("location", "")
                if response.status not in (301, 302, 303, 307, 308) or not target:
                    yield response
                    return
            try:
                url = urljoin(url, target)
            except ValueError:
                raise self._error(f"redirected to {_printable(target)}") from None
        raise self._error(f"more than {_REDIRECTS} redirects")

    async def _begin(self, response: StreamResponse) -> None:
        """Read the head of a response, and prepare for its body."""
        status, headers = response.status, response.headers
        if is_transient(status):
            raise _Interrupted(f"HTTP {status}", retry_after(headers))
        if status in (206, 416):
            await self._continue(response)
        elif status == 200:
            await self._begin_anew(headers)
        else:
            raise self._error(f"HTTP {status} for {_printable(response.url)}")

    async def _continue(self, response: StreamResponse) -> None:
        """Check that a response goes on in the same file where the last one ended."""
        headers = response.headers
        span, _, whole = headers.get("content-range", "").removeprefix("bytes ").partition("/")
        total = _number(whole) or self._total
        same = (
            response.status == 206
            and self._received > 0
            and self._etag != ""
            and _number(span.partition("-")[0]) == self._received
            and _strong_etag(headers) == self._etag
            and not codings_of(headers.get("content-encoding", ""))
            and total is not None
            and total == (self._total or total)
        )
        if not same:
            await self._clear()
            raise _Interrupted("the server does not prove that the rest is of the same file")
        self._total = total

    async def _begin_anew(self, headers: Mapping[str, str]) -> None:
        await self._clear()
        self._begun += 1
        expected, length = self._output.size, _number(headers.get("content-length"))
        if "transfer-encoding" in headers:
            length = None
        self._codings = codings_of(headers.get("content-encoding", ""))
        # The connection is closed at its end, and when it breaks.
        unframed = length is None and "transfer-encoding" not in headers
        if self._codings and (length is None or length != expected):
            # All others have an end of their own that is looked for.
            self._total = length
            self._unbounded = unframed and expected is None and "br" in self._codings
            return
        self._etag = _strong_etag(headers)
        self._total = expected if length is None else length
        if expected is not None and self._total != expected:
            raise self._error(f"{length} bytes where Wiro announced {expected}")
        self._check_size(self._total or 0)
        self._unbounded = unframed and self._total is None

    async def _receive(self, response: StreamResponse) -> None:
        total = self._total
        pending: list[bytes] = []
        size = told = 0
        try:
            async for piece in response.aiter_raw():
                pending.append(piece)
                size += len(piece)
                if total is not None and self._received + size > total:
                    raise self._error(f"more than the {total} bytes announced")
                self._check_size(self._received + size)
                if size - told >= _REPORTED:
                    told = size
                    await self._report(self._received + size, total)
                if size >= _BATCH:
                    await self._write(pending)
                    pending, size, told = [], 0, 0
        except ConnectionFailed:
            # What has arrived need not be fetched again.
            await self._write(pending)
            raise
        await self._write(pending)
        await self._written()
        await self._synced()
        if total is not None and self._received != total:
            raise _Interrupted(f"{self._received} of {total} bytes arrived")
        await self._decode()
        if self._unbounded:
            log.warning(
                "%s: its length was not announced, so it may lack its end: %d bytes",
                _printable(self._output.name),
                self._received,
            )
        await self._report(self._received, self._received)

    async def _decode(self) -> None:
        """Decode what has arrived. What has the size that Wiro announced is not encoded, whatever
        its header says: it is a .gz file, not a file in gzip."""
        expected = self._output.size
        if not self._codings or self._received == (expected or 0):
            return
        work = partial(self._sink.decode, self._codings, self._check_size)
        self._received = await run_in_thread(work)
        if expected is not None and self._received != expected:
            raise _Interrupted(f"{self._received} of {expected} bytes arrived")

    async def _write(self, pieces: list[bytes]) -> None:
        """Begin to write ``pieces`` once those before them are written, which go on to the disk.
        Meanwhile more can be received."""
        await self._written()
        if self._received and (self._syncing is None or self._syncing.done()):
            # A quick disk that has all its work after the last byte takes 1.4 times as long.
            await self._synced()
            self._syncing = start_in_thread(self._sink.sync)
        self._writing = start_in_thread(partial(self._sink.write, pieces))
        self._received += sum(map(len, pieces))

    async def _written(self) -> None:
        """Wait until all is written. Raises :class:`OSError`."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    async def _synced(self) -> None:
        """Wait until the disk has what it was given. Raises :class:`OSError`: the system tells of a
        disk that fails only once."""
        syncing, self._syncing = self._syncing, None
        if syncing is not None:
            await syncing

    async def _clear(self) -> None:
        await self._written()
        if self._received:
            await run_in_thread(self._sink.clear)
        self._received, self._etag, self._total = 0, "", None

    def _error(self, text: str, *, retryable: bool = False) -> DownloadError:
        return download_error(self._output, text, retryable=retryable)

    def _check_size(self, size: int) -> None:
        if self._max_bytes is not None and size > self._max_bytes:
            raise self._error(f"larger than the limit of {self._max_bytes} bytes")


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None


def _strong_etag(headers: Mapping[str, str]) -> str:
    """The validator that only the very same bytes have; empty where there is none."""
    etag = headers.get("etag", "")
    strong = len(etag) > 2 and etag[0] == etag[-1] == '"' and etag.isascii() and etag.isprintable()
    return etag if strong else ""


def _printable(text: str) -> str:
    """``text`` on one line, without what a terminal obeys or cannot print."""
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in shorten(text)
    )
