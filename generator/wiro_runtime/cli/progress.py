"""One line that says how a task is getting on, on a terminal only."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)

from wiro_runtime.cli.console import brief, err
from wiro_runtime.tasks.events import LogLine, StatusChanged
from wiro_runtime.tasks.events import Progress as ProgressEvent
from wiro_runtime.tasks.words import state_word

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from wiro_runtime.tasks.events import Event, OnUpdate


def bars_of(*columns: ProgressColumn) -> Progress:
    """Bars on the standard error that vanish at their end; shown only where lines can be
    overwritten: on a terminal that is not ``dumb``."""
    console = err()
    moves = console.is_terminal and not console.is_dumb_terminal
    return Progress(*columns, console=console, transient=True, disable=not moves)


@contextmanager
def watching(label: str) -> Generator[OnUpdate]:
    """A line with state, bar and time while a task is waited for; gives what ``on_update`` takes.

    Nothing is shown where the standard error is not a terminal.
    """
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        TaskProgressColumn(show_speed=False),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
        TimeElapsedColumn(),
    )
    with bars_of(*columns) as progress:
        bar = progress.add_task(f"{label}  queued   ", total=None, note="")

        def show(event: Event) -> None:
            if isinstance(event, LogLine):
                # Its type is that of a frame and says nothing about the task.
                return
            state = brief(state_word(event.status), 40)
            progress.update(bar, description=f"{label}  {state:<9}")
            if isinstance(event, StatusChanged):
                progress.update(bar, note=brief(event.reason, 60))
            if not isinstance(event, ProgressEvent):
                return
            if event.percentage is not None:
                progress.update(bar, total=100, completed=event.percentage)
            progress.update(bar, note=_note(event))

        yield show


def _note(event: ProgressEvent) -> str:
    parts: list[str] = []
    if event.step is not None and event.steps is not None:
        parts.append(f"step {event.step}/{event.steps}")
    if event.remaining:
        parts.append(f"{event.remaining:.0f} s to go")
    return ", ".join(parts)


@contextmanager
def downloading(count: int) -> Generator[Callable[[int, int | None], object]]:
    """The same for files on their way here; gives what ``progress`` of a download takes."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with bars_of(*columns) as progress:
        what = "1 file" if count == 1 else f"{count} files"
        bar = progress.add_task(f"saving {what}", total=None)
        yield lambda done, whole: progress.update(bar, completed=done, total=whole)
