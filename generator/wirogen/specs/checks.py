"""What a value of a spec must be like, whatever it was read from."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from wirogen.specs.model import CHOICE_TYPES, UNSENT, Input

SHA256: Final = re.compile(r"[0-9a-f]{64}\Z")
SEEN: Final = re.compile(r"[0-9a-f]{12}\Z")
ENDPOINTS: Final = ("run", "detail")
"""The endpoints that every tool has."""

PLAIN_KEY: Final = r"[A-Za-z][A-Za-z0-9_]{0,99}"
"""A key that needs no quotes in YAML, unless it is one of :data:`RETYPED_KEYS`."""
RETYPED_KEYS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})


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
    return None
