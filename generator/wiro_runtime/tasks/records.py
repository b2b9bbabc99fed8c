"""What the journal tells of submissions and tasks, as callers get it."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Generic, Literal, TypeVar

from wiro_runtime.tasks.budget import to_dollars

T = TypeVar("T")


class KeyTaken(Exception):  # noqa: N818 - says what happened
    """A run with this key is in the journal. Nothing was sent."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a run was sent from. ``account`` is a fingerprint of its key and server, empty when not
    recorded, ``skew`` by how many seconds its clock was ahead of Wiro's, ``None`` when no response
    had told that yet."""

    account: str = ""
    skew: float | None = None


NO_ORIGIN: Final = Origin()


@dataclass(frozen=True, slots=True, kw_only=True)
class LostSubmission:
    """A run that was sent, or was about to be, when its process ended or its connection broke.

    Wiro may have accepted it, and may bill it. ``inputs`` is what was sent, files by their names;
    ``at`` is when, in Unix seconds; ``until`` is when the response was given up, or the process was
    found to have ended; ``reason`` says why there was no response. ``exists`` is false when Wiro
    certainly has no such task, so that it can be sent again, and ``None`` when that is not known.
    ``origin`` says whose key sent it, and how its clock was then.
    """

    key: str
    tool: str
    inputs: Mapping[str, Any]
    at: float
    until: float | None = None
    reason: str = ""
    exists: Literal[False] | None = None
    origin: Origin = field(default=NO_ORIGIN, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTask:
    """A task that was accepted and has not been seen to end."""

    id: str
    token: str = field(repr=False)
    tool: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What the tasks of a tool that ended on one day (UTC) have cost, in dollars.

    ``runs`` ended, ``billed`` of them were not free, ``spent`` is what they cost. ``low`` and
    ``high`` are the estimates of the ``priced`` ones: those that were billed and whose price was
    known before; they have cost ``compared``.
    """

    day: str
    tool: str
    runs: int
    billed: int
    spent: Decimal
    compared: Decimal
    low: Decimal
    high: Decimal
    priced: int

    @classmethod
    def read(cls, row: Sequence[Any]) -> Cost:
        """The values of a row of the table ``spending``, whose amounts are units."""
        day, tool, runs, billed, *amounts, priced = row
        spent, compared, low, high = map(to_dollars, amounts)
        return cls(day, tool, runs, billed, spent, compared, low, high, priced)


NAMED: Final = "mcp-"
"""How the keys of runs begin that are looked up by what was asked for (an agent's retries)."""


def new_key() -> str:
    """Return a key for a submission; keys sort by the time at which they were made."""
    return f"{time.time_ns() // 1_000_000:012x}{secrets.token_hex(5)}"


class Resumed(Generic[T]):
    """What :meth:`AsyncWiro.resume` gives: to be iterated with ``async for``.

    A plain ``for`` gives what the journal alone knows, without a request; it waits for the disk.
    """

    def __init__(
        self, settled: Callable[[], Awaitable[list[T]]], recorded: Callable[[], list[T]]
    ) -> None:
        self._settled = settled
        self._recorded = recorded

    async def __aiter__(self) -> AsyncIterator[T]:
        for each in await self._settled():
            yield each

    def __iter__(self) -> Iterator[T]:
        return iter(self._recorded())
