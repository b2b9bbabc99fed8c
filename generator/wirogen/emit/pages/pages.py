"""Plans → the source of the documentation site below ``generated/docs/``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from wirogen.diagnostics.model import RULES
from wirogen.emit.escape import link
from wirogen.emit.pages.builder import EXAMPLES_SHOWN
from wirogen.emit.pages.categories import (
    Purpose,
    by_category,
    categories_of,
    count_input,
    input_kinds,
    output_kind,
    topics_of,
)
from wirogen.emit.pages.facts import facts_of, samples_of
from wirogen.emit.pages.guides import calls, guide_values, shown_tools
from wirogen.emit.pages.listing import listing_text
from wirogen.emit.pages.readme import paragraphs
from wirogen.emit.pages.snippets import first_snippets
from wirogen.emit.python.validators import Validator
from wirogen.emit.template_tree import Guide, Scope, guide_of, output_of, page_head, scope_of
from wirogen.emit.templates import Renderer
from wirogen.emit.values import (
    CategoryValues,
    OwnerValues,
    ProjectValues,
    ToolValues,
    by_name,
)
from wirogen.plan import ToolPlan, ToolSummary
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.plan.model import Code, price_summary

OPTIONS_SHOWN: Final = 60
BODY_SHOWN: Final = 20_000
_GUIDES_INDEX: Final = "docs/guides/index.md.jinja"
_SKILLS: Final = "skills/"
_RULE_TEXTS: Final = ("code", "name", "severity", "summary", "explanation", "fix")


def tool_values(
    plan: ToolPlan, snippets: Mapping[str, str], validator: Validator | None = None
) -> ToolValues:
    return ToolValues(
        tool=plan,
        validator=validator,
        snippets=first_snippets(plan, snippets),
        categories=categories_of(plan.spec),
        topics=topics_of(plan.spec),
        cover=link(plan.spec.cover) if plan.spec.cover else None,
        makes=Code(output_kind(plan.spec)),
        takes=[Code(kind) for kind in input_kinds(plan.inputs)],
        count=count_input(plan.inputs),
        findings=_findings(plan),
        price=_price(plan),
        facts=facts_of(plan.spec, price_summary(plan.tariff)),
        samples=samples_of(plan.spec),
        readme=paragraphs(plan.spec.readme or ""),
        options_shown=OPTIONS_SHOWN,
        examples_shown=EXAMPLES_SHOWN,
        body_shown=BODY_SHOWN,
    )


def shared_pages(
    owners: Mapping[str, Sequence[ToolSummary]],
    plan_of: Callable[[str], ToolPlan],
    renderer: Renderer,
    package: Identifier = DEFAULT_PACKAGE,
    examples: Mapping[str, str] | None = None,
) -> dict[str, str | bytes]:
    """The files that templates make of several tools: packages, lists, guides, assets."""
    summaries = [tool for tools in owners.values() for tool in tools]
    categories = by_category(summaries)
    purposes = [(each, [tool for tool in summaries if tool.purpose == each]) for each in Purpose]
    shown = shown_tools(summaries, examples)
    example = guide_values(shown, plan_of, renderer)
    guides = guides_of(renderer) if example else []
    values = by_name(
        ProjectValues(
            package=package,
            guides=guides,
            example=example,
            call=calls(example) if example else {},
            owners=owners,
            tools=summaries,
            categories=categories,
            purposes=[(each, tools) for each, tools in purposes if tools],
            rules=rule_values(),
        )
    )
    files: dict[str, str | bytes] = {
        output_of(name, package): (
            renderer.copied(name) if scope_of(name) is Scope.COPY else renderer.file(name, **values)
        )
        for name in renderer.names(Scope.PROJECT, Scope.COPY)
        if example or not (name == _GUIDES_INDEX or name.startswith(_SKILLS))
    }
    for name in renderer.names(Scope.OWNER):
        for owner, tools in owners.items():
            of_owner = OwnerValues(package=package, owner=tools[0].module.owner, tools=tools)
            path = output_of(name, package, owner=owner)
            files[path] = renderer.file(name, **by_name(of_owner))
    for name in renderer.names(Scope.CATEGORY):
        for each, tools in categories:
            path = output_of(name, package, category=each.slug)
            of_category = CategoryValues(category=each, tools=tools)
            files[path] = renderer.file(name, **by_name(of_category))
    for name in renderer.names(Scope.GUIDE) if example else ():
        files[output_of(name, package)] = page_head(renderer.file(name, **values))
    files["docs/tools.json"] = listing_text(summaries)
    return files


def guides_of(renderer: Renderer) -> list[Guide]:
    """The guides in the order of reading; one without a part belongs to that of the one before."""
    found = [guide_of(name, renderer.source(name)) for name in renderer.names(Scope.GUIDE)]
    found.sort(key=lambda guide: (guide.order, guide.name))
    part = next((guide.part for guide in found if guide.part), "")
    for place, guide in enumerate(found):
        part = guide.part or part
        found[place] = replace(guide, part=part)
    return found


def rule_values() -> list[dict[str, str]]:
    """Every diagnostic code with its texts, and the anchor that its heading gets."""
    return [
        {
            **{key: str(getattr(rule, key)) for key in _RULE_TEXTS},
            "anchor": f"{rule.code.lower()}-{rule.name}",
        }
        for _, rule in sorted(RULES.items())
    ]


def _findings(plan: ToolPlan) -> list[dict[str, str | None]]:
    """What a caller should know about the document, each with what to do and where that is
    explained. The rest is for those who build, and stays in the spec."""
    source = plan.spec.source
    found: list[dict[str, str | None]] = []
    for each in source.findings if source else ():
        rule = RULES.get(each.code)
        if rule is not None and not rule.concerns_callers:
            continue
        found.append(
            {
                "code": each.code,
                "subject": each.subject,
                "message": each.message,
                "summary": rule.fix if rule else "",
                "page": Code(f"{each.code}-{rule.name}".lower()) if rule else None,
            }
        )
    return found


def _price(plan: ToolPlan) -> str | None:
    price = plan.spec.dynamicprice
    return None if price is None else json.dumps(price, ensure_ascii=False, indent=2)
