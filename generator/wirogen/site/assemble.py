"""Sets rendered pages into the shells that Zensical built."""

from __future__ import annotations

import html
import re
import urllib.parse
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.output.publication import write_file
from wirogen.site.covers import Cover
from wirogen.site.markup import Page, page_text, render_page
from wirogen.site.pictures import figure, placed
from wirogen.site.related import Related, related_html
from wirogen.site.theme import CONTENT_END, CONTENT_START, DESCRIPTION, TITLE

_TOC: Final = re.compile(
    r'(<ul class="md-nav__list" data-md-component="toc"[^>]*>).*?</ul>', re.DOTALL
)
_CANONICAL: Final = re.compile(
    r'(<link rel="canonical" href="[^"]*?)(?:tools/shell|categories)/shell\.html'
)
_FEW: Final = 24
_CHUNK: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A page that another one links to at its end; ``href`` is relative to that one."""

    href: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One page to build; ``path`` is relative to the site. ``around`` are the pages before and
    after it in ``category``, ``cover`` its picture, ``related`` the tools that it leads to."""

    source: Path
    target: Path
    shell: str
    path: str
    around: tuple[Neighbour | None, Neighbour | None] = (None, None)
    category: str = ""
    cover: Cover | None = None
    related: tuple[Related, ...] = ()


def assemble(jobs: Sequence[Job], *, workers: int) -> None:
    """Build every page of ``jobs``, in several processes when there are many."""
    if workers > 1 and len(jobs) > _FEW:
        with ProcessPoolExecutor(max_workers=workers) as pool:
            for _ in pool.map(_make, jobs, chunksize=_CHUNK):
                pass
        return
    for job in jobs:
        _make(job)


def _make(job: Job) -> None:
    page = render_page(page_text(job.source))
    write_file(job.target, fill_shell(page, job))


def fill_shell(page: Page, job: Job) -> str:
    """Return the job's shell with the title, table of contents and body of a page."""
    shell = _CANONICAL.sub(
        lambda match: f"{match[1]}{html.escape(urllib.parse.quote(job.path))}", job.shell
    )
    before, found, rest = shell.partition(CONTENT_START)
    _, closed, after = rest.partition(CONTENT_END)
    if not found or not closed:
        message = "has no place for content; is it a theme of another Zensical?"
        raise InputError(Diagnostic(code="S004", message=message, path="main.html"))
    before = _TOC.sub(lambda match: f"{match[1]}{page.toc}</ul>", before)
    before = before.replace(TITLE, html.escape(page.title))
    before = before.replace(DESCRIPTION, html.escape(page.description))
    after = after.replace(TITLE, html.escape(page.title))
    before = with_alternate(before, job.source.name)
    body = placed(page.body, lambda makes, link: figure(page.title, makes, link, job.cover))
    return f"{before}{body}\n{related_html(job.related)}{_around(job)}{after}"


def with_alternate(text: str, name: str) -> str:
    """Return a page with a link to its Markdown file in its head."""
    link = f'<link rel="alternate" type="text/markdown" href="{html.escape(name)}">'
    return text.replace("</head>", f"{link}</head>", 1)


def _around(job: Job) -> str:
    links = [
        f'<a class="wt-{kind}" rel="{kind}" href="{html.escape(each.href)}">'
        f"<small>{word} in {html.escape(job.category)}</small>{html.escape(each.title)}</a>"
        for kind, word, each in zip(("prev", "next"), ("Previous", "Next"), job.around, strict=True)
        if each is not None
    ]
    if not links:
        return ""
    return f'<nav class="wt-around" aria-label="Neighbours">{"".join(links)}</nav>\n'


def neighbours(pages: Iterable[tuple[str, str, str]]) -> dict[str, tuple[Neighbour | None, ...]]:
    """Return the pages before and after each one in its category, for (category, page, title) in
    order."""
    by_category: dict[str, list[tuple[str, str]]] = {}
    for category, page, title in pages:
        by_category.setdefault(category, []).append((page, title))
    found: dict[str, tuple[Neighbour | None, ...]] = {}
    for members in by_category.values():
        for place, (page, _) in enumerate(members):
            before = members[place - 1] if place else None
            behind = members[place + 1] if place + 1 < len(members) else None
            found[page] = tuple(
                None if each is None else Neighbour(href=_relative(each[0]), title=each[1])
                for each in (before, behind)
            )
    return found


def _relative(page: str) -> str:
    """From ``tools/OWNER/A.html`` to ``tools/OTHER/B.html``."""
    return f"../{page.removeprefix('tools/')}"
