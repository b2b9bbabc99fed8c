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
    lock = threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not waiting or stop.wanted:
                    return
                number, job = waiting.pop(0)
            try:
                results[number] = job()
            except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
                with lock:
                    # What fails because it was stopped is not what went wrong.
                    if not stop.wanted:
                        errors[number] = error
                stop.set()

    # Daemons, because a process that is to end must not wait for a slow server.
    threads = [
        threading.Thread(target=work, name=f"wiro-files-{number}", daemon=True)
        for number in range(min(limit, len(jobs)))
    ]
    for thread in threads:
        thread.start()
    try:
        while any(thread.is_alive() for thread in threads):
            for thread in threads:
                thread.join(_FAREWELL if stop.wanted else None)
            if stop.wanted:
                break
    except BaseException:
        stop.set()
        for thread in threads:
            thread.join(_FAREWELL / len(threads))
        raise
    if errors:
        raise errors[min(errors)]
    if len(results) < len(jobs):
        raise InterruptedError("stopped")
    return [results[number] for number in range(len(jobs))]
