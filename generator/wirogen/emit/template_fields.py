"""Every field that a template may use, read from the classes of the values themselves."""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any, cast

from wirogen.emit.template_tree import Scope
from wirogen.emit.values import VALUES_OF


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateField:
    """A field: ``tool.inputs[].name``, its type, and what it means."""

    name: str
    type: str
    meaning: str


def fields_of(scope: Scope) -> list[TemplateField]:
    """What a template of this scope may use; what lists hold is named with ``[]``. The fields of a
    class are listed where it comes first."""
    cls = VALUES_OF.get(scope)
    return [] if cls is None else list(_fields(cls, "", {}))


def _fields(cls: type[Any], before: str, seen: dict[type[Any], str]) -> Iterator[TemplateField]:
    inside: list[tuple[type[Any], str]] = []
    for member in _members(cls):
        path = f"{before}{member.name}"
        inner = _dataclass_in(member.type, cls)
        within = f"{path}{'[]' if '[' in member.type else ''}"
        meaning = member.meaning
        if inner is not None and inner in seen:
            meaning = f"{meaning} Its fields are those of {seen[inner]}."
        elif inner is not None:
            seen[inner] = within
            inside.append((inner, within))
        yield replace(member, name=path, meaning=meaning)
    for inner, within in inside:
        yield from _fields(inner, f"{within}.", seen)


@cache
def _members(cls: type[Any]) -> list[TemplateField]:
    """The fields and then the properties of a class."""
    meanings = _meanings(cls)
    found = [
        TemplateField(name=field.name, type=str(field.type), meaning=meanings.get(field.name, ""))
        for field in fields(cls)
    ]
    for name, member in inspect.getmembers(cls, lambda each: isinstance(each, property)):
        if not name.startswith("_"):
            kind = str(member.fget.__annotations__.get("return", "Any"))
            meaning = _line(inspect.getdoc(member) or "")
            found.append(TemplateField(name=name, type=kind, meaning=meaning))
    return found


def _meanings(cls: type[Any]) -> dict[str, str]:
    """The texts that stand below the fields of a class."""
    found: dict[str, str] = {}
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    for field, text in pairwise(cast("ast.ClassDef", definition).body):
        match field, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=meaning)),
            ):
                found[name] = _line(str(meaning))
            case _:
                pass
    return found


def _dataclass_in(annotation: str, cls: type[Any]) -> type[Any] | None:
    """The first dataclass that an annotation of ``cls`` names."""
    known = vars(sys.modules[cls.__module__])
    named = (known.get(word) for word in re.findall(r"\w+", annotation))
    return next((each for each in named if isinstance(each, type) and is_dataclass(each)), None)


def _line(text: str) -> str:
    return " ".join(text.replace("``", "").split())
