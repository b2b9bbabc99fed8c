"""Values → Python source. The only way for text into a module."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, cast

from wirogen.common.text import visible
from wirogen.plan.identifiers import own
from wirogen.plan.model import Code, ImportPlan

STRING: Final = re.compile(r"'(?:[^'\\\n]++|\\.)*+'|\"(?:[^\"\\\n]++|\\.)*+\"")
"""A string literal of one line."""
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_ORIGINS: Final[Mapping[str, frozenset[str]]] = {
    "collections.abc": frozenset({"Mapping", "Sequence"}),
    "typing": frozenset({"Annotated", "Any", "ClassVar", "Final", "Literal", "TypeAlias"}),
    "pydantic": frozenset({"ConfigDict", "Field"}),
}
_RUNTIME: Final = "wiro_runtime.generated"


def names_in(code: str) -> set[str]:
    """The names in Python source; those in its strings are none."""
    return set(_NAME.findall(STRING.sub("", code)))


def imports_of(names: Iterable[str]) -> tuple[ImportPlan, ...]:
    """What imports these names, as black and isort like it: by origin, then by name. Names of
    which nothing else is known are those of ``wiro_runtime.generated``."""
    every = set(names)
    found = {module: every & known for module, known in _ORIGINS.items()}
    found[_RUNTIME] = every.difference(*_ORIGINS.values())
    return tuple(
        ImportPlan(module=Code(module), names=tuple(map(own, sorted(used))))
        for module, used in found.items()
        if used
    )


def source(value: object) -> Code:
    """Source of a constant of texts, numbers, booleans, ``None``, tuples, lists and mappings.

    Whatever a screen would hide is escaped in strings.
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
    if isinstance(value, float):
        return Code(repr(value).replace("e+", "e"))
    if value is None or isinstance(value, (bool, int)):
        return Code(repr(value))
    raise TypeError(f"no constant: {type(value).__name__}")


def _text(text: str) -> str:
    """What ``repr`` gives, but with the quotes that black prefers and the same in every Python:
    ``repr`` itself escapes whatever its own Unicode does not know yet."""
    quote = "'" if text.count('"') > text.count("'") else '"'
    body = text.replace("\\", "\\\\").replace(quote, f"\\{quote}")
    return f"{quote}{visible(body)}{quote}"
