"""A lock on the folder of a batch: two runners of one folder would follow the same rows."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from wiro_runtime.errors import ConfigurationError

fcntl: Any = None
with suppress(ImportError):  # Windows has none
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FILE: Final = "batch.lock"


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Hold the lock of ``folder`` in this block; it ends with the process, however that ends.
    Raises :class:`ConfigurationError` when another process has it."""
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    try:
        if not _take(descriptor):
            holder = os.pread(descriptor, 20, 0).decode("ascii", "replace") if fcntl else ""
            who = f" (process {holder.strip()})" if holder.strip().isdigit() else ""
            raise ConfigurationError(f"{folder}: this batch is being run already{who}")
        if fcntl is not None:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
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
