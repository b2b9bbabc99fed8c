"""Sliders of options (objects of ``generatesettings``): their faults and usable values."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from wirogen.common.json_values import decimal
from wirogen.specs.model import Json

_TYPES: Final = frozenset({"number", "float"})
_NUMBERS: Final = ("minvalue", "defaultvalue", "maxvalue", "incrementby")
_KEYS: Final = ("type", "id", *_NUMBERS)


def slider_fault(slider: Mapping[str, Json]) -> str:
    """What is wrong with a slider, or an empty text."""
    kind, id_, *limits = (slider.get(key) for key in _KEYS)
    if not isinstance(kind, str) or kind not in _TYPES:
        return f"a slider of type {ascii(kind)[:60]}"
    numbers: list[Decimal] = []
    for key, limit in zip(_NUMBERS, limits, strict=True):
        number = _any_number(limit)
        if number is None:
            return f"a slider whose {key} is not a number"
        numbers.append(number)
    lowest, default, highest, step = numbers
    if any(_number(limit) is None for limit in limits) or step <= 0:
        return "a slider whose limits or step make no sense"
    if not lowest <= default <= highest:
        low, high, middle = (str(value)[:20] for value in (lowest, highest, default))
        return f"a slider from {low} to {high} with default {middle}"
    return "" if text_of(id_).strip() else "a slider without an id"


def usable_values(slider: Mapping[str, Json]) -> dict[str, str | None]:
    """The ``minimum``, ``maximum``, ``default`` and ``step`` of a slider as the document spells
    them, without what :func:`slider_fault` finds fault with: texts that are no number, limits that
    cross, a step that is not above 0, and a limit that shuts out the slider's own default."""
    low, high, step = (slider.get(key) for key in ("minvalue", "maxvalue", "incrementby"))
    default = slider.get("defaultvalue")
    if not text_of(default):
        default = slider.get("value")
    lowest, highest, middle, by = map(_number, (low, high, default, step))
    if lowest is not None and highest is not None and lowest > highest:
        lowest = highest = None
    if middle is not None and lowest is not None and middle < lowest:
        lowest = None
    if middle is not None and highest is not None and middle > highest:
        highest = None
    return {
        "minimum": None if lowest is None else text_of(low),
        "maximum": None if highest is None else text_of(high),
        "default": None if middle is None else text_of(default),
        "step": None if by is None or by <= 0 else text_of(step),
    }


def text_of(value: Json) -> str:
    """Documents have texts, people write numbers as well."""
    if isinstance(value, str):
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if number else ""


def _number(value: Json) -> Decimal | None:
    return decimal(text_of(value).strip())


def _any_number(value: Json) -> Decimal | None:
    """What Python reads as a number, be it ``NaN`` or beyond what a float holds."""
    try:
        return Decimal(text_of(value))
    except InvalidOperation:
        return None
