"""Tasks as callers hold them: the same life twice, once blocking and once awaited."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wiro_runtime.http.port import iterate_blocking, run_blocking

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from typing import Never

    from wiro_runtime.results.result import Result
    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.events import Event, OnUpdate
    from wiro_runtime.tasks.service import Runs, TaskState


class _BaseTask:
    __slots__ = ("_runs", "_state")

    def __init__(self, runs: Runs, state: TaskState) -> None:
        self._runs = runs
        self._state = state

    @property
    def id(self) -> str:
        """Wiro's id; empty for a task known by its token until it has been looked at."""
        return self._state.id

    @property
    def token(self) -> str:
        """The token of this one task; whoever has it can read the task."""
        return self._state.token

    @property
    def status(self) -> str:
        """The status when it was last seen; empty when it has not been looked at."""
        return self._state.status

    @property
    def detail(self) -> TaskDetail | None:
        """The task when it was last seen."""
        return self._state.detail

    def __reduce__(self) -> Never:
        raise TypeError("a task is not pickled; keep its id, and use client.task(id)")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id or '?'} {self.status or 'not looked at'}>"


class Task(_BaseTask):
    """A task, for :class:`Wiro`. It runs on Wiro's side whether or not anybody waits for it."""

    __slots__ = ()

    def refresh(self) -> TaskDetail:
        """Ask Wiro how it is."""
        return run_blocking(self._runs.refresh(self._state))

    def wait(self, timeout: float | None = None, on_update: OnUpdate | None = None) -> Result:
        """Wait for its end, ``timeout`` seconds at most (``None``: the client's limit).

        ``on_update`` is called with every event. Raises :class:`TaskFailed`,
        :class:`TaskCancelled` or, when the time is up, :class:`TaskTimeout`; the task goes on then.
        """
        return run_blocking(self._runs.wait(self._state, timeout, on_update))

    def events(self) -> Iterator[Event]:
        """All that happens to it, up to and including :class:`TaskEnded`."""
        return iterate_blocking(self._runs.events(self._state))

    def cancel(self) -> bool:
        """Take it out of the queue; false when it was past that."""
        return run_blocking(self._runs.cancel(self._state))

    def kill(self) -> bool:
        """End it while it runs; false when it was not running. ``detail.cost`` tells afterwards
        what was billed."""
        return run_blocking(self._runs.kill(self._state))

    def stop(self) -> bool:
        """Cancel or kill it, whichever fits; false when it had ended by itself."""
        return run_blocking(self._runs.stop(self._state))

    def delete_files(self) -> None:
        """Delete its files on Wiro's side, inputs and outputs; it must have ended."""
        run_blocking(self._runs.delete_files(self._state))


class AsyncTask(_BaseTask):
    """:class:`Task` for :class:`AsyncWiro`; the same methods, awaited."""

    __slots__ = ()

    async def refresh(self) -> TaskDetail:
        return await self._runs.refresh(self._state)

    async def wait(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - the deadline of a task
        on_update: OnUpdate | None = None,
    ) -> Result:
        """See :meth:`Task.wait`; ``on_update`` may be a coroutine function."""
        return await self._runs.wait(self._state, timeout, on_update)

    def events(self) -> AsyncIterator[Event]:
        return self._runs.events(self._state)

    async def cancel(self) -> bool:
        return await self._runs.cancel(self._state)

    async def kill(self) -> bool:
        return await self._runs.kill(self._state)

    async def stop(self) -> bool:
        return await self._runs.stop(self._state)

    async def delete_files(self) -> None:
        await self._runs.delete_files(self._state)
