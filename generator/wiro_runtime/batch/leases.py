"""The workers of a batch, and the recovery of rows whose worker has ended.

A worker renews its lease while it lives, by the clock of the database, which all of them share.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from wiro_runtime.batch.database import INTENTS, ROWS, WORKERS, at

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


class Leases:
    """The leases of one batch. Every method blocks; each is one transaction."""

    def __init__(self, database: Database, batch: str) -> None:
        self._database = database
        self._batch = batch

    def _own(self, statement: Any) -> Any:
        return statement.where(WORKERS.c.batch == self._batch)

    def renew(self, worker: str, place: str) -> None:
        """Renew the lease of a worker, or begin it."""

        def write(db: sa.Connection) -> None:
            mine = self._own(WORKERS.update()).where(WORKERS.c.worker == worker)
            seen = self._database.now(db)
            if not db.execute(mine.values(seen=seen)).rowcount:
                values = {"batch": self._batch, "worker": worker, "place": place, "seen": seen}
                db.execute(WORKERS.insert().values(values))

        self._database.do(write)

    def leave(self, worker: str) -> None:
        """End the lease of a worker that has nothing under way."""
        gone = self._own(WORKERS.delete()).where(WORKERS.c.worker == worker)
        self._database.do(lambda db: db.execute(gone))

    def alive(self) -> list[str]:
        """The workers whose lease is valid."""
        return self._read(valid=True)

    def gone(self) -> list[str]:
        """The workers whose lease has run out."""
        return self._read(valid=False)

    def _read(self, *, valid: bool) -> list[str]:
        def read(db: sa.Connection) -> list[str]:
            since = self._database.now(db) - LEASE
            condition = WORKERS.c.seen >= since if valid else WORKERS.c.seen < since
            query = self._own(sa.select(WORKERS.c.worker)).where(condition)
            return list(db.execute(query).scalars())

        return self._database.read(read)

    def bury(self, gone: Sequence[str] | None, *, own: str = "") -> int:
        """Call rows uncertain that were being sent by workers that are ``gone``, ``None`` for all
        but our ``own``, and forget those workers; returns how many rows."""
        values = {"status": "uncertain", "error": _REASON}
        theirs = INTENTS.c.worker != own if gone is None else INTENTS.c.worker.in_(gone)
        lost = sa.select(INTENTS.c.id, INTENTS.c.attempt).where(
            INTENTS.c.batch == self._batch, INTENTS.c.task == "", INTENTS.c.token == "", theirs
        )

        def write(db: sa.Connection) -> int:
            count = 0
            now = time.time()
            for row_id, attempt in db.execute(lost).all():
                row = ROWS.update().where(*at(ROWS, self._batch, row_id, attempt))
                row = row.where(ROWS.c.status == "sending")
                if db.execute(row.values(changed=now, **values)).rowcount:
                    count += 1
                    record = INTENTS.update().where(*at(INTENTS, self._batch, row_id, attempt))
                    db.execute(record.where(INTENTS.c.until.is_(None)).values(until=now))
            left = WORKERS.c.worker != own if gone is None else WORKERS.c.worker.in_(gone)
            db.execute(self._own(WORKERS.delete()).where(left))
            return count

        return self._database.do(write)
