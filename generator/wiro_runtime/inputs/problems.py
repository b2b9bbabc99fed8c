"""What is wrong with inputs, in our own words: from the findings of a validator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from wiro_runtime.errors import InvalidInputs
from wiro_runtime.inputs.files import NOT_AN_ADDRESS
from wiro_runtime.inputs.lora import LoraChoice
from wiro_runtime.inputs.messages import HALF, nearest, shorten, shown
from wiro_runtime.inputs.options import leaf_types, limits_of, literals_of, options_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import BaseModel, ValidationError
    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

UNSENDABLE: Final = "unsendable"
"""The kind of a validation error whose message is complete as it is."""

_EXPECTED: Final = {
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "file_type": "an address (text), a path, bytes or a binary file",
    "finite_number": "a finite number",
    "float_type": "a number",
    "int_type": "a whole number",
    "is_instance_of": "a LoRA choice",
    "list_type": "a list",
    "sequence_str": "a list",
    "string_type": "text",
}
"""By the kinds of errors that strict validation of generated fields makes."""

_PARSED: Final = {
    "float_parsing": "a number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
}
"""By the kinds of errors of validation that reads texts as numbers."""

_LONGEST_PATH: Final = 80
_LIMITS: Final = frozenset({"greater_than_equal", "less_than_equal"})

_TYPES: Final[dict[type, str]] = {
    bool: "boolean",
    bytes: "bytes",
    dict: "mapping",
    float: "number",
    int: "whole number",
    list: "list",
    str: "text",
    tuple: "list",
}


def problems_of(cls: type[BaseModel], error: ValidationError) -> dict[str, str]:
    """Return one line for each field that is wrong, by the field's Python name."""
    names = {info.alias or name: name for name, info in cls.model_fields.items()}
    grouped: dict[str, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        where = [str(x) for x in detail["loc"]]
        head = names.get(where[0], where[0]) if where else "inputs"
        index = next((f"[{x}]" for x in detail["loc"][1:] if isinstance(x, int)), "")
        grouped.setdefault(head + index, []).append(detail)
    # A union reports every branch; the branch that looked into the list says more.
    for name in [n for n in grouped if "[" in n]:
        grouped.pop(name.partition("[")[0], None)
    return {name: _line(cls, name, details) for name, details in grouped.items()}


def report(cls: type[BaseModel], found: Mapping[str, str]) -> InvalidInputs:
    """Return the error for ``found``: one line for each field, in the order of the fields, unknown
    names last. Where Wiro's name differs, it follows in brackets."""
    order = {name: place for place, name in enumerate(cls.model_fields)}
    problems = dict(
        sorted(found.items(), key=lambda item: order.get(item[0].partition("[")[0], len(order)))
    )
    lines = "\n".join(f"{_with_wire_name(cls, name)}: {text}" for name, text in problems.items())
    return InvalidInputs(lines, problems=problems)


def _with_wire_name(cls: type[BaseModel], name: str) -> str:
    """``scale (guidanceScale)``, or ``photos[1] (inputPhotos)``."""
    info = cls.model_fields.get(name.partition("[")[0])
    if info is None or info.alias in (None, name.partition("[")[0]):
        return shorten(name)
    return f"{name} ({info.alias})"


def _line(cls: type[BaseModel], name: str, details: list[ErrorDetails]) -> str:
    kinds = [detail["type"] for detail in details]
    if "string_unicode" in kinds:
        # That text may be the name of an input, so the message does not repeat it.
        return HALF
    if UNSENDABLE in kinds:
        return next(detail["msg"] for detail in details if detail["type"] == UNSENDABLE)
    given = details[0]["input"]
    if NOT_AN_ADDRESS in kinds:
        text = next(detail["input"] for detail in details if detail["type"] == NOT_AN_ADDRESS)
        return f"expected an address or a file, got {_described(text)}{_path_hint(text)}"
    if "missing" in kinds:
        return "required"
    if "extra_forbidden" in kinds:
        for field, info in cls.model_fields.items():
            if name in (field, info.alias):
                return f"given twice, as {field} and as {info.alias}"
        return f"unknown input{_guess(cls, name)}"
    info = cls.model_fields[name.partition("[")[0]]
    if kinds == ["literal_error"]:
        options = options_of(info)
        if options is None or not isinstance(given, (int, float)):
            return f"expected text, got {_described(given)}"
        return f"{shown(given, 80)} is not an option{options.nearest(given)}"
    if _LIMITS.intersection(kinds):
        number = "a number" if float in leaf_types(info.annotation)[0] else "a whole number"
        return f"expected {number} {' '.join(_range(info))}, got {_described(given)}"
    expected = list(dict.fromkeys(text for d in details if (text := _expected(d))))
    if "a whole number" in expected and {"a number", "a finite number"} & set(expected):
        expected.remove("a whole number")
    if "literal_error" in kinds:
        expected += [shorten(repr(value)) for value in literals_of(info.annotation)]
    if not expected:
        # Of a validator that the user has added to a field.
        reason = details[0]["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
        return f"{reason[:1].lower()}{reason[1:]}, got {_described(given)}"
    return f"expected {' or '.join(expected)}, got {_described(given)}"


def _range(info: FieldInfo) -> list[str]:
    """``["from 1", "to 4"]``, as far as the limits of a field are known."""
    limits, words = limits_of(info), {"minimum": "from", "maximum": "to"}
    return [f"{word} {limits[name]}" for name, word in words.items() if name in limits]


def _guess(cls: type[BaseModel], name: str) -> str:
    """``"; did you mean scale?"`` for a name that is like an input's, by either of its names."""
    names = {info.alias or field: field for field, info in cls.model_fields.items()}
    names |= {field: field for field in cls.model_fields}
    near = nearest(name, names).partition("nearest: ")[2].partition(",")[0].strip("'")
    return f"; did you mean {names[near]}?" if near in names else ""


def _path_hint(text: str) -> str:
    if not text.isprintable() or len(text) > _LONGEST_PATH:
        return ""
    if text.lower().startswith("file:"):
        text = unquote(text[len("file:") :].removeprefix("//"))
    return f"; to send the file, pass Path({text!r})"


def problem_of_argument(detail: ErrorDetails) -> str:
    """What is wrong with one argument of a function, in the words for inputs."""
    kind = detail["type"]
    if kind == "missing":
        return "required"
    context = detail.get("ctx", {})
    expected = _expected(detail) or _PARSED.get(kind, detail["msg"])
    if kind in _LIMITS:
        limit = f"from {context['ge']}" if "ge" in context else f"to {context['le']}"
        expected = f"a whole number {limit}" if isinstance(detail["input"], int) else limit
    return f"expected {expected}, got {_described(detail['input'])}"


def _expected(detail: ErrorDetails) -> str | None:
    if detail["type"] == "is_instance_of" and detail.get("ctx", {}).get("class") == "Sequence":
        return "a list"
    return _EXPECTED.get(detail["type"])


def _described(value: object) -> str:
    """Return ``value`` and its kind; the kind alone where it has no short or safe ``repr``."""
    kind = _TYPES.get(type(value))
    if isinstance(value, LoraChoice):
        return "a LoRA choice"
    if kind is None:
        return "nothing" if value is None else type(value).__name__
    try:
        return f"{shorten(repr(value))} ({kind})"
    except (ValueError, RecursionError):
        # Python prints no integers beyond some thousand digits, nor what holds one.
        return f"a {kind} that is too large to show"
    except Exception:  # noqa: BLE001 - the `__repr__` of a part of a list
        return f"a {kind}"
