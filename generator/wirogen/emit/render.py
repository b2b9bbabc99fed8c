"""Plan + templates → files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from wirogen.emit.formatting import format_python
from wirogen.emit.templates import environment
from wirogen.emit.validators import validator_source
from wirogen.plan import ModulePlan, ToolPlan, published_schema
from wirogen.spec import Json, Unsent, spec_json_schema

_TOOL = "python/wiro_tools/[owner]/[project].py.jinja"
_TOOL_PAGE = "docs/tools/[owner]/[project].md.jinja"
_PACKAGE = "python/wiro_tools/__init__.py.jinja"
_PACKAGE_STUB = "python/wiro_tools/__init__.pyi.jinja"
_OWNER = "python/wiro_tools/[owner]/__init__.py.jinja"
_OWNER_STUB = "python/wiro_tools/[owner]/__init__.pyi.jinja"
_INDEX = "docs/index.md.jinja"


class Renderer:
    """The templates, ready to use. One per process is enough."""

    def __init__(self, templates: Path | None = None) -> None:
        self._env = environment(templates)

    def text(self, template: str, **values: Any) -> str:
        return self._env.get_template(template).render(values)


def render_tool(plan: ToolPlan, renderer: Renderer) -> dict[str, str]:
    """Every file that one tool alone decides, by path below ``generated/``."""
    owner, project = plan.module.owner, plan.module.project
    return {
        f"python/wiro_tools/{owner}/{project}.py": format_python(renderer.text(_TOOL, tool=plan)),
        f"python/wiro_tools/_validators/{owner}/{project}.py": format_python(
            validator_source(plan)
        ),
        f"docs/tools/{owner}/{project}.md": _tidy(
            renderer.text(_TOOL_PAGE, tool=plan, body=_request_body(plan))
        ),
        f"schemas/tools/{owner}/{project}.json": _json(published_schema(plan)),
    }


def render_shared(plans: Iterable[ToolPlan], renderer: Renderer) -> dict[str, str]:
    """The files that list tools: package ``__init__`` modules and the index page."""
    by_owner: defaultdict[str, list[ToolPlan]] = defaultdict(list)
    for plan in sorted(plans, key=lambda plan: (plan.module.owner, plan.module.project)):
        by_owner[plan.module.owner].append(plan)
    owners: Mapping[str, list[ToolPlan]] = dict(by_owner)
    modules: dict[str, list[ModulePlan]] = {
        owner: [plan.module for plan in tools] for owner, tools in owners.items()
    }
    files = {
        "python/wiro_tools/__init__.py": renderer.text(_PACKAGE),
        "python/wiro_tools/__init__.pyi": renderer.text(_PACKAGE_STUB, owners=modules),
        "python/wiro_tools/py.typed": "",
        "python/wiro_tools/_validators/__init__.py": "",
        "docs/index.md": _tidy(renderer.text(_INDEX, owners=owners)),
        "schemas/spec.json": _json(spec_json_schema()),
    }
    for owner, tools in modules.items():
        folder = f"python/wiro_tools/{owner}"
        files[f"{folder}/__init__.py"] = renderer.text(_OWNER, owner=tools[0].owner)
        files[f"{folder}/__init__.pyi"] = renderer.text(_OWNER_STUB, tools=tools)
        files[f"python/wiro_tools/_validators/{owner}/__init__.py"] = ""
    return {path: _formatted(path, text) for path, text in files.items()}


def _formatted(path: str, text: str) -> str:
    if path.endswith((".py", ".pyi")) and text:
        return format_python(text, stub=path.endswith(".pyi"))
    return text


def _request_body(plan: ToolPlan) -> str:
    """The JSON body of a run that gives only what is required."""
    body: dict[str, Json] = {}
    for item in plan.inputs:
        sent = item.spec.example if item.required else item.spec.wire.sent
        if not isinstance(sent, Unsent):
            body[item.spec.name] = sent
    return json.dumps(body, ensure_ascii=False, indent=2)


def _json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _tidy(text: str) -> str:
    """No blank line twice, none at the end but one line feed; fenced text is never blank-edged."""
    lines: list[str] = []
    for line in text.split("\n"):
        if line.strip() or (lines and lines[-1].strip()):
            lines.append(line.rstrip() if not line.strip() else line)
    return "\n".join(lines).strip("\n") + "\n"
