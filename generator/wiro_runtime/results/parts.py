"""Files that are not whole yet: ``.NAME.….part`` beside the name that they are to have.

Where the server says what the content is (a strong ETag or a date, and a length), the name of the
part is made from that. A later process that wants the same content finds it and goes on; one that
wants another never does. The part is locked while it is written: whoever comes second takes a
file of its own.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Protocol

from wiro_runtime.results.filenames import numbered

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_WORTH: Final = 2**20
"""Bytes from which on a part is kept for another time."""


class Sink(Protocol):
    """Where a download goes."""

    def begin(self, identity: str | None) -> int:
        """Take in a file from its beginning; gives how many bytes of it are there already.
        ``identity`` stands for its content, ``None`` for one that cannot be told from others."""
        ...

    def restart(self) -> None:
        """Forget what is there."""
        ...

    def tail(self, size: int) -> bytes:
        """The last ``size`` bytes, which are taken off."""
        ...

    def write(self, pieces: Sequence[bytes]) -> None: ...


class Memory:
    """A download into memory."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()

    def begin(self, identity: str | None) -> int:  # noqa: ARG002 - there is nothing to find
        self.restart()
        return 0

    def restart(self) -> None:
        self._buffer = io.BytesIO()

    def tail(self, size: int) -> bytes:  # noqa: ARG002 - nothing was there
        return b""

    def write(self, pieces: Sequence[bytes]) -> None:
        self._buffer.writelines(pieces)

    @property
    def data(self) -> bytes:
        return self._buffer.getvalue()


class Part:
    """The part of a download from ``url`` to ``target``. Raises :class:`OSError`."""

    def __init__(self, target: Path, url: str) -> None:
        self._target = target
        self._url = url
        self._path = target
        self._file = -1
        self._kept = False
        self._spoilt = False
        self._moved = False
        target.parent.mkdir(parents=True, exist_ok=True)

    def begin(self, identity: str | None) -> int:
        self.close(keep=False)
        self._spoilt = False
        if identity is not None and self._adopt(identity):
            return os.fstat(self._file).st_size
        self._path = self._beside(secrets.token_hex(4))
        self._file = os.open(self._path, _flags(os.O_EXCL), 0o666)
        self._kept = False
        return 0

    def restart(self) -> None:
        os.ftruncate(self._file, 0)
        os.lseek(self._file, 0, os.SEEK_SET)

    def tail(self, size: int) -> bytes:
        place = os.lseek(self._file, -size, os.SEEK_END)
        data = bytearray()
        while len(data) < size and (piece := os.read(self._file, size - len(data))):
            data += piece
        os.ftruncate(self._file, place)
        os.lseek(self._file, place, os.SEEK_SET)
        return bytes(data)

    def write(self, pieces: Sequence[bytes]) -> None:
        try:
            for piece in pieces:
                rest = memoryview(piece)
                while rest:
                    rest = rest[os.write(self._file, rest) :]
        except BaseException:
            # Nobody knows how much of it is there; and a full disk is glad of the room.
            self._spoilt = True
            raise

    def publish(self, *, keep_apart: bool) -> Path:
        """Give it its name, or a numbered one beside it when ``keep_apart`` and taken."""
        if fcntl is None:  # pragma: no cover - Windows moves no open file
            os.close(self._file)
            self._file = -1
        if not keep_apart:
            self._move(self._target)
            return self._target
        number = 1
        while True:
            final = self._target.with_name(numbered(self._target.name, number))
            number += 1
            try:
                # A link, unlike a rename, never takes the place of another file.
                final.hardlink_to(self._path)
            except FileExistsError:
                continue
            except (OSError, NotImplementedError):
                # No links here: an empty file keeps the place.
                try:
                    os.close(os.open(final, _flags(os.O_EXCL), 0o666))
                except FileExistsError:
                    continue
                try:
                    self._move(final)
                except OSError:
                    final.unlink()
                    raise
            return final

    def _move(self, final: Path) -> None:
        self._path.replace(final)
        # Whatever has that name from now on is somebody else's.
        self._moved = True

    def close(self, *, keep: bool) -> None:
        """Let go of it. It stays for another time when ``keep`` and there is enough of it."""
        if self._file < 0:
            return
        with suppress(OSError):
            size = os.fstat(self._file).st_size
            keep = keep and self._kept and not self._spoilt and size >= _WORTH
            if not keep and not self._moved:
                # Still locked, so that nobody else takes it up in this moment.
                self._path.unlink(missing_ok=True)
        with suppress(OSError):
            os.close(self._file)
        self._file = -1

    def _adopt(self, identity: str) -> bool:
        """Open the part of this content, made when missing; false when somebody else has it."""
        if fcntl is None:  # pragma: no cover - nobody could tell whether it is being written
            return False
        digest = hashlib.sha256(f"{self._url}\0{identity}".encode(errors="replace")).hexdigest()
        self._path = self._beside(digest[:24])
        try:
            file = os.open(self._path, _flags(os.O_NOFOLLOW), 0o666)
        except OSError:
            return False
        status = os.fstat(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it before may have moved it to its final name.
            same = os.path.samestat(status, os.lstat(self._path))
        except OSError:
            same = False
        if not (same and stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()):
            os.close(file)
            return False
        self._file, self._kept = file, True
        return True

    def _beside(self, mark: str) -> Path:
        return self._target.with_name(f".{self._target.name}.{mark}.part")


def _flags(more: int) -> int:
    found = os.O_RDWR | os.O_CREAT | more
    return found | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
