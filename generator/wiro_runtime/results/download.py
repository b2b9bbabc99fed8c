"""Files out of Wiro: streamed, size-checked, resumed where the connection broke, and under their
final name only when whole. Nothing here knows a credential."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from wiro_runtime.errors import ConnectionFailed, DownloadError
from wiro_runtime.forks import renew_in_child
from wiro_runtime.http.logs import log
from wiro_runtime.http.retry_after import retry_after
from wiro_runtime.results.addresses import check_address
from wiro_runtime.results.filenames import safe_name
from wiro_runtime.results.parts import Part
from wiro_runtime.stopping import Stop
from wiro_runtime.tasks.task import run

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator

    from wiro_runtime.http.fetching import FileClient, Stream
    from wiro_runtime.results.parts import Sink
    from wiro_runtime.settings import Settings

_WRITE: Final = 2**20
"""Bytes gathered before they are written."""

_REDIRECTS: Final = 5

_NAP: Final = 0.2
"""Seconds after which one who waits looks whether to stop."""

_OVERLAP: Final = 64 * 1024
"""Bytes of an earlier attempt's that are fetched once more, to see that they are the same."""


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
    stop: Stop = field(default_factory=Stop)


class _Unfinished(Exception):  # noqa: N818 - it is not an error, it says: go on
    """The transfer stopped early and may be taken up again."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class _Found(Exception):  # noqa: N818 - see above
    """An earlier process has left a part of this very content."""


class Transfer:
    """One file on its way into ``sink``, over as many connections as it takes."""

    def __init__(
        self,
        client: FileClient,
        settings: Settings,
        source: Source,
        sink: Sink,
        options: Options,
    ) -> None:
        self.client = client
        self.settings = settings
        self.source = source
        self.sink = sink
        self.options = options
        self.done = 0
        self._validator = ""
        self._identity: str | None = None
        self._total: int | None = None
        self._begun = False
        self._expected = b""

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
            except _Found:
                log.info("download goes on at %d bytes of an earlier one", self.done)
            except _Unfinished as reason:
                failures = 1 if self.done > before else failures + 1
                delay = retries.delay(failures, reason.after, timing.random)
                if failures >= retries.attempts or timing.clock() + delay >= deadline:
                    raise source.error(
                        f"gave up after {self.done} bytes: {reason}", retryable=True
                    ) from None
                log.info("download broke off at %d bytes (%s)", self.done, reason)
                self._pause(delay)
            else:
                return

    def _pause(self, seconds: float) -> None:
        while seconds > 0 and not self.options.stop.wanted:
            run(self.settings.timing.pause(min(seconds, _NAP)))
            seconds -= _NAP
        if self.options.stop.wanted:
            raise self._stopped()

    def _attempt(self, deadline: float) -> None:
        headers = {"accept-encoding": "identity"}
        if self.done:
            headers["range"] = f"bytes={self.done}-"
            if self._validator:
                headers["if-range"] = self._validator
        try:
            with (
                _follow(self.client, self.settings, self.source, headers) as stream,
                self.options.stop.waking(stream.abort),
            ):
                total = self._begin(stream)
                self._body(stream, total, deadline)
        except ConnectionFailed as error:
            if self.options.stop.wanted:
                raise self._stopped() from None
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
        etag = headers.get("etag", "")
        validator = "" if etag.startswith("W/") else etag or headers.get("last-modified", "")
        expected = self.source.size
        total = _length(headers.get("content-length"))
        if status == 206:
            span, _, whole = headers.get("content-range", "").removeprefix("bytes ").partition("/")
            first, total = _length(span.partition("-")[0]) or 0, _length(whole)
            if first != self.done or not self._begun:
                self._restart()
                raise _Unfinished("the server went on at another place")
            other = total is not None and self._total is not None and total != self._total
            if other or (validator and validator != self._validator):
                self._restart()
                raise _Unfinished("the file has changed")
        if total is not None and expected is not None and total != expected:
            raise self.source.error(f"{total} bytes where Wiro announced {expected}")
        self._check_size(total)
        if status == 200:
            self._take_in(validator, total)
        return expected if total is None else total

    def _take_in(self, validator: str, total: int | None) -> None:
        """Prepare for a file from its beginning, or for the rest of one that is there in part."""
        identity = f"{validator} {total}" if validator and total else None
        self._validator, self._total, self.done = validator, total, 0
        try:
            if self._begun and identity == self._identity:
                self.sink.restart()
                return
            self._begun, self._identity, self._expected = True, identity, b""
            there = self.sink.begin(identity)
            if _OVERLAP < there <= (total or 0):
                self._expected = self.sink.tail(_OVERLAP)
                self.done = there - _OVERLAP
            elif there:
                self.sink.restart()
        except OSError as error:
            raise self._unwritable(error) from error
        if self.done:
            raise _Found

    def _body(self, stream: Stream, total: int | None, deadline: float) -> None:
        pending: list[bytes] = []
        held = 0
        try:
            while chunk := stream.chunk(self._patience(deadline)):
                self._compare(chunk)
                pending.append(chunk)
                held += len(chunk)
                self._check_more(self.done + held, total)
                if held >= _WRITE:
                    self._write(pending)
                    held = 0
                    self.options.progress(self.done, total)
        except (ConnectionFailed, KeyboardInterrupt):
            # What has arrived need not be fetched again.
            self._write(pending)
            raise
        self._write(pending)
        if total is not None and self.done < total:
            raise _Unfinished(f"{self.done} of {total} bytes arrived")
        self.options.progress(self.done, total)

    def _compare(self, chunk: bytes) -> None:
        """Whether the first bytes are those that were there before."""
        if not self._expected:
            return
        size = min(len(chunk), len(self._expected))
        if chunk[:size] != self._expected[:size]:
            self._restart()
            raise _Unfinished("what was there of it is of something else")
        self._expected = self._expected[size:]

    def _patience(self, deadline: float) -> float:
        """Seconds to wait for the next piece."""
        if self.options.stop.wanted:
            raise self._stopped()
        left = deadline - self.settings.timing.clock()
        if left <= 0:
            raise self.source.error("the time for the transfer is up", retryable=True)
        return min(left, self.settings.timeouts.read)

    def _stopped(self) -> DownloadError:
        return self.source.error("stopped", retryable=True)

    def _unwritable(self, error: OSError) -> DownloadError:
        return self.source.error(f"cannot write: {error.strerror or error}")

    def _write(self, pending: list[bytes]) -> None:
        try:
            self.sink.write(pending)
        except OSError as error:
            raise self._unwritable(error) from error
        self.done += sum(map(len, pending))
        pending.clear()

    def _restart(self) -> None:
        self.done, self._expected = 0, b""
        if not self._begun:
            return
        try:
            self.sink.restart()
        except OSError as error:
            raise self._unwritable(error) from error

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
            url = check_address(url, local=settings.local, allow_hosts=settings.allow_hosts)
        except ValueError as error:
            raise source.error(f"{url[:100]}: {error}") from None
        with client.get(url, headers, settings.timeouts.read) as stream:
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

    ``content`` is what there is to write when nothing need be fetched. A part of a large file that
    another attempt may complete is left behind, hidden beside it.
    """
    part: Part | None = None
    keep = True
    try:
        part = Part(target, source.url)
        if content is None:
            Transfer(client, settings, source, part, options).run()
        else:
            part.begin(None)
            part.write([content])
        final = part.publish(keep_apart=keep_apart)
    except DownloadError as error:
        keep = error.retryable
        raise
    except OSError as error:
        keep = False
        raise source.error(f"cannot write {target}: {error.strerror or error}") from error
    else:
        keep = False
        return final
    finally:
        if part is not None:
            part.close(keep=keep)


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
        renew_in_child(self)

    def renew(self) -> None:
        """A forked child must not read from the connections of its parent."""
        self._lock = threading.Lock()
        self._client = None

    def __reduce__(self) -> tuple[Callable[[Settings], Files], tuple[Settings]]:
        """A result may be pickled, and be fetched elsewhere: that takes no credential."""
        return Files, (self.settings.public(),)

    def close(self) -> None:
        with self._lock:
            client, self._client, self._closed = self._client, None, True
        if client is not None:
            client.close()

    @contextmanager
    def client(self) -> Generator[FileClient, None, None]:
        """The connections of the client, or some of one's own once that is closed."""
        from wiro_runtime.http.fetching import FileClient  # noqa: PLC0415 - imports httpx2

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
