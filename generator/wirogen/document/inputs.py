"""Reads the inputs of a tool, from ``- name:`` to ``- name:``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wirogen.document.fields import Fields, Start, Typed, unknown_keys
from wirogen.document.grammar import DEFAULT, HELP, LABEL, NAME, OPTIONS, TYPE
from wirogen.document.layout import Layout
from wirogen.document.options import read_options, settle
from wirogen.document.parts import Form, Tiler
from wirogen.document.report import Report, shorten
from wirogen.document.values import shown_end, value_of
from wirogen.document.wire import CALLBACK, agrees
from wirogen.spec import Json, Option
from wirogen.spec.model import CHOICE_TYPES


@dataclass(slots=True)
class RawInput:
    """An input as the document has it; ``at`` says where each of its fields begins, and
    ``option_at`` where the value of each option does."""

    name: str
    label: str = ""
    help: str = ""
    type: str = ""
    default: str | None = None
    options: tuple[Option, ...] | None = None
    extra: dict[str, str] = field(default_factory=dict[str, str])
    at: dict[str, int] = field(default_factory=dict[str, int])
    option_at: list[int] = field(default_factory=list[int])


class InputReader:
    """Reads all inputs in ``[start, end)`` and tiles them. ``body`` is the Run Command's, if any."""

    def __init__(
        self,
        layout: Layout,
        tiler: Tiler,
        report: Report,
        body: Mapping[str, Json] | None,
    ) -> None:
        self.layout = layout
        self.text = layout.text
        self.tiler = tiler
        self.report = report
        self.body = body or {}

    def read(self, starts: list[Start], fields: Fields, end: int) -> list[RawInput]:
        found: list[RawInput] = []
        index = 0
        while index < len(starts):
            start = starts[index]
            typed, following = self._choose(starts, index, fields, end)
            limit = starts[following].at if following < len(starts) else end
            if start.name == CALLBACK:
                self.report.add("D211", start.at, CALLBACK, _CALLBACK_INPUT)
                self.tiler.region(start.at, self.layout.trim(start.at, limit)[1], "callback")
            else:
                found.append(self._input(start, typed, fields, limit, len(found)))
            index = following
        return found

    def _choose(
        self, starts: list[Start], index: int, fields: Fields, end: int
    ) -> tuple[Typed, int]:
        """Which ``type: … default:`` is the input's, and which start ends it."""
        start = starts[index]
        following = index + 1
        limit = starts[following].at if following < len(starts) else end
        place = fields.help_of(start, limit) + len(HELP)
        candidates = fields.typed(start.column, place, limit)
        shown = self.shown(start.name)
        if shown:
            for typed in reversed(candidates):
                stop = self._shown_stop(typed, shown, limit, end, starts)
                if stop >= 0:
                    while following < len(starts) and starts[following].at < stop:
                        following += 1
                    return typed, following
            merged = self._merge(starts, index, fields, shown, end)
            if merged is not None:
                return merged
        typed = candidates[-1]
        if len(candidates) > 1 and self.layout.flat:
            self.report.add("D106", typed.at, start.name, _AMBIGUOUS)
        limit = settle(self.layout, typed.after, limit, end)
        while following < len(starts) and starts[following].at < limit:
            following += 1
        return typed, following

    def shown(self, name: str) -> str:
        """The text that the Run Command shows for an input, empty when it shows none."""
        value = self.body.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        return ""

    def _shown_stop(
        self, typed: Typed, shown: str, limit: int, end: int, starts: list[Start]
    ) -> int:
        """Where the default ends when it is what the Run Command shows, else -1."""
        begin = self.layout.skip(typed.after, end)
        stop = shown_end(self.layout, begin, shown)
        if stop < 0:
            return -1
        after = self.layout.skip(stop, end)
        if after >= end or after == limit or any(start.at == after for start in starts):
            return stop
        return stop if self.layout.is_key(after, OPTIONS) else -1

    def _merge(
        self, starts: list[Start], index: int, fields: Fields, shown: str, end: int
    ) -> tuple[Typed, int] | None:
        """Inputs that the Run Command does not know, taken for prose in the ``help:`` of the one
        before, when only then the default is what the Run Command shows."""
        start = starts[index]
        for following in range(index + 1, min(index + 9, len(starts))):
            if starts[following].name in self.body:
                return None
            limit = starts[following + 1].at if following + 1 < len(starts) else end
            for typed in reversed(fields.typed(start.column, starts[following].at, limit)):
                begin, stop = self.layout.trim(typed.after, limit)
                if stop > begin and agrees(self.text[begin:stop], self.body[start.name]):
                    return typed, following + 1
        return None

    def _input(self, start: Start, typed: Typed, fields: Fields, end: int, index: int) -> RawInput:
        layout, text, tiler = self.layout, self.text, self.tiler
        place = ("inputs", index)
        help_at = fields.help_of(start, end)
        tiler.syntax(start.at, NAME)
        begin, stop = layout.trim(start.at + len(NAME), start.label)
        name_end = layout.word_end(begin, stop)
        unknown = unknown_keys(layout, name_end, stop) if name_end < stop else []
        if unknown is None:
            name_end = stop
        raw = RawInput(text[begin:name_end])
        raw.at["name"] = begin
        tiler.value(begin, name_end, (*place, "name"))
        self._extra(raw, unknown or [], stop, place)
        self._line(raw, "label", LABEL, start.label, help_at, start.column, place)
        self._line(raw, "help", HELP, help_at, typed.at, start.column, place)
        tiler.syntax(typed.at, TYPE)
        raw.type = text[slice(*typed.kind)]
        raw.at["type"] = typed.kind[0]
        tiler.value(*typed.kind, (*place, "type"))
        self._extra(raw, unknown_keys(layout, *typed.extra) or [], typed.extra[1], place)
        tiler.syntax(typed.default, DEFAULT)
        self._default(raw, start, typed, end, place)
        return raw

    def _line(
        self, raw: RawInput, name: str, key: str, at: int, end: int, column: int,
        place: tuple[str | int, ...],
    ) -> None:  # fmt: skip
        """A field whose text ends at the next key; unknown keys on lines of their own end it too."""
        layout = self.layout
        self.tiler.syntax(at, key)
        begin, stop = layout.trim(at + len(key), end)
        unknown = self._own_lines(begin, stop, column)
        if unknown:
            begin, stop = layout.trim(begin, unknown[0][0])
        value, form, indent = value_of(layout, begin, stop, column)
        setattr(raw, name, value)
        raw.at[name] = begin
        self.tiler.value(begin, stop, (*place, name), form, indent)
        self._extra(raw, unknown, end, place)

    def _own_lines(self, start: int, end: int, column: int) -> list[tuple[int, int]]:
        """Unknown keys in ``[start, end)`` that stand on lines of their own at ``column``."""
        layout = self.layout
        found: list[tuple[int, int]] = []
        if layout.flat or column == 0:
            return found
        line = self.text.find("\n", start, end)
        while line >= 0:
            at = layout.skip(line + 1, end)
            if at < end and layout.column(at) == column:
                stop = layout.word_end(at, end)
                pairs = unknown_keys(layout, at, stop)
                if pairs:
                    found.append(pairs[0])
            line = self.text.find("\n", max(at, line + 1), end)
        return found

    def _extra(
        self, raw: RawInput, keys: list[tuple[int, int]], end: int,
        place: tuple[str | int, ...],
    ) -> None:  # fmt: skip
        """Unknown keys, kept with their text."""
        for number, (at, stop) in enumerate(keys):
            limit = keys[number + 1][0] if number + 1 < len(keys) else end
            key = self.text[at : stop - 1]
            begin, last = self.layout.trim(stop, limit)
            value, form, indent = value_of(self.layout, begin, last)
            slot = len(raw.extra)
            self.report.add("D102", at, raw.name, f"has an unknown key {shorten(key)}")
            if key in raw.extra:
                key = f"{key} {slot}"
            raw.extra[key] = value
            self.tiler.value(at, stop - 1, (*place, "extra", slot, "key"))
            self.tiler.syntax(stop - 1, ":")
            self.tiler.value(begin, last, (*place, "extra", slot, "value"), form, indent)

    def _default(
        self, raw: RawInput, start: Start, typed: Typed, end: int,
        place: tuple[str | int, ...],
    ) -> None:  # fmt: skip
        layout, text = self.layout, self.text
        shown = self.shown(raw.name)
        begin, stop = layout.trim(typed.after, end)
        known_stop = self._known_stop(begin, stop, shown)
        options = self._options_key(raw, start, known_stop if known_stop >= 0 else begin, stop)
        limit = options if options >= 0 else stop
        unknown: list[tuple[int, int]] = []
        if known_stop >= 0:
            rest = layout.skip(known_stop, limit)
            if rest < limit:
                unknown = unknown_keys(layout, rest, limit) or []
        else:
            unknown = self._own_lines(begin, limit, start.column)
            if layout.flat and raw.type in {"number", "float"} and begin < limit:
                word = layout.word_end(begin, limit)
                unknown = unknown_keys(layout, word, limit) or []
        begin, last = layout.trim(typed.after, unknown[0][0] if unknown else limit)
        value, form, indent = value_of(layout, begin, last, start.column, shown or None)
        raw.at["default"] = begin
        if raw.type in CHOICE_TYPES and len(value) > 1 and value[0] == value[-1] == '"':
            value, form = text[begin + 1 : last - 1], Form.QUOTED
        raw.default = value if value or form is Form.QUOTED else None
        self.tiler.value(begin, last, (*place, "default"), form, indent)
        self._extra(raw, unknown, limit, place)
        if options >= 0:
            self.tiler.syntax(options, OPTIONS)
            raw.at["options"] = options
            raw.options = read_options(
                layout, self.tiler, self.report, raw.name, (*place, "options"),
                (options + len(OPTIONS), stop), raw.option_at,
            )  # fmt: skip

    def _known_stop(self, begin: int, end: int, shown: str) -> int:
        """Where the default ends according to the Run Command, or -1 when it does not say."""
        if not shown:
            return -1
        stop = shown_end(self.layout, begin, shown)
        if stop < 0 or stop > end:
            return -1
        return stop if stop == end or self.layout.skip(stop, end) > stop else -1

    def _options_key(self, raw: RawInput, start: Start, begin: int, end: int) -> int:
        """Where ``options:`` is, or -1. Choices always have it; in the default of a text it is
        prose, elsewhere it counts when options follow."""
        layout = self.layout
        column = None if layout.flat else start.column
        at = layout.find(OPTIONS, begin, end, column)
        if raw.type in {"text", "textarea"}:
            return -1
        while at >= 0:
            after = layout.skip(at + len(OPTIONS), end)
            if after == end or self.text.startswith("- value:", after):
                if raw.type in CHOICE_TYPES:
                    return at
                if after < end:
                    self.report.add(
                        "D208",
                        at,
                        raw.name,
                        f"has options although its type is {shorten(raw.type)}",
                    )
                    return at
            at = layout.find(OPTIONS, at + 1, end, column)
        return -1


_AMBIGUOUS = "can be read in more than one way; the last 'type: … default:' was taken"
_CALLBACK_INPUT = "is a parameter of every run, so it is not taken for an input"
