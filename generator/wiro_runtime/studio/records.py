"""A run of the studio: what the page shows of it, and its record on the disk."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.results.partial_file import write_whole
from wiro_runtime.tasks.events import LogLine, Progress, StatusChanged, TextDelta, ThinkingDelta

if TYPE_CHECKING:
    from pathlib import Path

    from wiro_runtime.tasks.events import Event

RECORD: Final = "run.json"
ACTIVE: Final = frozenset({"sending", "running", "stopping"})
_LINES: Final = 500
_LONGEST_LINE: Final = 2000


@dataclass(kw_only=True)
class Run:
    """One run. ``state`` is ``sending``, ``running``, ``stopping``, ``succeeded``, ``failed``,
    ``cancelled`` or ``uncertain``; ``form`` is what the page needs to fill its form in again,
    ``body`` what was sent, files by their names, ``labels`` those of the options in it; ``at`` is
    when, in Unix seconds."""

    id: str
    tool: str
    form: dict[str, str] = field(default_factory=dict[str, str])
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    labels: dict[str, str] = field(default_factory=dict[str, str])
    uploads: list[str] = field(default_factory=list[str])
    max_cost: str = ""
    estimate: str = ""
    at: float = field(default_factory=time.time)
    state: str = "sending"
    status: str = ""
    task_id: str = ""
    percentage: float | None = None
    step: str = ""
    log: list[str] = field(default_factory=list[str])
    text: str = ""
    thinking: str = ""
    error: str = ""
    cost: str = ""
    elapsed: float | None = None
    outputs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def __post_init__(self) -> None:
        self.revision = 0
        self.changed = asyncio.Event()

    @property
    def is_active(self) -> bool:
        return self.state in ACTIVE

    def touch(self) -> None:
        """Tell everybody who watches that something has changed."""
        self.revision += 1
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()

    def note(self, event: Event) -> None:
        """Take in what has happened to the task."""
        self.status = event.status
        # Of a connection that was lost and is there again.
        self.error = ""
        match event:
            case StatusChanged(reason=reason) if reason:
                self._say(f"waits to be queued again: {reason}")
            case Progress():
                self.percentage = event.percentage
                known = event.step is not None and event.steps is not None
                self.step = f"step {event.step} of {event.steps}" if known else ""
            case LogLine():
                self._say(event.text)
            case TextDelta():
                self.text = event.answer
            case ThinkingDelta():
                self.thinking = event.thinking
            case _:
                pass
        self.touch()

    def _say(self, line: str) -> None:
        self.log.append(line[:_LONGEST_LINE])
        del self.log[:-_LINES]

    def to_page(self) -> dict[str, Any]:
        """What the page gets: everything but the paths of this computer."""
        shown = asdict(self)
        del shown["uploads"]
        for output in shown["outputs"]:
            output.pop("file", None)
        return shown

    def save(self, folder: Path) -> None:
        """Write the record, all of it or nothing."""
        write_whole(folder / RECORD, json.dumps(asdict(self), ensure_ascii=False).encode())

    @classmethod
    def load(cls, folder: Path) -> Run | None:
        """The run whose record is in ``folder``; ``None`` where there is none that can be read."""
        try:
            data = cast("dict[str, Any]", json.loads((folder / RECORD).read_text("utf-8")))
            known = {each.name for each in fields(cls)}
            run = cls(**{name: value for name, value in data.items() if name in known})
        except (OSError, ValueError, TypeError, AttributeError):
            return None
        return run if run.id == folder.name else None
