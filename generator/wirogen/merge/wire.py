"""How each input travels: decided from the input and the body that the Run Command shows.

The rules, in order (the Run Command is the contract, a default is what a web form is filled with):

1. ``prompt`` is required and never sent unless given; the documented text is its example.
2. A default that is blank beside a value in the Run Command: the value is a sample, the input is
   required, unless a blank is one of its options: that one is sent. What a document gives for a
   file is a sample as well, but the input is optional; so is an input for an address when what
   would be sent is the name of a file, or when an input of its own takes the file.
3. A default beside ``""`` or ``[]`` in the Run Command: what the Run Command shows is sent.
4. Otherwise the default is sent, in the JSON type that the Run Command uses.

``callbackUrl`` belongs to every run and is not an input.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from wiro_runtime.inputs.files import is_address
from wirogen.common.json_values import json_or_none, kind, number, same
from wirogen.common.text import WHITE
from wirogen.specs import UNSENT, Described, Input, Json, Option, Unsent, Wire
from wirogen.specs.model import CHOICE_TYPES, FILE_TYPES, LIST_TYPES

CALLBACK: Final = "callbackUrl"
PROMPT: Final = "prompt"

_WHITE: Final = re.compile(f"[{WHITE}]+")
_PICKER: Final = re.compile(r"selected\w*Model\w*")
_SHOWN_TYPES: Final = {
    "string": "text",
    "null": "text",
    "number": "number",
    "boolean": "checkbox",
    "array": "multiselect",
    "object": "object",
}


EXAMPLE: Final = ("example",)
SENT: Final = ("wire", "sent")


class Decision(NamedTuple):
    """The outcome for one input. ``shown`` is where in it the value is that the Run Command shows,
    empty when it is nowhere; ``differs`` says that default and Run Command disagree."""

    required: bool
    wire: Wire
    example: Json = None
    shown: tuple[str, ...] = ()
    differs: bool = False


def is_picker(item: Described | Input) -> bool:
    """Whether the input chooses models, of which a document shows only some."""
    if item.type not in CHOICE_TYPES:
        return False
    return _PICKER.fullmatch(item.name) is not None or any(
        option.triggerwords is not None or option.generatesettings is not None
        for option in item.options or ()
    )


def is_open(item: Described) -> bool | None:
    """Whether values beyond those listed are taken; ``None`` for inputs that are no choice."""
    if item.type not in CHOICE_TYPES:
        return None
    return not item.options or is_picker(item)


def takes_address(item: Described | Input) -> bool:
    """Whether the input is the address of a file, as ``inputImageUrl`` is."""
    stem = item.name.removesuffix("Url")
    return item.type == "text" and item.name.startswith("input") and stem != item.name


def either_will_do(inputs: Iterable[Input]) -> tuple[Input, ...]:
    """``inputs`` without a required address whose file has an input of its own: a call gives one
    of the two."""
    every = tuple(inputs)
    files = {item.name for item in every if item.type in FILE_TYPES}
    return tuple(
        replace(item, required=False)
        if item.type == "text" and file_key(item.name) in files
        else item
        for item in every
    )


def file_key(name: str) -> str:
    """The input of the file whose address the input ``name`` takes; some tools spell that one
    ``inputDocumentUrlMultiple``."""
    return name.removesuffix("Url").replace("UrlMultiple", "Multiple")


def blank(value: Json) -> bool:
    return value is None or value in ("", [], {})


def shown_type(value: Json) -> str:
    """The input type to assume for a key of the Run Command that no input describes."""
    return _SHOWN_TYPES[kind(value)]


def guess(type_: str, default: str | None) -> str:
    """The JSON type of an input that no Run Command shows."""
    if type_ in LIST_TYPES:
        return "array"
    if type_ == "number":
        return "number"
    if type_ == "checkbox" and (default or "").lower() in {"true", "false"}:
        return "boolean"
    return "string"


def decide(
    item: Described, body: Mapping[str, Json] | None, unusable: Collection[str] = ()
) -> Decision:
    """Applies the rules. ``body`` is the body of the Run Command, ``None`` if none is usable;
    ``unusable`` names those of its keys whose value is not: there is one, so it is no blank."""
    if body is not None and item.name in body:
        return _by_command(item, body[item.name])
    wire_type = guess(item.type, item.default)
    if item.name == PROMPT:
        return Decision(True, Wire(type=wire_type), item.default)
    if item.type in FILE_TYPES:
        return Decision(False, Wire(type=wire_type), _files(wire_type, item.default))
    if item.name in unusable and not item.default:
        return Decision(True, Wire(type=wire_type))
    if _is_file_name(item, item.default):
        return Decision(False, Wire(type=wire_type), item.default)
    if body is not None and item.name not in unusable:
        return Decision(False, Wire(type=wire_type))
    return Decision(False, Wire(type=wire_type, sent=_assumed(item, wire_type)))


def _is_file_name(item: Described, value: Json) -> bool:
    """Whether ``value`` is a text that no input for an address can be sent."""
    return takes_address(item) and isinstance(value, str) and value != "" and not is_address(value)


def _by_command(item: Described, shown: Json) -> Decision:
    name, type_, default = item.name, item.type, item.default
    shown_kind = kind(shown)
    wire_type = guess(type_, default) if shown is None else shown_kind
    if type_ == "number" and shown_kind == "boolean":
        # A number whose documented value is `false`: callers still give numbers.
        wire_type = "number"
    unset = blank(shown)
    if name == PROMPT:
        if unset:
            return Decision(True, Wire(type=wire_type), default)
        return Decision(
            True, Wire(type=wire_type), shown, EXAMPLE,
            default is not None and not agrees(default, shown),
        )  # fmt: skip
    if type_ in FILE_TYPES:
        if unset:
            return Decision(False, Wire(type=wire_type), _files(wire_type, default))
        return Decision(False, Wire(type=wire_type), shown, EXAMPLE)
    chosen = shown_kind == "string" and not default and not unset
    if chosen and any(each.value == "" for each in item.options or ()):
        # The web form has chosen the blank option, such as "Auto".
        return Decision(False, Wire(type=wire_type, sent=""), shown, EXAMPLE)
    if default and _is_file_name(item, shown):
        return Decision(False, Wire(type=wire_type), shown, EXAMPLE, not agrees(default, shown))
    if not default and not unset and shown is not False:
        return Decision(True, Wire(type=wire_type), shown, EXAMPLE)
    differs = bool(default) and not unset and not agrees(default or "", shown)
    return Decision(False, Wire(type=wire_type, sent=shown), None, SENT, differs)


def decided(item: Described, decision: Decision, extra: Mapping[str, str] | None = None) -> Input:
    """The input that a source describes, required and sent as it was decided; ``extra`` are keys
    that are not known."""
    return Input(
        name=item.name,
        label=item.label,
        help=item.help,
        type=item.type,
        default=item.default,
        required=decision.required,
        wire=decision.wire,
        example=decision.example,
        open=is_open(item),
        options=item.options,
        extra={} if extra is None else extra,
    )


def agrees(default: str, shown: Json) -> bool:
    """Whether a default in text and a value in the Run Command say the same."""
    if isinstance(shown, bool):
        return default.lower() == ("true" if shown else "false")
    if isinstance(shown, int | float):
        return number(default) == shown
    if isinstance(shown, str):
        return default == shown or fold(default) == fold(shown)
    if isinstance(shown, list):
        return shown == [default] or same(shown, wire_value(default, "array"))
    return same(shown, wire_value(default, "object"))


def fold(text: str) -> str:
    """``text`` as the flat form prints it: every run of white space is one blank."""
    return _WHITE.sub(" ", text).strip(WHITE)


def _files(wire_type: str, default: str | None) -> Json:
    if not default:
        return None
    return wire_value(default, wire_type) if wire_type == "array" else default


def wire_value(default: str, wire_type: str, options: Iterable[Option] | None = ()) -> Json:
    """Return a default in text as the JSON value that travels.

    Documents, Tool/Detail and overlays have it decided here. A list is written as JSON or with
    commas, unless the whole text is one of ``options``. What is no number, no object, or not true
    or false, is the text that it is; some numbers are documented as ``false``.
    """
    if wire_type == "object":
        value = _json(default)
        return value if isinstance(value, dict) else default
    if wire_type == "array":
        if any(option.value == default for option in options or ()):
            return [default]
        value = _json(default)
        if isinstance(value, list):
            return value
        return [item.strip(WHITE) for item in default.split(",")] if default.strip(WHITE) else []
    if wire_type == "boolean":
        return default.lower() == "true"
    if wire_type == "number":
        text = default.strip(WHITE)
        value = number(text)
        if value is not None:
            return value
        return {"false": False, "true": True}.get(text.lower(), default)
    return default


def _json(text: str) -> Json:
    """The list or object that ``text`` is the JSON of, ``None`` when it is none."""
    return json_or_none(text) if text[:1] in {"[", "{"} else None


def _assumed(item: Described, wire_type: str) -> Json | Unsent:
    """What is sent where no Run Command says it."""
    if is_picker(item):
        return [] if wire_type == "array" else ""
    return UNSENT if item.default is None else wire_value(item.default, wire_type, item.options)


def shown_wire(value: Json) -> Wire:
    """How a key of the Run Command travels that no input describes: as it is shown."""
    return Wire(type="string" if value is None else kind(value), sent=value)
