"""The snippets of a tool: texts from templates, with one line where the arguments go.

The page's script fills in the same texts, so a snippet looks the same with and without it.
"""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from wirogen.plan import ToolPlan
from wirogen.plan.model import Code
from wirogen.specs import Json, Unsent

if TYPE_CHECKING:
    from wirogen.emit.templates import Renderer

ARGUMENTS: Final = "@arguments@"
TABS: Final[Mapping[str, str]] = {
    "python": "python",
    "async": "python",
    "shell": "bash",
    "curl": "bash",
    "json": "json",
}
_TEMPLATES: Final = ("python", "async", "shell", "curl", "form")


def snippet_texts(plan: ToolPlan, renderer: Renderer) -> dict[str, str]:
    """Each snippet with :data:`ARGUMENTS` on a line of its own. ``form`` is curl with files."""
    path = Code(urllib.parse.quote(plan.spec.tool, safe="/"))
    values = {"tool": plan, "path": path, "tool_id": Code(shell_word(plan.spec.tool))}
    texts = {
        name: renderer.text(f"docs/snippets/_{name}.jinja", **values).strip("\n")
        for name in _TEMPLATES
    }
    return {**texts, "json": ARGUMENTS}


def first_snippets(plan: ToolPlan, texts: Mapping[str, str]) -> dict[str, str]:
    """Each snippet for the smallest request: what is required, with its example."""
    body = request_body(plan)
    python = [f"{each.name}={each.value}," for each in plan.example]
    options = {item.name: item.option for item in plan.inputs}
    shell = [
        f"  --{options[each.name]} {shell_word(text)} \\"
        for each in plan.example
        for text in _texts(each.constant)
    ]
    shell = [*shell, "  --out out"]
    lines = {"python": python, "async": python, "shell": shell, "curl": body, "json": body}
    return {name: fill(texts[name], lines[name]) for name in TABS}


def request_body(plan: ToolPlan) -> list[str]:
    """The lines of the JSON body of the smallest request."""
    given = {each.name: each.constant for each in plan.example}
    body: dict[str, Json] = {}
    for item in plan.inputs:
        sent = given.get(item.name) if item.required else item.spec.wire.sent
        if isinstance(sent, Unsent):
            continue
        as_text = item.spec.wire.type == "string" and not isinstance(sent, str)
        body[item.spec.name] = json.dumps(sent) if as_text else sent
    return json.dumps(body, ensure_ascii=False, indent=2).split("\n")


def fill(text: str, lines: list[str]) -> str:
    """``text`` with its line for the arguments replaced, indented alike."""
    out: list[str] = []
    done = False
    for line in text.split("\n"):
        if line.strip() == ARGUMENTS and not done:
            indent = line[: len(line) - len(line.lstrip())]
            out += [indent + each for each in lines]
            done = True
        else:
            out.append(line)
    return "\n".join(out)


def shell_word(text: str) -> str:
    """``text`` as one word for a POSIX shell, quoted where that is needed."""
    if text and all(char.isascii() and (char.isalnum() or char in "@%+=:,./-_") for char in text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def _texts(value: Json) -> list[str]:
    values = value if isinstance(value, list) else [value]
    texts = [each if isinstance(each, str) else json.dumps(each) for each in values]
    return [f"@{text}" if text.startswith("@") else text for text in texts]
