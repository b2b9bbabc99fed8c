"""Tasks as an agent reads them, and what is reported while one is waited for."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from wiro_runtime.errors import TaskCancelled, TaskFailed, TaskTimeout
from wiro_runtime.mcp.advice import explain
from wiro_runtime.price import plain
from wiro_runtime.tasks.events import LogLine, Progress, StatusChanged, TaskEnded
from wiro_runtime.tasks.listing import tool_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from wiro_runtime.results.result import AsyncResult
    from wiro_runtime.tasks.detail import TaskDetail
    from wiro_runtime.tasks.events import Event
    from wiro_runtime.tasks.task import AsyncTask

    Report = Callable[[float, float | None, str | None], Awaitable[None]]

LONGEST_WAIT: Final = 3600.0
_TEXT_SHOWN: Final = 50_000
_STEP: Final = 0.001


async def wait_for(task: AsyncTask, seconds: float, report: Report) -> dict[str, Any]:
    """Wait for a task, ``seconds`` at most, and return it as JSON, ended or not."""
    seconds = min(max(seconds, 0.0), LONGEST_WAIT)
    if not seconds:
        return await current_state(task)
    try:
        return result_json(await task.wait(seconds, on_update=_Reporter(report)))
    except TaskTimeout as error:
        return running_json(task.id, error.detail or task.detail)
    except (TaskFailed, TaskCancelled) as error:
        return failed_json(error)


async def current_state(task: AsyncTask) -> dict[str, Any]:
    """Ask for a task once and return it as JSON."""
    detail = await task.refresh()
    if not detail.terminal:
        return running_json(task.id, detail)
    try:
        return result_json(await task.wait())
    except (TaskFailed, TaskCancelled) as error:
        return failed_json(error)


def result_json(result: AsyncResult) -> dict[str, Any]:
    """A task that ended well. Its text, which is that of its outputs, is given once. Long texts are
    cut; their files are not."""
    outputs = [
        _filled({**each.to_dict(), "text": "" if result.text else each.text})
        for each in result.outputs
    ]
    ended = {"outputs": outputs, "ended": True, "succeeded": True}
    return {**_filled(result.to_dict()), **ended}


def failed_json(error: TaskFailed | TaskCancelled) -> dict[str, Any]:
    """A task that failed or was stopped."""
    found = {"task_id": error.task_id, "ended": True, "succeeded": False, "error": explain(error)}
    return found if error.detail is None else {**listed_json(error.detail), **found}


def running_json(task_id: str, detail: TaskDetail | None) -> dict[str, Any]:
    """A task that has not ended."""
    found = {"task_id": task_id, "status": "", "ended": False}
    if detail is not None:
        found |= {"status": detail.status}
        if detail.setback:
            found["waits_because"] = detail.setback
    return {**found, "next": "It goes on. Call get_task with this task_id and a wait."}


def listed_json(detail: TaskDetail) -> dict[str, Any]:
    """A task in a list, without its token: with that anyone can read the task."""
    found: dict[str, Any] = {
        "task_id": detail.id,
        "tool": tool_of(detail),
        "status": detail.status,
        "ended": detail.terminal,
        "cost": None if detail.cost is None else plain(detail.cost),
    }
    if detail.terminal:
        found["succeeded"] = detail.succeeded
    if detail.created is not None:
        with suppress(ValueError, OverflowError, OSError):
            found["created"] = datetime.fromtimestamp(detail.created, UTC).isoformat()
    return found


class _Reporter:
    """Reports events as progress, which MCP wants to grow with each report."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._at = 0.0

    async def __call__(self, event: Event) -> None:
        if not isinstance(event, Progress | StatusChanged | LogLine | TaskEnded):
            return
        percentage = event.percentage if isinstance(event, Progress) else None
        if isinstance(event, TaskEnded):
            percentage = 100.0
        self._at = max(self._at + _STEP, min(percentage or 0.0, 100.0))
        # A client that has gone is no reason to stop waiting: its next call finds the result.
        with suppress(Exception):
            await self._report(self._at, 100.0, str(event))


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """``values`` without those that say nothing, and with long texts cut."""
    found = {name: value for name, value in values.items() if value not in (None, "")}
    if "text" in found:
        found["text"] = _cut(found["text"])
    return found


def _cut(text: str) -> str:
    if len(text) <= _TEXT_SHOWN:
        return text
    return f"{text[:_TEXT_SHOWN]}… ({len(text) - _TEXT_SHOWN} more characters; download the output)"
