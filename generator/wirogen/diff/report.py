"""Changes → Markdown for a pull request."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final

from wirogen.common.text import counted
from wirogen.diff.model import Change, Impact, bump
from wirogen.emit.escape import code_span, markdown

_TITLES: Final = {
    Impact.BREAKING: "Breaking",
    Impact.ADDITIVE: "Additive",
    Impact.COSMETIC: "Cosmetic",
}
_OPTIONS: Final = {
    "option-added": "new options",
    "option-removed": "options gone",
    "option-renamed": "constants with another name",
    "option-slider": "options with other sliders",
    "option-text": "texts of options changed",
    "option-unlisted": "options kept that the latest document does not list",
}
_VALUES: Final = 6
_FOLD_FROM: Final = 40
# `@name`, `#12`, `GH-12`, and addresses of issues; a comment within one hides it from code hosts.
_REFERENCES: Final = re.compile(
    r"@(?=\w)|(?<!&)#(?=\d)|\bGH-(?=\d)|(?:https?|www)(?=[:.])", re.IGNORECASE
)
# GitHub refuses a pull request's text beyond 65,536 characters.
_MAX_LENGTH: Final = 60_000


def summary(changes: Sequence[Change]) -> str:
    """``3 breaking, 2 additive and 0 cosmetic changes in 2 tools: a major version``."""
    if not changes:
        return "no changes"
    count = {impact: sum(change.impact is impact for change in changes) for impact in Impact}
    tools = len({change.tool for change in changes})
    return (
        f"{count[Impact.BREAKING]} breaking, {count[Impact.ADDITIVE]} additive and "
        f"{count[Impact.COSMETIC]} cosmetic changes in {counted(tools, 'tool')}: "
        f"a {bump(changes)} version"
    )


def condensed(changes: Iterable[Change]) -> list[tuple[Change, str]]:
    """Return each change with its sentence, the most important first. Equal changes of several
    options of one input are one entry: the first change, with all values."""
    groups: dict[tuple[str, ...], list[Change]] = {}
    for change in changes:
        name, _, value = change.subject.partition("=")
        alone = change.subject if not value else name
        key = (change.impact, change.tool, alone, change.kind, "" if value else change.message)
        groups.setdefault(key, []).append(change)
    order = list(Impact)
    entries = [(found[0], _said(found)) for found in groups.values()]
    return sorted(entries, key=lambda entry: order.index(entry[0].impact))


def _said(found: Sequence[Change]) -> str:
    first = found[0]
    subject, _, value = first.subject.partition("=")
    if not value:
        return f"{subject}: {first.message}" if subject else first.message
    if len(found) == 1:
        return f"{first.subject}: {first.message}"
    values = [change.subject.partition("=")[2] for change in found]
    more = f" and {len(values) - _VALUES} more" if len(values) > _VALUES else ""
    return f"{subject}: {len(found)} {_OPTIONS[first.kind]}: {', '.join(values[:_VALUES])}{more}"


def markdown_report(changes: Sequence[Change]) -> str:
    """Return the changes as Markdown, the most important first, by tool. It is cut, and says so,
    at the length that the text of a pull request may have."""
    lines = [f"**{summary(changes)}**", ""]
    for impact in Impact:
        chosen = [change for change in changes if change.impact is impact]
        if chosen:
            lines += _part(_TITLES[impact], chosen)
    text = "\n".join(lines).rstrip("\n") + "\n"
    if len(text) <= _MAX_LENGTH:
        return text
    kept = text[:_MAX_LENGTH].rsplit("\n", 1)[0]
    closing = "\n</details>" if kept.count("<details>") > kept.count("</details>") else ""
    return f"{kept}\n{closing}\n… and more than a pull request can show.\n"


def _unlinked(text: str) -> str:
    """Return ``text`` with its mentions and references to issues escaped for GitHub."""
    return _REFERENCES.sub(lambda match: f"{match[0]}<!-- -->", text)


def _part(title: str, changes: Iterable[Change]) -> list[str]:
    by_tool: defaultdict[str, list[str]] = defaultdict(list)
    for change, said in condensed(changes):
        by_tool[change.tool].append(said)
    items: list[str] = []
    for tool, found in by_tool.items():
        items.append(f"- {code_span(tool)}")
        items += [f"  - {_unlinked(markdown(said))}" for said in found]
    if len(items) <= _FOLD_FROM:
        return [f"## {title}", "", *items, ""]
    shown = counted(len(by_tool), "tool")
    return [
        f"## {title}", "", f"<details><summary>{shown}</summary>", "", *items, "", "</details>", ""
    ]  # fmt: skip
