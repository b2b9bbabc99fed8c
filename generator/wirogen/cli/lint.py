"""``wirogen lint``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

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
from wirogen.diagnostics import RULES, Diagnostic
from wirogen.plan import plan_modules, plan_tool
from wirogen.sources import Sources, files_below, read_documents, read_specs


def command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(help="Documents, specs or folders of them; by default specs/."),
    ] = None,
    explain: Annotated[
        str | None, typer.Option(help="Say what a code means and what to do about it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the diagnostics as JSON.")] = False,
) -> int:
    """Every oddity in documents and specs, with its code and place.

    Exit 0: none. 1: some. 2: something could not be read.
    """
    if explain is not None:
        return _explain(explain)
    diagnostics = check(paths or [])
    if as_json:
        print_json([diagnostic_json(each) for each in diagnostics])
    else:
        print_diagnostics(diagnostics, out())
        _totals(diagnostics)
    if any(each.severity == "error" for each in diagnostics):
        return 2
    return 1 if diagnostics else 0


def check(paths: list[Path]) -> list[Diagnostic]:
    """The diagnostics of documents (``.txt``) and specs (``.yaml``), by file and place."""
    sources = Sources()
    if not paths:
        root = project_root(None)
        paths = [root / "specs" / "documents", root / "specs" / "tools"]
    documents: list[Path] = []
    specs: list[Path] = []
    for path in paths:
        if path.is_dir():
            documents += files_below(path, ".txt")
            specs += files_below(path, ".yaml")
        elif not path.exists():
            raise CommandError(f"{path}: no such file or folder")
        else:
            (specs if path.suffix in {".yaml", ".yml"} else documents).append(path)
    read_documents(documents, base=Path.cwd(), into=sources)
    read_specs(specs, into=sources)
    modules, renamed = plan_modules(sources.specs)
    planned = [
        each
        for tool, spec in sources.specs.items()
        for each in plan_tool(spec, modules[tool]).diagnostics
    ]
    found = [*sources.errors, *sources.diagnostics, *renamed, *planned]
    return sorted(
        found,
        key=lambda each: (each.path, each.position.offset if each.position else -1, each.code),
    )


def _totals(diagnostics: list[Diagnostic]) -> None:
    by_code = Counter(each.code for each in diagnostics)
    console = out()
    for code in sorted(by_code):
        console.print(f"{by_code[code]:5}  {code}  {RULES[code].summary}", markup=False)
    console.print(f"{counts(diagnostics)}", markup=False)


def _explain(code: str) -> int:
    rule = RULES.get(code.upper())
    if rule is None:
        raise CommandError(f"lint: there is no code {code!r}; the codes are {', '.join(RULES)}")
    console = out()
    console.print(f"{rule.code} {rule.name} ({rule.severity})", markup=False)
    console.print(f"\n{rule.summary}\n\n{rule.explanation}\n\nFix: {rule.fix}", markup=False)
    return 0
