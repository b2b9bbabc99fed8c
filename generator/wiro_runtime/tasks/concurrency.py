"""The tasks of one client that count against Wiro's concurrency limit."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Generator

    from wiro_runtime.tasks.state import TaskState

_REMEMBERED: Final = 10_000
"""Tasks in flight that are remembered; those that are never asked about would pile up."""


class ConcurrencyTracker:
    """The tasks that this client has submitted and not seen to end. Used on one event loop.

    ``changes`` counts what was accepted and what has ended: a refusal because of the concurrency
    limit may be out of date when it has moved since the request was sent. ``ends`` counts what has
    ended.
    """

    def __init__(self) -> None:
        self.changes = 0
        self.ends = 0
        self._ended = asyncio.Event()
        self._tasks: OrderedDict[str, TaskState] = OrderedDict()
        self._sending = 0

    @contextmanager
    def sending(self) -> Generator[None, None, None]:
        """A request is under way that may become a task."""
        self._sending += 1
        try:
            yield
        finally:
            self._sending -= 1

    def accepted(self, state: TaskState) -> None:
        """Remember a task."""
        self.changes += 1
        self._tasks[state.id or state.token] = state
        if len(self._tasks) > _REMEMBERED:
            self._tasks.popitem(last=False)

    def ended(self, state: TaskState) -> None:
        """Forget a task, if it is one of this client's. It is remembered by its token when Wiro
        named no id."""
        for name in (state.id, state.token):
            if self._tasks.pop(name, None) is not None:
                self.changes += 1
                self.ends += 1
                self._ended.set()

    async def next_end(self, ends: int) -> None:
        """Wait until more than ``ends`` tasks have ended."""
        while self.ends <= ends:
            self._ended.clear()
            await self._ended.wait()

    def oldest(self) -> TaskState | None:
        return next(iter(self._tasks.values()), None)

    def none_since(self, changes: int) -> bool:
        """Whether nothing of this client's is in flight, nor was since ``changes`` was read."""
        return not self._tasks and not self._sending and self.changes == changes
