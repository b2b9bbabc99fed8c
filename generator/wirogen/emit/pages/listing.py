"""``tools.json``: every tool in one file, for the gallery and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable

from wirogen.emit.escape import link
from wirogen.emit.pages.categories import (
    input_kinds,
    main_category,
    output_kind,
    purpose_of,
    topics_of,
)
from wirogen.plan import ToolPlan, ToolSummary
from wirogen.plan.model import price_summary
from wirogen.specs import Json


def listing_text(summaries: Iterable[ToolSummary]) -> str:
    """One tool a line, so that a change of one tool is a change of one line."""
    return '{"tools":[\n' + ",\n".join(summary.listing for summary in summaries) + "\n]}\n"


def listing_line(plan: ToolPlan) -> str:
    """The line of one tool, without the comma behind it."""
    return json.dumps(_entry(plan), ensure_ascii=False, separators=(",", ":"))


def _entry(plan: ToolPlan) -> dict[str, Json]:
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
        "topics": [[str(each.slug), each.name] for each in topics_of(plan.spec)],
        "takes": list(input_kinds(plan.inputs)),
        "makes": output_kind(plan.spec),
        "purpose": purpose_of(plan.spec, input_kinds(plan.inputs)),
        "runs": _runs(plan),
        "since": plan.spec.since,
        "module": plan.module.name,
        "page": f"{path}.html",
        "markdown": f"{path}.md",
        "request": f"{path}.json",
        "spec": f"{path}.yaml",
        "schema": f"schemas/{path}.json",
        "inputs": [str(item.name) for item in plan.inputs],
        **({"price": price} if price else {}),
    }


def _runs(plan: ToolPlan) -> int | None:
    """How often it has run, rounded down to one digit: a list does not change with every run."""
    count = plan.spec.taskstat.runcount if plan.spec.taskstat else None
    if count is None:
        return None
    place = 10 ** (len(str(count)) - 1)
    return count // place * place
