"""A lock on the folder of a batch: two runners of one folder would follow the same rows."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from wiro_runtime import lock

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FILE: Final = "batch.lock"


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Hold the lock of ``folder`` in this block. Raises :class:`ConfigurationError` when another
    process has it."""

    def taken(holder: str) -> str:
        who = f" (process {holder})" if holder.isdigit() else ""
        return f"{folder}: this batch is being run already{who}"

    with lock.locked(folder / FILE, taken) as note:
        note(str(os.getpid()))
        yield
