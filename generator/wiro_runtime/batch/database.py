"""The database of a batch: a file in its folder, or a PostgreSQL server, and its tables.

DBOS keeps its own tables in the same database, and uses the same connections.
"""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Final, NoReturn, ParamSpec, TypeAlias, TypeVar

import sqlalchemy as sa
from dbos import error as dbos_error
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError, SQLAlchemyError

from wiro_runtime.batch.errors import DatabaseGone
from wiro_runtime.errors import ConfigurationError
from wiro_runtime.tasks.journal_file import create_file

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

P = ParamSpec("P")
T = TypeVar("T")

FILE: Final = "batch.sqlite"

PATIENCE: Final = 60.0
"""Seconds that a database may be away before a batch ends."""

_tables: Final = sa.MetaData()

BATCHES: Final = sa.Table(
    "wiro_batches",
    _tables,
    sa.Column("batch", sa.String(40), primary_key=True),
    sa.Column("tool", sa.Text, nullable=False),
    sa.Column("created", sa.Float, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("budget", sa.BigInteger),
    sa.Column("spent", sa.BigInteger, nullable=False),
    sa.Column("reserved", sa.BigInteger, nullable=False),
    sa.Column("cancelled", sa.Boolean, nullable=False),
)
ROWS: Final = sa.Table(
    "wiro_batch_rows",
    _tables,
    sa.Column("batch", sa.String(40), primary_key=True),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.String(80), nullable=False),
    sa.Column("generation", sa.Integer, nullable=False),
    sa.Column("row", sa.Integer, nullable=False),
    sa.Column("label", sa.String(40), nullable=False),
    sa.Column("listed", sa.Boolean, nullable=False),
    sa.Column("status", sa.String(12), nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("files", sa.Text, nullable=False),
    sa.Column("low", sa.BigInteger),
    sa.Column("high", sa.BigInteger),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("enqueued", sa.Integer, nullable=False),
    sa.Column("task", sa.String(64), nullable=False),
    sa.Column("token", sa.String(200), nullable=False),
    sa.Column("cost", sa.BigInteger),
    sa.Column("seconds", sa.Float),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("saved", sa.Text, nullable=False),
    sa.Column("changed", sa.Float, nullable=False),
    sa.UniqueConstraint("batch", "key", "generation"),
    sa.UniqueConstraint("batch", "label"),
    sa.Index("wiro_batch_rows_by_status", "batch", "status"),
    sa.Index("wiro_batch_rows_by_change", "batch", "changed"),
)
INTENTS: Final = sa.Table(
    "wiro_batch_intents",
    _tables,
    sa.Column("batch", sa.String(40), primary_key=True),
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("attempt", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("nonce", sa.String(32), nullable=False),
    sa.Column("worker", sa.String(64), nullable=False),
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("until", sa.Float),
    sa.Column("account", sa.String(16), nullable=False),
    sa.Column("skew", sa.Float),
    sa.Column("ended", sa.Float),
    sa.Column("cost", sa.BigInteger),
    sa.Column("task", sa.String(64), nullable=False),
    sa.Column("token", sa.String(200), nullable=False),
    sa.Index("wiro_batch_intents_by_worker", "batch", "worker"),
)
WORKERS: Final = sa.Table(
    "wiro_batch_workers",
    _tables,
    sa.Column("batch", sa.String(40), primary_key=True),
    sa.Column("worker", sa.String(64), primary_key=True),
    sa.Column("place", sa.Text, nullable=False),
    sa.Column("seen", sa.Float, nullable=False),
)


def at(table: sa.Table, batch: str, row_id: int, attempt: int) -> list[sa.ColumnElement[bool]]:
    """The condition for one attempt at a row."""
    return [table.c.batch == batch, table.c.id == row_id, table.c.attempt == attempt]


def check_address(address: str) -> None:
    """Raise :class:`ConfigurationError` for what is no address of a PostgreSQL server."""
    try:
        if sa.make_url(address).drivername.partition("+")[0] in ("postgresql", "postgres"):
            return
    except (SQLAlchemyError, ValueError):
        pass
    # The address is not shown: it has a password in it.
    raise ConfigurationError("database: expected an address such as postgresql://user@host/name")


Method: TypeAlias = "Callable[Concatenate[Any, sa.Connection, P], T]"


def writes(method: Method[P, T], *, write: bool = True) -> Callable[Concatenate[Any, P], T]:
    """A method of an object with a ``database``, called in a transaction; see
    :meth:`Database.do`."""

    @wraps(method)
    def call(self: Any, /, *arguments: P.args, **named: P.kwargs) -> T:
        database: Database = self.database
        return database.do(lambda db: method(self, db, *arguments, **named), write=write)

    return call


def reads(method: Method[P, T]) -> Callable[Concatenate[Any, P], T]:
    """:func:`writes` for a method that writes nothing."""
    return writes(method, write=False)


class Database:
    """A database in use. Every method blocks, but for :meth:`call`."""

    def __init__(self, url: str | None, folder: Path) -> None:
        """``url`` is that of a PostgreSQL server, ``None`` for the file in ``folder``."""
        self.shared = url is not None
        # Made of its parts: a folder may be called "50%25" or "a?b=c".
        file = sa.URL.create("sqlite", database=str(folder.absolute() / FILE))
        self.url = url or file.render_as_string()
        self._where = "the database" if url else str(folder / FILE)
        self.gone = False
        """Whether the last use of it has failed for good."""
        self._closed = False
        # DBOS has threads of its own, all of which wait while the database is away.
        self._threads = ThreadPoolExecutor(4, thread_name_prefix="wiro-batch-")
        self.engine = self._engine(folder)

    def _engine(self, folder: Path) -> sa.Engine:
        if not self.shared:
            path = folder / FILE
            try:
                folder.mkdir(parents=True, exist_ok=True)
                create_file(path)
            except OSError as error:
                raise ConfigurationError(f"{path}: {_reason(error)}") from None
        url = sa.make_url(self.url)
        if self.shared:
            url = url.set(drivername="postgresql+psycopg")
            options: dict[str, Any] = {"connect_timeout": 10}
            if "keepalives_idle" not in url.query:
                # A server that is cut off must not be waited for as long as TCP would.
                options |= {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 2}
                options |= {"tcp_user_timeout": 15_000}
            engine = sa.create_engine(
                url, pool_size=20, max_overflow=0, pool_pre_ping=True, connect_args=options
            )
        else:
            engine = sa.create_engine(url, pool_size=10, max_overflow=0)
            event.listen(engine, "connect", _set_up_sqlite)
            event.listen(engine, "do_connect", lambda *_: self._check_there(folder / FILE))
        event.listen(engine, "do_connect", self._check_open)
        event.listen(engine, "checkout", self._check_open)
        return engine

    def _check_open(self, *_arguments: object) -> None:
        # DBOS asks a database that is away again and again, without end; this ends it.
        if self._closed:
            raise ConfigurationError("the database of the batch is closed")

    def _check_there(self, path: Path) -> None:
        # SQLite would begin another one, and lose what lies beside one that was moved away.
        if not path.exists():
            self.fail(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)))

    def close(self) -> None:
        self._closed = True
        self.engine.dispose()
        self._threads.shutdown(wait=False)

    async def call(self, work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
        """Call a function that uses the database in a thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, partial(work, *arguments, **named))

    @contextmanager
    def _begin(self, *, write: bool = True) -> Generator[sa.Connection]:
        with self.engine.begin() as connection:
            if write and not self.shared:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection

    def do(self, work: Callable[[sa.Connection], T], *, write: bool = True) -> T:
        """Run ``work`` in a transaction; again, while a server is away. What it does must be the
        same when it is done twice: a commit may be lost on its way back."""

        def once() -> T:
            with self._begin(write=write) as connection:
                return work(connection)

        return self.patiently(once)

    def patiently(self, work: Callable[[], T]) -> T:
        """Return what ``work`` does, which is called again while a server is away. Raises
        :class:`DatabaseGone` after :data:`PATIENCE`, at once when that has happened before."""
        begin = time.monotonic()
        delay = 0.2
        while True:
            try:
                found = work()
            except IntegrityError:
                raise
            except (SQLAlchemyError, dbos_error.DBOSException) as error:
                passing = isinstance(error, DBAPIError) and (
                    error.connection_invalidated or _is_passing(error, self.shared)
                )
                late = self.gone or time.monotonic() - begin > PATIENCE
                if not passing or self._closed or late:
                    self.fail(error)
            else:
                self.gone = False
                return found
            time.sleep(delay)
            delay = min(2.0, delay * 1.5)

    def fail(self, error: BaseException) -> NoReturn:
        """Raise :class:`DatabaseGone` because of ``error``; nothing is waited for from here on."""
        self.gone = True
        raise DatabaseGone(f"{self._where}: {_reason(error)}") from None

    def now(self, db: sa.Connection) -> float:
        """Unix seconds by the clock that all workers share."""
        if not self.shared:
            return time.time()
        return float(
            db.execute(sa.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one()
        )

    def has_tables(self) -> bool:
        """Whether the tables were made."""
        try:
            return sa.inspect(self.engine).has_table(BATCHES.name)
        except SQLAlchemyError as error:
            self.fail(error)

    def create_tables(self) -> None:
        try:
            try:
                with self._begin() as connection:
                    _tables.create_all(connection)
            except (IntegrityError, ProgrammingError):
                # Another process has made them in the same moment.
                with self._begin() as connection:
                    _tables.create_all(connection)
        except SQLAlchemyError as error:
            self.fail(error)

    def add_columns(self) -> None:
        """Add the columns that the tables of an earlier version do not have."""

        def write(db: sa.Connection) -> None:
            there = {column["name"] for column in sa.inspect(db).get_columns(INTENTS.name)}
            for column in INTENTS.c:
                if column.name not in there:
                    kind = column.type.compile(db.dialect)
                    # PostgreSQL lets another worker add it in the same moment.
                    unless = "IF NOT EXISTS " if self.shared else ""
                    filled = "" if column.nullable else " NOT NULL DEFAULT ''"
                    added = f"{unless}{column.name} {kind}{filled}"
                    db.exec_driver_sql(f"ALTER TABLE {INTENTS.name} ADD COLUMN {added}")

        self.do(write)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # Transactions are begun by hand or, for DBOS, with the lock that its own engine would take.
    connection.isolation_level = "IMMEDIATE"
    # Each of ten connections has a cache of pages of its own, of half a megabyte here.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON",
                   "cache_size=-500"):  # fmt: skip
        connection.execute(f"PRAGMA {pragma}")
    if sqlite3.sqlite_version_info < (3, 42):
        # From Python 3.12 on DBOS asks for unixepoch('subsec'), which the SQLite of Debian 12,
        # where any Python may be built, answers with nothing.
        connection.create_function("unixepoch", 1, _unixepoch)


def _unixepoch(_modifier: str) -> float:
    return time.time()


def _is_passing(error: DBAPIError, shared: bool) -> bool:
    """Whether a database may be back soon."""
    text = str(error.orig)
    if not shared:
        return "locked" in text
    state = getattr(error.orig, "sqlstate", None) or "08000"
    # Lost connections, a server that starts or stops, too many connections, and conflicts.
    return state[:2] in ("08", "53", "57", "40")


def _reason(error: BaseException) -> str:
    """One line about what went wrong, without the statement that was run."""
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    original = getattr(error, "orig", None) or error
    line = next(iter(str(original).strip().splitlines()), type(error).__name__)
    cannot_open = getattr(original, "sqlite_errorcode", 0) == sqlite3.SQLITE_CANTOPEN
    return f"{line}; its folder must be writable, too" if cannot_open else line
