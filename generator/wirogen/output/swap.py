"""Exchanges two folders in one step, where the operating system can do that."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

OLD_TREE: Final = "aside"
"""The name of the old folder, beside the new one, between two renames."""

_AT_FDCWD: Final = -100
_EXCHANGE: Final = 2


def exchange(new: Path, old: Path) -> bool:
    """Put ``new`` in the place of ``old``, which ends up where ``new`` was, if it existed.

    On Linux and macOS that is one step of the file system. Elsewhere, and on file systems without
    it, it is two renames, between which ``old`` is missing for a moment. ``False``: the file system
    moves no such folder (one from a lower layer of a container), and nothing has changed.
    """
    if not old.exists():
        old.parent.mkdir(parents=True, exist_ok=True)
        new.replace(old)
        return True
    if _exchanged(new, old):
        return True
    previous = new.with_name(OLD_TREE)
    try:
        old.replace(previous)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise
    try:
        new.replace(old)
    except OSError:
        previous.replace(old)
        raise
    previous.replace(new)
    return True


def _exchanged(new: Path, old: Path) -> bool:
    first, second = os.fsencode(new), os.fsencode(old)
    if sys.platform == "linux" and (rename := _function("renameat2")):
        return rename(_AT_FDCWD, first, _AT_FDCWD, second, _EXCHANGE) == 0
    if sys.platform == "darwin" and (rename := _function("renamex_np")):
        return rename(first, second, _EXCHANGE) == 0
    return False


def _function(name: str) -> Callable[..., Any] | None:
    return getattr(ctypes.CDLL(None, use_errno=True), name, None)
