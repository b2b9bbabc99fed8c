"""Tools → the data of the Python catalogue: JSON, one tool a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Final

from wirogen.emit.pages.categories import input_kinds, output_kind
from wirogen.plan import ToolPlan, ToolSummary
from wirogen.plan.kinds import CHOICE_KINDS, FILE_KINDS, LORA_KINDS, Kind
from wirogen.plan.model import InputPlan, price_summary
from wirogen.specs import Json

_SEARCHED: Final[Mapping[Kind, str]] = {
    **dict.fromkeys(LORA_KINDS, "lora"),
    **dict.fromkeys(CHOICE_KINDS, "choice"),
    Kind.OBJECT: "object",
    Kind.LIST: "list",
    Kind.TEXTS: "list",
    Kind.INT: "number",
    Kind.NUMBER: "number",
    Kind.BOOL: "boolean",
}


def catalogue_text(summaries: Iterable[ToolSummary]) -> str:
    """The catalogue, sorted by tool id."""
    lines = [summary.entry for summary in sorted(summaries, key=lambda summary: summary.spec.tool)]
    return '{"tools": [\n' + ",\n".join(lines) + "\n]}\n"


def entry_text(plan: ToolPlan) -> str:
    """The line of one tool, without the comma behind it."""
    return json.dumps(_entry(plan), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _entry(plan: ToolPlan) -> dict[str, Json]:
    spec = plan.spec
    price = price_summary(plan.tariff)
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
        "takes": list(input_kinds(plan.inputs)),
        "makes": output_kind(spec),
        **({"price": price} if price else {}),
    }


def input_kind(item: InputPlan) -> str:
    """The kind by which an input is searched for: ``text number boolean choice lora image
    video audio file list object``."""
    if item.kind in FILE_KINDS:
        name = item.spec.name.lower()
        return next((kind for kind in ("image", "video", "audio") if kind in name), "file")
    return _SEARCHED.get(item.kind, "text")
