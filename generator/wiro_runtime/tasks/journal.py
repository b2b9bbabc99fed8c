"""The journal: a database of submissions that outlives the processes that make them.

A submission is recorded before its request is sent and again when its response is known; both
records survive ``kill -9`` and power cuts before the caller goes on. The inputs of submissions are
in it (files by their names), keys of the API never; only its owner can read it.

Clients share a journal, in one process or in many. Each that submits has a lease in the database,
renewed while it lives. What a client without a lease has left unfinished goes to the first one that
asks.
"""

from __future__ import annotations

import json
import os
import secrets
import sqlite3
import threading
import time
import weakref
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.errors import ConfigurationError, PriceExceeded
from wiro_runtime.http.logs import log
from wiro_runtime.tasks import journal_file
from wiro_runtime.tasks.budget import over_budget, to_dollars, to_units
from wiro_runtime.tasks.journal_schema import (
    COMMITTED,
    DELETE,
    INSERT,
    INSERT_INPUTS,
    PRUNE,
    REMOVE_DEAD,
    RENEW,
    RESERVED,
    RESTORE,
    SELECT,
    TAKE_OVER,
    UPSERT,
    Row,
    storable,
)
from wiro_runtime.tasks.records import (
    NAMED,
    NO_ORIGIN,
    Cost,
    KeyTaken,
    LostSubmission,
    OpenTask,
    Origin,
    new_key,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from wiro_runtime.price import Price

LEASE: Final = 60.0
"""Seconds for which a client counts as alive after it has renewed its lease. On the same computer
the end of its process is seen at once, where the system can tell."""

_ENDED_KEPT: Final = 1000
NAMED_KEPT: Final = 30 * 86_400.0
"""Seconds for which the key of an ended run is kept that its caller has chosen (see
:data:`~wiro_runtime.tasks.records.NAMED`): a retry with it is the same run."""
_PRUNE_EVERY: Final = 100


class Journal:
    """The journal at ``path``, opened by :meth:`open` or the first other call, and made when
    missing. Threads may share it.

    Raises :class:`ConfigurationError` when the database cannot be opened, and where a method says
    so. What could not be written is kept and written again by the next call, by the renewal of the
    lease, and by :meth:`close`; so is all that is unfinished when the file has been taken away.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()
        # Reentrant, so that close() never waits for a call that it interrupts.
        self.lock = threading.RLock()
        self._closed = False
        self.begin_anew()
        _OPEN.add(self)

    def begin_anew(self) -> None:
        """Be a client that has submitted nothing: a new one, or a forked child."""
        self._client = secrets.token_hex(8)
        self._db: sqlite3.Connection | None = None
        self._identity: tuple[int, ...] | None = None
        self._own: dict[str, Row] = {}
        self._unsaved: dict[str, Row] = {}
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._ends = 0
        self._renewed = 0.0

    def open(self) -> Journal:
        """Open the database, and return the journal."""
        with self.lock:
            self._database()
        return self

    def begin(
        self,
        tool: str,
        inputs: Mapping[str, Any],
        key: str | None = None,
        price: Price | None = None,
        budget: Decimal | None = None,
        origin: Origin = NO_ORIGIN,
    ) -> str:
        """Record that a run is about to be sent, and return the key of its entry: ``key``, or a
        new one, and its ``origin``. Its ``price`` is reserved. It is not to be sent if this raises:
        :class:`KeyTaken` when any client has recorded a run with this key,
        :class:`ConfigurationError` when it cannot be recorded, :class:`PriceExceeded` when more
        than ``budget`` dollars would be spent or reserved, by any client."""
        row = Row(key or new_key(), storable(tool), time.time(), inputs=json.dumps(inputs))
        row.account, row.skew = origin.account, origin.skew
        if price is not None:
            row.low, row.high = to_units(price.low), to_units(price.high)
            row.reserved = to_units(price.reserved) or 0

        def check(db: sqlite3.Connection) -> None:
            if price is not None and budget is not None:
                (committed,) = db.execute(COMMITTED).fetchone()
                left = budget - to_dollars(committed)
                if left < 0:
                    raise over_budget(tool, price, budget, left + to_dollars(row.reserved))

        try:
            with self.lock:
                row.client = self._client
                if row.key in self._unsaved:
                    # An earlier run with this key, which was not sent, is removed first.
                    self._save()
                self._unsaved[row.key] = row
                try:
                    self._save(check=check if budget is not None else None)
                except (sqlite3.IntegrityError, ConfigurationError, PriceExceeded) as error:
                    # Nothing is written, and no other call is to write it.
                    del self._unsaved[row.key]
                    if isinstance(error, sqlite3.IntegrityError):
                        text = f"a run with the key {row.key} is recorded already"
                        raise KeyTaken(text) from None
                    raise
                # Not before: a file that was taken away is made anew with all rows of this client.
                self._own[row.key] = row
        except (KeyTaken, ConfigurationError, PriceExceeded):
            raise
        except BaseException:
            # Nothing is sent. If it has been written, the next write removes it.
            row.state = "settled"
            self._own[row.key] = self._unsaved[row.key] = row
            raise
        return row.key

    def is_own(self, row: Row) -> bool:
        """Whether this client has submitted the run, or taken it over."""
        return row.client == self._client

    def find(self, key: str) -> Row | None:
        """Return the run with this key, of any client. Raises :class:`ConfigurationError`."""
        with self.lock:
            own = self._own.get(key)
            if own is not None and own.state != "settled":
                return own
            found = self._read(SELECT + "WHERE key = ?", key)
        return Row(*found[0]) if found else None

    def accepted(self, key: str, task_id: str, token: str) -> None:
        """Record the task that a submission became. Raises :class:`ConfigurationError` when that
        cannot be written now; it is remembered."""
        with self.lock:
            self._change(self._row(key), state="accepted", task_id=task_id, token=token)
            self._save()

    def settled(self, key: str, reason: str) -> None:
        """Record that a submission became no task, or that its user knows what became of it."""
        with self.lock:
            self._change(self._row(key), state="settled", reason=reason)
            self._try_to_save()

    def forget(self, lost: LostSubmission) -> None:
        """Take a lost submission off, unless it has become something else since it was read: two
        calls may find out about the same one."""
        with self.lock:
            row = self._unsaved.get(lost.key) or self._find("WHERE key = ?", lost.key)
            if row is not None and (row.state, row.at) == ("lost", lost.at):
                self._change(row, state="settled")
                self._try_to_save()

    def uncertain(self, key: str, reason: str = "") -> None:
        """Record that the response to a submission will not come: it may have been accepted."""
        with self.lock:
            self._change(self._row(key), state="lost", reason=reason, until=time.time())
            self._try_to_save()

    def ended(
        self, status: str, task_id: str, token: str = "", cost: Decimal | None = None
    ) -> None:
        """Record that a task has been seen to end. One that is not in the journal is ignored."""
        same = "WHERE state = 'accepted' AND task_id = ?"
        with self.lock:
            row = self._find(same, task_id) if task_id else None
            if row is None and token:
                row = self._find(same + " AND token = ?", "", token)
            if row is None:
                return
            self._change(row, state="ended", status=status, ended_at=time.time())
            units = to_units(cost)
            text = None if units is None else format(to_dollars(units), "f")
            self._change(row, task_id=row.task_id or task_id, cost=text)
            # A power cut that loses this costs one request for an ended task.
            self._try_to_save("NORMAL")
            self._ends += 1
            if self._ends % _PRUNE_EVERY == 0:
                kept = (NAMED, time.time() - NAMED_KEPT, _ENDED_KEPT)
                with suppress(ConfigurationError):
                    self._write([(PRUNE, kept)], "NORMAL")

    def unfinished(self) -> tuple[list[OpenTask], list[LostSubmission]]:
        """Return the tasks that have not been seen to end and the lost submissions, oldest first:
        this client's own, and those of clients that have ended, which are this one's from now on.

        Raises :class:`ConfigurationError` when nothing can be read and nothing is remembered.
        """
        with self.lock:
            try:
                self._save()
                values = {"me": self._client, "now": time.time(), "place": journal_file.place()}
                self._write([(REMOVE_DEAD, values), (TAKE_OVER, values)])
                query = SELECT + "WHERE client = ? AND state <> 'ended' ORDER BY at, key"
                self._own = {row[0]: Row(*row) for row in self._read(query, self._client)}
            except ConfigurationError as error:
                if not self._own:
                    raise
                log.warning("%s; only this client's own tasks are known", error)
            rows = list(self._own.values())
        tasks = [_task(row) for row in rows if row.state == "accepted"]
        return tasks, [_lost(row) for row in rows if row.state == "lost"]

    def ended_tasks(self) -> list[OpenTask]:
        """Return the last thousand tasks that have been seen to end, by any client."""
        with self.lock:
            found = self._read(SELECT + "WHERE state = 'ended' ORDER BY ended_at, key")
        return [_task(Row(*row)) for row in found[-_ENDED_KEPT:]]

    def costs(self) -> list[Cost]:
        """Return what ended tasks have cost, by day and tool, from the first day on."""
        with self.lock:
            return [
                Cost.read(row) for row in self._read("SELECT * FROM spending ORDER BY day, tool")
            ]

    def reserved(self) -> Decimal:
        """Return what is reserved for tasks that have not been seen to end."""
        with self.lock:
            ((amount,),) = self._read(RESERVED)
        return to_dollars(amount)

    def known(self) -> tuple[set[str], list[LostSubmission]]:
        """Return the ids and tokens of all tasks in the journal, and the submissions under way, of
        any client."""
        with self.lock:
            rows = [Row(*row) for row in self._read(SELECT)]
        names = {name for row in rows for name in (row.task_id, row.token) if name}
        return names, [_lost(row) for row in rows if row.state == "sending"]

    def renew(self) -> None:
        """Renew the lease, and write what could not be written before."""
        with self.lock, suppress(ConfigurationError):
            if not self._closed:
                self._save()
                self._renewed = 0.0
                self._write([], "NORMAL")

    def close(self) -> None:
        """Write what could not be written before, give up the lease and close the database."""
        with self.lock:
            if self._closed:
                return
            try:
                if self._unsaved:
                    self._save()
                if self._thread is not None:
                    self._write([("DELETE FROM clients WHERE id = ?", (self._client,))], "NORMAL")
            except ConfigurationError as error:
                names = [row.task_id or row.key for row in self._unsaved.values()]
                log.warning("%s; not recorded: %s", error, ", ".join(names) or "nothing")
            self._closed = True
            self._stop.set()
            self.disconnect()

    def disconnect(self) -> None:
        """Close the connection; the next call opens another one."""
        db, self._db = self._db, None
        if db is not None:
            db.close()

    def _row(self, key: str) -> Row:
        """The submission with this key; a new one when another client took it over and forgot."""
        found = self._own.get(key) or self._find("WHERE key = ?", key)
        return found or Row(key, "", time.time(), self._client)

    def _find(self, where: str, *values: str) -> Row | None:
        with suppress(ConfigurationError):
            for row in self._read(SELECT + where, *values):
                return Row(*row)
        return None

    def _change(self, row: Row, **values: object) -> None:
        for name, value in values.items():
            setattr(row, name, storable(value) if isinstance(value, str) else value)
        self._unsaved[row.key] = row

    def _try_to_save(self, synchronous: str = "FULL") -> None:
        try:
            self._save(synchronous)
        except ConfigurationError as error:
            log.warning("%s; it is written again later", error)

    def _save(
        self, synchronous: str = "FULL", check: Callable[[sqlite3.Connection], None] | None = None
    ) -> None:
        """Write every row that the database does not have as it is, or raise."""
        rows = list(self._unsaved.values())
        statements: list[tuple[str, Any]] = []
        for row in rows:
            values, begins = vars(row), row.state == "sending"
            if row.state == "settled":
                statements.append((DELETE, values))
                continue
            # Not twice: two processes may begin the same run.
            statements.append((INSERT if begins else UPSERT, values))
            if begins or not row.tool:
                statements.append((INSERT_INPUTS, values))
        if statements:
            self._write(statements, synchronous, check)
        for row in rows:
            self._unsaved.pop(row.key, None)
            if row.state in ("ended", "settled"):
                self._own.pop(row.key, None)

    def _read(self, query: str, *values: str) -> list[Any]:
        try:
            return self._database().execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise journal_file.failed("read", self.path, error) from error

    def _write(
        self,
        statements: list[tuple[str, Any]],
        synchronous: str = "FULL",
        check: Callable[[sqlite3.Connection], None] | None = None,
    ) -> None:
        """Carry out all of ``statements``, or none, and renew the lease unless that was done just
        now. ``check`` may still raise when they are done."""
        db, now = self._database(), time.time()
        renews = abs(now - self._renewed) > LEASE / 12
        if renews:
            statements = [self._renewal(), *statements]
        try:
            db.execute(f"PRAGMA synchronous = {synchronous}")
            with db:
                db.execute("BEGIN IMMEDIATE")
                for statement, values in statements:
                    db.execute(statement, values)
                if check is not None:
                    check(db)
            self._renewed = now if renews else self._renewed
        except sqlite3.IntegrityError:
            raise
        except sqlite3.Error as error:
            raise journal_file.failed("write", self.path, error) from error

    def _renewal(self) -> tuple[str, Any]:
        """The statement that renews the lease; the thread that repeats it runs from here on."""
        if self._thread is None:
            arguments = (weakref.ref(self), self._stop)
            self._thread = threading.Thread(
                target=_renew_until_stopped, args=arguments, name="wiro-journal", daemon=True
            )
            self._thread.start()
        return RENEW, (self._client, journal_file.place(), os.getpid(), time.time() + LEASE)

    def _database(self) -> sqlite3.Connection:
        """The open database, at the path where it is now."""
        if self._closed:
            raise ConfigurationError(f"the journal {self.path} is closed")
        if self._db is not None:
            if self._identity == journal_file.identity(self.path):
                if self._db.in_transaction:
                    # Left by a call that was interrupted.
                    self._db.rollback()
                return self._db
            # Before closing it, when SQLite would write into an emptied file.
            journal_file.remove_remains(self.path)
            self.disconnect()
        # A link is followed once: the database's other files lie beside the real one.
        self.path = Path(os.path.realpath(self.path))
        db = journal_file.open_database(self.path)
        try:
            own = [row for row in self._own.values() if row.state != "settled"]
            if own:
                # The file may have been taken away, and this client's rows with it.
                with db:
                    db.execute("BEGIN IMMEDIATE")
                    db.execute(*self._renewal())
                    for statement in (RESTORE, INSERT_INPUTS):
                        db.executemany(statement, map(vars, own))
        except sqlite3.Error as error:
            db.close()
            raise journal_file.failed("write", self.path, error) from error
        self._db, self._identity, self._renewed = db, journal_file.identity(self.path), 0.0
        return db


def _renew_until_stopped(reference: weakref.ref[Journal], stop: threading.Event) -> None:
    while not stop.wait(LEASE / 4):
        journal = reference()
        if journal is None:
            return
        journal.renew()
        del journal


def _task(row: Row) -> OpenTask:
    return OpenTask(id=row.task_id, token=row.token, tool=row.tool)


def _lost(row: Row) -> LostSubmission:
    inputs = cast("dict[str, Any]", json.loads(row.inputs))
    return LostSubmission(
        key=row.key,
        tool=row.tool,
        inputs=inputs,
        at=row.at,
        until=row.until,
        reason=row.reason,
        origin=Origin(row.account, row.skew),
    )


# SQLite keeps its locks by process: a connection that is open in two has them in neither. So none
# is open while a process forks, and the child is a client of its own.

_OPEN: Final[weakref.WeakSet[Journal]] = weakref.WeakSet()
_FORKING: Final[list[Journal]] = []


def _before_fork() -> None:
    for journal in list(_OPEN):
        journal.lock.acquire()
        journal.disconnect()
        _FORKING.append(journal)


def _after_fork(*, in_child: bool) -> None:
    while _FORKING:
        journal = _FORKING.pop()
        if in_child:
            journal.begin_anew()
        journal.lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=lambda: _after_fork(in_child=False),
        after_in_child=lambda: _after_fork(in_child=True),
    )
