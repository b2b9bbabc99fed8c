"""``wirogen lint``."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from pathlib import Path
from typing import Annotated, Final

import typer

from wirogen.cli.console import (
    CommandError,
    counts,
    diagnostic_json,
    out,
    print_diagnostics,
    print_json,
    project_root,
)
from wirogen.diagnostics.model import RULES, Diagnostic, Severity
from wirogen.diagnostics.sarif import sarif
from wirogen.pipeline.lint import lint_paths, lint_project

HELP: Final = """Every oddity in documents, specs and overlays, with its code, place and what to do.

Exit 0: none. 1: some. 2: something could not be read.
"""


def command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Documents, Tool/Detail responses, specs, overlays or folders of them; "
            "by default all of the nearest project."
        ),
    ] = None,
    root: Annotated[
        Path | None, typer.Option(help="Folder with specs/; by default the nearest above.")
    ] = None,
    explain: Annotated[
        str | None, typer.Option(help="Say what a code means and what to do about it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the diagnostics as JSON.")] = False,
    as_sarif: Annotated[
        bool, typer.Option("--sarif", help="Print them as SARIF 2.1.0, for code hosts.")
    ] = False,
    least: Annotated[
        Severity, typer.Option("--severity", help="Leave out what matters less than this.")
    ] = Severity.NOTE,
    only: Annotated[
        list[str] | None, typer.Option("--code", help="Only this code, or these.")
    ] = None,
) -> int:
    if explain is not None:
        return _explain(explain)
    if paths and root is not None:
        raise CommandError("lint: give files and folders, or --root, but not both")
    for path in paths or ():
        if not path.exists():
            raise CommandError(f"{path}: no such file or folder")
    found = lint_paths(paths) if paths else lint_project(project_root(root))
    chosen = _chosen(found, least, [_code(each) for each in only or ()])
    if as_sarif:
        print_json(sarif(chosen, version=importlib.metadata.version("wiro-tools")))
    elif as_json:
        print_json([{**diagnostic_json(each), "fix": each.rule.fix} for each in chosen])
    else:
        print_diagnostics(chosen, out())
        _totals(chosen)
    if any(each.severity is Severity.ERROR for each in chosen):
        return 2
    return 1 if chosen else 0


def _chosen(found: list[Diagnostic], least: Severity, codes: list[str]) -> list[Diagnostic]:
    order = list(Severity)
    return [
        each
        for each in found
        if order.index(each.severity) <= order.index(least) and (not codes or each.code in codes)
    ]


def _totals(diagnostics: list[Diagnostic]) -> None:
    found = Counter(each.code for each in diagnostics)
    console = out()
    if found:
        console.print()
    for code in sorted(found):
        rule = RULES[code]
        console.print(f"{found[code]:5}  {code}  {rule.summary}", markup=False)
        console.print(f"             {rule.fix}", markup=False, style="dim")
    console.print(counts(diagnostics), markup=False)


def _code(given: str) -> str:
    code = given.upper()
    if code not in RULES:
        raise CommandError(f"lint: there is no code {given!r}; the codes are {', '.join(RULES)}")
    return code


def _explain(given: str) -> int:
    rule = RULES[_code(given)]
    console = out()
    console.print(f"{rule.code} {rule.name} ({rule.severity})", markup=False)
    console.print(f"\n{rule.summary}\n\n{rule.explanation}\n\nFix: {rule.fix}", markup=False)
    return 0
