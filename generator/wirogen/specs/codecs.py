"""Codecs: how a value of a spec is read from YAML, written, and described in JSON Schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

from wirogen.common.json_values import decimal
from wirogen.specs.checks import ENDPOINTS
from wirogen.specs.model import SPEC_VERSION, Json
from wirogen.specs.reading import Fields
from wirogen.specs.tree import ListNode, MapNode, Node, spec_error, to_json, to_text

_TEXT: Final[dict[str, Json]] = {"type": "string"}
_TEXT_MAP: Final[dict[str, Json]] = {"type": "object", "additionalProperties": _TEXT}


class Codec(Protocol):
    """``read`` raises :class:`InputError` with the line of what is wrong."""

    def read(self, fields: Fields, key: str, node: Node) -> Any: ...
    def write(self, value: Any) -> Json: ...
    def schema(self) -> Json: ...


@dataclass(frozen=True, slots=True)
class Text:
    """A text; ``problem`` gives the end of a sentence about one that is wrong."""

    described: Mapping[str, Json]
    problem: Callable[[str], str | None] = lambda _: None

    def read(self, fields: Fields, key: str, node: Node) -> str:
        text = to_text(node, fields.path, fields.name(key))
        if problem := self.problem(text):
            raise fields.error(key, problem)
        return text

    def write(self, value: str) -> Json:
        return value

    def schema(self) -> Json:
        return dict(self.described)


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of some texts."""

    values: Sequence[str]

    def read(self, fields: Fields, key: str, node: Node) -> str:
        text = to_text(node, fields.path, fields.name(key))
        if text not in self.values:
            raise fields.error(key, f"must be one of {', '.join(self.values)}")
        return text

    def write(self, value: str) -> Json:
        return value

    def schema(self) -> Json:
        return {"enum": list[Json](self.values)}


class _NullableText:
    def read(self, fields: Fields, key: str, node: Node) -> str | None:
        value = to_json(node, fields.path, fields.name(key))
        if value is not None and not isinstance(value, str):
            raise fields.error(key, "must be text between double quotes, or null")
        return value

    def write(self, value: str | None) -> Json:
        return value

    def schema(self) -> Json:
        return {"type": ["string", "null"]}


class _Flag:
    def read(self, fields: Fields, key: str, node: Node) -> bool:
        return fields.flag(node, key)

    def write(self, value: bool) -> Json:
        return value

    def schema(self) -> Json:
        return {"type": "boolean"}


class _Decimal:
    """A decimal number in text; a plain one is taken as well."""

    def read(self, fields: Fields, key: str, node: Node) -> str:
        text = node.text if not isinstance(node, (ListNode, MapNode)) else ""
        if decimal(text) is None:
            raise fields.error(key, 'must be a decimal number in text, such as "0.5"')
        return text

    def write(self, value: str) -> Json:
        return value

    def schema(self) -> Json:
        return {"type": "string", "pattern": r"^[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?$"}


class _Texts:
    def read(self, fields: Fields, key: str, node: Node) -> tuple[str, ...]:
        return fields.each(node, key, lambda item, name: to_text(item, fields.path, name))

    def write(self, value: Sequence[str]) -> Json:
        return list[Json](value)

    def schema(self) -> Json:
        return {"type": "array", "items": _TEXT}


@dataclass(frozen=True, slots=True)
class ListOfTexts:
    """A list of texts, each of which ``problem`` is asked about."""

    problem: Callable[[str], str | None]

    def read(self, fields: Fields, key: str, node: Node) -> tuple[str, ...]:
        found = TEXTS.read(fields, key, node)
        for place, text in enumerate(found):
            if problem := self.problem(text):
                raise fields.error(key, f"[{place}] {problem}")
        return found

    def write(self, value: Sequence[str]) -> Json:
        return list[Json](value)

    def schema(self) -> Json:
        return TEXTS.schema()


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number from 0 to ``most``."""

    most: int

    def read(self, fields: Fields, key: str, node: Node) -> int:
        value = to_json(node, fields.path, fields.name(key))
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= self.most:
            raise fields.error(key, f"must be a whole number from 0 to {self.most}")
        return value

    def write(self, value: int) -> Json:
        return value

    def schema(self) -> Json:
        return {"type": "integer", "minimum": 0, "maximum": self.most}


class _TextMap:
    def read(self, fields: Fields, key: str, node: Node) -> dict[str, str]:
        return fields.as_text_map(node, fields.name(key))

    def write(self, value: Mapping[str, str]) -> Json:
        return dict[str, Json](value)

    def schema(self) -> Json:
        return dict(_TEXT_MAP)


class _TextMaps:
    def read(self, fields: Fields, key: str, node: Node) -> tuple[dict[str, str], ...]:
        return fields.each(node, key, fields.as_text_map)

    def write(self, value: Sequence[Mapping[str, str]]) -> Json:
        return [dict[str, Json](each) for each in value]

    def schema(self) -> Json:
        return {"type": "array", "items": _TEXT_MAP}


class _Endpoints(_TextMap):
    def read(self, fields: Fields, key: str, node: Node) -> dict[str, str]:
        endpoints = super().read(fields, key, node)
        for each in ENDPOINTS:
            if each not in endpoints:
                raise fields.error(key, f"must have the key {each!r}")
        return endpoints

    def schema(self) -> Json:
        return {
            "type": "object",
            "properties": dict.fromkeys(ENDPOINTS, _TEXT),
            "required": list[Json](ENDPOINTS),
            "additionalProperties": _TEXT,
        }


class _AnyJson:
    def read(self, fields: Fields, key: str, node: Node) -> Json:
        return to_json(node, fields.path, fields.name(key))

    def write(self, value: Json) -> Json:
        return value

    def schema(self) -> Json:
        return True


class _Settings:
    """A list of sliders, each a mapping of JSON values."""

    def read(self, fields: Fields, key: str, node: Node) -> tuple[dict[str, Json], ...]:
        return fields.each(node, key, lambda item, what: self._one(fields.path, item, what))

    def _one(self, path: str, node: Node, what: str) -> dict[str, Json]:
        if not isinstance(node, MapNode):
            raise spec_error(path, f"{what} must be a mapping", node.place)
        return {key: to_json(value, path, f"{what}.{key}") for key, value in node.items.items()}

    def write(self, value: Sequence[Mapping[str, Json]]) -> Json:
        return [dict(each) for each in value]

    def schema(self) -> Json:
        return {"type": "array", "items": {"type": "object"}}


class _Version:
    def read(self, fields: Fields, key: str, node: Node) -> int:
        version = to_json(node, fields.path, fields.name(key))
        if version != SPEC_VERSION or isinstance(version, bool):
            raise fields.error(key, f"must be {SPEC_VERSION}")
        return cast("int", version)

    def write(self, value: Any) -> Json:  # noqa: ARG002 - the same in every spec
        return SPEC_VERSION

    def schema(self) -> Json:
        return {"const": SPEC_VERSION}


TEXT: Final = Text(_TEXT)
NULLABLE_TEXT: Final = _NullableText()
FLAG: Final = _Flag()
DECIMAL: Final = _Decimal()
TEXTS: Final = _Texts()
TEXT_MAP: Final = _TextMap()
TEXT_MAPS: Final = _TextMaps()
ENDPOINT_MAP: Final = _Endpoints()
JSON: Final = _AnyJson()
SETTINGS: Final = _Settings()
VERSION: Final = _Version()
