"""Whether a slider of an option (an object of its ``generatesettings``) makes sense."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Final

from wirogen.specs.model import Json

_TYPES: Final = frozenset({"number", "float"})
_KEYS: Final = ("type", "minvalue", "defaultvalue", "maxvalue", "incrementby")


def slider_fault(slider: Mapping[str, Json]) -> str:
    """What is wrong with a slider, or an empty text."""
    values = tuple(slider.get(key) for key in _KEYS)
    # Many models have the same few sliders.
    same = all(isinstance(value, str) for value in values)
    return _known_fault(values) if same else _fault(values)


@lru_cache(1024)
def _known_fault(values: tuple[Json, ...]) -> str:
    return _fault(values)


def _fault(values: tuple[Json, ...]) -> str:
    kind, *limits = values
    if not isinstance(kind, str) or kind not in _TYPES:
        return f"a slider of type {ascii(kind)[:60]}"
    numbers: list[Decimal] = []
    for key, limit in zip(_KEYS[1:], limits, strict=True):
        number = _number(limit)
        if number is None:
            return f"a slider whose {key} is not a number"
        numbers.append(number)
    lowest, default, highest, step = numbers
    if not all(value.is_finite() for value in numbers) or step <= 0:
        return "a slider whose limits or step make no sense"
    if not lowest <= default <= highest:
        low, high, middle = (str(value)[:20] for value in (lowest, highest, default))
        return f"a slider from {low} to {high} with default {middle}"
    return ""


def limits_cross(slider: Mapping[str, Json]) -> bool:
    """Whether the lowest value is above the highest, so that the two limit nothing."""
    lowest, highest = _number(slider.get("minvalue")), _number(slider.get("maxvalue"))
    if lowest is None or highest is None or lowest.is_nan() or highest.is_nan():
        return False
    return lowest > highest


def _number(value: Json) -> Decimal | None:
    """The number that a limit spells: documents have texts, people write numbers as well."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return Decimal(str(value))
    except InvalidOperation:
        return None
