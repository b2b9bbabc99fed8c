"""The source map of a document: which span of its text became which part of the spec.

Together the spans tile the document: every character is in exactly one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import starmap
from typing import NamedTuple, TypeAlias

from wirogen.common.text import WHITE

SpecPath: TypeAlias = "tuple[str | int, ...]"
"""Where in a spec a value is: ``("inputs", 3, "label")``."""


class Kind(StrEnum):
    """What a span is: a word of the grammar, white space between spans, a value that is in the
    spec, or a region of boilerplate that is known by name and kept out of the spec."""

    SYNTAX = "syntax"
    SPACE = "space"
    VALUE = "value"
    REGION = "region"


class Form(StrEnum):
    """How a value is spelled in the document.

    ``TEXT`` as it is (``None`` is blank), ``QUOTED`` between double quotes, ``JSON`` as JSON,
    ``LINES`` as text whose further lines are indented, or end in CRLF, or both, ``FOLDED`` with a
    blank for every run of white space, ``STEM`` without the ``Url`` at its end, ``NUMBERED``
    without the number that tells it from the same key before.
    """

    TEXT = "text"
    QUOTED = "quoted"
    JSON = "json"
    LINES = "lines"
    FOLDED = "folded"
    STEM = "stem"
    NUMBERED = "numbered"


class Span(NamedTuple):
    """One piece of the document, from ``start`` up to ``end`` (0-based, in characters).

    ``name`` is the word (syntax) or the name of the region; ``path`` is where in the spec a value
    is; ``indent`` is how far further lines of a value are indented.
    """

    kind: Kind
    start: int
    end: int
    name: str = ""
    path: SpecPath = ()
    form: Form = Form.TEXT
    indent: int = 0


Row: TypeAlias = "tuple[Kind, int, int, str] | tuple[Kind, int, int, str, SpecPath, Form, int]"
"""The fields of a span. A document has hundreds, and named tuples of them all take a tenth of the
time of reading it."""


class SourceMap:
    """Collects the spans of a document from left to right, white space left out."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    @property
    def spans(self) -> Iterator[Span]:
        return starmap(Span, self.rows)

    def syntax(self, start: int, word: str) -> None:
        self.rows.append((Kind.SYNTAX, start, start + len(word), word))

    def value(
        self, start: int, end: int, path: SpecPath, form: Form = Form.TEXT, indent: int = 0
    ) -> None:
        self.rows.append((Kind.VALUE, start, end, "", path, form, indent))

    def region(self, start: int, end: int, name: str) -> None:
        if end > start:
            self.rows.append((Kind.REGION, start, end, name))


def with_gaps(text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """``spans`` and what lies between them: white space, or a region named ``unread`` where there
    is other text, which no document should have."""
    found: list[Span] = []
    at = 0
    for span in (*spans, None):
        start = len(text) if span is None else span.start
        if start > at:
            blank = not text[at:start].strip(WHITE)
            kind, name = (Kind.SPACE, "") if blank else (Kind.REGION, "unread")
            found.append(Span(kind, at, start, name))
        if span is not None:
            found.append(span)
            at = span.end
    return tuple(found)
