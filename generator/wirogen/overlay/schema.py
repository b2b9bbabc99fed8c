"""JSON Schema (2020-12) of overlays, published as ``generated/schemas/overlay.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from wirogen.overlay.read import OVERLAY_VERSION
from wirogen.specs import Json, spec_json_schema
from wirogen.specs.codecs import DECIMAL
from wirogen.specs.fields import INPUT, OPTION, TOOL

_NULLABLE: Final = frozenset(field.key for field in INPUT.fields if field.codec is DECIMAL)


def overlay_json_schema() -> dict[str, Json]:
    """The schema that every file below ``specs/overlays/`` fulfils; what values may be is what
    specs may hold."""
    tool = _properties(spec_json_schema())
    item = _items(tool["inputs"])
    option = _items(_properties(item)["options"])
    text: Json = {"type": "string"}
    hidden: Json = {"const": True}
    of_input: list[dict[str, Json]] = [
        {"set": _values(_properties(item), INPUT.settable)},
        {"hide": hidden},
        {"rename": text},
        {"add": _named(item, "name")},
    ]
    of_option: list[dict[str, Json]] = [
        {"set": _values(_properties(option), OPTION.settable)},
        {"hide": hidden},
        {"add": _named(option, "value")},
    ]
    corrections: list[dict[str, Json]] = [
        {"set": _values(tool, TOOL.settable)},
        *({"input": text, **action} for action in of_input),
        *({"input": text, "option": text, **action} for action in of_option),
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:wiro-tools:overlay:1",
        "title": "Corrections of the spec of one Wiro tool",
        "type": "object",
        "required": ["overlay", "tool", "corrections"],
        "additionalProperties": False,
        "properties": {
            "overlay": {"const": OVERLAY_VERSION},
            "tool": tool["tool"],
            "corrections": {
                "type": "array",
                "minItems": 1,
                "items": {"oneOf": [_correction(each) for each in corrections]},
            },
        },
    }


def _correction(about: dict[str, Json]) -> dict[str, Json]:
    reason: Json = {"type": "string", "pattern": "\\S", "description": "Why this is right."}
    properties: dict[str, Json] = {"reason": reason, **about}
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _values(properties: Mapping[str, Json], keys: tuple[str, ...]) -> dict[str, Json]:
    chosen: dict[str, Json] = {}
    for key in keys:
        value = properties[key]
        chosen[key] = {"anyOf": [value, {"type": "null"}]} if key in _NULLABLE else value
    return {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": chosen,
    }


def _named(schema: Mapping[str, Json], outside: str) -> dict[str, Json]:
    """The schema of an input or option whose name stands outside."""
    required = cast("list[Json]", schema["required"])
    return {
        **schema,
        "required": [key for key in required if key != outside],
        "properties": {key: value for key, value in _properties(schema).items() if key != outside},
    }


def _properties(schema: Mapping[str, Json]) -> dict[str, Json]:
    return cast("dict[str, Json]", schema["properties"])


def _items(schema: Json) -> dict[str, Json]:
    return cast("dict[str, dict[str, Json]]", schema)["items"]
