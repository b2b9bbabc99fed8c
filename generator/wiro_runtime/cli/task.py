"""``wiro-tools task``: tasks by their ids, wherever they were started."""

from __future__ import annotations

import dataclasses
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer
from rich.table import Table
from rich.text import Text

from wiro_runtime.cli.console import (
    exact,
    out,
    print_facts,
    print_json,
    print_line,
    printable,
    say,
)
from wiro_runtime.cli.interrupts import INTERRUPTED
from wiro_runtime.cli.journal import client as journaling
from wiro_runtime.cli.options import AsJson
from wiro_runtime.cli.results import Delivery, say_interrupted, see_through
from wiro_runtime.http.json_values import as_int, as_mappings, as_text
from wiro_runtime.price import dollars
from wiro_runtime.tasks.events import OutputsReady, TaskEnded
from wiro_runtime.tasks.listing import tool_of
from wiro_runtime.tasks.words import state_word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.events import Event

app = typer.Typer(help="Look at a task, wait for it, or end it.", no_args_is_help=False)

TaskId: TypeAlias = Annotated[str, typer.Argument(metavar="ID", help="The task's id or its token.")]


@app.command("list", help="The newest tasks of this account. Exit 1: there is none.")
def list_(
    tool: Annotated[
        str | None, typer.Option(metavar="OWNER/PROJECT", help="Only those of a tool.")
    ] = None,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 20,
    as_json: AsJson = False,
) -> int:
    with journaling() as client:
        found = [task.detail for task in client.tasks(tool, limit=limit) if task.detail is not None]
    if as_json:
        print_json([{**detail_json(detail), "tool": tool_of(detail) or None} for detail in found])
    elif found and sys.stdout.isatty():
        _print_table(found)
    else:
        for detail in found:
            print_line(*_row(detail))
    if not found and not as_json:
        say("no task")
    return 0 if found else 1


def _row(detail: TaskDetail) -> tuple[str, ...]:
    cost = "" if detail.cost is None else dollars(detail.cost)
    word = _state(detail).partition(" (")[0]
    return detail.id, word, tool_of(detail), _moment(detail.created), cost


def _print_table(found: Sequence[TaskDetail]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("task", no_wrap=True, style="bold cyan")
    table.add_column("state", no_wrap=True)
    table.add_column("tool", no_wrap=True, overflow="ellipsis")
    table.add_column("submitted", no_wrap=True, style="dim")
    table.add_column("cost", no_wrap=True, justify="right")
    for detail in found:
        table.add_row(*(Text(printable(cell)) for cell in _row(detail)))
    out().print(table, soft_wrap=False)


@app.command("show", help="How a task is now, and what it has made.")
def show(task: TaskId, as_json: AsJson = False) -> int:
    with journaling() as client:
        detail = client.task(task).refresh()
    if as_json:
        print_json(detail_json(detail))
    else:
        _print_detail(detail)
    return 0


@app.command("wait", help="Wait for a task, save what it makes and print the paths.")
def wait(
    task: TaskId,
    to: Annotated[
        Path | None, typer.Option("--out", help="Where files are saved; by default here.")
    ] = None,
    no_download: Annotated[
        bool, typer.Option("--no-download", help="Print addresses instead of saving files.")
    ] = False,
    timeout: Annotated[float | None, typer.Option(help="How many seconds to wait.")] = None,
    as_json: AsJson = False,
) -> int:
    delivery = Delivery(out=to, download=not no_download, as_json=as_json, timeout=timeout)
    delivery.check()
    with journaling() as client:
        return see_through(client.task(task), delivery, f"task {task}")


_ENDS: Final = {
    "cancel": ("cancelled", "not in the queue"),
    "kill": ("killed", "not running"),
    "stop": ("stopped", "ended already"),
}
"""What is said of a task that a command has ended, and of one that it could not end."""


@app.command("stop", help="Cancel or kill a task, whichever fits. Exit 1: it had ended by itself.")
@app.command("kill", help="End a running task. Exit 1: it was not running.")
@app.command("cancel", help="Take a task out of the queue. Exit 1: it was past that.")
def end(context: typer.Context, task: TaskId, as_json: AsJson = False) -> int:
    order = context.info_name or ""
    with journaling() as client:
        found = client.task(task)
        accepted: bool = getattr(found, order)()
        status = found.status
    if as_json:
        print_json({"task_id": found.id, "accepted": accepted, "status": status})
    else:
        done, refused = _ENDS[order]
        word = state_word(status)
        known = f" ({word})" if status and word not in refused else ""
        say(f"task {found.id or task}: {done if accepted else refused + known}")
    return 0 if accepted else 1


@app.command(
    "events",
    help="All that happens to a task, a line each, up to its end. Exit 1: it did not succeed.",
)
def events(task: TaskId, as_json: AsJson = False) -> int:
    succeeded = False
    with journaling() as client:
        try:
            for event in client.task(task).events():
                if as_json:
                    print_json(event_json(event), one_line=True)
                else:
                    for line in str(event).splitlines() or [""]:
                        print_line(line)
                succeeded = isinstance(event, TaskEnded) and event.detail.succeeded
        except KeyboardInterrupt:
            say_interrupted(task)
            return INTERRUPTED
    return 0 if succeeded else 1


def detail_json(detail: TaskDetail) -> dict[str, Any]:
    """A task as a program reads it, without its token, which lets anyone read the task."""
    return {
        "task_id": detail.id,
        "status": detail.status,
        "ended": detail.terminal,
        "succeeded": detail.succeeded,
        "exit_code": detail.exit_code,
        "reason": _reason(detail) or None,
        "cost": exact(detail.cost),
        "elapsed": detail.elapsed,
        "created": detail.created,
        "started": detail.started,
        "finished": detail.ended,
        "outputs": [_output_json(raw) for raw in as_mappings(detail.raw.get("outputs"))],
    }


def _output_json(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": as_text(raw.get("name")),
        "url": as_text(raw.get("url")) or None,
        "size": as_int(raw.get("size")),
        "content_type": as_text(raw.get("contenttype")),
    }


def event_json(event: Event) -> dict[str, Any]:
    """An event on one line; what Wiro sent is left out."""
    found: dict[str, Any] = {"event": type(event).__name__}
    for field in dataclasses.fields(event):
        value = getattr(event, field.name)
        if field.name == "raw":
            continue
        if isinstance(event, OutputsReady) and field.name == "outputs":
            value = [_output_json(output.raw) for output in event.outputs]
        elif isinstance(event, TaskEnded) and field.name == "detail":
            value = detail_json(event.detail)
        elif isinstance(value, bytes):
            found["size"] = len(value)
            continue
        found[field.name] = value
    return found


def _print_detail(detail: TaskDetail) -> None:
    rows = [
        ("task", detail.id),
        ("state", _state(detail)),
        ("submitted", _moment(detail.created)),
        ("started", _moment(detail.started)),
        ("ended", _moment(detail.ended)),
        ("took", "" if detail.elapsed is None else f"{detail.elapsed:g} s"),
        ("cost", "" if detail.cost is None else dollars(detail.cost)),
        ("reason", _reason(detail)),
    ]
    rows += [
        ("output", as_text(raw.get("url")) or as_text(raw.get("name")))
        for raw in as_mappings(detail.raw.get("outputs"))
    ]
    print_facts(rows)


def _reason(detail: TaskDetail) -> str:
    """Why a task failed, or waits to be queued again; empty for every other task."""
    failed = detail.terminal and not detail.succeeded and not detail.cancelled
    return detail.reason if failed else detail.setback


def _state(detail: TaskDetail) -> str:
    if detail.succeeded:
        return "succeeded"
    ended = detail.terminal and not detail.cancelled
    word = "failed" if ended else state_word(detail.status)
    return f"{word} ({detail.status})"


def _moment(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
