"""Locks of folders that one process uses at a time. They end with the process, however it ends."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from wiro_runtime.errors import ConfigurationError

fcntl: Any = None
with suppress(ImportError):  # Windows has none
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path


@contextmanager
def locked(path: Path, taken: Callable[[str], str]) -> Generator[Callable[[str], None]]:
    """Hold the lock of the file ``path``, made when missing. Yields a function that leaves a note
    in it. Raises :class:`ConfigurationError` when another process has it: ``taken`` makes the
    message from the note of that one, which is empty where the system does not let it be read."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The note would replace what a link leads to.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(path, flags, 0o600)
    except OSError as error:
        where = error.filename or path
        raise ConfigurationError(f"{where}: {(error.strerror or str(error)).lower()}") from None

    def note(text: str) -> None:
        if fcntl is not None:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, text.encode(), 0)

    try:
        if not _take(descriptor):
            said = os.pread(descriptor, 200, 0).decode("ascii", "replace") if fcntl else ""
            raise ConfigurationError(taken(said.strip()))
        yield note
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        if fcntl is not None:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:  # pragma: no cover - Windows
            import msvcrt  # noqa: PLC0415 - Windows only

            getattr(msvcrt, "locking")(descriptor, getattr(msvcrt, "LK_NBLCK"), 1)  # noqa: B009 - typed on Windows only
    except OSError:
        return False
    return True
