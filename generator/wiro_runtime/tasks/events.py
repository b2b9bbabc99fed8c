"""Typed events: what happens to a task while it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from wiro_runtime.inputs.messages import escape_controls, shorten
from wiro_runtime.price import dollars

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wiro_runtime.results.output import AsyncOutput, Output
    from wiro_runtime.tasks.detail import TaskDetail

OnUpdate: TypeAlias = Callable[["Event"], object]
"""Called with every event of a task; for :class:`AsyncWiro` it may be a coroutine function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events. ``status`` is the one that the task had then, ``raw`` what Wiro sent.
    As text it is a line for people, without what a terminal would obey."""

    task_id: str
    status: str
    raw: Mapping[str, Any] = field(repr=False)

    def __str__(self) -> str:
        return escape_controls(self._text()).replace("\n", r"\n")

    def _text(self) -> str:
        return f"task {self.task_id}: {shorten(self.status)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(Event):
    """The task entered ``status``. Each one is given once, or anew after a setback.

    ``reason`` is not empty for the status ``task_error``: why the task failed before it ran. It
    waits then to be queued again.
    """

    reason: str = ""

    def _text(self) -> str:
        line = f"task {self.task_id}: {shorten(self.status)}"
        return f"{line}, waits to be queued again: {self.reason}" if self.reason else line


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress(Event):
    """How far the task is: ``percentage`` from 0 to 100, steps done and in all, seconds gone and
    to go; ``None`` where Wiro said nothing."""

    percentage: float | None
    step: int | None
    steps: int | None
    elapsed: float | None
    remaining: float | None

    def _text(self) -> str:
        parts = [] if self.percentage is None else [f"{self.percentage:g} %"]
        if self.step is not None and self.steps is not None:
            parts.append(f"step {self.step}/{self.steps}")
        if self.remaining is not None:
            parts.append(f"{self.remaining:g} s to go")
        return f"task {self.task_id}: {', '.join(parts) or shorten(self.status)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta(Event):
    """New text of a language model's answer.

    ``text`` belongs at the offset ``start`` of the answer so far, which is its end unless the
    model has replaced some of it; ``answer`` is the whole answer so far. As text it is ``text``.
    """

    text: str
    start: int
    answer: str = field(repr=False)

    def __str__(self) -> str:
        return escape_controls(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThinkingDelta(Event):
    """New text of a language model's thoughts, which are no part of its answer.

    ``text`` belongs at the offset ``start`` of ``thinking``, the thoughts so far.
    """

    text: str
    start: int
    thinking: str = field(repr=False)

    def __str__(self) -> str:
        return escape_controls(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine(Event):
    """A line that the tool printed; ``error`` when on its error stream, which is no failure."""

    text: str
    error: bool

    def _text(self) -> str:
        return f"task {self.task_id}: {self.text}"


@dataclass(frozen=True, slots=True, kw_only=True)
class BinaryFrame(Event):
    """Bytes that the task sent, passed on as they are."""

    data: bytes

    def _text(self) -> str:
        return f"task {self.task_id}: {len(self.data)} bytes"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputsReady(Event):
    """The task's outputs."""

    outputs: tuple[Output, ...] | tuple[AsyncOutput, ...]

    def _text(self) -> str:
        names = ", ".join(output.name for output in self.outputs)
        plural = "" if len(self.outputs) == 1 else "s"
        return f"task {self.task_id}: {len(self.outputs)} output{plural}: {names}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnded(Event):
    """The last event of every task; ``detail`` says whether it succeeded."""

    detail: TaskDetail

    def _text(self) -> str:
        detail = self.detail
        word = "cancelled" if detail.cancelled else "succeeded" if detail.succeeded else "failed"
        cost = "" if detail.cost is None else f", cost {dollars(detail.cost)}"
        return f"task {self.task_id}: {word}{cost}"
