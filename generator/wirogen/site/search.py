"""The search index: what Zensical found in its pages, and one entry for each tool."""

from __future__ import annotations

import html
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, cast

from wirogen.publish import write_file

_LIMIT: Final = 600


def add_tools(index: Path, target: Path, tools: Iterable[Mapping[str, Any]]) -> None:
    """Write ``index`` with ``tools`` (entries of ``tools.json``) added, without the shells."""
    data = cast("dict[str, Any]", json.loads(index.read_text(encoding="utf-8")))
    items = [item for item in data["items"] if "shell.html" not in item["location"]]
    items += [_item(tool) for tool in tools]
    write_file(target, json.dumps({**data, "items": items}, ensure_ascii=False))


def _item(tool: Mapping[str, Any]) -> dict[str, Any]:
    """The text is shown as HTML by the theme, so it is escaped."""
    words = " ".join([*tool["categories"], *tool["tags"], *tool["inputs"]])
    owner = str(tool["tool"]).partition("/")[0]
    return {
        "location": tool["page"],
        "level": 1,
        "title": _escaped(tool["tool"]),
        "text": f"<p>{_escaped(str(tool['description'])[:_LIMIT])}</p> "
        f"<p>{_escaped(words[:_LIMIT])}</p>",
        "path": ["Tools", _escaped(owner)],
        "tags": [],
    }


def _escaped(text: object) -> str:
    """The theme reads back these three and leaves quotes as they are."""
    return html.escape(str(text), quote=False)
