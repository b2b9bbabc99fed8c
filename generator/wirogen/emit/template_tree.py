"""The tree of templates mirrors the tree that it makes, and this is how.

A template whose name ends in ``.jinja`` makes the file of the same path without that ending, once
for each tool, owner or category when the path holds ``[project]``, ``[owner]`` or ``[category]``.
Names that begin with ``_`` (but not ``__``), or have no ending beside ``.jinja``, are partials,
which others include. Every other file is copied as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from wirogen.common import paths
from wirogen.plan.model import Code

SUFFIX: Final = ".jinja"
PLACEHOLDERS: Final = ("owner", "project", "category")

_PLACEHOLDER: Final = re.compile(r"\[(\w+)\]")
_GUIDE: Final = re.compile(r"docs/guides/([a-z0-9][a-z0-9_-]*)\.md\.jinja")
_PACKAGE: Final = "python/wiro_tools/"
_RESERVED: Final = frozenset(
    {
        "MANIFEST.json",
        "openapi.json",
        "schemas/spec.json",
        "schemas/overlay.json",
        f"{_PACKAGE}catalogue.json",
        f"{_PACKAGE}py.typed",
    }
)
_FRONT_MATTER: Final = re.compile(r"\A---\n((?:[a-z]+: .*\n)*)---\n")
_INDEX: Final = "index"


class Scope(StrEnum):
    """What a template is rendered for."""

    TOOL = "tool"
    OWNER = "owner"
    CATEGORY = "category"
    GUIDE = "guide"
    PROJECT = "project"
    PARTIAL = "partial"
    COPY = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """A guide as lists name it."""

    name: Code
    """The file's name without its endings."""
    title: str
    """The ``title`` of its front matter."""
    summary: str
    """The ``summary`` of its front matter: one sentence."""
    part: str
    """The ``part`` of its front matter: the heading under which it is listed."""
    order: int
    """Its place in the list of guides; without one, it comes last."""


def scope_of(name: str) -> Scope:
    """What the template ``name`` (its path below the templates) is rendered for."""
    file = name.rpartition("/")[2]
    if _is_partial(file):
        return Scope.PARTIAL
    if not name.endswith(SUFFIX):
        return Scope.COPY
    placeholders = _PLACEHOLDER.findall(name)
    for placeholder, scope in (
        ("project", Scope.TOOL),
        ("owner", Scope.OWNER),
        ("category", Scope.CATEGORY),
    ):
        if placeholder in placeholders:
            return scope
    guide = _GUIDE.fullmatch(name)
    return Scope.GUIDE if guide and guide[1] != _INDEX else Scope.PROJECT


def _is_partial(file: str) -> bool:
    if file.startswith("_") and not file.startswith("__"):
        return True
    return file.endswith(SUFFIX) and "." not in file.removesuffix(SUFFIX)


def output_of(name: str, package: str, **values: str) -> str:
    """The path of the file that a template makes, below the generated tree."""
    path = name.removesuffix(SUFFIX)
    if path.startswith(_PACKAGE):
        path = f"python/{package}/{path.removeprefix(_PACKAGE)}"
    return _PLACEHOLDER.sub(lambda found: values[found[1]], path)


def part_of(path: str) -> str:
    """The part of the tree that a file, or the file of a template, belongs to: ``docs``,
    ``python``, ``schemas``, ``openapi``."""
    return path.partition("/")[0].partition(".")[0]


def path_problem(name: str) -> str | None:
    """Why a template's path makes no file, as the end of a sentence."""
    unknown = [each for each in _PLACEHOLDER.findall(name) if each not in PLACEHOLDERS]
    if unknown:
        return f"has the unknown placeholder [{unknown[0]}]"
    if "[project]" in name and "[owner]" not in name:
        return "has [project] without [owner]: tools of two owners would share a file"
    if "[category]" in name and "[owner]" in name:
        return "has [category] and [owner]: a file is made for one of them"
    path = output_of(name, "wiro_tools", **dict.fromkeys(PLACEHOLDERS, "x"))
    if path in _RESERVED:
        return f"would make {path}, which is made without a template"
    problem = paths.path_problem(path)
    return f"would make {path!r}, which {problem}" if problem else None


def guide_of(name: str, text: str) -> Guide:
    """The guide that the template ``name`` with this text makes."""
    stem = name.rpartition("/")[2].removesuffix(f".md{SUFFIX}")
    head = _head(text)
    order = head.get("order", "")
    return Guide(
        name=Code(stem),
        title=head.get("title", stem),
        summary=head.get("summary", head.get("description", "")),
        part=head.get("part", ""),
        order=int(order) if order.isascii() and order.isdigit() and len(order) < 9 else 10**9,
    )


def page_head(text: str) -> str:
    """The text of a guide with the head of a page: its ``summary`` is called ``description``, and
    its ``part`` and ``order`` are left out."""

    def lines(found: re.Match[str]) -> str:
        kept = [line for line in found[1].split("\n") if not line.startswith(("order: ", "part: "))]
        return "\n".join(["---", *kept]).replace("\nsummary: ", "\ndescription: ", 1) + "---\n"

    return _FRONT_MATTER.sub(lines, text)


def _head(text: str) -> Mapping[str, str]:
    found = _FRONT_MATTER.match(text)
    lines = found[1].splitlines() if found else []
    return {key: value.strip() for key, _, value in (line.partition(": ") for line in lines)}
