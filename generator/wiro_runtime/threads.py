"""Blocking work for callers in an event loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from wiro_runtime.forks import renew_in_child
from wiro_runtime.results.download import no_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from wiro_runtime.results.download import Options

T = TypeVar("T")


class _Threads:
    """Made when they are needed; those of a parent do not exist in a forked child."""

    def __init__(self) -> None:
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def get(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(32, thread_name_prefix="wiro-files")
            return self._pool


_THREADS = _Threads()


async def transferred(work: Callable[[Options], T], options: Options) -> T:
    """Run a transfer in a thread: an event loop would spend several times the work on it.

    The progress function is called in the loop. When the caller is cancelled the transfer ends
    with its next piece.
    """
    loop = asyncio.get_running_loop()
    progress = options.progress

    def report(done: int, total: int | None) -> None:
        loop.call_soon_threadsafe(progress, done, total)

    if progress is not no_progress:
        options = replace(options, progress=report)
    try:
        return await loop.run_in_executor(_THREADS.get(), work, options)
    finally:
        options.stop.set()
