"""A change, what it means for callers, and the version bump that it asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from typing import Final

from wirogen.specs import Json


class Impact(StrEnum):
    """``BREAKING``: a call that worked may fail or do something else. ``ADDITIVE``: more calls
    work than before. ``COSMETIC``: only texts for readers differ."""

    BREAKING = "breaking"
    ADDITIVE = "additive"
    COSMETIC = "cosmetic"


_BUMPS: Final[Mapping[Impact, str]] = {
    Impact.BREAKING: "major",
    Impact.ADDITIVE: "minor",
    Impact.COSMETIC: "patch",
}

KINDS: Final[Mapping[str, str]] = {
    "tool-added": "A tool is new.",
    "tool-removed": "A tool is gone.",
    "tool-moved": "A tool has another Run endpoint, and with it another id.",
    "module-renamed": "The Python module of a tool has another name.",
    "endpoint-moved": "An endpoint has another address.",
    "tool-text": "A text about the tool itself is another one.",
    "tool-price": "What a run costs is another amount, or newly known.",
    "input-added": "An input is new.",
    "input-removed": "An input is gone.",
    "input-renamed": "An input has another name and is otherwise the same.",
    "python-name": "An input has another name in Python.",
    "input-type": "An input has another type.",
    "input-wire": "The value of an input travels as another JSON type.",
    "input-sent": "Something else is sent when the caller gives nothing.",
    "input-required": "An input has become required, or is no longer.",
    "input-limits": "The smallest or largest value, or the step, is another one.",
    "input-open": "A choice takes, or no longer takes, values beyond those listed.",
    "input-text": "A label, help, documented default or example is another one.",
    "input-order": "The inputs come in another order.",
    "option-added": "A choice has an option more.",
    "option-removed": "A choice has an option less.",
    "option-renamed": "The constant of an option has another name.",
    "option-slider": "A slider of an option has another name, type, range, step or default.",
    "option-text": "A label, description or trigger word of an option is another one.",
    "option-unlisted": "The latest document does not list an option that is kept.",
}
"""Every kind of change, and what it says."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one tool. ``subject`` is the input, or ``input=value`` for an option."""

    tool: str
    kind: str
    impact: Impact
    message: str
    _: KW_ONLY
    subject: str = ""
    old: Json = None
    new: Json = None

    @property
    def name(self) -> str:
        """What ``--allow`` takes to let exactly this change pass."""
        return ":".join(filter(None, (self.tool, self.subject, self.kind)))

    def as_json(self) -> dict[str, Json]:
        """For programs: every field, and the ``name`` that allows it."""
        return {
            "name": self.name,
            "tool": self.tool,
            "subject": self.subject,
            "kind": self.kind,
            "impact": str(self.impact),
            "message": self.message,
            "old": self.old,
            "new": self.new,
        }


def bump(changes: Iterable[Change]) -> str:
    """``major``, ``minor``, ``patch``, or ``none`` without any change (Semantic Versioning)."""
    found = {change.impact for change in changes}
    return next((_BUMPS[impact] for impact in Impact if impact in found), "none")
