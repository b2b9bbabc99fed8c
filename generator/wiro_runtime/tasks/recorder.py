"""Journal writes in threads of their own, so that an event loop never waits for the disk."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from wiro_runtime.http.loop import Workers
from wiro_runtime.tasks.budget import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from decimal import Decimal

    from wiro_runtime.tasks.journal import Journal

T = TypeVar("T")

_LOOK: Final = 1.0
"""Seconds between two looks at a write of whose end the event loop was not told."""


async def complete(work: Future[T]) -> T:
    """The result of ``work``, which a cancellation of the waiting coroutine never takes back."""
    waited = asyncio.wrap_future(work)
    # Asked for, so that asyncio does not complain about an exception never retrieved.
    waited.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
    interruption: asyncio.CancelledError | None = None
    # A signal handler that raises in the event loop may keep the news of the end from it.
    while not work.done():
        try:
            await asyncio.wait([waited], timeout=_LOOK)
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        raise interruption
    return work.result()


class Recorder:
    """The journal of a client, its budget in memory, or neither. :meth:`write` returns at once.

    Two threads: what records an accepted run never waits for those that are about to begin.
    """

    def __init__(self, journal: Journal | None, budget: Decimal | None = None) -> None:
        self.budget = budget
        self.ledger: Journal | Ledger | None = journal
        if journal is None and budget is not None:
            self.ledger = Ledger(budget)
        self._begins = Workers(1, thread_name_prefix="wiro-journal-begin")
        self._records = Workers(1, thread_name_prefix="wiro-journal-record")

    @property
    def keeps_journal(self) -> bool:
        """Whether what is recorded outlives the client."""
        return self.ledger is not None and not isinstance(self.ledger, Ledger)

    def write(
        self, work: Callable[[Journal | Ledger], T], *, begins: bool = False
    ) -> Future[T] | None:
        """Do ``work``; ``None`` without a journal and a budget. ``begins``: behind all that is to
        begin, and not with what became of runs."""
        if self.ledger is None:
            return None
        return (self._begins if begins else self._records).submit(work, self.ledger)

    def close(self) -> None:
        """Close the journal once all that was to be written is."""
        if self.ledger is not None:
            self._begins.shutdown()
            self._records.shutdown()
            self.ledger.close()
