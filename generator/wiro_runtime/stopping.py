"""Ends work in other threads at once: what waits for the network is woken up."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")

_FAREWELL: Final = 5.0
"""Seconds that threads have to clean up behind them."""


class Stop:
    """A wish that can be heard by those who look, and that wakes those who said how."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wakers: set[Callable[[], None]] = set()
        self.wanted = False

    def set(self) -> None:
        with self._lock:
            self.wanted = True
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    @contextmanager
    def waking(self, wake: Callable[[], None]) -> Generator[None, None, None]:
        """``wake`` is called when the wish comes during this block, or has come before."""
        with self._lock:
            self._wakers.add(wake)
            late = self.wanted
        if late:
            wake()
        try:
            yield
        finally:
            with self._lock:
                self._wakers.discard(wake)


def run_each(jobs: Sequence[Callable[[], T]], limit: int, stop: Stop) -> list[T]:
    """Run ``jobs``, ``limit`` at a time; results in order.

    After an error none is begun, those under way are stopped, and the first error in the order of
    the jobs is raised. An interruption does not wait for them.
    """
    if len(jobs) <= 1 or limit <= 1:
        return [job() for job in jobs]
    results: dict[int, T] = {}
    errors: dict[int, BaseException] = {}
    waiting = list(enumerate(jobs))
    working = min(limit, len(jobs))
    # Not `Thread.join`: before Python 3.13 one that Ctrl-C interrupts takes the thread for ended.
    changed = threading.Condition()

    def work() -> None:
        nonlocal working
        try:
            while True:
                with changed:
                    if not waiting or stop.wanted:
                        return
                    number, job = waiting.pop(0)
                try:
                    results[number] = job()
                except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
                    with changed:
                        # What fails because it was stopped is not what went wrong.
                        if not stop.wanted:
                            errors[number] = error
                    stop.set()
        finally:
            with changed:
                working -= 1
                changed.notify_all()

    def all_ended() -> bool:
        return working == 0

    try:
        for number in range(working):
            # Daemons, because a process that is to end must not wait for a slow server.
            threading.Thread(target=work, name=f"wiro-files-{number}", daemon=True).start()
        with changed:
            changed.wait_for(lambda: all_ended() or stop.wanted)
            changed.wait_for(all_ended, _FAREWELL)
    except BaseException:
        stop.set()
        with changed:
            changed.wait_for(all_ended, _FAREWELL)
        raise
    if errors:
        raise errors[min(errors)]
    if len(results) < len(jobs):
        raise InterruptedError("stopped")
    return [results[number] for number in range(len(jobs))]
