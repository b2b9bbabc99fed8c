"""What a diagnostic code is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a diagnostic matters: an ``ERROR`` stops the file it is about from being used."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a code means, why it matters to a caller and what can be done about it."""

    code: str
    """It never changes its meaning."""
    name: str
    """Words for it: ``unknown-type``."""
    severity: Severity
    """How much it matters."""
    summary: str
    """What it says."""
    explanation: str
    """Why it matters."""
    fix: str
    """What to do."""
    boilerplate: bool = False
    """Whether it is about what Wiro prints into every document: it says nothing of the tool."""
    concerns_callers: bool = False
    """Whether a reader of the tool's page should know it before a call."""


def rule(
    code: str,
    name: str,
    severity: Severity,
    summary: str,
    explanation: str,
    fix: str,
    *,
    boilerplate: bool = False,
    concerns_callers: bool = False,
) -> Rule:
    return Rule(
        code=code,
        name=name,
        severity=severity,
        summary=summary,
        explanation=explanation,
        fix=fix,
        boilerplate=boilerplate,
        concerns_callers=concerns_callers,
    )
