"""A catalogue of made-up tool documents, as many as wanted: plausible, varied, always the same.

:func:`documents` gives the texts; :func:`pages` gives them before they are written down, for tests
that need another layout, the full list of models or a later snapshot of the same tool.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from corpus.inputs import fields, inspires
from corpus.page import Choice, Field, Page, randomness
from corpus.words import CATEGORIES, COVERS, DESCRIPTIONS, OWNERS, PROJECTS, TAGS, VERSIONS

__all__ = ["Choice", "Field", "Page", "documents", "later", "pages"]


def documents(count: int, seed: int = 0) -> Iterator[tuple[str, str]]:
    """``count`` pairs of tool id and document. The first ones are the same for any count."""
    for page in pages(count, seed):
        yield page.tool, page.text(full=page.number % 3 == 0)


def pages(count: int, seed: int = 0) -> Iterator[Page]:
    """``count`` pages with distinct tool ids."""
    for number in range(count):
        yield _page(number, seed)


def later(page: Page, seed: int = 1) -> Page:
    """The same tool some time after: another cover, help and default, an input more."""
    chance = randomness(f"later:{page.tool}:{seed}")
    changed = chance.randrange(len(page.fields))
    fields = [
        replace(each, help="What it was, in other words.") if index == changed else each
        for index, each in enumerate(page.fields)
    ]
    extra = Field(name=f"added{seed}", label="Added", help="", type="number", default="3", shown=3)
    cover = f"https://cdn.wiro.ai/uploads/models/later-{seed}.mp4"
    return replace(page, cover=cover, fields=(*fields, extra))


def _page(number: int, seed: int) -> Page:
    chance = randomness(f"{seed}:{number}")
    owner = chance.choice(OWNERS)
    stem = f"{chance.choice(PROJECTS)}{chance.choice(VERSIONS)}"
    name, path, tool = _names(owner, stem, number, chance)
    cover = chance.choice(COVERS)
    made = tuple(fields(number, chance))
    return Page(
        number=number,
        tool=tool,
        path=path,
        name=name,
        word="Tool" if chance.random() < 0.7 else "Model",
        description=chance.choice((*DESCRIPTIONS, stem)),
        cover=cover
        if cover == "No cover"
        else f"https://cdn.wiro.ai/uploads/models/{number}-{cover}",
        categories=tuple(chance.sample(CATEGORIES, chance.randint(1, 10))),
        tags=tuple(chance.sample(TAGS, chance.randint(1, 4))) if chance.random() < 0.6 else (),
        fields=made,
        inspires=inspires(made, chance),
        new_tail=chance.random() < 0.6,
        flat=chance.random() < 0.5,
    )


def _names(owner: str, stem: str, number: int, chance: random.Random) -> tuple[str, str, str]:
    """The displayed name, the path in the Run endpoint and the tool id."""
    style = chance.randrange(8)
    if style == 0:
        name = f"{owner}/{stem.replace('-', ' ').title()} Mix v{number}.0"
        return name, name, name
    if style == 1:
        name = f"{owner}/{stem.replace('-', ' ').title()} {number}"
        return name, name.replace(" ", "%20"), name
    if style == 2:
        slug = f"{owner.lower()}/{stem}{number}-1"
        return f"{owner}/{stem.title()}{number}.1", slug, slug
    if style == 3:
        tool = f"{owner}/{stem.replace('-', '_')}_{number}"
        return tool, tool, tool
    tool = f"{owner.lower()}/{stem}-{number}"
    return tool, tool, tool
