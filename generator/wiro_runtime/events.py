"""What happens to a task while it runs, as typed events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from wiro_runtime.results import Result

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wiro_runtime.detail import TaskDetail
    from wiro_runtime.results import Output

OnUpdate: TypeAlias = Callable[["Event"], object]
"""Called with every event of a task; for :class:`AsyncWiro` it may be a coroutine function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened. ``status`` is the one that the task had then, ``raw`` what Wiro
    sent. Printing one gives a line for people."""

    task_id: str
    status: str
    raw: Mapping[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return f"task {self.task_id}: {self.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(Event):
    """The task entered ``status``. Each one is given once."""

    __str__ = Event.__str__


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Event):
    """How far it is: ``percentage`` 0 to 100, steps, seconds gone and to go; ``None``: not said."""

    percentage: float | None
    step: int | None
    steps: int | None
    elapsed: float | None
    remaining: float | None

    def __str__(self) -> str:
        parts = [] if self.percentage is None else [f"{self.percentage:g} %"]
        if self.step is not None and self.steps is not None:
            parts.append(f"step {self.step}/{self.steps}")
        if self.remaining is not None:
            parts.append(f"{self.remaining:g} s to go")
        return f"task {self.task_id}: {', '.join(parts) or self.status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextChunk(Event):
    """What an LLM tool has written: ``text`` as a whole, ``thinking`` and ``answer`` where Wiro
    tells them apart."""

    text: str
    thinking: tuple[str, ...]
    answer: tuple[str, ...]

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine(Event):
    """A line that the tool printed; ``error`` when on its error stream, which is no failure."""

    text: str
    error: bool

    def __str__(self) -> str:
        return f"task {self.task_id}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryFrame(Event):
    """Bytes that the task sent, passed on as they are."""

    data: bytes

    def __str__(self) -> str:
        return f"task {self.task_id}: {len(self.data)} bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputsReady(Event):
    """The task's outputs."""

    outputs: tuple[Output, ...]

    def __str__(self) -> str:
        names = ", ".join(output.name for output in self.outputs)
        return f"task {self.task_id}: {len(self.outputs)} outputs: {names}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnded(Event):
    """The last event of every task; ``detail`` says whether it succeeded."""

    detail: TaskDetail

    def __str__(self) -> str:
        detail = self.detail
        word = "cancelled" if detail.cancelled else "succeeded" if detail.succeeded else "failed"
        cost = "" if detail.cost is None else f", cost ${detail.cost.normalize():f}"
        return f"task {self.task_id}: {word}{cost}"


class Reader:
    """Turns what Wiro says about one task into events, none of them twice."""

    def __init__(self, access: Any) -> None:
        self._access = access
        self._statuses: set[str] = set()
        self._log = ""
        self._error_log = ""

    def detail(self, detail: TaskDetail) -> list[Event]:
        """The events that a look at the task reveals, in order."""
        base: dict[str, Any] = {
            "task_id": detail.id,
            "status": detail.status,
            "raw": detail.raw,
        }
        events: list[Event] = []
        if detail.status not in self._statuses:
            self._statuses.add(detail.status)
            events.append(StatusChanged(**base))
        for error, before, now in (
            (False, self._log, detail.log),
            (True, self._error_log, detail.error_log),
        ):
            fresh = now.removeprefix(before) if now != before else ""
            events += [LogLine(**base, text=line, error=error) for line in fresh.splitlines()]
        self._log, self._error_log = detail.log, detail.error_log
        if detail.terminal:
            outputs = Result.read(detail, detail.id, self._access).outputs
            if outputs:
                events.append(OutputsReady(**base, outputs=outputs))
            events.append(TaskEnded(**base, detail=detail))
        return events
