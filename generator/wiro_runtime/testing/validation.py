"""Checks the body of a Run request against the spec of its tool, as Wiro would and stricter.

``fileinput``: a file in ``{id}`` with an empty ``{id}Url``, or an address in ``{id}Url``.
``multifileinput``: files in ``{id}``, and addresses separated by commas in ``{id}Url``.
``combinefileinput``: files and addresses in ``{id}``. A form stands for the same values as JSON:
arrays are repeated parts, an empty array is one empty part or none, and numbers and truth values
are in the text that JSON has.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.testing.errors import (
    ResponseError,
    must,
    required,
    unknown_parameter,
    unreadable,
)
from wiro_runtime.testing.records import SentFile, strict_json
from wiro_runtime.testing.scenario import FINISHED
from wiro_runtime.testing.tool_spec import CHOICE_TYPES, FILE_TYPES, NUMBER_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wiro_runtime.testing.state import SimulatorState
    from wiro_runtime.testing.tool_spec import Input, Json, Tool

RUN_PARAMETERS: Final = ("callbackUrl", "projectid")
"""What every tool takes besides its inputs."""

CONVERSATION: Final = ("previousTaskToken", "session_id", "user_id", "toolOutputs")
"""What every LLM tool takes besides its inputs."""

MAX_SESSION: Final = 256
"""The longest ``session_id`` in bytes."""

PAIRED: Final = frozenset({"fileinput", "multifileinput"})
"""File inputs whose addresses go into a field of their own, ``{id}Url``."""

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_URL: Final = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)


def form_inputs(tool: Tool, parts: Mapping[str, Sequence[str | SentFile]]) -> dict[str, Any]:
    """The JSON body that a form stands for, with files in the place of their inputs."""
    if not any(isinstance(value, SentFile) for values in parts.values() for value in values):
        raise unreadable("No file is sent: expected application/json.")
    return {name: _form_value(tool.inputs.get(name), name, parts[name]) for name in parts}


def _form_value(entry: Input | None, name: str, values: Sequence[str | SentFile]) -> Any:
    if entry is not None and (
        entry.type in ("multifileinput", "combinefileinput")
        if entry.type in FILE_TYPES
        else entry.wire == "array"
    ):
        if any(isinstance(_parsed(value), list) for value in values):
            raise must(name, "be repeated parts, not a JSON array in one")
        if list(values) != [""]:
            return list(values)
        return "" if entry.type == "multifileinput" else []
    if len(values) != 1:
        raise must(name, "be sent once")
    return values[0] if entry is None or entry.wire == "string" else _parsed(values[0])


def _parsed(value: str | SentFile) -> Any:
    """The JSON value that a text spells; the text itself when it spells none."""
    try:
        return strict_json(value.encode()) if isinstance(value, str) else value
    except ValueError:
        return value


def check_run(state: SimulatorState, tool: Tool, body: Mapping[str, Any]) -> None:
    """Raises a :class:`~wiro_runtime.testing.errors.ResponseError` for the first thing wrong.

    ``body`` holds the JSON values of a Run request, and :class:`SentFile` where files are sent.
    """
    for name, value in body.items():
        files = files_in(value)
        entry = tool.inputs.get(name)
        if name in RUN_PARAMETERS:
            check_run_parameter(name, value)
        elif entry is not None:
            if files and entry.type not in FILE_TYPES:
                raise must(name, "be a text, not a file")
            check_value(entry, value)
        elif name in CONVERSATION and tool.is_llm:
            continue
        elif (owner := address_owner(tool, name)) is not None:
            check_addresses(owner, name, value)
        elif not files or f"{name}Url" not in tool.inputs:
            raise unknown_parameter(name)
        for file in files:
            check_file(name, file, state.upload_limit)
        if files and not (entry is not None and entry.type == "combinefileinput"):
            _check_pair(name, body, several=entry is not None and entry.type == "multifileinput")
    goes_on = tool.is_llm and body.get("toolOutputs") is not None
    for entry in tool.inputs.values():
        if entry.required and not goes_on and not _is_given(tool, entry, body):
            raise required(entry.name, "files" if entry.type in FILE_TYPES else "parameter")
    check_conversation(state, tool, body)


def files_in(value: Any) -> list[SentFile]:
    """The files in a value of a body."""
    values = cast("list[object]", value) if isinstance(value, list) else [value]
    return [item for item in values if isinstance(item, SentFile)]


def check_file(name: str, file: SentFile, limit: int) -> None:
    """Checks the name of a file, and its size against ``limit`` in bytes."""
    if not file.filename or set(file.filename) & set("/\\"):
        raise ResponseError(f"Request files [{name}] must have a name, without its folder")
    if file.size == 0:
        raise ResponseError(f"Request files [{name}] must not be empty")
    if file.size > limit:
        raise ResponseError(f"Request files [{name}] must not exceed {limit} bytes")


def _check_pair(name: str, body: Mapping[str, Any], *, several: bool) -> None:
    """A file in ``{id}`` goes with its ``{id}Url``, which is empty unless both may be mixed."""
    # Some tools spell it the other way round: inputImageUrlMultiple.
    links = {f"{name}Url", name.replace("Multiple", "UrlMultiple")} - {name}
    given = [body[link] for link in links if link in body]
    if not given:
        raise required(f"{name}Url")
    if not several and given != [""]:
        raise must(f"{name}Url", f"be empty when {name} carries a file")


def _is_given(tool: Tool, entry: Input, body: Mapping[str, Any]) -> bool:
    """Whether a required input has a value: its own, its address's or its file's."""
    names = [entry.name]
    if entry.type in PAIRED:
        names.append(f"{entry.name}Url")
    elif entry.name.endswith("Url") and entry.name.removesuffix("Url") not in tool.inputs:
        names.append(entry.name.removesuffix("Url"))
    return not all(is_blank(body.get(name)) for name in names)


def check_run_parameter(name: str, value: Json) -> None:
    """Checks ``callbackUrl`` and ``projectid``."""
    if not isinstance(value, str):
        raise must(name, "be a string")
    if name == "callbackUrl" and not is_address(value):
        raise must(name, "be an http or https address")


def check_value(entry: Input, value: Any) -> None:
    """Checks the value of an input."""
    if not entry.unsent and _same(value, entry.sent):
        return
    if entry.type in FILE_TYPES:
        check_files(entry, value)
        return
    if entry.wire == "string":
        if not isinstance(value, str):
            raise must(entry.name, "be a string")
        check_text(entry, value)
    elif entry.wire == "number":
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise must(entry.name, "be integer or float")
        if entry.type == "number" and isinstance(value, float) and not _takes_fractions(entry):
            raise must(entry.name, "be integer")
        check_range(entry, Decimal(str(value)))
        check_choice(entry, str(value))
    elif entry.wire == "boolean":
        if not isinstance(value, bool):
            raise must(entry.name, "be true or false")
        check_choice(entry, str(value).lower())
    elif entry.wire == "array":
        if not isinstance(value, list):
            raise must(entry.name, "be an array")
        if entry.type not in CHOICE_TYPES:
            return  # A JSON value, such as the messages of a conversation.
        for item in cast("list[Json]", value):
            if not isinstance(item, str):
                raise must(entry.name, "be an array of strings")
            check_choice(entry, item)
    elif not isinstance(value, dict):
        raise must(entry.name, "be an object")


def check_text(entry: Input, value: str) -> None:
    """Checks a value that is text on the wire."""
    if entry.type in NUMBER_TYPES:
        if not _NUMBER.fullmatch(value):
            raise must(entry.name, "be integer or float")
        whole = value.lstrip("-").isdigit() or _takes_fractions(entry)
        if entry.type == "number" and not whole:
            raise must(entry.name, "be integer")
        check_range(entry, Decimal(value))
    elif value and entry.type == "multiselect":
        for each in value.split(","):
            check_choice(entry, each)
    elif value or entry.open is False:
        check_choice(entry, value)


def check_files(entry: Input, value: Any) -> None:
    """Checks a file input: files, addresses where they belong here, or nothing."""
    if entry.type == "combinefileinput":
        if not isinstance(value, list):
            raise must(entry.name, "be an array")
        for item in cast("list[Json]", value):
            if not isinstance(item, SentFile) and not is_address(item):
                raise must(entry.name, "be a file or an address")
        return
    given = cast("list[object]", value) if isinstance(value, list) else [value]
    if value != "" and not (given and all(isinstance(item, SentFile) for item in given)):
        raise must(entry.name, f"be files: addresses belong in {entry.name}Url")


def address_owner(tool: Tool, name: str) -> Input | None:
    """The file input whose addresses go into ``name``, where that is no input itself."""
    owner = tool.inputs.get(name.removesuffix("Url")) if name.endswith("Url") else None
    return owner if owner is not None and owner.type in PAIRED else None


def check_addresses(owner: Input, name: str, text: Any) -> None:
    """Checks the ``…Url`` of a file input: one address, several with commas, or nothing."""
    if not isinstance(text, str):
        raise must(name, "be a string")
    for address in text.split(",") if owner.type == "multifileinput" else [text]:
        if text and not is_address(address):
            raise must(name, "be an address")


def is_address(value: Json) -> bool:
    """Whether a value is an http or https address."""
    return isinstance(value, str) and _URL.fullmatch(value) is not None


def check_choice(entry: Input, value: str) -> None:
    """Refuses a value that a closed select does not list."""
    if entry.type not in CHOICE_TYPES or entry.open is not False:
        return
    # On a wire of truth values the options may be spelt "True" and "False".
    if value in entry.options or (entry.wire == "boolean" and value.title() in entry.options):
        return
    if value == "" and entry.sent == "" and not entry.unsent:
        return
    choices = ", ".join(map(repr, list(entry.options)[:20]))
    raise must(entry.name, f"be one of {choices}")


def check_range(entry: Input, value: Decimal) -> None:
    """Refuses a number outside the limits of its input, or between its steps."""
    low, high = decimal(entry.minimum), decimal(entry.maximum)
    if (low is not None and value < low) or (high is not None and value > high):
        if low is not None and high is not None:
            raise must(entry.name, f"be between {entry.minimum} and {entry.maximum}")
        bound = f"at least {entry.minimum}" if low is not None else f"at most {entry.maximum}"
        raise must(entry.name, f"be {bound}")
    step = decimal(entry.step)
    if step and not _is_multiple(value - (low or Decimal(0)), step):
        raise must(entry.name, f"be a multiple of {entry.step}")


def _is_multiple(value: Decimal, step: Decimal) -> bool:
    try:
        return value % step == 0
    except InvalidOperation:
        # The quotient has more digits than Decimal keeps: no number of the input's is so large.
        return False


def check_conversation(state: SimulatorState, tool: Tool, body: Mapping[str, Any]) -> None:
    """Checks how a run of an LLM tool goes on from an earlier one: ``previousTaskToken`` is the
    token of an ended task of the same tool, ``session_id`` the one that this task had,
    ``toolOutputs`` the results of the functions that it called."""
    session, user = body.get("session_id"), body.get("user_id")
    if session is not None and not (
        isinstance(session, str) and len(session.encode()) <= MAX_SESSION
    ):
        raise must("session_id", f"be a string of at most {MAX_SESSION} bytes")
    if user not in (None, "") and not (isinstance(user, str) and _UUID.fullmatch(user)):
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
    speaks = not (is_blank(body.get("prompt")) and is_blank(body.get("messages")))
    if outputs is not None:
        if speaks:
            raise must("toolOutputs", "be sent without a new prompt or messages")
        _check_outputs(outputs, len(previous.scenario.tool_calls))
    elif not speaks:
        raise required("prompt")


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
    called = sorted(f"call_{number}" for number in range(1, calls + 1))
    if not called or sorted(map(str, given)) != called:
        raise must("toolOutputs", "give one output for each function that was called")


def is_blank(value: Json) -> bool:
    """Whether a value is nothing to a required input. A blank text is nothing, too."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def decimal(text: str | None) -> Decimal | None:
    """The number in a text, ``None`` when there is none."""
    if text is None:
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _takes_fractions(entry: Input) -> bool:
    if not entry.unsent and isinstance(entry.sent, float):
        return True
    limits = (entry.minimum, entry.maximum, entry.step)
    return any(limit is not None and "." in limit for limit in limits)


def _same(left: Json, right: Json) -> bool:
    """Equality of JSON values in which ``1``, ``1.0`` and ``true`` are three things."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        other = cast("list[Json]", right)
        return len(left) == len(other) and all(map(_same, left, other))
    if isinstance(left, dict):
        others = cast("dict[str, Json]", right)
        return left.keys() == others.keys() and all(_same(left[k], others[k]) for k in left)
    return left == right
