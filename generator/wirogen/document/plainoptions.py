"""Reads an option that is written as nearly all are, by one pattern instead of key by key.

It knows the cases in which the careful reader has no choice, and declines all others: no colon
that could end a key in the label, no array's key anywhere but in front of its array, no line
break in a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, cast

from wirogen.document.grammar import GENERATESETTINGS, TRIGGERWORDS, WHITE
from wirogen.document.jsontext import JsonError, decode
from wirogen.spec import Json, Option

_W: Final = f"[{WHITE}]"
_LABEL: Final = rf"[^:\n]*(?::(?!{_W}|\Z)[^:\n]*)*"


def _pattern(blank: str, label: str, others: str) -> re.Pattern[str]:
    arrays = rf"{others}triggerwords:{blank}(\[.*?\]){others}generatesettings:{blank}(\[.*\])"
    return re.compile(
        rf'- value:{blank}("(?P<value>[^"]*)"){label}label:{blank}(?P<label>{_LABEL})'
        rf"(?:{others}description:{blank}(?P<about>\S.*?){arrays})?\Z"
    )


# White space is counted, so that a match takes no more than linear time whatever the text.
_FLAT: Final = _pattern(*[f"{_W}{{1,9}}"] * 3)
_LINES: Final = _pattern(
    r"[ \t]{1,9}", r"\r?\n(?P<indent>[ \t]{0,99})", r"[ \t\r]{0,9}\n(?P=indent)"
)


def plain_option(text: str, start: int, end: int, *, flat: bool) -> tuple[Option, int] | None:
    """The option that begins at ``start`` and whose text ends at ``end``, and where its value
    begins; ``None`` when it takes a careful reader."""
    if text.count(TRIGGERWORDS, start, end) > 1 or text.count(GENERATESETTINGS, start, end) > 1:
        return None
    match = (_FLAT if flat else _LINES).match(text, start, end)
    if match is None:
        return None
    value, label, about = match["value"], match["label"].rstrip(WHITE), match["about"]
    if not label:
        return None
    at = match.start(1)
    if about is None:
        return Option(value=value, label=label), at
    trigger = _array(text, *match.span(match.re.groups - 1), str)
    sliders = _array(text, *match.span(match.re.groups), dict)
    if trigger is None or sliders is None:
        return None
    return Option(
        value=value,
        label=label,
        description=about.rstrip(WHITE),
        triggerwords=cast("tuple[str, ...]", trigger),
        generatesettings=cast("tuple[Mapping[str, Json], ...]", sliders),
    ), at


def _array(text: str, start: int, end: int, kind: type) -> tuple[Json, ...] | None:
    if end - start == 2:
        return ()
    try:
        value, stop = decode(text, start)
    except JsonError:
        return None
    if stop != end or not isinstance(value, list):
        return None
    return tuple(value) if all(isinstance(item, kind) for item in value) else None
