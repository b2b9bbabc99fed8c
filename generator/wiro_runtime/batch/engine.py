"""The work of a batch: rows are sent, followed to their ends and saved.

It runs on an event loop in a thread of its own, whatever its caller does: DBOS changes the event
loop that it works on.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from wiro_runtime.batch.errors import BatchError, DatabaseGone
from wiro_runtime.batch.leases import Leases
from wiro_runtime.batch.limit import CEILING, START, SharedLimit
from wiro_runtime.batch.plan import counted, dollars
from wiro_runtime.batch.records import Row, Terms, Totals, restore_body
from wiro_runtime.batch.results import Results
from wiro_runtime.batch.scheduler import Scheduler
from wiro_runtime.batch.settle import settle
from wiro_runtime.batch.store import BudgetSpent, Intent
from wiro_runtime.errors import (
    ApiError,
    AuthenticationError,
    ConcurrencyLimitError,
    ConfigurationError,
    ConnectionFailed,
    DownloadError,
    InsufficientBalanceError,
    InvalidInputs,
    NotFoundError,
    PriceExceeded,
    RateLimitError,
    SubmissionUncertain,
    TaskCancelled,
    TaskFailed,
    TaskTimeout,
    WiroError,
)
from wiro_runtime.http.logs import log
from wiro_runtime.results.filenames import safe_name

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from wiro_runtime.batch.records import Status
    from wiro_runtime.batch.settle import Settled
    from wiro_runtime.batch.store import Store
    from wiro_runtime.client import AsyncWiro
    from wiro_runtime.results.result import AsyncResult
    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.task import AsyncTask

FILES: Final = "files"
"""The folder for what rows make, in that of the batch."""

_TICK: Final = 0.3
_RENEW: Final = 5.0
_REPORT: Final = 0.5
_DELAYS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before another attempt at what certainly did nothing, or costs nothing."""
_ROOM: Final = 0.5
"""Seconds between two looks at a budget that is reserved as a whole."""
_LOCAL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
"""What is wrong with a disk, and not with one file."""


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

    totals: Totals
    seconds: float
    stopped: str
    settled: Settled


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What became of an attempt to send a row: its ``task`` or, where Wiro has certainly not
    accepted the run, in how many seconds to try ``again`` (0.0: as a backoff says), at the
    concurrency limit when it is ``full``. Nothing of all that: the row must not be sent."""

    task: AsyncTask | None = None
    again: float | None = None
    full: bool = False


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
        self._scheduler = Scheduler(store, self.worker, self._run_row)
        ceiling = terms.concurrency or CEILING
        self._limit = SharedLimit(self._scheduler, ceiling, time.monotonic)
        self._results = Results(folder)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = False
        self._stopped = ""
        self._failure: BaseException | None = None
        self._outcome: Outcome | None = None
        self._waits: set[asyncio.Task[Any]] = set()
        self._sends: set[asyncio.Task[Any]] = set()
        self._active = self._following = self._waiting = 0
        self._free = asyncio.Semaphore(0)
        self._wake = asyncio.Event()
        self._begun = time.monotonic()
        self._ended = 0

    # Its thread

    def start(self) -> threading.Thread:
        """Begin to work, in a thread; :meth:`result` has its outcome once that has ended."""
        thread = threading.Thread(target=self._in_thread, name="wiro-batch", daemon=True)
        thread.start()
        return thread

    def _in_thread(self) -> None:
        try:
            self._outcome = asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - raised again by result()
            self._failure = error

    def result(self) -> Outcome:
        if self._failure is not None:
            raise self._failure
        if self._outcome is None:
            raise BatchError("the batch did not end")
        return self._outcome

    def stop(self, reason: str) -> None:
        """Send no more rows, and return once the responses to those that have left were recorded.
        Tasks go on. May be called from any thread."""
        loop = self._loop
        if loop is None:
            self._stopping, self._stopped = True, reason
            return
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(self._stop, reason)

    def _stop(self, reason: str) -> None:
        if self._stopping:
            return
        self._stopping, self._stopped = True, reason
        for each in self._waits:
            each.cancel()
        self._wake.set()

    # The run

    async def _main(self) -> Outcome:
        self._loop = asyncio.get_running_loop()
        begin = self._begun = time.monotonic()
        try:
            await self._prepare()
            settled = await self._settle()
            await self._scheduler.start(
                min(START, self._terms.concurrency or START), reset=self._coordinator
            )
            try:
                await self._scheduler.enqueue(await self._alive())
                settled = await self._until_ended() or settled
            finally:
                self._stop(self._stopped)
                await self._let_go()
                await self._scheduler.stop()
            totals = await self._finish()
        finally:
            await self._client.aclose()
        seconds = time.monotonic() - begin
        return Outcome(totals=totals, seconds=seconds, stopped=self._stopped, settled=settled)

    async def _prepare(self) -> None:
        await self._db(self._leases.renew, self.worker, socket.gethostname())
        gone = await self._db(self._leases.gone) if self._shared else None
        await self._db(lambda: self._leases.bury(gone, own=self.worker))
        await self._write(self._results.begin, self._listed)

    async def _alive(self) -> list[str]:
        if self._shared:
            return [*(await self._db(self._leases.alive)), self.worker]
        # The lock on its folder says that there is no other.
        return [self.worker]

    async def _settle(self) -> Settled:
        return await settle(self._store, self._client, self._tool)

    async def _until_ended(self) -> Settled | None:
        """Wait for the end of all rows, or for a reason to stop."""
        settled: Settled | None = None
        renewed = reported = time.monotonic()
        seen = time.time()
        while not self._stopping:
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _TICK)
            now = time.monotonic()
            try:
                if now - renewed >= _RENEW:
                    renewed = now
                    await self._renew()
                idle = not self._active and not await self._scheduler.busy()
                if idle or now - reported >= _REPORT:
                    reported = now
                    seen = await self._report(seen)
                if not idle or self._stopping:
                    continue
                if settled is None and (await self._db(self._store.totals)).count("uncertain"):
                    # What became of runs whose response was lost; those that Wiro does not have
                    # are pending then, and are sent when the batch is resumed.
                    settled = await self._settle()
                    if settled.found:
                        await self._scheduler.enqueue(await self._alive(), ["running"])
                        continue
                break
            except DatabaseGone as error:
                self._stop(str(error))
            except OSError as error:
                self._stop(_disk(self._folder, error))
        return settled

    async def _renew(self) -> None:
        await self._db(self._leases.renew, self.worker, socket.gethostname())
        if not self._shared:
            return
        gone = await self._db(self._leases.gone)
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
            self._stop("cancelled")
        if self.on_progress is not None:
            self.on_progress(self._progress(totals))
        return now

    def _progress(self, totals: Totals) -> BatchProgress:
        rate = self._ended / max(time.monotonic() - self._begun, 0.001)
        rest = totals.count("pending", "sending", "running")
        return BatchProgress(totals=totals, rate=rate, left=rest / rate if rate else None)

    async def _let_go(self) -> None:
        """Wait for the responses to what was sent, so that no task is lost."""
        while self._sends or self._active:
            waiting = [*self._sends, *self._waits]
            if waiting:
                await asyncio.wait(waiting, timeout=1.0)
            else:
                await asyncio.sleep(0.02)

    async def _finish(self) -> Totals:
        if self._store.database.gone:
            raise DatabaseGone(self._stopped)
        try:
            await self._write(self._results.write, self._listed)
            await self._db(self._leases.leave, self.worker)
            return await self._db(self._store.totals)
        except OSError as error:
            raise BatchError(_disk(self._folder, error)) from None

    def _listed(self) -> list[Row]:
        return self._store.rows()

    async def _write(
        self, write: Callable[[list[Row]], None], read: Callable[[], list[Row]]
    ) -> None:
        if self._coordinator:
            await self._db(lambda: write(read()))

    async def _db(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await self._store.database.call(work, *arguments)

    # One row

    async def _run_row(self, row_id: int) -> None:
        """Bring a row to its end from wherever it is. What goes wrong is recorded, and nothing is
        raised: to DBOS, a workflow that fails is one that has ended."""
        if self._stopping:
            return
        self._active += 1
        try:
            row = await self._db(self._store.row, row_id)
            if row.status == "pending":
                task = await self._submit(row)
            elif row.status == "running":
                task = self._client.task(row.task or row.token)
            else:
                return
            if task is not None:
                self._following += 1
                try:
                    await self._follow(replace(row, task=task.id, token=task.token), task)
                finally:
                    self._following -= 1
        except DatabaseGone as error:
            self._stop(str(error))
        except OSError as error:
            self._stop(_disk(self._folder, error))
        except Exception as error:  # noqa: BLE001 - DBOS would take it for the end of the row
            log.exception("batch: row %s", row_id)
            self._stop(f"{type(error).__name__}: {error}")
        finally:
            self._active -= 1
            if not self._active:
                self._wake.set()

    async def _submit(self, row: Row) -> AsyncTask | None:
        """Send a row as soon as Wiro takes it, and once only."""
        failures = 0
        while not self._stopping:
            intent = Intent(row)
            # A task of its own: once a request has left, its response is waited for and recorded,
            # whatever becomes of this coroutine.
            job = asyncio.create_task(self._send(intent))
            self._sends.add(job)
            job.add_done_callback(self._sends.discard)
            attempt = await asyncio.shield(job)
            if attempt.again is None:
                return attempt.task
            delay = attempt.again or _DELAYS[min(failures, len(_DELAYS) - 1)]
            failures += 1
            await (self._until_free(delay) if attempt.full else self._pause(delay))
        return None

    async def _until_free(self, seconds: float) -> None:
        """Wait until a task of this worker has ended, ``seconds`` at most: others may be of the
        same account."""
        self._waiting += 1
        try:
            with suppress(TimeoutError):
                await self._stoppable(asyncio.wait_for(self._free.acquire(), seconds))
        finally:
            self._waiting -= 1

    async def _send(self, intent: Intent) -> _Attempt:
        """Send a row, if that is ours to do."""
        row = intent.row
        try:
            if not await self._db(self._store.intend, intent, self.worker):
                return _Attempt()
        except BudgetSpent:
            if self._following:
                # One that fails, or costs less than it might, leaves room for another.
                return _Attempt(again=_ROOM)
            budget = dollars(self._terms.budget or Decimal(0))
            self._stop(f"the budget of {budget} does not cover another row")
            return _Attempt()
        try:
            body = restore_body(row.body, row.files)
            task = await self._client.submit(
                self._tool,
                body,
                timeout=0,
                validate=False,
                allow_unknown=self._terms.allow_unknown,
            )
        except (ConcurrencyLimitError, RateLimitError) as error:
            await self._db(self._store.withdraw, intent)
            await self._limit.refused(self._running)
            return _Attempt(again=error.retry_after or 0.0, full=True)
        except SubmissionUncertain as error:
            await self._db(self._store.uncertain, row.id, row.attempt, _line(error))
            return _Attempt()
        except ConnectionFailed as error:
            if error.maybe_sent:
                await self._db(self._store.uncertain, row.id, row.attempt, _line(error))
                return _Attempt()
            await self._db(self._store.withdraw, intent)
            log.warning("batch: %s", error)
            return _Attempt(again=0.0)
        except (
            AuthenticationError,
            ConfigurationError,
            InsufficientBalanceError,
            NotFoundError,
            PriceExceeded,  # the budget of the client; that of the batch is the store's
        ) as error:
            await self._db(self._store.withdraw, intent)
            self._stop(_line(error))
            return _Attempt()
        except (InvalidInputs, ApiError) as error:
            await self._db(self._store.withdraw, intent, _line(error))
            return _Attempt()
        except BaseException as error:
            await self._db(self._store.uncertain, row.id, row.attempt, _line(error))
            raise
        await self._db(self._store.accepted, row.id, row.attempt, task.id, task.token)
        return _Attempt(task=task)

    async def _running(self) -> int:
        totals: Totals = await self._db(self._store.totals)
        return totals.count("running")

    async def _follow(self, row: Row, task: AsyncTask) -> None:
        """Wait for the end of a task and record it, files included."""
        failures = 0
        while not self._stopping:
            try:
                result = await self._stoppable(task.wait())
                if result is None:
                    return
                saved = await self._stoppable(self._save(row, result))
                if saved is None:
                    return
            except (TaskFailed, TaskCancelled) as error:
                status = "cancelled" if isinstance(error, TaskCancelled) else "failed"
                await self._end(row, status, error.detail, error=_line(error))
            except TaskTimeout:
                continue
            except (AuthenticationError, ConfigurationError) as error:
                self._stop(_line(error))
                return
            except DownloadError as error:
                if isinstance(error.__cause__, OSError) and error.__cause__.errno in _LOCAL:
                    raise error.__cause__ from None
                failures += 1
                if failures >= len(_DELAYS) or not error.retryable:
                    await self._db(self._store.note, row, f"files not saved: {_line(error)}")
                    return
                await self._pause(_DELAYS[failures - 1])
                continue
            except NotFoundError as error:
                await self._end(row, "failed", None, error=_line(error))
            except WiroError as error:
                # Asking costs nothing, and the task goes on.
                log.warning("batch: row %s: %s", row.row, error)
                await self._pause(_DELAYS[min(failures, len(_DELAYS) - 1)])
                failures += 1
                continue
            else:
                await self._end(row, "done", result.detail, saved=saved)
            self._ended += 1
            if self._waiting:
                self._free.release()
            await self._limit.ended()
            return

    async def _end(
        self,
        row: Row,
        status: Status,
        detail: TaskDetail | None,
        *,
        error: str = "",
        saved: Sequence[str] = (),
    ) -> None:
        cost = None if detail is None else detail.cost
        seconds = None if detail is None else detail.elapsed
        await self._db(
            lambda: self._store.ended(
                row, status, cost=cost, seconds=seconds, error=error, saved=saved
            )
        )

    async def _save(self, row: Row, result: AsyncResult) -> list[str]:
        """Save what a row made under names of its own; returns them, relative to the folder of the
        batch. A second time it replaces what the first has saved."""
        folder = self._folder / FILES
        outputs = [each for each in result.outputs if each.url is not None or each.text is not None]
        if not outputs and not result.text:
            return []
        await self._db(lambda: folder.mkdir(parents=True, exist_ok=True))
        names: list[str] = []
        for number, output in enumerate(outputs, 1):
            suffix = PurePosixPath(safe_name(output.name)).suffix
            name = f"{row.label}{'' if number == 1 else f'-{number}'}{suffix}"
            await output.save(folder / name)
            names.append(f"{FILES}/{name}")
        if not outputs:
            # A tool without outputs has its text in its log.
            name = f"{row.label}.txt"
            text = result.text.encode(errors="replace")
            await self._db((folder / name).write_bytes, text)
            names.append(f"{FILES}/{name}")
        return names

    async def _stoppable(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What ``work`` gives, ``None`` when the batch stops meanwhile."""
        job = asyncio.create_task(work)
        self._waits.add(job)
        try:
            if self._stopping:
                job.cancel()
            return await job
        except asyncio.CancelledError:
            if self._stopping:
                return None
            job.cancel()
            raise
        finally:
            self._waits.discard(job)

    async def _pause(self, seconds: float) -> None:
        await self._stoppable(asyncio.sleep(seconds))


def _line(error: BaseException) -> str:
    return "; ".join(str(error).splitlines()) or type(error).__name__


def _disk(folder: Path, error: OSError) -> str:
    return f"{error.filename or folder}: {(error.strerror or str(error)).lower()}"
