"""Related tools: those for the same purpose that share most topics, as cards on a tool's page."""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from wirogen.common.text import beginning
from wirogen.site.pictures import picture

_SHOWN: Final = 4
_LOOKED_AT: Final = 200
"""How many tools of a topic are compared: one that everything has says nothing."""


def related_tools(tools: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The section about related tools of each one that has some, as HTML for a page two folders
    deep, by the path of the page; ``tools`` are entries of ``tools.json`` with what their cards
    show."""
    members: defaultdict[str, list[int]] = defaultdict(list)
    topics = [frozenset(slug for slug, _ in tool["topics"]) for tool in tools]
    for place, slugs in enumerate(topics):
        for slug in slugs:
            members[slug].append(place)
    found: dict[str, str] = {}
    for place, tool in enumerate(tools):
        shared: Counter[int] = Counter()
        for slug in topics[place]:
            if len(members[slug]) <= _LOOKED_AT:
                shared.update(dict.fromkeys(members[slug], 2))
        main = next((slug for slug, name in tool["topics"] if name == tool["main"]), "")
        shared.update(members.get(main, ())[:_LOOKED_AT])
        del shared[place]
        alike = [each for each in shared if tools[each]["purpose"] == tool["purpose"]]
        alike.sort(key=lambda each: (-shared[each], -(tools[each]["runs"] or 0), each))
        if alike:
            cards = "".join(_card(tools[each]) for each in alike[:_SHOWN])
            section = (
                f'<section class="wt-related"><h2>Related tools</h2><div>{cards}</div></section>'
            )
            found[tool["page"]] = f"{section}\n"
    return found


def _card(tool: Mapping[str, Any]) -> str:
    owner, _, project = tool["tool"].partition("/")
    href = f"../{tool['page'].removeprefix('tools/')}"
    source = "" if tool.get("moves") else tool.get("picture", "")
    return (
        f'<a class="wt-card" href="{html.escape(href)}">'
        f'<span class="wt-card-cover wt-drawn wt-makes-{html.escape(tool["makes"])}" '
        f'style="--hue:{tool["hue"]}">{picture(source, "") if source else ""}</span>'
        f'<span class="wt-card-owner">{html.escape(owner)}</span>'
        f"<strong>{html.escape(project)}</strong>"
        f'<span class="wt-card-text">{html.escape(beginning(tool["description"], 120))}</span></a>'
    )
