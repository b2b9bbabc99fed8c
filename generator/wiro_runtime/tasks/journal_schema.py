"""The tables of a journal, the statements that read and write them, and a row of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

VERSION: Final = 1
"""Of the schema, in ``PRAGMA user_version``."""

APPLICATION: Final = 0x5749524F

# What sums up a task that has ended.
_COUNT: Final = (
    "INSERT INTO spending SELECT date(new.ended_at, 'unixepoch'), new.tool, 1, spent > 0, spent, "
    "iif(known, spent, 0), iif(known, low, 0), iif(known, high, 0), known FROM "
    "(SELECT spent, low, high, spent > 0 AND high IS NOT NULL AS known FROM (SELECT coalesce("
    # SQLite would take a decimal for a float.
    "CAST(new.cost AS INTEGER) * 1000000000000 + CAST(substr(substr(new.cost, "
    "instr(new.cost || '.', '.') + 1) || '000000000000', 1, 12) AS INTEGER), "
    "max(reserved), 0) AS spent, "
    "max(low) AS low, max(high) AS high FROM prices WHERE key = new.key)) WHERE true "
    "ON CONFLICT (day, tool) DO UPDATE SET runs = runs + 1, billed = billed + excluded.billed, "
    "spent = spent + excluded.spent, compared = compared + excluded.compared, "
    "low = low + excluded.low, high = high + excluded.high, priced = priced + excluded.priced; "
    "UPDATE prices SET reserved = 0 WHERE key = new.key; END"
)
# In `submissions`, `cost` is a decimal in dollars. Inputs, which can be long and never change, have
# a table of their own: a record of what became of a submission takes one page. `prices` has the
# price of a submission: its bounds, and what is reserved for it until it is seen to end. `spending`
# sums up what has ended; the prices in it are those of billed tasks of which they were known.
# Amounts in these two are whole units of 1e-12 dollars. `origins` has the key by which a submission
# was sent, as a fingerprint, and how the clock was then. What is new is added to an older database
# without a new version, as older clients can go on beside it.
SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS submissions (key TEXT PRIMARY KEY, tool TEXT NOT NULL, "
    "at REAL NOT NULL, client TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, "
    "until REAL, task_id TEXT NOT NULL, token TEXT NOT NULL, status TEXT NOT NULL, "
    "ended_at REAL, cost TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS inputs (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS clients (id TEXT PRIMARY KEY, place TEXT NOT NULL, "
    "pid INTEGER NOT NULL, until REAL NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS prices (key TEXT PRIMARY KEY, low INTEGER, high INTEGER, "
    "reserved INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS spending (day TEXT, tool TEXT, runs INTEGER, billed INTEGER, "
    "spent INTEGER, compared INTEGER, low INTEGER, high INTEGER, priced INTEGER, "
    "PRIMARY KEY (day, tool)) WITHOUT ROWID",
    "CREATE TRIGGER IF NOT EXISTS forget_inputs AFTER DELETE ON submissions "
    "BEGIN DELETE FROM inputs WHERE key = old.key; END",
    "CREATE TRIGGER IF NOT EXISTS forget_price AFTER DELETE ON submissions "
    "BEGIN DELETE FROM prices WHERE key = old.key; END",
    "CREATE TRIGGER IF NOT EXISTS sum_ended AFTER UPDATE OF state ON submissions "
    f"WHEN new.state = 'ended' AND old.state <> 'ended' BEGIN {_COUNT}",
    "CREATE TRIGGER IF NOT EXISTS sum_inserted AFTER INSERT ON submissions "
    f"WHEN new.state = 'ended' BEGIN {_COUNT}",
    "CREATE TABLE IF NOT EXISTS origins (key TEXT PRIMARY KEY, account TEXT NOT NULL, skew REAL) "
    "WITHOUT ROWID",
    "CREATE TRIGGER IF NOT EXISTS forget_origin AFTER DELETE ON submissions "
    "BEGIN DELETE FROM origins WHERE key = old.key; END",
    # What each write looks for is found without reading all that is kept.
    "CREATE INDEX IF NOT EXISTS open_tasks ON submissions (task_id) WHERE state = 'accepted'",
    "CREATE INDEX IF NOT EXISTS open_prices ON prices (reserved) WHERE reserved > 0",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)
LAST: Final = "SELECT count(*) FROM sqlite_schema WHERE name = 'open_prices'"
INSERT_PRICE: Final = (
    "INSERT INTO prices VALUES (:key, :low, :high, coalesce(:reserved, 0)) "
    "ON CONFLICT (key) DO NOTHING"
)
INSERT_ORIGIN: Final = (
    "INSERT INTO origins VALUES (:key, coalesce(:account, ''), :skew) ON CONFLICT (key) DO NOTHING"
)
COMMITTED: Final = (
    "SELECT (SELECT coalesce(sum(spent), 0) FROM spending) + "
    "(SELECT coalesce(sum(reserved), 0) FROM prices WHERE reserved > 0)"
)
"""What has been spent and is reserved, in units."""
INSERT: Final = (
    "INSERT INTO submissions VALUES (:key, :tool, :at, :client, :state, :reason, :until, :task_id, "
    ":token, :status, :ended_at, :cost)"
)
INSERT_INPUTS: Final = "INSERT INTO inputs VALUES (:key, :inputs) ON CONFLICT (key) DO NOTHING"
SELECT: Final = (
    "SELECT submissions.*, json, low, high, reserved, account, skew FROM submissions "
    "JOIN inputs USING (key) LEFT JOIN prices USING (key) LEFT JOIN origins USING (key) "
)
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
    inputs: str = "{}"
    low: int | None = None
    high: int | None = None
    reserved: int | None = 0
    account: str | None = None
    skew: float | None = None


def storable(text: str) -> str:
    """``text`` as it can be stored: half a surrogate pair, which JSON can hold, is escaped."""
    return text.encode(errors="backslashreplace").decode()
