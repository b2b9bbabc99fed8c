"""JSON values: their type, and what "the same value" means."""

from __future__ import annotations

from typing import TypeAlias, cast

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


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
