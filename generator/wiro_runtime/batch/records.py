"""What a batch consists of, as its database holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, cast

from wiro_runtime.tasks.budget import to_units

Status: TypeAlias = Literal[
    "pending", "sending", "running", "done", "failed", "refused", "cancelled", "uncertain"
]
"""``pending`` was not sent, ``sending`` was recorded and is about to be sent, ``running`` is a task
of Wiro's, ``uncertain`` was sent and its response is lost. The others are ends: ``done`` succeeded
and its files are saved, ``failed`` ended without success, or lacks a file that it had, ``refused``
was not accepted, by us or by Wiro, ``cancelled`` was cancelled or killed."""

ENDED: Final[tuple[Status, ...]] = ("done", "failed", "refused", "cancelled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a batch. ``id`` is its number in the database, ``row`` in its table, ``label`` what
    its files are named by; ``body`` is what is sent, ``files`` what of it are local files.

    ``low`` and ``high`` are its price in dollars, ``cost`` what was charged.
    """

    id: int
    row: int
    label: str
    status: Status
    body: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    files: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    low: Decimal | None = None
    high: Decimal | None = None
    attempt: int = 1
    task: str = ""
    token: str = field(default="", repr=False)
    cost: Decimal | None = None
    seconds: float | None = None
    error: str = ""
    saved: tuple[str, ...] = ()

    @property
    def reserved(self) -> int:
        """What the budget keeps for it, in units: the most that it may cost or, where only that is
        known, the least."""
        return to_units(self.high or self.low) or 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """A row of a table on its way into the database. ``key`` says what it sends: two rows with one
    key are the same row."""

    row: int
    key: str
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])
    files: Mapping[str, Any] = field(default_factory=dict[str, Any])
    low: Decimal | None = None
    high: Decimal | None = None
    error: str = ""
    """Why it is refused; empty for a good one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a batch may do. Amounts are dollars, ``concurrency`` the most tasks at a time."""

    budget: Decimal | None = None
    max_cost: Decimal | None = None
    allow_unknown: bool = False
    concurrency: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """A batch in figures. ``counts`` are rows of the current table by status, ``spent`` and
    ``reserved`` dollars of all rows that were ever sent."""

    counts: Mapping[Status, int]
    spent: Decimal
    reserved: Decimal
    cancelled: bool

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(self.counts.values())

    @property
    def ended(self) -> int:
        """How many rows have ended, well or not."""
        return self.count(*ENDED)

    def count(self, *statuses: Status) -> int:
        """How many rows are in one of these states."""
        return sum(self.counts.get(status, 0) for status in statuses)


def local_paths(files: Mapping[str, Any]) -> list[Path]:
    """The files that a row names."""
    found: list[Path] = []
    for value in files.values():
        values = cast("list[str | None]", value if isinstance(value, list) else [value])
        found += [Path(each) for each in values if each is not None]
    return found


def restore_body(body: Mapping[str, Any], files: Mapping[str, Any]) -> dict[str, Any]:
    """What a run sends, with the local files in their places."""
    restored = dict(body)
    for name, value in files.items():
        if isinstance(value, list):
            others = list(body[name])
            for place, path in enumerate(cast("list[str | None]", value)):
                if path is not None:
                    others[place] = Path(path)
            restored[name] = others
        else:
            restored[name] = Path(value)
    return restored


def divide_body(values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A body as JSON, and beside it its local files: only what was a path here becomes one again,
    whatever a text of the table looks like."""
    body: dict[str, Any] = {}
    files: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Path):
            body[name], files[name] = f"<file {value.name}>", str(value)
            continue
        parts = cast("list[object]", value) if isinstance(value, list) else []
        if any(isinstance(x, Path) for x in parts):
            body[name] = [f"<file {x.name}>" if isinstance(x, Path) else x for x in parts]
            files[name] = [str(x) if isinstance(x, Path) else None for x in parts]
        else:
            body[name] = value
    return body, files
