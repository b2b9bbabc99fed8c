"""Templates of one's own, checked before anything is rendered."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import jinja2
from jinja2 import meta

from wirogen.common.files import read_text
from wirogen.diagnostics.model import display_path, input_error
from wirogen.emit.template_tree import SUFFIX, Scope, path_problem, scope_of
from wirogen.emit.templates import template_folders

_VERY_NEAR: Final = 0.9


def check_overrides(overrides: Path) -> None:
    """Raise :class:`InputError` (G002) for a file that was meant to replace a template and does
    not, for a partial that no template includes, and for a path that makes no file."""
    mine = _names(overrides)
    shipped = [name for folder in template_folders() for name in _names(folder)]
    used = _used(overrides, mine)
    for name in mine:
        if name not in shipped and (problem := _problem(name, shipped, used)):
            path = display_path(overrides / name)
            raise input_error("G002", problem, path)


def _problem(name: str, shipped: Sequence[str], used: set[str] | None) -> str | None:
    """What is wrong with a template that replaces none; ``used`` are those that are included."""
    if used is not None and name in used:
        return None
    if problem := path_problem(name):
        return problem
    if scope_of(name) is Scope.PARTIAL:
        near = get_close_matches(name, shipped, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        unused = "replaces no template, and none of yours uses it"
        return None if used is None else f"{unused}{hint}"
    if f"{name}{SUFFIX}" in shipped:
        return f"replaces no template; did you mean {name}{SUFFIX}?"
    folder, _, file = name.rpartition("/")
    folders = {each.rpartition("/")[0] for each in shipped}
    if folder not in folders:
        # A folder that is spelt otherwise would make a second set of files.
        for near in get_close_matches(folder, folders, cutoff=_VERY_NEAR):
            if f"{near}/{file}" in shipped:
                return f"replaces no template; did you mean {near}/{file}?"
    return None


def _names(folder: Path) -> list[str]:
    return [
        name
        for name in jinja2.FileSystemLoader(folder).list_templates()
        if not any(part.startswith(".") for part in name.split("/"))
    ]


def _used(folder: Path, names: list[str]) -> set[str] | None:
    """The templates that those below ``folder`` name; ``None`` when one of them names another by
    an expression. What cannot be parsed is reported when it is rendered."""
    env = jinja2.Environment()  # noqa: S701 - nothing is rendered with it
    used: set[str] = set()
    for name in names:
        try:
            tree = env.parse(read_text(folder / name))
        except (jinja2.TemplateSyntaxError, ValueError):
            continue
        for each in meta.find_referenced_templates(tree):
            if each is None:
                return None
            used.add(each)
    return used
