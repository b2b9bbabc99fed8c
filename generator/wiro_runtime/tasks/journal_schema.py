"""The tables of a journal, the statements that read and write them, and a row of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VERSION: Final = 2
"""Of the schema, in ``PRAGMA user_version``."""

APPLICATION: Final = 0x5749524F

# What sums up a task that has ended.
_COUNT: Final = (
    "INSERT INTO spending SELECT date(new.ended_at, 'unixepoch'), new.tool, 1, spent > 0, spent, "
    "iif(known, spent, 0), iif(known, new.low, 0), iif(known, new.high, 0), known FROM "
    "(SELECT spent, spent > 0 AND new.high IS NOT NULL AS known FROM (SELECT coalesce("
    # SQLite would take a decimal for a float.
    "CAST(new.cost AS INTEGER) * 1000000000000 + CAST(substr(substr(new.cost, "
    "instr(new.cost || '.', '.') + 1) || '000000000000', 1, 12) AS INTEGER), "
    "new.reserved) AS spent)) WHERE true "
    "ON CONFLICT (day, tool) DO UPDATE SET runs = runs + 1, billed = billed + excluded.billed, "
    "spent = spent + excluded.spent, compared = compared + excluded.compared, "
    "low = low + excluded.low, high = high + excluded.high, priced = priced + excluded.priced; END"
)
# In `submissions`, `cost` is a decimal in dollars; `low` and `high` are the bounds of the price
# that was known before the run, and `reserved` is what counts as spent until the task is seen to
# end. These, and the amounts in `spending`, are whole units of 1e-12 dollars. `account` is the key
# by which a submission was sent, as a fingerprint, and `skew` how the clock was then. Inputs, which
# can be long and never change, have a table of their own: each record takes few pages. `spending`
# sums up what has ended; the prices in it are those of billed tasks of which they were known.
SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS submissions (key TEXT PRIMARY KEY, tool TEXT NOT NULL, "
    "at REAL NOT NULL, client TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, "
    "until REAL, task_id TEXT NOT NULL, token TEXT NOT NULL, status TEXT NOT NULL, "
    "ended_at REAL, cost TEXT, low INTEGER, high INTEGER, reserved INTEGER NOT NULL, "
    "account TEXT NOT NULL, skew REAL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS inputs (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS clients (id TEXT PRIMARY KEY, place TEXT NOT NULL, "
    "pid INTEGER NOT NULL, until REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS spending (day TEXT, tool TEXT, runs INTEGER, billed INTEGER, "
    "spent INTEGER, compared INTEGER, low INTEGER, high INTEGER, priced INTEGER, "
    "PRIMARY KEY (day, tool)) WITHOUT ROWID",
    "CREATE TRIGGER IF NOT EXISTS forget_inputs AFTER DELETE ON submissions "
    "BEGIN DELETE FROM inputs WHERE key = old.key; END",
    "CREATE TRIGGER IF NOT EXISTS sum_ended AFTER UPDATE OF state ON submissions "
    f"WHEN new.state = 'ended' AND old.state <> 'ended' BEGIN {_COUNT}",
    "CREATE TRIGGER IF NOT EXISTS sum_inserted AFTER INSERT ON submissions "
    f"WHEN new.state = 'ended' BEGIN {_COUNT}",
    # What each write looks for is found without reading all that is kept.
    "CREATE INDEX IF NOT EXISTS open_tasks ON submissions (task_id) WHERE state = 'accepted'",
    "CREATE INDEX IF NOT EXISTS open_prices ON submissions (reserved) "
    "WHERE reserved > 0 AND state <> 'ended'",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
UPGRADE: Final = (
    "ALTER TABLE submissions ADD COLUMN low INTEGER",
    "ALTER TABLE submissions ADD COLUMN high INTEGER",
    "ALTER TABLE submissions ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE submissions ADD COLUMN account TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE submissions ADD COLUMN skew REAL",
    "DROP TRIGGER IF EXISTS forget_price",
    "DROP TRIGGER IF EXISTS forget_origin",
    "DROP TRIGGER IF EXISTS sum_ended",
    "DROP TRIGGER IF EXISTS sum_inserted",
    "DROP TABLE IF EXISTS prices",
    "DROP TABLE IF EXISTS origins",
)
"""Makes a database of version 1 one that lacks only what ``SCHEMA`` creates. What was reserved for
its unfinished tasks is not carried over."""
RESERVED: Final = (
    "SELECT coalesce(sum(reserved), 0) FROM submissions WHERE reserved > 0 AND state <> 'ended'"
)
"""What is reserved, in units."""
COMMITTED: Final = (
    "SELECT (SELECT coalesce(sum(spent), 0) FROM spending) + "
    "(SELECT coalesce(sum(reserved), 0) FROM submissions WHERE reserved > 0 AND state <> 'ended')"
)
"""What has been spent and is reserved, in units."""
INSERT: Final = (
    "INSERT INTO submissions VALUES (:key, :tool, :at, :client, :state, :reason, :until, :task_id, "
    ":token, :status, :ended_at, :cost, :low, :high, :reserved, :account, :skew)"
)
INSERT_INPUTS: Final = "INSERT INTO inputs VALUES (:key, :inputs) ON CONFLICT (key) DO NOTHING"
SELECT: Final = "SELECT submissions.*, json FROM submissions JOIN inputs USING (key) "
"""Gives the arguments of a :class:`Row`."""
UPSERT: Final = INSERT + (
    # Not `client`: another one may have taken it over.
    " ON CONFLICT (key) DO UPDATE SET"
    " (state, reason, until, task_id, token, status, ended_at, cost)"
    " = (excluded.state, excluded.reason, excluded.until, excluded.task_id, excluded.token,"
    " excluded.status, excluded.ended_at, excluded.cost)"
)
RESTORE: Final = INSERT + " ON CONFLICT (key) DO NOTHING"
# Not by the key alone: another client may have begun the same run after this one could not.
DELETE: Final = "DELETE FROM submissions WHERE key = :key AND at = :at"
PRUNE: Final = (
    "DELETE FROM submissions WHERE state = 'ended' AND NOT (key LIKE ? || '%' AND ended_at > ?) "
    "AND key NOT IN (SELECT key FROM submissions "
    "WHERE state = 'ended' ORDER BY ended_at DESC, key DESC LIMIT ?)"
)
RENEW: Final = (
    "INSERT INTO clients (id, place, pid, until) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (id) DO UPDATE SET until = excluded.until"
)
REMOVE_DEAD: Final = (
    "DELETE FROM clients WHERE id <> :me AND "
    "(until <= :now OR place = :place AND NOT is_running(pid))"
)
TAKE_OVER: Final = (
    "UPDATE submissions SET client = :me, "
    "reason = CASE state WHEN 'sending' THEN 'its process ended' ELSE reason END, "
    "until = CASE state WHEN 'sending' THEN :now ELSE until END, "
    "state = CASE state WHEN 'sending' THEN 'lost' ELSE state END "
    "WHERE state <> 'ended' AND client <> :me AND client NOT IN (SELECT id FROM clients)"
)


@dataclass
class Row:
    """A submission, as it is, or is to be, in the database. ``state`` is ``sending``, ``lost``,
    ``accepted`` or ``ended``; ``settled`` is that of a row which is to be deleted."""

    key: str
    tool: str
    at: float
    client: str = ""
    state: str = "sending"
    reason: str = ""
    until: float | None = None
    task_id: str = ""
    token: str = ""
    status: str = ""
    ended_at: float | None = None
    cost: str | None = None
    low: int | None = None
    high: int | None = None
    reserved: int = 0
    account: str = ""
    skew: float | None = None
    inputs: str = "{}"


def storable(text: str) -> str:
    """``text`` as it can be stored: half a surrogate pair, which JSON can hold, is escaped."""
    return text.encode(errors="backslashreplace").decode()
