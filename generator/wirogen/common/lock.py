"""One process at a time works in a folder; the others wait until it is done or gone.

The lock is on the folder itself, so no file stays behind and a killed process holds nothing.
"""

from __future__ import annotations

import os
import threading
from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_WITHOUT_WAITING: Final = getattr(os, "O_NONBLOCK", 0)
"""For a named pipe in the place of a folder."""
_threads: Final[defaultdict[tuple[int, int], threading.RLock]] = defaultdict(threading.RLock)
_locked: Final[dict[tuple[int, int], bool]] = {}


@contextmanager
def locked(
    folder: Path, *, shared: bool = False, waiting: Callable[[], None] = lambda: None
) -> Generator[bool]:
    """Lock ``folder``, ``shared`` or exclusively; a thread may lock it again inside.

    ``waiting`` is called before a wait. Yields whether the lock is exclusive: where the operating
    or file system has no such locks, the folder is not locked and ``False`` is yielded.
    """
    try:
        opened = os.open(folder, os.O_RDONLY | _WITHOUT_WAITING)
    except OSError:
        yield False
        return
    try:
        found = os.fstat(opened)
        place = (found.st_dev, found.st_ino)
        with _threads[place]:
            if place in _locked:
                yield _locked[place]
                return
            _locked[place] = _lock(opened, shared, waiting) and not shared
            try:
                yield _locked[place]
            finally:
                del _locked[place]
    finally:
        os.close(opened)


def hold(opened: int) -> None:
    """Lock an open file until it is closed, so that :func:`is_free` says it is in use."""
    _lock(opened)


def is_free(file: Path) -> bool:
    """Whether no running process has locked ``file``."""
    try:
        opened = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    try:
        return _lock(opened)
    finally:
        os.close(opened)


def _lock(opened: int, shared: bool = False, waiting: Callable[[], None] | None = None) -> bool:
    """Lock an open file; return whether it worked. Without ``waiting``, a locked file is not waited
    for."""
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:
        return False
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(opened, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        if waiting is None:
            return False
        waiting()
        fcntl.flock(opened, kind)
    except OSError:
        return False
    return True
