"""The state of a task, as Task/Detail tells it.

"0" as a time means "not yet", fields may be missing or of another type, and an unknown status is
that of a running task.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, cast

from wiro_runtime.http.json_text import parse_json
from wiro_runtime.http.json_values import (
    as_decimal,
    as_float,
    as_name,
    as_seconds,
    as_text,
)
from wiro_runtime.inputs.messages import shorten
from wiro_runtime.price import MOST, dollars

ENDED: Final = "task_postprocess_end"
CANCELLED: Final = "task_cancel"
QUEUED: Final = "task_queue"
SET_BACK: Final = "task_error"
"""As the stored status: it failed before it ran, and waits to be queued again."""

TERMINAL: Final = frozenset({ENDED, CANCELLED})

_LONGEST_LINE: Final = 2**16
"""Characters at the end of an error log in which its last line is looked for."""

_LATEST: Final = 253_402_300_800.0
"""The year 10000 in Unix seconds; no calendar takes a later moment."""


def _read_cost(value: object) -> Decimal | None:
    """What a task has cost in dollars; ``None`` for what cannot be meant, such as less than
    nothing, which would make room in a budget."""
    cost = as_decimal(value)
    return cost if cost is not None and 0 <= cost <= MOST else None


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
            id=as_name(raw.get("id") or raw.get("taskid")),
            token=as_name(raw.get("socketaccesstoken") or raw.get("tasktoken")),
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
        """Whether it was cancelled or killed."""
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
    def parameters(self) -> Mapping[str, Any]:
        """What was sent, as far as Wiro shows it: as an object, or as JSON in a text."""
        shown = self.raw.get("parameters")
        if isinstance(shown, str):
            try:
                shown = parse_json(shown)
            except ValueError:
                shown = None
        return cast("Mapping[str, Any]", shown) if isinstance(shown, Mapping) else {}

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
        lines = self.error_log.rstrip()[-_LONGEST_LINE:].splitlines()
        return shorten(lines[-1], 200) if lines else ""
