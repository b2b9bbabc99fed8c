"""Output of commands: results on stdout, messages about them on stderr."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from wiro_runtime.cli.console import CommandError, err, out
from wirogen.common.files import folder_problem
from wirogen.common.lock import locked
from wirogen.common.paths import real
from wirogen.common.text import counted
from wirogen.common.text import visible as printable
from wirogen.diagnostics.model import Diagnostic, Severity, display_path
from wirogen.pipeline.positions import with_positions

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


_NAME: Final = 16
"""Columns of the names in a summary."""


def print_diagnostics(
    diagnostics: Iterable[Diagnostic], console: Console, *, indent: int = 0
) -> None:
    for each in with_positions(diagnostics):
        console.print(Text(" " * indent) + diagnostic_line(each))


def diagnostic_line(each: Diagnostic) -> Text:
    place = f":{each.position.line}:{each.position.column}" if each.position else ""
    line = Text(f"{printable(each.path)}{place}: ")
    line.append(str(each.severity), _STYLES[each.severity])
    line.append(f": {each.code}", "bold")
    if each.subject:
        line.append(f" [{printable(each.subject)}]")
    line.append(f" {printable(each.message)}")
    return line


def diagnostic_json(each: Diagnostic) -> dict[str, object]:
    return {
        "code": each.code,
        "name": each.rule.name,
        "severity": str(each.severity),
        "path": each.path,
        "line": each.position.line if each.position else None,
        "column": each.position.column if each.position else None,
        "subject": each.subject,
        "message": each.message,
    }


def counts(diagnostics: Iterable[Diagnostic]) -> str:
    """``2 warnings, 5 notes``, or ``none``."""
    found = Counter(each.severity for each in diagnostics)
    parts = [counted(found[each], str(each)) for each in Severity if found[each]]
    return ", ".join(parts) or "none"


def counts_apart(diagnostics: Sequence[Diagnostic], note: str = "") -> str:
    """The same with ``note`` behind it, and apart from it what every document of Wiro's has."""
    telling = [each for each in diagnostics if not each.rule.boilerplate]
    same = len(diagnostics) - len(telling)
    return f"{counts(telling)}{note}" + (f", {same} as in every document" if same else "")


def print_summary(rows: Iterable[tuple[str, str]], console: Console) -> None:
    """Print names and values; on a terminal, long values go on below themselves."""
    for name, value in rows:
        lines = [printable(value)]
        if console.is_terminal:
            width = max(console.width - _NAME, _NAME)
            lines = textwrap.wrap(
                lines[0], width, break_long_words=False, break_on_hyphens=False
            ) or [""]
        for number, each in enumerate(lines):
            line = Text(f"{'' if number else name:<{_NAME}}", style="bold")
            line.append(each, style="not bold")
            console.print(line)


def alone(folder: Path, *, shared: bool = False) -> AbstractContextManager[bool]:
    """Lock ``folder`` against other commands that write there, and say so when that takes a
    wait."""
    message = f"waiting for another wirogen that is at work in {folder}"
    return locked(
        folder, shared=shared, waiting=lambda: err().print(printable(message), markup=False)
    )


def project_root(given: Path | None) -> Path:
    """The folder with ``specs/``: the one given, or the nearest at or above the current one."""
    if given is not None:
        if not (given / "specs").is_dir():
            raise CommandError(f"{given}: {_no_specs(given) or 'there is no folder specs/ in it'}")
        return given
    found = nearest_project()
    if found is None:
        if problem := _no_specs(Path()):
            raise CommandError(problem)
        raise CommandError(
            f"{Path.cwd()}: neither here nor above is a folder specs/; use --root, or begin: "
            "wirogen init"
        )
    return found


def _no_specs(folder: Path) -> str:
    problem = folder_problem(folder / "specs")
    return f"specs {problem}" if problem else ""


def nearest_project() -> Path | None:
    """The nearest folder with ``specs/``, at or above the current one."""
    here = Path.cwd()
    return next((each for each in (here, *here.parents) if (each / "specs").is_dir()), None)


def program(name: str) -> str:
    """A command of this installation as it can be typed here: its path where no ``PATH`` leads to
    it."""
    scripts = Path(sys.executable).parent
    found = shutil.which(name)
    if found is not None and real(Path(found).parent) == real(scripts):
        return name
    script = shutil.which(name, path=str(scripts))
    return name if script is None else shell_word(Path(display_path(Path(script))))


def import_lines(module: str, width: int) -> list[str]:
    """The line that imports a client; more of them, as Python takes them, where it is longer than
    ``width``, so that no terminal breaks it."""
    package, _, name = module.rpartition(".")
    line = f"from {package} import {name}"
    return [line] if len(line) <= width else [f"from {package} import (", f"    {name},", ")"]


def next_steps(steps: Iterable[tuple[str, str]]) -> None:
    """Print what to do next: commands, each with what it does."""
    console = out()
    console.print("\n[bold]Next:[/]")
    rows = list(steps)
    width = max(len(command) for command, _ in rows)
    longest = max(len(meaning) for _, meaning in rows)
    beside = width + longest + 5 <= console.width
    for command, meaning in rows:
        console.print(Text(f"  {command:<{width}}" if beside else f"  {command}", "cyan"), end="")
        if meaning:
            console.print(f"   {meaning}" if beside else f"\n      {meaning}", markup=False, end="")
        console.print()


def enter(folder: Path) -> list[tuple[str, str]]:
    """The step into ``folder``, none when it is the current one."""
    return [] if real(folder) == Path.cwd() else [(f"cd {shell_word(folder)}", "")]


def shell_word(text: Path | str) -> str:
    """A path or a name as one word of a command, for the shells of this system."""
    word = printable(str(text))
    if os.name != "nt":
        return shlex.quote(word)
    plain = re.fullmatch(r"[\w./\\:~-]+", word)
    return word if plain else "'" + word.replace("'", "''") + "'"
