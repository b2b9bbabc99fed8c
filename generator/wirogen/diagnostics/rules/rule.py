"""What a diagnostic code is."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from functools import partial
from typing import Final


class Severity(StrEnum):
    """How much a diagnostic matters: an ``ERROR`` stops the file it is about from being used."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means, why it matters to a caller and what can be done about it."""

    severity: Severity
    """How much it matters."""
    code: str
    """It never changes its meaning."""
    name: str
    """Words for it: ``unknown-type``."""
    summary: str
    """What it says."""
    explanation: str
    """Why it matters."""
    fix: str
    """What to do."""
    _: KW_ONLY
    boilerplate: bool = False
    """Whether it is about what Wiro prints into every document: it says nothing of the tool."""
    concerns_callers: bool = False
    """Whether a reader of the tool's page should know it before a call."""


error: Final = partial(Rule, Severity.ERROR)
warning: Final = partial(Rule, Severity.WARNING)
note: Final = partial(Rule, Severity.NOTE)
