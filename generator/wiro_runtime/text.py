"""Wording that error messages share."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIMIT = 80


def shorten(text: str, limit: int = _LIMIT) -> str:
    """``text`` on one line of at most ``limit`` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else f"{line[: limit - 1]}…"


def nearest(given: object, known: Iterable[str]) -> str:
    """``"; nearest: 'a', 'b'"`` for the known values most like ``given``, or the first few."""
    values = list(dict.fromkeys(known))
    if not values:
        return ""
    text = str(given)[:200]
    by_folded = {value.casefold(): value for value in values}
    close = difflib.get_close_matches(text.casefold(), by_folded, n=3, cutoff=0.5)
    if close:
        return "; nearest: " + ", ".join(shorten(repr(by_folded[c]), 60) for c in close)
    more = ", …" if len(values) > 5 else ""
    return "; one of: " + ", ".join(shorten(repr(value), 60) for value in values[:5]) + more
