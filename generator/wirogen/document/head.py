"""The head of a document: from ``## Basic tool info`` up to the heading of the inputs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from wirogen.document.grammar import (
    DETAIL_ENDPOINT,
    ITEM,
    NO_COVER,
    RUN_ENDPOINT,
    START,
    WHITE,
    WORDS,
    head_key,
    inputs_title,
)
from wirogen.document.layout import Layout
from wirogen.document.parts import Tiler
from wirogen.document.report import Report

_EXTRA_WORDS: Final = 6


@dataclass(slots=True)
class Head:
    """What the head says. ``end`` is where the text after the inputs' heading begins."""

    word: str
    end: int = 0
    name: str = ""
    description: str = ""
    cover: str | None = None
    categories: list[str] = field(default_factory=list[str])
    tags: list[str] = field(default_factory=list[str])
    run: str = ""
    detail: str = ""
    extra: dict[str, str] = field(default_factory=dict[str, str])
    at: dict[str, int] = field(default_factory=dict[str, int])


def read_head(layout: Layout, tiler: Tiler, report: Report) -> Head:
    """Reads the head; raises ``InputError`` when it ends before the inputs begin."""
    return _Reader(layout, tiler, report).read()


class _Reader:
    def __init__(self, layout: Layout, tiler: Tiler, report: Report) -> None:
        self.layout = layout
        self.text = layout.text
        self.tiler = tiler
        self.report = report

    def read(self) -> Head:
        text, layout = self.text, self.layout
        start = layout.skip(0, len(text))
        self.tiler.syntax(start, START)
        at = layout.skip(start + len(START), len(text))
        word = next((word for word in WORDS if text.startswith(head_key(word, "name"), at)), "")
        if not word:
            self.report.fail("D005", at, "has no 'Tool name:' after its first heading")
        head = Head(word)
        end = self._inputs_heading(word, at)
        self._fields(head, at, end)
        title = inputs_title(word if text.startswith(inputs_title(word), end) else _other(word))
        self.tiler.syntax(end, title)
        head.end = end + len(title)
        return head

    def _inputs_heading(self, word: str, start: int) -> int:
        """Where the heading of the inputs is: the first one that follows the Detail endpoint."""
        layout, text = self.layout, self.text
        detail = layout.find(DETAIL_ENDPOINT, start, len(text))
        if detail < 0:
            self.report.fail(
                "D005", len(text), "ends before its Run endpoint is complete: no tool id"
            )
        first = -1
        for title in (inputs_title(word), inputs_title(_other(word))):
            at = layout.find(title, detail, len(text))
            while at >= 0:
                first = at if first < 0 else min(first, at)
                begin, end = layout.trim(start, at)
                url = end
                while url > begin and text[url - 1] not in WHITE:
                    url -= 1
                if layout.trim(start, url)[1] >= len(DETAIL_ENDPOINT) and text.endswith(
                    DETAIL_ENDPOINT, 0, layout.trim(start, url)[1]
                ):
                    return at
                at = layout.find(title, at + 1, len(text))
            if first >= 0:
                return first
        return self.report.fail(
            "D005", len(text), "ends before its inputs: there is nothing to call"
        )

    def _fields(self, head: Head, start: int, end: int) -> None:
        layout, word = self.layout, head.word
        run = layout.find_last(RUN_ENDPOINT, start, end)
        detail = layout.find_last(DETAIL_ENDPOINT, start, end)
        if run < 0 or detail < run:
            self.report.fail("D005", start, "has no Run endpoint: no tool id")
        description = layout.find(head_key(word, "description"), start, run)
        categories = layout.find_last(head_key(word, "categories"), start, run)
        cover = layout.find_last(
            head_key(word, "cover"), start, categories if categories >= 0 else run
        )
        tags = layout.find(head_key(word, "tags"), max(start, categories), run)
        places = [
            (start, head_key(word, "name")),
            (description, head_key(word, "description")),
            (cover, head_key(word, "cover")),
            (categories, head_key(word, "categories")),
            (tags, head_key(word, "tags")),
            (run, RUN_ENDPOINT),
            (detail, DETAIL_ENDPOINT),
        ]
        found = [(at, key) for at, key in places if at >= 0]
        for index, (at, key) in enumerate(found):
            limit = found[index + 1][0] if index + 1 < len(found) else end
            self.tiler.syntax(at, key)
            self._field(head, key, at + len(key), limit)

    def _field(self, head: Head, key: str, start: int, end: int) -> None:
        layout, text, tiler = self.layout, self.text, self.tiler
        begin, end = layout.trim(start, end)
        value = text[begin:end]
        name = key.rsplit(" ", 1)[-1].rstrip(":")
        if key == RUN_ENDPOINT:
            head.run, head.at["run"] = value, begin
            tiler.value(begin, end, ("endpoints", "run"))
        elif key == DETAIL_ENDPOINT:
            head.detail = value
            tiler.value(begin, end, ("endpoints", "detail"))
        elif name in {"categories", "tags"}:
            items = head.categories if name == "categories" else head.tags
            self._items(items, name, begin, end)
        elif name == "cover":
            if value == NO_COVER:
                tiler.syntax(begin, NO_COVER)
            else:
                head.cover = value or None
                tiler.value(begin, end, ("cover",))
        else:
            head.at[name] = begin
            if name == "name":
                head.name = value
            else:
                head.description = value
            tiler.value(begin, end, (name,))

    def _items(self, items: list[str], name: str, start: int, end: int) -> None:
        layout, text = self.layout, self.text
        marks = layout.find_all(ITEM, start, end)
        for index, mark in enumerate(marks):
            limit = marks[index + 1] if index + 1 < len(marks) else end
            begin, stop = layout.trim(mark + 1, limit)
            self.tiler.syntax(mark, ITEM)
            self.tiler.value(begin, stop, (name, len(items)))
            items.append(text[begin:stop])


def _other(word: str) -> str:
    return WORDS[1] if word == WORDS[0] else WORDS[0]
