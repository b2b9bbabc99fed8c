"""Parse Task/Detail tolerantly.

Numbers come as text, "0" as a time means "not yet", fields may be missing or of another type, and
an unknown status is that of a running task.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from wiro_runtime.inputs.messages import shorten
from wiro_runtime.price import MOST, dollars

ENDED: Final = "task_postprocess_end"
CANCELLED: Final = "task_cancel"
QUEUED: Final = "task_queue"
SET_BACK: Final = "task_error"
"""As the stored status: it failed before it ran, and waits to be queued again."""

TERMINAL: Final = frozenset({ENDED, CANCELLED})


_LATEST: Final = 253_402_300_800.0
"""The year 10000 in Unix seconds; no calendar takes a later moment."""

_UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[dhms])[a-z]*[\s,]*", re.ASCII)
_CLOCK: Final = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)", re.ASCII)


def as_text(value: object) -> str:
    """A text, or a number as one; empty for everything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


def as_name(value: object) -> str:
    """An id or a token: text or a whole number, and nothing that only has a ``str``."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if type(value) is int else ""


def as_float(value: object) -> float | None:
    """A finite number, or ``None`` for anything that is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_int(value: object) -> int | None:
    """A whole number of at most 18 digits; fractions are cut off."""
    number = as_float(value)
    return int(number) if number is not None and abs(number) < 1e18 else None


def as_seconds(value: object) -> float | None:
    """Seconds out of ``12.5``, ``"12.5"``, ``"65s"``, ``"1m 5s"``, ``"2h 1m"`` and ``"01:05"``;
    ``None`` for anything else and for less than nothing."""
    number = as_float(value)
    if number is None and isinstance(value, str):
        number = _spoken_seconds(value.strip().lower()[:100])
    return number if number is not None and number >= 0 else None


def _spoken_seconds(text: str) -> float | None:
    if (clock := _CLOCK.fullmatch(text)) is not None:
        hours, minutes, seconds = clock.groups()
        return float(hours or 0) * 3600 + float(minutes) * 60 + float(seconds)
    found = list(_DURATION.finditer(text))
    if not found or "".join(part[0] for part in found) != text:
        return None
    return sum(float(part[1]) * _UNITS[part[2]] for part in found)


def as_decimal(value: object) -> Decimal | None:
    """An amount of money, exact; ``None`` for what is no number or has hundreds of digits."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).strip()
    if len(text) > 100:
        return None
    try:
        number = Decimal(text)
    except (InvalidOperation, ValueError):
        return None
    # Written out, a number like 1e999999999 would fill the memory.
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def _read_cost(value: object) -> Decimal | None:
    """What a task has cost in dollars; ``None`` for what cannot be meant, such as less than
    nothing, which would make room in a budget."""
    cost = as_decimal(value)
    return cost if cost is not None and 0 <= cost <= MOST else None


def as_mappings(value: object) -> tuple[Mapping[str, Any], ...]:
    """The objects of a list; everything else in it is left out."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(cast("Mapping[str, Any]", item) for item in items if isinstance(item, Mapping))


def _moment(value: object) -> float | None:
    """Unix seconds; ``None`` for 0, which means "not yet"."""
    seconds = as_float(value)
    return seconds if seconds is not None and 0 < seconds < _LATEST else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDetail:
    """The state of a task at one moment.

    ``exit_code`` is Wiro's ``pexit`` (``None`` until there is one), ``cost`` in dollars,
    ``elapsed`` in seconds, the times in Unix seconds (``None``: not yet). ``raw`` is all that Wiro
    sent.
    """

    id: str
    token: str = field(repr=False)
    status: str
    exit_code: str | None
    cost: Decimal | None
    elapsed: float | None
    created: float | None
    started: float | None
    ended: float | None
    log: str
    error_log: str
    raw: Mapping[str, Any] = field(repr=False)

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> TaskDetail:
        pexit = raw.get("pexit")
        return cls(
            id=as_text(raw.get("id") or raw.get("taskid")),
            token=as_text(raw.get("socketaccesstoken") or raw.get("tasktoken")),
            status=as_text(raw.get("status")),
            exit_code=None if pexit is None or pexit == "" else as_text(pexit),
            cost=_read_cost(raw.get("totalcost")),
            elapsed=as_seconds(raw.get("elapsedseconds")),
            created=_moment(raw.get("createtime")),
            started=_moment(raw.get("starttime")),
            ended=_moment(raw.get("endtime")),
            log=as_text(raw.get("debugoutput")),
            error_log=as_text(raw.get("debugerror")),
            raw=raw,
        )

    @property
    def terminal(self) -> bool:
        """Whether nothing more will happen."""
        return self.status in TERMINAL

    @property
    def cancelled(self) -> bool:
        return self.status == CANCELLED

    @property
    def succeeded(self) -> bool:
        """Ended well: exit code 0 or, where Wiro gives none, with outputs."""
        if self.status != ENDED:
            return False
        if self.exit_code is None:
            return bool(self.raw.get("outputs"))
        return as_float(self.exit_code) == 0

    @property
    def reason(self) -> str:
        """One line on why it failed, from the end of the task's error log."""
        code = "" if self.exit_code is None else f"exit code {shorten(self.exit_code, 40)}"
        said = self._last_error
        return ": ".join(x for x in (code, said) if x) or "no outputs and no reason given"

    @property
    def billed_cost(self) -> Decimal | None:
        """What an ended task has cost. Where Wiro does not say: nothing for one that failed or was
        cancelled before it ran, and ``None`` otherwise."""
        failed = self.exit_code is not None and not self.succeeded and not self.cancelled
        never_ran = self.cancelled and self.started is None
        return Decimal(0) if self.cost is None and (failed or never_ran) else self.cost

    @property
    def billed(self) -> str:
        """The end of a message about a task without success: what it cost, if it was billed."""
        return f" (billed: {dollars(self.cost)})" if self.cost else ""

    @property
    def setback(self) -> str:
        """One line on why it failed before it ran, while it waits to be queued again; empty
        otherwise."""
        return self._last_error or "no reason given" if self.status == SET_BACK else ""

    @property
    def _last_error(self) -> str:
        lines = [line for line in self.error_log.splitlines() if line.strip()]
        return shorten(lines[-1], 200) if lines else ""
