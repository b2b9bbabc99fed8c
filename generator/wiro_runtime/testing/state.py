"""The state of a simulated Wiro: its tools, tasks, money and files. Touched by one thread."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from wiro_runtime.testing.errors import (
    CONCURRENCY_LIMIT,
    INSUFFICIENT_BALANCE,
    NOT_FOUND,
    ResponseError,
)
from wiro_runtime.testing.faults import FaultBook
from wiro_runtime.testing.records import Request, Run
from wiro_runtime.testing.scenario import TERMINAL
from wiro_runtime.testing.tasks import Task, new_task

if TYPE_CHECKING:
    from wiro_runtime.testing.callbacks import Delivery
    from wiro_runtime.testing.clock import Clock
    from wiro_runtime.testing.files import Artefact
    from wiro_runtime.testing.scenario import Scenario
    from wiro_runtime.testing.tool_spec import Json, Tool

FrameShape: TypeAlias = Literal["id", "tasktoken"]
"""What frames name a task by: its id alone, or as older ones its token too."""

MINIMUM_BALANCE: Final = Decimal("0.50")
"""Below this many dollars Wiro starts no task."""

TRAINING_BALANCE: Final = 10
"""Below this many dollars Wiro starts no training."""

UNLIMITED_ABOVE: Final = 250
"""With more dollars than this, as many tasks may run as one likes."""

UPLOAD_LIMIT: Final = 100 * 1024 * 1024
"""The largest file in bytes that Wiro takes."""


@dataclass(slots=True, kw_only=True)
class Planned:
    """A scenario for the next ``left`` runs of a tool (``None``: of any tool, or for good)."""

    scenario: Scenario
    tool: str | None
    left: int | None


class SimulatorState:
    """Everything that a simulator knows. ``balance`` is in dollars, ``None`` for no end of it;
    ``concurrency_limit`` overrides the limit that follows from the balance."""

    def __init__(
        self,
        tools: Mapping[str, Tool],
        clock: Clock,
        *,
        keep: int,
        scenario: Scenario,
        frames: FrameShape,
    ) -> None:
        self.tools = dict(tools)
        self.clock = clock
        self.pages: dict[str, Artefact] = {}
        self.faults = FaultBook()
        self.origin = ""
        self.on_submit: Callable[[Task], None] = lambda _task: None
        self._at_first = keep, scenario, frames
        self._numbers = itertools.count(random.randint(100_000, 900_000))  # noqa: S311  (an id, not a secret)
        self._changed: set[asyncio.Event] = set()
        self.clear()

    def clear(self) -> None:
        """Forgets tasks, records, plans, faults and limits; keeps the tools and pages."""
        keep, scenario, frames = self._at_first
        self.requests: deque[Request] = deque(maxlen=keep)
        self.downloads: deque[Request] = deque(maxlen=keep)
        self.runs: deque[Run] = deque(maxlen=keep)
        self.subscriptions: deque[str | bytes | None] = deque(maxlen=keep)
        self.deliveries: deque[Delivery] = deque(maxlen=keep)
        self.tasks: dict[str, Task] = {}
        self.by_token: dict[str, Task] = {}
        self.active: dict[str, Task] = {}
        self.folders: dict[str, Task] = {}
        self.uploads: dict[str, Artefact] = {}
        self.faults.clear()
        self.upload_limit = UPLOAD_LIMIT
        self.frames: FrameShape = frames
        self.cycle: Iterator[Scenario] = itertools.repeat(scenario)
        self.planned: list[Planned] = []
        self.balance: Decimal | None = None
        self.concurrency_limit: int | None = None
        self.notify()

    def submit(self, tool: Tool, body: Mapping[str, Json], recorded: Mapping[str, Any]) -> Task:
        """Puts a task into the queue, if the balance and the limits allow it. ``recorded`` is
        what is remembered of the body, which for a form is more than its parameters."""
        if self.balance is not None or self.concurrency_limit is not None:
            self.charge()
        limit = self.limit()
        needed = TRAINING_BALANCE if tool.is_training else MINIMUM_BALANCE
        if self.balance is not None and self.balance < needed:
            raise ResponseError("Insufficient balance", code=INSUFFICIENT_BALANCE)
        if limit is not None and len(self.active) >= limit:
            shown = "0" if self.balance is None else f"{self.balance:.2f}"
            raise ResponseError(
                "You have reached your concurrent task limit. With your current balance of "
                f"${shown}, you can run up to {limit} tasks at the same time. "
                "Add funds to increase your limit.",
                code=CONCURRENCY_LIMIT,
            )
        task = new_task(
            number=next(self._numbers),
            tool=tool,
            body=body,
            scenario=self._next_scenario(tool),
            now=self.clock.now(),
            wall=time.time(),
        )
        # Not infinite: times of the task are computed from it.
        task.skew = min(self.clock.head_start, task.steps[-1].at)
        self.tasks[task.id] = self.by_token[task.token] = self.active[task.id] = task
        self.folders[task.folder] = task
        self.runs.append(Run(tool=tool.id, body=recorded, taskid=task.id))
        self.on_submit(task)
        return task

    def find(self, name: str, value: str) -> Task:
        """The task with an id (``name`` is ``taskid``) or a token (any other ``name``)."""
        task = (self.tasks if name == "taskid" else self.by_token).get(value)
        if task is None:
            raise ResponseError("There is no task yet.", code=NOT_FOUND)
        return task

    def limit(self) -> int | None:
        """How many tasks may be under way: a tenth of the balance in dollars, at least one."""
        if self.concurrency_limit is not None:
            return self.concurrency_limit
        if self.balance is None or self.balance > UNLIMITED_ABOVE:
            return None
        return max(1, int(self.balance / 10))

    def charge(self) -> None:
        """Charges what has ended, and takes it off the tasks under way."""
        now = self.clock.now()
        for task in [task for task in self.active.values() if task.status(now) in TERMINAL]:
            del self.active[task.id]
            if self.balance is not None:
                self.balance -= task.cost(now)

    def step(self, task: Task) -> None:
        """Moves a task to the beginning of its next state; one that has ended stays."""
        now = self.clock.now()
        position = task.position(now)
        if task.cancelled_at is None and position + 1 < len(task.steps):
            task.skew += task.steps[position + 1].at - task.elapsed(now)
            # The sum may fall short of the step by a rounding error.
            if task.position(now) == position:
                task.skew += 1e-9
        self.notify()

    def notify(self) -> None:
        """Wakes everything that waits for a task to move."""
        for event in self._changed:
            event.set()

    async def moved(self, task: Task, position: int) -> None:
        """Waits until a task may have left a position, by itself or moved from outside."""
        now = self.clock.now()
        if task.position(now) > position or task.status(now) in TERMINAL:
            return
        upcoming = task.steps[position + 1 : position + 2]
        waits = [self.clock.real_delay(step.at - task.elapsed(now)) for step in upcoming]
        event = asyncio.Event()
        self._changed.add(event)
        try:
            async with asyncio.timeout(waits[0] if waits else None):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            self._changed.discard(event)

    def file(self, path: str) -> Artefact | None:
        """The file at a path, if it is still there."""
        if found := self.uploads.get(path) or self.pages.get(path):
            return found
        folder = path.removeprefix("/cdn/").split("/", 1)[0]
        task = self.folders.get(folder)
        files = () if task is None else task.outputs(self.clock.now())
        return next((file for file in files if file.path == path), None)

    def _next_scenario(self, tool: Tool) -> Scenario:
        for plan in self.planned:
            if plan.tool in (None, tool.id):
                if plan.left is not None:
                    plan.left -= 1
                    if plan.left <= 0:
                        self.planned.remove(plan)
                return plan.scenario
        return next(self.cycle)
