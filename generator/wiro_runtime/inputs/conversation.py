"""How a run of an LLM tool goes on from an earlier one: by its token, session and tool outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from wiro_runtime.http.json_values import as_text
from wiro_runtime.inputs.messages import HALF, SURROGATE, invalid, shown

if TYPE_CHECKING:
    from wiro_runtime.tasks.detail import TaskDetail


class Earlier(Protocol):
    """An earlier run: a result or a task."""

    @property
    def detail(self) -> TaskDetail | None: ...


ToolOutputs: TypeAlias = "Mapping[str, str] | Sequence[Mapping[str, str]]"
"""Outputs of called functions: texts by ``call_id``, or what :meth:`ToolCall.output` makes."""


def go_on(body: dict[str, Any], previous: Earlier | None, tool_outputs: ToolOutputs | None) -> None:
    """Add ``previousTaskToken``, ``session_id`` and ``toolOutputs`` to the body of a run.

    A ``session_id`` in it stays. Raises :class:`InvalidInputs` when ``previous`` has no token, or
    ``tool_outputs`` are not texts for calls.
    """
    if previous is None:
        if tool_outputs is not None:
            raise invalid("tool_outputs", "they need previous=, the result that made the calls")
        return
    detail = cast("TaskDetail | None", getattr(previous, "detail", None))
    if detail is None or not detail.token:
        text = f"expected a result, or a task that was waited for, got {shown(previous)}"
        raise invalid("previous", text)
    body["previousTaskToken"] = detail.token
    session = as_text(detail.parameters.get("session_id"))
    if session and not body.get("session_id"):
        body["session_id"] = session
    if tool_outputs is not None:
        body["toolOutputs"] = _outputs(tool_outputs, previous)


def _outputs(given: ToolOutputs, previous: Earlier) -> list[dict[str, str]]:
    if isinstance(given, Mapping):
        found = [{"call_id": call_id, "output": output} for call_id, output in given.items()]
    elif isinstance(given, Sequence) and all(map(_is_output, given)):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
        found = [dict(output) for output in given]
    else:
        raise invalid("tool_outputs", "expected texts by call_id, or what call.output() makes")
    calls: object = getattr(previous, "tool_calls", None)
    known = [call.call_id for call in cast("tuple[Any, ...]", calls)] if calls else None
    for output in found:
        if not isinstance(output["output"], str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
            raise invalid("tool_outputs", f"outputs are text, not {shown(output['output'])}")
        if SURROGATE.search(output["output"]):
            raise invalid("tool_outputs", HALF)
        if known is not None and output["call_id"] not in known:
            raise invalid("tool_outputs", f"{shown(output['call_id'])} was not called")
    return found


def _is_output(output: object) -> bool:
    if not isinstance(output, Mapping):
        return False
    return set(cast("Mapping[object, object]", output)) == {"call_id", "output"}
