"""Checks the body of a Run request against the spec of its tool, as Wiro would and stricter."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final, cast

from wiro_runtime.testing.errors import must, required, unknown_parameter
from wiro_runtime.testing.tool_spec import CHOICE_TYPES, FILE_TYPES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wiro_runtime.testing.tool_spec import Input, Json, Tool

RUN_PARAMETERS: Final = ("callbackUrl", "projectid")
"""What every tool takes besides its inputs."""

CONVERSATION: Final = ("previousTaskToken", "session_id", "user_id", "toolOutputs")
"""What every LLM tool takes besides its inputs."""

PAIRED: Final = frozenset({"fileinput", "multifileinput"})
"""File inputs whose addresses go into a field of their own, ``{id}Url``."""

_NUMBER: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_URL: Final = re.compile(r"https?://[^\s/]+\S*", re.IGNORECASE)


def check_run(tool: Tool, body: Mapping[str, Json]) -> None:
    """Raises a :class:`~wiro_runtime.testing.errors.ResponseError` for the first thing wrong.

    ``body`` is the JSON body of a Run request in which no file is sent.
    """
    for name, value in body.items():
        if name in RUN_PARAMETERS:
            check_run_parameter(name, value)
        elif name in tool.inputs:
            check_value(tool.inputs[name], value)
        elif name in CONVERSATION and tool.is_llm:
            continue
        elif (owner := address_owner(tool, name)) is not None:
            if not isinstance(value, str):
                raise must(name, "be a string")
            check_address_text(owner, name, value)
        else:
            raise unknown_parameter(name)
    goes_on = tool.is_llm and "toolOutputs" in body
    for entry in tool.inputs.values():
        given = not is_blank(body.get(entry.name)) or has_url(entry, body) or goes_on
        if entry.required and not given:
            raise required(entry.name, "files" if entry.type in FILE_TYPES else "parameter")


def check_run_parameter(name: str, value: Json) -> None:
    """Checks ``callbackUrl`` and ``projectid``."""
    if not isinstance(value, str):
        raise must(name, "be a string")
    if name == "callbackUrl" and not is_address(value):
        raise must(name, "be an http or https address")


def check_value(entry: Input, value: Json) -> None:
    """Checks one value that came as JSON."""
    if not entry.unsent and _same(value, entry.sent):
        return
    if entry.type in FILE_TYPES:
        check_addresses(entry, value)
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
        for item in value:
            if not isinstance(item, str):
                raise must(entry.name, "be an array of strings")
            check_choice(entry, item)
    elif not isinstance(value, dict):
        raise must(entry.name, "be an object")


def check_text(entry: Input, value: str) -> None:
    """Checks a value that is text on the wire, as in a multipart body or for a float input."""
    if entry.type in ("number", "float", "range"):
        check_number_text(entry, value)
    elif value and entry.type == "multiselect":
        for each in value.split(","):
            check_choice(entry, each)
    elif value or entry.open is False:
        check_choice(entry, value)


def check_number_text(entry: Input, value: str) -> None:
    """Checks a number that is text on the wire."""
    if not _NUMBER.fullmatch(value):
        raise must(entry.name, "be integer or float")
    if entry.type == "number" and not value.lstrip("-").isdigit() and not _takes_fractions(entry):
        raise must(entry.name, "be integer")
    check_range(entry, Decimal(value))


def check_addresses(entry: Input, value: Json) -> None:
    """Checks a file input in JSON, where no file is sent: addresses, or nothing."""
    if entry.type == "combinefileinput":
        if not isinstance(value, list):
            raise must(entry.name, "be an array")
        if not all(isinstance(item, str) and is_address(item) for item in value):
            raise must(entry.name, "be a file or an address")
    elif not isinstance(value, str):
        raise must(entry.name, "be a string")
    elif value:
        raise must(entry.name, f"be files: addresses belong in {entry.name}Url")


def address_owner(tool: Tool, name: str) -> Input | None:
    """The file input whose addresses go into ``name``, where that is no input itself."""
    owner = tool.inputs.get(name.removesuffix("Url")) if name.endswith("Url") else None
    return owner if owner is not None and owner.type in PAIRED else None


def check_address_text(owner: Input, name: str, text: str) -> None:
    """Checks the ``…Url`` of a file input: one address, several with commas, or nothing."""
    for address in text.split(",") if owner.type == "multifileinput" else [text]:
        if text and not is_address(address):
            raise must(name, "be an address")


def is_address(text: str) -> bool:
    """Whether a text is an http or https address."""
    return _URL.fullmatch(text) is not None


def check_choice(entry: Input, value: str) -> None:
    """Refuses a value that a closed select does not list."""
    if entry.type not in CHOICE_TYPES or entry.open is not False:
        return
    listed = {option.value for option in entry.options}
    # On a wire of truth values the options may be spelt "True" and "False".
    if value in listed or (entry.wire == "boolean" and value.title() in listed):
        return
    if value == "" and entry.sent == "" and not entry.unsent:
        return
    choices = ", ".join(repr(option.value) for option in entry.options[:20])
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


def has_url(entry: Input, body: Mapping[str, Json]) -> bool:
    """Whether a file input is given by its ``…Url`` sibling."""
    return entry.type in PAIRED and not is_blank(body.get(f"{entry.name}Url"))


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
