"""Follow tasks to their end, over a WebSocket and by polling.

A WebSocket tells at once what happens, and a server may have none, refuse it, fall silent or break
it. So Task/Detail is asked by the poll schedule whenever no frame has told anything for as long.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from wiro_runtime.errors import WiroError
from wiro_runtime.http.logs import log
from wiro_runtime.tasks.event_parser import EventParser

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from wiro_runtime.http.transport import Transport
    from wiro_runtime.results.files import Files
    from wiro_runtime.settings import Settings
    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.events import Event
    from wiro_runtime.tasks.state import TaskState

T = TypeVar("T")

MAX_SOCKETS: Final = 20
"""WebSockets that one client has open at a time; every further task is polled."""

_ATTEMPTS: Final = 2
"""WebSockets that are opened for one task, the second one when the first has broken."""

_QUEUED: Final = 4
"""Frames that are read ahead of their reader."""

_TOO_LATE: Final = 0.2
"""Seconds before a deadline in which no request is begun any more."""

_SOON: Final = 0.5
_SOON_TIMES: Final = 4
"""Task/Detail may be behind the WebSocket: how often, and after how many seconds at most, it is
asked again when a frame has told of the end."""


class _Signal(Enum):
    """What happens to the WebSocket itself."""

    OPENED = auto()
    LOST = auto()


_Frames: TypeAlias = "asyncio.Queue[str | bytes | _Signal]"


class TaskWatcher:
    """Watcher of one client's tasks. ``refresh`` asks for Task/Detail, updates the state and
    returns the detail; what it raises ends the watching."""

    def __init__(
        self,
        settings: Settings,
        transport: Transport,
        refresh: Callable[[TaskState, float | None], Awaitable[TaskDetail]],
        files: Files,
    ) -> None:
        self._settings = settings
        self._transport = transport
        self._refresh = refresh
        self._files = files
        self._sockets = 0

    async def events(self, state: TaskState, deadline: float) -> AsyncGenerator[Event, None]:
        """Yield all that happens to a task, up to and including :class:`TaskEnded`.

        Ends without it when the time is up. ``deadline`` is in seconds of the client's clock.
        """
        timing = self._settings.timing
        clock = timing.clock
        parser = EventParser(self._files)
        if state.detail is not None and state.detail.terminal:
            for event in parser.detail(state.detail):
                yield event
            return
        if not state.id or not state.token:
            # Frames are matched by the one, and asked for with the other.
            for event in parser.detail(await self._refresh(state, deadline)):
                yield event
            if parser.ended:
                return
        due = self._first_poll(state)
        after_end = 0
        polled = clock()
        async with self._listening(state) as frames:
            while (now := clock()) < deadline:
                if due >= deadline:
                    # Once more before the time is up.
                    due = deadline - min(1.0, (deadline - polled) / 4)
                late = deadline - now < _TOO_LATE
                if now < due or late:
                    until = deadline if late else min(due, deadline)
                    frame = await self._next(frames, until - now)
                    if frame is None or isinstance(frame, _Signal):
                        if frame is _Signal.OPENED:
                            parser.connected()
                        elif frame is _Signal.LOST:
                            due = min(due, polled + _SOON)
                        continue
                    events = [] if parser.told_end else parser.frame(frame, state)
                    if parser.told_end and not after_end:
                        due = now
                    elif events:
                        due = min(
                            clock() + self._delay(state),
                            polled + self._settings.timeouts.socket_idle,
                        )
                    for event in events:
                        yield event
                    continue
                detail = await self._refresh(state, deadline)
                if detail.terminal:
                    state.detail = detail = parser.completed(detail)
                for event in parser.detail(detail):
                    yield event
                if parser.ended:
                    return
                polled = clock()
                after_end += parser.told_end
                soon = parser.told_end and after_end <= _SOON_TIMES
                due = polled + min(self._delay(state), _SOON if soon else math.inf)

    def _first_poll(self, state: TaskState) -> float:
        """When to ask for the first time: a task of this moment has nothing to tell yet."""
        if state.detail is None and state.tool is not None:
            return state.born + self._settings.poll.delay(0, self._settings.timing.random)
        return self._settings.timing.clock()

    def _delay(self, state: TaskState) -> float:
        timing = self._settings.timing
        return self._settings.poll.delay(timing.clock() - state.born, timing.random)

    async def _next(self, frames: _Frames | None, rest: float) -> str | bytes | _Signal | None:
        """The next frame; ``None`` when none came within ``rest`` seconds."""
        if frames is None:
            await self._settings.timing.sleep(rest)
            return None
        try:
            async with asyncio.timeout(rest):
                return await frames.get()
        except TimeoutError:
            return None

    @asynccontextmanager
    async def _listening(self, state: TaskState) -> AsyncGenerator[_Frames | None, None]:
        """Frames about a task, ``None`` where it is only polled."""
        url = self._settings.socket_url
        if url is None or not state.token or self._sockets >= MAX_SOCKETS:
            yield None
            return
        frames: _Frames = asyncio.Queue(_QUEUED)
        self._sockets += 1
        listener = asyncio.create_task(self._listen(state, url, frames))
        try:
            yield frames
        finally:
            self._sockets -= 1
            listener.cancel()
            await asyncio.gather(listener, return_exceptions=True)

    async def _listen(self, state: TaskState, url: str, frames: _Frames) -> None:
        """Put the frames about a task into ``frames``, over one WebSocket after the other."""
        for _ in range(_ATTEMPTS):
            opened = False
            try:
                limit = self._settings.timeouts.connect
                async with self._transport.open_socket(url, limit) as socket:
                    await socket.send(json.dumps({"type": "task_info", "tasktoken": state.token}))
                    opened = True
                    await frames.put(_Signal.OPENED)
                    while True:
                        await frames.put(await socket.recv())
            except WiroError as error:
                log.info("task %s: %s", state.id, error)
            await frames.put(_Signal.LOST)
            if not opened:
                return


_readers: Final[set[asyncio.Task[None]]] = set()
"""asyncio itself keeps no task alive; one that only its own iterator knows would be deleted."""


class Resumable(AsyncIterator[T]):
    """Values of an asynchronous generator that can be waited for with a timeout.

    What cancels one ``anext()`` does not end them: ``asyncio.wait_for(anext(values), 1)`` may be
    called again and again, and no value is lost.

    One task reads the generator and closes it. The garbage collector and the end of an event loop
    close each of several nested generators on its own, and those fail.
    """

    def __init__(self, values: AsyncGenerator[T, None]) -> None:
        self._values = values
        self._wanted: asyncio.Queue[None] = asyncio.Queue()
        self._found: asyncio.Queue[T | None] = asyncio.Queue()
        self._asked = False
        self._reader: asyncio.Task[None] | None = None

    async def __anext__(self) -> T:
        if self._reader is None:
            self._reader = asyncio.create_task(_read(self._values, self._wanted, self._found))
            _readers.add(self._reader)
            self._reader.add_done_callback(_readers.discard)
        elif self._reader.done() and self._found.empty():
            raise StopAsyncIteration
        if not self._asked:
            self._asked = True
            self._wanted.put_nowait(None)
        value = await self._found.get()
        self._asked = False
        if value is None:
            if not self._reader.cancelled():
                self._reader.result()
            raise StopAsyncIteration
        return value

    async def aclose(self) -> None:
        """Stop following the task, which goes on."""
        if self._reader is None:
            await self._values.aclose()
        else:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
            # A reader that was cancelled before its first step has told of no end.
            self._found.put_nowait(None)

    def __del__(self) -> None:
        if self._reader is None or self._reader.done():
            return
        loop = self._reader.get_loop()
        if loop.is_closed():
            _readers.discard(self._reader)
        else:
            # The garbage collector may run in another thread than the loop.
            loop.call_soon_threadsafe(self._reader.cancel)


async def _read(
    values: AsyncGenerator[T, None], wanted: asyncio.Queue[None], found: asyncio.Queue[T | None]
) -> None:
    """Put a value into ``found`` for each item of ``wanted``, and ``None`` at the end."""
    try:
        async with aclosing(values):
            await wanted.get()
            async for value in values:
                found.put_nowait(value)
                await wanted.get()
    finally:
        found.put_nowait(None)
