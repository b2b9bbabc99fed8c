"""The tasks of one client that count against Wiro's concurrency limit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from wiro_runtime.forks import renew_in_child

if TYPE_CHECKING:
    from collections.abc import Generator

    from wiro_runtime.tasks.state import TaskState

_REMEMBERED: Final = 10_000
"""Tasks in flight as far as the client knows. Those that nobody looks at again are forgotten
beyond that."""


class InFlight:
    """What is in flight, as far as this client knows; threads may share it.

    ``changes`` counts what was accepted and what has ended: a refusal for want of room means
    little when it has moved since the request was sent.
    """

    def __init__(self) -> None:
        self.changes = 0
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        """A forked child has nothing in flight."""
        self._lock = threading.Lock()
        self._tasks: OrderedDict[str, TaskState] = OrderedDict()
        self._sending = 0

    @contextmanager
    def sending(self) -> Generator[None, None, None]:
        """A submission is under way: Wiro may have accepted what is not in the books yet."""
        with self._lock:
            self._sending += 1
        try:
            yield
        finally:
            with self._lock:
                self._sending -= 1

    def accepted(self, state: TaskState) -> None:
        with self._lock:
            self.changes += 1
            self._tasks[state.id or state.token] = state
            if len(self._tasks) > _REMEMBERED:
                self._tasks.popitem(last=False)

    def ended(self, state: TaskState) -> None:
        """Forget a task, if it was one of this client's."""
        with self._lock:
            if self._tasks.pop(state.id or state.token, None) is not None:
                self.changes += 1

    def oldest(self) -> TaskState | None:
        with self._lock:
            return next(iter(self._tasks.values()), None)

    def none_since(self, changes: int) -> bool:
        """Whether nothing of this client's is in flight, nor was since ``changes`` was that."""
        with self._lock:
            return not self._tasks and not self._sending and self.changes == changes
