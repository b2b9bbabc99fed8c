"""Reads an option that is written as nearly all are, by one pattern instead of key by key.

It knows the cases in which the careful reader has no choice, and declines all others: no colon
that could end a key in the label, no array's key anywhere but in front of its array, no line
break in a value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, cast

from wirogen.common.text import WHITE
from wirogen.document.grammar import GENERATESETTINGS, TRIGGERWORDS
from wirogen.document.json_decoding import JsonError, decode
from wirogen.specs import Json, Option

_W: Final = f"[{WHITE}]"
_LABEL: Final = rf"[^:\n]*(?::(?!{_W}|\Z)[^:\n]*)*"


def _pattern(blank: str, label: str, others: str, some: str) -> re.Pattern[str]:
    arrays = rf"triggerwords:{blank}(\[{some}\]){others}generatesettings:{blank}(\[{some}\])"
    return re.compile(
        rf'- value:{blank}("[^"]*"){label}label:{blank}({_LABEL})'
        rf"(?:{others}description:{blank}(\S{some}){others}{arrays})?{_W}{{0,99}}\Z"
    )


# White space is counted, so that a match takes no more than linear time whatever the text.
_FLAT: Final = _pattern(f"{_W}{{1,9}}", f"{_W}{{1,9}}()", f"{_W}{{1,9}}", ".*?")
_LINES: Final = _pattern(r"[ \t]{1,9}", r"\r?\n([ \t]{0,99})", r"[ \t\r]{0,9}\n\2", ".*")


def plain_option(text: str, start: int, end: int, *, flat: bool) -> tuple[Option, int] | None:
    """The option that begins at ``start`` and whose text ends at ``end``, and where its value
    begins; ``None`` when it takes a careful reader."""
    arrays = text.count(TRIGGERWORDS, start, end)
    if arrays > 1 or text.count(GENERATESETTINGS, start, end) != arrays:
        return None
    match = (_FLAT if flat else _LINES).match(text, start, end)
    if match is None:
        return None
    value, _, label, about, words, settings = match.groups()
    label = label.rstrip(WHITE)
    if not label:
        return None
    if about is None:
        return Option(value=value[1:-1], label=label), match.start(1)
    trigger = () if words == "[]" else _array(text, *match.span(5), str)
    sliders = () if settings == "[]" else _array(text, *match.span(6), dict)
    if trigger is None or sliders is None:
        return None
    return Option(
        value=value[1:-1],
        label=label,
        description=about.rstrip(WHITE),
        triggerwords=cast("tuple[str, ...]", trigger),
        generatesettings=cast("tuple[Mapping[str, Json], ...]", sliders),
    ), match.start(1)


def _array(text: str, start: int, end: int, kind: type) -> tuple[Json, ...] | None:
    try:
        value, stop = decode(text, start)
    except JsonError:
        return None
    if stop != end or not isinstance(value, list):
        return None
    return tuple(value) if all(isinstance(item, kind) for item in value) else None
