"""The pieces that a document is cut into. Together they tile it: every character is in one."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar, NamedTuple, TypeAlias

from wirogen.common.text import WHITE

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


Mark: TypeAlias = "tuple[Kind, int, int, str, Place, Form, int]"


class NoPartsError(Exception):
    """Someone asks a :class:`Blind` tiler what it has not collected."""


class Tiler:
    """Collects, from left to right, every piece but white space. When it is ``blind``, what is
    plain may be read without telling it."""

    blind: ClassVar[bool] = False

    def __init__(self) -> None:
        self._marks: list[Mark] = []

    @property
    def marks(self) -> list[Mark]:
        return self._marks

    def syntax(self, start: int, word: str) -> None:
        self._marks.append((Kind.SYNTAX, start, start + len(word), word, (), Form.TEXT, 0))

    def value(
        self, start: int, end: int, place: Place, form: Form = Form.TEXT, indent: int = 0
    ) -> None:
        self._marks.append((Kind.VALUE, start, end, "", place, form, indent))

    def region(self, start: int, end: int, name: str) -> None:
        if end > start:
            self._marks.append((Kind.REGION, start, end, name, (), Form.TEXT, 0))


class Blind(Tiler):
    """Collects nothing: most documents are read without a look at their parts."""

    blind: ClassVar[bool] = True

    @property
    def marks(self) -> list[Mark]:
        raise NoPartsError

    def syntax(self, start: int, word: str) -> None:
        pass

    def value(
        self, start: int, end: int, place: Place, form: Form = Form.TEXT, indent: int = 0
    ) -> None:
        pass

    def region(self, start: int, end: int, name: str) -> None:
        pass


def tile(text: str, marks: Iterable[Mark]) -> tuple[Part, ...]:
    """The parts of ``text``: what is marked, and the white space between. Text between that is
    not white becomes a region named ``unread``, which no document should have."""
    parts: list[Part] = []
    at = 0
    for mark in (*marks, None):
        start = len(text) if mark is None else mark[1]
        if start > at:
            blank = not text[at:start].strip(WHITE)
            kind, name = (Kind.SPACE, "") if blank else (Kind.REGION, "unread")
            parts.append(Part(kind, at, start, name))
        if mark is not None:
            parts.append(Part._make(mark))
            at = mark[2]
    return tuple(parts)
