"""Sets rendered pages into the shells that Zensical built."""

from __future__ import annotations

import html
import re
import urllib.parse
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from wirogen.common.files import write_file
from wirogen.diagnostics.model import input_error
from wirogen.pipeline.workers import Workers
from wirogen.site.covers import Cover
from wirogen.site.markup import Page, page_text, render_page
from wirogen.site.pictures import figure, placed
from wirogen.site.theme import CONTENT_END, CONTENT_START, DESCRIPTION, TITLE

_TOC: Final = re.compile(
    r'(<ul class="md-nav__list" data-md-component="toc"[^>]*>).*?</ul>', re.DOTALL
)
_CANONICAL: Final = re.compile(
    r'(<link rel="canonical" href="[^"]*?)(?:tools/shell|categories)/shell\.html'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One page to build; ``path`` is relative to the site. ``end`` is HTML that follows the text:
    related tools, and links to the pages before and after it. ``cover`` is its picture."""

    source: Path
    target: Path
    shell: str
    path: str
    end: str = ""
    cover: Cover | None = None


def assemble(jobs: Sequence[Job], *, workers: int) -> None:
    """Build every page of ``jobs``, in several processes when there are many."""
    with Workers(workers) as processes:
        for _ in processes.map(_make, jobs):
            pass


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
        raise input_error("S004", message, "main.html")
    before = _TOC.sub(lambda match: f"{match[1]}{page.toc}</ul>", before)
    before = before.replace(TITLE, html.escape(page.title))
    before = before.replace(DESCRIPTION, html.escape(page.description))
    after = after.replace(TITLE, html.escape(page.title))
    before = with_alternate(before, job.source.name)
    body = placed(page.body, lambda makes, link: figure(page.title, makes, link, job.cover))
    return f"{before}{body}\n{job.end}{after}"


def with_alternate(text: str, name: str) -> str:
    """Return a page with a link to its Markdown file in its head."""
    link = f'<link rel="alternate" type="text/markdown" href="{html.escape(name)}">'
    return text.replace("</head>", f"{link}</head>", 1)


def neighbours(pages: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """The links to the pages before and after each one in its category, as HTML by page, for
    (category, page, title) in order; pages that are alone in their category have none."""
    by_category: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for category, page, title in pages:
        by_category[category].append((page, title))
    links: defaultdict[str, list[str]] = defaultdict(list)
    for category, members in by_category.items():
        for before, behind in pairwise(members):
            links[behind[0]].append(_link("prev", "Previous", category, before))
            links[before[0]].append(_link("next", "Next", category, behind))
    return {
        page: f'<nav class="wt-around" aria-label="Neighbours">{"".join(found)}</nav>\n'
        for page, found in links.items()
    }


def _link(kind: str, word: str, category: str, to: tuple[str, str]) -> str:
    """A link between two pages of tools: ``tools/OWNER/A.html`` and ``tools/OTHER/B.html``."""
    page, title = to
    href = html.escape(f"../{page.removeprefix('tools/')}")
    return (
        f'<a class="wt-{kind}" rel="{kind}" href="{href}">'
        f"<small>{word} in {html.escape(category)}</small>{html.escape(title)}</a>"
    )
