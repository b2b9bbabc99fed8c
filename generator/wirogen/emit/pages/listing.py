"""``tools.json``: every tool in one file, for the gallery and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from wirogen.emit.pages.categories import input_kinds, main_category, output_kind
from wirogen.plan import ToolPlan, ToolSummary
from wirogen.plan.price import price_summary
from wirogen.specs import Json


def listing_text(summaries: Iterable[ToolSummary]) -> str:
    """One tool a line, so that a change of one tool is a change of one line."""
    return '{"tools":[\n' + ",\n".join(summary.listing for summary in summaries) + "\n]}\n"


def listing_line(plan: ToolPlan, link: Callable[[str], str | None]) -> str:
    """The line of one tool, without the comma behind it.

    ``link`` lets http(s) addresses through, made safe to print, and nothing else.
    """
    return json.dumps(_entry(plan, link), ensure_ascii=False, separators=(",", ":"))


def _entry(plan: ToolPlan, link: Callable[[str], str | None]) -> dict[str, Json]:
    path = f"tools/{plan.module.owner}/{plan.module.project}"
    cover = link(plan.spec.cover) if plan.spec.cover else None
    price = price_summary(plan.tariff)
    return {
        "tool": plan.spec.tool,
        "name": plan.spec.name,
        "description": " ".join(plan.spec.description.split()),
        "cover": str(cover) if cover else None,
        "categories": list(dict.fromkeys(plan.spec.categories)),
        "main": main_category(plan),
        "tags": list(plan.spec.tags),
        "takes": list(input_kinds(plan.inputs)),
        "makes": output_kind(plan.spec),
        "module": plan.module.name,
        "page": f"{path}.html",
        "markdown": f"{path}.md",
        "request": f"{path}.json",
        "spec": f"{path}.yaml",
        "schema": f"schemas/{path}.json",
        "inputs": [str(item.name) for item in plan.inputs],
        **({"price": price} if price else {}),
    }
