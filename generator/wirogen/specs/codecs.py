"""Codecs: how a value of a spec is read from YAML, written, and described in JSON Schema. Records:
the same for a mapping of several values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, Final, Generic, TypeVar

from wirogen.common.json_values import decimal
from wirogen.specs.checks import ENDPOINTS
from wirogen.specs.model import Json
from wirogen.specs.reading import Fields
from wirogen.specs.tree import MapNode, Node, ScalarNode, spec_error, to_json, to_text

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Codec:
    """``read`` takes the mapping, the key and its node, and raises :class:`InputError` with the
    line of what is wrong. ``schema`` is the JSON Schema of what ``write`` gives."""

    read: Callable[[Fields, str, Node], Any]
    schema: Json
    write: Callable[[Any], Json] = lambda value: value


def text(problem: Callable[[str], str | None] = lambda _: None, **described: Json) -> Codec:
    """A text; ``problem`` gives the end of a sentence about one that is wrong, ``described`` says
    the same in JSON Schema."""

    def read(fields: Fields, key: str, node: Node) -> str:
        found = to_text(node, fields.path, fields.name(key))
        if wrong := problem(found):
            raise fields.error(key, wrong)
        return found

    return Codec(read, {"type": "string", **described})


def version(current: int) -> Codec:
    """The version of the format of a file."""

    def read(fields: Fields, key: str, node: Node) -> Json:
        found = to_json(node, fields.path, fields.name(key))
        if found != current or isinstance(found, bool):
            raise fields.error(key, f"must be {current}")
        return found

    return Codec(read, {"const": current}, lambda _: current)


def hexadecimal(digits: int) -> Codec:
    """A hash, or the beginning of one."""
    pattern, wrong = f"[0-9a-f]{{{digits}}}", f"must be {digits} lower-case hexadecimal digits"
    return text(
        lambda found: None if re.fullmatch(pattern, found) else wrong, pattern=f"^{pattern}$"
    )


def one_of(values: Sequence[str]) -> Codec:
    """One of some texts."""
    wrong = f"must be one of {', '.join(values)}"
    return Codec(text(lambda found: None if found in values else wrong).read, {"enum": [*values]})


def texts(problem: Callable[[str], str | None] = lambda _: None) -> Codec:
    """A list of texts, each of which ``problem`` is asked about."""

    def read(fields: Fields, key: str, node: Node) -> tuple[str, ...]:
        found = fields.each(node, key, lambda item, name: to_text(item, fields.path, name))
        for place, each in enumerate(found):
            if wrong := problem(each):
                raise fields.error(key, f"[{place}] {wrong}")
        return found

    return Codec(read, {"type": "array", "items": {"type": "string"}}, list)


def count(most: int) -> Codec:
    """A whole number from 0 to ``most``."""

    def read(fields: Fields, key: str, node: Node) -> int:
        value = to_json(node, fields.path, fields.name(key))
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise fields.error(key, f"must be a whole number from 0 to {most}")
        return value

    return Codec(read, {"type": "integer", "minimum": 0, "maximum": most})


def _read_nullable(fields: Fields, key: str, node: Node) -> str | None:
    value = to_json(node, fields.path, fields.name(key))
    if value is not None and not isinstance(value, str):
        raise fields.error(key, "must be text between double quotes, or null")
    return value


def _read_decimal(fields: Fields, key: str, node: Node) -> str:
    found = node.text if isinstance(node, ScalarNode) else ""
    if decimal(found) is None:
        raise fields.error(key, 'must be a decimal number in text, such as "0.5"')
    return found


def _read_endpoints(fields: Fields, key: str, node: Node) -> dict[str, str]:
    endpoints = fields.as_text_map(node, fields.name(key))
    for each in ENDPOINTS:
        if each not in endpoints:
            raise fields.error(key, f"must have the key {each!r}")
    return endpoints


def _read_settings(fields: Fields, key: str, node: Node) -> tuple[Json, ...]:
    def read(item: Node, what: str) -> Json:
        if not isinstance(item, MapNode):
            raise spec_error(fields.path, f"{what} must be a mapping", item.place)
        return {
            name: to_json(value, fields.path, f"{what}.{name}")
            for name, value in item.items.items()
        }

    return fields.each(node, key, read)


def _write_mappings(value: Iterable[Mapping[str, Json]]) -> Json:
    return [dict(each) for each in value]


_TEXT_MAP: Final[dict[str, Json]] = {
    "type": "object",
    "additionalProperties": {"type": "string"},
}

TEXT: Final = text()
NULLABLE_TEXT: Final = Codec(_read_nullable, {"type": ["string", "null"]})
FLAG: Final = Codec(lambda fields, key, node: fields.flag(node, key), {"type": "boolean"})
DECIMAL: Final = Codec(
    _read_decimal,
    {"type": "string", "pattern": r"^[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?$"},
)
"""A decimal number in text; a plain one is taken as well."""
TEXTS: Final = texts()
TEXT_MAP: Final = Codec(
    lambda fields, key, node: fields.as_text_map(node, fields.name(key)), _TEXT_MAP, dict
)
TEXT_MAPS: Final = Codec(
    lambda fields, key, node: fields.each(node, key, fields.as_text_map),
    {"type": "array", "items": _TEXT_MAP},
    _write_mappings,
)
ENDPOINT_MAP: Final = Codec(
    _read_endpoints,
    {
        "type": "object",
        "properties": {each: {"type": "string"} for each in ENDPOINTS},
        "required": [*ENDPOINTS],
        "additionalProperties": {"type": "string"},
    },
    dict,
)
JSON: Final = Codec(lambda fields, key, node: to_json(node, fields.path, fields.name(key)), True)
SETTINGS: Final = Codec(
    _read_settings, {"type": "array", "items": {"type": "object"}}, _write_mappings
)
"""A list of sliders, each a mapping of JSON values."""


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a mapping in a spec. An optional one whose value is ``empty`` is left out.

    ``settable``: an overlay may correct it. ``constant``: it is the same in every spec.
    """

    key: str
    codec: Codec
    _: KW_ONLY
    required: bool = False
    empty: object = None
    settable: bool = False
    constant: bool = False
    description: str = ""

    @property
    def schema(self) -> Json:
        """The JSON Schema of the value, with the description."""
        schema = self.codec.schema
        if not self.description:
            return schema
        more = schema if isinstance(schema, dict) else {}
        return {"description": self.description, **more}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Generic[T]):
    """A mapping in a spec and the class of its value.

    ``title`` names it in messages by its first field: ``input 'prompt'``. ``check`` gives the key
    and the end of a sentence for a value that contradicts itself; ``conditions`` say the same in
    JSON Schema.
    """

    cls: type[T]
    fields: tuple[Field, ...]
    title: str = ""
    check: Callable[[T], tuple[str, str] | None] = lambda _: None
    conditions: Mapping[str, Json] | None = None

    @property
    def settable(self) -> tuple[str, ...]:
        """The keys that an overlay may set."""
        return tuple(field.key for field in self.fields if field.settable)

    def field(self, key: str) -> Field:
        return next(field for field in self.fields if field.key == key)

    def load(self, node: Node, path: str, what: str) -> T:
        """The value in ``node``; ``what`` names it in messages. Raises :class:`InputError`."""
        needed = [field.key for field in self.fields if field.required]
        fields = Fields(node, path, what, *needed)
        values: dict[str, Any] = {}
        for field in self.fields:
            if field.required:
                found = fields.required(field.key)
            elif (found := fields.optional(field.key)) is None:
                continue
            value = field.codec.read(fields, field.key, found)
            if not field.constant:
                values[field.key] = value
            if self.title and len(values) == 1:
                fields.titled(f"{self.title} {value!r}")
        fields.end()
        record = self.cls(**values)
        if problem := self.check(record):
            raise fields.error(*problem)
        return record

    def dump(self, record: T) -> dict[str, Json]:
        """The mapping as JSON values."""
        return {
            field.key: field.codec.write(value)
            for field in self.fields
            if (value := None if field.constant else getattr(record, field.key)) != field.empty
            or field.required
        }

    def schema(self) -> dict[str, Json]:
        required = {field.key: field.schema for field in self.fields if field.required}
        optional = {field.key: field.schema for field in self.fields if not field.required}
        return {
            "type": "object",
            "properties": {**required, **optional},
            "required": list[Json](required),
            "additionalProperties": False,
            **(self.conditions or {}),
        }


def one(record: Record[Any]) -> Codec:
    """A mapping that is a record."""
    return Codec(
        lambda fields, key, node: record.load(node, fields.path, fields.inner(key)),
        record.schema(),
        record.dump,
    )


def many(record: Record[Any]) -> Codec:
    """A list of records."""
    return Codec(
        lambda fields, key, node: fields.each(
            node, key, lambda item, what: record.load(item, fields.path, what)
        ),
        {"type": "array", "items": record.schema()},
        lambda value: [record.dump(each) for each in value],
    )
