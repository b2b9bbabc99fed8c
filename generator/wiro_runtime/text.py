"""Wording that error messages share."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIMIT = 80


def shorten(text: str, limit: int = _LIMIT) -> str:
    """``text`` on one line of at most ``limit`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def is_huge(number: int) -> bool:
    """Whether an integer has more than some 300 digits: no float holds it, and no tool means it."""
    return number.bit_length() > 1000


def nearest(given: object, known: Iterable[str]) -> str:
    """``"; nearest: 'a', 'b'"`` for the known values most like ``given``, or the first few.

    Values that contain what was given come first: people type the beginning of a long name.
    """
    values = list(dict.fromkeys(known))
    if not values:
        return ""
    import difflib  # noqa: PLC0415 - slow to import, needed for messages only

    text = str(given)[:200]
    folded = text.casefold()
    by_folded = {value.casefold(): value for value in values}
    holding = [each for each in by_folded if len(folded) > 2 and folded in each]
    close = difflib.get_close_matches(folded, by_folded, n=3, cutoff=0.5)
    near = list(dict.fromkeys([*sorted(holding, key=len), *close]))[:3]
    if near:
        return "; nearest: " + ", ".join(shorten(repr(by_folded[each]), 60) for each in near)
    more = ", …" if len(values) > 5 else ""
    return "; one of: " + ", ".join(shorten(repr(value), 60) for value in values[:5]) + more
