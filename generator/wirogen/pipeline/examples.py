"""The tools that guides and the home page show, as ``pyproject.toml`` names them::

    [tool.wirogen.examples]
    simple = "owner/project"
    file = "owner/project"
    lora = "owner/project"

Without them the tools that ask for least are shown, and a new tool may take their place.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from wirogen.common.files import read_text
from wirogen.common.text import shorten
from wirogen.diagnostics.model import Diagnostic, display_path
from wirogen.emit.pages.guides import TOPICS, can_show
from wirogen.plan import ToolSummary

_FILE: Final = "pyproject.toml"
_TABLE: Final = "[tool.wirogen.examples]"


def read_examples(folder: Path) -> tuple[dict[str, str], list[Diagnostic]]:
    """The named tools by topic, and what is wrong with that part of the file."""
    try:
        table: Any = tomllib.loads(read_text(folder / _FILE))
    except (OSError, ValueError, RecursionError):
        # Whatever else it is for will complain of it.
        return {}, []
    for key in ("tool", "wirogen", "examples"):
        table = cast("dict[str, Any]", table).get(key, {}) if isinstance(table, dict) else None
    if not isinstance(table, dict):
        return {}, [_odd(folder, "", f"{_TABLE} is no table")]
    known: dict[str, str] = {}
    odd: list[Diagnostic] = []
    for topic, tool in cast("dict[str, object]", table).items():
        if topic not in TOPICS:
            odd.append(_odd(folder, topic, f"is none of {', '.join(TOPICS)}"))
        elif not isinstance(tool, str):
            odd.append(_odd(folder, topic, f"expected a tool in quotes, got {type(tool).__name__}"))
        else:
            known[topic] = tool
    return known, odd


def unusable_examples(
    folder: Path, examples: Mapping[str, str], tools: Sequence[ToolSummary]
) -> list[Diagnostic]:
    """Those of ``examples`` that are no tool of the project, or cannot show what they are for."""
    known = {each.module.tool: each for each in tools}
    odd: list[Diagnostic] = []
    for topic, tool in examples.items():
        if tool not in known:
            odd.append(_odd(folder, topic, f"{shorten(tool)} has no spec; another tool is shown"))
        elif not can_show(known[tool], topic):
            what = "a file" if topic == "file" else "LoRAs with a slider"
            odd.append(_odd(folder, topic, f"{shorten(tool)} takes no {what}; another is shown"))
    return odd


def _odd(folder: Path, subject: str, message: str) -> Diagnostic:
    path = display_path(folder / _FILE)
    return Diagnostic(code="G004", message=message, path=path, subject=subject)
