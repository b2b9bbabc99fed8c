"""Worker processes for work on many items."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

from wirogen.diagnostics.model import Diagnostic, InputError

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

T = TypeVar("T")

_CHUNK: Final = 8
_WORTH_WORKERS: Final = 4


class Workers:
    """``jobs`` processes (default: one for each processor) for work on many items, which end with
    the ``with`` block.

    They start at the first long list of items, and serve all that come later: a fork shares the
    memory of its parent until either changes it, so a process that starts after thousands of specs
    were read ends with a copy of them all.
    """

    def __init__(self, jobs: int | None = None) -> None:
        self._jobs = jobs or os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None
        self._started = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes; the next work starts new ones."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool, self._started = None, 0

    def start(self, items: int, chunk: int = _CHUNK) -> ProcessPoolExecutor | None:
        """Start as many processes as so many items need, and return them; ``None`` where the work
        is done sooner without them."""
        wanted = min(self._jobs, items // chunk)
        if wanted < 2 or items < _WORTH_WORKERS * chunk:
            return None
        if self._started < wanted:
            self.close()
            import multiprocessing  # noqa: PLC0415 - slow to load, and mostly there is little to do
            from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - see above

            # A fork shares what the parent has loaded; without it, each process loads that anew.
            method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
            context = multiprocessing.get_context(method)
            self._pool, self._started = ProcessPoolExecutor(wanted, context, _start), wanted
            with _without_interrupts():
                self._pool.submit(int)
        return self._pool

    def map(
        self, function: Callable[[Any], T], items: Sequence[Any], *, chunk: int = _CHUNK
    ) -> Iterator[T]:
        """Return ``function`` of each item, in order; ``chunk`` items are sent at a time."""
        pool = self.start(len(items), chunk)
        if pool is None:
            yield from map(function, items)
            return
        from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 - see start

        try:
            yield from pool.map(function, items, chunksize=chunk)
        except BrokenProcessPool:
            message = "ended a process of this build; is there enough memory? try --jobs 1"
            found = Diagnostic(code="S008", message=message, path="the operating system")
            raise InputError(found) from None


@contextmanager
def _without_interrupts() -> Generator[None]:
    """Start processes inside that ignore Ctrl-C, which their parent handles."""
    mask = getattr(signal, "pthread_sigmask", None)
    before = mask(signal.SIG_BLOCK, {signal.SIGINT}) if mask else set[int]()
    try:
        yield
    finally:
        if mask:
            mask(signal.SIG_SETMASK, before)


def _start() -> None:
    # A garbage collector that looks at the parent's objects copies what a fork shares.
    gc.freeze()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this worker when its parent was killed; it would wait for work for ever."""
    from multiprocessing import parent_process  # noqa: PLC0415 - see Workers.start

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
