"""The journal: a database of submissions that outlives the processes that make them.

A submission is recorded before its request is sent and again when its response is known; both
records are on the disk, and survive ``kill -9`` and power cuts, before the caller goes on. The
database holds the inputs of submissions (files by their names) and is readable by its owner only;
it never holds a key of the API.

Clients share a journal, in one process or in many. Each that submits has a lease in the database,
renewed while it lives. What a client without a lease has left unfinished goes to the first one that
asks.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import sqlite3
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.tasks import journal_file
from wiro_runtime.tasks.journal_file import INSERT, INSERT_INPUTS, SELECT, Row
from wiro_runtime.tasks.records import LostSubmission, OpenTask, new_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

log = logging.getLogger("wiro_runtime")

LEASE: Final = 60.0
"""Seconds for which a client counts as alive after it has renewed its lease. On the same computer
the end of its process is seen at once, where the system can tell."""

_ENDED_KEPT: Final = 1000
"""Ended tasks that are remembered."""

_PRUNE_EVERY: Final = 100

_UPSERT: Final = INSERT + (
    # Not `client`: another one may have taken it over.
    " ON CONFLICT (key) DO UPDATE SET"
    " (state, reason, until, task_id, token, status, ended_at, cost)"
    " = (excluded.state, excluded.reason, excluded.until, excluded.task_id, excluded.token,"
    " excluded.status, excluded.ended_at, excluded.cost)"
)
_RESTORE: Final = INSERT + " ON CONFLICT (key) DO NOTHING"
_RENEW: Final = (
    "INSERT INTO clients (id, place, pid, until) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET until = excluded.until"
)
_TAKE_OVER: Final = (
    "UPDATE submissions SET client = :me, "
    "reason = CASE state WHEN 'sending' THEN 'its process ended' ELSE reason END, "
    "until = CASE state WHEN 'sending' THEN :now ELSE until END, "
    "state = CASE state WHEN 'sending' THEN 'lost' ELSE state END "
    "WHERE state <> 'ended' AND client <> :me AND client NOT IN (SELECT id FROM clients)"
)
_PRUNE: Final = (
    "DELETE FROM submissions WHERE state = 'ended' AND key NOT IN (SELECT key FROM submissions "
    "WHERE state = 'ended' ORDER BY ended_at DESC, key DESC LIMIT ?)"
)


class Journal:
    """The journal at ``path``, made when missing. Threads may share it.

    Raises :class:`ConfigurationError` when the database cannot be opened, and where a method says
    so. What could not be written is kept and written again by the next call, by the renewal of the
    lease, and by :meth:`close`; so is all that is unfinished when the file has been taken away.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        # A link is followed once: the database's other files lie beside the real one.
        self.path = Path(os.path.realpath(path))
        # Reentrant, so that close() never waits for a call that it interrupts.
        self._lock = threading.RLock()
        self._closed = False
        self._begin_anew()
        with self._lock:
            self._database()
        _OPEN.add(self)

    def _begin_anew(self) -> None:
        """Be a client that has submitted nothing: a new one, or a forked child."""
        self._client = secrets.token_hex(8)
        self._pid = os.getpid()
        self._db: sqlite3.Connection | None = None
        self._identity: tuple[int, ...] | None = None
        self._synchronous = ""
        self._own: dict[str, Row] = {}
        self._unsaved: dict[str, Row] = {}
        self._leased_until = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._ends = 0

    def begin(self, tool: str, inputs: Mapping[str, Any], key: str | None = None) -> str:
        """Record that a run is about to be sent, and return the key of its entry.

        ``key`` is one of :func:`new_key` that the caller made before. Raises
        :class:`ConfigurationError` when it cannot be recorded; the run must not be sent then.
        """
        row = Row(key or new_key(), tool, time.time(), inputs=json.dumps(inputs))
        try:
            with self._lock:
                self._check_process()
                row.client = self._client
                self._own[row.key] = self._unsaved[row.key] = row
                self._save()
        except BaseException:
            # Nothing is sent. If it has been written, the next write removes it.
            row.state = "settled"
            self._own[row.key] = self._unsaved[row.key] = row
            raise
        return row.key

    def accepted(self, key: str, task_id: str, token: str) -> None:
        """Record the task that a submission became.

        Raises :class:`ConfigurationError` when that cannot be written now; it is remembered.
        """
        with self._lock:
            self._check_process()
            # Missing when another client has taken the entry over and forgotten it.
            row = self._row(key) or Row(key, "", time.time(), self._client)
            row.state, row.task_id, row.token = "accepted", task_id, token
            self._unsaved[key] = row
            self._save()

    def settled(self, key: str, reason: str) -> None:
        """Record that a submission became no task, or that its user knows what became of it."""
        with self._lock:
            self._check_process()
            if (row := self._row(key)) is not None:
                row.state, row.reason = "settled", reason
                self._unsaved[key] = row
                self._try_to_save()

    def uncertain(self, key: str, reason: str = "") -> None:
        """Record that the response to a submission will not come: it may have been accepted."""
        with self._lock:
            self._check_process()
            if (row := self._row(key)) is not None:
                row.state, row.reason, row.until = "lost", reason, time.time()
                self._unsaved[key] = row
                self._try_to_save()

    def ended(
        self, status: str, task_id: str, token: str = "", cost: Decimal | None = None
    ) -> None:
        """Record that a task has been seen to end. One that is not in the journal is ignored."""
        with self._lock:
            self._check_process()
            row = self._row_of_task(task_id, token)
            if row is None:
                return
            row.state, row.status, row.ended_at = "ended", status, time.time()
            row.task_id = row.task_id or task_id
            row.cost = None if cost is None else format(cost, "f")
            self._own[row.key] = self._unsaved[row.key] = row
            # A power cut that loses this costs one request for an ended task.
            self._try_to_save(synchronous="NORMAL")
            self._ends += 1
            if self._ends % _PRUNE_EVERY == 0:
                with suppress(ConfigurationError):
                    self._write([(_PRUNE, (_ENDED_KEPT,))], synchronous="NORMAL")

    def unfinished(self) -> tuple[list[OpenTask], list[LostSubmission]]:
        """Return the tasks that have not been seen to end and the lost submissions, oldest first:
        this client's own, and those of clients that have ended, which are this one's from now on.

        Raises :class:`ConfigurationError` when nothing can be read and nothing is remembered.
        """
        with self._lock:
            self._check_process()
            try:
                self._save()
                self._take_over()
                query = SELECT + "WHERE client = ? AND state <> 'ended' ORDER BY at, key"
                found = self._read(query, (self._client,))
                self._own = {row[0]: Row(*row) for row in found}
            except ConfigurationError as error:
                if not self._own:
                    raise
                log.warning("%s; only this client's own tasks are known", error)
            rows = list(self._own.values())
        tasks = [_task(row) for row in rows if row.state == "accepted"]
        return tasks, [_lost(row) for row in rows if row.state == "lost"]

    def ended_tasks(self) -> list[OpenTask]:
        """Return the last thousand tasks that have been seen to end, by any client."""
        query = SELECT + "WHERE state = 'ended' ORDER BY ended_at, key"
        with self._lock:
            self._check_process()
            found = self._read(query)
        return [_task(Row(*row)) for row in found[-_ENDED_KEPT:]]

    def sending(self) -> list[LostSubmission]:
        """Return the submissions that clients are about to send, or wait for the response to."""
        with self._lock:
            self._check_process()
            found = self._read(SELECT + "WHERE state = 'sending'")
        return [_lost(Row(*row)) for row in found]

    def known_tasks(self) -> set[str]:
        """Return the ids and tokens of all tasks in the journal, of any client."""
        with self._lock:
            self._check_process()
            found = self._read(
                "SELECT task_id FROM submissions UNION SELECT token FROM submissions"
            )
        return {str(row[0]) for row in found} - {""}

    def close(self) -> None:
        """Write what could not be written before, give up the lease and close the database."""
        with self._lock:
            if self._closed:
                return
            self._check_process()
            try:
                self._save()
            except ConfigurationError as error:
                names = [row.task_id or row.key for row in self._unsaved.values()]
                log.warning("%s; not recorded: %s", error, ", ".join(names) or "nothing")
            if self._thread is not None:
                release = ("DELETE FROM clients WHERE id = ?", (self._client,))
                with suppress(ConfigurationError):
                    self._write([release], synchronous="NORMAL")
            self._closed = True
            self._stop.set()
            self._disconnect()

    # Rows

    def _row(self, key: str) -> Row | None:
        """The submission with this key, of this client or of another."""
        if key in self._own:
            return self._own[key]
        with suppress(ConfigurationError):
            query = SELECT + "WHERE key = ?"
            for row in self._read(query, (key,)):
                return Row(*row)
        return None

    def _row_of_task(self, task_id: str, token: str) -> Row | None:
        for row in self._own.values():
            same = row.task_id == task_id if row.task_id and task_id else row.token == token != ""
            if row.state == "accepted" and same:
                return row
        same = "(task_id = ?1 AND ?1 <> '' OR task_id = '' AND token = ?2 AND ?2 <> '')"
        query = SELECT + "WHERE state = 'accepted' AND " + same
        with suppress(ConfigurationError):
            for row in self._read(query, (task_id, token)):
                return Row(*row)
        return None

    def _save(self, synchronous: str = "FULL") -> None:
        """Write every row that the database does not have as it is, or raise."""
        if not self._unsaved:
            self._database()
            return
        rows = list(self._unsaved.values())
        statements: list[tuple[str, Any]] = []
        for row in rows:
            if row.state == "settled":
                statements.append(("DELETE FROM submissions WHERE key = ?", (row.key,)))
                continue
            statements.append((_UPSERT, row.values()))
            if row.state == "sending" or not row.tool:
                statements.append((INSERT_INPUTS, (row.key, row.inputs)))
        self._write(statements, synchronous, lease=True)
        for row in rows:
            self._unsaved.pop(row.key, None)
            if row.state in ("ended", "settled"):
                self._own.pop(row.key, None)

    def _try_to_save(self, synchronous: str = "FULL") -> None:
        try:
            self._save(synchronous)
        except ConfigurationError as error:
            log.warning("%s; it is written again later", error)

    # Leases

    def renew(self) -> None:
        """Renew the lease, and write what could not be written before."""
        with self._lock, suppress(ConfigurationError):
            if not self._closed and self._pid == os.getpid():
                self._save()
                self._leased_until = 0.0
                self._write([], "NORMAL", lease=True)

    def _renewal(self) -> tuple[str, Any]:
        """The statement that renews the lease; the thread that repeats it runs from here on."""
        if self._thread is None:
            arguments = (weakref.ref(self), self._stop)
            self._thread = threading.Thread(
                target=_renew_until_stopped, args=arguments, name="wiro-journal", daemon=True
            )
            self._thread.start()
        return _RENEW, (self._client, journal_file.place(), self._pid, time.time() + LEASE)

    def _take_over(self) -> None:
        """Make the unfinished submissions of clients that have ended this client's own."""
        place, now = journal_file.place(), time.time()
        query = "SELECT id, place, pid, until FROM clients WHERE id <> ?"
        clients = self._read(query, (self._client,))
        gone = {
            row[0]
            for row in clients
            if row[3] <= now or (row[1] == place and not journal_file.is_running(row[2]))
        }
        living = {row[0] for row in clients} - gone | {self._client}
        owners = self._read("SELECT DISTINCT client FROM submissions WHERE state <> 'ended'")
        if not gone and all(owner in living for (owner,) in owners):
            return
        # A client that has renewed its lease meanwhile keeps what it has.
        remove = "DELETE FROM clients WHERE id = ? AND until = ?"
        statements: list[tuple[str, Any]] = [
            (remove, (row[0], row[3])) for row in clients if row[0] in gone
        ]
        self._write([*statements, (_TAKE_OVER, {"me": self._client, "now": now})], lease=True)

    # The database

    def _read(self, query: str, values: tuple[object, ...] = ()) -> list[Any]:
        try:
            return self._database().execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise self._failed("read", error) from error

    def _write(
        self, statements: list[tuple[str, Any]], synchronous: str = "FULL", *, lease: bool = False
    ) -> None:
        """Carry out all of ``statements``, or none; renew the lease when it is time to."""
        db = self._database()
        lease = lease and self._leased_until - time.time() < LEASE / 2
        if lease:
            statements = [self._renewal(), *statements]
        try:
            if synchronous != self._synchronous:
                self._synchronous = ""
                db.execute(f"PRAGMA synchronous = {synchronous}")
                self._synchronous = synchronous
            with db:
                db.execute("BEGIN IMMEDIATE")
                for statement, values in statements:
                    db.execute(statement, values)
        except sqlite3.Error as error:
            raise self._failed("write", error) from error
        if lease:
            self._leased_until = time.time() + LEASE

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
            self._disconnect()
        db = journal_file.open_database(self.path)
        try:
            own = [row for row in self._own.values() if row.state != "settled"]
            if own:
                # The file has been taken away, and this client's rows with it.
                with db:
                    db.execute("BEGIN IMMEDIATE")
                    db.execute(*self._renewal())
                    db.executemany(_RESTORE, [row.values() for row in own])
                    db.executemany(INSERT_INPUTS, [(row.key, row.inputs) for row in own])
        except sqlite3.Error as error:
            db.close()
            raise self._failed("write", error) from error
        self._db, self._identity = db, journal_file.identity(self.path)
        return db

    def _failed(self, what: str, error: sqlite3.Error) -> ConfigurationError:
        if journal_file.is_damaged(error):
            # Its contents are for its owner to see; this client's tasks go into the next one.
            self._disconnect()
            journal_file.set_aside(self.path)
        return journal_file.failed(what, self.path, error)

    def _disconnect(self) -> None:
        db, self._db = self._db, None
        self._synchronous = ""
        if db is not None:
            with suppress(sqlite3.Error):
                db.close()

    # Forks

    def _check_process(self) -> None:
        """Begin anew in a forked child: neither a connection nor a lease may be shared."""
        if self._pid != os.getpid():
            self._begin_anew()

    def before_fork(self) -> None:
        self._lock.acquire()
        # SQLite keeps its locks by process: a connection that is open in both is open in none.
        self._disconnect()

    def after_fork_in_parent(self) -> None:
        self._lock.release()

    def after_fork_in_child(self) -> None:
        self._lock = threading.RLock()
        self._begin_anew()


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
        key=row.key, tool=row.tool, inputs=inputs, at=row.at, until=row.until, reason=row.reason
    )


_OPEN: Final[weakref.WeakSet[Journal]] = weakref.WeakSet()
_AT_FORK: Final[list[Journal]] = []


def _before_fork() -> None:
    _AT_FORK[:] = _OPEN
    for journal in _AT_FORK:
        journal.before_fork()


def _after_fork_in_parent() -> None:
    for journal in _AT_FORK:
        journal.after_fork_in_parent()
    _AT_FORK.clear()


def _after_fork_in_child() -> None:
    for journal in _AT_FORK:
        journal.after_fork_in_child()
    _AT_FORK.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
