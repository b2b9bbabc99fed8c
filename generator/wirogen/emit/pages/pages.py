"""Plans → the source of the documentation site below ``generated/docs/``."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

from wirogen.diagnostics.model import RULES, Severity
from wirogen.emit.escape import link
from wirogen.emit.pages.builder import request_data
from wirogen.emit.pages.categories import Category, categories_of, input_kinds, output_kind, slug
from wirogen.emit.pages.guides import GUIDES, calls, guide_values, shown_tools
from wirogen.emit.pages.listing import listing_text
from wirogen.emit.pages.snippets import first_snippets, snippet_texts
from wirogen.emit.templates import Renderer
from wirogen.plan import ToolPlan, ToolSummary
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.plan.model import Code
from wirogen.specs import dump_spec

OPTIONS_SHOWN: Final = 60
EXAMPLES_SHOWN: Final = 20
BODY_SHOWN: Final = 20_000
_TOOL_PAGE: Final = "docs/tools/[owner]/[project].md.jinja"
_CATEGORY: Final = "docs/categories/[category].md.jinja"
_ASSETS: Final = "docs/assets"
_GUIDES: Final = "docs/guides"


Remember: TypeAlias = Callable[[Sequence[str], Sequence[ToolSummary], Callable[[], str]], str]
"""Gives what ``make`` gave before for the same texts and tools."""


def tool_pages(plan: ToolPlan, renderer: Renderer) -> dict[str, str]:
    """The files that one tool alone decides: its page, its form and its spec."""
    path = f"docs/tools/{plan.module.owner}/{plan.module.project}"
    texts = snippet_texts(plan, renderer)
    cover = link(plan.spec.cover) if plan.spec.cover else None
    page = renderer.text(
        _TOOL_PAGE,
        tool=plan,
        snippets=first_snippets(plan, texts),
        categories=categories_of(plan.spec),
        cover=cover,
        makes=Code(output_kind(plan.spec)),
        takes=[Code(kind) for kind in input_kinds(plan.inputs)],
        findings=_findings(plan),
        price=_price(plan),
        options_shown=OPTIONS_SHOWN,
        examples_shown=EXAMPLES_SHOWN,
        body_shown=BODY_SHOWN,
    )
    return {
        f"{path}.md": tidy(page),
        f"{path}.json": request_data(plan, texts),
        f"{path}.yaml": dump_spec(plan.spec),
    }


def shared_pages(
    owners: Mapping[str, Sequence[ToolSummary]],
    plan_of: Callable[[str], ToolPlan],
    renderer: Renderer,
    package: Identifier = DEFAULT_PACKAGE,
    remember: Remember | None = None,
) -> dict[str, str]:
    """The pages that list tools, the guides and the assets. A page that is remembered is given
    nothing but what decides that, unless somebody's own templates may ask for more."""
    keep = remember or _make
    summaries = [summary for tools in owners.values() for summary in tools]
    categories = [
        (Category(name=name, slug=slug(name)), tools)
        for name, tools in _by_category(summaries).items()
    ]
    shown = shown_tools(summaries)
    example = guide_values(shown, plan_of, renderer)
    guides: dict[str, Any] = {
        "package": package,
        "guides": GUIDES if example else (),
        "example": example,
        "call": calls(example) if example else {},
        "about": dict[str, str](),
    }
    values = {**guides, "owners": owners, "tools": summaries, "categories": categories}
    pages = {
        "docs/index.md": renderer.text("docs/index.md.jinja", **values),
        "docs/tools/index.md": renderer.text("docs/tools/index.md.jinja", **values),
        "docs/categories/index.md": renderer.text("docs/categories/index.md.jinja", **values),
    }
    path = "docs/diagnostics.md"
    pages[path] = keep([path], [], partial(renderer.text, f"{path}.jinja", rules=rule_values()))
    for category, tools in categories:
        path = f"docs/categories/{category.slug}.md"
        make = partial(renderer.text, _CATEGORY, category=category, tools=tools)
        pages[path] = keep([path, category.name], tools, make)
    # The first one is the list of all others, each with what it says about itself.
    for name, _ in reversed(guides["guides"]):
        path = f"{_GUIDES}/{name}.md"
        if renderer.overridden:
            pages[path] = renderer.text(f"{path}.jinja", **values)
        else:
            make = partial(renderer.text, f"{path}.jinja", **guides)
            pages[path] = keep([path, package, *shown], [*shown.values()], make)
        guides["about"][name] = pages[path].partition("\ndescription: ")[2].partition("\n")[0]
    files = {path: tidy(text) for path, text in pages.items()}
    files["docs/tools.json"] = listing_text(summaries)
    files["docs/llms.txt"] = tidy(renderer.text("docs/llms.txt.jinja", **values))
    return files | renderer.raw(_ASSETS)


def _make(_texts: Sequence[str], _tools: Sequence[ToolSummary], make: Callable[[], str]) -> str:
    return make()


def rule_values() -> list[dict[str, str]]:
    """Every diagnostic code with its texts, and the anchor that its heading gets."""
    return [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": str(rule.severity),
            "summary": rule.summary,
            "explanation": rule.explanation,
            "fix": rule.fix,
            "anchor": f"{rule.code.lower()}-{rule.name}",
        }
        for _, rule in sorted(RULES.items())
    ]


def _by_category(summaries: Iterable[ToolSummary]) -> dict[str, list[ToolSummary]]:
    found: defaultdict[str, list[ToolSummary]] = defaultdict(list)
    for summary in summaries:
        for each in categories_of(summary.spec):
            found[each.name].append(summary)
    return {name: found[name] for name in sorted(found, key=lambda name: (name.lower(), name))}


def _findings(plan: ToolPlan) -> list[dict[str, str | None]]:
    """What is wrong in the document, each with what to do and where that is explained. Notes say
    nothing against it and stay in the spec."""
    source = plan.spec.source
    found: list[dict[str, str | None]] = []
    for each in source.findings if source else ():
        rule = RULES.get(each.code)
        if rule is not None and rule.severity is Severity.NOTE:
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


def tidy(text: str) -> str:
    """Outside fences, never two blank lines in a row; one line feed at the end."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if line == fence else fence
        elif len(mark) >= len("```"):
            fence = mark
        elif not line.strip() and (not lines or not lines[-1].strip()):
            continue
        lines.append(line if fence or mark else line.rstrip())
    return "\n".join(lines).strip("\n") + "\n"
