"""What is left of a validator's field without the texts that only its tool has.

datamodel-code-generator decides how a field is written: from its type, its limits, and whether it
must be given. Names, help, options and plain defaults have no say in that. They go into holes, so
that the inputs which tools share, and most of those that are new, cost no call of the library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from wirogen.emit.python.limits import without_limits
from wirogen.plan.literals import source
from wirogen.plan.model import InputPlan
from wirogen.specs import Json

EXTRA_KEYS: Final = frozenset({"x-wire", "x-file-field", "x-lora-prompt", "x-options", "x-step"})
"""What goes into ``json_schema_extra``."""

_NAME: Final = "name"
_EXTRA: Final = "json_schema_extra"
_DEFAULT: Final = "default"
_STAND_IN: Final = "-"
_DEFAULTS: Final[Mapping[type, Json]] = {str: _STAND_IN, int: 1, float: 1.5}
"""What stands for a default of just this type."""

_STRING: Final = r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\""
_EXTRA_STAND_IN: Final = f'={{"x-wire": "{_STAND_IN}"}}'
_HOLE: Final = re.compile(
    rf"(?<=[( ])(?P<text>alias|description|title)=(?:{_STRING})"
    rf"|(?<= )(?P<extra>{_EXTRA}){re.escape(_EXTRA_STAND_IN)}"
    r"|(?<=\)\] = )(?P<default>.*)\Z"
    # Whatever else is a string may look like any of these.
    rf"|{_STRING}"
)


class ValidatorError(Exception):
    """The generated validator is not what the plan asked for: a defect of the generator."""


@dataclass(frozen=True, slots=True)
class FieldShape:
    """All that the way a field is written depends on: its JSON Schema, stand-ins for texts, and
    where ``holes`` are, the field's name aside."""

    schema: str
    required: bool
    holes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldForm:
    """How fields of a shape are written: source, at every other place the name of a hole."""

    parts: tuple[str, ...]

    def filled(self, texts: Mapping[str, str]) -> str:
        """The line of a field, given the source of what its holes take."""
        return "".join(texts[part] if place % 2 else part for place, part in enumerate(self.parts))


def shape_of(item: InputPlan) -> tuple[FieldShape, Mapping[str, str]]:
    """The shape of an input's field, and the source of what goes into its holes."""
    schema = without_limits(item.schema)
    schema = {key: value for key, value in schema.items() if key not in EXTRA_KEYS}
    texts: dict[str, str] = {_NAME: str(item.name), "alias": source(item.spec.name)}
    extra = {key: value for key, value in item.schema.items() if key in EXTRA_KEYS}
    if extra:
        texts[_EXTRA] = source(extra)
        schema["x-wire"] = _STAND_IN
    for key in ("description", "title"):
        if key in schema:
            texts[key] = source(schema[key])
            schema[key] = _STAND_IN
    default = schema.get(_DEFAULT)
    if type(default) in _DEFAULTS:
        texts[_DEFAULT] = source(default)
        schema[_DEFAULT] = _DEFAULTS[type(default)]
    holes = tuple(sorted(texts.keys() - {_NAME}))
    return FieldShape(json.dumps(schema, ensure_ascii=False), item.required, holes), texts


def form_of(line: str, name: str, shape: FieldShape) -> FieldForm:
    """The form of the fields of a shape, from the line of one that is called ``name``."""
    rest = line.removeprefix(f"    {name}:")
    parts = ["    ", _NAME]
    end = 0
    for start, stop, hole in _holes(rest):
        if hole in shape.holes:
            parts += [rest[end:start] if end else f":{rest[:start]}", hole]
            end = stop
    parts.append(rest[end:])
    if len(rest) == len(line) or sorted(parts[3::2]) != list(shape.holes):
        raise ValidatorError(f"a field is written in an unknown way: {line.strip()}")
    return FieldForm(tuple(parts))


def _holes(text: str) -> Iterator[tuple[int, int, str]]:
    for found in _HOLE.finditer(text):
        if found["text"] is not None:
            yield found.end("text") + 1, found.end(), found["text"]
        elif found["extra"] is not None:
            yield found.end("extra") + 1, found.end(), _EXTRA
        elif found["default"] is not None:
            yield *found.span("default"), _DEFAULT
