"""What happens to a task while it runs, as typed events."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast

from wiro_runtime.results.result import Result
from wiro_runtime.tasks.detail import TERMINAL, as_float, as_int, as_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wiro_runtime.results.download import Files
    from wiro_runtime.results.result import Output
    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.state import TaskState

_LOG_STATUSES: Final = frozenset({"task_error", "task_error_full"})
"""Not states of a task, in spite of their place: lines on its error stream."""

_FRAMES: Final = 1000
"""WebSocket frames that are remembered, to know them again."""

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
    """What an LLM tool writes: ``text`` as Wiro sent it, ``new`` what of it was not in the chunk
    before, ``thinking`` and ``answer`` where Wiro tells them apart."""

    text: str
    new: str
    thinking: tuple[str, ...]
    answer: tuple[str, ...]

    def __str__(self) -> str:
        return self.new


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
        plural = "" if len(self.outputs) == 1 else "s"
        return f"task {self.task_id}: {len(self.outputs)} output{plural}: {names}"


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
    """Turns what Wiro says about one task into events, none of them twice.

    A WebSocket that is opened anew may tell again what the one before has told, and a look at the
    task shows whole logs: what is in them already is not given again.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._statuses: set[str] = set()
        self._lines: Counter[tuple[bool, str]] = Counter()
        self._frames: deque[int] = deque(maxlen=_FRAMES)
        self._replay = False
        self._chunk: TextChunk | None = None
        self.status = ""
        self.sockets = 0
        self.ended = False

    def connected(self) -> None:
        """A WebSocket was opened: until it says something new it may repeat the one before."""
        self._replay = True
        self.sockets += 1

    def detail(self, detail: TaskDetail) -> list[Event]:
        """The events that a look at the task reveals, in order."""
        base: dict[str, Any] = {"task_id": detail.id, "status": detail.status, "raw": detail.raw}
        events = self._entered(base)
        events += self._log(base, detail.log, error=False, whole=True)
        events += self._log(base, detail.error_log, error=True, whole=True)
        if detail.terminal and not self.ended:
            self.ended = True
            outputs = Result.read(detail, detail.id, self._files).outputs
            if outputs:
                events.append(OutputsReady(**base, outputs=outputs))
            events.append(TaskEnded(**base, detail=detail))
        return events

    def frame(self, frame: str | bytes, state: TaskState) -> list[Event]:
        """The events of one WebSocket frame; none for those that mean nothing here."""
        if isinstance(frame, bytes):
            base: dict[str, Any] = {"task_id": state.id, "status": self.status, "raw": {}}
            return [BinaryFrame(**base, data=frame)]
        try:
            parsed: object = json.loads(frame)
        except (ValueError, RecursionError):
            return []
        if not isinstance(parsed, dict) or self._told(frame):
            return []
        raw = cast("dict[str, Any]", parsed)
        token = as_text(raw.get("tasktoken"))
        status = as_text(raw.get("type"))
        if token != state.token or not status:
            return []
        self.status = status
        base = {"task_id": state.id or as_text(raw.get("id")), "status": status, "raw": raw}
        if status in TERMINAL:
            # The look at the task that follows knows more: cost, exit code, logs.
            return []
        return self._entered(base) + self._message(base, raw.get("message"))

    def _told(self, frame: str) -> bool:
        """Whether this frame was given before: the last one again, or a replay."""
        digest = hash(frame)
        if digest in self._frames and (self._replay or digest == self._frames[-1]):
            return True
        self._replay = False
        self._frames.append(digest)
        return False

    def _entered(self, base: dict[str, Any]) -> list[Event]:
        status = base["status"]
        if not status or status in self._statuses or status in _LOG_STATUSES:
            return []
        self._statuses.add(status)
        return [StatusChanged(**base)]

    def _message(self, base: dict[str, Any], message: object) -> list[Event]:
        if isinstance(message, str):
            error = base["status"] in _LOG_STATUSES
            return self._log(base, message, error=error, whole=base["status"].endswith("_full"))
        if not isinstance(message, dict):
            return []
        body = cast("dict[str, Any]", message)
        events: list[Event] = []
        if "raw" in body or "answer" in body:
            events += self._text(base, body)
        if "percentage" in body or "stepCurrent" in body:
            progress = Progress(
                **base,
                percentage=as_float(body.get("percentage")),
                step=as_int(body.get("stepCurrent")),
                steps=as_int(body.get("stepTotal")),
                elapsed=_seconds(body.get("elapsedTime")),
                remaining=_seconds(body.get("remainingTime")),
            )
            events.append(progress)
        return events

    def _text(self, base: dict[str, Any], body: dict[str, Any]) -> list[Event]:
        thinking, answer = as_texts(body.get("thinking")), as_texts(body.get("answer"))
        text = "".join(answer) or as_text(body.get("raw"))
        before = self._chunk
        if before and (before.text, before.thinking, before.answer) == (text, thinking, answer):
            return []
        new = text.removeprefix(before.text) if before else text
        self._chunk = TextChunk(**base, text=text, new=new, thinking=thinking, answer=answer)
        return [self._chunk]

    def _log(self, base: dict[str, Any], text: str, *, error: bool, whole: bool) -> list[Event]:
        """Lines that were not given yet. ``whole``: the text begins where the log begins."""
        events: list[Event] = []
        seen: Counter[tuple[bool, str]] = Counter()
        for line in text.splitlines():
            key = (error, line)
            seen[key] += 1
            if whole and seen[key] <= self._lines[key]:
                continue
            self._lines[key] += 1
            events.append(LogLine(**base, text=line, error=error))
        return events


def as_texts(value: object) -> tuple[str, ...]:
    """The texts of a list; of one text, that one."""
    if isinstance(value, list):
        return tuple(as_text(item) for item in cast("list[Any]", value))
    return () if value is None else (as_text(value),)


def _seconds(value: object) -> float | None:
    """``"12.5"`` and ``"12.5s"``."""
    return as_float(value.rstrip("s ") if isinstance(value, str) else value)
