"""The search index: the sections of Zensical's pages, and one entry for each tool."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

_LIMIT: Final = 600
_SECTION: Final = 1_200
_TAG: Final = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)


def search_index(index: Path, tools: Iterable[Mapping[str, Any]]) -> str:
    """``find.json``: rows of ``[address, title, where, text]``, for a tool also
    ``[…, what it makes, its colour, its picture]``. ``index`` is what Zensical wrote, ``tools``
    are entries of ``tools.json`` with pictures."""
    data = cast("dict[str, Any]", json.loads(index.read_text(encoding="utf-8")))
    rows = [*_tools(tools), *_sections(cast("list[dict[str, Any]]", data["items"]))]
    lines = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def _tools(tools: Iterable[Mapping[str, Any]]) -> Iterator[list[Any]]:
    for tool in tools:
        words = " ".join([*tool["categories"], *tool["tags"], *tool["inputs"]])
        text = f"{str(tool['description'])[:_LIMIT]}\n{words[:_LIMIT]}"
        picture = tool.get("picture") if not tool.get("moves") else None
        row = [tool["page"], tool["tool"], "", text, tool["makes"], tool["hue"]]
        yield [*row, picture] if picture else row


def _sections(items: Iterable[Mapping[str, Any]]) -> Iterator[list[Any]]:
    """Yield the sections of guides and reference; Zensical's pages about tools are lists of
    names."""
    for item in items:
        location = str(item["location"])
        if location.startswith(("guides/", "reference/", "diagnostics")):
            path = [_plain(str(each)) for each in item.get("path") or ()]
            text = _plain(str(item["text"]))[:_SECTION]
            yield [location, _plain(str(item["title"])), " › ".join(path), text]


def _plain(text: str) -> str:
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())
