"""What a value of a spec must be like, whatever it was read from."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Final

from wirogen.spec.model import CHOICE_TYPES, NUMBER_TYPES, UNSENT, Input, Json, Unsent

SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")
SEEN: Final = re.compile(r"[0-9a-f]{12}\Z")
ENDPOINTS: Final = ("run", "detail")
"""The endpoints that every tool has."""

_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")

PLAIN_KEY: Final = r"[A-Za-z][A-Za-z0-9_]{0,99}"
"""A key that needs no quotes in YAML, unless it is one of :data:`RETYPED_KEYS`."""
RETYPED_KEYS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


def is_decimal(text: str) -> bool:
    """Whether ``text`` is a finite decimal number."""
    try:
        return Decimal(text).is_finite()
    except InvalidOperation:
        return False


def number(text: str) -> int | float | None:
    """The number that ``text`` spells as JSON would, else ``None``."""
    if not _NUMBER.fullmatch(text) or len(text) > 400:
        return None
    value = json.loads(text)
    return value if abs(value) != float("inf") else None


def input_problem(item: Input) -> tuple[str, str] | None:
    """How an input contradicts itself: the key, and the end of a sentence about it."""
    if (item.open is not None) != (item.type in CHOICE_TYPES):
        return "open", "is for selects, and every select has it"
    if item.options is not None and item.type not in CHOICE_TYPES:
        return "options", "are for selects"
    if item.required and item.wire.sent is not UNSENT:
        return (
            "wire",
            "must not have 'sent' when the input is required: the caller gives the value",
        )
    if item.step is not None and Decimal(item.step) <= 0:
        return "step", "must be greater than 0"
    low, high = item.minimum, item.maximum
    if low is not None and high is not None and Decimal(low) > Decimal(high):
        return "minimum", "must not be greater than maximum"
    if item.type in NUMBER_TYPES and (broken := broken_limit(item.wire.sent, low, high)):
        return broken, f"shuts out {item.wire.sent!r}, which is sent when nothing is given"
    return None


def broken_limit(value: Json | Unsent, low: str | None, high: str | None) -> str | None:
    """Which limit a number, or a text that spells one, breaks: ``minimum`` or ``maximum``."""
    number = _decimal(value)
    if number is None:
        return None
    if low is not None and number < Decimal(low):
        return "minimum"
    return "maximum" if high is not None and number > Decimal(high) else None


def with_limits(
    item: Input, low: str | None, high: str | None, step: str | None
) -> tuple[Input, str | None]:
    """``item`` with limits from elsewhere, and which of them was left out because a call that
    gives nothing would break it."""
    broken = broken_limit(item.wire.sent, low, high)
    limited = replace(
        item,
        minimum=None if broken == "minimum" else low,
        maximum=None if broken == "maximum" else high,
        step=step,
    )
    return limited, broken


def _decimal(value: Json | Unsent) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
