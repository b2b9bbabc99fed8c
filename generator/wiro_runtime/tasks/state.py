"""What is known of a task, shared by everything that watches it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wiro_runtime.errors import WiroError
from wiro_runtime.tasks.detail import QUEUED

if TYPE_CHECKING:
    from wiro_runtime.tasks.detail import TaskDetail


class TaskState:
    """What is known of a task: its id or its token, the tool of a task of this client, the moment
    of its submission in seconds of the clock, and the last detail."""

    __slots__ = ("__weakref__", "born", "detail", "id", "token", "tool")

    def __init__(self, *, id: str, token: str, born: float, tool: str | None = None) -> None:  # noqa: A002 - Wiro's word
        self.id = id
        self.token = token
        self.tool = tool
        self.born = born
        self.detail: TaskDetail | None = None

    @property
    def status(self) -> str:
        """The last known status; empty for a task that was never asked about."""
        return self.detail.status if self.detail else QUEUED if self.tool else ""

    @property
    def key(self) -> dict[str, str]:
        """The fields that name the task in a request."""
        return {"taskid": self.id} if self.id else {"tasktoken": self.token}

    @property
    def resume(self) -> str:
        """A sentence for users: how to get back to the task."""
        return f"it goes on; resume with client.task({self.id or self.token!r}).wait()"


def add_task(error: BaseException, state: TaskState) -> None:
    """Let ``error``, which ends a call for an accepted task, name that task: in its ``task_id``, or
    in a note for exceptions that are not of this package."""
    if isinstance(error, WiroError):
        error.task_id = error.task_id or state.id or None
    notes: list[str] = getattr(error, "__notes__", [])
    name = state.id or state.token
    said = isinstance(error, WiroError) and name in str(error)
    if not said and not any(note.startswith((f"task {name}:", f"task {name} ")) for note in notes):
        error.add_note(f"task {name}: {state.resume}")
