"""Tasks: where each is in its life, and how Wiro shows it."""

from __future__ import annotations

import uuid
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, cast

from wiro_runtime.catalogue.output_kind import output_kind
from wiro_runtime.testing import artwork
from wiro_runtime.testing.files import Artefact, new_folder, new_token
from wiro_runtime.testing.scenario import (
    CANCELLED,
    FINISHED,
    QUEUE,
    TERMINAL,
    Kind,
    Scenario,
    Step,
)

if TYPE_CHECKING:
    from wiro_runtime.testing.tool_spec import Json, Tool

MAX_OUTPUTS: Final = 16
_ALWAYS: Final[Mapping[str, Json]] = {
    "guestid": None, "projectid": "699", "modelid": "598", "description": "", "basemodelid": "0",
    "runtype": "model", "modelfolderid": "", "modelfileid": "", "marketplaceid": None,
}  # fmt: skip
"""Fields of Task/Detail that are the same for every task."""

_CENT: Final = Decimal("0.000000000001")


@dataclass(slots=True, kw_only=True, eq=False)
class Task:
    """One task. ``created`` is in seconds of the simulator's clock, ``wall`` in Unix time."""

    id: str
    token: str
    uuid: str
    tool: Tool
    body: Mapping[str, Json]
    scenario: Scenario
    kind: Kind
    created: float
    wall: float
    steps: tuple[Step, ...]
    folder: str
    callback_url: str = ""
    skew: float = 0.0
    cancelled_at: float | None = None
    deleted: bool = False
    artefacts: tuple[Artefact, ...] | None = None

    def elapsed(self, now: float) -> float:
        """Seconds since the submission, at most until it was cancelled."""
        elapsed = now - self.created + self.skew
        return elapsed if self.cancelled_at is None else min(elapsed, self.cancelled_at)

    def position(self, now: float) -> int:
        """The index of the last step that has begun."""
        return max(0, bisect_right(self.steps, self.elapsed(now), key=lambda step: step.at) - 1)

    def status(self, now: float) -> str:
        if self.cancelled_at is not None:
            return CANCELLED
        step = self.steps[self.position(now)]
        return step.stored or step.status

    def cancel(self, now: float) -> bool:
        """Takes the task out of the queue; ``False`` when it is not there any more."""
        if self.status(now) != QUEUE:
            return False
        self.cancelled_at = self.elapsed(now)
        return True

    def kill(self, now: float) -> bool:
        """Ends a running task; ``False`` when it does not run yet, or has ended."""
        if self._time("task_start", now) is None or self.status(now) in TERMINAL:
            return False
        self.cancelled_at = self.elapsed(now)
        return True

    def outputs(self, now: float) -> tuple[Artefact, ...]:
        """The files, none before the end, after a failure or once they were deleted."""
        if self.deleted or self.status(now) != FINISHED or not self.scenario.succeeds:
            return ()
        if self.artefacts is None:
            self.artefacts = make_artefacts(self)
        return self.artefacts

    def cost(self, now: float) -> Decimal:
        """What the task is charged in dollars: nothing for a failure or an unfinished task."""
        status = self.status(now)
        killed = status == CANCELLED and self.scenario.bill_killed
        if not killed and (status != FINISHED or not self.scenario.succeeds):
            return Decimal(0)
        if self.scenario.cost is not None:
            return Decimal(self.scenario.cost)
        if not killed and (price := self.tool.tariff.price(self.body)).exact:
            return price.low or Decimal(0)
        return (Decimal(self.scenario.cost_per_second) * self._run_seconds(now)).quantize(_CENT)

    def _run_seconds(self, now: float) -> Decimal:
        start, end = self._time("task_start", now), self._time("task_end", now)
        if start is None:
            return Decimal(0)
        return Decimal(str(round((self.elapsed(now) if end is None else end) - start, 4)))

    def _time(self, status: str, now: float) -> float | None:
        """When the task entered a status, in seconds since its submission."""
        elapsed = self.elapsed(now)
        for step in self.steps:
            if step.status == status:
                return step.at if step.at <= elapsed else None
        return None

    def _unix(self, status: str, now: float) -> str:
        at = self._time(status, now)
        return "0" if at is None else str(int(self.wall + at))

    def detail(self, now: float, origin: str) -> dict[str, Json]:
        """The task as an element of ``tasklist``. Numbers are texts; ``"0"`` means not yet."""
        status = self.status(now)
        ended = status in TERMINAL
        added = self._unix("task_postprocess_start", now)
        outputs: list[Json] = [
            {**file.shown(origin, added), "uuid": self.uuid} for file in self.outputs(now)
        ]
        finished_text = self.kind == "text" and status == FINISHED and self.scenario.succeeds
        if finished_text and not self.deleted:
            text: Json = {**self.scenario.text(_text(self.body, "prompt"))}
            outputs = [{"contenttype": "raw", "content": text}]
            if self.scenario.text_shape == "log":
                outputs = []
        started = self._time("task_start", now) is not None
        setback = self.scenario.setback if self._time("task_error", now) is not None else ""
        detail: dict[str, Json] = {
            "id": self.id,
            "uuid": self.uuid,
            "name": "",
            "socketaccesstoken": self.token,
            "parameters": dict(self.body),
            "debugoutput": self.scenario.merged_text if finished_text else "",
            "debugerror": "\n".join(self.scenario.log) if started else setback,
            "starttime": self._unix("task_start", now),
            "endtime": self._unix("task_end", now) if status != CANCELLED else self._cancel_time(),
            "elapsedseconds": f"{self._run_seconds(now):.4f}",
            "status": status,
            **_ALWAYS,
            "cps": self.scenario.cost_per_second,
            "totalcost": f"{cost:.12f}" if (cost := self.cost(now)) else "0",
            "modelslugowner": self.tool.owner,
            "modelslugproject": self.tool.project,
            "modeldescription": self.tool.description,
            "callbackurl": self.callback_url,
            "createtime": str(int(self.wall)),
            "canceltime": self._cancel_time(),
            "assigntime": self._unix("task_assign", now),
            "accepttime": self._unix("task_accept", now),
            "preprocessstarttime": self._unix("task_preprocess_start", now),
            "preprocessendtime": self._unix("task_preprocess_end", now),
            "postprocessstarttime": added,
            "postprocessendtime": self._unix(FINISHED, now),
            "pexit": self.scenario.pexit if status == FINISHED else "0" if ended else "",
            "categories": list(self.tool.categories),
            "outputs": outputs,
            "size": str(sum(file.size for file in self.outputs(now))),
        }
        if self.scenario.pexit is None:
            del detail["pexit"]
        return detail

    def _cancel_time(self) -> str:
        return "0" if self.cancelled_at is None else str(int(self.wall + self.cancelled_at))


def new_task(
    *,
    number: int,
    tool: Tool,
    body: Mapping[str, Json],
    scenario: Scenario,
    now: float,
    wall: float,
) -> Task:
    """A task that enters the queue now."""
    kind = scenario.kind or kind_of(tool)
    return Task(
        id=str(number),
        token=new_token(),
        uuid=str(uuid.uuid4()),
        tool=tool,
        body=body,
        scenario=scenario,
        kind=kind,
        created=now,
        wall=wall,
        steps=_steps(scenario, kind, _text(body, "prompt") if kind == "text" else ""),
        folder=new_folder(),
        callback_url=_text(body, "callbackUrl"),
    )


@lru_cache(maxsize=64)
def _steps(scenario: Scenario, kind: Kind, prompt: str) -> tuple[Step, ...]:
    """The states of a task, shared by the tasks that have the same."""
    return scenario.steps(kind, prompt)


def kind_of(tool: Tool) -> Kind:
    """What a tool makes, as catalogues and pages say it; a picture where nothing says it."""
    if tool.is_llm:
        return "text"
    samples = [each for each in tool.spec.get("samples") or () if isinstance(each, str)]
    found = output_kind(tool.categories, tool.project, tool.tags, samples)
    return "image" if found == "other" else cast("Kind", found)


def make_artefacts(task: Task) -> tuple[Artefact, ...]:
    """The files of a finished task; they depend on the body alone."""
    if task.kind == "text":
        return ()
    wanted = task.scenario.outputs
    count = _whole(task.body.get("samples"), 1) if wanted is None else wanted
    return tuple(_artefact(task, index) for index in range(min(max(count, 0), MAX_OUTPUTS)))


def _artefact(task: Task, index: int) -> Artefact:
    body = task.body
    seed = f"{task.tool.id}\0{body.get('prompt')}\0{body.get('seed')}\0{index}"
    width, height = (_whole(body.get(side), 0) for side in ("width", "height"))
    kinds: dict[str, tuple[str, str, Callable[[], bytes]]] = {
        "image": ("png", "image/png", partial(artwork.png, seed, width, height)),
        "audio": ("wav", "audio/wav", partial(artwork.wav, seed)),
        "video": ("mp4", "video/mp4", artwork.film),
        "3d": ("glb", "model/gltf-binary", artwork.model),
    }
    suffix, content_type, content = kinds[task.kind]
    filling = task.scenario.output_size
    return Artefact(
        name=f"{index}.{suffix}",
        content_type=content_type,
        size=len(content()) if filling is None else filling,
        folder=task.folder,
        content=content if filling is None else None,
    )


def _text(body: Mapping[str, Json], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _whole(value: Json, default: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return default
    try:
        return int(float(value))
    except (ValueError, OverflowError):
        return default
