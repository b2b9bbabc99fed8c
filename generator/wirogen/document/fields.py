"""Finds where inputs begin and where their fields end.

In both layouts a key counts only in its place: ``- name:``, ``label:``, ``help:``, ``type:`` with
a word that can be a type, ``default:``. What looks like a key elsewhere is prose. Where several
readings remain, the value that the Run Command shows decides, and else the last ``type: …
default:`` before the next input.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final

from wirogen.common.text import WHITE
from wirogen.document.grammar import DEFAULT, HELP, LABEL, NAME, TYPE
from wirogen.document.layout import Layout
from wirogen.specs import Json
from wirogen.specs.model import KNOWN_TYPES

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_OWN_LINE: Final = re.compile(rf"\n([ \t]*)({_WORD.pattern}:)(?=[{WHITE}]|\Z)")
_KIND: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_place: Final = attrgetter("at")
NAME_LIMIT: Final = 200
"""A name longer than this is prose."""


@dataclass(slots=True)
class Typed:
    """A ``type: KIND default:``: where it begins, the kind, where the default's text begins."""

    at: int
    kind: tuple[int, int]
    extra: tuple[int, int]
    default: int
    after: int
    known: bool


@dataclass(slots=True)
class Start:
    """The beginning of an input: its dash, its ``label:``, the indentation of its keys, and the
    first ``help:`` behind (-1: none). One that is ``broken`` lacks a key."""

    at: int
    label: int
    column: int
    name: str
    help: int = -1
    broken: bool = False


class Fields:
    """An index of every key in the inputs' part of a document; built in one pass."""

    def __init__(self, layout: Layout, start: int, end: int) -> None:
        self.layout = layout
        self.text = layout.text
        self.start = start
        self.end = end
        self.helps: dict[int, list[int]] = {}
        for at, column in layout.places(HELP, start, end):
            self.helps.setdefault(column, []).append(at)
        self.types = self._types()
        self.places: list[Start] = []
        self.marks = self._marks()
        for mark in self.marks:
            places = self.helps.get(mark.column, [])
            index = bisect_left(places, mark.label + len(LABEL))
            mark.help = places[index] if index < len(places) else -1

    def _types(self) -> dict[int, list[Typed]]:
        found: dict[int, list[Typed]] = {}
        for at, column in self.layout.places(TYPE, self.start, self.end):
            typed = self._typed(at, column)
            if typed is not None:
                found.setdefault(column, []).append(typed)
        return found

    def _typed(self, at: int, column: int) -> Typed | None:
        """The ``type: KIND default:`` that begins at ``at``, ``None`` when it is none."""
        layout, text = self.layout, self.text
        begin = layout.skip(at + len(TYPE), self.end)
        stop = layout.word_end(begin, self.end)
        kind = text[begin:stop]
        if kind == DEFAULT:
            default, stop = begin, begin
        elif not _KIND.fullmatch(kind):
            return None
        else:
            default = layout.skip(stop, self.end)
            if not text.startswith(DEFAULT, default):
                default = self._after_unknown_keys(default, column)
        if default < 0 or not layout.is_key(default, DEFAULT):
            return None
        if not layout.flat and layout.column(default) != column:
            return None
        after = default + len(DEFAULT)
        known = text[begin:stop] in KNOWN_TYPES
        return Typed(at, (begin, stop), (stop, default), default, after, known)

    def _after_unknown_keys(self, start: int, column: int) -> int:
        """``default:`` behind unknown keys (``type: number min: 1 default: 3``) of the same input,
        or -1."""
        limit = min(self.end, start + NAME_LIMIT)
        following = self.layout.find(NAME, start, limit)
        limit = following if following >= 0 else limit
        key = self.layout.word_end(start, limit)
        if not is_unknown_key(self.text[start:key]):
            return -1
        at = self.layout.find(DEFAULT, start, limit, None if self.layout.flat else column)
        return at if at >= 0 and unknown_keys(self.layout, start, at) else -1

    def _marks(self) -> list[Start]:
        layout, text = self.layout, self.text
        found: list[Start] = []
        indent: int | None = None
        for at, column in layout.places(NAME, self.start, self.end):
            if indent is not None and column != indent:
                continue
            name = at + len(NAME)
            limit = min(self.end, name + NAME_LIMIT)
            begin = layout.skip(name, limit)
            word = text[begin : layout.word_end(begin, limit)]
            label = layout.find(LABEL, name, limit)
            self.places.append(Start(at, begin, column, word))
            if label < 0:
                continue
            begin, stop = layout.trim(name, label)
            indent = column
            word = text[begin : layout.word_end(begin, stop)]
            found.append(Start(at, label, layout.column(label) or 0, word))
        return found

    def _complete(self) -> list[Start]:
        """The inputs that have all their keys before the next one that has; from right to left, so
        that a ``- name: … label: …`` in prose is seen to lack the rest."""
        found: list[Start] = []
        end = self.end
        for mark in reversed(self.marks):
            if self._is_complete(mark, end):
                found.append(mark)
                end = mark.at
        found.reverse()
        return found

    def with_broken(self, shown: Mapping[str, Json]) -> list[Start]:
        """The inputs, and where others begin that lack a key although the Run Command has them:
        none of these is text of the one before."""
        complete = self._complete()
        there = {start.at for start in complete}
        broken = self._lacking(shown, {start.name for start in complete})
        marks = {mark.at: mark for mark in self.marks}
        found: list[Start] = []
        end = self.end
        for start in reversed(self.places):
            mark = marks.get(start.at)
            if mark is not None and self._is_complete(mark, end):
                found.append(mark)
            elif start.at in there or broken.get(start.name) == start.at:
                found.append(replace(start, broken=True))
            else:
                continue
            end = start.at
        found.reverse()
        return found

    def _is_complete(self, mark: Start, end: int) -> bool:
        place = self.help_of(mark, end)
        return place >= 0 and bool(self.typed(mark.column, place, end))

    def _lacking(self, shown: Mapping[str, Json], named: set[str]) -> dict[str, int]:
        """Where each input begins that the Run Command has, and not as text, and that is not among
        those ``named``, by its name."""
        first: dict[str, int] = {}
        for start in self.places:
            if start.name in shown and start.name not in named:
                first.setdefault(start.name, start.at)
        texts = [text for text in shown.values() if isinstance(text, str)]
        return {
            name: at
            for name, at in first.items()
            if not any(f"{NAME} {name}" in text for text in texts)
        }

    def help_of(self, mark: Start, end: int) -> int:
        """The first ``help:`` of an input that ends at ``end``, or -1."""
        return mark.help if mark.help < end else -1

    def typed(self, column: int, start: int, end: int) -> list[Typed]:
        """Every ``type: … default:`` in ``[start, end)``; known types only, if there are any."""
        every = self.types.get(column, [])
        first = bisect_left(every, start, key=_place)
        found = every[first : bisect_left(every, end, first, key=_place)]
        return [typed for typed in found if typed.known] or found


def is_unknown_key(word: str) -> bool:
    """Whether ``word`` is written like a key (``placeholder:``)."""
    return word.endswith(":") and _WORD.fullmatch(word[:-1]) is not None


def unknown_keys(layout: Layout, start: int, end: int) -> list[tuple[int, int]] | None:
    """The keys in ``[start, end)`` when it is nothing but ``key: value`` pairs, else ``None``;
    each with where its key begins and where its value begins."""
    found: list[tuple[int, int]] = []
    begin, end = layout.trim(start, end)
    at = begin
    while at < end:
        stop = layout.word_end(at, end)
        if is_unknown_key(layout.text[at:stop]) and (layout.flat or layout.column(at) is not None):
            found.append((at, stop))
        elif not found:
            return None
        at = layout.skip(stop, end)
    return found


def own_lines(layout: Layout, start: int, end: int, column: int) -> list[tuple[int, int]]:
    """Unknown keys in ``[start, end)`` that stand on lines of their own at ``column``; none in the
    flat form, nor where keys are not indented (verse could not be told from keys)."""
    if layout.flat or column == 0:
        return []
    found = _OWN_LINE.finditer(layout.text, start, end)
    return [match.span(2) for match in found if match.end(1) - match.start(1) == column]
