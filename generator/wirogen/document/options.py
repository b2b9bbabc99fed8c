"""Reads the options of a choice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from wirogen.common.text import shorten
from wirogen.document.fields import own_lines, unknown_keys
from wirogen.document.grammar import (
    DESCRIPTION,
    GENERATESETTINGS,
    LABEL,
    TRIGGERWORDS,
    VALUE,
)
from wirogen.document.json_decoding import JsonError, decode
from wirogen.document.layout import Layout
from wirogen.document.page import Page
from wirogen.document.source_map import Form, SpecPath
from wirogen.specs import Json, Option

_TRIES = 4


def settle(layout: Layout, start: int, limit: int, end: int) -> int:
    """Where the text from ``start`` really can end, when ``limit`` cuts the JSON of an option in
    two because a string in it looks like an input."""
    while limit < end:
        reached = limit
        for key in (TRIGGERWORDS, GENERATESETTINGS):
            at = layout.find_last(key, start, limit)
            if at < 0:
                continue
            try:
                stop = decode(layout.text, layout.skip(at + len(key), end))[1]
            except JsonError:
                continue
            reached = max(reached, stop)
        if reached == limit:
            return limit
        limit = reached
    return limit


def heading_after_options(layout: Layout, start: int, end: int) -> int:
    """The first place in ``[start, end)`` for the heading of a section that is behind the last
    key of an option and not inside its JSON, or -1."""
    last = max(layout.find_last(key, start, end) for key in (VALUE, TRIGGERWORDS, GENERATESETTINGS))
    at = layout.heading(max(last, start), end)
    while at >= 0:
        inside = settle(layout, start, at, end)
        if inside == at:
            return at
        at = layout.heading(inside, end)
    return -1


def read_options(
    page: Page, subject: str, place: SpecPath, span: tuple[int, int]
) -> tuple[tuple[Option, ...], list[int]]:
    """The options in ``span``, and the offset of the value of each."""
    return _Options(page, subject, place).read(*span)


@dataclass(frozen=True, slots=True)
class _Array:
    """The JSON array behind a key at ``at``; ``value`` is ``None`` when something is ``wrong``."""

    key: str
    at: int
    start: int
    end: int
    value: tuple[Json, ...] | None
    wrong: JsonError | None = None


class _Options:
    def __init__(self, page: Page, subject: str, place: SpecPath) -> None:
        self.page = page
        self.layout = page.layout
        self.text = page.text
        self.source_map = page.source_map
        self.report = page.report
        self.subject = f"{subject}.options"
        self.place = place
        self.offsets: list[int] = []

    def read(self, start: int, end: int) -> tuple[tuple[Option, ...], list[int]]:
        marks = self._marks(start, end)
        limits = [*marks[1:], end][: len(marks)]
        spans = zip(marks, limits, strict=True)
        options = tuple(self._option(*span, place) for place, span in enumerate(spans))
        return options, self.offsets

    def _marks(self, start: int, end: int) -> list[int]:
        """Where options begin: the first ``- value:``, wherever it stands, then each that has the
        column of the others and is followed by a quote, as they are."""
        places = list(self.layout.places(VALUE, start, end))
        marks: list[int] = []
        if places:
            first, column = places[0]
            quoted = self._quoted(first, end)
            marks = [
                at
                for at, its_column in places
                if its_column == column and (not quoted or self._quoted(at, end))
            ]
        begin = self.layout.skip(start, end)
        if self.text.startswith(VALUE, begin) and begin < end and begin not in marks[:1]:
            marks.insert(0, begin)
        return marks

    def _quoted(self, at: int, end: int) -> bool:
        begin = at + len(VALUE) + 1
        return self.text.startswith('"', begin, end) or self.text.startswith(
            '"', self.layout.skip(begin - 1, end)
        )

    def _option(self, start: int, end: int, index: int) -> Option:
        layout, text, source_map = self.layout, self.text, self.source_map
        place = (*self.place, index)
        source_map.syntax(start, VALUE)
        begin = layout.skip(start + len(VALUE), end)
        end = layout.trim(start, end)[1]
        value_end, label = self._value_end(begin, end)
        self.offsets.append(begin)
        quoted = value_end - begin > 1 and text[begin] == text[value_end - 1] == '"'
        if quoted:
            value = text[begin + 1 : value_end - 1]
            source_map.value(begin, value_end, (*place, "value"), Form.QUOTED)
        else:
            value = text[begin:value_end]
            source_map.value(begin, value_end, (*place, "value"))
            self.report.add(
                "D210", begin, self.subject, f"has a value without quotes: {shorten(value)}"
            )
        if label < 0:
            self.report.add("D213", begin, self.subject, f"has no label for {shorten(value)}")
            return Option(value=value, label="")
        return self._rest(value, label, end, place)

    def _value_end(self, begin: int, end: int) -> tuple[int, int]:
        """Where the value ends (its quotes included) and where its ``label:`` is (-1: nowhere)."""
        layout, text = self.layout, self.text
        label = layout.find(LABEL, begin, end)
        if not text.startswith('"', begin):
            stop = label if label >= 0 else end
            return layout.trim(begin, stop)[1], label
        while label >= 0:
            stop = layout.trim(begin, label)[1]
            if stop - begin > 1 and text[stop - 1] == '"':
                return stop, label
            label = layout.find(LABEL, label + 1, end)
        return end, -1

    def _rest(self, value: str, label_at: int, end: int, place: SpecPath) -> Option:
        layout, source_map = self.layout, self.source_map
        column = None if layout.flat else layout.column(label_at)
        start = label_at + len(LABEL)
        settings = self._array(GENERATESETTINGS, start, end, column)
        words = self._array(TRIGGERWORDS, start, settings.at if settings else end, column)
        arrays_at = words.at if words else settings.at if settings else end
        about_at = layout.find(DESCRIPTION, start, arrays_at, column)
        extra: dict[str, str] = {}
        source_map.syntax(label_at, LABEL)
        label_end = about_at if about_at >= 0 else arrays_at
        line_end = self._label_end(start, end, column) if label_end == end else label_end
        label = self._line((start, line_end), column, (*place, "label"), extra)
        if line_end < label_end:
            self._keep_behind("label", layout.skip(line_end, end), end, place, extra)
        about: str | None = None
        if about_at >= 0:
            source_map.syntax(about_at, DESCRIPTION)
            span = (about_at + len(DESCRIPTION), arrays_at)
            about = self._line(span, column, (*place, "description"), extra)
        trigger: tuple[str, ...] | None = None
        sliders: tuple[Mapping[str, Json], ...] | None = None
        if words:
            found = self._keep_array(words, settings.at if settings else end, place, extra)
            trigger = cast("tuple[str, ...] | None", found)
        if settings:
            found = self._keep_array(settings, end, place, extra)
            sliders = cast("tuple[Mapping[str, Json], ...] | None", found)
        return Option(
            value=value,
            label=label,
            description=about,
            triggerwords=trigger,
            generatesettings=sliders,
            extra=extra,
        )

    def _label_end(self, start: int, end: int, column: int | None) -> int:
        """Where a label ends that is the last key of its option: at the end of its line, if what
        follows stands further left than a key, as a comment or a heading between inputs does."""
        begin, stop = self.layout.trim(start, end)
        line = self.text.find("\n", begin, stop)
        if column is None or line < 0:
            return end
        following = self.layout.skip(line, stop)
        indent = following - 1 - self.text.rfind("\n", line, following)
        return line if indent < column else end

    def _line(
        self, span: tuple[int, int], column: int | None, place: SpecPath, extra: dict[str, str]
    ) -> str:
        """A text that ends at the next key, or at an unknown key on a line of its own."""
        start, end = span
        keys = own_lines(self.layout, start, end, column or 0)
        value = self.page.value(start, keys[0][0] if keys else end, place)
        self._keep(keys, end, place[:-1], extra)
        return value

    def _keep(
        self, keys: list[tuple[int, int]], end: int, place: SpecPath, extra: dict[str, str]
    ) -> None:
        self.page.keep(keys, end, place, extra, code="D103", subject=self.subject)

    def _array(self, key: str, start: int, end: int, column: int | None) -> _Array | None:
        """The last ``key`` whose JSON reaches ``end`` or unknown keys before it, else the last."""
        layout = self.layout
        last: _Array | None = None
        at = layout.find_last(key, start, end, column)
        for _ in range(_TRIES):
            if at < 0:
                break
            array = self._read_array(key, at, end)
            if array.value is not None:
                rest = layout.skip(array.end, end)
                if rest >= end or unknown_keys(layout, rest, end):
                    return array
            last = last or array
            at = layout.find_last(key, start, at, column)
        return last

    def _read_array(self, key: str, at: int, end: int) -> _Array:
        begin = self.layout.skip(at + len(key), end)
        try:
            value, stop = decode(self.text, begin)
        except JsonError as error:
            return _Array(key, at, begin, begin, None, error)
        wanted = str if key == TRIGGERWORDS else dict
        if isinstance(value, list) and all(isinstance(item, wanted) for item in value):
            return _Array(key, at, begin, stop, tuple(value))
        return _Array(
            key, at, begin, begin, None, JsonError(begin, "not an array of the right kind")
        )

    def _keep_array(
        self, array: _Array, end: int, place: SpecPath, extra: dict[str, str]
    ) -> tuple[Json, ...] | None:
        """Tiles an array; one that cannot be read is kept as text in ``extra``."""
        layout, source_map = self.layout, self.source_map
        name = array.key.rstrip(":")
        if array.value is not None and array.end <= end:
            source_map.syntax(array.at, array.key)
            source_map.value(array.start, array.end, (*place, name), Form.JSON)
            if layout.skip(array.end, end) < end:
                self._behind(array, end, place, extra)
            return array.value
        wrong = array.wrong or JsonError(end, "it does not end in time")
        message = f"has {name} that cannot be read: {wrong.reason}"
        self.report.add("D209", min(wrong.offset, end), self.subject, message)
        slot = len(extra)
        source_map.value(array.at, array.at + len(name), (*place, "extra", slot, "key"))
        source_map.syntax(array.at + len(name), ":")
        extra[name] = self.page.value(array.start, end, (*place, "extra", slot, "value"))
        return None

    def _behind(self, array: _Array, end: int, place: SpecPath, extra: dict[str, str]) -> None:
        keys = unknown_keys(self.layout, array.end, end)
        if keys is None:
            self._keep_behind(array.key.rstrip(":"), array.end, end, place, extra)
        self._keep(keys or [], end, place, extra)

    def _keep_behind(
        self, name: str, start: int, end: int, place: SpecPath, extra: dict[str, str]
    ) -> None:
        self.report.add("D103", start, self.subject, f"has text behind its {name}")
        where = (*place, "extra", len(extra), "value")
        extra[f"after {name}"] = self.page.value(start, end, where)
