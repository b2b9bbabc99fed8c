"""Values of JSON as Wiro sends them: numbers come as text, and any field may be of another type."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final, cast

_UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|[dhms])[a-z]*[\s,]*", re.ASCII)
_CLOCK: Final = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)", re.ASCII)


def as_text(value: object) -> str:
    """A text, or a number as one; empty for everything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


def as_name(value: object) -> str:
    """An id or a token: text or a whole number, and nothing that only has a ``str``; empty for a
    text that cannot be printed, as ids stand in every message."""
    if isinstance(value, str):
        return value.strip() if value.strip().isprintable() else ""
    return str(value) if type(value) is int else ""


def as_float(value: object) -> float | None:
    """A finite number, or ``None`` for anything that is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_int(value: object) -> int | None:
    """A whole number of at most 18 digits; fractions are cut off."""
    number = as_float(value)
    return int(number) if number is not None and abs(number) < 1e18 else None


def as_seconds(value: object) -> float | None:
    """Seconds out of ``12.5``, ``"12.5"``, ``"65s"``, ``"1m 5s"``, ``"2h 1m"`` and ``"01:05"``;
    ``None`` for anything else and for less than nothing."""
    number = as_float(value)
    if number is None and isinstance(value, str):
        number = _spoken_seconds(value.strip().lower()[:100])
    return number if number is not None and number >= 0 else None


def _spoken_seconds(text: str) -> float | None:
    if (clock := _CLOCK.fullmatch(text)) is not None:
        hours, minutes, seconds = clock.groups()
        return float(hours or 0) * 3600 + float(minutes) * 60 + float(seconds)
    found = list(_DURATION.finditer(text))
    if not found or "".join(part[0] for part in found) != text:
        return None
    return sum(float(part[1]) * _UNITS[part[2]] for part in found)


def as_decimal(value: object) -> Decimal | None:
    """An amount of money, exact; ``None`` for what is no number or has hundreds of digits."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value).strip()
    if len(text) > 100:
        return None
    try:
        number = Decimal(text)
    except (InvalidOperation, ValueError):
        return None
    # Written out, a number like 1e999999999 would fill the memory.
    return number if number.is_finite() and abs(number.adjusted()) < 30 else None


def as_mappings(value: object) -> tuple[Mapping[str, Any], ...]:
    """The objects of a list; everything else in it is left out."""
    items = cast("list[object]", value) if isinstance(value, list) else []
    return tuple(cast("Mapping[str, Any]", item) for item in items if isinstance(item, Mapping))
