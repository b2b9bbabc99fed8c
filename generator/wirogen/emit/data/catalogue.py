"""Tools → the data of the Python catalogue: JSON, one tool a line."""

from __future__ import annotations

import json
from collections.abc import Iterable

from wirogen.plan import ToolPlan, ToolSummary
from wirogen.plan.model import InputPlan
from wirogen.plan.values import is_lora
from wirogen.specs import Json

_FILES = ("file", "files", "files-mixed", "file-url", "files-url")


def catalogue_text(summaries: Iterable[ToolSummary]) -> str:
    """The catalogue, sorted by tool id."""
    lines = [summary.entry for summary in sorted(summaries, key=lambda summary: summary.spec.tool)]
    return '{"tools": [\n' + ",\n".join(lines) + "\n]}\n"


def entry_text(plan: ToolPlan) -> str:
    """The line of one tool, without the comma behind it."""
    return json.dumps(_entry(plan), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _entry(plan: ToolPlan) -> dict[str, Json]:
    spec = plan.spec
    return {
        "tool": spec.tool,
        "name": spec.name,
        "module": f"{plan.module.owner}.{plan.module.project}",
        "description": spec.description,
        "cover": spec.cover,
        "categories": list(spec.categories),
        "tags": list(spec.tags),
        "inputs": [
            [str(item.name), item.spec.name, input_kind(item), item.required]
            for item in plan.inputs
        ],
    }


def input_kind(item: InputPlan) -> str:
    """What a person looks for when searching by input: ``text number boolean choice lora image
    video audio file list object``."""
    wire = item.schema.get("x-wire")
    if wire in _FILES:
        name = item.spec.name.lower()
        return next((kind for kind in ("image", "video", "audio") if kind in name), "file")
    if is_lora(item.spec):
        return "lora"
    if item.constants is not None or item.literal_values or item.spec.open is not None:
        return "choice"
    if wire == "object":
        return "object"
    if wire == "array":
        return "list"
    kind = item.type_name.partition(" or ")[0]
    if kind in ("whole number", "number"):
        return "text" if "text" in item.type_name else "number"
    return "boolean" if kind == "true" else "text"
