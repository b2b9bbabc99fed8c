"""Limits of a number beside which another value is legal: ``false``, or a text like ``auto``.

datamodel-code-generator would make a class of its own for such a number; in a field it is written
``Annotated[int, Field(ge=0, le=9)] | Literal[False]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast

from wirogen.plan.literals import source
from wirogen.specs import Json

_NUMBERS: Final = ("int | float", "int", "float")
_LIMITS: Final = {"minimum": "ge", "maximum": "le"}


def without_limits(schema: Mapping[str, Json]) -> dict[str, Json]:
    """``schema`` as datamodel-code-generator gets it: without the limits of its first kind."""
    kinds = schema.get("anyOf")
    if not _limits(schema) or not isinstance(kinds, list):
        return dict(schema)
    first = cast("dict[str, Json]", kinds[0])
    bare = {key: value for key, value in first.items() if key not in _LIMITS}
    return {**schema, "anyOf": [bare, *kinds[1:]]}


def with_limits(field: str, schema: Mapping[str, Json]) -> str:
    """``field``, the line of a field of :func:`without_limits`, with the limits in it."""
    limits = _limits(schema)
    if not limits:
        return field
    head, annotated, rest = field.partition("Annotated[")
    for number in _NUMBERS:
        if rest.startswith(f"{number} | "):
            given = ", ".join(
                f"{name}={source(float(limit) if 'float' in number else int(limit))}"
                for name, limit in limits.items()
            )
            limited = f"Annotated[{number}, Field({given})]"
            return f"{head}{annotated}{limited}{rest.removeprefix(number)}"
    raise ValueError(f"a number with limits is written in an unknown way: {field.strip()}")


def _limits(schema: Mapping[str, Json]) -> dict[str, float]:
    kinds = schema.get("anyOf")
    first = kinds[0] if isinstance(kinds, list) and kinds else None
    if not isinstance(first, dict):
        return {}
    found = {name: first.get(key) for key, name in _LIMITS.items()}
    return {name: limit for name, limit in found.items() if isinstance(limit, int | float)}
