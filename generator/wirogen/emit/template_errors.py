"""What goes wrong inside a template → one line that names the template and the place."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import jinja2

from wirogen.common.text import did_you_mean
from wirogen.diagnostics.model import InputError, Position, display_path, input_error

_IS_UNDEFINED: Final = re.compile(r"'(\w+)' is undefined")


def template_error(
    error: Exception, template: str, folders: Sequence[Path], known: Iterable[str] = ()
) -> InputError:
    """What became of rendering ``template`` with the ``known`` values; the line is that of the
    innermost template that Jinja was in, which may be one that ``template`` includes."""
    file, line = _place(error, template, folders)
    if isinstance(error, jinja2.TemplateNotFound):
        message = f"there is no template {', '.join(map(str, error.templates)) or error.name}"
    elif isinstance(error, jinja2.UndefinedError) and (found := _IS_UNDEFINED.match(str(error))):
        hint = did_you_mean(found[1], known)
        message = f"no {found[1]!r}{hint}" if hint else str(error)
    elif isinstance(error, jinja2.TemplateError):
        message = error.message or "cannot be rendered"
    elif isinstance(error, UnicodeDecodeError):
        message = "is not UTF-8"
    elif isinstance(error, RecursionError):
        message = "includes itself without end"
    else:
        message = str(error) or type(error).__name__
    return _error(file, line, message)


def python_error(error: Exception, template: str, folders: Sequence[Path]) -> InputError:
    """``template`` prints what is no Python."""
    file = _file(template, folders)
    if not isinstance(error, SyntaxError):
        return _error(file, None, f"prints what is no Python: {error}")
    shown = (error.text or "").strip()[:80]
    return _error(file, None, f"prints what is no Python: {error.msg}, in the line {shown!r}")


def _error(file: Path, line: int | None, message: str) -> InputError:
    position = None if line is None else Position(line, 1)
    one_line = " ".join(message.split())
    return input_error("G001", one_line, display_path(file), position)


def _place(error: Exception, template: str, folders: Sequence[Path]) -> tuple[Path, int | None]:
    if isinstance(error, jinja2.TemplateSyntaxError) and error.filename:
        return Path(error.filename), error.lineno
    frames = traceback.walk_tb(error.__traceback__)
    places = [(Path(frame.f_code.co_filename), line) for frame, line in frames]
    inside = [place for place in places if _is_below(place[0], folders)]
    return inside[-1] if inside else (_file(template, folders), None)


def _is_below(file: Path, folders: Sequence[Path]) -> bool:
    return any(file.is_relative_to(folder) for folder in folders)


def _file(template: str, folders: Sequence[Path]) -> Path:
    found = (folder / template for folder in folders if (folder / template).is_file())
    return next(found, folders[0] / template)
