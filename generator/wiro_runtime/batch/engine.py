"""The work of a batch: rows are sent, followed to their ends and saved.

It runs on an event loop in a thread of its own, whatever its caller does: DBOS changes the event
loop that it works on.
"""

from __future__ import annotations

import asyncio
import os
import re
import secrets
import socket
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

from wiro_runtime.batch.errors import BatchError, DatabaseGone
from wiro_runtime.batch.leases import LEASE, Leases
from wiro_runtime.batch.limit import CEILING, START, SharedLimit
from wiro_runtime.batch.plan import counted
from wiro_runtime.batch.records import Row, Terms, Totals
from wiro_runtime.batch.results import Results
from wiro_runtime.batch.rows import FILES, RowRunner, disk_line, one_line
from wiro_runtime.batch.scheduler import Scheduler
from wiro_runtime.batch.settle import Settled, settle
from wiro_runtime.errors import WiroError
from wiro_runtime.http.logs import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from wiro_runtime.batch.store import Store
    from wiro_runtime.client import AsyncWiro

P = ParamSpec("P")
T = TypeVar("T")

_TICK: Final = 0.3
_RENEW: Final = 5.0
_REPORT: Final = 0.5
_PARTIAL: Final = re.compile(rf"({FILES}/\..*|\.results\.\w+|\.batch\.json)\.[0-9a-f]{{8}}\.part")
"""The paths of :class:`~wiro_runtime.results.partial_file.PartialFile`, of batches alone: their
folder may be one into which others download."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchProgress:
    """How far a batch is. ``rate`` is rows a second in this run, ``left`` the seconds that the rest
    takes at it, ``None`` where that is not known."""

    totals: Totals
    rate: float
    left: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run of a batch ended. ``stopped`` says why it ended before its rows, and is empty when
    it did not."""

    seconds: float | None = None
    stopped: str = ""
    settled: Settled = Settled()  # noqa: RUF009 - it is frozen


class Engine:
    """One run of a batch in this process, as a worker of it. The ``coordinator`` also writes the
    results and begins it; other workers only take rows."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        tool: str,
        client: AsyncWiro,
        terms: Terms,
        *,
        coordinator: bool = True,
    ) -> None:
        self._store = store
        self._folder = folder
        self._tool = tool
        self._client = client
        self._terms = terms
        self._coordinator = coordinator
        self.on_progress: Callable[[BatchProgress], None] | None = None
        self.worker = f"{socket.gethostname()[:30]}-{os.getpid()}-{secrets.token_hex(4)}"
        self._shared = store.database.shared
        self._leases = Leases(store.database, store.batch)
        self._scheduler = Scheduler(store, self.worker)
        limit = SharedLimit(self._scheduler, terms.concurrency or CEILING)
        self._rows = RowRunner(store, client, tool, folder, self.worker, terms, limit)
        self._results = Results(folder)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begun = time.monotonic()
        self._sent_before: set[int] = set()

    def start(self) -> Future[Outcome]:
        """Begin to work, in a thread."""
        return in_thread(lambda: asyncio.run(self._main()))

    def stop(self, reason: str) -> None:
        """Send no more rows, and return once the responses to those that have left were recorded.
        Tasks go on. May be called from any thread."""
        if self._loop is None:
            self._rows.stop(reason)
            return
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._rows.stop, reason)

    # The run

    async def _main(self) -> Outcome:
        self._loop = asyncio.get_running_loop()
        begin = self._begun = time.monotonic()
        try:
            await self._prepare()
            settled = await self._settle()
            if await self._db(self._store.open_rows):
                settled = await self._work() or settled
            await self._finish()
        finally:
            await self._client.aclose()
        seconds = time.monotonic() - begin
        return Outcome(seconds=seconds, stopped=self._rows.stopped, settled=settled)

    async def _work(self) -> Settled | None:
        limit = min(START, self._terms.concurrency or START)
        await self._scheduler.start(self._rows.run, limit, reset=self._coordinator)
        try:
            await self._scheduler.enqueue(await self._alive())
            return await self._until_ended()
        finally:
            self._rows.stop(self._rows.stopped)
            await self._rows.let_go()
            await self._scheduler.stop()

    async def _prepare(self) -> None:
        await self._db(self._leases.renew, self.worker, socket.gethostname())
        gone = await self._db(self._leases.workers, alive=False) if self._shared else None
        await self._db(lambda: self._leases.bury(gone, own=self.worker))
        if self._coordinator:
            sending = await self._db(self._store.intents, "sending")
            self._sent_before = {each.row.id for each in sending}
        await self._remove_partial_files()
        await self._write(self._results.begin, self._store.rows)

    async def _remove_partial_files(self) -> None:
        """Remove what killed processes had begun to save, unless other workers may be saving."""
        if not self._shared or not await self._db(self._store.open_rows):
            await self._db(_remove_partial_files, self._folder)

    async def _alive(self) -> list[str]:
        """The workers of the batch; of one in a file, the lock on its folder lets there be one."""
        others = await self._db(self._leases.workers, alive=True) if self._shared else []
        return [*others, self.worker]

    async def _settle(self) -> Settled:
        return await settle(self._store, self._client, self._tool)

    async def _until_ended(self) -> Settled | None:
        """Wait for the end of all rows, or for a reason to stop."""
        settled: Settled | None = None
        renewed = reported = alone = active = time.monotonic()
        seen = time.time()
        while not self._rows.stopping:
            self._rows.idle.clear()
            with suppress(TimeoutError):
                # The end of the last row is in the database a moment later. It is not asked as
                # often by many workers that share it.
                often = not self._shared and not self._rows.active
                await asyncio.wait_for(self._rows.idle.wait(), _TICK / 10 if often else _TICK)
            now = time.monotonic()
            try:
                if self._shared and now - renewed >= _RENEW:
                    renewed = now
                    await self._renew()
                idle = not self._rows.active and (
                    self._rows.draining or not await self._scheduler.busy()
                )
                if idle or now - reported >= _REPORT:
                    reported = now
                    seen = await self._report(seen)
                if not idle:
                    alone = now
                if idle or self._rows.active:
                    active = now
                elif now - active > LEASE:
                    # What DBOS could not record, on a full disk, would be under way for good.
                    active = now
                    await self._scheduler.resume(lambda worker: worker == self.worker)
                if not idle or self._rows.stopping or await self._may_get_more(now - alone):
                    continue
                if settled is None and (await self._db(self._store.totals)).count("uncertain"):
                    # What became of runs whose response was lost. Those that Wiro does not have
                    # are pending then: rows that workers, who may have ended before this run, were
                    # sending when it began are sent now, the others when the batch is resumed.
                    settled = await self._settle()
                    alive = await self._alive()
                    again = await self._scheduler.enqueue(alive, ["running"])
                    again += await self._scheduler.enqueue(alive, ["pending"], self._sent_before)
                    if again:
                        continue
                break
            except DatabaseGone as error:
                self._rows.stop(str(error))
            except OSError as error:
                self._rows.stop(disk_line(self._folder, error))
            except WiroError as error:
                # Wiro does not tell of its tasks; what is uncertain stays so.
                self._rows.stop(one_line(error))
        return settled

    async def _may_get_more(self, idle: float) -> bool:
        """Whether a worker that has nothing to do waits for the one that fills the queue."""
        if self._coordinator or self._rows.draining or idle > LEASE:
            return False
        return bool(await self._db(self._store.open_rows))

    async def _renew(self) -> None:
        await self._db(self._leases.renew, self.worker, socket.gethostname())
        gone = await self._db(self._leases.workers, alive=False)
        if gone:
            log.warning("batch: %s ended without a word", counted(len(gone), "worker"))
            # Forgotten last: should this worker end here, another does it all again.
            await self._scheduler.enqueue(await self._alive())
            await self._db(self._leases.bury, gone)

    async def _report(self, seen: float) -> float:
        """Add to the results and tell of the progress; returns the time up to which rows were
        seen. Clocks of machines differ, and a commit takes its time."""
        now = time.time()
        if self._coordinator:
            await self._write(self._results.add, lambda: self._store.ended_since(seen - 60.0))
        totals = await self._db(self._store.totals)
        if totals.cancelled:
            self._rows.drain("cancelled")
        if self.on_progress is not None:
            self.on_progress(self._progress(totals))
        return now

    def _progress(self, totals: Totals) -> BatchProgress:
        rate = self._rows.ended / max(time.monotonic() - self._begun, 0.001)
        rest = totals.count("pending", "sending", "running")
        return BatchProgress(totals=totals, rate=rate, left=rest / rate if rate else None)

    async def _finish(self) -> None:
        if self._store.database.gone:
            raise DatabaseGone(self._rows.stopped)
        try:
            await self._remove_partial_files()
            await self._write(self._results.write, self._store.rows)
            await self._db(self._leases.leave, self.worker)
        except OSError as error:
            raise BatchError(disk_line(self._folder, error)) from None

    async def _write(
        self, write: Callable[[list[Row]], None], read: Callable[[], list[Row]]
    ) -> None:
        if self._coordinator:
            await self._db(lambda: write(read()))

    async def _db(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        return await self._store.database.call(work, *arguments, **named)


def _remove_partial_files(folder: Path) -> None:
    with suppress(OSError):
        for path in (*folder.glob(".*.part"), *folder.glob(f"{FILES}/.*.part")):
            if _PARTIAL.fullmatch(path.relative_to(folder).as_posix()):
                path.unlink()


def in_thread(work: Callable[[], T]) -> Future[T]:
    """Call ``work`` in a thread that has no event loop and that a program does not wait for."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - result() raises it to the caller
            future.set_exception(error)

    threading.Thread(target=run, name="wiro-batch", daemon=True).start()
    return future
