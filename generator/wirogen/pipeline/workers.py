"""Worker processes for work on many items."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, TypeVar

from wirogen.common.cache import Cache
from wirogen.diagnostics.model import Diagnostic, InputError

T = TypeVar("T")

_CHUNK: Final = 8
_WORTH_WORKERS: Final = 4


def in_workers(
    function: Callable[[Any], T],
    items: Sequence[Any],
    *,
    jobs: int | None = None,
    chunk: int = _CHUNK,
    prepare: Callable[..., None] | None = None,
    arguments: tuple[Any, ...] = (),
) -> Iterator[T]:
    """Return ``function`` of each item, in order, from ``jobs`` processes (default: one for each
    processor), or from this one for few items. ``chunk`` items are sent at a time;
    ``prepare(*arguments)`` is called once in each process."""
    workers = min(jobs or os.cpu_count() or 1, len(items) // chunk)
    if workers < 2 or len(items) < _WORTH_WORKERS * chunk:
        if prepare is not None and items:
            prepare(*arguments)
        yield from map(function, items)
        return
    import multiprocessing  # noqa: PLC0415 - slow to load, and mostly there is little to do
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415 - see above
    from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 - see above

    # A fork shares what the parent has loaded; where there is none, each process loads it.
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    with ProcessPoolExecutor(workers, context, _start, (prepare, arguments)) as pool:
        try:
            with _without_interrupts():
                results = pool.map(function, items, chunksize=chunk)
            yield from results
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


def _start(prepare: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    # A garbage collector that looks at the parent's objects copies what a fork shares.
    gc.freeze()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if prepare is not None:
        prepare(*arguments)


def _end_with_parent() -> None:
    """End this worker when its parent was killed; it would wait for work for ever."""
    from multiprocessing import parent_process  # noqa: PLC0415 - see in_workers

    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def each(
    function: Callable[..., T],
    arguments: Iterable[tuple[Any, ...]],
    *,
    known: Callable[..., T | None],
    cache: Cache,
    jobs: int | None = None,
) -> Iterator[T]:
    """Return ``function(*item, cache=cache)`` of each item, in order. Only items for which
    ``known``, called with the same arguments, returns ``None`` are sent to workers."""
    items = list(arguments)
    found = [known(*item, cache=cache) if cache.enabled else None for item in items]
    todo = [item for item, result in zip(items, found, strict=True) if result is None]
    made = in_workers(partial(_apply, function, cache), todo, jobs=jobs)
    for result in found:
        yield next(made) if result is None else result


def _apply(function: Callable[..., T], cache: Cache, item: tuple[Any, ...]) -> T:
    return function(*item, cache=cache)
