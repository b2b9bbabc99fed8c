"""Two folders change places in one step, where the operating system can do that."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path
from typing import Final

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2


def exchange(new: Path, old: Path) -> None:
    """Put ``new`` in the place of ``old``, which ends up where ``new`` was, if it existed.

    On Linux that is one step of the file system. Elsewhere, and on file systems without it, it is
    two renames, between which ``old`` is missing for a moment.
    """
    if not old.exists():
        old.parent.mkdir(parents=True, exist_ok=True)
        new.replace(old)
        return
    if _exchanged(new, old):
        return
    aside = new.with_name(f"{new.name}.old")
    old.replace(aside)
    try:
        new.replace(old)
    except OSError:
        aside.replace(old)
        raise
    aside.replace(new)


def _exchanged(new: Path, old: Path) -> bool:
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    paths = (_AT_FDCWD, os.fsencode(new), _AT_FDCWD, os.fsencode(old), _RENAME_EXCHANGE)
    return rename(*paths) == 0
