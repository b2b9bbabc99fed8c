"""Journal writes in threads of their own, so that an event loop never waits for the disk."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from wiro_runtime.http.loop import Workers
from wiro_runtime.tasks.budget import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future
    from decimal import Decimal

    from wiro_runtime.price import Price
    from wiro_runtime.tasks.journal import Journal
    from wiro_runtime.tasks.records import LostSubmission

T = TypeVar("T")


async def complete(work: Future[T]) -> T:
    """Wait for the end of ``work`` whatever happens to the waiting coroutine.

    A cancellation is raised once the work has ended; it never takes the work back.
    """
    waited = asyncio.wrap_future(work)
    interruption: asyncio.CancelledError | None = None
    while not waited.done():
        try:
            await asyncio.wait([waited])
        except asyncio.CancelledError as error:
            interruption = error
    if interruption is not None:
        if not waited.cancelled():
            # Asked for, so that asyncio does not complain about an exception never retrieved.
            waited.exception()
        raise interruption
    return waited.result()


class Recorder:
    """The journal of a client, its budget in memory, or neither. Every method returns at once with
    the future of its write.

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

    def begin(
        self, key: str, tool: str, inputs: Mapping[str, Any], price: Price
    ) -> Future[str] | None:
        """Record that a run is about to be sent, and reserve its price; ``None`` without a journal
        and a budget."""
        if self.ledger is None:
            return None
        if isinstance(self.ledger, Ledger):
            return self._begins.submit(self.ledger.begin, tool, inputs, key, price)
        return self._begins.submit(self.ledger.begin, tool, inputs, key, price, self.budget)

    def accepted(self, key: str, task_id: str, token: str) -> Future[None] | None:
        """Record the task that a run became."""
        return self._submit(key, lambda journal: journal.accepted(key, task_id, token))

    def settled(self, key: str, reason: str) -> Future[None] | None:
        """Record that a run became no task."""
        return self._submit(key, lambda journal: journal.settled(key, reason))

    def forget(self, lost: LostSubmission) -> Future[None] | None:
        """Take a lost submission off the journal; ``None`` without one."""
        journal = self.ledger
        if journal is None or isinstance(journal, Ledger):
            return None
        return self._records.submit(journal.forget, lost)

    def uncertain(self, key: str, reason: str) -> Future[None] | None:
        """Record that a run may have become a task."""
        return self._submit(key, lambda journal: journal.uncertain(key, reason))

    def ended(
        self, status: str, task_id: str, token: str, cost: Decimal | None
    ) -> Future[None] | None:
        """Record that a task has ended."""
        return self._submit("any", lambda journal: journal.ended(status, task_id, token, cost))

    def _submit(self, key: str, write: Callable[[Journal | Ledger], None]) -> Future[None] | None:
        if self.ledger is None or not key:
            return None
        return self._records.submit(partial(write, self.ledger))

    def close(self) -> None:
        """Close the journal once all that was to be written is."""
        if self.ledger is not None:
            self._begins.shutdown()
            self._records.shutdown()
            self.ledger.close()
