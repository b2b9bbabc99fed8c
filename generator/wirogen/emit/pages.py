"""Plans → the Markdown pages below ``generated/docs/``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from wirogen.emit.templates import Renderer
from wirogen.plan import ToolPlan
from wirogen.spec import Json, Unsent

_TOOL_PAGE = "docs/tools/[owner]/[project].md.jinja"
_INDEX = "docs/index.md.jinja"


def tool_pages(plan: ToolPlan, renderer: Renderer) -> dict[str, str]:
    """The pages that one tool alone decides."""
    path = f"docs/tools/{plan.module.owner}/{plan.module.project}.md"
    return {path: _tidy(renderer.text(_TOOL_PAGE, tool=plan, body=_request_body(plan)))}


def shared_pages(owners: Mapping[str, Sequence[ToolPlan]], renderer: Renderer) -> dict[str, str]:
    """The pages that list tools."""
    return {"docs/index.md": _tidy(renderer.text(_INDEX, owners=owners))}


def _request_body(plan: ToolPlan) -> str:
    """The JSON body of a run that gives only what is required."""
    body: dict[str, Json] = {}
    for item in plan.inputs:
        sent = item.spec.example if item.required else item.spec.wire.sent
        if not isinstance(sent, Unsent):
            body[item.spec.name] = sent
    return json.dumps(body, ensure_ascii=False, indent=2)


def _tidy(text: str) -> str:
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
