"""Plans → definitions for language models that call tools: OpenAI's, Anthropic's and MCP's form.

What a model gives is what ``client.run(tool, inputs)`` takes, which checks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from wirogen.plan import ToolPlan
from wirogen.plan.kinds import FILE_KINDS
from wirogen.plan.model import InputPlan
from wirogen.plan.schema import published_schema
from wirogen.specs import Json

MAX_DESCRIPTION: Final = 1024

_KEPT: Final = (
    "type", "enum", "const", "items", "anyOf", "minimum", "maximum", "default", "examples",
    "additionalProperties",
)  # fmt: skip
_IDS_SHOWN: Final = 20


def tool_calls(plan: ToolPlan) -> dict[str, Json]:
    """All three definitions of one tool, and the id of the tool to run when one is called."""
    name, text, schema = plan.module.function_name, _description(plan), _parameters(plan)
    return {
        "tool": plan.spec.tool,
        "openai": {
            "type": "function",
            "function": {"name": name, "description": text, "parameters": schema},
        },
        "anthropic": {"name": name, "description": text, "input_schema": schema},
        "mcp": {
            "name": name,
            "title": " ".join(plan.spec.name.split()) or plan.spec.tool,
            "description": text,
            "inputSchema": schema,
            "annotations": {
                "readOnlyHint": False,
                "destructiveHint": False,
                "idempotentHint": False,
                "openWorldHint": True,
            },
        },
    }


def _description(plan: ToolPlan) -> str:
    parts = [
        plan.spec.description or plan.spec.name,
        f"Runs {plan.spec.tool} on Wiro; every run is billed.",
    ]
    return _cut(" ".join(" ".join(parts).split()), MAX_DESCRIPTION)


def _parameters(plan: ToolPlan) -> dict[str, Json]:
    published = published_schema(plan)["properties"]
    by_name = published if isinstance(published, dict) else {}
    properties: dict[str, Json] = {}
    required: list[Json] = []
    for item in plan.inputs:
        schema = by_name[item.spec.name]
        properties[item.call_key] = _property(item, schema if isinstance(schema, dict) else {})
        if item.required:
            required.append(item.call_key)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _property(item: InputPlan, schema: Mapping[str, Json]) -> dict[str, Json]:
    out = {key: _plain(schema[key]) for key in _KEPT if key in schema}
    texts = [item.summary if item.labelled or item.help else ""]
    if item.kind in FILE_KINDS:
        texts.append("An address (URL) of a file.")
    known = schema.get("x-options")
    if isinstance(known, dict) and known:
        listed = list(known.items())[:_IDS_SHOWN]
        shown = [value if label == value else f"{value} ({label})" for value, label in listed]
        texts.append(
            f"{'What ids mean' if item.literal_values else 'Known ids'}: {', '.join(shown)}."
        )
    description = " ".join(text for text in texts if text)
    return {**out, "description": _cut(description, MAX_DESCRIPTION)} if description else out


def _plain(value: Json) -> Json:
    """``value`` without the keys that only this project reads."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items() if not key.startswith("x-")}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
