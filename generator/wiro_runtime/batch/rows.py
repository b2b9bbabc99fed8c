"""One row of a batch: sent once, followed to its end, and what it made saved."""

from __future__ import annotations

import asyncio
import errno
import time
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Final, TypeVar

from wiro_runtime.batch.errors import DatabaseGone
from wiro_runtime.batch.leases import LEASE
from wiro_runtime.batch.records import Row, Terms, restore_body
from wiro_runtime.batch.store import Intent
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
from wiro_runtime.price import Price, dollars
from wiro_runtime.results.filenames import safe_name
from wiro_runtime.results.partial_file import write_whole
from wiro_runtime.tasks.budget import Ceiling
from wiro_runtime.tasks.records import Origin
from wiro_runtime.tasks.submission import Submission
from wiro_runtime.tasks.task import AsyncTask

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from wiro_runtime.batch.limit import SharedLimit
    from wiro_runtime.batch.records import Status, Totals
    from wiro_runtime.batch.store import Store
    from wiro_runtime.client import AsyncWiro
    from wiro_runtime.results.result import AsyncResult

T = TypeVar("T")

FILES: Final = "files"
"""The folder for what rows make, in that of the batch."""

_DELAYS: Final = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before another attempt at what certainly did nothing, or costs nothing."""
_LONGEST: Final = 120.0
"""Seconds for which Wiro's word is taken about when to try again."""
_ROOM: Final = 0.5
"""Seconds between two looks at a budget that is reserved as a whole."""
_LOCAL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM})
"""What is wrong with a disk, and not with one file."""


class _NotAccepted(Exception):  # noqa: N818 - says what happened
    """Wiro has certainly not accepted a row, which is sent again in ``seconds`` (0.0: as a backoff
    says), at the concurrency limit when it is ``full``."""

    def __init__(self, seconds: float = 0.0, *, full: bool = False) -> None:
        super().__init__()
        self.seconds = seconds
        self.full = full


class RowRunner:
    """Runs the rows that the queue gives to this worker, on its event loop.

    ``idle`` is set when none is under way any more, ``ended`` is how many have ended here.
    """

    def __init__(
        self,
        store: Store,
        client: AsyncWiro,
        tool: str,
        folder: Path,
        worker: str,
        terms: Terms,
        limit: SharedLimit,
    ) -> None:
        self._store = store
        self._client = client
        self._tool = tool
        self._folder = folder
        self._worker = worker
        self._terms = terms
        self._limit = limit
        self._waits: set[asyncio.Task[Any]] = set()
        self._pauses: set[asyncio.Task[Any]] = set()
        self._free = asyncio.Semaphore(0)
        self._reserving = self._waiting = 0
        self.active = 0
        self.ended = 0
        self.idle = asyncio.Event()
        self.stopping = self.draining = False
        self.stopped = ""

    def stop(self, reason: str) -> None:
        """Send no more rows, and follow none any longer; their tasks go on."""
        if self.stopping:
            return
        self.stopping, self.stopped = True, self.stopped or reason
        for each in (*self._waits, *self._pauses):
            each.cancel()
        self.idle.set()

    def drain(self, reason: str) -> None:
        """Send no more rows; those that were sent are followed to their ends."""
        if self.stopping or self.draining:
            return
        self.draining, self.stopped = True, reason
        for each in self._pauses:
            each.cancel()
        self.idle.set()

    async def let_go(self) -> None:
        """Wait for the responses to what was sent, so that no task is lost."""
        while self.active:
            self.idle.clear()
            await self.idle.wait()

    async def _db(self, work: Callable[..., Any], *arguments: Any) -> Any:
        return await self._store.database.call(work, *arguments)

    async def run(self, row_id: int) -> None:
        """Bring a row to its end from wherever it is. What goes wrong is recorded, and nothing is
        raised: to DBOS, a workflow that fails is one that has ended."""
        if self.stopping:
            return
        self.active += 1
        try:
            row = await self._db(self._store.row, row_id)
            if row.status == "pending":
                task = None if self.draining else await self._submit(row)
            elif row.status == "running":
                self._reserving += 1
                task = self._client.task(row.task or row.token)
            else:
                return
            if task is not None:
                try:
                    await self._follow(replace(row, task=task.id, token=task.token), task)
                finally:
                    self._reserving -= 1
        except DatabaseGone as error:
            self.stop(str(error))
        except OSError as error:
            self.stop(disk_line(self._folder, error))
        except Exception as error:  # noqa: BLE001 - DBOS would take it for the end of the row
            log.exception("batch: row %s", row_id)
            self.stop(f"{type(error).__name__}: {error}")
        finally:
            self.active -= 1
            if not self.active:
                self.idle.set()

    async def _submit(self, row: Row) -> AsyncTask | None:
        """Send a row as soon as Wiro takes it, and once only."""
        failures = 0
        while not (self.stopping or self.draining):
            api = self._client.service.api
            try:
                return await self._send(Intent(row, Origin(api.settings.account, api.skew)))
            except _NotAccepted as again:
                delay = again.seconds or _DELAYS[min(failures, len(_DELAYS) - 1)]
                failures += 1
                await (self._until_free(delay) if again.full else self._pause(delay))
        return None

    async def _until_free(self, seconds: float) -> None:
        """Wait until a task of this worker has ended, ``seconds`` at most: others may be of the
        same account."""
        self._waiting += 1
        try:
            with suppress(TimeoutError):
                freed = asyncio.wait_for(self._free.acquire(), seconds)
                await self._unless_stopped(freed, self._pauses)
        finally:
            self._waiting -= 1

    async def _send(self, intent: Intent) -> AsyncTask | None:
        """Send a row, if that is ours to do. Raises :class:`_NotAccepted`."""
        row, terms = intent.row, self._terms
        if row.high is None and terms.budget is not None and not terms.allow_unknown:
            # The budget came after the table was checked.
            text = "is unknown, so no budget can hold; run the table again, with allow_unknown"
            self.drain(f"the price of row {row.row} {text}")
            return None
        begin = _clock()
        match await self._db(self._store.intend, intent, self._worker):
            case "given":
                pass
            case "no lease":
                raise _NotAccepted
            case "no budget" if self._reserving:
                # One that fails, or costs less than it might, leaves room for another.
                raise _NotAccepted(_ROOM)
            case "no budget":
                budget = dollars(terms.budget or Decimal(0))
                self.drain(f"the budget of {budget} does not cover another row")
                return None
            case _:
                return None
        self._reserving += 1
        task = None
        try:
            task = await self._send_once(intent, begin)
        finally:
            if task is None:
                self._reserving -= 1
        return task

    async def _send_once(self, intent: Intent, begin: float) -> AsyncTask | None:
        """Send a row whose intent is recorded since ``begin``, and record what became of it: its
        task, or ``None`` where it must not be sent again. Raises :class:`_NotAccepted`."""
        row = intent.row
        try:
            task = await self._submit_once(row, begin)
        except (ConcurrencyLimitError, RateLimitError) as error:
            await self._db(self._store.withdraw, intent)
            await self._limit.refused(self._running)
            raise _NotAccepted(min(error.retry_after or 0.0, _LONGEST), full=True) from None
        except (SubmissionUncertain, ConnectionFailed) as error:
            if isinstance(error, SubmissionUncertain) or error.maybe_sent:
                await self._db(self._store.uncertain, row, one_line(error))
                return None
            await self._db(self._store.withdraw, intent)
            log.warning("batch: %s", error)
            raise _NotAccepted from None
        except (
            AuthenticationError,
            ConfigurationError,
            InsufficientBalanceError,
            NotFoundError,
            PriceExceeded,  # the budget of the client; that of the batch is the store's
        ) as error:
            await self._db(self._store.withdraw, intent)
            self.drain(one_line(error))
            return None
        except (InvalidInputs, ApiError) as error:
            # What was checked with the table can only lack a file now, which may come back.
            status = "failed" if isinstance(error, InvalidInputs) else "refused"
            await self._db(self._store.withdraw, intent, status, one_line(error))
            return None
        except BaseException as error:
            await self._db(self._store.uncertain, row, one_line(error))
            raise
        await self._db(self._store.accepted, row, task.id, task.token)
        return task

    async def _submit_once(self, row: Row, begin: float) -> AsyncTask:
        """Send a run in one request: before another one, this worker has to look whether the row
        is its own still. It is, until the half of the lease ends that was left at ``begin``; what
        was stopped for so long, after others took the row for lost, sends nothing."""
        service = self._client.service
        body = restore_body(row.body, row.files)
        ceiling = Ceiling(allow_unknown=self._terms.allow_unknown)
        # resume() and workers need not know of the package with the price list.
        price = Price(row.low, row.high, exact=False, basis="as it was priced with the table")
        submission = Submission(self._tool, body, service.settings, ceiling=ceiling, price=price)
        submission.once = True
        if self._store.database.shared:
            submission.may_send = lambda: _clock() - begin < LEASE / 2
        with submission.named():
            try:
                state = await service.submit(submission, 0)
            except Exception as error:
                if submission.state is None:
                    raise
                # Such as a journal that could not record it now.
                log.warning("batch: %s", one_line(error))
                state = submission.state
        return AsyncTask(self._client, state)

    async def _running(self) -> int:
        totals: Totals = await self._db(self._store.totals)
        return totals.count("running")

    async def _follow(self, row: Row, task: AsyncTask) -> None:
        """Wait for the end of a task and record it, files included."""
        failures = 0
        while not self.stopping:
            try:
                result = await self._unless_stopped(task.wait(), self._waits)
                if result is None:
                    return
                saved = await self._unless_stopped(self._save(row, result), self._waits)
                if saved is None:
                    return
            except (TaskFailed, TaskCancelled) as error:
                status: Status = "cancelled" if isinstance(error, TaskCancelled) else "failed"
                await self._db(self._store.ended, row, status, error.detail, one_line(error))
            except TaskTimeout:
                continue
            except (AuthenticationError, ConfigurationError) as error:
                self.stop(one_line(error))
                return
            except DownloadError as error:
                if isinstance(error.__cause__, OSError) and error.__cause__.errno in _LOCAL:
                    raise error.__cause__ from None
                failures += 1
                if failures >= len(_DELAYS) or not error.retryable:
                    await self._db(self._store.note, row, f"files not saved: {one_line(error)}")
                    return
                await self._pause(_DELAYS[failures - 1])
                continue
            except NotFoundError as error:
                # Paid for all the same: with the key of another account no task is there.
                await self._db(self._store.note, row, one_line(error))
                return
            except WiroError as error:
                # Asking costs nothing, and the task goes on.
                log.warning("batch: row %s: %s", row.row, error)
                await self._pause(_DELAYS[min(failures, len(_DELAYS) - 1)])
                failures += 1
                continue
            else:
                await self._db(self._store.ended, row, "done", result.detail, "", saved)
            self.ended += 1
            if self._waiting:
                self._free.release()
            await self._limit.ended()
            return

    async def _save(self, row: Row, result: AsyncResult) -> list[str]:
        """Save what a row made under names of its own; returns them, relative to the folder of the
        batch. A second time it replaces what the first has saved."""
        folder = self._folder / FILES
        outputs = [each for each in result.outputs if each.url is not None or each.text is not None]
        if not outputs and not result.text:
            return []
        await self._db(_make, folder)
        names: list[str] = []
        for number, output in enumerate(outputs, 1):
            suffix = PurePosixPath(safe_name(output.name)).suffix
            # Labels of an untrusted database may hold a path, such as ../../x.
            name = safe_name(f"{row.label}{'' if number == 1 else f'-{number}'}{suffix}")
            await output.save(folder / name)
            names.append(f"{FILES}/{name}")
        if not outputs:
            # A tool without outputs has its text in its log.
            name = safe_name(f"{row.label}.txt")
            text = result.text.encode(errors="replace")
            await self._db(write_whole, folder / name, text)
            names.append(f"{FILES}/{name}")
        return names

    async def _pause(self, seconds: float) -> None:
        await self._unless_stopped(asyncio.sleep(seconds), self._pauses)

    async def _unless_stopped(
        self, work: Coroutine[Any, Any, T], jobs: set[asyncio.Task[Any]]
    ) -> T | None:
        """What ``work`` gives; ``None`` when it is cancelled as one of ``jobs``."""
        if self.stopping:
            work.close()
            return None
        job = asyncio.create_task(work)
        jobs.add(job)
        try:
            await asyncio.wait([job])
            return None if job.cancelled() else job.result()
        finally:
            job.cancel()
            jobs.discard(job)


def _make(folder: Path) -> None:
    """Make ``folder`` unless it is there. Not its parents: what has been moved away is not begun
    anew."""
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        # It is no folder, or it was moved away after it had been found.
        folder.lstat()
        raise


def _clock() -> float:
    """Seconds, those in which the computer slept among them."""
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def one_line(error: BaseException) -> str:
    return "; ".join(str(error).splitlines()) or type(error).__name__


def disk_line(path: Path, error: OSError) -> str:
    return f"{error.filename or path}: {(error.strerror or str(error)).lower()}"
