"""Turn WebSocket frames and Task/Detail of one task into events, none of them twice.

A WebSocket that is opened anew may tell again what the one before has told, and each Task/Detail
has whole logs. What is remembered to tell old from new is bounded, however much a server sends.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.http.json_text import parse_json
from wiro_runtime.http.json_values import (
    as_float,
    as_int,
    as_mappings,
    as_name,
    as_seconds,
    as_text,
)
from wiro_runtime.tasks.detail import ENDED, TERMINAL
from wiro_runtime.tasks.events import (
    BinaryFrame,
    Event,
    LogLine,
    OutputsReady,
    Progress,
    StatusChanged,
    TaskEnded,
    TextDelta,
    ThinkingDelta,
)
from wiro_runtime.tasks.text import parse_content, parse_log, parse_outputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wiro_runtime.results.files import Files
    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.state import TaskState
    from wiro_runtime.tasks.text import ModelText

_ERRORS: Final = frozenset({"task_error", "task_error_full"})
"""Frames that are lines on the error stream and no states of the task."""

_WHOLE: Final = frozenset({"task_output_full", "task_error_full"})
_LINES: Final = frozenset({"task_output", *_ERRORS, *_WHOLE})
"""Frames whose message may be text that the tool printed."""

_ORDER: Final = {
    status: place
    for place, status in enumerate(
        (
            "task_queue",
            "task_accept",
            "task_preprocess_start",
            "task_preprocess_end",
            "task_assign",
            "task_start",
            "task_output",
            "task_output_full",
            "task_end",
            "task_postprocess_start",
            "task_postprocess_end",
        )
    )
}
"""The states of a task that runs through. Others may come at any time."""

_REMEMBERED: Final = 1000
"""Frames, states and lines of each log that are remembered, so as not to give them twice."""

_LONGEST: Final = 2**21
_MOST: Final = 10_000
"""Characters, and lines, of a log that are read at once; of more, the last. Millions of short lines
would hold up the event loop, and fill the memory."""


class EventParser:
    """Parser of one task's frames and details.

    ``ended`` is true once :class:`TaskEnded` was given, ``told_end`` once a frame said that the
    task has ended; that frame counts for what Task/Detail does not say, see :meth:`completed`.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self._statuses: deque[str] = deque(maxlen=_REMEMBERED)
        self._entry = ("", "")
        self._place = 0
        self._frames: deque[int] = deque(maxlen=_REMEMBERED)
        self._logs = {False: _Log(), True: _Log()}
        self._replay = False
        self._answer = self._thinking = ""
        self._speaks = False
        self.status = ""
        self.ended = False
        self.told_end = False
        self._exit_code: str | None = None
        self._outputs: object = None

    def connected(self) -> None:
        """A WebSocket was opened: until it says something new it may repeat the one before."""
        self._replay = True

    def completed(self, detail: TaskDetail) -> TaskDetail:
        """The detail of an ended task, with the exit code and the outputs of the last frame where
        Task/Detail, which may be behind, has none."""
        if detail.exit_code is None and self._exit_code is not None:
            detail = replace(detail, exit_code=self._exit_code)
        if detail.status == ENDED and not detail.raw.get("outputs") and as_mappings(self._outputs):
            detail = replace(detail, raw={**detail.raw, "outputs": self._outputs})
        return detail

    def detail(self, detail: TaskDetail) -> list[Event]:
        """Return the events that a Task/Detail reveals, in order."""
        base: dict[str, Any] = {"task_id": detail.id, "status": detail.status, "raw": detail.raw}
        events = self._entered(base, detail.setback)
        said = parse_outputs(detail.raw)
        if said is None and detail.succeeded:
            said = parse_log(detail.raw)
        if said is not None:
            events += self._said(base, said, whole=detail.terminal)
        if not self._speaks:
            events += self._whole(base, detail.log, error=False, complete=detail.terminal)
        events += self._whole(base, detail.error_log, error=True, complete=detail.terminal)
        if detail.terminal and not self.ended:
            self.ended = True
            outputs = self._files.result(detail, detail.id).outputs
            if outputs:
                events.append(OutputsReady(**base, outputs=outputs))
            events.append(TaskEnded(**base, detail=detail))
        return events

    def frame(self, frame: str | bytes, state: TaskState) -> list[Event]:
        """Return the events of one WebSocket frame; none for a frame that means nothing here."""
        if isinstance(frame, bytes):
            base: dict[str, Any] = {"task_id": state.id, "status": self.status, "raw": {}}
            return [BinaryFrame(**base, data=frame)]
        try:
            parsed = parse_json(frame)
        except ValueError:
            return []
        if not isinstance(parsed, dict):
            return []
        raw = cast("dict[str, Any]", parsed)
        status = as_text(raw.get("type"))
        if not status or not _is_about(raw, state) or self._repeated(frame):
            return []
        self.status = status
        base = {"task_id": state.id or as_name(raw.get("id")), "status": status, "raw": raw}
        if status in TERMINAL or raw.get("terminal") is True:
            # The Task/Detail that is asked for next has more: cost, exit code, logs.
            self.told_end = True
            self._exit_code = as_name(raw.get("exitCode")) or None
            success = raw.get("success")
            if self._exit_code is None and status == ENDED and isinstance(success, bool):
                self._exit_code = "0" if success else "1"
            self._outputs = raw.get("message")
            return []
        entered = [] if status in _ERRORS else self._entered(base)
        return entered + self._message(base, raw.get("message"))

    def _repeated(self, frame: str) -> bool:
        """Whether this frame was given before: the last one again, or a replay."""
        digest = hash(frame)
        if digest in self._frames and (self._replay or digest == self._frames[-1]):
            return True
        self._replay = False
        self._frames.append(digest)
        return False

    def _entered(self, base: dict[str, Any], reason: str = "") -> list[Event]:
        status, before = base["status"], self._entry
        self._entry = (status, reason)
        if not status or self._entry == before or (not reason and status in self._statuses):
            return []
        place = _ORDER.get(status, self._place)
        if reason:
            # It will go through the same states once more.
            self._statuses.clear()
            place = 0
        elif place < self._place:
            # A poll was quicker than the frames on their way.
            return []
        else:
            self._statuses.append(status)
        self._place = place
        return [StatusChanged(**base, reason=reason)]

    def _message(self, base: dict[str, Any], message: object) -> list[Event]:
        status = base["status"]
        if isinstance(message, str):
            return self._printed(base, message) if status in _LINES else []
        if not isinstance(message, dict):
            return []
        body = cast("dict[str, Any]", message)
        if status in _ERRORS or (status in _WHOLE and not body.keys() & {"segments", "answer"}):
            return self._printed(base, as_text(body.get("raw")))
        events: list[Event] = []
        said = parse_content(body)
        if said is not None:
            events += self._said(base, said)
        if "percentage" in body or "stepCurrent" in body:
            events.append(_progress(base, body))
        return events

    def _said(self, base: dict[str, Any], said: ModelText, *, whole: bool = False) -> list[Event]:
        """What a snapshot of a model's text adds to the one before. Only the ``whole`` text takes
        something back and adds nothing: a shorter snapshot before it came late."""
        self._speaks = True
        events: list[Event] = []
        text, thinking = (said.text, said.thinking) if whole else said.stable()
        start = _difference(self._thinking, thinking, whole=whole)
        if start is not None:
            self._thinking, new = thinking, thinking[start:]
            events.append(ThinkingDelta(**base, text=new, start=start, thinking=thinking))
        start = _difference(self._answer, text, whole=whole)
        if start is not None:
            self._answer, new = text, text[start:]
            events.append(TextDelta(**base, text=new, start=start, answer=text))
        return events

    def _printed(self, base: dict[str, Any], text: str) -> list[Event]:
        error = base["status"] in _ERRORS
        if base["status"] in _WHOLE:
            whole = error or not self._speaks
            return self._whole(base, text, error=error, complete=True) if whole else []
        lines = self._logs[error].added(text)
        return [LogLine(**base, text=line, error=error) for line in lines]

    def _whole(
        self, base: dict[str, Any], text: str, *, error: bool, complete: bool
    ) -> list[Event]:
        lines = self._logs[error].whole(text, complete=complete)
        return [LogLine(**base, text=line, error=error) for line in lines]


class _Log:
    """The lines of one log that were given, whether in a frame of their own or in the whole log.

    ``_seen`` counts each line as ``[frames, whole log]``; a line is new while its count in one of
    the two is greater than in the other. The oldest are forgotten.
    """

    def __init__(self) -> None:
        self._seen: dict[int, list[int]] = {}
        self._length = 0
        self._digest = hash("")

    def added(self, text: str) -> list[str]:
        """The lines of a frame that the whole log did not have yet."""
        new: list[str] = []
        for line in _lines(text):
            counts = self._counts(line)
            counts[0] += 1
            if counts[0] > counts[1]:
                new.append(line)
        return new

    def whole(self, text: str, *, complete: bool) -> list[str]:
        """The lines of a log, from its beginning on, that were not given yet. Unless it is
        ``complete``, its last line may still grow and is left for later."""
        if not complete:
            text = text[: text.rfind("\n") + 1]
        grown = len(text) >= self._length and hash(text[: self._length]) == self._digest
        fresh = text[self._length :] if grown else text
        self._length, self._digest = len(text), hash(text)
        here: Counter[int] = Counter()
        new: list[str] = []
        for line in _lines(fresh):
            counts = self._counts(line)
            here[hash(line)] += 1
            count = counts[1] + 1 if grown else here[hash(line)]
            if count > max(counts):
                new.append(line)
            counts[1] = max(counts[1], count)
        return new

    def _counts(self, line: str) -> list[int]:
        counts = self._seen.setdefault(hash(line), [0, 0])
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return counts


def _lines(text: str) -> list[str]:
    return [line for line in text[-_LONGEST:].splitlines() if line.strip()][-_MOST:]


def _is_about(raw: Mapping[str, Any], state: TaskState) -> bool:
    """Whether a frame is about a task: by its token where it has one, else by its id."""
    if raw.get("tasktoken") not in (None, ""):
        return as_text(raw["tasktoken"]) == state.token != ""
    return as_name(raw.get("id")) == state.id != ""


def _difference(old: str, new: str, *, whole: bool) -> int | None:
    """Where a snapshot begins to differ from the one before; ``None``: it says nothing new."""
    if old.startswith(new):
        return len(new) if whole and new != old else None
    if new.startswith(old):
        return len(old)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False)))


def _progress(base: dict[str, Any], body: Mapping[str, Any]) -> Progress:
    percentage = as_float(body.get("percentage"))
    return Progress(
        **base,
        percentage=None if percentage is None else min(max(percentage, 0.0), 100.0),
        step=as_int(body.get("stepCurrent")),
        steps=as_int(body.get("stepTotal")),
        elapsed=as_seconds(body.get("elapsedTime")),
        remaining=as_seconds(body.get("remainingTime")),
    )
