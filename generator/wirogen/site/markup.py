"""Renders the Markdown of generated pages as HTML.

The Markdown library and its extensions are those that Zensical uses for the guides; here a thousand
pages are rendered in parallel.
"""

from __future__ import annotations

import functools
import html
import itertools
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import markdown

from wirogen.common.files import read_text
from wirogen.diagnostics.model import input_error
from wirogen.site.theme import EXTENSIONS

_LINK: Final = re.compile(r'(?<=\shref=")(?![a-z][a-z0-9+.-]*:|#|/)([^"#]+)\.md(?=["#])')
_SCHEMAS: Final = 'href="../../../schemas/'
_BUILDER: Final = '<div class="wt-builder"'
# Colours of programs for a shell are ten kilobytes of every page, seen by those without scripts.
_SHELLS: Final = re.compile(r"(?m)^(`{3,})(?:bash|powershell|json)$")
_NAME: Final = re.compile(
    r"""(<(?:td|br|/a)[^<>]*>\s*<code>)((?:&quot;|")?[A-Za-z0-9_.]{12,}(?:&quot;|")?)</code>"""
)
_WORDS: Final = re.compile(r"(?<=[_.])|(?<=[a-z0-9])(?=[A-Z])")
_TABLE: Final = re.compile("<table>")
_TITLE: Final = re.compile(r'(<h1 id="[^"<>]*">)([^/<>]+/)')
_FOLDED: Final = "run-it"
_HEAD: Final = re.compile(r"\A---\n(.*?)\n---\n+", re.DOTALL)
_FIELD: Final = re.compile(r"(?m)^(\w+): (.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A rendered page. ``toc`` is the list of its sections, ``body`` the article, both HTML."""

    title: str
    description: str
    body: str
    toc: str


def page_text(path: Path) -> str:
    """The text of a page. Raises :class:`InputError` when it is not UTF-8."""
    try:
        return read_text(path)
    except UnicodeDecodeError:
        message = "is not UTF-8; build the project again"
        raise input_error("S004", message, path) from None


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """Return the fields of a page's front matter, and the page without it."""
    match = _HEAD.match(text)
    if match is None:
        return {}, text
    fields = {key: _plain(value) for key, value in _FIELD.findall(match[1])}
    return fields, text[match.end() :]


def render_page(text: str) -> Page:
    """Render a page of ``generated/docs/``."""
    fields, source = split_front_matter(text)
    before, builder, snippets = source.partition(_BUILDER)
    if builder:
        snippets, heading, after = snippets.partition("\n## ")
        source = before + builder + _SHELLS.sub(r"\1text", snippets) + heading + after
    converter = _converter()
    converter.reset()
    body = converter.convert(source)
    tokens = cast("list[dict[str, Any]]", getattr(converter, "toc_tokens", []))
    sections = tokens[0]["children"] if len(tokens) == 1 else tokens
    for each in sections:
        if each["id"] == _FOLDED:
            each["children"] = []
    return Page(
        title=fields.get("title", ""),
        description=fields.get("description", ""),
        body=site_links(_scrollable(_breakable(_foldable(_titled(body))))),
        toc=_toc(sections),
    )


def site_links(body: str) -> str:
    """Replace links to Markdown files by links to their pages."""
    return _LINK.sub(r"\1.html", body).replace(_SCHEMAS, 'href="../../schemas/')


@functools.cache
def _converter() -> markdown.Markdown:
    return markdown.Markdown(extensions=list(EXTENSIONS), extension_configs=EXTENSIONS)


def _plain(value: str) -> str:
    try:
        return str(json.loads(value)) if value.startswith('"') else value
    except ValueError:
        return value


def _foldable(body: str) -> str:
    """Put the snippets behind an empty builder into a box, which is hidden while the builder
    works."""
    before, builder, rest = body.partition(_BUILDER)
    if not builder:
        return body
    tag, closed, rest = rest.partition("</div>")
    snippets, heading, after = rest.partition("<h2")
    box = f'<div class="wt-snippets">{snippets}</div>\n'
    return f"{before}{builder}{tag}{closed}{box}{heading}{after}"


def _titled(body: str) -> str:
    """Mark the owner in the title of a tool, for the style sheet."""
    if _BUILDER not in body:
        return body
    return _TITLE.sub(r'\1<span class="wt-owner">\2</span>', body, count=1)


def _breakable(body: str) -> str:
    """Allow line breaks between the words of long names in cells."""
    return _NAME.sub(lambda match: f"{match[1]}{_WORDS.sub('<wbr>', match[2])}</code>", body)


def _scrollable(body: str) -> str:
    """Put each table into a box, so that a wide table scrolls instead of the page."""
    numbers = itertools.count(1)
    boxed = _TABLE.sub(
        lambda _: (
            f'<div class="wt-table" role="region" aria-label="Table {next(numbers)}" '
            'tabindex="0"><table>'
        ),
        body,
    )
    return boxed.replace("</table>", "</table></div>")


def _toc(sections: Iterable[dict[str, Any]]) -> str:
    items: list[str] = []
    for each in sections:
        children = _toc(each["children"])
        # The toc extension leaves entities in headings.
        name = html.escape(html.unescape(each["name"]))
        nested = (
            f'<nav class="md-nav" aria-label="{name}">'
            f'<ul class="md-nav__list">{children}</ul></nav>'
            if children
            else ""
        )
        items.append(
            f'<li class="md-nav__item"><a href="#{html.escape(each["id"])}" class="md-nav__link">'
            f'<span class="md-ellipsis">{name}</span></a>{nested}</li>'
        )
    return "".join(items)
