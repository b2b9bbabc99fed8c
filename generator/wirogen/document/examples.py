"""Reads the ``Parameter Inspires``: sets of values for the inputs, kept as examples."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from wirogen.document.fields import is_unknown_key
from wirogen.document.grammar import ITEM, WORDS, inspires_title
from wirogen.document.page import Page
from wirogen.document.source_map import Form

_SUFFIX = "Url"


@dataclass(frozen=True, slots=True)
class _Item:
    dash: int
    key: int
    key_end: int
    name: str
    known: bool


class ExampleReader:
    """Reads the items in a span. ``names`` are the inputs' names: in the flat form only they make
    an item, so that `` - `` in a prompt stays prose. A set ends where a key comes again."""

    def __init__(self, page: Page, names: Collection[str]) -> None:
        self.page = page
        self.layout = page.layout
        self.source_map = page.source_map
        self.names = names

    def find(self, start: int, end: int) -> list[_Item]:
        layout = self.layout
        items: list[_Item] = []
        column: int | None = None
        for dash in layout.find_all(ITEM, start, end):
            if column is not None and layout.column(dash) != column:
                continue
            item = self._item(dash, end)
            if item is None or not (item.known or not items or not layout.flat):
                continue
            column = layout.column(dash)
            items.append(item)
        return items

    def _item(self, dash: int, end: int) -> _Item | None:
        key = self.layout.skip(dash + 1, end)
        stop = self.layout.word_end(key, end)
        word = self.layout.text[key:stop]
        name = word[:-1]
        if word.endswith(":") and name in self.names:
            return _Item(dash, key, stop, name, known=True)
        if word.endswith(":") and name + _SUFFIX in self.names:
            return _Item(dash, key, stop, name + _SUFFIX, known=True)
        return _Item(dash, key, stop, name, known=False) if is_unknown_key(word) else None

    def _heading(self, start: int, end: int) -> tuple[int, str]:
        """The heading of the examples behind a value, where a document has it twice, else -1."""
        for title in map(inspires_title, WORDS):
            at = self.layout.find(title, start, end)
            if at >= 0:
                return at, title
        return -1, ""

    def read(self, items: list[_Item], end: int) -> list[dict[str, str]]:
        layout, source_map = self.layout, self.source_map
        sets: list[dict[str, str]] = []
        again = -1
        for number, item in enumerate(items):
            limit = items[number + 1].dash if number + 1 < len(items) else end
            if again >= 0 or not sets or item.name in sets[-1]:
                sets.append({})
            place = ("examples", len(sets) - 1, len(sets[-1]))
            if not item.known:
                self.page.report.add(
                    "D111", item.key, item.name, "is in an example but not an input"
                )
            source_map.syntax(item.dash, ITEM)
            stem = layout.text[item.key : item.key_end - 1] != item.name
            source_map.value(
                item.key, item.key_end - 1, (*place, "key"), Form.STEM if stem else Form.TEXT
            )
            source_map.syntax(item.key_end - 1, ":")
            again, title = self._heading(item.key_end, limit)
            stop = again if again >= 0 else limit
            sets[-1][item.name] = self.page.value(item.key_end, stop, (*place, "value"), 2)
            if again >= 0:
                source_map.syntax(again, title)
        return sets
