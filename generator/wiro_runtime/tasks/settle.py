"""What became of lost submissions, by comparison with one's own tasks."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeAlias, TypeVar, cast

from wiro_runtime.http.json_values import as_decimal
from wiro_runtime.tasks.listing import tool_of

if TYPE_CHECKING:
    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.records import LostSubmission

TaskT = TypeVar("TaskT")
StateT = TypeVar("StateT")

Outcome: TypeAlias = Literal["found", "absent", "ambiguous"]

SLACK: Final = 300.0
"""Seconds by which clocks may differ that have been compared."""

_WRONG: Final = 24 * 3600.0
"""Seconds by which a clock may be wrong that was not compared: it may be in another time zone."""

GRACE: Final = 5.0
"""Seconds after which a request that was given up is not accepted any more."""

OTHER_KEY: Final = "it was sent with another API key, or to another server; settle it with that one"

_NOT_COMPARED: Final = frozenset({"callbackUrl", "projectid"})
"""Parameters of a run that are no inputs of its tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement(Generic[TaskT]):
    """What became of a lost submission.

    ``outcome`` is ``"found"`` (``task`` is the task that it became), ``"absent"`` (Wiro has no task
    that it could be, so it was not accepted) or ``"ambiguous"`` (it may be one of ``candidates``,
    or none). Tasks are compared by tool, by time and, where Wiro shows them, by inputs. What was
    sent with the key of another account is ambiguous, with its reason in ``lost``.
    """

    lost: LostSubmission
    outcome: Outcome
    task: TaskT | None = None
    candidates: tuple[TaskT, ...] = ()


def convert(settlement: Settlement[StateT], make: Callable[[StateT], TaskT]) -> Settlement[TaskT]:
    """The same settlement with the tasks that callers hold."""
    return Settlement(
        lost=settlement.lost,
        outcome=settlement.outcome,
        task=None if settlement.task is None else make(settlement.task),
        candidates=tuple(map(make, settlement.candidates)),
    )


def match(
    lost: Sequence[LostSubmission],
    details: Iterable[TaskDetail],
    sending: Sequence[LostSubmission] = (),
    skew: float | None = None,
) -> list[Settlement[TaskDetail]]:
    """Say what became of each of ``lost``. ``details`` are all tasks since :func:`since` that the
    journal does not know; ``sending`` are submissions under way, which may become one of them.
    ``skew`` is by how many seconds the clock of this computer is ahead of Wiro's."""
    tasks = list(details)
    everyone = [*lost, *sending]
    candidates = [
        {number for number, detail in enumerate(tasks) if may_be(each, detail, skew, wide=True)}
        for each in everyone
    ]
    settlements: list[Settlement[TaskDetail]] = []
    for index, each in enumerate(lost):
        own = candidates[index]
        rivals = [other for other, theirs in enumerate(candidates) if theirs & own]
        if not own:
            gone = replace(each, exists=False)
            settlements.append(Settlement(lost=gone, outcome="absent"))
        elif (
            len(rivals) == len(own)
            and all(may_be(each, tasks[number], skew) for number in own)
            and all(rival < len(lost) and candidates[rival] == own for rival in rivals)
            and all(_same(each, lost[rival]) for rival in rivals)
        ):
            # As many tasks as equal submissions: each became one, the oldest the oldest.
            rivals.sort(key=lambda rival: lost[rival].at)
            ordered = sorted(own, key=lambda number: (tasks[number].created or 0.0, -number))
            found = tasks[ordered[rivals.index(index)]]
            settlements.append(Settlement(lost=each, outcome="found", task=found))
        else:
            some = tuple(tasks[number] for number in sorted(own))
            settlements.append(Settlement(lost=each, outcome="ambiguous", candidates=some))
    return settlements


def since(lost: Iterable[LostSubmission], skew: float | None = None) -> float:
    """The Unix time by Wiro's clock before which no task can be one of ``lost``."""
    return min(_window(each, skew, wide=True)[0] for each in lost)


def _window(lost: LostSubmission, skew: float | None, *, wide: bool) -> tuple[float, float]:
    """The Unix times by Wiro's clock between which a submission can have become a task."""
    # The clock may have been set right, or wrong, since then.
    known = [each for each in (skew, lost.origin.skew) if each is not None]
    slack = _WRONG if wide and lost.origin.skew is None else SLACK
    until = math.inf if lost.until is None else lost.until
    return lost.at - max([*known, 0.0]) - slack, until - min([*known, 0.0]) + slack


def may_be(
    lost: LostSubmission, detail: TaskDetail, skew: float | None = None, *, wide: bool = False
) -> bool:
    """Whether a submission may have become this task; ``wide``: also when the clock may have been
    wrong at its time and no response had told the difference."""
    tool = tool_of(detail)
    if tool and lost.tool and tool != lost.tool:
        return False
    begin, until = _window(lost, skew, wide=wide)
    if detail.created is not None and not begin <= detail.created <= until:
        return False
    parameters = _mapping(detail.raw.get("parameters"))
    return all(
        _equal(value, parameters[name])
        for name, value in lost.inputs.items()
        if name in parameters and name not in _NOT_COMPARED
    )


def _same(one: LostSubmission, other: LostSubmission) -> bool:
    return one.tool == other.tool and one.inputs == other.inputs


def _mapping(value: object) -> Mapping[str, Any]:
    if isinstance(value, str):
        value = _parsed(value)
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _equal(sent: object, told: object) -> bool:
    """Whether Wiro tells of an input as it was sent. It gives numbers as text, and lists and
    objects as JSON; a file it gives as an address of its own."""
    if isinstance(sent, str) and sent.startswith("<file "):
        return True
    if sent in (None, "", []) or told in (None, "", []):
        return sent in (None, "", []) and told in (None, "", [])
    if isinstance(sent, list | dict):
        told = _parsed(told) if isinstance(told, str) else told
        if isinstance(sent, dict):
            return sent == told
        items = cast("list[object]", sent)
        others = cast("list[object]", told) if isinstance(told, list) else [told]
        return len(items) == len(others) and all(map(_equal, items, others))
    if isinstance(sent, bool) or isinstance(told, bool):
        return _flag(sent) == _flag(told)
    number, other = as_decimal(sent), as_decimal(told)
    if number is not None and other is not None:
        return number == other
    return " ".join(str(sent).split()) == " ".join(str(told).split())


def _flag(value: object) -> str:
    text = str(value).lower()
    return {"1": "true", "0": "false"}.get(text, text)


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
