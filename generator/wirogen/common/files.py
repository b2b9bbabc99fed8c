"""Whole files and their hashes: builds have tens of thousands, most of them small."""

from __future__ import annotations

import hashlib
import os
import time
from typing import Final

_FLAGS: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_PIECE: Final = 64 * 1024
_SETTLED: Final = 3 * 10**9
"""Nanoseconds after which no file system gives a file that is changed the time that it had."""

_hashes: dict[str, tuple[tuple[int, ...], str]] = {}


def read_whole(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a file, without the file object that costs more than reading it. Raises
    :class:`OSError`."""
    file = os.open(path, _FLAGS)
    try:
        data = os.read(file, _PIECE)
        if not (more := os.read(file, _PIECE)):
            return data
        pieces = [data, more]
        while more := os.read(file, _PIECE):
            pieces.append(more)
        return b"".join(pieces)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    finally:
        os.close(file)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def hash_of_file(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file. One that looks as it did when this process read it, some time after
    its last change, is not read again. Raises :class:`OSError`."""
    found = os.stat(path)
    look = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    name = os.fspath(path)
    known = _hashes.get(name)
    if known is not None and known[0] == look:
        return known[1]
    digest = sha256(read_whole(path))
    if time.time_ns() - max(found.st_mtime_ns, found.st_ctime_ns) > _SETTLED:
        _hashes[name] = (look, digest)
    return digest
