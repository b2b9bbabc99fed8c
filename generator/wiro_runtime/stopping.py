"""Ends work in other threads at once: what waits for the network is woken up."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
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
    under_way = 0
    lock = threading.Lock()
    # The calling thread waits on a queue, which Ctrl-C cannot harm. It could leave a condition
    # unlocked, and before Python 3.13 make `Thread.join` take a living thread for ended.
    news = queue.SimpleQueue[None]()

    def work() -> None:
        nonlocal under_way
        while True:
            with lock:
                if not waiting or stop.wanted:
                    return
                # Counted first: the calling thread, which takes no lock, always sees one of both.
                under_way += 1
                number, job = waiting.pop(0)
            try:
                results[number] = job()
            except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
                with lock:
                    # What fails because it was stopped is not what went wrong.
                    if not stop.wanted:
                        errors[number] = error
                stop.set()
            finally:
                with lock:
                    under_way -= 1
                news.put(None)

    def farewell() -> None:
        until = time.monotonic() + _FAREWELL
        with suppress(queue.Empty):
            while under_way:
                news.get(timeout=max(0.0, until - time.monotonic()))

    try:
        for number in range(min(limit, len(jobs))):
            # Daemons, because a process that is to end must not wait for a slow server.
            threading.Thread(target=work, name=f"wiro-files-{number}", daemon=True).start()
        while (waiting or under_way) and not stop.wanted:
            news.get()
        farewell()
    except BaseException:
        stop.set()
        farewell()
        raise
    if errors:
        raise errors[min(errors)]
    if len(results) < len(jobs):
        raise InterruptedError("stopped")
    return [results[number] for number in range(len(jobs))]
