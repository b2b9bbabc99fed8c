"""Tasks as callers hold them, for each of the two clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator
    from typing import Never, Protocol

    from wiro_runtime.results.result import AsyncResult, Result
    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.events import Event, OnUpdate
    from wiro_runtime.tasks.service import TaskService
    from wiro_runtime.tasks.state import TaskState

    class HasService(Protocol):
        """A client, whose service is another one in a forked child."""

        @property
        def service(self) -> TaskService: ...


T = TypeVar("T")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run ``coroutine`` on the background loop and wait for its end."""
    from wiro_runtime.http import loop  # noqa: PLC0415 - imports asyncio, a fifth of our import time

    return loop.run(coroutine)


def iterate(values: AsyncGenerator[T, None]) -> Iterator[T]:
    """The values of a generator that runs on the background loop."""
    from wiro_runtime.http import loop  # noqa: PLC0415 - see above

    return loop.iterate(values)


class _BaseTask:
    __slots__ = ("_client", "_state")

    def __init__(self, client: HasService, state: TaskState) -> None:
        self._client = client
        self._state = state

    @property
    def _service(self) -> TaskService:
        return self._client.service

    @property
    def id(self) -> str:
        """Wiro's id; empty for a task known by its token that was not asked about yet."""
        return self._state.id

    @property
    def token(self) -> str:
        """The token of this one task. It is a credential: it lets anyone read the task."""
        return self._state.token

    @property
    def status(self) -> str:
        """The last known status; empty for a task that was not asked about yet."""
        return self._state.status

    @property
    def detail(self) -> TaskDetail | None:
        """The last known state of the task."""
        return self._state.detail

    def __reduce__(self) -> Never:
        raise TypeError("a task is not pickled; keep its id, and use client.task(id)")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id or '?'} {self.status or 'not asked about'}>"


class Task(_BaseTask):
    """A task, for :class:`Wiro`. It runs on Wiro's side whether or not a program waits for it."""

    __slots__ = ()

    def refresh(self) -> TaskDetail:
        """Ask Wiro for its state."""
        return run(self._service.refresh(self._state))

    def wait(self, timeout: float | None = None, on_update: OnUpdate | None = None) -> Result:
        """Wait for its end, ``timeout`` seconds at most (``None``: the client's limit).

        ``on_update`` is called with every event, in this thread. Raises :class:`TaskFailed`,
        :class:`TaskCancelled` or, when the time is up, :class:`TaskTimeout`; the task goes on then.
        """
        result: Result = run(self._service.wait(self._state, timeout, on_update))
        return result

    def events(self) -> Iterator[Event]:
        """All that happens to it, up to and including :class:`TaskEnded`."""
        # In a generator of its own, which keeps the client of this task open.
        yield from iterate(self._service.events(self._state))

    def stream(self) -> Iterator[str]:
        """The answer of a language model, piece by piece as it is written::

            for text in task.stream():
                print(text, end="")

        A tool that does not stream gives its whole text at the end. Raises :class:`TaskFailed` and
        the like, as :meth:`wait` does, once the task has ended.
        """
        yield from iterate(self._service.stream(self._state))

    def cancel(self) -> bool:
        """Take it out of the queue; false when it was past that."""
        return run(self._service.cancel(self._state))

    def kill(self) -> bool:
        """End it while it runs; false when it was not running. ``detail.cost`` tells afterwards
        what was billed."""
        return run(self._service.kill(self._state))

    def stop(self) -> bool:
        """Cancel or kill it, whichever fits; false when it had ended by itself."""
        return run(self._service.stop(self._state))

    def delete_files(self) -> None:
        """Delete its files on Wiro's side, inputs and outputs; it must have ended."""
        run(self._service.delete_files(self._state))


class AsyncTask(_BaseTask):
    """:class:`Task` for :class:`AsyncWiro`; the same methods, awaited."""

    __slots__ = ()

    async def refresh(self) -> TaskDetail:
        """See :meth:`Task.refresh`."""
        return await self._service.refresh(self._state)

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - the deadline of a task
        on_update: OnUpdate | None = None,
    ) -> AsyncResult:
        """See :meth:`Task.wait`; ``on_update`` may be a coroutine function."""
        result: AsyncResult = await self._service.wait(self._state, timeout, on_update)
        return result

    def events(self) -> AsyncIterator[Event]:
        """See :meth:`Task.events`. A call of ``anext()`` that is cancelled, by a timeout among
        others, does not end them."""
        from wiro_runtime.tasks.event_reader import Resumable  # noqa: PLC0415 - imports asyncio

        return Resumable(self._service.events(self._state))

    def stream(self) -> AsyncIterator[str]:
        """See :meth:`Task.stream`; read it with ``async for``."""
        from wiro_runtime.tasks.event_reader import Resumable  # noqa: PLC0415 - imports asyncio

        return Resumable(self._service.stream(self._state))

    async def cancel(self) -> bool:
        """See :meth:`Task.cancel`."""
        return await self._service.cancel(self._state)

    async def kill(self) -> bool:
        """See :meth:`Task.kill`."""
        return await self._service.kill(self._state)

    async def stop(self) -> bool:
        """See :meth:`Task.stop`."""
        return await self._service.stop(self._state)

    async def delete_files(self) -> None:
        """See :meth:`Task.delete_files`."""
        await self._service.delete_files(self._state)
