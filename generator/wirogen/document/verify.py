"""Proof that nothing in a document was dropped: the text is built again from the spec.

Every value comes from the spec, every other word from the grammar's own table; only white space
and the regions of boilerplate, which are known by name, come from the document.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final, cast

from wirogen.common.json_values import same
from wirogen.common.text import WHITE
from wirogen.diagnostics.model import Position, position_at
from wirogen.document.grammar import REGIONS, SYNTAX
from wirogen.document.json_decoding import JsonError, decode
from wirogen.document.page import spell_lines
from wirogen.document.parse import ParsedDocument
from wirogen.document.source_map import Form, Kind, Span, SpecPath
from wirogen.merge.wire import fold
from wirogen.specs import UNSENT, Json, ToolSpec

_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The first place where document and spec differ. ``expected`` is what the spec says."""

    position: Position
    path: SpecPath
    expected: str
    found: str

    def __str__(self) -> str:
        where = ".".join(map(str, self.path)) or "the text"
        return (
            f"{self.position.line}:{self.position.column}: {where}: the spec gives "
            f"{self.expected!r}, the document has {self.found!r}"
        )


def verify(parsed: ParsedDocument, spec: ToolSpec | None = None) -> Mismatch | None:
    """Builds the document again from ``spec`` (the parsed one by default, or the same one read
    back from YAML) and compares it character by character; JSON that is not in its shortest
    spelling is compared by value. Returns the first mismatch, ``None`` when nothing was lost.
    """
    spec = parsed.spec if spec is None else spec
    text, at = parsed.text, 0
    seen: Counter[SpecPath] = Counter()
    for span in parsed.spans:
        if span.start != at:
            return _mismatch(parsed, at, (), "a part", text[at : span.start])
        at = span.end
        seen[span.path] += 1
        expected = _rebuild(parsed, span, spec)
        found = text[span.start : span.end]
        if expected != found:
            return _mismatch(parsed, span.start, span.path, expected, found)
    for place in _places(spec):
        if place not in seen:
            return _mismatch(parsed, len(text), place, str(_lookup(spec, place)), "")
    if replace(spec, source=None) != replace(parsed.spec, source=None):
        return _mismatch(parsed, len(text), (), "what the rules made of it", "something else")
    return None


def _mismatch(
    parsed: ParsedDocument, offset: int, place: SpecPath, expected: str, found: str
) -> Mismatch:
    return Mismatch(position_at(parsed.text, offset), place, expected, found)


def _rebuild(parsed: ParsedDocument, span: Span, spec: ToolSpec) -> str:
    """The text that belongs at ``span``."""
    found = parsed.text[span.start : span.end]
    if span.kind is Kind.SYNTAX:
        return span.name if span.name in SYNTAX else ""
    if span.kind is Kind.SPACE:
        return found if not found.strip(WHITE) else ""
    if span.kind is Kind.REGION:
        return found if span.name in REGIONS else ""
    value = _lookup(spec, span.path)
    if value is _MISSING:
        return "(nothing)"
    return _spell(parsed, span, value, found)


def _spell(parsed: ParsedDocument, span: Span, value: object, found: str) -> str:
    if span.form is Form.JSON:
        return _spell_json(parsed, span, value, found)
    if value is None:
        return ""
    if not isinstance(value, str):
        return repr(value)
    if span.form is Form.QUOTED:
        return f'"{value}"'
    if span.form is Form.LINES:
        return spell_lines(value, parsed.newline, span.indent)
    if span.form is Form.FOLDED:
        return fold(value)
    if span.form is Form.STEM:
        return value.removesuffix("Url")
    if span.form is Form.NUMBERED:
        return value.rpartition(" ")[0]
    # An empty default is quoted; a blank one is no text at all.
    return value or ("" if span.path[-1:] != ("default",) else '""')


def _spell_json(parsed: ParsedDocument, span: Span, value: object, found: str) -> str:
    plain = _plain(value)
    try:
        there, end = decode(parsed.text, span.start, strict=False)
    except JsonError as error:
        return error.reason
    if end == span.end and same(there, plain):
        return found
    return json.dumps(plain, ensure_ascii=False, separators=(",", ":"))


def _plain(value: object) -> Json:
    """``value`` with the types that JSON gives."""
    if value is UNSENT:
        return "(not sent)"
    if isinstance(value, tuple | list):
        return [_plain(item) for item in cast("Sequence[object]", value)]
    if isinstance(value, Mapping):
        items = cast("Mapping[str, object]", value)
        return {key: _plain(item) for key, item in items.items()}
    return cast("Json", value)


def _lookup(spec: ToolSpec, place: SpecPath) -> object:
    """What the spec has at ``place``; ``_MISSING`` when it has nothing there."""
    at: object = spec
    for number, step in enumerate(place):
        if isinstance(at, Mapping):
            items = cast("Mapping[str, object]", at)
            if isinstance(step, int):
                pair = next(islice(items.items(), step, None), (_MISSING, _MISSING))
                return pair[0 if place[number + 1] == "key" else 1]
            at = items.get(step, _MISSING)
        elif isinstance(step, int):
            row = cast("tuple[object, ...]", at)
            at = row[step] if step < len(row) else _MISSING
        else:
            at = getattr(at, step, _MISSING)
        if at is None or at is _MISSING:
            break
    return at


def _places(spec: ToolSpec) -> Iterator[SpecPath]:
    """Every place of the spec that must come from the document."""
    yield ("name",)
    for name in ("categories", "tags"):
        yield from ((name, index) for index in range(len(getattr(spec, name))))
    yield from (("endpoints", name) for name in spec.endpoints)
    yield from (("extra", slot, "value") for slot in range(len(spec.extra)))
    for index, example in enumerate(spec.examples):
        yield from (("examples", index, slot, "value") for slot in range(len(example)))
    yield from (("sections", index, "text") for index in range(len(spec.sections)))
    for index, item in enumerate(spec.inputs):
        place: SpecPath = ("inputs", index)
        yield (*place, "name")
        if item.label or item.help or item.options or item.default is not None:
            yield from ((*place, name) for name in ("label", "help", "type", "default"))
        yield from ((*place, "extra", slot, "value") for slot in range(len(item.extra)))
        for number, option in enumerate(item.options or ()):
            where = (*place, "options", number)
            yield (*where, "value")
            if option.label:
                yield (*where, "label")
            for name in ("description", "triggerwords", "generatesettings"):
                if getattr(option, name) is not None:
                    yield (*where, name)
            yield from ((*where, "extra", slot, "value") for slot in range(len(option.extra)))
