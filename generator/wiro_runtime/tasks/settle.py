"""What became of lost submissions, by comparison with one's own tasks."""

from __future__ import annotations

import math
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeAlias, TypeVar, cast

from wiro_runtime.http.json_text import parse_json
from wiro_runtime.http.json_values import as_decimal
from wiro_runtime.tasks.listing import list_tasks, tool_of

if TYPE_CHECKING:
    from wiro_runtime.http.api import Api
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


def convert(
    settlements: Iterable[Settlement[StateT]], make: Callable[[StateT], TaskT]
) -> list[Settlement[TaskT]]:
    """The same settlements with other objects for their tasks, one for each: thousands of
    settlements may have the same candidates."""
    made: dict[int, TaskT] = {}

    def once(state: StateT) -> TaskT:
        if id(state) not in made:
            made[id(state)] = make(state)
        return made[id(state)]

    return [
        Settlement(
            lost=each.lost,
            outcome=each.outcome,
            task=None if each.task is None else once(each.task),
            candidates=tuple(map(once, each.candidates)),
        )
        for each in settlements
    ]


async def compare(
    api: Api,
    lost: Sequence[LostSubmission],
    known: Callable[[], Awaitable[tuple[set[str], list[LostSubmission]]]],
) -> list[Settlement[TaskDetail]]:
    """Say what became of each of ``lost``, by the tasks of the account. ``known`` gives the ids and
    tokens of the tasks that are recorded, and the submissions under way.

    A request that was given up just now may still arrive, so where one seems not to have been
    accepted, the tasks are listed once more.
    """
    waited = False
    while True:
        _, before = await known()
        details: list[TaskDetail] = []
        first: float | None = None
        async for detail in list_tasks(api.call_idempotent):
            # Not before the first response, which tells how far the clocks differ.
            first = since(lost, api.skew) if first is None else first
            if detail.created is not None and detail.created < first:
                break
            details.append(detail)
        # After the list, so that a task which was accepted meanwhile is known.
        names, after = await known()
        unknown = [each for each in details if not {each.id, each.token} & names]
        sending = {each.key: each for each in (*before, *after)}
        found = match(lost, unknown, list(sending.values()), api.skew)
        absent = [each.lost.until or each.lost.at for each in found if each.outcome == "absent"]
        left = max(absent, default=0.0) + GRACE - time.time()
        if waited or left <= 0:
            return found
        await api.settings.timing.sleep(min(left, GRACE))
        waited = True


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
    listed = _Listed(tasks, {name for each in everyone for name in _compared(each)})
    candidates = [listed.candidates(each, skew) for each in everyone]
    equals: dict[_Candidates, list[int]] = {}
    for index, own in enumerate(candidates):
        equals.setdefault(own, []).append(index)
    places = {own: sorted(listed.numbers(own)) for own in equals}
    rivals = Counter[int]()
    for own, group in equals.items():
        rivals.update(dict.fromkeys(places[own], len(group)))
    found: dict[int, TaskDetail] = {}
    shown: dict[_Candidates, tuple[TaskDetail, ...]] = {}
    for own, group in equals.items():
        numbers = places[own]
        shown[own] = tuple(tasks[number] for number in numbers)
        if (
            len(group) == len(numbers)
            and all(rivals[number] == len(group) for number in numbers)
            and all(index < len(lost) and _same(lost[group[0]], lost[index]) for index in group)
        ):
            # As many tasks as equal submissions: each became one, the oldest the oldest.
            group.sort(key=lambda index: lost[index].at)
            numbers.sort(key=lambda number: (tasks[number].created or 0.0, -number))
            moments = [tasks[number].created for number in numbers]
            times = [each for each in moments if each is not None]
            for index, number in zip(group, numbers, strict=True):
                begin, until = _window(lost[index], skew, wide=False)
                if not times or begin <= times[0] <= times[-1] <= until:
                    found[index] = tasks[number]
    settlements: list[Settlement[TaskDetail]] = []
    for index, each in enumerate(lost):
        own = candidates[index]
        if not own:
            gone = replace(each, exists=False)
            settlements.append(Settlement(lost=gone, outcome="absent"))
        elif index in found:
            settlements.append(Settlement(lost=each, outcome="found", task=found[index]))
        else:
            settlements.append(Settlement(lost=each, outcome="ambiguous", candidates=shown[own]))
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


_Candidates: TypeAlias = tuple[tuple[int, int, int], ...]
"""Tasks, as the number of an :class:`_Alike` and the part of its tasks from one place to another:
thousands of submissions may each be any of thousands of tasks."""


class _Alike:
    """Tasks that differ, by what Wiro shows, in nothing but the moment of their creation; in the
    order of ``created``, which is empty where Wiro does not show it."""

    def __init__(self, tool: str, meanings: dict[str, object]) -> None:
        self.tool = tool
        self.meanings = meanings
        self.numbers: list[int] = []
        self.created: list[float] = []

    def may_be(self, tool: str, inputs: Mapping[str, object]) -> bool:
        """Whether a submission of ``tool`` may have become one of these, at the right time."""
        if self.tool and tool and self.tool != tool:
            return False
        return all(self.meanings.get(name, value) == value for name, value in inputs.items())

    def between(self, begin: float, until: float) -> tuple[int, int]:
        if not self.created:
            return 0, len(self.numbers)
        return bisect_left(self.created, begin), bisect_right(self.created, until)


class _Listed:
    """The tasks of an account, to be searched by the inputs ``names``: each of thousands of lost
    submissions is not compared with each of thousands of tasks."""

    def __init__(self, tasks: Sequence[TaskDetail], names: Iterable[str]) -> None:
        alike: dict[object, _Alike] = {}
        order = sorted(range(len(tasks)), key=lambda number: tasks[number].created or 0.0)
        for number in order:
            task = tasks[number]
            tool = tool_of(task)
            meanings = {name: _meaning(value) for name, value in task.parameters.items()}
            key = (tool, frozenset(meanings.items()), task.created is None)
            group = alike.setdefault(key, _Alike(tool, meanings))
            group.numbers.append(number)
            if task.created is not None:
                group.created.append(task.created)
        self._alike = list(alike.values())
        self._by_value: dict[str, dict[object, list[int]]] = {name: {} for name in names}
        self._hidden: dict[str, list[int]] = {name: [] for name in self._by_value}
        for index, group in enumerate(self._alike):
            for name, values in self._by_value.items():
                if name in group.meanings:
                    values.setdefault(group.meanings[name], []).append(index)
                else:
                    self._hidden[name].append(index)

    def candidates(self, lost: LostSubmission, skew: float | None) -> _Candidates:
        """The tasks that a submission may have become, also when the clock may have been wrong at
        its time and no response had told the difference."""
        inputs = _compared(lost)
        places = [
            (self._hidden[name], self._by_value[name].get(value, []))
            for name, value in inputs.items()
        ]
        least = min(places, key=lambda two: sum(map(len, two)), default=(range(len(self._alike)),))
        window = _window(lost, skew, wide=True)
        found: list[tuple[int, int, int]] = []
        for index in chain(*least):
            if self._alike[index].may_be(lost.tool, inputs):
                begin, end = self._alike[index].between(*window)
                if begin < end:
                    found.append((index, begin, end))
        return tuple(sorted(found))

    def numbers(self, candidates: _Candidates) -> list[int]:
        return [n for index, *part in candidates for n in self._alike[index].numbers[slice(*part)]]


def _compared(lost: LostSubmission) -> dict[str, object]:
    """What the inputs of a submission mean, but for files: Wiro shows an address of its own."""
    return {
        name: _meaning(value)
        for name, value in lost.inputs.items()
        if name not in _NOT_COMPARED and not _holds_file(value)
    }


def _holds_file(value: object) -> bool:
    if isinstance(value, list):
        return any(map(_holds_file, cast("list[object]", value)))
    return isinstance(value, str) and value.startswith("<file ")


def _meaning(value: object) -> object:
    """What an input means, the same for what was sent and for what Wiro shows of it, which may be
    numbers and flags as text, lists and objects as JSON, and one item in the place of a list."""
    if isinstance(value, str) and value.startswith(("[", "{")):
        with suppress(ValueError):
            value = parse_json(value)
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        return frozenset((name, _meaning(each)) for name, each in fields.items())
    if isinstance(value, list):
        items = tuple(map(_meaning, cast("list[object]", value)))
        return items[0] if len(items) == 1 else items or None
    text = "" if value is None else " ".join(str(value).split())
    text = {"true": "1", "false": "0"}.get(text.lower(), text)
    number = as_decimal(text)
    return number if number is not None else text or None


def _same(one: LostSubmission, other: LostSubmission) -> bool:
    return one.tool == other.tool and one.inputs == other.inputs
