"""Read ``dynamicprice``, the price list of a tool, as Tool/Detail gives it.

It is an array of ``{inputs, price, priceMethod, priceExtra?, priceInput?}``. What cannot be meant
(unknown methods, negative and huge numbers, other shapes) makes a price unknown, never a number.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import Context, Decimal
from typing import Any, Final, cast

from wiro_runtime.price.model import METHODS, MOST, plain
from wiro_runtime.price.tariff import QUANTITY, as_text

_SMALLEST: Final = Decimal("0.000000000001")
_PRECISE: Final = Context(prec=100)
_LONGEST: Final = 200
"""Characters of the name and the value of an input."""
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp", "Zs"})
"""Categories of characters that a screen hides."""
_MOST_INPUTS: Final = 20
_INDEX: Final = re.compile(r"0|[1-9]\d{0,9}", re.ASCII)
_NO_INDEX: Final = 2**32 - 1
_AMOUNT: Final = re.compile(r"\d{0,20}\.?\d{0,30}(e-?\d\d?)?", re.ASCII | re.IGNORECASE)


def read_rates(value: object) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rates of ``dynamicprice``, decoded from its JSON, and what is odd about them.

    A rate that cannot be read stays in its place, as it may be the one that counts: its price is
    then unknown. A price of another shape is one such rate.
    """
    if value is None or value == []:
        return [], []
    if not isinstance(value, list):
        return [{"inputs": {}, "odd": "it is no list"}], ["is no list of rates"]
    rates: list[dict[str, Any]] = []
    problems: list[str] = []
    for number, each in enumerate(cast("list[object]", value), 1):
        inputs, odd = _read_inputs(each)
        rate: dict[str, Any] = {"inputs": inputs}
        if odd is None:
            more, odd = _read_amounts(cast("Mapping[str, object]", each))
            rate |= more
        if odd is not None:
            rate = {"inputs": inputs, "odd": odd}
            problems.append(f"has a rate that cannot be read, number {number}: {odd}")
        rates.append(rate)
    return rates, problems


def _read_inputs(entry: object) -> tuple[dict[str, str], str | None]:
    """The inputs for which a rate counts, as text; none where they cannot be read."""
    if not isinstance(entry, Mapping):
        return {}, "it is no object"
    inputs = cast("Mapping[str, object]", entry).get("inputs", {})
    if inputs is None or inputs == []:
        # An empty object, as PHP writes it.
        inputs = {}
    if not isinstance(inputs, Mapping):
        return {}, "its inputs are no object"
    if len(cast("Mapping[str, object]", inputs)) > _MOST_INPUTS:
        return {}, "it has too many inputs"
    found: dict[str, str] = {}
    for key, wanted in cast("Mapping[str, object]", inputs).items():
        if not isinstance(wanted, (str, int, float)) and wanted is not None:
            return {}, "an input of it is neither text nor number"
        text = as_text(wanted)
        if len(key) + len(text) > _LONGEST or _is_hidden(f"{key}{text}"):
            return {}, "an input of it is too long, or holds what a screen hides"
        if text.startswith("QUANTITY:") and not QUANTITY.fullmatch(text):
            return {}, "a QUANTITY of it is no number"
        found[key] = text
    return dict(sorted(found.items(), key=lambda item: _place(item[0]))), None


def _is_hidden(text: str) -> bool:
    # Not `isprintable`, which knows an emoji in one version of Python only.
    return any(char != " " and unicodedata.category(char) in _HIDDEN for char in text)


def _place(key: str) -> int:
    """Where JavaScript, which prices in the page, has a key: whole numbers come first."""
    return min(int(key), _NO_INDEX) if _INDEX.fullmatch(key) else _NO_INDEX


def _read_amounts(entry: Mapping[str, object]) -> tuple[dict[str, str], str | None]:
    method = entry.get("priceMethod")
    if not isinstance(method, str) or method not in METHODS:
        named = f" {method!r}"[:60] if isinstance(method, str) else ""
        return {}, f"its method{named} is not known"
    price = read_amount(entry.get("price"))
    if method == "cp-readoutput":
        # The price has no meaning, and may be missing.
        price = price or "0"
    if price is None:
        return {}, "its price is no amount of dollars"
    found = {"method": method, "price": price}
    for key, name in (("priceExtra", "extra"), ("priceInput", "each_image")):
        given = entry.get(key)
        if given is None or given == "":
            continue
        amount = read_amount(given)
        if amount is None:
            return {}, f"its {key} is no amount of dollars"
        found[name] = amount
    return found, None


def read_amount(value: object) -> str | None:
    """An amount of dollars as text without an exponent; ``None`` for what cannot be meant."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    text = value.strip() if isinstance(value, str) else as_text(value)
    if not _AMOUNT.fullmatch(text):
        return None
    try:
        amount = Decimal(text)
    except ArithmeticError:
        return None
    if amount > MOST:
        return None
    # More decimals come from floats: 0.30000000000000004.
    rounded = _PRECISE.quantize(amount, _SMALLEST)
    if amount and not _PRECISE.subtract(amount, rounded).copy_abs() < rounded / 10**6:
        return None
    return plain(rounded)
