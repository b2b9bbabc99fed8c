"""Files out of Wiro: streamed, size-checked, resumed where the connection broke, and under their
final name only when whole. Nothing here knows a credential."""

from __future__ import annotations

import os
import secrets
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import urljoin, urlsplit

from wiro_runtime.calls import log, retry_after
from wiro_runtime.errors import ConnectionFailed, DownloadError
from wiro_runtime.filenames import numbered, safe_name

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from wiro_runtime.fetching import FileClient, Stream
    from wiro_runtime.settings import Settings

_WRITE: Final = 2**20
"""Bytes gathered before they are written."""

_REDIRECTS: Final = 5

_NO_LINK: Final = (PermissionError, NotImplementedError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is to be fetched: where, how large (``None``: not known), of which task."""

    url: str
    size: int | None
    task_id: str | None

    def error(self, text: str, *, retryable: bool = False) -> DownloadError:
        return DownloadError(text, url=self.url, retryable=retryable, task_id=self.task_id)


def no_progress(_done: int, _total: int | None) -> None:
    """What is called when nobody wants to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``progress`` is told bytes so far and in all, ``max_bytes`` limits each file, ``stop`` ends
    the transfer from another thread."""

    progress: Callable[[int, int | None], object] = no_progress
    max_bytes: int | None = None
    stop: threading.Event = field(default_factory=threading.Event)


class _Unfinished(Exception):  # noqa: N818 - it is not an error, it says: go on
    """The transfer stopped early and may be taken up again."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Transfer:
    """One file on its way into ``sink``, over as many connections as it takes."""

    def __init__(
        self,
        client: FileClient,
        settings: Settings,
        source: Source,
        sink: BinaryIO,
        options: Options,
    ) -> None:
        self.client = client
        self.settings = settings
        self.source = source
        self.sink = sink
        self.options = options
        self.done = 0
        self._validator = ""

    def run(self) -> None:
        """Fetch all of it or raise :class:`DownloadError`."""
        source, retries, timing = self.source, self.settings.retries, self.settings.timing
        self._check_size(source.size)
        deadline = timing.clock() + self.settings.timeouts.transfer
        failures = 0
        while True:
            before = self.done
            try:
                self._attempt(deadline)
            except _Unfinished as reason:
                failures = 1 if self.done > before else failures + 1
                delay = retries.delay(failures, reason.after, timing.random)
                if failures >= retries.attempts or timing.clock() + delay >= deadline:
                    raise source.error(
                        f"gave up after {self.done} bytes: {reason}", retryable=True
                    ) from None
                log.info("download broke off at %d bytes (%s)", self.done, reason)
                timing.sleep(delay)
            else:
                return

    def _attempt(self, deadline: float) -> None:
        headers = {"accept-encoding": "identity"}
        if self.done:
            headers["range"] = f"bytes={self.done}-"
            if self._validator:
                headers["if-range"] = self._validator
        try:
            with _follow(self.client, self.settings, self.source, headers) as stream:
                total = self._begin(stream)
                self._body(stream, total, deadline)
        except ConnectionFailed as error:
            if not error.retryable:
                raise self.source.error(str(error)) from None
            raise _Unfinished(str(error)) from None

    def _begin(self, stream: Stream) -> int | None:
        """Read the head of an answer; gives the size of the whole file where that is known."""
        status, headers = stream.status, stream.headers
        if status == 416:
            self._restart()
            raise _Unfinished("the server cannot go on in the middle")
        if status >= 500 or status in (408, 425, 429):
            raise _Unfinished(f"HTTP {status}", retry_after(headers))
        if status not in (200, 206):
            raise self.source.error(f"HTTP {status} for {self.source.url}")
        if headers.get("content-encoding", "identity") != "identity":
            raise self.source.error("the server compressed what was asked for as it is")
        first, total = 0, _length(headers.get("content-length"))
        if status == 206:
            span, _, whole = headers.get("content-range", "").removeprefix("bytes ").partition("/")
            first, total = _length(span.partition("-")[0]) or 0, _length(whole)
            if first != self.done:
                self._restart()
                raise _Unfinished("the server went on at another place")
        elif self.done:
            self._restart()
        etag = headers.get("etag", "")
        self._validator = "" if etag.startswith("W/") else etag or headers.get("last-modified", "")
        expected = self.source.size
        if total is not None and expected is not None and total != expected:
            raise self.source.error(f"{total} bytes where Wiro announced {expected}")
        self._check_size(total)
        return expected if total is None else total

    def _body(self, stream: Stream, total: int | None, deadline: float) -> None:
        pending: list[bytes] = []
        held = 0
        try:
            while chunk := stream.chunk(self._patience(deadline)):
                pending.append(chunk)
                held += len(chunk)
                self._check_more(self.done + held, total)
                if held >= _WRITE:
                    self._write(pending)
                    held = 0
                    self.options.progress(self.done, total)
        finally:
            # What has arrived need not be fetched again.
            if pending:
                self._write(pending)
        if total is not None and self.done < total:
            raise _Unfinished(f"{self.done} of {total} bytes arrived")
        self.options.progress(self.done, total)

    def _patience(self, deadline: float) -> float:
        """Seconds to wait for the next piece."""
        if self.options.stop.is_set():
            raise self.source.error("stopped")
        left = deadline - self.settings.timing.clock()
        if left <= 0:
            raise self.source.error("the time for the transfer is up", retryable=True)
        return min(left, self.settings.timeouts.stall)

    def _write(self, pending: list[bytes]) -> None:
        try:
            self.sink.writelines(pending)
        except OSError as error:
            raise self.source.error(f"cannot write: {error.strerror or error}") from error
        self.done += sum(map(len, pending))
        pending.clear()

    def _restart(self) -> None:
        self.sink.seek(0)
        self.sink.truncate()
        self.done = 0

    def _check_more(self, arrived: int, total: int | None) -> None:
        if total is not None and arrived > total:
            raise self.source.error(f"more than the {total} bytes announced")
        self._check_size(arrived)

    def _check_size(self, size: int | None) -> None:
        limit = self.options.max_bytes
        if limit is not None and size is not None and size > limit:
            raise self.source.error(f"larger than the limit of {limit} bytes")


def _length(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 20 else None


@contextmanager
def _follow(
    client: FileClient, settings: Settings, source: Source, headers: dict[str, str]
) -> Generator[Stream, None, None]:
    """GET, along redirects. Wherever they lead, no header of ours but the range goes along."""
    url = source.url
    for _ in range(_REDIRECTS + 1):
        try:
            parts = urlsplit(url)
        except ValueError:
            raise source.error("not an address") from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise source.error(f"not an http(s) address: {url[:100]}")
        with client.get(url, headers, settings.timeouts.stall) as stream:
            location = stream.headers.get("location", "")
            if not (stream.status in (301, 302, 303, 307, 308) and location):
                yield stream
                return
            target = location
        try:
            url = urljoin(url, target)
        except ValueError:
            raise source.error("redirected to what is not an address") from None
    raise source.error(f"more than {_REDIRECTS} redirects")


@contextmanager
def _part_file(final: Path, source: Source) -> Generator[tuple[BinaryIO, Path], None, None]:
    """A new file beside ``final``, gone afterwards unless it was moved."""
    part = final.with_name(f".{final.name}.{secrets.token_hex(4)}.part")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as sink:
            yield sink, part
    except OSError as error:
        raise source.error(f"cannot write {final}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def save_file(
    client: FileClient,
    settings: Settings,
    source: Source,
    target: Path,
    options: Options,
    *,
    content: bytes | None = None,
    keep_apart: bool,
) -> Path:
    """Fetch into ``target``, or into a numbered name beside it when ``keep_apart`` and taken.

    ``content`` is what there is to write when nothing need be fetched.
    """
    with _part_file(target, source) as (sink, part):
        if content is not None:
            sink.write(content)
        else:
            Transfer(client, settings, source, sink, options).run()
        sink.close()
        return _publish(part, target, keep_apart=keep_apart)


def _publish(part: Path, target: Path, *, keep_apart: bool) -> Path:
    if not keep_apart:
        return part.replace(target)
    number = 1
    while True:
        final = target.with_name(numbered(target.name, number))
        try:
            # A link, unlike a rename, never takes the place of another file.
            final.hardlink_to(part)
        except FileExistsError:
            number += 1
        except _NO_LINK:
            if final.exists():
                number += 1
                continue
            return part.replace(final)
        else:
            return final


def file_target(folder: str | os.PathLike[str], name: str) -> Path:
    """Where an output called ``name`` goes: always directly inside ``folder``."""
    return Path(folder) / safe_name(name)


class Files:
    """The way to the files of results, which outlive the client that made them."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._client: FileClient | None = None
        self._closed = False

    def close(self) -> None:
        with self._lock:
            client, self._client, self._closed = self._client, None, True
        if client is not None:
            client.close()

    @contextmanager
    def client(self) -> Generator[FileClient, None, None]:
        """The connections of the client, or some of one's own once that is closed."""
        from wiro_runtime.fetching import FileClient  # noqa: PLC0415 - imports httpx2

        with self._lock:
            if not self._closed and self._client is None:
                self._client = FileClient(self.settings)
            shared = self._client
        if shared is not None:
            yield shared
            return
        client = FileClient(self.settings)
        try:
            yield client
        finally:
            client.close()

    def each(self, jobs: Sequence[Callable[[], Path]], limit: int) -> list[Path]:
        """Run ``jobs``, ``limit`` at a time; results in order. After an error none is begun."""
        if len(jobs) <= 1 or limit <= 1:
            return [job() for job in jobs]
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - rarely needed

        with ThreadPoolExecutor(min(limit, len(jobs))) as threads:
            futures = [threads.submit(job) for job in jobs]
            try:
                return [future.result() for future in futures]
            except BaseException:
                threads.shutdown(wait=False, cancel_futures=True)
                raise
