"""Where a download goes: a file that has its name only when it is whole, or memory."""

from __future__ import annotations

import io
import os
import secrets
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from wiro_runtime.results.filenames import numbered

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Sink(Protocol):
    """The destination of a download. Its methods block, and raise :class:`OSError`."""

    def write(self, pieces: Sequence[bytes]) -> None:
        """Append ``pieces``."""
        ...

    def clear(self) -> None:
        """Drop what was written."""
        ...


class Memory:
    """A download into memory."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()

    def write(self, pieces: Sequence[bytes]) -> None:
        self._buffer.writelines(pieces)

    def clear(self) -> None:
        self._buffer = io.BytesIO()

    @property
    def data(self) -> bytes:
        return self._buffer.getvalue()


class PartialFile:
    """``.NAME.….part`` beside ``target``, until :meth:`publish` gives it its name.

    When the caller of a method is cancelled, the method still runs in its thread. The lock makes
    :meth:`discard` wait for it, so that nothing is left behind.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._path = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
        self._file = -1
        self._discarded = False
        self._lock = threading.Lock()

    def open(self) -> None:
        """Make the file, and its folder when missing."""
        with self._lock:
            if not self._discarded:
                self._target.parent.mkdir(parents=True, exist_ok=True)
                self._file = _create(self._path)

    def write(self, pieces: Sequence[bytes]) -> None:
        with self._lock:
            for piece in pieces:
                rest = memoryview(piece)
                while rest:
                    rest = rest[os.write(self._file, rest) :]

    def clear(self) -> None:
        with self._lock:
            os.ftruncate(self._file, 0)
            os.lseek(self._file, 0, os.SEEK_SET)

    def publish(self, *, replace: bool) -> Path:
        """Move the file to its name, once it is on the disk; to a numbered one beside it when that
        is taken and not to be replaced."""
        with self._lock:
            os.fsync(self._file)
            self._close()  # Windows moves no open file.
            if replace:
                self._path.replace(self._target)
                return self._target
            number = 1
            while True:
                final = self._target.with_name(numbered(self._target.name, number))
                number += 1
                with suppress(FileExistsError):
                    self._move_to_free(final)
                    return final

    def discard(self) -> None:
        """Close the file, and delete it unless it was published."""
        with self._lock:
            self._discarded = True
            self._close()
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _move_to_free(self, final: Path) -> None:
        """Move to a name that no file has. Raises :class:`FileExistsError` when one has it."""
        try:
            # A link, unlike a rename, never takes the place of another file.
            final.hardlink_to(self._path)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):
            # A file system without links: an empty file reserves the name.
            os.close(_create(final))
            try:
                self._path.replace(final)
            except OSError:
                final.unlink()
                raise

    def _close(self) -> None:
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
            self._file = -1


def _create(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
    return os.open(path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0), 0o666)
