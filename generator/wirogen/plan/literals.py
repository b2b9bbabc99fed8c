"""Values → Python source. The only way for text into a module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from wirogen.plan.model import Code


def source(value: object) -> Code:
    """Source of a constant of texts, numbers, booleans, ``None``, tuples, lists and mappings.

    Strings are written by ``repr``, which escapes whatever a screen would hide, and between double
    quotes where that needs no escaping, as black has it.
    """
    if isinstance(value, str):
        return Code(_text(str(value)))
    if isinstance(value, tuple):
        items = [source(item) for item in cast("tuple[object, ...]", value)]
        return Code(f"({', '.join(items)}{',' if len(items) == 1 else ''})")
    if isinstance(value, list):
        return Code(f"[{', '.join(source(item) for item in cast('list[object]', value))}]")
    if isinstance(value, Mapping):
        pairs = cast("Mapping[object, object]", value).items()
        return Code("{" + ", ".join(f"{source(key)}: {source(item)}" for key, item in pairs) + "}")
    if value is None or isinstance(value, (bool, int, float)):
        return Code(repr(value))
    raise TypeError(f"no constant: {type(value).__name__}")


def _text(text: str) -> str:
    literal = repr(text)
    if literal[0] == '"' or '"' in text:
        return literal
    return f'"{literal[1:-1]}"'
