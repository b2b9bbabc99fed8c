"""DBOS, as far as a batch needs it: a durable queue of rows, one limit for all its workers.

It only schedules. A workflow has no steps, because what it does is recorded by the store: run a
second time, it goes on from there. Queue, workflow and version have fixed names, so that a later
version of this package finds what an earlier one has enqueued.
"""

from __future__ import annotations

import asyncio
import base64
import io
import logging
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

import dbos._dbos as dbos_instance
from dbos import DBOS, DBOSClient, DBOSConfig, Queue
from dbos import error as dbos_error
from dbos._serialization import DefaultSerializer
from sqlalchemy.exc import SQLAlchemyError

from wiro_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Container, Sequence

    import sqlalchemy as sa
    from dbos import EnqueueOptions, WorkflowStatus

    from wiro_runtime.batch.records import Status
    from wiro_runtime.batch.store import Store

T = TypeVar("T")

_APPLICATION: Final = "wiro-batch"
_VERSION: Final = "wiro-batch-1"
_WORKFLOW: Final = "wiro_batch_row"
_POLL: Final = 0.2


class _PlainUnpickler(pickle.Unpickler):
    """Reads numbers, texts and containers, which is all that the queue of a batch holds."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is nothing that a batch stores")


def _read_plain(cls: DefaultSerializer, serialized_data: str) -> Any:  # noqa: ARG001 - of DBOS
    """Deserialize a record of DBOS: numbers, texts and containers alone. Unpickling without that
    limit would execute code from an untrusted database."""
    return _PlainUnpickler(io.BytesIO(base64.b64decode(serialized_data))).load()


_serializer: Any = DefaultSerializer
_read_any: Final = _serializer.deserialize
_one_at_a_time: Final = threading.Lock()
_current: Callable[[int], Awaitable[None]] | None = None


@DBOS.workflow(name=_WORKFLOW)
async def _run_row(row_id: int) -> None:
    if _current is not None:
        await _current(row_id)


class Scheduler:
    """The queue of one batch. Used on one event loop; one in a process at a time."""

    def __init__(self, store: Store, worker: str) -> None:
        self._store = store
        self._worker = worker
        self._run_row: Callable[[int], Awaitable[None]] | None = None
        self._client: DBOSClient
        self._queue: Queue

    @property
    def name(self) -> str:
        return f"wiro-{self._store.batch}"

    async def start(
        self, run_row: Callable[[int], Awaitable[None]], limit: int, *, reset: bool
    ) -> None:
        """Begin to call ``run_row`` for rows, ``limit`` at a time in all workers together; without
        ``reset`` the limit stays what another worker has made it."""
        if not _one_at_a_time.acquire(blocking=False):
            raise ConfigurationError("another batch runs in this process; run it in one of its own")
        # DBOS has no public way to ask whether the process has an instance of it.
        if dbos_instance._dbos_global_instance is not None:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - no public way
            _one_at_a_time.release()
            raise ConfigurationError(
                "this process is a DBOS application itself; run the batch in a process of its own"
            )
        _silence()
        global _current  # noqa: PLW0603 - DBOS itself is one for each process
        _current = self._run_row = run_row
        _serializer.deserialize = _read_plain
        try:
            await self._launch(limit, reset=reset)
        except BaseException as error:
            await self.stop()
            if isinstance(error, SQLAlchemyError | dbos_error.DBOSException):
                self._store.database.fail(error)
            raise

    async def _launch(self, limit: int, *, reset: bool) -> None:
        config: DBOSConfig = {
            "name": _APPLICATION,
            "system_database_url": self._store.database.url,
            "system_database_engine": self._store.database.engine,
            "application_version": _VERSION,
            "executor_id": self._worker,
            "enable_otlp": False,
            "max_executor_threads": 8,
            # A batch sends no notifications, and its end waits for the thread that looks for them.
            "notification_listener_polling_interval_sec": 0.05,
        }
        database = self._store.database
        DBOS(config=config)
        DBOS.listen_queues([self.name])
        if database.shared:
            DBOS.launch()
            await database.call(self._register, limit, reset=reset)
            return
        # Registered before DBOS starts, which looks for another queue only once a second.
        await database.call(DBOS.migrate, database.url)
        await database.call(self._register, limit, reset=reset)
        DBOS.launch()

    def _register(self, limit: int, *, reset: bool) -> None:
        # Unlike DBOS itself it does not wait without end for a database that is away.
        self._client = DBOSClient(
            system_database_engine=self._store.database.engine,
            application_name=_APPLICATION,
            retry_connection_errors=False,
        )
        self._queue = self._client.register_queue(
            self.name,
            global_concurrency=limit,
            polling_interval_sec=_POLL,
            on_conflict="always_update" if reset else "never_update",
        )

    async def stop(self) -> None:
        """End DBOS; rows that it has under way must have returned."""
        global _current  # noqa: PLW0603 - see above
        if _current is None or _current is not self._run_row:
            return
        _current = None
        # DBOS has given the loop a pool of threads of its own, which is shut down now.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4))
        ending = threading.Thread(target=_destroy, name="wiro-batch-end", daemon=True)
        ending.start()
        # Where the database is gone, threads of DBOS have to notice that one after the other.
        await self._store.database.call(ending.join, 2.0 if self._store.database.gone else None)

    async def _ask(self, work: Callable[[], T]) -> T:
        database = self._store.database
        return await database.call(database.patiently, work)

    async def limit(self) -> int:
        """How many rows may be under way at a time."""
        return await self._ask(lambda: self._queue.global_concurrency) or 1

    async def set_limit(self, limit: int) -> None:
        await self._ask(lambda: self._queue.set_global_concurrency(limit))

    async def busy(self) -> bool:
        """Whether a row is in the queue, or under way in any worker."""
        return bool(await self._ask(lambda: self._listed(limit=1)))

    def _listed(self, limit: int | None = None) -> list[WorkflowStatus]:
        return self._client.list_workflows(
            queue_name=self.name,
            status=["ENQUEUED", "PENDING"],
            limit=limit,
            load_input=False,
            load_output=False,
        )

    async def resume(self, of_workers: Callable[[str | None], bool]) -> list[WorkflowStatus]:
        """Give what some workers have under way to the queue once more. Returns all that is in the
        queue or under way."""
        found = await self._ask(self._listed)
        orphans = [
            each.workflow_id
            for each in found
            if each.status == "PENDING" and of_workers(each.executor_id)
        ]
        if orphans:
            await self._ask(lambda: self._client.resume_workflows(orphans, queue_name=self.name))
        return found

    async def enqueue(
        self,
        alive: Sequence[str],
        statuses: Sequence[Status] = ("pending", "running"),
        only: Container[int] | None = None,
    ) -> int:
        """Give every row with one of ``statuses`` to the queue that is not there, or ``only`` some
        of them; ``alive`` are the workers that have not ended. Returns how many."""
        found = await self.resume(lambda worker: worker not in alive)
        queued = {int(each.workflow_id.split(":")[1]) for each in found}

        def choose(db: sa.Connection, rows: list[tuple[int, int]]) -> list[int]:
            chosen = [
                (row_id, times)
                for row_id, times in rows
                if row_id not in queued and (only is None or row_id in only)
            ]
            for row_id, times in chosen:
                options: EnqueueOptions = {
                    "workflow_name": _WORKFLOW,
                    "queue_name": self.name,
                    "workflow_id": f"{self._store.batch}:{row_id}:{times}",
                    "app_version": _VERSION,
                }
                self._client.enqueue_in_transaction(db, options, row_id)
            return [row_id for row_id, _ in chosen]

        return await self._store.database.call(self._store.enqueue, statuses, choose)


def _destroy() -> None:
    try:
        DBOS.destroy()
    finally:
        _serializer.deserialize = _read_any
        _one_at_a_time.release()


def _silence() -> None:
    """Keep DBOS off the terminal: it makes a handler of its own unless there is one."""
    log: Any = logging.getLogger("dbos")
    if not log.handlers:
        log.addHandler(logging.NullHandler())
        log.propagate = False
