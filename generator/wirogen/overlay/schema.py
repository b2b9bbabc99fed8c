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
    added_input = _named(item, "name")
    added_option = _named(option, "value")
    about: dict[str, Json] = {
        "reason": {"type": "string", "pattern": "\\S", "description": "Why this is right."}
    }
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
                "items": {
                    "oneOf": [
                        _correction({**about, "set": _values(tool, TOOL.settable)}),
                        _correction(
                            {
                                **about,
                                "input": text,
                                "set": _values(_properties(item), INPUT.settable),
                            }
                        ),
                        _correction({**about, "input": text, "hide": {"const": True}}),
                        _correction({**about, "input": text, "rename": text}),
                        _correction({**about, "input": text, "add": added_input}),
                        _correction(
                            {
                                **about,
                                "input": text,
                                "option": text,
                                "set": _values(_properties(option), OPTION.settable),
                            }
                        ),
                        _correction(
                            {**about, "input": text, "option": text, "hide": {"const": True}}
                        ),
                        _correction({**about, "input": text, "option": text, "add": added_option}),
                    ]
                },
            },
        },
    }


def _correction(properties: dict[str, Json]) -> dict[str, Json]:
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
