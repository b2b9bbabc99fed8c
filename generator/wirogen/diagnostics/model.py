"""Diagnostics: everything odd about an input, as values with stable codes.

What each code means is in :mod:`wirogen.diagnostics.rules`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from wirogen.diagnostics.rules import RULES, Rule, Severity


class Position(NamedTuple):
    """A place in a file."""

    line: int
    """1-based."""
    column: int
    """1-based, in characters."""


@dataclass(frozen=True, kw_only=True)
class Diagnostic:
    """One oddity in one input. Without slots, for which see :mod:`wirogen.specs.model`."""

    code: str
    """The code of its rule."""
    message: str
    """One line without the position and the code."""
    path: str
    """The file."""
    position: Position | None = None
    """Where in the file, if known."""
    subject: str = ""
    """The input or key that it is about; empty for the whole file."""

    @property
    def rule(self) -> Rule:
        """What the code means."""
        return RULES[self.code]

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.rule.severity

    def __str__(self) -> str:
        place = f":{self.position.line}:{self.position.column}" if self.position else ""
        subject = f" [{self.subject}]" if self.subject else ""
        return f"{self.path}{place}: {self.severity}: {self.code}{subject} {self.message}"


class InputError(Exception):
    """An input that cannot be used. Its text is the one line that the user is shown."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(str(diagnostic))
        self.diagnostic = diagnostic


def input_error(
    code: str, message: str, path: str | Path, position: Position | None = None
) -> InputError:
    """The error for an input that cannot be used."""
    return InputError(Diagnostic(code=code, message=message, path=str(path), position=position))


def position_at(text: str, offset: int) -> Position:
    """The position of ``offset`` in ``text``; only line feeds separate lines."""
    line_start = text.rfind("\n", 0, offset) + 1
    return Position(text.count("\n", 0, offset) + 1, offset - line_start + 1)


def display_path(file: Path) -> str:
    """The path as the user would type it: relative to where they are, when it is below."""
    real, here = os.path.realpath(file), os.getcwd()
    if real == here:
        return "."
    inside = real.startswith(here.rstrip(os.sep) + os.sep)
    return real[len(here) :].lstrip(os.sep).replace(os.sep, "/") if inside else str(file)
