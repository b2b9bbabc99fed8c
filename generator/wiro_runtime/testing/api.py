"""The endpoints under ``/v1``: each takes a parsed body and returns the JSON of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import unquote

from wiro_runtime.testing.bodies import parameters
from wiro_runtime.testing.catalogue import list_tools, tool_detail
from wiro_runtime.testing.multipart import check_multipart
from wiro_runtime.testing.refusals import (
    NOT_FOUND,
    RefusalError,
    must,
    required,
    unknown_parameter,
    unreadable,
)
from wiro_runtime.testing.scenario import TERMINAL
from wiro_runtime.testing.validation import check_run

if TYPE_CHECKING:
    from wiro_runtime.testing.bodies import Body
    from wiro_runtime.testing.contract import Json, Tool
    from wiro_runtime.testing.tasks import Task
    from wiro_runtime.testing.world import World

Answer: TypeAlias = "dict[str, Json]"
Endpoint: TypeAlias = "Callable[[World, Mapping[str, Json]], Answer]"


def run(world: World, tool: Tool, body: Body) -> Answer:
    """Starts a task, from a JSON body or from a multipart one with files."""
    if body.parts is not None:
        check_multipart(tool, body.parts, world.upload_limit)
        task = world.submit(tool, parameters(body.parts), body.parts)
    else:
        inputs = json_object(body)
        check_run(tool, inputs)
        task = world.submit(tool, inputs)
    return {"errors": [], "taskid": task.id, "socketaccesstoken": task.token, "result": True}


def json_object(body: Body) -> dict[str, Json]:
    """The JSON object that a body is."""
    if body.parts is not None:
        raise unreadable("Expected application/json.")
    if not isinstance(body.json, dict):
        raise unreadable("The body is not a JSON object.")
    return body.json


def find_tool(world: World, raw_path: str) -> Tool:
    """The tool of ``Run/{owner}/{project}``, given the path after ``Run/`` as it was sent."""
    segments = [unquote(segment) for segment in raw_path.split("/")]
    tool = world.tools.get("/".join(segments)) if len(segments) == 2 else None
    if tool is None:
        raise RefusalError("slug-owner-project-not-exist", code=NOT_FOUND)
    return tool


def detail(world: World, body: Mapping[str, Json]) -> Answer:
    names = ("taskid", "tasktoken")
    if not any(name in body for name in names):
        raise RefusalError("taskid or socketaccesstoken is required")
    return tasklist(world, _task(world, body, names))


def cancel(world: World, body: Mapping[str, Json]) -> Answer:
    task = _task(world, body, ("taskid", "tasktoken"))
    if not task.cancel(world.clock.now()):
        raise RefusalError("Task is not in a cancellable state.", code=NOT_FOUND)
    world.notify()
    return tasklist(world, task)


def kill(world: World, body: Mapping[str, Json]) -> Answer:
    task = _task(world, body, ("taskid", "socketaccesstoken", "tasktoken"))
    if not task.kill(world.clock.now()):
        status = task.status(world.clock.now())
        raise RefusalError(f"Task could not be killed: it is in {status}", code=NOT_FOUND)
    world.notify()
    return tasklist(world, task)


def delete_files(world: World, body: Mapping[str, Json]) -> Answer:
    task = _task(world, body, ("tasktoken",))
    if task.status(world.clock.now()) not in TERMINAL:
        raise RefusalError("Task is still running.", code=NOT_FOUND)
    task.deleted = True
    return {"errors": [], "result": True}


def tasklist(world: World, task: Task) -> Answer:
    shown: Json = task.detail(world.clock.now(), world.origin)
    return {"total": "1", "errors": [], "tasklist": [shown], "result": True}


def _task(world: World, body: Mapping[str, Json], names: tuple[str, ...]) -> Task:
    for name in body:
        if name not in names:
            raise unknown_parameter(name)
    given = [name for name in names if name in body]
    if not given:
        raise required(names[0])
    if len(given) > 1:
        raise RefusalError(f"Request parameters {given} say the same thing: send one of them")
    value = body[given[0]]
    if not isinstance(value, str):
        raise must(given[0], "be a string")
    if not value:
        raise required(given[0])
    return world.find(given[0], value)


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "Task/Detail": detail,
    "Task/Cancel": cancel,
    "Task/Kill": kill,
    "Task/InputOutputDelete": delete_files,
    "Tool/List": list_tools,
    "Tool/Detail": tool_detail,
}
"""The endpoints that take a JSON object and nothing else."""
