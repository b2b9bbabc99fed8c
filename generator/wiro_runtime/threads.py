"""Blocking work for callers in an event loop."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from wiro_runtime.downloads import no_progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from wiro_runtime.downloads import Options

T = TypeVar("T")

_THREADS = ThreadPoolExecutor(32, thread_name_prefix="wiro-files")


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
        return await loop.run_in_executor(_THREADS, work, options)
    finally:
        options.stop.set()
