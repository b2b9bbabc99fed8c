"""A file of JSON objects, one a line, that processes append to together.

What has been appended is on the disk, and survives ``kill -9`` and power cuts. Appending, reading
and replacing the whole happen under one lock of the file. Where a system has no such locks
(Windows), only one process at a time may use it.
"""

from __future__ import annotations

import json
import logging
import os
import stat
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.forks import renew_in_child

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping

log = logging.getLogger("wiro_runtime")

_PATIENCE: Final = 10.0
"""Seconds to wait for another process that holds the lock: each holds it for some milliseconds."""

_PIECE: Final = 2**20


class SharedLog:
    """The log at ``path``, made when missing, for its owner's eyes only.

    Everything but :meth:`locked` and :meth:`close` is to be called while it is locked. Raises
    :class:`ConfigurationError` for whatever the disk does.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # A link is followed now: replacing the file must not replace the link.
        self.path = Path(os.path.realpath(path))
        self._lock = threading.Lock()
        self._closed = False
        self._file = -1
        self._read = 0
        self._rest = b""
        self._open()
        renew_in_child(self)

    def renew(self) -> None:
        """Begin anew in a forked child, which shares the parent's lock by sharing its file."""
        self._lock = threading.Lock()
        with suppress(OSError):
            self._drop()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._drop()

    @contextmanager
    def locked(self) -> Generator[None, None, None]:
        """No other thread or process touches the file meanwhile."""
        with self._lock:
            self._claim()
            try:
                yield
            finally:
                # Replacing the file has closed the one that was locked, and unlocked it so.
                if fcntl is not None and self._file >= 0:
                    fcntl.flock(self._file, fcntl.LOCK_UN)

    @property
    def size(self) -> int:
        """Bytes of the file, as far as they have been read or written here."""
        return self._read

    @property
    def from_the_beginning(self) -> bool:
        """Whether :meth:`news` will tell all there is, since nothing was read yet or somebody has
        replaced the file."""
        return self._read == 0

    def news(self) -> Generator[dict[str, Any], None, None]:
        """What was appended since the last time, by whomever. Lines that are none are left out."""
        try:
            os.lseek(self._file, self._read, os.SEEK_SET)
            while piece := os.read(self._file, _PIECE):
                self._read += len(piece)
                *lines, self._rest = (self._rest + piece).split(b"\n")
                for line in lines:
                    if (entry := _parsed(line)) is not None:
                        yield entry
                    elif line:
                        # The one that was being written when its process was killed.
                        log.warning("a line of the journal %s cannot be read", self.path)
        except OSError as error:
            raise self._failed("read", error) from error

    def append(self, entry: Mapping[str, Any], *, sync: bool = True) -> None:
        """Add a line, after all the :meth:`news` have been read."""
        line = _line(entry)
        # Behind what somebody could not finish; alone it is a line that means nothing.
        data = b"\n" + line if self._rest else line
        try:
            written = 0
            while written < len(data):
                written += os.write(self._file, data[written:])
            if sync:
                os.fsync(self._file)
        except OSError as error:
            raise self._failed("write", error) from error
        self._read += len(data)
        self._rest = b""

    def replace(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Put ``entries`` in the place of everything, all or nothing."""
        made = self.path.with_name(f".{self.path.name}.new")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0)
        try:
            with os.fdopen(os.open(made, flags, 0o600), "wb") as file:
                file.writelines(map(_line, entries))
                file.flush()
                os.fsync(file.fileno())
            if fcntl is None:  # pragma: no cover - Windows replaces no open file
                self._drop()
            made.replace(self.path)
            self._sync_folder()
        except OSError as error:
            with suppress(OSError):
                made.unlink(missing_ok=True)
            if self._file < 0:  # pragma: no cover - see above
                self._open()
            raise self._failed("replace", error) from error
        # Until here the old file has kept everybody else waiting.
        self._drop()
        self._open()

    def _open(self) -> None:
        try:
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            file = os.open(self.path, flags, 0o600)
        except OSError as error:
            raise self._failed("open", error) from None
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode):
            os.close(file)
            raise ConfigurationError(f"cannot open the journal {self.path}: it is no file")
        if status.st_mode & 0o077:
            with suppress(OSError):
                os.fchmod(file, 0o600)
        self._file, self._read, self._rest = file, 0, b""
        if status.st_size == 0:
            # The file itself has to survive, too.
            self._sync_folder()

    def _claim(self) -> None:
        """Lock the file that is at the path now: it may have been replaced meanwhile."""
        if self._closed:
            raise ConfigurationError(f"the journal {self.path} is closed")
        if self._file < 0:
            self._open()
        if fcntl is None:  # pragma: no cover - see above
            return
        until = time.monotonic() + _PATIENCE
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise ConfigurationError(
                        f"the journal {self.path} has been locked for {_PATIENCE:g} s by a process "
                        "that does not go on"
                    ) from None
                time.sleep(0.002)
                continue
            except OSError as error:
                raise self._failed("lock", error) from error
            if self._is_current():
                return
            self._drop()
            self._open()

    def _is_current(self) -> bool:
        try:
            there = self.path.stat()
        except OSError:
            return False
        # A file that has become shorter was emptied by somebody.
        return os.path.samestat(there, os.fstat(self._file)) and there.st_size >= self._read

    def _drop(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def _sync_folder(self) -> None:
        with suppress(OSError):
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _failed(self, what: str, error: OSError) -> ConfigurationError:
        return ConfigurationError(f"cannot {what} the journal {self.path}: {error.strerror}")


def _line(entry: Mapping[str, Any]) -> bytes:
    return json.dumps(entry).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None
