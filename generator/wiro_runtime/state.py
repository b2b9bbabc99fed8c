"""What is known of a task, shared by all who look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wiro_runtime.detail import QUEUED
from wiro_runtime.errors import WiroError

if TYPE_CHECKING:
    from wiro_runtime.detail import TaskDetail


class TaskState:
    """What is known of a task; shared by all who look at it."""

    __slots__ = ("born", "detail", "id", "token", "tool")

    def __init__(self, *, id: str, token: str, born: float, tool: str | None = None) -> None:  # noqa: A002 - Wiro's word
        self.id = id
        self.token = token
        self.tool = tool
        self.born = born
        self.detail: TaskDetail | None = None

    @property
    def status(self) -> str:
        return self.detail.status if self.detail else QUEUED if self.tool else ""

    @property
    def key(self) -> dict[str, str]:
        """How Wiro is told which task is meant."""
        return {"taskid": self.id} if self.id else {"tasktoken": self.token}

    @property
    def resume(self) -> str:
        """How its user gets back to it."""
        return f"it goes on; resume with client.task({self.id or self.token!r}).wait()"


def accompany(error: BaseException, state: TaskState) -> None:
    """Let ``error``, which comes between a caller and an accepted task, name that task."""
    if isinstance(error, WiroError) and error.task_id is None:
        error.task_id = state.id or None
    error.add_note(f"task {state.id}: {state.resume}")
