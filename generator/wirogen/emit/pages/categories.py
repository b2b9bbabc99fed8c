"""Categories as pages: what each one is called, where its page lies; and what a tool makes, and how
many."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wiro_runtime.catalogue.output_kind import MEDIA
from wiro_runtime.catalogue.output_kind import output_kind as kind_of_outputs
from wirogen.plan import ToolPlan, ToolSummary
from wirogen.plan.identifiers import words
from wirogen.plan.kinds import FILE_KINDS, LORA_KINDS, NUMBER_KINDS, Kind
from wirogen.plan.model import Code, InputPlan
from wirogen.plan.names import category_slug
from wirogen.specs import ToolSpec

_DOCUMENTS: Final = frozenset({"document", "file", "pdf", "zip"})
_TO: Final = re.compile(r"\bto[- ]([a-z0-9]+)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A category and the name of its page."""

    name: str
    """The category."""
    slug: Code
    """The name of its page's file."""


class Purpose(StrEnum):
    """What people come for, in the order of lists."""

    IMAGE = "image"
    EDIT = "edit"
    VIDEO = "video"
    VOICE = "voice"
    MUSIC = "music"
    TEXT = "text"
    MODEL = "3d"
    OTHER = "other"

    @property
    def heading(self) -> Code:
        """The purpose as a person says it."""
        return Code(_TITLES[self])

    @property
    def anchor(self) -> Code:
        """The id of its heading in the list of all tools."""
        return Code(_TITLES[self].lower().replace(" ", "-"))


_TITLES: Final = {
    Purpose.IMAGE: "Make an image",
    Purpose.EDIT: "Edit an image",
    Purpose.VIDEO: "Make a video",
    Purpose.VOICE: "Make a voice",
    Purpose.MUSIC: "Make music",
    Purpose.TEXT: "Write text",
    Purpose.MODEL: "Make a 3D model",
    Purpose.OTHER: "Something else",
}
_VOICES: Final = frozenset("speech tts voice voices narrator speaker dubbing talking".split())


def purpose_of(spec: ToolSpec, takes: Collection[str]) -> Purpose:
    """The one purpose that a tool is listed under; ``takes`` are its :func:`input_kinds`."""
    makes = output_kind(spec)
    if makes == "image":
        named = [category_slug(text) for text in (*spec.categories, spec.project, *spec.tags)]
        drawn = any(name.startswith("text-to-image") for name in named)
        return Purpose.EDIT if "image" in takes and not drawn else Purpose.IMAGE
    if makes == "audio":
        texts = " ".join((*spec.categories, spec.project, *spec.tags, spec.name)).lower()
        spoken = not _VOICES.isdisjoint(re.split(r"[^a-z0-9]+", texts))
        return Purpose.VOICE if spoken else Purpose.MUSIC
    return Purpose(makes)


def categories_of(spec: ToolSpec) -> list[Category]:
    """The categories of a tool, each once however it is spelt."""
    return _folded(spec.categories)


def topics_of(spec: ToolSpec) -> list[Category]:
    """The categories and tags of a tool, each once however it is spelt."""
    return _folded((*spec.categories, *spec.tags))


def _folded(names: Iterable[str]) -> list[Category]:
    found: dict[str, Category] = {}
    for name in names:
        if name.strip():
            slug = Code(category_slug(name))
            found.setdefault(slug, Category(name=name, slug=slug))
    return list(found.values())


def by_category(tools: Iterable[ToolSummary]) -> list[tuple[Category, list[ToolSummary]]]:
    """Each category with its tools, by name; of several spellings the commonest is shown."""
    members: defaultdict[str, list[ToolSummary]] = defaultdict(list)
    spellings: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for tool in tools:
        for each in categories_of(tool.spec):
            members[each.slug].append(tool)
            spellings[each.slug][each.name] += 1
    names = {
        slug: min(counts, key=lambda name: (-counts[name], name))
        for slug, counts in spellings.items()
    }
    ordered = sorted(members, key=lambda slug: (names[slug].lower(), slug))
    return [(Category(name=names[slug], slug=Code(slug)), members[slug]) for slug in ordered]


def output_kind(spec: ToolSpec) -> str:
    """What a tool makes: ``image video audio text 3d``, or ``other``."""
    return kind_of_outputs(spec.categories, spec.project, spec.tags, spec.samples)


def input_kinds(inputs: Iterable[InputPlan]) -> list[str]:
    """What a caller brings along: ``text image video audio document lora``, in this order."""
    found: set[str] = set()
    for item in inputs:
        parts = {word.lower() for word in words(item.spec.name, split_camel=True)}
        if item.kind in FILE_KINDS:
            media = parts & {*MEDIA}
            found |= media or {"document" if parts & _DOCUMENTS else "image"}
        elif item.kind in LORA_KINDS:
            found.add("lora")
        elif "prompt" in parts or (item.required and item.kind is Kind.TEXT):
            found.add("text")
    return [kind for kind in ("text", *MEDIA, "document", "lora") if kind in found]


def main_category(plan: ToolPlan) -> str:
    """The category whose neighbours a page links to: the first that says what is made."""
    names = [each.name for each in categories_of(plan.spec)]
    return next((name for name in names if _TO.search(name)), names[0] if names else "")


_COUNTS: Final = frozenset(
    {
        "samples", "num samples", "number of samples", "n", "num outputs", "number of outputs",
        "num images", "number of images", "image count", "max images", "num videos", "batch size",
        "sample count", "output count", "number results", "num results",
    }
)  # fmt: skip


def count_input(inputs: Iterable[InputPlan]) -> InputPlan | None:
    """The number that says how many outputs are made, by its name (``samples``, ``numImages``)."""
    for item in inputs:
        name = " ".join(words(item.spec.name, split_camel=True)).lower()
        if name in _COUNTS and item.kind in NUMBER_KINDS:
            return item
    return None
