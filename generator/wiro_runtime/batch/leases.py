"""The workers of a batch, and the recovery of rows whose worker has ended.

A worker renews its lease while it lives, by the clock of the database, which all of them share.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from wiro_runtime.batch.database import INTENTS, ROWS, WORKERS, at, reads, writes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from wiro_runtime.batch.database import Database

LEASE: Final = 30.0
"""Seconds after which a worker that does not renew its lease counts as gone."""

_REASON: Final = "its worker ended while the row was being sent"


def holds_lease(database: Database, db: sa.Connection, batch: str, worker: str) -> bool:
    """Whether a worker is alive for another half of a lease at least."""
    query = sa.select(WORKERS.c.seen).where(WORKERS.c.batch == batch, WORKERS.c.worker == worker)
    seen = db.execute(query).scalar()
    return seen is not None and database.now(db) - seen < LEASE / 2


def call_uncertain(db: sa.Connection, batch: str, row_id: int, attempt: int, reason: str) -> None:
    """Record that a row that was being sent may have been accepted."""
    now = time.time()
    lost = ROWS.update().where(*at(ROWS, batch, row_id, attempt), ROWS.c.status == "sending")
    if db.execute(lost.values(status="uncertain", error=reason, changed=now)).rowcount:
        record = INTENTS.update().where(*at(INTENTS, batch, row_id, attempt))
        db.execute(record.where(INTENTS.c.until.is_(None)).values(until=now))


class Leases:
    """The leases of one batch. Every method blocks; each is one transaction."""

    def __init__(self, database: Database, batch: str) -> None:
        self.database = database
        self._batch = batch

    def _own(self, statement: Any) -> Any:
        return statement.where(WORKERS.c.batch == self._batch)

    @writes
    def renew(self, db: sa.Connection, worker: str, place: str) -> None:
        """Renew the lease of a worker, or begin it."""
        mine = self._own(WORKERS.update()).where(WORKERS.c.worker == worker)
        seen = self.database.now(db)
        if not db.execute(mine.values(seen=seen)).rowcount:
            values = {"batch": self._batch, "worker": worker, "place": place, "seen": seen}
            db.execute(WORKERS.insert().values(values))

    @writes
    def leave(self, db: sa.Connection, worker: str) -> None:
        """End the lease of a worker that has nothing under way."""
        db.execute(self._own(WORKERS.delete()).where(WORKERS.c.worker == worker))

    @reads
    def workers(self, db: sa.Connection, *, alive: bool) -> list[str]:
        """The workers whose lease is valid, or those whose lease has run out."""
        since = self.database.now(db) - LEASE
        condition = WORKERS.c.seen >= since if alive else WORKERS.c.seen < since
        query = self._own(sa.select(WORKERS.c.worker)).where(condition)
        return list(db.execute(query).scalars())

    @writes
    def bury(self, db: sa.Connection, gone: Sequence[str] | None, *, own: str = "") -> None:
        """Call rows uncertain that were being sent by workers that are ``gone``, ``None`` for all
        but our ``own``, and forget those workers."""

        def theirs(worker: sa.Column[Any]) -> sa.ColumnElement[bool]:
            return worker != own if gone is None else worker.in_(gone)

        lost = sa.select(INTENTS.c.id, INTENTS.c.attempt).where(
            INTENTS.c.batch == self._batch,
            INTENTS.c.task == "",
            INTENTS.c.token == "",
            theirs(INTENTS.c.worker),
        )
        for row_id, attempt in db.execute(lost).all():
            call_uncertain(db, self._batch, row_id, attempt, _REASON)
        db.execute(self._own(WORKERS.delete()).where(theirs(WORKERS.c.worker)))
