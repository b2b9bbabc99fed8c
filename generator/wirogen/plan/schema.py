"""ToolPlan → the JSON Schema that is published."""

from __future__ import annotations

from collections.abc import Mapping

from wirogen.plan.model import ToolPlan
from wirogen.specs.model import Json


def published_schema(plan: ToolPlan) -> dict[str, Json]:
    """What a caller gives, by Wiro's names, for readers of JSON.

    ``x-wire`` says how a value travels, ``x-options`` what the listed ids stand for.
    """
    required: list[Json] = [item.spec.name for item in plan.inputs if item.required]
    properties: dict[str, Json] = {}
    for item in plan.inputs:
        properties[item.spec.name] = _without_types(item.schema)
        if item.spec.example is not None:
            properties[item.spec.name] = {
                **_without_types(item.schema),
                "examples": [item.spec.example],
            }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:wiro-tools:tool:{plan.module.owner}:{plan.module.project}",
        "title": plan.spec.tool,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        **({"required": required} if required else {}),
    }


def _without_types(schema: Mapping[str, Json]) -> dict[str, Json]:
    """A value's schema without the run-time types that only Python has."""
    out = {key: value for key, value in schema.items() if key != "customTypePath"}
    items = out.get("items")
    if isinstance(items, dict):
        out["items"] = _without_types(items)
    kinds = out.pop("anyOf", None)
    if isinstance(kinds, list):
        plain = [
            _without_types(kind)
            for kind in kinds
            if isinstance(kind, dict) and set(kind) != {"customTypePath"}
        ]
        if len(plain) == 1:
            return {**plain[0], **out}
        out["anyOf"] = list[Json](plain)
    return out
