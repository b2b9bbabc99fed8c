"""Diagnostics: everything odd about an input, as values with stable codes.

A code never changes its meaning and is never used again for another one. The registry below is
the only place where codes are made; ``wirogen lint --explain CODE`` prints from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Severity(StrEnum):
    """How much a diagnostic matters: an ``ERROR`` stops the file it is about from being used."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a code means, why it matters to a caller and what can be done about it."""

    code: str
    name: str
    severity: Severity
    summary: str
    explanation: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A place in a file: 1-based line and column, in characters; ``offset`` is 0-based."""

    line: int
    column: int
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One oddity in one input.

    ``subject`` names what it is about (``scheduler``, ``selectedModel.options``) and is empty when
    it is about the whole file. ``message`` is one line without the position and the code.
    """

    code: str
    message: str
    path: str
    position: Position | None = None
    subject: str = ""

    @property
    def rule(self) -> Rule:
        return RULES[self.code]

    @property
    def severity(self) -> Severity:
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


def position_at(text: str, offset: int) -> Position:
    """The position of ``offset`` in ``text``; only line feeds separate lines."""
    line_start = text.rfind("\n", 0, offset) + 1
    return Position(
        line=text.count("\n", 0, offset) + 1, column=offset - line_start + 1, offset=offset
    )


def _rules(*rules: Rule) -> Mapping[str, Rule]:
    table = {rule.code: rule for rule in rules}
    if len(table) != len(rules):
        raise ValueError("a diagnostic code is registered twice")
    return MappingProxyType(table)


def _rule(
    code: str, name: str, severity: Severity, summary: str, explanation: str, fix: str
) -> Rule:
    return Rule(
        code=code, name=name, severity=severity, summary=summary, explanation=explanation, fix=fix
    )


RULES: Final[Mapping[str, Rule]] = _rules(
    # D0xx: the file as a whole. D1xx: its structure. D2xx: its inputs and options.
    # D3xx: its samples and commands. S0xx: specs. N0xx: names given in Python.
    _rule(
        "S001",
        "invalid-spec",
        Severity.ERROR,
        "A spec that cannot be read.",
        "A spec is YAML with the keys of generated/schemas/spec.json and nothing else: no anchors, "
        "tags, duplicate keys or second document. Every text is quoted, so that no YAML reader takes "
        "Yes, 08 or 12:30 for something else.",
        "Correct the line that is named, or parse the document again.",
    ),
    _rule(
        "S002",
        "tool-claimed-twice",
        Severity.ERROR,
        "Two specs or documents say that they are the same tool.",
        "A tool is known by its Run endpoint, so two of them would write the same files.",
        "Remove one of the two files.",
    ),
    _rule(
        "N101",
        "input-renamed",
        Severity.NOTE,
        "An input has another name in Python than its words give.",
        "Its own name is reserved in Python or in generated modules, or another input has it already.",
        "Nothing needs to be done; the reference page shows both names.",
    ),
    _rule(
        "N102",
        "constant-renamed",
        Severity.NOTE,
        "Several options would share one constant, so each has its value added to its name.",
        "A constant that silently changed its meaning when an option appears would run another "
        "model than the caller chose, so none of the options keeps the short name.",
        "Nothing needs to be done; values in quotes work as well as constants.",
    ),
    _rule(
        "N103",
        "module-renamed",
        Severity.NOTE,
        "Several tools would share one module, so a hash is added to the name.",
        "Wiro tells apart names that differ only in case or punctuation; Python modules and many "
        "disks do not.",
        "Nothing needs to be done.",
    ),
    _rule(
        "N104",
        "settings-not-sent",
        Severity.NOTE,
        "Options have settings, but no way to send them is known.",
        "Only LoRA scales are known to travel, as tags in the prompt of the same tool.",
        "Write the setting into the prompt by hand if the tool understands it.",
    ),
)


def worst(diagnostics: Iterable[Diagnostic]) -> Severity | None:
    """The highest severity present, or ``None`` when there is no diagnostic."""
    found = {diagnostic.severity for diagnostic in diagnostics}
    return next((severity for severity in Severity if severity in found), None)
