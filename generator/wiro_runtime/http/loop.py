"""The event loop on which :class:`~wiro_runtime.Wiro` works, in a background thread.

All logic is asyncio coroutines. ``AsyncWiro`` awaits them on its caller's loop; ``Wiro`` hands them
to :func:`run`, whose caller waits in its own thread. One loop serves all clients of the process. A
forked child has no such thread, so it makes a loop of its own.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import inspect
import os
import queue
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import aclosing, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator

T = TypeVar("T")

_SLICE: Final = 0.2 if os.name == "nt" else 1.0
"""Seconds of one wait. Windows delivers Ctrl-C only between two waits; elsewhere it ends one, but
not when it comes in the moment in which that begins."""

WORKERS: Final = 32
"""Threads for work on the disk, and for requests with a blocking ``http_client``."""

_caller: contextvars.ContextVar[_Call[Any] | None] = contextvars.ContextVar("caller", default=None)


class Workers(ThreadPoolExecutor):
    """Threads that go on when the main thread has ended and others have not.

    Those of the standard library take no more work from that moment: a run that was accepted
    could neither be recorded nor waited for.
    """

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        try:
            return super().submit(fn, *args, **kwargs)
        except RuntimeError:
            future: Future[T] = Future()
            work = partial(_work, future, partial(fn, *args, **kwargs))
            try:
                threading.Thread(target=work, daemon=True).start()
            except RuntimeError:
                # Nor does Python 3.12 begin a thread then.
                work()
            return future


def _work(future: Future[T], work: Callable[[], T]) -> None:
    if future.set_running_or_notify_cancel():
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where the future is waited for
            future.set_exception(error)


class _Process:
    """What one process needs: the loop of its clients, and threads for work on the disk."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loop.set_default_executor(Workers(WORKERS, thread_name_prefix="wiro-names"))
        self.workers = Workers(WORKERS, thread_name_prefix="wiro-disk")

    def start(self) -> None:
        threading.Thread(target=self._serve, name="wiro-loop", daemon=True).start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        while True:
            # asyncio lets these out of the task that raised them. Other tasks go on.
            with suppress(KeyboardInterrupt, SystemExit):
                self.loop.run_forever()
                break
        self.loop.close()


_processes: Final[dict[int, _Process]] = {}
"""By process id. The one of a parent stays: closing its loop would unregister the parent's sockets,
as both processes share one epoll object."""


def _process() -> _Process:
    found = _processes.get(os.getpid())
    if found is None:
        made = _Process()
        # Known to others once it works: what interrupts its start leaves none that never will.
        made.start()
        found = _processes.setdefault(os.getpid(), made)
        if found is not made:
            made.loop.call_soon_threadsafe(made.loop.stop)
    return found


def background_loop() -> asyncio.AbstractEventLoop:
    """The loop of this process on which ``Wiro`` works; started at the first call."""
    return _process().loop


def start_in_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Begin ``work``, which blocks on the disk, in a thread."""
    context = contextvars.copy_context()
    loop = asyncio.get_running_loop()
    return loop.run_in_executor(_process().workers, partial(context.run, work))


async def run_in_thread(work: Callable[[], T]) -> T:
    """Run ``work``, which blocks on the disk, in a thread. When the caller is cancelled the work
    goes on, and its result is dropped."""
    return await start_in_thread(work)


async def finish(*works: asyncio.Future[Any], limit: float | None = None) -> None:
    """Wait for the end of ``works``, ``limit`` seconds at most, whatever happens to the waiting
    coroutine; a cancellation is raised once they have ended."""
    loop = asyncio.get_running_loop()
    until = None if limit is None else loop.time() + limit
    interruption: asyncio.CancelledError | None = None
    while left := [work for work in works if not work.done()]:
        try:
            seconds = None if until is None else until - loop.time()
            if seconds is not None and seconds <= 0:
                break
            await asyncio.wait(left, timeout=seconds)
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        raise interruption


class _Callback:
    """A function that the calling thread is to call, or a value that it is to take."""

    def __init__(self, call: Callable[[], object] | None, value: Any = None) -> None:
        self.call = call
        self.value = value
        self.done: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()

    def finish(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(error)


class _Call(Generic[T]):
    """One coroutine on the background loop, and the thread that waits for it."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._loop = background_loop()
        self._task: asyncio.Task[T] | None = None
        # A queue in C: an interruption while waiting leaves no lock behind.
        self._news: queue.SimpleQueue[_Callback | None] = queue.SimpleQueue()
        self._callbacks: set[_Callback] = set()
        self._abandoned = False
        self.over = False

    def begin(self) -> None:
        context = contextvars.copy_context()
        context.run(_caller.set, self)
        self._loop.call_soon_threadsafe(self._start, context=context)

    def _start(self) -> None:
        self._task = self._loop.create_task(self._coroutine)
        self._task.add_done_callback(self._ended)

    def _ended(self, _task: asyncio.Task[T]) -> None:
        self._news.put(None)

    async def hand_over(self, callback: _Callback) -> None:
        """Have the calling thread take ``callback``; raises what its function raised."""
        if self._abandoned:
            return
        self._callbacks.add(callback)
        self._news.put(callback)
        try:
            error = await callback.done
        finally:
            self._callbacks.discard(callback)
        if error is not None:
            raise error

    def next(self) -> _Callback | None:
        """Wait for the next value; ``None`` at the end of the coroutine. Runs its callbacks."""
        while True:
            try:
                callback = self._news.get(timeout=_SLICE)
            except queue.Empty:
                continue
            if callback is None:
                self.over = True
                return None
            if callback.call is None:
                return callback
            if callback.done.done():
                # Its coroutine no longer waits for it.
                continue
            error = None
            try:
                callback.call()
            except Exception as raised:  # noqa: BLE001 - raised again by the coroutine
                error = raised
            # What else is raised interrupts the waiting. The coroutine stays where it is until it
            # is cancelled: it might end well before that.
            self.finish(callback, error)

    def finish(self, callback: _Callback, error: Exception | None = None) -> None:
        self._loop.call_soon_threadsafe(callback.finish, error)

    def result(self) -> T:
        """What the ended coroutine returned or raised."""
        if self._task is None:
            raise RuntimeError("the coroutine was not started")
        return self._task.result()

    def runs_on(self, loop: asyncio.AbstractEventLoop) -> bool:
        return self._loop is loop

    def interrupt(self, interruption: BaseException) -> None:
        """Cancel the coroutine and wait for its end, whose notes go to ``interruption``. A second
        interruption ends the waiting; the coroutine then goes on without callbacks."""
        try:
            self._loop.call_soon_threadsafe(self._cancel)
            while (left := self.next()) is not None:
                self.finish(left)
        except BaseException:
            self._abandoned = True
            self._loop.call_soon_threadsafe(self._release)
            raise
        try:
            self.result()
        except BaseException as error:  # noqa: BLE001 - the interruption is raised in its place
            for note in getattr(error, "__notes__", []):
                interruption.add_note(note)

    def _cancel(self) -> None:
        self._release()
        if self._task is not None and not self._task.done():
            self._task.cancel()
        else:
            # Interrupted before the coroutine was started, or while its end was being taken.
            self._coroutine.close()
            self._news.put(None)

    def _release(self) -> None:
        for callback in self._callbacks:
            callback.finish(None)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run ``coroutine`` on the background loop and wait for its end in this thread.

    Whatever interrupts the waiting (Ctrl-C, an exception out of a signal handler) cancels the
    coroutine, whose end is waited for, and is then raised with the notes of that end.
    """
    call: _Call[T] | None = None
    try:
        call = _Call(coroutine)
        call.begin()
        while (value := call.next()) is not None:
            call.finish(value)
    except BaseException as interruption:
        if call is None:
            coroutine.close()
        elif not call.over:
            call.interrupt(interruption)
        raise
    return call.result()


def iterate(values: AsyncGenerator[T, None]) -> Iterator[T]:
    """The values of an asynchronous generator, which runs on the background loop in one task."""

    async def pump() -> None:
        call = _caller.get()
        async with aclosing(values):
            async for value in values:
                if call is not None:
                    await call.hand_over(_Callback(None, value))

    call = _Call(pump())
    try:
        call.begin()
        while (found := call.next()) is not None:
            _suspended.add(call)
            yield found.value
            _suspended.discard(call)
            call.finish(found)
    except BaseException as interruption:
        _suspended.discard(call)
        # When Python closes it at the end of the process, the loop's thread runs no more.
        if not (call.over or sys.is_finalizing()):
            call.interrupt(interruption)
        raise
    call.result()


_suspended: Final[set[_Call[None]]] = set()
"""Calls whose values are half read, by iterators that wait to be asked for the next one."""


@atexit.register
def _end_suspended() -> None:
    """End what was left half read while the thread of the loop still runs: Python deletes it after
    that, piece by piece, with complaints."""
    process = _processes.get(os.getpid())
    for call in list(_suspended):
        if process is not None and call.runs_on(process.loop):
            call.interrupt(GeneratorExit())


async def call_back(function: Callable[..., object], *arguments: Any) -> None:
    """Call the user's ``function`` where its user waits: for ``Wiro`` in the calling thread, for
    ``AsyncWiro`` here, where it may be a coroutine function."""
    call = _caller.get()
    if call is not None:
        await call.hand_over(_Callback(partial(function, *arguments)))
        return
    outcome = function(*arguments)
    if inspect.isawaitable(outcome):
        await outcome
