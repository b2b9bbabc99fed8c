"""A progress bar in a notebook, while a task is waited for."""

from __future__ import annotations

import sys
import threading
from contextlib import suppress
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

from wiro_runtime.tasks.events import LogLine, Progress, StatusChanged, TaskEnded
from wiro_runtime.tasks.words import state_word

if TYPE_CHECKING:
    from wiro_runtime.tasks.events import Event, OnUpdate


def notebook_bar(tool: str | None) -> OnUpdate | None:
    """What shows the events of a task in the cell that waits for it; ``None`` outside of a
    notebook. Nothing is imported to find out."""
    ipython = sys.modules.get("IPython")
    shell: Any = ipython.get_ipython() if ipython is not None else None
    return None if getattr(shell, "kernel", None) is None else _Bar(tool)


class _Bar:
    """Called with events in the thread that waits. Only the main one shows bars: a hundred threads
    would write into the same cell."""

    def __init__(self, tool: str | None) -> None:
        self._label = tool or "task"
        self._shown: Any = None
        self._percentage: float | None = None
        self._note = ""

    def __call__(self, event: Event) -> None:
        # What a frontend refuses is no reason to fail a task that is paid for.
        with suppress(Exception):
            if threading.current_thread() is threading.main_thread():
                self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, LogLine):
            return
        if isinstance(event, StatusChanged):
            self._note = event.reason
        elif isinstance(event, Progress):
            self._percentage = (
                event.percentage if event.percentage is not None else self._percentage
            )
            self._note = str(event).partition(": ")[2]
        if isinstance(event, TaskEnded):
            self._show(str(event), f"<small>{escape(str(event))}</small>")
            return
        word = state_word(event.status)
        parts = [part for part in (f"{self._label}: {word}", self._note) if part and part != word]
        line = ", ".join(parts)
        value = "" if self._percentage is None else f' value="{self._percentage:g}"'
        bar = f'<progress max="100"{value} style="width:16em;vertical-align:middle"></progress>'
        self._show(line, f"<small>{bar} {escape(line)}</small>")

    def _show(self, text: str, html: str) -> None:
        data = {"text/plain": text, "text/html": f"<div>{html}</div>"}
        if self._shown is None:
            display: Any = import_module("IPython.display").display
            self._shown = display(data, raw=True, display_id=True)
        else:
            self._shown.update(data, raw=True)
