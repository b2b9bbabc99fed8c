"""Task/Detail, read tolerantly: numbers come as text, "0" as a time means "not yet", fields may be
missing, and a status that nobody has heard of is a running one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

from wiro_runtime.inputs.messages import shorten

ENDED: Final = "task_postprocess_end"
CANCELLED: Final = "task_cancel"
QUEUED: Final = "task_queue"
TERMINAL: Final = frozenset({ENDED, CANCELLED})


def as_text(value: object) -> str:
    return value if isinstance(value, str) else "" if value is None else str(value)


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
    number = as_float(value)
    return None if number is None else int(number)


def as_decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):
        return None
    # Written out, a number like 1e999999999 would fill the memory.
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def as_mappings(value: object) -> tuple[Mapping[str, Any], ...]:
    """The objects of a list; everything else in it is left out."""
    items = cast("list[Any]", value) if isinstance(value, list) else []
    return tuple(cast("Mapping[str, Any]", item) for item in items if isinstance(item, Mapping))


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
            cost=as_decimal(raw.get("totalcost")),
            elapsed=as_float(raw.get("elapsedseconds")),
            created=as_float(raw.get("createtime")) or None,
            started=as_float(raw.get("starttime")) or None,
            ended=as_float(raw.get("endtime")) or None,
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
        lines = [line for line in self.error_log.splitlines() if line.strip()]
        said = shorten(lines[-1], 200) if lines else ""
        return ": ".join(x for x in (code, said) if x) or "no outputs and no reason given"
