"""Where a download goes: a file that has its name only when it is whole, or memory."""

from __future__ import annotations

import errno
import io
import os
import secrets
import shutil
import stat
import tempfile
import threading
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Final

from wiro_runtime.http.encodings import decode
from wiro_runtime.results.filenames import numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class Sink:
    """The destination of a download: memory, unless a subclass has a file. Its methods block, and
    raise :class:`OSError`.

    When the caller of a method is cancelled, the method still runs in its thread. The lock makes
    the next one wait for it.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._file: IO[bytes] = io.BytesIO()
        self._lock = threading.Lock()

    def write(self, pieces: Sequence[bytes]) -> None:
        """Append ``pieces``."""
        with self._lock:
            self._file.writelines(pieces)

    def sync(self) -> None:
        """Put what was written on the disk. Other methods do not wait for it."""

    def read(self) -> bytes:
        """Return what was written."""
        self._file.seek(0)
        return self._file.read()

    def clear(self) -> None:
        """Drop what was written."""
        with self._lock:
            self._file.seek(0)
            self._file.truncate()

    def decode(self, codings: Sequence[str], check_size: Callable[[int], object]) -> int:
        """Put what ``codings`` were applied to into the place of what was written. Return its size,
        which ``check_size`` is told of as it grows."""
        size = 0
        with self._lock:
            for coding in codings:
                self._file.seek(0)
                size = 0
                with tempfile.TemporaryFile(dir=self._folder) as decoded:
                    for piece in decode(self._file, coding):
                        size += len(piece)
                        check_size(size)
                        decoded.write(piece)
                    decoded.seek(0)
                    self._file.seek(0)
                    self._file.truncate()
                    shutil.copyfileobj(decoded, self._file, 2**20)
        return size


_LONGEST: Final = 200
"""Bytes of the name of a file that its ``.part`` has, so that both fit into 255."""


class PartialFile(Sink):
    """``.NAME.….part`` beside ``target``, until :meth:`publish` gives it its name. With
    ``replace``, a file that has it is replaced; otherwise this one gets a number."""

    def __init__(self, target: Path, *, replace: bool) -> None:
        super().__init__(target.parent)
        self._target = target
        self._replace = replace
        name = target.name.encode(errors="ignore")[:_LONGEST].decode(errors="ignore")
        self._path = target.with_name(f".{name}.{secrets.token_hex(4)}.part")
        self._discarded = False

    def open(self) -> None:
        """Make the file, and its folder when missing."""
        with self._lock:
            if not self._discarded:
                if self._replace and not _may_be_replaced(self._target):
                    raise OSError(errno.EINVAL, "it is there and is not a file", str(self._target))
                self._target.parent.mkdir(parents=True, exist_ok=True)
                self._file = self._path.open("xb+")

    def sync(self) -> None:
        os.fsync(self._file.fileno())

    def publish(self) -> Path:
        """Move the file to its name, once it is on the disk. Returns its path."""
        with self._lock:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()  # Windows moves no open file.
            if self._replace:
                self._path.replace(self._target)
                return self._target
            number = 1
            while True:
                final = self._numbered(number)
                with suppress(FileExistsError):
                    self._move_to_free(final)
                    return final
                number = self._free_number()

    def discard(self) -> None:
        """Close the file, and delete it unless it was published."""
        with self._lock:
            self._discarded = True
            with suppress(OSError):  # What a full disk did not take is written once more.
                self._file.close()
            with suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _numbered(self, number: int) -> Path:
        return self._target.with_name(numbered(self._target.name, number))

    def _free_number(self) -> int:
        """A number whose name no file has, behind one that is taken. Found in few looks: thousands
        of results may be saved into one folder, each with an output of the same name."""
        taken, free = 1, 2
        while os.path.lexists(self._numbered(free)):
            taken, free = free, 2 * free
        while free - taken > 1:
            middle = (taken + free) // 2
            if os.path.lexists(self._numbered(middle)):
                taken = middle
            else:
                free = middle
        return free

    def _move_to_free(self, final: Path) -> None:
        """Move to a name that no file has. Raises :class:`FileExistsError` when one has it."""
        try:
            # A link, unlike a rename, never takes the place of another file.
            final.hardlink_to(self._path)
        except (OSError, NotImplementedError):
            # A file system without links, or the name is taken: an empty file reserves it.
            final.touch(exist_ok=False)
            try:
                self._path.replace(final)
            except OSError:
                final.unlink()
                raise


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, all of it or nothing. Raises :class:`OSError`."""
    file = PartialFile(path, replace=True)
    try:
        file.open()
        file.write([data])
        file.publish()
    finally:
        file.discard()


def _may_be_replaced(path: Path) -> bool:
    """Whether a file, or nothing, is there: ``root`` could replace ``/dev/null``."""
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True
