"""How many rows of a batch are under way at a time: as many as Wiro takes."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from wiro_runtime.batch.scheduler import Scheduler

START: Final = 10
CEILING: Final = 100
_PAUSE: Final = 1.0
"""Seconds within which refusals count as one: they come in swarms."""

_ROUND: Final = 5
"""Rows that end between two changes of the limit, at least."""


class SharedLimit:
    """The limit that all workers of a batch share, kept in the queue.

    It grows with every row that ends until Wiro refuses one (code 96 or 429); from then on it falls
    to what Wiro has taken, and grows by one for each time that it was used up without a refusal.
    """

    def __init__(self, scheduler: Scheduler, ceiling: int) -> None:
        self._scheduler = scheduler
        self._ceiling = ceiling
        self._lock = asyncio.Lock()
        self._refused_at = -_PAUSE
        self._refused = False
        self._ended = 0

    async def refused(self, running: Callable[[], Awaitable[int]]) -> None:
        """Wiro takes no more; ``running`` gives how many tasks of this batch it has taken."""
        async with self._lock:
            if time.monotonic() - self._refused_at < _PAUSE:
                return
            self._refused, self._ended = True, 0
            limit = await self._scheduler.limit()
            lower = max(1, min(limit - 1, await running()))
            if lower < limit:
                await self._scheduler.set_limit(lower)
            self._refused_at = time.monotonic()

    async def ended(self) -> None:
        """A row has ended that Wiro had taken."""
        self._ended += 1
        # Every look at the limit is a request to the database.
        soon = self._ended < _ROUND or time.monotonic() - self._refused_at < _PAUSE
        if soon or self._lock.locked():
            return
        async with self._lock:
            limit = await self._scheduler.limit()
            if self._refused and self._ended < limit:
                return
            step = 1 if self._refused else self._ended
            self._ended = 0
            if limit < self._ceiling:
                await self._scheduler.set_limit(min(self._ceiling, limit + step))
