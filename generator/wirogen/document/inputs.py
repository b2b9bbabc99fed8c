"""Reads the inputs of a tool, from ``- name:`` to ``- name:``, and decides how each is sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial

from wirogen.common.text import shorten
from wirogen.document.fields import Fields, Start, Typed, own_lines, unknown_keys
from wirogen.document.grammar import DEFAULT, HELP, LABEL, NAME, OPTIONS, TYPE, VALUE
from wirogen.document.options import heading_after_options, read_options, settle
from wirogen.document.page import Page, shown_end, spellings, value_of
from wirogen.document.source_map import Form, SpecPath
from wirogen.merge.wire import (
    CALLBACK,
    PROMPT,
    SENT,
    Decision,
    agrees,
    decide,
    decided,
    either_will_do,
    shown_type,
    shown_wire,
)
from wirogen.specs import Described, Input, Json
from wirogen.specs.model import CHOICE_TYPES, KNOWN_TYPES


@dataclass(slots=True, kw_only=True)
class RawInput(Described):
    """The fields of an input as text. ``at`` is the offset at which each of its fields begins,
    ``option_at`` the offset of the value of each option."""

    at: dict[str, int] = field(default_factory=dict[str, int])
    extra: dict[str, str] = field(default_factory=dict[str, str])
    option_at: list[int] = field(default_factory=list[int])


def assemble(
    raw: list[RawInput], body: Mapping[str, Json] | None, unusable: Collection[str] = ()
) -> tuple[list[Input], list[Decision]]:
    """The inputs, and what was decided for each. ``body`` is the body of the Run Command
    (``None``: there is none); keys of it that no input describes become inputs at the end.
    ``unusable`` are its keys whose values cannot be read."""
    inputs: list[Input] = []
    decisions: list[Decision] = []
    for item in raw:
        decision = decide(item, body, unusable)
        decisions.append(decision)
        inputs.append(decided(item, decision, item.extra))
    names = {item.name for item in raw} | {CALLBACK}
    for name, value in (body or {}).items():
        if name not in names:
            item = Described(name=name, type=shown_type(value))
            decision = Decision(required=False, wire=shown_wire(value), shown=SENT)
            if name == PROMPT:  # no billed run begins from an example, described or not
                decision = decide(item, body, unusable)
            decisions.append(decision)
            inputs.append(decided(item, decision))
    return list(either_will_do(inputs)), decisions


PROSE_TYPES = frozenset({"text", "textarea"})
_TELLING = 8
_AMBIGUOUS = "can be read in more than one way; the last 'type: … default:' was taken"
_WITH_OPTIONS = "can be read in more than one way; the 'type: … default:' with options was taken"
_SECOND = "is the name of an input before; this one is kept as text"
_BROKEN = "lacks a key that inputs have; it was taken for text"
_CALLBACK_INPUT = "is a parameter of every run, so it is not taken for an input"


class InputReader:
    """Reads and tiles inputs. ``body`` is the body of the Run Command, empty if there is none:
    where a text can be read in more than one way, what it shows decides. ``keep_text`` keeps a
    stretch of the document as a section with a title."""

    def __init__(
        self,
        page: Page,
        fields: Fields,
        body: Mapping[str, Json],
        keep_text: Callable[[str, int, int], None],
    ) -> None:
        self.page = page
        self.layout = page.layout
        self.text = page.text
        self.source_map = page.source_map
        self.fields = fields
        self.body = body
        self.keep_text = keep_text
        self.places: set[int] = set()

    def read(self, starts: list[Start], end: int) -> list[RawInput]:
        """The inputs that begin at ``starts`` (less those that turn out to be prose)."""
        found: list[RawInput] = []
        self.places = {start.at for start in starts}
        names: set[str] = set()
        index = 0
        while index < len(starts):
            start = starts[index]
            if start.broken:
                index += 1
                limit = starts[index].at if index < len(starts) else end
                self.page.report.add("D106", start.at, start.name, _BROKEN)
                self.keep_text(f"Input {start.name}", start.at, limit)
                continue
            typed, following = self._choose(starts, index, end)
            limit = starts[following].at if following < len(starts) else end
            if start.name == CALLBACK:
                self.page.report.add("D211", start.at, CALLBACK, _CALLBACK_INPUT)
                self.source_map.region(start.at, self.layout.trim(start.at, limit)[1], "callback")
            elif start.name in names:
                self.page.report.add("D206", start.at, start.name, _SECOND)
                self.keep_text(f"Second input {start.name}", start.at, limit)
            elif not start.name:
                self.page.report.add(
                    "D106", start.at, "", "is an input without a name; kept as text"
                )
                self.keep_text("Input without a name", start.at, limit)
            else:
                names.add(start.name)
                found.append(self._input(start, typed, limit, len(found)))
            index = following
        return found

    def end_of_last(self, start: Start, end: int) -> int:
        """Where the last input ends when an unknown section may follow it: at the first heading
        behind a text that is complete. In a text that may hold anything, only the Run Command
        (or a line of its own) makes it a heading."""
        layout = self.layout
        if start.broken:
            heading = layout.heading(start.at, end)
            return heading if heading >= 0 else end
        place = self.fields.help_of(start, end) + len(HELP)
        candidates = self.fields.typed(start.column, place, end)
        if not candidates:
            return end
        typed = candidates[-1]
        prose = self.text[slice(*typed.kind)] in PROSE_TYPES
        find = layout.heading if prose else partial(heading_after_options, layout)
        heading = find(typed.after, end)
        if heading < 0:
            return end
        begin = layout.skip(typed.after, end)
        shown = self.shown(start.name)
        if shown:
            stop = shown_end(layout, begin, shown)
            if stop > heading:
                following = layout.heading(stop, end)
                return following if following >= 0 else end
            if stop >= 0 and layout.skip(stop, end) == heading:
                return heading
        if layout.flat and prose and begin < heading:
            message = "holds what may be the heading of a section; it was taken for text"
            self.page.report.add("D106", heading, start.name, message)
            return end
        return heading

    def shown(self, name: str) -> str:
        """The text that the Run Command shows for an input, empty when it shows none."""
        value = self.body.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        return ""

    def _choose(self, starts: list[Start], index: int, end: int) -> tuple[Typed, int]:
        """Which ``type: … default:`` is the input's, and which start ends it."""
        start = starts[index]
        following = index + 1
        limit = starts[following].at if following < len(starts) else end
        place = self.fields.help_of(start, limit) + len(HELP)
        candidates = self.fields.typed(start.column, place, limit)
        shown = self.shown(start.name)
        if shown:
            for spelling in spellings(self.layout, shown):
                for typed in reversed(candidates):
                    stop = self._shown_stop(typed, spelling, end)
                    if stop >= 0:
                        while following < len(starts) and starts[following].at < stop:
                            following += 1
                        return typed, following
            merged = self._merge(starts, index, end)
            if merged is not None:
                return merged
        typed = self._with_options(candidates, end) or candidates[-1]
        if len(candidates) > 1 and self.layout.flat:
            message = _AMBIGUOUS if typed is candidates[-1] else _WITH_OPTIONS
            self.page.report.add("D106", typed.at, start.name, message)
        limit = settle(self.layout, typed.after, limit, end)
        while following < len(starts) and starts[following].at < limit:
            following += 1
        return typed, following

    def _with_options(self, candidates: list[Typed], end: int) -> Typed | None:
        """The choice whose ``options:`` stand before the next ``type: … default:``: that one is
        in the text of an option (``description: … type: text default: b``)."""
        if self._has_options(candidates[-1], end):
            return None
        limits = [*(typed.at for typed in candidates[1:]), end]
        found = zip(candidates, limits, strict=True)
        return next((typed for typed, limit in found if self._has_options(typed, limit)), None)

    def _has_options(self, typed: Typed, end: int) -> bool:
        if self.text[slice(*typed.kind)] not in CHOICE_TYPES:
            return False
        at = self.layout.find(OPTIONS, typed.after, end)
        return at >= 0 and self.text.startswith(VALUE, self.layout.skip(at + len(OPTIONS), end))

    def _shown_stop(self, typed: Typed, spelling: str, end: int) -> int:
        """Where the default ends when it is what the Run Command shows, else -1."""
        begin = self.layout.skip(typed.after, end)
        stop = begin + len(spelling)
        # Where it ends is cheap to check, and wrong for all but one of many candidates.
        found = self._is_end(stop, end) and self.text.startswith(spelling, begin)
        return stop if found else -1

    def _is_end(self, stop: int, end: int) -> bool:
        """Whether an input or its options can begin behind a default that ends at ``stop``."""
        after = self.layout.skip(stop, end)
        return stop <= end and (
            after >= end or after in self.places or self.layout.is_key(after, OPTIONS)
        )

    def _merge(self, starts: list[Start], index: int, end: int) -> tuple[Typed, int] | None:
        """Takes inputs that the Run Command does not know for prose in the ``help:`` of the one
        before, when only then the default is what the Run Command shows. Short values do not
        count: they are equal by chance."""
        start = starts[index]
        shown = self.body[start.name]
        if not isinstance(shown, str) or len(shown) < _TELLING:
            return None
        for following in range(index + 1, min(index + 9, len(starts))):
            if starts[following].name in self.body:
                return None
            limit = starts[following + 1].at if following + 1 < len(starts) else end
            for typed in reversed(self.fields.typed(start.column, starts[following].at, limit)):
                begin, stop = self.layout.trim(typed.after, limit)
                if stop > begin and agrees(self.text[begin:stop], shown):
                    return typed, following + 1
        return None

    def _input(self, start: Start, typed: Typed, end: int, index: int) -> RawInput:
        layout, source_map = self.layout, self.source_map
        place: SpecPath = ("inputs", index)
        raw = self._keys(start, typed, end, place)
        options = self._default(raw, typed, start.column, end, place)
        if options >= 0:
            source_map.syntax(options, OPTIONS)
            raw.at["options"] = options
            after = options + len(OPTIONS)
            keys = own_lines(layout, after, end, start.column)
            span = (after, keys[0][0] if keys else end)
            found = read_options(self.page, raw.name, (*place, "options"), span)
            raw.options, raw.option_at = found
            self._keep(raw, keys, end, place)
        return raw

    def _keys(self, start: Start, typed: Typed, end: int, place: SpecPath) -> RawInput:
        """Everything before the text of the default."""
        layout, text, source_map = self.layout, self.text, self.source_map
        help_at = self.fields.help_of(start, end)
        source_map.syntax(start.at, NAME)
        begin, stop = layout.trim(start.at + len(NAME), start.label)
        name_end = layout.word_end(begin, stop)
        unknown = unknown_keys(layout, name_end, stop) if name_end < stop else []
        if unknown is None:
            name_end = stop
        raw = RawInput(name=text[begin:name_end], at={"name": begin})
        source_map.value(begin, name_end, (*place, "name"))
        self._keep(raw, unknown or [], stop, place)
        source_map.syntax(start.label, LABEL)
        raw.label = self._line(
            raw, (start.label + len(LABEL), help_at), start.column, (*place, "label")
        )
        source_map.syntax(help_at, HELP)
        raw.help = self._line(raw, (help_at + len(HELP), typed.at), start.column, (*place, "help"))
        source_map.syntax(typed.at, TYPE)
        raw.type = text[slice(*typed.kind)]
        raw.at["type"] = typed.kind[0]
        source_map.value(*typed.kind, (*place, "type"))
        self._keep(raw, unknown_keys(layout, *typed.extra) or [], typed.extra[1], place)
        source_map.syntax(typed.default, DEFAULT)
        return raw

    def _keep(self, raw: RawInput, keys: list[tuple[int, int]], end: int, place: SpecPath) -> None:
        self.page.keep(keys, end, place, raw.extra, code="D102", subject=raw.name)

    def _line(self, raw: RawInput, span: tuple[int, int], column: int, place: SpecPath) -> str:
        """A text that ends at the next key, or at an unknown key on a line of its own."""
        layout = self.layout
        begin, stop = layout.trim(*span)
        raw.at[str(place[-1])] = begin
        unknown = own_lines(layout, begin, stop, column)
        value = self.page.value(begin, unknown[0][0] if unknown else stop, place, column)
        self._keep(raw, unknown, stop, place[:-1])
        return value

    def _default(self, raw: RawInput, typed: Typed, column: int, end: int, place: SpecPath) -> int:
        """Reads the default; returns where ``options:`` is, or -1."""
        layout = self.layout
        shown = self.shown(raw.name)
        begin, stop = layout.trim(typed.after, end)
        known_stop = self._known_stop(begin, stop, shown)
        options = self._options_key(raw, column, max(known_stop, begin), stop)
        limit = options if options >= 0 else stop
        unknown: list[tuple[int, int]] = []
        if known_stop >= 0:
            unknown = unknown_keys(layout, known_stop, limit) or []
        elif not layout.flat and value_of(layout, begin, limit, column, shown)[0] != shown:
            unknown = own_lines(layout, begin, limit, column)
        elif raw.type in {"number", "float"}:
            unknown = unknown_keys(layout, layout.word_end(begin, limit), limit) or []
        begin, last = layout.trim(typed.after, unknown[0][0] if unknown else limit)
        raw.at["default"] = begin
        value, form, indent = value_of(layout, begin, last, column, shown or None)
        self._set_default(raw, value, (begin, last), place, form, indent)
        self._keep(raw, unknown, limit, place)
        return options

    def _set_default(
        self,
        raw: RawInput,
        value: str,
        span: tuple[int, int],
        place: SpecPath,
        form: Form = Form.TEXT,
        indent: int = 0,
    ) -> None:
        if raw.type in CHOICE_TYPES and len(value) > 1 and value[0] == value[-1] == '"':
            value, form = self.text[span[0] + 1 : span[1] - 1], Form.QUOTED
        raw.default = value if value or form is Form.QUOTED else None
        self.source_map.value(*span, (*place, "default"), form, indent)

    def _known_stop(self, begin: int, end: int, shown: str) -> int:
        """Where the default ends according to the Run Command, or -1 when it does not say."""
        stop = shown_end(self.layout, begin, shown) if shown else -1
        return stop if stop == end or 0 <= stop < self.layout.skip(stop, end) else -1

    def _options_key(self, raw: RawInput, column: int, begin: int, end: int) -> int:
        """Where ``options:`` is, or -1. Choices always have it; in the default of a text it is
        prose, elsewhere it counts when options follow."""
        if raw.type in PROSE_TYPES:
            return -1
        layout = self.layout
        wanted = None if layout.flat else column
        at = layout.find(OPTIONS, begin, end, wanted)
        while at >= 0:
            after = layout.skip(at + len(OPTIONS), end)
            choice = raw.type in CHOICE_TYPES or raw.type not in KNOWN_TYPES
            if after == end and choice:
                return at
            if self.text.startswith(VALUE, after):
                if not choice:
                    message = f"has options although its type is {shorten(raw.type)}"
                    self.page.report.add("D208", at, raw.name, message)
                return at
            at = layout.find(OPTIONS, at + 1, end, wanted)
        return -1
