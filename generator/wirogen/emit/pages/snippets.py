"""The snippets of a tool: texts from templates, with one line where the arguments go.

The page's script fills in the same texts, so a snippet looks the same with and without it.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from wirogen.common.json_values import json_or_none
from wirogen.emit.pages.categories import output_kind
from wirogen.plan import ToolPlan
from wirogen.plan.kinds import Kind
from wirogen.plan.model import ArgumentPlan, Code, InputPlan
from wirogen.specs import Json, Unsent

if TYPE_CHECKING:
    from wirogen.emit.templates import Renderer

ARGUMENTS: Final = "@arguments@"
TABS: Final[Mapping[str, str]] = {
    "python": "python",
    "async": "python",
    "stream": "python",
    "shell": "bash",
    "powershell": "powershell",
    "curl": "bash",
    "rest": "powershell",
    "json": "json",
}
"""Each snippet with its language; ``stream`` is for tools that write text only."""
_TEMPLATES: Final = (
    "python", "async", "stream", "shell", "powershell", "piped", "curl", "form", "rest", "restform"
)  # fmt: skip
_QUOTES: Final = re.compile("(['\u2018\u2019\u201a\u201b])")
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9._/:\\-]*|[0-9]+(\.[0-9]+)?")


def snippet_texts(plan: ToolPlan, renderer: Renderer) -> dict[str, str]:
    """Each snippet with :data:`ARGUMENTS` on a line of its own. ``form`` and ``restform`` are
    ``curl`` and ``rest`` with files, ``piped`` is ``powershell`` with JSON on standard input."""
    makes = Code(output_kind(plan.spec))
    values = {
        "tool": plan,
        "makes": makes,
        "path": Code(urllib.parse.quote(plan.spec.tool, safe="/")),
        "tool_id": Code(shell_word(plan.spec.tool)),
        "tool_word": Code(powershell_word(plan.spec.tool)),
    }
    texts = {
        name: renderer.text(f"docs/snippets/_{name}.jinja", **values).strip("\n")
        for name in _TEMPLATES
        if name != "stream" or makes == "text"
    }
    return {**texts, "json": ARGUMENTS}


def first_snippets(
    plan: ToolPlan, texts: Mapping[str, str], arguments: Sequence[ArgumentPlan] | None = None
) -> dict[str, str]:
    """Each snippet with ``arguments``, those of the example unless given."""
    arguments = plan.example if arguments is None else arguments
    body = request_body(plan, arguments)
    python = [f"{each.name}={each.value}," for each in arguments]
    options = {item.name: item.option for item in plan.inputs}
    words = [
        (f"--{options[each.name]}", text) for each in arguments for text in _texts(each.constant)
    ]
    shell = [f"  {_option(option, text, shell_word)} \\" for option, text in words]
    power = [f"  {_option(option, text, powershell_word)} `" for option, text in words]
    lines = {
        "python": python,
        "async": python,
        "stream": python,
        "shell": [*shell, "  --out out"],
        "powershell": [*power, "  --out out"],
        "curl": body,
        "rest": body,
        "json": body,
    }
    found = {name: fill(texts[name], lines[name]) for name in TABS if name in texts}
    if not all(map(passes_powershell, (text for _, text in words))):
        values = {str(each.name): each.constant for each in arguments}
        text = json.dumps(values, ensure_ascii=True, indent=2)
        found["powershell"] = fill(texts["piped"], text.split("\n"))
    return found


def request_body(plan: ToolPlan, arguments: Sequence[ArgumentPlan]) -> list[str]:
    """The lines of the JSON body of a request with these arguments."""
    given = {each.name: each.constant for each in arguments}
    keys = {item.spec.name for item in plan.inputs}
    body: dict[str, Json] = {}
    links: dict[str, Json] = {}
    for item in plan.inputs:
        key, value = item.spec.name, item.spec.wire.sent
        if item.name not in given:
            if not isinstance(value, Unsent):
                body[key] = _on_wire(item, value)
        elif item.kind in {Kind.FILE, Kind.FILES}:
            # The address of a file travels in a key of its own.
            address = given[item.name]
            turned = key.replace("Multiple", "UrlMultiple")
            link = turned if turned != key and turned in keys else f"{key}Url"
            links[link] = ",".join(map(str, address)) if isinstance(address, list) else address
            body[key] = ""
            body.setdefault(link, "")
        else:
            body[key] = _on_wire(item, given[item.name])
    return json.dumps({**body, **links}, ensure_ascii=False, indent=2).split("\n")


def _on_wire(item: InputPlan, value: Json) -> Json:
    kind = item.spec.wire.type
    if kind == "string" and isinstance(value, list):
        return ",".join(map(str, value))
    if kind == "string" and not isinstance(value, str):
        return json.dumps(value)
    if kind in {"number", "boolean"} and isinstance(value, str):
        return _unquoted(value)
    return [value] if kind == "array" and not isinstance(value, list) else value


def _unquoted(text: str) -> Json:
    """The id of an option, which is always text, for a tool that reads a number or a flag."""
    value = json_or_none(text)
    return value if isinstance(value, int | float) else text


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


def powershell_word(text: str) -> str:
    """``text`` as one word for PowerShell, which takes typographic quotes for quotes too."""
    return text if _PLAIN.fullmatch(text) else "'" + _QUOTES.sub(r"\1\1", text) + "'"


def _option(option: str, text: str, word: Callable[[str], str]) -> str:
    """An option and its value; one that looks like an option is written with ``=``."""
    if re.match("-[A-Za-z-]", text):
        return word(f"{option}={text}")
    return f"{option} {word(text)}"


def passes_powershell(text: str) -> bool:
    """Whether a program gets ``text`` as it is: before 7.3, PowerShell loses quotes and blanks."""
    return bool(text) and '"' not in text


def _texts(value: Json) -> list[str]:
    values = value if isinstance(value, list) else [value]
    texts = [each if isinstance(each, str) else json.dumps(each) for each in values]
    return [f"@{text}" if text.startswith("@") else text for text in texts]
