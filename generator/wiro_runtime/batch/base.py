"""What both kinds of batch share: a table of runs and the folder that holds all about it."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
from collections import Counter
from contextlib import ExitStack, nullcontext, suppress
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx2

from wiro_runtime.base_client import Client
from wiro_runtime.batch.database import FILE, Database, check_address
from wiro_runtime.batch.engine import Engine, Outcome, in_thread
from wiro_runtime.batch.leases import Leases
from wiro_runtime.batch.lock import BatchRunsError, locked
from wiro_runtime.batch.plan import Plan, Planner, counted
from wiro_runtime.batch.records import ENDED, Row, Status, Terms, Totals
from wiro_runtime.batch.results import Results
from wiro_runtime.batch.rows import disk_line
from wiro_runtime.batch.settle import Settled, settle
from wiro_runtime.batch.store import Store, create_batch, list_batches
from wiro_runtime.batch.table import Table, list_rows, read_table
from wiro_runtime.client import AsyncWiro
from wiro_runtime.errors import ConfigurationError
from wiro_runtime.http.loop import call_back, run
from wiro_runtime.inputs.arguments import check_path, check_whole, read_dollars, read_inputs
from wiro_runtime.price import dollars
from wiro_runtime.results.partial_file import write_whole
from wiro_runtime.tasks.budget import Ledger
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.tasks.recorder import complete

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from os import PathLike
    from typing import Self, TypeAlias

    from wiro_runtime.batch.engine import BatchProgress
    from wiro_runtime.batch.table import TableSource

    Money: TypeAlias = "Decimal | str | int | float"
    OnProgress: TypeAlias = "Callable[[BatchProgress], object]"

_NAME: Final = "batch.json"
_SOURCES: Final = (str, os.PathLike, Table)
_ERRORS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a batch stands. ``stopped`` says why its last run ended before its rows, and is empty
    when it did not; ``errors`` counts what went wrong, by its text, the most frequent first;
    ``low`` and ``high`` are what the rows that were sent were expected to cost, ``high`` unknown
    where one of them had no upper bound."""

    tool: str
    folder: Path
    totals: Totals
    stopped: str = ""
    seconds: float | None = None
    errors: tuple[tuple[str, int], ...] = ()
    low: Decimal | None = None
    high: Decimal | None = None
    settled: Settled = Settled()  # noqa: RUF009 - it is frozen

    @property
    def complete(self) -> bool:
        """Whether every row has ended well."""
        return self.totals.count("done") == self.totals.rows

    @property
    def unfinished(self) -> int:
        """Rows that :meth:`Batch.resume` goes on with."""
        return self.totals.count("pending", "sending", "running")

    def __str__(self) -> str:
        totals = self.totals
        parts = [f"{totals.count('done'):,} of {counted(totals.rows, 'row')} done"]
        others: list[Status] = ["failed", "refused", "cancelled", "uncertain"]
        parts += [f"{totals.count(each):,} {each}" for each in others if totals.count(each)]
        if self.unfinished:
            parts.append(f"{self.unfinished:,} to do")
        parts.append(dollars(totals.spent))
        if self.seconds is not None:
            parts.append(duration(self.seconds))
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """A length of time for people."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


class BaseBatch:
    """What both kinds of batch share: everything, as functions that block.

    ``tool`` is ``owner/project``; ``rows`` are a file (CSV, JSON lines, Parquet) or mappings, whose
    columns are inputs by either name. ``out`` is the folder of the batch. ``constants`` are inputs
    of all rows where a row says nothing; ``columns`` says which input a column is, ``""`` for none.

    ``budget`` limits what all rows cost together, until another one is given, and ``max_cost`` what
    each may, in dollars; a row of unknown price is refused then, unless ``allow_unknown``.
    ``concurrency`` is the most tasks at a time; without it, as many as Wiro takes. ``database`` is
    the address of a PostgreSQL server for a batch with workers on many machines. ``client`` is a
    client whose settings are used (but tasks of a batch that is interrupted always go on), by
    default one made from the environment. ``force`` runs rows again that have ended. ``package`` is
    the generated package that has the tool.
    """

    def __init__(
        self,
        tool: str,
        rows: TableSource | Table | None = None,
        *,
        out: str | PathLike[str],
        client: Client[Any, Any] | None = None,
        constants: Mapping[str, Any] | None = None,
        columns: Mapping[str, str] | None = None,
        budget: Money | None = None,
        max_cost: Money | None = None,
        allow_unknown: bool = False,
        concurrency: int | None = None,
        database: str | None = None,
        force: bool = False,
        package: str = "wiro_tools",
    ) -> None:
        check_path("out", out)
        if client is not None and isinstance(vars(client)["_http_client"], httpx2.AsyncClient):
            # Its connections would belong to the loop of the batch, also when that has ended.
            raise ConfigurationError(
                "client: a batch has an event loop of its own, which cannot share an "
                "httpx2.AsyncClient; give it Wiro(http_client=httpx2.Client(...))"
            )
        if concurrency is not None:
            check_whole("concurrency", concurrency, 1)
        if database is not None:
            check_address(database)
        self.tool = tool
        self.folder = Path(out)
        self._source = rows if rows is None or isinstance(rows, _SOURCES) else list_rows(rows)
        self._client = client
        self._constants = read_inputs({} if constants is None else constants, "constants")
        self._columns = read_inputs({} if columns is None else columns, "columns")
        self._terms = Terms(
            budget=_dollars_or_none("budget", budget),
            max_cost=_dollars_or_none("max_cost", max_cost),
            allow_unknown=allow_unknown,
            concurrency=concurrency,
        )
        self._database = database
        self._force = force
        self._package = package
        self._table: Table | None = None
        self._plan: Plan | None = None
        self._opened: Store | None = None

    @classmethod
    def join(
        cls,
        out: str | PathLike[str],
        *,
        database: str,
        batch: str | None = None,
        client: Client[Any, Any] | None = None,
    ) -> Self:
        """A batch that another machine has begun in a PostgreSQL database: :meth:`work` takes rows
        of it. ``batch`` is its id where the database has several; files are saved in ``out``."""
        check_path("out", out)
        check_address(database)
        server = Database(database, Path(out))
        try:
            found = list_batches(server) if server.has_tables() else {}
        finally:
            server.close()
        if batch is None and len(found) == 1:
            batch = next(iter(found))
        if batch is None or batch not in found:
            names = ", ".join(list(found)[:5]) or "none"
            raise ConfigurationError(f"batch: say which one of the database is meant: {names}")
        folder = Path(out)
        if (folder / _NAME).exists() and _read_name(folder)["batch"] != batch:
            raise ConfigurationError(f"{folder} holds another batch; use another folder")
        _write_name(folder, {"batch": batch, "tool": found[batch], "shared": True})
        return cls(found[batch], out=out, client=client, database=database)

    @classmethod
    def open(
        cls,
        out: str | PathLike[str],
        *,
        client: Client[Any, Any] | None = None,
        database: str | None = None,
    ) -> Self:
        """The batch that is in the folder ``out``, to be looked at or gone on with."""
        check_path("out", out)
        named = _read_name(Path(out))
        return cls(named["tool"], out=out, client=client, database=database)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.tool} in {self.folder}>"

    def _close(self) -> None:
        if self._opened is not None:
            self._opened.database.close()
            self._opened = None

    # The parts, as functions that block

    def _planned(self) -> Plan:
        if self._plan is None:
            if self._source is None:
                raise ConfigurationError("a batch needs rows: a file, or mappings")
            if self._table is None:
                given = self._source
                self._table = given if isinstance(given, Table) else read_table(given)
            known: dict[str, Any] = {}
            if (self.folder / _NAME).exists():
                store = self._store()
                known = store.known_keys()
                if self._terms.budget is None:
                    # One that was given stays until there is another.
                    self._terms = replace(self._terms, budget=store.terms().budget)
            planner = Planner(
                self.tool,
                package=self._package,
                constants=self._constants,
                columns=self._columns,
                terms=self._terms,
            )
            self._plan = planner.plan(self._table, known, force=self._force)
        return self._plan

    def _store(self, *, make: bool = False) -> Store:
        """The database of this batch; made when missing, or :class:`ConfigurationError`."""
        if self._opened is not None:
            return self._opened
        named = {"batch": secrets.token_hex(6)}
        if not make or (self.folder / _NAME).exists():
            named = _read_name(self.folder)
            self._check_name(named)
        database = Database(self._database, self.folder)
        with ExitStack() as failing:
            failing.callback(database.close)
            if make:
                database.create_tables()
                create_batch(database, named["batch"], self.tool)
            elif not database.has_tables():
                raise ConfigurationError(f"{self.folder}: its database {FILE} is gone")
            database.add_columns()
            failing.pop_all()
        self._opened = Store(database, named["batch"])
        return self._opened

    def _check_name(self, named: Mapping[str, Any]) -> None:
        if named["tool"] != self.tool:
            raise ConfigurationError(
                f"{self.folder} holds a batch of {named['tool']}; {self.tool} needs another folder"
            )
        if named["shared"] and self._database is None:
            raise ConfigurationError(
                f"{self.folder}: its batch is in a PostgreSQL database; say where (database)"
            )
        if self._database is not None and not named["shared"]:
            raise ConfigurationError(f"{self.folder}: this batch is in {FILE}, not in a database")

    def _engine_for_run(self) -> Engine:
        """Write the rows of the table; what is left is to send them."""
        plan = self._planned()
        client = own_client(self._client)
        store = self._store(make=True)
        store.set_terms(self._terms)
        store.put(plan.rows, force=self._force)
        if not (self.folder / _NAME).exists():
            # Last: what begins with a name has all its rows.
            shared = store.database.shared
            _write_name(self.folder, {"batch": store.batch, "tool": self.tool, "shared": shared})
        # The database has them now; many rows take a lot of room.
        self._plan = self._table = None
        return Engine(store, self.folder, self.tool, client, self._terms)

    def _engine_for_rest(
        self, budget: Money | None, concurrency: int | None, *, retry: bool
    ) -> Engine:
        client = own_client(self._client)
        store = self._store()
        terms = store.terms()
        if budget is not None:
            terms = replace(terms, budget=_dollars_or_none("budget", budget))
        if concurrency is not None:
            check_whole("concurrency", concurrency, 1)
            terms = replace(terms, concurrency=concurrency)
        store.set_terms(terms)
        if retry:
            store.retry()
        return Engine(store, self.folder, self.tool, client, terms)

    def _engine_for_work(self) -> Engine:
        store = self._store()
        if not store.database.shared:
            # It would take the rows that another process is sending for lost.
            raise ConfigurationError(
                f"{self.folder}: its batch is in {FILE}, which one process runs; resume() goes on "
                "with it"
            )
        client = own_client(self._client)
        return Engine(store, self.folder, self.tool, client, store.terms(), coordinator=False)

    def _reported(self, outcome: Outcome | None = None) -> Report:
        """The batch as its database tells it, and how its last run ended."""
        store = self._store()
        rows = store.rows()
        errors = Counter(_without_names(row) for row in rows if row.error and row.status != "done")
        sent = [row for row in rows if row.status in ENDED and row.task]
        bounded = all(row.high is not None for row in sent)
        ended = outcome or Outcome()
        return Report(
            tool=self.tool,
            folder=self.folder,
            totals=store.totals(),
            stopped=ended.stopped,
            seconds=ended.seconds,
            errors=tuple(errors.most_common(_ERRORS)),
            low=sum((row.low for row in sent if row.low is not None), Decimal(0)),
            high=sum((row.high or Decimal(0) for row in sent), Decimal(0)) if bounded else None,
            settled=ended.settled,
        )

    async def _settled(self, store: Store) -> Settled:
        async with own_client(self._client) as client:
            return await settle(store, client, self.tool)

    def _settle_alone(self, tasks: Mapping[int, str], absent: Iterable[int]) -> Settled:
        """Settle while no other process runs this batch."""
        with locked(self.folder):
            store = self._store()
            if not store.database.shared:
                Leases(store.database, store.batch).bury(None)
            self._told(store, tasks, absent)
            settled = run(self._settled(store))
            Results(self.folder).write(store.rows())
            return settled

    def _told(self, store: Store, tasks: Mapping[int, str], absent: Iterable[int]) -> None:
        """Record the outcomes of uncertain rows that the caller gives."""
        lost = {each.row.row: each for each in store.intents("uncertain")}
        for number in (*tasks, *absent):
            if number not in lost:
                raise ConfigurationError(f"row {number} is not uncertain")
        for number, task in tasks.items():
            store.accepted(lost[number].row, task, "")
        for number in absent:
            store.withdraw(lost[number])

    def _written(self) -> None:
        # Who runs the batch adds to them, and writes them anew at its end.
        with suppress(BatchRunsError), locked(self.folder):
            Results(self.folder).write(self._store().rows())

    async def _drive(
        self, begin: Callable[[], Engine], on_progress: OnProgress | None, *, alone: bool = True
    ) -> Report:
        """Run an engine to its end, ``alone`` in the folder. A cancellation stops sending, and is
        raised once the responses to what was sent are recorded."""
        with locked(self.folder) if alone else nullcontext():
            engine = await complete(in_thread(begin))
            loop = asyncio.get_running_loop()
            news: asyncio.Queue[BatchProgress | None] = asyncio.Queue()

            def tell(progress: BatchProgress | None) -> None:
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(news.put_nowait, progress)

            engine.on_progress = tell
            running = engine.start()
            running.add_done_callback(lambda _: tell(None))
            try:
                while (progress := await news.get()) is not None:
                    if on_progress is not None:
                        await call_back(on_progress, progress)
            except BaseException:
                engine.stop("interrupted")
                with suppress(Exception):
                    await complete(running)
                raise
            return await asyncio.to_thread(self._reported, running.result())


def own_client(client: Client[Any, Any] | None) -> AsyncWiro:
    """A client for the event loop of a batch, with the settings of ``client``."""
    if client is None:
        return AsyncWiro()
    settings: Any = vars(client)
    twin = object.__new__(AsyncWiro)
    recorder = client.service.recorder
    # A batch has records of its own, and needs no journal, unless a budget is kept there.
    kept = recorder.ledger if recorder.budget is not None else None
    # Its key is in its settings, and nowhere else.
    vars(twin).update(
        # What stops a batch may be a full disk; resume() follows the tasks that it has paid for.
        _settings=replace(settings["_settings"], on_interrupt="leave"),
        _http_client=settings["_http_client"],
        _journal=Journal(kept.path) if isinstance(kept, Journal) else None,
        _budget=settings["_budget"],
    )
    twin._start()  # pyright: ignore[reportPrivateUsage] - as a client's constructor ends
    if isinstance(kept, Ledger):
        twin.service.recorder.ledger = kept
    return twin


def _dollars_or_none(name: str, value: object) -> Decimal | None:
    return None if value is None else read_dollars(name, value)


def _without_names(row: Row) -> str:
    """The error of a row without the number of its task, so that equal ones count together."""
    return row.error.replace(row.task, "…") if row.task else row.error


def _read_name(folder: Path) -> dict[str, Any]:
    path = folder / _NAME
    try:
        named: Any = json.loads(path.read_bytes())
        if isinstance(named["batch"], str) and isinstance(named["tool"], str):
            return {"shared": False, **named}
    except FileNotFoundError:
        raise ConfigurationError(f"{folder}: there is no batch") from None
    except OSError as error:
        raise ConfigurationError(disk_line(path, error)) from None
    except (ValueError, KeyError, TypeError):
        pass
    raise ConfigurationError(f"{path} does not name a batch")


def _write_name(folder: Path, named: Mapping[str, Any]) -> None:
    path = folder / _NAME
    try:
        write_whole(path, f"{json.dumps(named, indent=2)}\n".encode())
        # Without its name after a power cut, a folder would begin, and pay for, another batch.
        with suppress(OSError):  # Not every system opens folders.
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
    except OSError as error:
        raise ConfigurationError(disk_line(path, error)) from None
