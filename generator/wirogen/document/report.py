"""Collects diagnostics by offset, and works their positions out once at the end."""

from __future__ import annotations

from typing import Final, NoReturn

from wirogen.common.text import is_visible
from wirogen.diagnostics.model import Diagnostic, InputError, Position, position_at

_SUBJECT: Final = 100


class Report:
    """The diagnostics of one document. ``path`` is what they say they are about."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self._found: list[tuple[int, str, str, str]] = []

    def add(self, code: str, offset: int, subject: str, message: str) -> None:
        """Adds one. ``subject`` may be any text of the document; what cannot be printed is
        escaped."""
        if len(subject) > _SUBJECT or not is_visible(subject):
            subject = subject[:_SUBJECT].encode("unicode_escape").decode()
        self._found.append((offset, code, subject, message))

    def fail(self, code: str, offset: int, message: str) -> NoReturn:
        position = position_at(self.text, min(offset, len(self.text)))
        raise InputError(Diagnostic(code=code, message=message, path=self.path, position=position))

    def finish(self) -> tuple[Diagnostic, ...]:
        """All of them, in the order of the text."""
        made: list[Diagnostic] = []
        line, begin, done = 1, 0, 0
        for offset, code, subject, message in sorted(self._found):
            feeds = self.text.count("\n", done, offset)
            if feeds:
                line += feeds
                begin = self.text.rindex("\n", done, offset) + 1
            done = offset
            position = Position(line=line, column=offset - begin + 1, offset=offset)
            made.append(
                Diagnostic(
                    code=code, message=message, path=self.path, position=position, subject=subject
                )
            )
        return tuple(made)
