"""The records of a batch, above all the intents that money depends on.

Steps of DBOS run at least once. So before a row is sent, a record of this attempt is written, which
only one process can write (its key is batch, row and attempt). A worker that finds such a record
without a task does not know whether the run was accepted: the row is uncertain and is not sent
again until Wiro's list of tasks has told.
"""

from __future__ import annotations

import json
import operator
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from wiro_runtime.batch.database import BATCHES, INTENTS, ROWS, at, reads, writes
from wiro_runtime.batch.leases import call_uncertain, holds_lease
from wiro_runtime.batch.records import ENDED, NewRow, Row, Status, Terms, Totals
from wiro_runtime.tasks.budget import to_dollars, to_units
from wiro_runtime.tasks.records import Cost, Origin

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from wiro_runtime.batch.database import Database
    from wiro_runtime.tasks.detail import TaskDetail

_TOLD: Final = [
    sa.literal("{}").label(each.name) if each.name in ("body", "files") else each for each in ROWS.c
]
"""What results tell of a row: bodies of 10,000 rows are large."""

_SENT: Final = ("nonce", "at", "until", "account", "skew")

_OPEN: Final = sa.or_(
    ROWS.c.status.in_(("running", "sending")),
    # A row that the table does not have any more is not sent.
    sa.and_(ROWS.c.status == "pending", ROWS.c.listed),
)

Right: TypeAlias = Literal["given", "refused", "no lease", "no budget"]
"""Whether a row may be sent: ``refused`` when another process sends it, the batch was cancelled, or
the row is not in the table any more or has another price; ``no lease`` when half of the lease of
the worker has passed; ``no budget`` when the price of the row does not fit into what is left."""

_BLANK: Final = {"task": "", "token": "", "cost": None, "seconds": None, "error": "", "saved": "[]"}


@dataclass(frozen=True, slots=True)
class Intent:
    """The right to send a row once. ``nonce`` tells a record of our own from another's, ``origin``
    where it is sent from, ``at`` when, and ``until`` when its response was given up, in Unix
    seconds."""

    row: Row
    origin: Origin
    nonce: str = field(default_factory=lambda: secrets.token_hex(8))
    at: float = 0.0
    until: float | None = None


class Store:
    """The records of one batch. Every method blocks; each is one transaction."""

    def __init__(self, database: Database, batch: str) -> None:
        self.database = database
        self.batch = batch
        self._own_batch = BATCHES.c.batch == batch
        self._own_rows = ROWS.c.batch == batch

    def _at(self, table: sa.Table, row: Row) -> list[sa.ColumnElement[bool]]:
        """The condition for this attempt at a row."""
        return at(table, self.batch, row.id, row.attempt)

    # The batch itself

    @writes
    def set_terms(self, db: sa.Connection, terms: Terms) -> None:
        """Keep what the batch may do, and let it go on if it was cancelled."""
        kept = {
            "max_cost": None if terms.max_cost is None else str(terms.max_cost),
            "allow_unknown": terms.allow_unknown,
            "concurrency": terms.concurrency,
        }
        values = {"terms": json.dumps(kept), "budget": to_units(terms.budget), "cancelled": False}
        db.execute(BATCHES.update().where(self._own_batch).values(values))

    @reads
    def terms(self, db: sa.Connection) -> Terms:
        found = db.execute(sa.select(BATCHES).where(self._own_batch)).one()
        kept: dict[str, Any] = json.loads(found.terms)
        limit = kept.get("max_cost")
        return Terms(
            budget=_amount(found.budget),
            max_cost=None if limit is None else Decimal(limit),
            allow_unknown=bool(kept.get("allow_unknown")),
            concurrency=kept.get("concurrency"),
        )

    @reads
    def totals(self, db: sa.Connection) -> Totals:
        """The batch in figures."""
        counted = sa.select(ROWS.c.status, sa.func.count()).group_by(ROWS.c.status)
        counts: Any = counted.where(self._own_rows, ROWS.c.listed)
        found: list[tuple[Status, int]] = [tuple(each) for each in db.execute(counts)]
        own = db.execute(sa.select(BATCHES).where(self._own_batch)).one()
        return Totals(
            counts=dict(found),
            spent=to_dollars(own.spent),
            reserved=to_dollars(own.reserved),
            cancelled=own.cancelled,
        )

    # Rows

    @reads
    def known_keys(self, db: sa.Connection) -> dict[str, Status]:
        """The status of the newest row of each key."""
        return {each.key: each.status for each in self._newest(db)}

    def _newest(self, db: sa.Connection) -> Sequence[Any]:
        """The rows, a later generation of a key after the one before."""
        columns = (ROWS.c.key, ROWS.c.id, ROWS.c.generation, ROWS.c.status)
        own = sa.select(*columns).where(self._own_rows)
        return db.execute(own.order_by(ROWS.c.generation)).all()

    @writes
    def put(self, db: sa.Connection, rows: Sequence[NewRow], *, force: bool = False) -> None:
        """Make ``rows`` the current table, in one transaction: those that are known stay as they
        are, with ``force`` those that have ended are added once more."""
        kept = {row.key: row for row in self._newest(db)}
        labels = set(db.execute(sa.select(ROWS.c.label).where(self._own_rows)).scalars())
        last = db.execute(sa.select(sa.func.max(ROWS.c.id)).where(self._own_rows)).scalar() or 0
        db.execute(ROWS.update().where(self._own_rows).values(listed=False))
        new: list[dict[str, Any]] = []
        again: list[dict[str, Any]] = []
        prices: list[dict[str, Any]] = []
        for row in rows:
            old = kept.get(row.key)
            if old is not None and not (force and old.status in ENDED and not row.error):
                kept_row = {"row": row.row, "files": json.dumps(row.files), "listed": True}
                again.append({"same": old.id, **kept_row})
                price = {"low": to_units(row.low), "high": to_units(row.high)}
                prices.append({"same": old.id, **price})
                continue
            last += 1
            new.append(
                {
                    **_values(row),
                    "batch": self.batch,
                    "id": last,
                    "generation": 0 if old is None else old.generation + 1,
                    "label": _free_label(row.row, labels),
                }
            )
        if again:
            same = ROWS.update().where(self._own_rows, ROWS.c.id == sa.bindparam("same"))
            db.execute(same, again)
            # Prices may have changed; what was reserved is released as it was.
            db.execute(same.where(ROWS.c.status == "pending"), prices)
        if new:
            db.execute(ROWS.insert(), new)

    @reads
    def row(self, db: sa.Connection, row_id: int) -> Row:
        query = sa.select(ROWS).where(self._own_rows, ROWS.c.id == row_id)
        return _row(db.execute(query).one())

    @reads
    def open_rows(self, db: sa.Connection) -> int:
        """How many rows are to be sent or followed, or are being sent."""
        query = sa.select(sa.func.count()).select_from(ROWS).where(self._own_rows, _OPEN)
        return int(db.execute(query).scalar_one())

    @reads
    def rows(self, db: sa.Connection) -> list[Row]:
        """The rows of the current table, in its order, without what they send."""
        query = sa.select(*_TOLD).where(self._own_rows, ROWS.c.listed)
        return [_row(each) for each in db.execute(query.order_by(ROWS.c.row, ROWS.c.id))]

    @reads
    def ended_since(self, db: sa.Connection, moment: float) -> list[Row]:
        """Rows of the current table that have ended since ``moment``, in Unix seconds, without what
        they send."""
        query = sa.select(*_TOLD).where(
            self._own_rows, ROWS.c.changed >= moment, ROWS.c.listed, ROWS.c.status.in_(ENDED)
        )
        return [_row(each) for each in db.execute(query.order_by(ROWS.c.changed))]

    @writes
    def cancel_pending(self, db: sa.Connection) -> int:
        """Cancel all rows that were not sent, and the batch with them; returns how many."""
        db.execute(BATCHES.update().where(self._own_batch).values(cancelled=True))
        pending = ROWS.update().where(self._own_rows, ROWS.c.status == "pending")
        values = {"status": "cancelled", "error": "cancelled before it was sent"}
        return db.execute(pending.values(changed=time.time(), **values)).rowcount

    @writes
    def retry(self, db: sa.Connection) -> None:
        """Let the failed rows of the current table, and those that were cancelled, be sent once
        more."""
        again = ROWS.update().where(
            self._own_rows, ROWS.c.listed, ROWS.c.status.in_(("failed", "cancelled"))
        )
        values = _BLANK | {"attempt": ROWS.c.attempt + 1, "status": "pending"}
        db.execute(again.values(changed=time.time(), **values))

    # One row on its way

    @writes
    def intend(self, db: sa.Connection, intent: Intent, worker: str) -> Right:
        """Record that a row is about to be sent, and reserve its price, unless it may not be."""
        row = intent.row
        record = {
            "batch": self.batch,
            "id": row.id,
            "attempt": row.attempt,
            "nonce": intent.nonce,
            "worker": worker,
            "at": time.time(),
            "account": intent.origin.account,
            "skew": intent.origin.skew,
            "task": "",
            "token": "",
        }
        own = sa.select(INTENTS.c.nonce).where(*self._at(INTENTS, row))
        found = db.execute(own).scalar()
        if found is not None:
            # Our own: its commit was lost on the way back.
            return "given" if found == intent.nonce else "refused"
        if self.database.shared and not holds_lease(self.database, db, self.batch, worker):
            return "no lease"
        # One worker at a time from here on.
        terms = db.execute(sa.select(BATCHES).where(self._own_batch).with_for_update()).one()
        if terms.cancelled:
            return "refused"
        spent = terms.spent + terms.reserved + row.reserved
        if terms.budget is not None and spent > terms.budget:
            return "no budget"
        taken = ROWS.update().where(
            *self._at(ROWS, row),
            # A row that the table does not have any more may still be in the queue.
            ROWS.c.status == "pending",
            ROWS.c.listed,
            # It may have been priced anew since it was read.
            ROWS.c.low.is_not_distinct_from(to_units(row.low)),
            ROWS.c.high.is_not_distinct_from(to_units(row.high)),
        )
        if not db.execute(taken.values(status="sending", changed=time.time())).rowcount:
            return "refused"
        self._count(db, reserved=row.reserved)
        db.execute(INTENTS.insert().values(record))
        return "given"

    @writes
    def accepted(self, db: sa.Connection, row: Row, task: str, token: str) -> None:
        """Record the task that a row has become."""
        named = {"task": task, "token": token}
        db.execute(INTENTS.update().where(*self._at(INTENTS, row)).values(named))
        begun = ROWS.update().where(*self._at(ROWS, row))
        begun = begun.where(ROWS.c.status.in_(("sending", "uncertain", "pending")))
        values = {"status": "running", "error": "", "changed": time.time(), **named}
        db.execute(begun.values(values))

    @writes
    def withdraw(
        self, db: sa.Connection, intent: Intent, status: Status = "pending", error: str = ""
    ) -> None:
        """Take an intent back that Wiro has certainly not accepted."""
        row = intent.row
        gone = INTENTS.delete().where(*self._at(INTENTS, row), INTENTS.c.nonce == intent.nonce)
        if not db.execute(gone).rowcount:
            return
        self._count(db, reserved=-row.reserved)
        back = ROWS.update().where(*self._at(ROWS, row))
        back = back.where(ROWS.c.status.in_(("sending", "uncertain")))
        db.execute(back.values(status=status, error=error, changed=time.time()))

    @writes
    def uncertain(self, db: sa.Connection, row: Row, reason: str) -> None:
        """Record that a row may have been accepted: its response was lost."""
        call_uncertain(db, self.batch, row.id, row.attempt, reason)

    @writes
    def ended(
        self,
        db: sa.Connection,
        row: Row,
        status: Status,
        detail: TaskDetail | None,
        error: str = "",
        saved: Sequence[str] = (),
    ) -> None:
        """Record the end of a row, and settle what was reserved for it by what it cost."""
        charged = None if detail is None else to_units(detail.billed_cost)
        values = {
            "status": status,
            "cost": charged,
            "seconds": None if detail is None else detail.elapsed,
            "error": error,
            "saved": json.dumps(saved),
            "changed": time.time(),
        }
        end = ROWS.update().where(*self._at(ROWS, row))
        if db.execute(end.where(ROWS.c.status == "running").values(values)).rowcount:
            # Where Wiro tells no cost, it is taken to have cost what it might.
            paid = row.reserved if charged is None else charged
            self._count(db, reserved=-row.reserved, spent=paid)
            record = INTENTS.update().where(*self._at(INTENTS, row))
            db.execute(record.values(ended=time.time(), cost=paid))

    @writes
    def note(self, db: sa.Connection, row: Row, error: str) -> None:
        """Record what is in the way of an open row."""
        noted = ROWS.update().where(*self._at(ROWS, row))
        db.execute(noted.values(error=error, changed=time.time()))

    def _count(self, db: sa.Connection, *, reserved: int, spent: int = 0) -> None:
        """Add to what the batch has reserved and spent."""
        values = {"reserved": BATCHES.c.reserved + reserved, "spent": BATCHES.c.spent + spent}
        db.execute(BATCHES.update().where(self._own_batch).values(values))

    @reads
    def costs(self, db: sa.Connection) -> list[Cost]:
        """Return what runs that have ended have cost, by day, from the first day on."""
        same = sa.and_(ROWS.c.batch == INTENTS.c.batch, ROWS.c.id == INTENTS.c.id)
        query = (
            sa.select(BATCHES.c.tool, INTENTS.c.ended, INTENTS.c.cost, ROWS.c.low, ROWS.c.high)
            .join(ROWS, same)
            .join(BATCHES, BATCHES.c.batch == INTENTS.c.batch)
            .where(INTENTS.c.batch == self.batch, INTENTS.c.ended.is_not(None))
            .order_by(INTENTS.c.ended)
        )
        days: dict[str, list[Any]] = {}
        for tool, ended, spent, low, high in db.execute(query):
            day = datetime.fromtimestamp(ended, UTC).date().isoformat()
            known = spent > 0 and high is not None
            values = [1, spent > 0, spent, *((spent, low, high) if known else (0, 0, 0)), known]
            sums = days.setdefault(day, [day, tool, *[0] * len(values)])
            sums[2:] = map(operator.add, sums[2:], values)
        return [Cost.read(sums) for sums in days.values()]

    # Uncertain rows

    @reads
    def intents(self, db: sa.Connection, status: Status) -> list[Intent]:
        """The intents of the rows with this status, ``uncertain`` or ``sending``."""
        joined = sa.and_(
            ROWS.c.batch == INTENTS.c.batch,
            ROWS.c.id == INTENTS.c.id,
            ROWS.c.attempt == INTENTS.c.attempt,
        )
        query = (
            sa.select(ROWS, *(INTENTS.c[name] for name in _SENT))
            .join(INTENTS, joined)
            .where(ROWS.c.batch == self.batch, ROWS.c.status == status)
            .order_by(ROWS.c.id)
        )
        return [
            Intent(_row(x), Origin(x.account, x.skew), x.nonce, x.at, x.until)
            for x in db.execute(query)
        ]

    @reads
    def known_tasks(self, db: sa.Connection) -> set[str]:
        """The id and the token of every task of every batch in this database."""
        found = db.execute(sa.select(INTENTS.c.task, INTENTS.c.token))
        return {name for each in found for name in each if name}

    # The queue

    @writes
    def enqueue(
        self,
        db: sa.Connection,
        statuses: Sequence[Status],
        choose: Callable[[sa.Connection, list[tuple[int, int]]], list[int]],
    ) -> int:
        """Give rows to the queue, in one transaction with it. ``choose`` gets each row with one of
        ``statuses`` and the number of times that it was enqueued, and returns those that it has
        enqueued."""
        asked = sa.select(ROWS.c.id, ROWS.c.enqueued).order_by(ROWS.c.row)
        query = asked.where(self._own_rows, ROWS.c.status.in_(statuses), _OPEN)
        rows = [(each.id, each.enqueued) for each in db.execute(query)]
        chosen = choose(db, rows)
        if chosen:
            these = ROWS.c.id == sa.bindparam("b_id")
            update = ROWS.update().where(self._own_rows, these)
            values = [{"b_id": each} for each in chosen]
            db.execute(update.values(enqueued=ROWS.c.enqueued + 1), values)
        return len(chosen)


def list_batches(database: Database) -> dict[str, str]:
    """The tool of every batch of a database by its id, the newest first."""
    query = sa.select(BATCHES.c.batch, BATCHES.c.tool).order_by(BATCHES.c.created.desc())
    found = database.do(lambda db: db.execute(query).all(), write=False)
    return {row.batch: row.tool for row in found}


def create_batch(database: Database, batch: str, tool: str) -> None:
    """Make a batch, unless it is there."""
    values = {"batch": batch, "tool": tool, "created": time.time(), "terms": "{}"}
    values |= {"spent": 0, "reserved": 0, "cancelled": False}
    with suppress(IntegrityError):
        database.do(lambda db: db.execute(BATCHES.insert().values(values)))


def _values(row: NewRow) -> dict[str, Any]:
    return _BLANK | {
        "key": row.key,
        "row": row.row,
        "listed": True,
        "status": "refused" if row.error else "pending",
        "body": json.dumps(row.body),
        "files": json.dumps(row.files),
        "low": to_units(row.low),
        "high": to_units(row.high),
        "attempt": 1,
        "enqueued": 0,
        "error": row.error,
        "changed": time.time(),
    }


def _row(found: Any) -> Row:
    return Row(
        id=found.id,
        row=found.row,
        label=found.label,
        status=found.status,
        body=json.loads(found.body),
        files=json.loads(found.files),
        low=_amount(found.low),
        high=_amount(found.high),
        attempt=found.attempt,
        task=found.task,
        token=found.token,
        cost=_amount(found.cost),
        seconds=found.seconds,
        error=found.error,
        saved=tuple(json.loads(found.saved)),
    )


def _amount(units: int | None) -> Decimal | None:
    return None if units is None else to_dollars(units)


def _free_label(row: int, taken: set[str]) -> str:
    """What the files of a row are named by: its number in the table, with another number behind it
    where an earlier table had another row in its place."""
    label, version = f"{row:05d}", 1
    while label in taken:
        version += 1
        label = f"{row:05d}.{version}"
    taken.add(label)
    return label
