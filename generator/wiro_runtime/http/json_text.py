"""Read JSON: what a server sent, which may hold anything, and what a user wrote.

Every response, WebSocket frame and callback is read here, so that what comes out of it can be
shown, written and sent on: no half characters, no numbers that are none, and no more objects than
the memory has room for.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Final, cast

from wiro_runtime.inputs.messages import SURROGATE, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_VALUES: Final = 1_000_000
"""Values that a document may hold at most: some 100 MB of objects."""

MAX_DEPTH: Final = 100
"""Lists and objects that may be nested in each other; all that is known of Wiro is below 10."""

_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_SEPARATORS: Final = (b",", b"[", b"{")


def parse_json(data: bytes | str, *, max_values: int = MAX_VALUES) -> object:
    """Return the value that a JSON text spells.

    A number that no float holds (``1e400``, ``NaN``) becomes ``None``, half of a surrogate pair
    U+FFFD. Raises :class:`ValueError` for everything that cannot be read: no JSON, no UTF-8,
    integers of thousands of digits, nesting without end, more than ``max_values`` values.
    """
    text = data.encode("utf-8", "replace") if isinstance(data, str) else data
    if sum(map(text.count, _SEPARATORS)) > max_values:
        raise ValueError(f"more than {max_values} values")
    try:
        value: object = json.loads(text.decode(), parse_float=_finite, parse_constant=_no_number)
        if _SURROGATE.search(text):
            whole = json.dumps(value, ensure_ascii=False)
            value = json.loads(SURROGATE.sub("\ufffd", whole))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if text.count(b"[") + text.count(b"{") > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise ValueError("nested too deeply")
    return value


def parse_inputs(text: str) -> object:
    """Return the value of a JSON text that a user wrote.

    Raises :class:`ValueError` for what is no JSON, and for an object with the same key twice, of
    which Python would keep one.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        (doubled, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"the key {shorten(repr(doubled))} stands there twice")
    return found


def _is_deeper(value: object, limit: int) -> bool:
    """Whether lists and objects are nested more than ``limit`` deep."""
    level = [value]
    for _ in range(limit):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return True


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _no_number(_name: str) -> None:
    """``NaN`` and ``Infinity``, which Python's parser takes for JSON."""
