"""JSON Schema (2020-12) of a spec's YAML form, published as ``generated/schemas/spec.json``."""

from __future__ import annotations

from wirogen.specs.model import CHOICE_TYPES, SPEC_VERSION, WIRE_TYPES, Json

_TEXT: Json = {"type": "string"}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_TEXT_MAP: Json = {"type": "object", "additionalProperties": _TEXT}
_SHA256: Json = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_DECIMAL: Json = {"type": "string", "pattern": r"^[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?$"}


def _object(required: dict[str, Json], optional: dict[str, Json], **more: Json) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": {**required, **optional},
        "required": list(required),
        "additionalProperties": False,
        **more,
    }


def spec_json_schema() -> dict[str, Json]:
    """The schema that every file below ``specs/tools/`` fulfils."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:wiro-tools:spec:1",
        "title": "The spec of one Wiro tool",
        **_object(
            {
                "spec": {"const": SPEC_VERSION},
                "tool": {
                    "type": "string",
                    "pattern": "^[^/\\\\]+/[^/\\\\]+$",
                    "description": "owner/project, as in the Run endpoint.",
                },
                "name": {**_description("The name as displayed."), "type": "string"},
                "description": _TEXT,
                "cover": {"type": ["string", "null"]},
                "categories": _TEXTS,
                "endpoints": {
                    **_object({"run": _TEXT, "detail": _TEXT}, {}),
                    "additionalProperties": _TEXT,
                },
                "inputs": {"type": "array", "items": _input_schema()},
            },
            {
                "tags": _TEXTS,
                "extra": {**_description("Unknown keys of the document's head."), **_text_map()},
                "examples": {"type": "array", "items": _TEXT_MAP},
                "sections": {
                    "type": "array",
                    "items": _object({"title": _TEXT, "text": _TEXT}, {}),
                },
                "dynamicprice": _description("The price as Tool/Detail gives it."),
                "source": _object(
                    {"document": _TEXT, "sha256": _SHA256},
                    {
                        "detail": _TEXT,
                        "detail_sha256": _SHA256,
                        "findings": {
                            "type": "array",
                            "items": _object(
                                {"code": _TEXT, "subject": _TEXT, "message": _TEXT}, {}
                            ),
                        },
                    },
                ),
            },
        ),
    }


def _input_schema() -> Json:
    choices_only: dict[str, Json] = {
        "if": {"properties": {"type": {"enum": list[Json](sorted(CHOICE_TYPES))}}},
        "then": {"required": ["open"]},
        "else": {"properties": {"open": False, "options": False}},
    }
    return _object(
        {
            "name": {"type": "string", "minLength": 1},
            "label": _TEXT,
            "help": _TEXT,
            "type": _TEXT,
            "default": {
                **_description("As in the document; null when blank."),
                "type": ["string", "null"],
            },
            "required": {"type": "boolean"},
            "wire": _object(
                {"type": {"enum": list(WIRE_TYPES)}},
                {
                    "sent": _description(
                        "What goes out when the caller gives nothing; without it, the key does not."
                    )
                },
            ),
        },
        {
            "example": True,
            "open": _described(
                "Selects only: whether ids that are not listed are accepted.", {"type": "boolean"}
            ),
            "minimum": _DECIMAL,
            "maximum": _DECIMAL,
            "step": _DECIMAL,
            "python_name": _described("The name in Python.", {"type": "string", "minLength": 1}),
            "extra": _TEXT_MAP,
            "options": {"type": "array", "items": _option_schema()},
        },
        **choices_only,
    )


def _option_schema() -> Json:
    return _object(
        {"value": _TEXT, "label": _TEXT},
        {
            "description": _TEXT,
            "triggerwords": _TEXTS,
            "generatesettings": {"type": "array", "items": {"type": "object"}},
            "extra": _TEXT_MAP,
            "seen": _described(
                "The hash of the last document that listed it, when the latest does not.",
                {"type": "string", "pattern": "^[0-9a-f]{12}$"},
            ),
        },
    )


def _description(text: str) -> dict[str, Json]:
    return {"description": text}


def _described(text: str, schema: dict[str, Json]) -> dict[str, Json]:
    return {**_description(text), **schema}


def _text_map() -> dict[str, Json]:
    return {"type": "object", "additionalProperties": _TEXT}
