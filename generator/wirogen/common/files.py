"""Files: read whole, listed and written. Builds have tens of thousands, most of them small."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from wirogen.common.lock import hold, is_free

# Without O_NONBLOCK, opening a named pipe waits for a process that writes to it.
_FLAGS: Final = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NONBLOCK")
)
_NO_FILES: Final = {
    stat.S_IFIFO: "is a named pipe, not a file",
    stat.S_IFSOCK: "is a socket, not a file",
    stat.S_IFCHR: "is a device, not a file",
    stat.S_IFBLK: "is a device, not a file",
}
_OPENED_BY_SHELL: Final = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")
_PIECE: Final = 64 * 1024
TEMPORARY: Final = ".wirogen-"
"""Prefix of the names of temporary files and folders."""


def read_whole(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file, without the file object that costs more than reading it. Raises
    :class:`OSError`, also for a pipe, socket or device, unless it is what a shell has opened
    (``/dev/stdin``, ``<(command)``)."""
    file = _open(os.fspath(path))
    try:
        # A file of the size that it had takes no more memory than that.
        size = max(_PIECE, os.fstat(file).st_size)
        return b"".join(iter(lambda: os.read(file, size), b""))
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    finally:
        os.close(file)


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a file. Raises :class:`OSError` as :func:`read_whole` does, and
    :class:`UnicodeDecodeError` for what is not UTF-8."""
    return read_whole(path).decode()


def _open(path: str) -> int:
    try:
        file = os.open(path, _FLAGS)
    except OSError as error:
        if error.errno != errno.ENXIO:
            raise
        raise OSError(errno.ENXIO, _NO_FILES[stat.S_IFSOCK], path) from None
    kind = stat.S_IFMT(os.fstat(file).st_mode)
    if kind in _NO_FILES and path.startswith(_OPENED_BY_SHELL):
        os.set_blocking(file, True)
    elif kind in _NO_FILES:
        os.close(file)
        raise OSError(errno.EINVAL, _NO_FILES[kind], path)
    return file


def folder_problem(path: str | os.PathLike[str]) -> str | None:
    """Why ``path`` can be no folder, as the end of a sentence: a file has its name. ``None`` where
    there is a folder, or nothing."""
    if not os.path.lexists(path) or os.path.isdir(path):
        return None
    return f"is {'a file, not' if os.path.isfile(path) else 'not'} a folder; move it away"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hash_of_file(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file. Raises :class:`OSError`."""
    return sha256(read_whole(path))


def folder_fingerprint(folders: Sequence[Path]) -> str:
    """A hash of every file in the folders, by name."""
    return hashlib.sha256(repr(list(file_hashes(folders).items())).encode()).hexdigest()


def file_hashes(folders: Sequence[Path]) -> dict[str, str]:
    """The hash of every file in the folders by its path below its folder; where there are several
    folders, the number of the folder stands before the path."""
    hashes: dict[str, str] = {}
    for number, folder in enumerate(folders):
        before = f"{number}/" if number else ""
        for name in names_below(folder, follow_links=True):
            try:
                digest = hash_of_file(f"{folder}/{name}")
            except OSError:  # its reader reports that
                digest = ""
            hashes[before + name] = digest
    return hashes


def names_below(folder: Path, *, follow_links: bool = False) -> list[str]:
    """Every file below ``folder`` by its path from there, in an order that no file system decides.
    With ``follow_links`` also those in linked folders, but not where a link lies in itself."""
    found: list[str] = []
    for below, folders, names in os.walk(folder, followlinks=follow_links):
        folders[:] = [each for each in folders if not _leads_up(f"{below}/{each}")]
        path = below[len(str(folder)) :].strip(os.sep).replace(os.sep, "/")
        found += [f"{path}/{name}" for name in names] if path else names
    return sorted(found)


def _leads_up(path: str) -> bool:
    if not os.path.islink(path):
        return False
    real, here = os.path.realpath(path), os.path.realpath(os.path.dirname(path))
    return f"{here}{os.sep}".startswith(f"{real}{os.sep}")


def write_file(path: Path, content: str | bytes) -> None:
    """Write a file atomically: to a temporary file beside it, which is then renamed."""
    try:
        _write_file(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None


def _write_file(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    opened, name = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
    temporary = Path(name)
    try:
        with open(opened, "wb") as to:
            hold(opened)
            to.write(data)
            to.flush()
            temporary.chmod(0o644)
            if os.name == "nt":
                to.close()  # Windows moves no open file.
            temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def sweep(folder: Path) -> None:
    """Remove temporary files of killed processes below ``folder``."""
    for file in folder.rglob(f"{TEMPORARY}*"):
        if file.is_file() and is_free(file):
            file.unlink(missing_ok=True)
