"""Somebody else's templates, checked before anything is rendered."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Final

import jinja2
from jinja2 import meta

from wirogen.diagnostics.model import Diagnostic, InputError, display_path
from wirogen.emit.templates import template_folders

_FREE: Final = "docs/assets/"


def check_overrides(overrides: Path) -> None:
    """Raise :class:`InputError` for a file that neither replaces a template nor is included by
    one. Assets may be added, and hidden files are nobody's templates."""
    mine = _names(overrides)
    replaceable = [name for folder in template_folders() for name in _names(folder)]
    spare = [name for name in mine if name not in replaceable and not name.startswith(_FREE)]
    if not spare:
        return
    used = _used(overrides, mine)
    if used is None:
        return
    for name in spare:
        if name not in used:
            near = get_close_matches(name, replaceable, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            message = f"replaces no template, and none of yours uses it{hint}"
            path = display_path(overrides / name)
            raise InputError(Diagnostic(code="G002", message=message, path=path))


def _names(folder: Path) -> list[str]:
    paths = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return sorted(
        path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts)
    )


def _used(folder: Path, names: list[str]) -> set[str] | None:
    """The templates that those below ``folder`` name; ``None`` when one of them names another by
    an expression. What cannot be parsed is reported when it is rendered."""
    env = jinja2.Environment()  # noqa: S701 - nothing is rendered with it
    used: set[str] = set()
    for name in names:
        try:
            tree = env.parse((folder / name).read_text("utf-8"))
        except (jinja2.TemplateSyntaxError, ValueError):
            continue
        for each in meta.find_referenced_templates(tree):
            if each is None:
                return None
            used.add(each)
    return used
