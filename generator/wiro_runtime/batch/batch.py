"""``Batch`` and ``AsyncBatch``: the parts of a batch, for either kind of program."""

from __future__ import annotations

import asyncio
from functools import partial
from inspect import cleandoc
from typing import TYPE_CHECKING

from wiro_runtime.batch.base import BaseBatch, Report
from wiro_runtime.http.loop import run

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Self

    from wiro_runtime.batch.base import Money, OnProgress
    from wiro_runtime.batch.plan import Plan
    from wiro_runtime.batch.records import Row, Totals
    from wiro_runtime.batch.settle import Settled
    from wiro_runtime.tasks.records import Cost


_ARGUMENTS = cleandoc(BaseBatch.__doc__ or "").partition("\n\n")[2]


class Batch(BaseBatch):
    """A table of runs, for programs that block."""

    __doc__ = f"{__doc__}\n\n{_ARGUMENTS}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._close()

    def plan(self) -> Plan:
        """Check and price every row; nothing is sent, and nothing written."""
        return self._planned()

    def run(self, on_progress: OnProgress | None = None) -> Report:
        """Run every row that was not run before, and return when all have ended or something is in
        the way that :attr:`Report.stopped` tells. ``on_progress`` is called twice a second."""
        # In this thread, where Ctrl-C ends it at once: a large table takes many seconds.
        self._planned()
        return run(self._drive(self._engine_for_run, on_progress))

    def resume(
        self,
        on_progress: OnProgress | None = None,
        *,
        budget: Money | None = None,
        concurrency: int | None = None,
    ) -> Report:
        """Go on with what is unfinished. Uncertain rows are compared with the tasks of the account
        first; those that Wiro has not are sent, those of which that is not clear are left."""
        rest = partial(self._engine_for_rest, budget, concurrency, retry=False)
        return run(self._drive(rest, on_progress))

    def retry(
        self,
        on_progress: OnProgress | None = None,
        *,
        budget: Money | None = None,
        concurrency: int | None = None,
    ) -> Report:
        """Run the rows once more that failed or were cancelled, and go on with all others."""
        rest = partial(self._engine_for_rest, budget, concurrency, retry=True)
        return run(self._drive(rest, on_progress))

    def cancel(self) -> int:
        """Send no more rows, also when another process runs the batch; returns how many rows are
        cancelled by that. Tasks go on, and are followed by :meth:`resume`."""
        return self._store().cancel_pending()

    def settle(
        self, *, tasks: Mapping[int, str] | None = None, absent: Iterable[int] = ()
    ) -> Settled:
        """Compare uncertain rows with the tasks of the account; nothing is sent.

        ``tasks`` says of rows which task they are, ``absent`` of which rows it is certain that Wiro
        did not accept them, where that was found out otherwise.
        """
        return self._settle_alone(tasks or {}, absent)

    def status(self) -> Totals:
        """The batch in figures."""
        return self._store().totals()

    def report(self) -> Report:
        """The batch as it stands."""
        return self._reported()

    def costs(self) -> list[Cost]:
        """What runs of the batch that have ended have cost, by day; ``wiro-tools costs DIR``."""
        return self._store().costs()

    def rows(self) -> list[Row]:
        """Every row of the table, as it stands."""
        return self._store().rows()

    def write_results(self) -> None:
        """Write ``results.jsonl`` and ``results.csv`` anew, with a line for every row. A run
        that is under way does so at its end, and adds to them until then; they are left to it."""
        self._written()

    def work(self, on_progress: OnProgress | None = None) -> Report:
        """Take rows of a batch that :meth:`join` has found, until all have ended."""
        return run(self._drive(self._engine_for_work, on_progress, alone=False))


class AsyncBatch(BaseBatch):
    """:class:`Batch` for asyncio; the same methods, awaited."""

    __doc__ = f"{__doc__}\n\n{_ARGUMENTS}"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """See :meth:`Batch.close`."""
        await asyncio.to_thread(self._close)

    async def plan(self) -> Plan:
        """See :meth:`Batch.plan`."""
        return await asyncio.to_thread(self._planned)

    async def run(self, on_progress: OnProgress | None = None) -> Report:
        """See :meth:`Batch.run`; ``on_progress`` may be a coroutine function. A cancellation stops
        sending, and is raised once the responses to what was sent are recorded."""
        return await self._drive(self._engine_for_run, on_progress)

    async def resume(
        self,
        on_progress: OnProgress | None = None,
        *,
        budget: Money | None = None,
        concurrency: int | None = None,
    ) -> Report:
        """See :meth:`Batch.resume`."""
        rest = partial(self._engine_for_rest, budget, concurrency, retry=False)
        return await self._drive(rest, on_progress)

    async def retry(
        self,
        on_progress: OnProgress | None = None,
        *,
        budget: Money | None = None,
        concurrency: int | None = None,
    ) -> Report:
        """See :meth:`Batch.retry`."""
        rest = partial(self._engine_for_rest, budget, concurrency, retry=True)
        return await self._drive(rest, on_progress)

    async def cancel(self) -> int:
        """See :meth:`Batch.cancel`."""
        return await asyncio.to_thread(lambda: self._store().cancel_pending())

    async def settle(
        self, *, tasks: Mapping[int, str] | None = None, absent: Iterable[int] = ()
    ) -> Settled:
        """See :meth:`Batch.settle`."""
        return await asyncio.to_thread(self._settle_alone, tasks or {}, absent)

    async def status(self) -> Totals:
        """See :meth:`Batch.status`."""
        return await asyncio.to_thread(lambda: self._store().totals())

    async def report(self) -> Report:
        """See :meth:`Batch.report`."""
        return await asyncio.to_thread(self._reported)

    async def costs(self) -> list[Cost]:
        """See :meth:`Batch.costs`."""
        return await asyncio.to_thread(lambda: self._store().costs())

    async def rows(self) -> list[Row]:
        """See :meth:`Batch.rows`."""
        return await asyncio.to_thread(lambda: self._store().rows())

    async def write_results(self) -> None:
        """See :meth:`Batch.write_results`."""
        await asyncio.to_thread(self._written)

    async def work(self, on_progress: OnProgress | None = None) -> Report:
        """See :meth:`Batch.work`."""
        return await self._drive(self._engine_for_work, on_progress, alone=False)
