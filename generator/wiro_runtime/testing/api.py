"""The endpoints under ``/v1``: each takes a parsed body and returns the JSON of the response."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote

from wiro_runtime.testing.catalogue import check_fields, explore, list_tools, page, tool_detail
from wiro_runtime.testing.errors import (
    NOT_FOUND,
    ResponseError,
    must,
    required,
    unreadable,
)
from wiro_runtime.testing.records import parameter
from wiro_runtime.testing.scenario import TERMINAL
from wiro_runtime.testing.validation import check_run, form_inputs

if TYPE_CHECKING:
    from wiro_runtime.testing.records import Body
    from wiro_runtime.testing.state import SimulatorState
    from wiro_runtime.testing.tasks import Task
    from wiro_runtime.testing.tool_spec import Json, Tool

ResponseBody: TypeAlias = "dict[str, Json]"
MAX_TASKS: Final = 100
"""The longest page of Task/List."""

_LIST: Final[Mapping[str, str]] = {"type": "model", "sort": "id", "order": "DESC"}

Endpoint: TypeAlias = "Callable[[SimulatorState, Mapping[str, Json]], ResponseBody]"


def run(state: SimulatorState, tool: Tool, body: Body) -> ResponseBody:
    """Starts a task, from a JSON body or from a multipart one with files."""
    inputs = json_object(body) if body.parts is None else form_inputs(tool, body.parts)
    check_run(state, tool, inputs)
    shown = {name: parameter(value) for name, value in inputs.items()}
    task = state.submit(tool, shown, body.recorded)
    return {"errors": [], "taskid": task.id, "socketaccesstoken": task.token, "result": True}


NO_TOOLS: Final = (
    " (this simulator has no tools: give it the modules or specs of some, as Simulator([module])"
    " or in the fixture wiro_simulator_tools)"
)


def json_object(body: Body) -> dict[str, Json]:
    """The JSON object that a body is."""
    if body.parts is not None:
        raise unreadable("Expected application/json.")
    if not isinstance(body.json, dict):
        raise unreadable("The body is not a JSON object.")
    return body.json


def find_tool(state: SimulatorState, raw_path: str) -> Tool:
    """The tool of ``Run/{owner}/{project}``, given the path after ``Run/`` as it was sent."""
    segments = [unquote(segment) for segment in raw_path.split("/")]
    tool = state.tools.get("/".join(segments)) if len(segments) == 2 else None
    if tool is None:
        # Wiro always has tools; a simulator without any is a test that forgot to name them.
        hint = "" if state.tools else NO_TOOLS
        raise ResponseError(f"slug-owner-project-not-exist{hint}", code=NOT_FOUND)
    return tool


def detail(state: SimulatorState, body: Mapping[str, Json]) -> ResponseBody:
    names = ("taskid", "tasktoken")
    if not any(name in body for name in names):
        raise ResponseError("taskid or socketaccesstoken is required")
    return tasklist(state, [_task(state, body, names)])


def cancel(state: SimulatorState, body: Mapping[str, Json]) -> ResponseBody:
    task = _task(state, body, ("taskid",))
    if not task.cancel(state.clock.now()):
        raise ResponseError("Task is not in a cancellable state.", code=NOT_FOUND)
    state.notify()
    return tasklist(state, [task])


def kill(state: SimulatorState, body: Mapping[str, Json]) -> ResponseBody:
    task = _task(state, body, ("taskid", "socketaccesstoken"))
    if not task.kill(state.clock.now()):
        status = task.status(state.clock.now())
        raise ResponseError(f"Task could not be killed: it is in {status}", code=NOT_FOUND)
    state.notify()
    return tasklist(state, [task])


def delete_files(state: SimulatorState, body: Mapping[str, Json]) -> ResponseBody:
    task = _task(state, body, ("tasktoken",))
    if task.status(state.clock.now()) not in TERMINAL:
        raise ResponseError("Task is still running.", code=NOT_FOUND)
    task.deleted = True
    return {"errors": [], "result": True}


def list_tasks(state: SimulatorState, body: Mapping[str, Json]) -> ResponseBody:
    """A page of one's own tasks, newest first; ``total`` counts all that match."""
    check_fields(body, dict.fromkeys((*_LIST, "start", "limit", "modelName"), str))
    for name, value in _LIST.items():
        if body.get(name) != value:
            raise must(name, f"be {value}")
    asked = page(body, MAX_TASKS, MAX_TASKS)
    wanted = str(body.get("modelName", "")).lower()
    found = [
        task
        for task in reversed(state.tasks.values())
        if wanted in f"{task.tool.id} {task.tool.name}".lower()
    ]
    return tasklist(state, found[asked], total=len(found))


def tasklist(state: SimulatorState, tasks: Sequence[Task], total: int = 1) -> ResponseBody:
    now = state.clock.now()
    shown: list[Json] = [task.detail(now, state.origin) for task in tasks]
    return {"total": str(total), "errors": [], "tasklist": shown, "result": True}


def _task(state: SimulatorState, body: Mapping[str, Json], names: tuple[str, ...]) -> Task:
    check_fields(body, dict.fromkeys(names, str))
    given = [name for name in names if name in body]
    if not given:
        raise required(names[0])
    if len(given) > 1:
        raise ResponseError(f"Request parameters {given} say the same thing: send one of them")
    if not body[given[0]]:
        raise required(given[0])
    return state.find(given[0], str(body[given[0]]))


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "Task/Detail": detail,
    "Task/Cancel": cancel,
    "Task/Kill": kill,
    "Task/List": list_tasks,
    "Task/InputOutputDelete": delete_files,
    "Tool/List": list_tools,
    "Tool/Detail": tool_detail,
    "Tool/Explore": explore,
}
"""The endpoints that take a JSON object and nothing else."""
