"""What is known of a task, shared by all who look at it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from wiro_runtime.errors import WiroError
from wiro_runtime.tasks.detail import QUEUED

if TYPE_CHECKING:
    from collections.abc import Generator

    from wiro_runtime.tasks.detail import TaskDetail


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


class Fate:
    """What has become of one submission so far, for whoever is interrupted on the way.

    ``flying`` is true while a request is under way that Wiro may accept, ``state`` is the task
    that it became.
    """

    __slots__ = ("flying", "state")

    def __init__(self) -> None:
        self.flying = False
        self.state: TaskState | None = None

    @contextmanager
    def told(self) -> Generator[None, None, None]:
        """Nothing comes out of this block without naming the task, if there is one."""
        try:
            yield
        except BaseException as error:
            named = isinstance(error, WiroError) and error.task_id is not None
            if self.state is not None and not named:
                accompany(error, self.state)
            raise


def accompany(error: BaseException, state: TaskState) -> None:
    """Let ``error``, which comes between a caller and an accepted task, name that task."""
    if isinstance(error, WiroError) and error.task_id is None:
        error.task_id = state.id or None
    notes: list[str] = getattr(error, "__notes__", [])
    if not any(note.startswith((f"task {state.id}:", f"task {state.id} ")) for note in notes):
        error.add_note(f"task {state.id}: {state.resume}")
