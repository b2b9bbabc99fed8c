"""A lock on the folder of a batch: two runners of one folder would follow the same rows."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from wiro_runtime import lock
from wiro_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path
    from typing import Never

FILE: Final = "batch.lock"


class BatchRunsError(ConfigurationError):
    """Another process runs the batch."""


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Hold the lock of ``folder`` in this block. Raises :class:`BatchRunsError` when another
    process has it."""

    def taken(holder: str) -> Never:
        who = f" (process {holder})" if holder.isdigit() else ""
        raise BatchRunsError(f"{folder}: this batch is being run already{who}")

    with lock.locked(folder / FILE, taken) as note:
        note(str(os.getpid()))
        yield
