"""Blocking work for callers in an event loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from wiro_runtime.downloads import Options, no_progress

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_THREADS = ThreadPoolExecutor(32, thread_name_prefix="wiro-files")


async def transferred(
    work: Callable[[Options], T],
    progress: Callable[[int, int | None], object] | None,
    max_bytes: int | None,
) -> T:
    """Run a transfer in a thread: an event loop would spend several times the work on it.

    ``progress`` is called in the loop. When the caller is cancelled the transfer ends with its
    next piece.
    """
    loop = asyncio.get_running_loop()
    stop = threading.Event()

    def report(done: int, total: int | None) -> None:
        if progress is not None:
            loop.call_soon_threadsafe(progress, done, total)

    options = Options(
        progress=no_progress if progress is None else report, max_bytes=max_bytes, stop=stop
    )
    try:
        return await loop.run_in_executor(_THREADS, work, options)
    finally:
        stop.set()
