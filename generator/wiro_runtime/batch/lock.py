"""A lock on the folder of a batch: two runners of one folder would follow the same rows."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from wiro_runtime import lock

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path
    from typing import Never

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


class _TakenError(Exception):
    pass


def unless_locked(folder: Path, work: Callable[[], None]) -> None:
    """Call ``work`` with the lock of ``folder``, unless another process has it."""

    def taken(_holder: str) -> Never:
        raise _TakenError

    with suppress(_TakenError), lock.locked(folder / FILE, taken):
        work()
