"""JSON inside a document: read strictly, with the offsets of the members of an object.

``NaN``, ``Infinity``, numbers too large for a float, integers with too many digits, lone surrogates
(no UTF-8 text can hold them) and too deep a nesting are not JSON here; ``common.limits`` has the
numbers.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple, cast

from wirogen.common.json_values import (
    Json,
    depth,
    is_encodable,
    is_too_deep,
    no_constant,
    on_every_python,
    strict_float,
    strict_int,
)
from wirogen.common.limits import JSON_DEPTH
from wirogen.common.text import WHITE


class JsonError(ValueError):
    """Text that is not JSON; ``offset`` is where in the document, ``reason`` why in a few words."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


class Member(NamedTuple):
    """One member of an object: its key and value, and where both stand. ``wrong`` is why its value
    cannot be used (it is ``None`` then), although the members around it can."""

    key: str
    value: Json
    key_start: int
    key_end: int
    start: int
    end: int
    wrong: JsonError | None = None


_strict = json.JSONDecoder(
    parse_constant=no_constant, parse_float=strict_float, parse_int=strict_int
)
_lenient = json.JSONDecoder(
    parse_constant=no_constant, parse_float=strict_float, parse_int=strict_int, strict=False
)
_shape = json.JSONDecoder(parse_constant=str, parse_float=str, parse_int=str, strict=False)
_TOO_DEEP: Final = "nested too deeply"


def decode(text: str, start: int, *, strict: bool = True) -> tuple[Json, int]:
    """The JSON value at ``start`` and where it ends. ``strict=False`` lets control characters
    (line breaks, above all) stand in strings. Raises :class:`JsonError`."""
    try:
        value, end = (_strict if strict else _lenient).raw_decode(text, start)
    except json.JSONDecodeError as error:
        if is_too_deep(text, start):
            raise JsonError(start, _TOO_DEEP) from None
        raise _fault(error) from None
    except RecursionError:
        raise JsonError(start, _TOO_DEEP) from None
    except ValueError as error:
        raise JsonError(start, str(error)) from None
    if not isinstance(value, str) and depth(value) > JSON_DEPTH:
        raise JsonError(start, _TOO_DEEP)
    # A document is UTF-8, so only an escape can make one.
    if "\\u" in text[start:end] and not is_encodable(value):
        raise JsonError(start, "a lone surrogate is not text")
    return value, end


def extent(text: str, start: int) -> int:
    """Where the value at ``start`` ends, whatever its numbers, strings and depth are like. Raises
    :class:`JsonError` when it does not end, or is not built like JSON."""
    if is_too_deep(text, start):
        raise JsonError(start, _TOO_DEEP)
    try:
        return _shape.raw_decode(text, start)[1]
    except json.JSONDecodeError as error:
        raise _fault(error) from None


def _fault(error: json.JSONDecodeError) -> JsonError:
    found = on_every_python(error)
    return JsonError(found.pos, found.msg)


def _skip(text: str, at: int) -> int:
    while at < len(text) and text[at] in WHITE:
        at += 1
    return at


def members(text: str, start: int) -> tuple[list[Member], int]:
    """The members of the object at ``start``, in order and with duplicates, and where it ends.
    Control characters may stand in strings.

    A value that is built like JSON and cannot be used (``NaN``, ``1e400``) is ``wrong`` and spoils
    no other. Raises :class:`JsonError`.
    """
    found: list[Member] = []
    if text[start : start + 1] != "{":
        raise JsonError(start, "Expecting an object")
    at = _skip(text, start + 1)
    if text[at : at + 1] == "}":
        return found, at + 1
    while True:
        found.append(_member(text, at))
        at = _skip(text, found[-1].end)
        if text[at : at + 1] == "}":
            return found, at + 1
        if text[at : at + 1] != ",":
            raise JsonError(at, "Expecting ',' or '}'")
        at = _skip(text, at + 1)


def _member(text: str, at: int) -> Member:
    if text[at : at + 1] != '"':
        raise JsonError(at, "Expecting a key in double quotes")
    key, key_end = decode(text, at, strict=False)
    colon = _skip(text, key_end)
    if text[colon : colon + 1] != ":":
        raise JsonError(colon, "Expecting ':'")
    start = _skip(text, colon + 1)
    value: Json = None
    wrong: JsonError | None = None
    try:
        value, end = decode(text, start, strict=False)
    except JsonError as error:
        wrong, end = error, extent(text, start)
    return Member(cast("str", key), value, at, key_end, start, end, wrong)
