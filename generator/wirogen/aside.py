"""Work that another processor does while this process goes on with something else."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

T = TypeVar("T")

_FORKS: Final = hasattr(os, "fork")


class Aside(Generic[T]):
    """``work``, begun at once in a process of its own, which shares all that this one has loaded.

    It must only read. Where there is but one processor, no fork, or a thread that a fork would
    cut off in the middle of something, and whenever that process cannot do it, this one does it
    when the result is asked for.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._child = 0
        self._pipe = -1
        self._result: list[T] = []
        if _FORKS and (os.cpu_count() or 1) > 1 and threading.active_count() == 1:
            with suppress(OSError):
                self._begin()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    @property
    def result(self) -> T:
        """What ``work`` gives, waited for; its errors are raised here."""
        if not self._result:
            self._result.append(self._received() if self._child else self._work())
        return self._result[0]

    def _begin(self) -> None:
        reading, writing = os.pipe()
        try:
            child = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            raise
        if child == 0:
            _work_and_leave(self._work, writing)
        os.close(writing)
        self._child, self._pipe = child, reading

    def _received(self) -> T:
        pieces: list[bytes] = []
        while piece := os.read(self._pipe, 2**20):
            pieces.append(piece)
        try:
            found: list[T] = pickle.loads(b"".join(pieces))  # noqa: S301 - from a fork of this one
        except (EOFError, pickle.UnpicklingError):
            return self._work()
        finally:
            self._end()
        return found[0]

    def _end(self) -> None:
        """Nothing is left of the other process: it holds whatever files this one has open."""
        if not self._child:
            return
        child, self._child = self._child, 0
        os.close(self._pipe)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)


def _work_and_leave(work: Callable[[], Any], pipe: int) -> None:
    """Whatever happens, this process ends here: the rest of the program belongs to its parent."""
    try:
        data = memoryview(pickle.dumps([work()]))
        while data:
            data = data[os.write(pipe, data) :]
    finally:
        os._exit(0)
