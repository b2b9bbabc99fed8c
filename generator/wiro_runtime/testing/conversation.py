"""Checks how a run of an LLM tool goes on from an earlier one.

``previousTaskToken`` is the token of an ended task of the same tool, ``session_id`` the one that
this task had, ``toolOutputs`` the results of the functions that it called.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from wiro_runtime.testing.errors import must
from wiro_runtime.testing.scenario import FINISHED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wiro_runtime.testing.state import SimulatorState
    from wiro_runtime.testing.tool_spec import Json, Tool

MAX_SESSION: Final = 256
"""The longest ``session_id`` in bytes."""


def check_conversation(state: SimulatorState, tool: Tool, body: Mapping[str, Json]) -> None:
    """Raise the error for the first thing wrong."""
    session, user = body.get("session_id"), body.get("user_id")
    if session is not None and not (
        isinstance(session, str) and len(session.encode()) <= MAX_SESSION
    ):
        raise must("session_id", f"be a string of at most {MAX_SESSION} bytes")
    if user not in (None, "") and not _is_uuid(user):
        raise must("user_id", "be a UUID")
    outputs, token = body.get("toolOutputs"), body.get("previousTaskToken")
    if token in (None, ""):
        if outputs is not None:
            raise must("previousTaskToken", "name the task that called the functions")
        return
    previous = state.by_token.get(token) if isinstance(token, str) else None
    if (
        previous is None
        or previous.tool.id != tool.id
        or previous.status(state.clock.now()) != FINISHED
        or not previous.scenario.succeeds
    ):
        raise must("previousTaskToken", "be the token of an ended task of this tool")
    if (session or "") != (previous.body.get("session_id") or ""):
        raise must("session_id", "be that of the previous task")
    if outputs is not None:
        _check_outputs(outputs, len(previous.scenario.tool_calls))


def _check_outputs(outputs: Json, calls: int) -> None:
    if not isinstance(outputs, list):
        raise must("toolOutputs", "be an array")
    given: list[Json] = []
    for output in outputs:
        if not isinstance(output, dict) or output.keys() != {"call_id", "output"}:
            raise must("toolOutputs", "be objects of call_id and output")
        if not isinstance(output["output"], str):
            raise must("toolOutputs", "hold texts as outputs")
        given.append(output["call_id"])
    if sorted(map(str, given)) != sorted(f"call_{number}" for number in range(1, calls + 1)):
        raise must("toolOutputs", "give one output for each function that was called")


def _is_uuid(value: Json) -> bool:
    try:
        return isinstance(value, str) and bool(uuid.UUID(value))
    except ValueError:
        return False
