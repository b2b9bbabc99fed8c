"""What a value of a spec must be like, whatever it was read from."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final
from urllib.parse import urlsplit

from wirogen.common.json_values import decimal
from wirogen.common.limits import ADDRESS_LENGTH, AMOUNT, README_LENGTH, SECONDS
from wirogen.common.text import is_visible
from wirogen.specs.model import CHOICE_TYPES, UNSENT, Input

ENDPOINTS: Final = ("run", "detail")
"""The endpoints that every tool has."""

_DURATION: Final = re.compile(
    r"([0-9.]+) ?(?:- ?([0-9.]+) ?)?(s|secs?|seconds?|m|mins?|minutes?|h|hours?)?", re.IGNORECASE
)
_SMALLEST: Final = -12
_IN_SECONDS: Final = {"m": 60, "h": 3600}


def amount_problem(text: str) -> str | None:
    """The end of a sentence about a text that is no amount of US dollars."""
    value = decimal(text)
    if value is None or value.is_signed() or value > AMOUNT:
        return f"must be an amount in US dollars, from 0 to {AMOUNT:,}"
    exponent = value.normalize().as_tuple().exponent
    fine = isinstance(exponent, int) and exponent >= _SMALLEST
    return None if fine else f"must have at most {-_SMALLEST} decimals"


def duration_problem(text: str) -> str | None:
    """The end of a sentence about a text that says no time: ``5``, ``8s``, ``1-2 minutes``."""
    match = _DURATION.fullmatch(text) if len(text) <= ADDRESS_LENGTH else None
    if match is not None:
        scale = _IN_SECONDS.get((match[3] or "s")[0].lower(), 1)
        found = [decimal(each) for each in match.group(1, 2) if each is not None]
        if all(each is not None and each * scale <= SECONDS for each in found):
            return None
    return 'must be a time of at most 30 days, such as "5" or "10 seconds"'


def day_problem(text: str) -> str | None:
    """The end of a sentence about a text that is no day: ``2026-11-02``."""
    try:
        fine = len(text) == len("2026-11-02") and date.fromisoformat(text)
    except ValueError:
        fine = None
    return None if fine else 'must be a day, such as "2026-11-02"'


def https_problem(text: str) -> str | None:
    """The end of a sentence about a text that is no address of https: it names a host, and
    neither a user nor a character that a screen hides."""
    wrong = "must be an address that begins with https://"
    if len(text) > ADDRESS_LENGTH or not is_visible(text) or re.search(r"[\s\\<>\"]", text):
        return wrong
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return wrong
    fine = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc
    return None if fine else wrong


def readme_problem(text: str) -> str | None:
    """The end of a sentence about a readme that is too long."""
    most = f"must have at most {README_LENGTH:,} characters"
    return most if len(text) > README_LENGTH else None


def input_problem(item: Input) -> tuple[str, str] | None:
    """How an input contradicts itself: the key, and the end of a sentence about it."""
    if (item.open is not None) != (item.type in CHOICE_TYPES):
        return "open", "is for selects, and every select has it"
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
    return None
