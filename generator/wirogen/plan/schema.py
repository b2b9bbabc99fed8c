"""ToolPlan → JSON Schema: one for publication and one for datamodel-code-generator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from wirogen.plan.model import ToolPlan
from wirogen.spec.model import Json


def validator_schema(plan: ToolPlan) -> dict[str, Json]:
    """The schema that the validator is made from; ``customTypePath`` names run-time types."""
    required: list[Json] = [item.spec.name for item in plan.inputs if item.required]
    schema: dict[str, Json] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {item.spec.name: dict(item.schema) for item in plan.inputs},
    }
    if required:
        schema["required"] = required
    return schema


def published_schema(plan: ToolPlan) -> dict[str, Json]:
    """The same for readers of JSON: what a caller gives, by Wiro's names.

    ``x-wire`` says how a value travels, ``x-options`` what the listed ids stand for.
    """
    schema = cast("dict[str, Json]", _without_types(validator_schema(plan)))
    properties = cast("dict[str, dict[str, Json]]", schema["properties"])
    for item in plan.inputs:
        if item.spec.example is not None:
            properties[item.spec.name]["examples"] = [item.spec.example]
        if item.constants:
            properties[item.spec.name]["x-options"] = {
                value.option.value: value.option.label for value in item.constants.values
            }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:wiro-tools:tool:{plan.module.owner}:{plan.module.project}",
        "title": plan.spec.tool,
        **schema,
    }


def _without_types(value: Json) -> Json:
    if isinstance(value, Mapping):
        if "anyOf" in value:
            kinds = cast("list[dict[str, Json]]", value["anyOf"])
            plain = [kind for kind in kinds if set(kind) != {"customTypePath"}]
            rest = {key: item for key, item in value.items() if key != "anyOf"}
            if len(plain) == 1 and len(plain) < len(kinds):
                return _without_types({**plain[0], **rest})
        return {key: _without_types(item) for key, item in value.items() if key != "customTypePath"}
    if isinstance(value, list):
        return [_without_types(item) for item in value]
    return value
