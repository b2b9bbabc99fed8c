"""Reading whole files, of which builds have tens of thousands, most of them small."""

from __future__ import annotations

import os
from typing import Final

_FLAGS: Final = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_PIECE: Final = 64 * 1024


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
    finally:
        os.close(file)
