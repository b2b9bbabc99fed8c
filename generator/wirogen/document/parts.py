"""The pieces that a document is cut into. Together they tile it: every character is in one."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, TypeAlias

from wirogen.document.grammar import WHITE

Place: TypeAlias = "tuple[str | int, ...]"


class Kind(StrEnum):
    """What a part is: a word of the grammar, white space between parts, a value that is in the
    spec, or a region of boilerplate that is known by name and kept out of the spec."""

    SYNTAX = "syntax"
    SPACE = "space"
    VALUE = "value"
    REGION = "region"


class Form(StrEnum):
    """How a value is spelled in the document.

    ``TEXT`` as it is (``None`` is blank), ``QUOTED`` between double quotes, ``JSON`` as JSON,
    ``LINES`` as text whose further lines are indented, or end in CRLF, or both, ``STEM`` without
    the ``Url`` at its end, ``NUMBERED`` without the number that tells it from the same key before.
    """

    TEXT = "text"
    QUOTED = "quoted"
    JSON = "json"
    LINES = "lines"
    STEM = "stem"
    NUMBERED = "numbered"


class Part(NamedTuple):
    """One piece of the document, from ``start`` up to ``end`` (0-based, in characters).

    ``name`` is the word (syntax) or the name of the region; ``place`` says where in the spec a
    value is (``("inputs", 3, "label")``); ``indent`` is how far further lines of a value stand in.
    """

    kind: Kind
    start: int
    end: int
    name: str = ""
    place: Place = ()
    form: Form = Form.TEXT
    indent: int = 0


class Tiler:
    """Collects parts from left to right; the white space between them becomes parts as well."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts: list[Part] = []
        self.at = 0

    def _reach(self, start: int) -> None:
        if start > self.at:
            gap = self.text[self.at : start]
            blank = not gap.strip(WHITE)
            kind, name = (Kind.SPACE, "") if blank else (Kind.REGION, "unread")
            self.parts.append(Part(kind, self.at, start, name))

    def syntax(self, start: int, word: str) -> None:
        self._reach(start)
        self.at = start + len(word)
        self.parts.append(Part(Kind.SYNTAX, start, self.at, word))

    def value(
        self, start: int, end: int, place: Place, form: Form = Form.TEXT, indent: int = 0
    ) -> None:
        self._reach(start)
        self.at = end
        self.parts.append(Part(Kind.VALUE, start, end, "", place, form, indent))

    def region(self, start: int, end: int, name: str) -> None:
        if end > start:
            self._reach(start)
            self.at = end
            self.parts.append(Part(Kind.REGION, start, end, name))

    def finish(self) -> tuple[Part, ...]:
        self._reach(len(self.text))
        self.at = len(self.text)
        return tuple(self.parts)
