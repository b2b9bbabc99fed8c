"""JSON values: their type, their kinds, when two are equal, and which numbers are taken."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Final, NoReturn, TypeAlias, cast

from wirogen.common.limits import DIGITS, JSON_DEPTH, NUMBER_LENGTH, PARSED_DEPTH

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_JSON_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_AFTER_COMMA: Final = re.compile(r",[ \t\r\n]*")
_unescaped: Final = json.JSONEncoder(ensure_ascii=False)
_DECIMAL: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")


def kind(value: Json) -> str:
    """Return ``string``, ``number``, ``boolean``, ``array``, ``object`` or ``null``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def same(left: object, right: object) -> bool:
    """Return whether two values are written alike.

    ``1``, ``1.0`` and ``true`` are three values, and so are objects whose keys differ in order.
    Markers that stand for "no value" are equal to themselves only.
    """
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        ours, theirs = cast("list[object]", left), cast("list[object]", right)
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    if isinstance(left, dict):
        mine, other = cast("dict[str, object]", left), cast("dict[str, object]", right)
        return list(mine) == list(other) and all(same(mine[key], other[key]) for key in mine)
    return left == right


def depth(value: Json) -> int:
    """Return how deeply ``value`` is nested: 1 for a text, 2 for a list of texts."""
    found, level = 0, [value]
    while level:
        found += 1
        below: list[Json] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = below
    return found


def is_too_deep(text: str, start: int) -> bool:
    """Return whether the list or object at ``start`` is nested deeper than every Python can read,
    be it JSON or not."""
    brackets = text.count("[", start) + text.count("{", start)
    if brackets <= PARSED_DEPTH or text[start : start + 1] not in {"[", "{"}:
        return False
    level = 0
    for token in _TOKEN.finditer(text, start):
        level += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if not level or level > PARSED_DEPTH:
            break
    return level > PARSED_DEPTH


def number(text: str) -> int | float | None:
    """Return the number that ``text`` spells as JSON would, or ``None``."""
    if len(text) > NUMBER_LENGTH or not _JSON_NUMBER.fullmatch(text):
        return None
    value = cast("int | float", json.loads(text))
    return value if is_finite(value) else None


def decimal(text: str) -> Decimal | None:
    """Return the decimal number that ``text`` spells, or ``None``.

    Leading zeros and a leading point are fine (``05``, ``.5``). A number that no float holds is
    none: ``1e400`` is too large, ``1e-400`` too small.
    """
    if len(text) > NUMBER_LENGTH or not _DECIMAL.fullmatch(text):
        return None
    value = Decimal(text)
    return value if is_finite(value) and bool(float(value)) == bool(value) else None


def is_finite(value: float | Decimal) -> bool:
    """Return whether a float holds ``value``."""
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def strict_float(text: str) -> float:
    """``parse_float`` of JSON readers: raise ``ValueError`` for what no float holds."""
    value = float(text)
    if math.isinf(value):
        raise ValueError("a number is too large")
    return value


def strict_int(text: str) -> int:
    """``parse_int`` of JSON readers: raise ``ValueError`` for more than ``DIGITS`` digits."""
    if len(text.lstrip("-")) > DIGITS:
        raise ValueError("a number has too many digits")
    return int(text)


def no_constant(name: str) -> NoReturn:
    """``parse_constant`` of JSON readers: raise ``ValueError``, as ``NaN`` is not JSON."""
    raise ValueError(f"a value of {name} is not JSON")


def parse_json(
    data: str | bytes,
    *,
    parse_float: Callable[[str], float | str] = strict_float,
    parse_int: Callable[[str], int | str] = strict_int,
    parse_constant: Callable[[str], NoReturn] = no_constant,
) -> Json:
    """Return the JSON value in ``data``.

    Raise ``json.JSONDecodeError`` where it is not JSON, and ``ValueError`` for JSON that no spec
    can hold: ``NaN``, a number that is too large, half a character, too deep a nesting.
    """
    text = data if isinstance(data, str) else data.decode(json.detect_encoding(data))
    text = text.removeprefix("\ufeff")
    try:
        value = cast(
            "Json",
            json.loads(
                text,
                parse_constant=parse_constant,
                parse_float=parse_float,
                parse_int=parse_int,
            ),
        )
    except (json.JSONDecodeError, RecursionError) as error:
        if is_too_deep(text, len(text) - len(text.lstrip())):
            raise ValueError("it is nested too deeply") from None
        if isinstance(error, RecursionError):
            raise
        raise on_every_python(error) from None
    if depth(value) > JSON_DEPTH:
        raise ValueError("it is nested too deeply")
    if not is_encodable(value):
        raise ValueError("a lone surrogate is not text")
    return value


def json_or_none(text: str) -> Json:
    """Return the JSON value that ``text`` spells, ``None`` where it spells none."""
    try:
        return parse_json(text)
    except ValueError:
        return None


def on_every_python(error: json.JSONDecodeError) -> json.JSONDecodeError:
    """Return ``error`` with the words and place that Python has before 3.13, since specs keep
    both: newer ones point at a comma before ``]`` or ``}``, older ones at what follows it."""
    if not error.msg.startswith("Illegal trailing comma"):
        return error
    name = "Expecting property name enclosed in double quotes"
    found = _AFTER_COMMA.match(error.doc, error.pos)
    at = found.end() if found else error.pos
    closing = error.doc[at : at + 1]
    return json.JSONDecodeError(name if closing == "}" else "Expecting value", error.doc, at)


def is_encodable(value: Json) -> bool:
    """Return whether every text in ``value`` can be written as UTF-8."""
    try:
        _unescaped.encode(value).encode()
    except UnicodeEncodeError:
        return False
    return True
