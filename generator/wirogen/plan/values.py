"""What kind of value an input takes: its Python type, its JSON Schema and its default.

The wire type decides first, because it is what Wiro reads; the documented type says how a person
thinks of the value (a ``float`` whose Run Command shows ``"7.5"`` is a number sent as text).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from wirogen.common.json_values import decimal
from wirogen.merge.wire import is_picker, takes_address, wire_value
from wirogen.plan.kinds import FILE_KINDS, Kind
from wirogen.plan.literals import source
from wirogen.plan.model import Code
from wirogen.specs.model import CHOICE_TYPES, FILE_TYPES, NUMBER_TYPES, UNSENT, Input, Json, Unsent

_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,18})\Z")
_OTHER_STATE: Final = {"True": "False", "False": "True", "TRUE": "FALSE", "FALSE": "TRUE"}
"""Of a checkbox that sends a text; one that sends a flag sends nothing in its other state."""
_LORA_TYPES: Final = ("LoraChoice", "LoraOption")
_MAX_SCHEMA_NUMBER: Final = Decimal(2) ** 63


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """``literal`` holds the legal values of a closed select; ``annotation`` then holds
    ``{literal}`` where its alias goes. ``odd`` is a documented default of another kind, which stays
    legal."""

    kind: Kind
    annotation: str
    schema: dict[str, Json]
    default: Json | Unsent
    literal: tuple[str, ...] = ()
    odd: Json | Unsent = UNSENT


def value_of(item: Input, siblings: Collection[str]) -> Value:
    """The kind of value that ``item`` takes; ``siblings`` are all input names of its tool."""
    if item.type in FILE_TYPES:
        return _file(item)
    if _takes_any_list(item):
        return _finish(item, Kind.LIST, "Sequence[Any]", _array({}), default=item.wire.sent)
    if item.type in CHOICE_TYPES:
        return _choice(item)
    if stem := _url_stem(item, siblings):
        return _file_url(item, stem)
    if item.wire.type == "object":
        return _object(item)
    if item.wire.type == "array":
        return _list_of_text(item)
    if item.wire.type == "boolean" or _is_switch(item):
        return _boolean(item)
    if item.wire.type == "number" or item.type in NUMBER_TYPES:
        return _number(item)
    return _text(item)


def takes_limits(item: Input) -> bool:
    """Whether the values of ``item`` are numbers, which limits are for."""
    if item.type in FILE_TYPES | CHOICE_TYPES or item.wire.type not in {"number", "string"}:
        return False
    return not _is_switch(item) and (item.wire.type == "number" or item.type in NUMBER_TYPES)


def is_lora(item: Input) -> bool:
    """Whether the options of this input are LoRAs, so that scales go into the prompt."""
    return item.type in CHOICE_TYPES and "lora" in item.name.lower()


def _finish(
    item: Input,
    kind: Kind,
    annotation: str,
    schema: dict[str, Json],
    *,
    default: Json | Unsent = UNSENT,
    literal: tuple[str, ...] = (),
    odd: Json | Unsent = UNSENT,
) -> Value:
    if item.required:
        default = UNSENT
    elif default is UNSENT:
        annotation = f"{annotation} | None"
    else:
        schema = {**schema, "default": default}
    return Value(
        kind=kind,
        annotation=annotation,
        schema={**schema, "x-wire": str(kind) if kind in FILE_KINDS else item.wire.type},
        default=default,
        literal=literal,
        odd=odd,
    )


def _file(item: Input) -> Value:
    if item.type == "fileinput":
        return _finish(item, Kind.FILE, "FileLike", _custom("FileLike"))
    kind = Kind.FILES if item.type == "multifileinput" else Kind.FILES_MIXED
    return _finish(item, kind, "Sequence[FileLike]", _array(_custom("FileLike")))


def _url_stem(item: Input, siblings: Collection[str]) -> str | None:
    stem = item.name.removesuffix("Url")
    return stem if takes_address(item) and stem not in siblings else None


def _file_url(item: Input, stem: str) -> Value:
    file = _custom("FileLike")
    sent = item.wire.sent
    default: Json | Unsent = sent if isinstance(sent, str) else UNSENT
    if "Multiple" in item.name:
        either: dict[str, Json] = {"anyOf": [file, _array(file)], "x-file-field": stem}
        annotation = "FileLike | Sequence[FileLike]"
        return _finish(item, Kind.FILES_URL, annotation, either, default=default)
    one = {**file, "x-file-field": stem}
    return _finish(item, Kind.FILE_URL, "FileLike", one, default=default)


def _choice(item: Input) -> Value:
    values = tuple(dict.fromkeys(option.value for option in item.options or ()))
    joined = _joined(item)
    many = item.wire.type == "array" or joined is not None
    sent = item.wire.sent
    default: Json | Unsent = sent if item.wire.type == "array" else _plain_text(sent)
    if joined is not None and sent is not UNSENT:
        default = joined
    if is_lora(item):
        return _lora(item, default, many=many)
    closed = bool(values) and not item.open
    one: dict[str, Json] = {"type": "string"}
    if closed:
        # What goes out by default must be a legal value, whatever the option list says.
        also = default if isinstance(default, list) else [default]
        extra = [value for value in also if isinstance(value, str) and value not in values]
        values = (*values, *dict.fromkeys(extra))
        one["enum"] = list(values)
    literal = values if closed else ()
    annotation = "{literal}" if closed else "str"
    if many:
        kind = Kind.CHOICES if closed else Kind.IDS
        annotation, one = f"Sequence[{annotation}]", _array(one)
    else:
        kind = Kind.CHOICE if closed else Kind.ID
    return _finish(item, kind, annotation, one, default=default, literal=literal)


def _joined(item: Input) -> list[Json] | None:
    """The default of several choices that travel as one text, with commas between them; ``None``
    for other inputs."""
    if item.type != "multiselect" or item.wire.type != "string":
        return None
    sent = "" if isinstance(item.wire.sent, Unsent) else item.wire.sent
    if not isinstance(sent, str):
        return None
    values = wire_value(sent, "array", item.options)
    return values if isinstance(values, list) and ",".join(map(str, values)) == sent else None


def _lora(item: Input, default: Json | Unsent, *, many: bool) -> Value:
    one: dict[str, Json] = {"anyOf": [{"type": "string"}, *map(_custom, _LORA_TYPES)]}
    either = " | ".join((*_LORA_TYPES, "str"))
    if many:
        return _finish(item, Kind.LORAS, f"Sequence[{either}]", _array(one), default=default)
    return _finish(item, Kind.LORA, either, one, default=default)


def _object(item: Input) -> Value:
    schema: dict[str, Json] = {"type": "object", "additionalProperties": True}
    return _finish(item, Kind.OBJECT, "Mapping[str, Any]", schema, default=item.wire.sent)


def _takes_any_list(item: Input) -> bool:
    """Whether the Run Command shows a list whose values are not all text, as ``messages`` of a
    language model are, or an empty one of which nothing else is known, such as its ``tools``."""
    shown = item.example if item.required else item.wire.sent
    choice = item.type in CHOICE_TYPES
    if shown == []:
        return not choice or (item.options is None and not is_picker(item))
    if choice and item.options:
        return False
    return isinstance(shown, list) and not all(isinstance(part, str) for part in shown)


def _list_of_text(item: Input) -> Value:
    schema = _array({"type": "string"})
    return _finish(item, Kind.TEXTS, "Sequence[str]", schema, default=item.wire.sent)


def _is_switch(item: Input) -> bool:
    return item.type == "checkbox" and item.default in {"true", "false"}


def _boolean(item: Input) -> Value:
    sent = item.wire.sent
    if sent in ("true", "false") and isinstance(sent, str):
        sent = sent == "true"
    if sent is UNSENT or isinstance(sent, bool):
        return _finish(item, Kind.BOOL, "bool", {"type": "boolean"}, default=sent)
    return _with_odd_default(item, Kind.BOOL, "bool", {"type": "boolean"}, sent)


def _number(item: Input) -> Value:
    whole = item.type == "number" and all(map(_is_whole, _numbers_of(item)))
    schema: dict[str, Json] = {"type": "integer"} if whole else {"type": ["integer", "number"]}
    limits = {"minimum": item.minimum, "maximum": item.maximum, "x-step": item.step}
    for key, text in limits.items():
        if text is not None:
            schema[key] = _schema_number(text)
    annotation = "int" if whole else "float"
    kind = Kind.INT if whole else Kind.NUMBER
    sent = item.wire.sent
    if isinstance(sent, str):
        number = _number_of(sent, whole=whole)
        # The number must turn back into exactly the text that the document sends.
        sent = number if number is not None and str(number) == sent else sent
    is_number = isinstance(sent, (int, float)) and not isinstance(sent, bool)
    if sent is UNSENT or (is_number and (isinstance(sent, int) or not whole)):
        return _finish(item, kind, annotation, schema, default=sent)
    return _with_odd_default(item, kind, annotation, schema, sent)


def _text(item: Input) -> Value:
    sent = item.wire.sent
    default: Json | Unsent = sent
    if not isinstance(sent, (str, Unsent)):
        return _with_odd_default(item, Kind.TEXT, "str", {"type": "string"}, sent)
    if item.default is not None and _INTEGER.match(item.default):
        either: dict[str, Json] = {"type": ["integer", "string"]}
        return _finish(item, Kind.INT_OR_TEXT, "int | str", either, default=default)
    if item.type == "checkbox" and item.default:
        states = [item.default, _OTHER_STATE.get(item.default, "")]
        # The Run Command may send neither.
        values = tuple(dict.fromkeys([*states, sent] if isinstance(sent, str) else states))
        one: dict[str, Json] = {"type": "string", "enum": list(values)}
        return _finish(item, Kind.CHOICE, "{literal}", one, default=default, literal=values)
    return _finish(item, Kind.TEXT, "str", {"type": "string"}, default=default)


def _with_odd_default(
    item: Input, kind: Kind, annotation: str, schema: dict[str, Json], sent: Json | Unsent
) -> Value:
    """A value of one kind whose documented default is of another: that one stays legal, and
    limits are for the others."""
    step = {"x-step": schema.pop("x-step")} if "x-step" in schema else {}
    if not isinstance(sent, (str, bool)):
        return _finish(item, kind, "Any", {}, default=sent, odd=sent)
    either: dict[str, Json] = {"anyOf": [schema, {"const": sent}], **step}
    annotation = f"{annotation} | Literal[{source(sent)}]"
    return _finish(item, kind, annotation, either, default=sent, odd=sent)


def _custom(name: str) -> dict[str, Json]:
    """The schema of a type of the run time; a path or an id is text."""
    path: dict[str, Json] = {"customTypePath": f"wiro_runtime.generated.{name}"}
    return {"type": "string", **path} if name == "FileLike" else path


def _array(items: Json) -> dict[str, Json]:
    return {"type": "array", "items": items}


def _plain_text(sent: Json | Unsent) -> Json | Unsent:
    """A select's default as one of its option values, which are all text."""
    if isinstance(sent, bool):
        return "true" if sent else "false"
    return str(sent) if isinstance(sent, (int, float)) else sent


def _number_of(text: str, *, whole: bool) -> int | float | None:
    if _INTEGER.match(text):
        return int(text)
    number = decimal(text)
    return None if whole or number is None else float(number)


def _numbers_of(item: Input) -> list[Json]:
    sent = None if isinstance(item.wire.sent, Unsent) else item.wire.sent
    return [item.default, item.minimum, item.maximum, item.step, item.example, sent]


def _is_whole(value: Json) -> bool:
    """Whether a value speaks against whole numbers; what is no number at all says nothing."""
    if isinstance(value, float):
        return False
    if not isinstance(value, str):
        return True
    number = decimal(value)
    return number is None or number == number.to_integral_value()


def _schema_number(text: str) -> Json:
    number = Decimal(text)
    if number == number.to_integral_value() and abs(number) < _MAX_SCHEMA_NUMBER:
        return int(number)
    return float(number)


def python_default(value: Value) -> Code:
    """Source of the parameter's default."""
    if value.default is UNSENT:
        return Code("None")
    if isinstance(value.default, list):
        return source(tuple(value.default))
    return source(value.default)
