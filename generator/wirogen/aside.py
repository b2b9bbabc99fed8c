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
_FIRST_FILE: Final = 3
"""Below are input, output and errors."""


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
    def elsewhere(self) -> bool:
        """Whether another process is at it."""
        return bool(self._child)

    @property
    def result(self) -> T:
        """What ``work`` gives, waited for; its errors are raised here."""
        if not self._result:
            self._result.append(self._received() if self._child else self._work())
        return self._result[0]

    def _begin(self) -> None:
        self._pipe, writing = os.pipe()
        # Ctrl-C must find each of the two where it knows what to do.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._child = os.fork()
            if self._child == 0:
                _work_and_leave(self._work, writing)
        except OSError:
            os.close(self._pipe)
            raise
        finally:
            os.close(writing)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _received(self) -> T:
        pieces: list[bytes] = []
        while piece := os.read(self._pipe, 2**20):
            pieces.append(piece)
        try:
            found: list[T] = pickle.loads(b"".join(pieces))  # noqa: S301 - from a fork of this one
        except Exception:  # noqa: BLE001 - cut off wherever that process was killed
            return self._work()
        finally:
            self._end()
        return found[0]

    def _end(self) -> None:
        """Nothing is left of the other process."""
        if not self._child:
            return
        child, self._child = self._child, 0
        os.close(self._pipe)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(child, 0)


def _work_and_leave(work: Callable[[], Any], pipe: int) -> None:
    """Whatever happens, this process ends here: the rest of the program belongs to its parent, and
    so do its files, for a parent that is killed must leave no lock and no open output behind."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in range(_FIRST_FILE):
            os.dup2(nothing, stream)
        os.closerange(_FIRST_FILE, pipe)
        os.closerange(pipe + 1, os.sysconf("SC_OPEN_MAX"))
        data = memoryview(pickle.dumps([work()]))
        while data:
            data = data[os.write(pipe, data) :]
    finally:
        os._exit(0)
