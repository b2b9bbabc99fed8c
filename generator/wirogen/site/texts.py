"""The plain files of a site: the Markdown of every page, ``llms-full.txt``, the search index and
the site map."""

from __future__ import annotations

import html
import json
import re
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, cast

from wirogen.common.files import names_below, read_whole, write_file
from wirogen.site.markup import page_text, split_front_matter
from wirogen.site.pictures import as_link, placed
from wirogen.site.stage import is_many

_PLACES: Final = re.compile(r'(?m)^<div class="wt-(?:builder|gallery|all-runs)"[^<>]*></div>\n+')
# Only templates write these: in a document's text the signs are escaped.
_BOXES: Final = re.compile(r'(?m)^(?:<div class="wt-[a-z -]+"[^<>]* markdown="1">|</div>)\n+')


def write_texts(docs: Path, sources: Mapping[str, bytes], out: Path) -> set[str]:
    """Write the Markdown of every page, and ``llms-full.txt`` with all of them. Return the paths
    below the site."""
    texts = {
        path.removeprefix("docs/"): data.decode()
        for path, data in sources.items()
        if path.endswith(".md") and not path.endswith("/shell.md")
    }
    for path in names_below(docs):
        if is_many(path):
            texts[path] = page_text(docs / path)
    plain = {path: _for_machines(split_front_matter(text)[1]) for path, text in texts.items()}
    for path, text in plain.items():
        write_changed(out / path, text)
    order = ("index.md", "guides/", "reference/", "diagnostics.md", "tools/")
    parts = [
        f"<!-- {path} -->\n\n{text}"
        for start in order
        for path, text in sorted(plain.items())
        if path.startswith(start) and path != "tools/index.md"
    ]
    write_file(out / "llms-full.txt", "\n".join(parts))
    return {*plain, "llms-full.txt"}


def sitemap(site_url: str, paths: Iterable[str]) -> str:
    """Return a site map of every page; that of Zensical has only those that it built. ``site_url``
    ends with a slash."""
    pages = sorted(path for path in paths if path.endswith(".html") and path != "404.html")
    places = "".join(
        f"<url><loc>{html.escape(site_url + urllib.parse.quote(path))}</loc></url>\n"
        for path in pages
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{places}</urlset>\n'
    )


def _for_machines(text: str) -> str:
    """Return a page without the elements that only a browser uses."""
    return placed(_BOXES.sub("", _PLACES.sub("", text)), as_link)


def write_changed(target: Path, text: str) -> None:
    if not target.is_file() or read_whole(target) != text.encode():
        write_file(target, text)


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
