"""Related tools: those for the same purpose that share most topics, as cards on a tool's page."""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wirogen.common.text import beginning

_SHOWN: Final = 4
_LOOKED_AT: Final = 200
"""How many tools of a topic are compared: one that everything has says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """A tool that another page leads to; ``href`` is relative to that page."""

    href: str
    tool: str
    description: str
    makes: str
    hue: int
    picture: str


def related_tools(tools: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Related, ...]]:
    """The related tools of each one, by the path of its page; ``tools`` are entries of
    ``tools.json`` with what their cards show."""
    members: defaultdict[str, list[int]] = defaultdict(list)
    topics = [frozenset(slug for slug, _ in tool["topics"]) for tool in tools]
    for place, slugs in enumerate(topics):
        for slug in slugs:
            members[slug].append(place)
    found: dict[str, tuple[Related, ...]] = {}
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
        found[tool["page"]] = tuple(_related(tools[each]) for each in alike[:_SHOWN])
    return found


def related_html(tools: Sequence[Related]) -> str:
    """The section of a page two folders deep; empty without tools."""
    if not tools:
        return ""
    cards = "".join(map(_card, tools))
    return f'<section class="wt-related"><h2>Related tools</h2><div>{cards}</div></section>\n'


def _related(tool: Mapping[str, Any]) -> Related:
    picture = "" if tool.get("moves") else str(tool.get("picture") or "")
    return Related(
        href=f"../{str(tool['page']).removeprefix('tools/')}",
        tool=str(tool["tool"]),
        description=beginning(str(tool["description"]), 120),
        makes=str(tool["makes"]),
        hue=int(tool["hue"]),
        picture=picture if not picture or "://" in picture else f"../../{picture}",
    )


def _card(tool: Related) -> str:
    owner, _, project = tool.tool.partition("/")
    picture = (
        f'<img src="{html.escape(tool.picture)}" alt="" loading="lazy" decoding="async" '
        'width="640" height="360" referrerpolicy="no-referrer">'
        if tool.picture
        else ""
    )
    return (
        f'<a class="wt-card" href="{html.escape(tool.href)}">'
        f'<span class="wt-card-cover wt-drawn wt-makes-{html.escape(tool.makes)}" '
        f'style="--hue:{tool.hue}">{picture}</span>'
        f'<span class="wt-card-owner">{html.escape(owner)}</span>'
        f"<strong>{html.escape(project)}</strong>"
        f'<span class="wt-card-text">{html.escape(tool.description)}</span></a>'
    )
