"""Where a key may stand: anywhere after white space in the flat form, at the beginning of a line
(after its indentation) in the form with one field a line. The grammar is the same for both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from wirogen.common.text import WHITE
from wirogen.document.grammar import HEADING


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of ``text``. ``newline`` is the line end used throughout, ``"\\n"`` if mixed."""

    text: str
    flat: bool
    newline: str = "\n"

    def column(self, at: int) -> int | None:
        """The indentation of a key at ``at`` (0 in the flat form), ``None`` if it cannot be one."""
        text = self.text
        if self.flat:
            return 0 if at == 0 or text[at - 1] in WHITE else None
        line = at
        while line > 0 and text[line - 1] in " \t":
            line -= 1
        return at - line if line == 0 or text[line - 1] == "\n" else None

    def is_key(self, at: int, word: str) -> bool:
        """Whether ``word`` stands at ``at`` as a word of its own, in a place for keys."""
        return self.text.startswith(word, at) and self._column_of(at, len(word)) is not None

    def _column_of(self, at: int, size: int) -> int | None:
        """The column of the word of ``size`` characters at ``at``, ``None`` if it is no key."""
        after = at + size
        text = self.text
        if after < len(text) and text[after] not in WHITE:
            return None
        return self.column(at)

    def find(self, word: str, start: int, end: int, column: int | None = None) -> int:
        """The first place for keys in ``[start, end)`` that holds ``word``, or -1."""
        at = self.text.find(word, start, end)
        while at >= 0:
            found = self._column_of(at, len(word))
            if found is not None and (column is None or found == column):
                return at
            at = self.text.find(word, at + len(word), end)
        return -1

    def find_all(self, word: str, start: int, end: int) -> list[int]:
        """Every place for keys in ``[start, end)`` that holds ``word``."""
        return [at for at, _ in self.places(word, start, end)]

    def places(self, word: str, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Every place for keys in ``[start, end)`` that holds ``word``, with its column."""
        at = self.text.find(word, start, end)
        while at >= 0:
            column = self._column_of(at, len(word))
            if column is not None:
                yield at, column
            at = self.text.find(word, at + len(word), end)

    def find_last(self, word: str, start: int, end: int, column: int | None = None) -> int:
        """The last place for keys in ``[start, end)`` that holds ``word``, or -1."""
        at = self.text.rfind(word, start, end)
        while at >= 0:
            found = self._column_of(at, len(word))
            if found is not None and (column is None or found == column):
                return at
            at = self.text.rfind(word, start, at + len(word) - 1)
        return -1

    def heading(self, start: int, end: int) -> int:
        """The first ``## `` in ``[start, end)`` where a section can begin, or -1."""
        at = self.text.find(HEADING + " ", start, end)
        while at >= 0:
            if self.column(at) == 0:
                return at
            at = self.text.find(HEADING + " ", at + 1, end)
        return -1

    def skip(self, at: int, end: int) -> int:
        """The first character from ``at`` on that is not white space, at most ``end``."""
        text = self.text
        while at < end and text[at] in WHITE:
            at += 1
        return at

    def trim(self, start: int, end: int) -> tuple[int, int]:
        """``[start, end)`` without the white space at both ends; empty ones collapse to a point
        at ``start``."""
        text = self.text
        begin = start
        while begin < end and text[begin] in WHITE:
            begin += 1
        if begin == end:
            return start, start
        while text[end - 1] in WHITE:
            end -= 1
        return begin, end

    def word_end(self, at: int, end: int) -> int:
        """The end of the word that begins at ``at``."""
        text = self.text
        while at < end and text[at] not in WHITE:
            at += 1
        return at


def detect(text: str, start: int) -> Layout:
    """The layout of a document whose first heading ends at ``start``: flat if text goes on in the
    same line."""
    after = start
    while after < len(text) and text[after] in " \t\r":
        after += 1
    flat = after >= len(text) or text[after] != "\n"
    feeds = text.count("\n")
    crlf = feeds > 0 and text.count("\r\n") == feeds
    return Layout(text, flat, "\r\n" if crlf else "\n")
