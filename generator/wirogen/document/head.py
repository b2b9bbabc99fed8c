"""The head of a document: from ``## Basic tool info`` up to the heading of the inputs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from wirogen.common.text import WHITE
from wirogen.document.grammar import (
    DETAIL_ENDPOINT,
    ITEM,
    NO_COVER,
    RUN_ENDPOINT,
    START,
    WORDS,
    head_key,
    inputs_title,
)
from wirogen.document.page import Page

_ENDPOINT_KEY: Final = r"(?:[A-Z][a-z]+ ){1,4}Endpoint \([A-Z]+\):"
_LINE_KEY: Final = re.compile(r"[A-Z][\w ()-]{0,40}:(?=\s|$)", re.ASCII)


@dataclass(slots=True)
class Head:
    """What the head says. ``at`` is where its values begin; ``sections`` where unknown sections
    begin and the inputs' heading ends them (equal without any); ``end`` is behind that heading."""

    word: str
    end: int = 0
    sections: tuple[int, int] = (0, 0)
    name: str = ""
    description: str = ""
    cover: str | None = None
    categories: list[str] = field(default_factory=list[str])
    tags: list[str] = field(default_factory=list[str])
    run: str = ""
    detail: str = ""
    extra: dict[str, str] = field(default_factory=dict[str, str])
    at: dict[str, int] = field(default_factory=dict[str, int])


def read_head(page: Page, start: int) -> Head:
    """Reads the head, which begins at ``start``; raises ``InputError`` when it ends before the
    inputs begin."""
    return _Reader(page).read(start)


class _Reader:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.layout = page.layout
        self.text = page.text
        self.source_map = page.source_map
        self.report = page.report
        self.head = Head("")
        self.unknown = re.compile("")

    def read(self, start: int) -> Head:
        text, layout, head = self.text, self.layout, self.head
        self.source_map.syntax(start, START)
        at = layout.skip(start + len(START), len(text))
        head.word = next((word for word in WORDS if text.startswith(f"{word} name:", at)), "")
        if not head.word:
            self.report.fail("D005", at, "has no 'Tool name:' after its first heading")
        self.unknown = re.compile(
            rf"(?<!\S)(?:{head.word} [a-z][a-z ]{{0,30}}:|{_ENDPOINT_KEY})(?=\s|$)"
        )
        title, end = self._inputs_heading(at)
        self._fields(at, end)
        head.end = end + len(title)
        return head

    def _inputs_heading(self, start: int) -> tuple[str, int]:
        """The heading of the inputs: the first one right behind the Detail endpoint, else the
        first one after it."""
        layout, text = self.layout, self.text
        detail = layout.find(DETAIL_ENDPOINT, start, len(text))
        if detail < 0:
            self.report.fail("D005", len(text), "ends before its endpoints do: no tool id")
        words = sorted(WORDS, key=lambda word: word != self.head.word)
        for title in map(inputs_title, words):
            places = layout.find_all(title, detail, len(text))
            for at in places:
                if self._behind_detail(detail, at):
                    return title, at
            if places:
                return title, places[0]
        return self.report.fail("D005", len(text), "ends before its inputs begin")

    def _behind_detail(self, start: int, at: int) -> bool:
        """Whether only the Detail endpoint's address stands between its key and ``at``."""
        begin, end = self.layout.trim(max(start, at - 500), at)
        while end > begin and self.text[end - 1] not in WHITE:
            end -= 1
        key_end = self.layout.trim(begin, end)[1]
        return self.text.endswith(DETAIL_ENDPOINT, begin, key_end)

    def _fields(self, start: int, end: int) -> None:
        layout, word = self.layout, self.head.word
        detail = layout.find_last(DETAIL_ENDPOINT, start, end)
        run = layout.find_last(RUN_ENDPOINT, start, detail)
        if run < 0:
            self.report.fail("D005", start, "has no Run endpoint: no tool id")
        categories = layout.find_last(head_key(word, "categories"), start, run)
        places = {
            "name": start,
            "description": layout.find(head_key(word, "description"), start, run),
            "cover": layout.find_last(
                head_key(word, "cover"), start, categories if categories >= 0 else run
            ),
            "categories": categories,
            "tags": layout.find(head_key(word, "tags"), max(start, categories), run),
        }
        if places["tags"] < 0 <= places["cover"]:
            # An address holds no key, so one in front of the categories is no text.
            places["tags"] = layout.find(head_key(word, "tags"), places["cover"], run)
        for name, at in places.items():
            if at < 0 and name != "tags":
                self.report.add("D108", start, name, f"is missing: no '{head_key(word, name)}'")
        keys = [(at, head_key(word, name), name) for name, at in places.items() if at >= 0]
        keys += [(run, RUN_ENDPOINT, "run"), (detail, DETAIL_ENDPOINT, "detail")]
        keys.sort()
        section = layout.heading(detail, end)
        self.head.sections = (section if section >= 0 else end, end)
        for index, (at, key, name) in enumerate(keys):
            limit = keys[index + 1][0] if index + 1 < len(keys) else self.head.sections[0]
            self.source_map.syntax(at, key)
            self._field(name, at + len(key), limit)

    def _field(self, name: str, start: int, end: int) -> None:
        """One field, up to the next known key; unknown keys end it as well."""
        head, layout = self.head, self.layout
        keys = self._unknown_keys(name, start, end)
        begin, stop = layout.trim(start, keys[0][0] if keys else end)
        head.at[name] = begin
        if name in {"categories", "tags"}:
            self._items(head.categories if name == "categories" else head.tags, name, begin, stop)
        elif name == "cover" and self.text[begin:stop] == NO_COVER:
            self.source_map.syntax(begin, NO_COVER)
        else:
            place = ("endpoints", name) if name in {"run", "detail"} else (name,)
            value = self.page.value(begin, stop, place)
            setattr(head, name, value or None if name == "cover" else value)
        self.page.keep(keys, end, (), head.extra, code="D101", subject="")

    def _unknown_keys(self, name: str, start: int, end: int) -> list[tuple[int, int]]:
        layout = self.layout
        found = {
            match.start(): match.end()
            for match in self.unknown.finditer(self.text, start, end)
            if layout.column(match.start()) == 0
            and (name != "description" or self._begins_sentence(match.start(), start))
        }
        if not layout.flat and name != "description":
            line = self.text.find("\n", start, end)
            while line >= 0:
                match = _LINE_KEY.match(self.text, line + 1, end)
                if match:
                    found[match.start()] = match.end()
                line = self.text.find("\n", line + 1, end)
        known = {head_key(self.head.word, known) for known in ("name", "tags", "cover")}
        return sorted((at, stop) for at, stop in found.items() if self.text[at:stop] not in known)

    def _begins_sentence(self, at: int, start: int) -> bool:
        """Whether a key may stand at ``at`` in a description: "this Tool helps: …" has none."""
        before = self.text[start:at].rstrip(WHITE)
        return not self.layout.flat or before[-1:] in {"", ".", "!", "?"}

    def _items(self, items: list[str], name: str, start: int, end: int) -> None:
        layout = self.layout
        marks = layout.find_all(ITEM, start, end)
        loose = layout.trim(start, marks[0] if marks else end)
        if loose[0] < loose[1]:
            self.report.add("D108", start, name, "has text in front of its first item")
            items.append(self.page.value(*loose, (name, 0)))
        for index, mark in enumerate(marks):
            limit = marks[index + 1] if index + 1 < len(marks) else end
            self.source_map.syntax(mark, ITEM)
            items.append(self.page.value(mark + len(ITEM), limit, (name, len(items))))
