"""``wirogen lint``."""

from __future__ import annotations

import importlib.metadata
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from wiro_runtime.cli.console import print_json
from wirogen.cli.console import (
    CommandError,
    alone,
    counts,
    diagnostic_json,
    err,
    nearest_project,
    out,
    print_diagnostics,
    printable,
    project_root,
)
from wirogen.cli.options import Root
from wirogen.common.files import write_file
from wirogen.common.paths import real
from wirogen.common.text import counted
from wirogen.diagnostics.known import BASELINE, baseline_text, read_baseline, unknown
from wirogen.diagnostics.model import RULES, Diagnostic, Severity, display_path
from wirogen.diagnostics.sarif import sarif
from wirogen.output.manifest import built_findings
from wirogen.pipeline.lint import lint_paths, lint_project

HELP: Final = """Every oddity in documents, specs and overlays, with its code, place and what to do.

What is new since the last build comes first. What every document of Wiro's has is counted, and
listed with --all. Exit 0: none, or none that the baseline does not accept. 1: some. 2: something
could not be read.
"""


def command(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Documents, Tool/Detail responses, specs, overlays or folders of them; "
            "by default all of the nearest project."
        ),
    ] = None,
    root: Root = None,
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
    every: Annotated[
        bool,
        typer.Option(
            "--all", "-v", help="List also what every document has, and what the baseline accepts."
        ),
    ] = False,
    baseline: Annotated[
        bool,
        typer.Option(
            "--baseline", help=f"Accept what there is, in {BASELINE}; commit it. Errors stay."
        ),
    ] = False,
) -> int:
    if explain is not None:
        return _explain(explain)
    if paths and root is not None:
        raise CommandError("lint: give files and folders, or --root, but not both")
    for path in paths or ():
        if not path.exists():
            raise CommandError(f"{path}: no such file or folder")
    if baseline and (paths or only or least is not Severity.NOTE):
        raise CommandError(
            "lint: --baseline is for all of a project; give it alone, or with --root"
        )
    project = nearest_project() if paths else project_root(root)
    found = lint_paths(paths) if paths else lint_project(project_root(root))
    if baseline and project is not None:
        return _accept(found.diagnostics, project)
    chosen = _chosen(found.diagnostics, least, [_code(each) for each in only or ()])
    left = _unaccepted(chosen, project)
    shown = chosen if every else left
    if as_sarif:
        print_json(sarif(shown, version=importlib.metadata.version("wiro-tools")))
    elif as_json:
        print_json([{**diagnostic_json(each), "fix": each.rule.fix} for each in shown])
    else:
        _print(shown, found.tools, project, every=every or bool(only))
        accepted = sum(not each.rule.boilerplate for each in chosen) - len(left)
        if accepted > 0 and not every:
            out().print(f"{accepted} accepted by {BASELINE} (--all lists them)", markup=False)
    if any(each.severity is Severity.ERROR for each in chosen):
        return 2
    return 1 if left else 0


def _accept(found: list[Diagnostic], project: Path) -> int:
    """Write the baseline of a project."""
    file = project / BASELINE
    text = baseline_text(found, lambda each: _below(each.path, project))
    with alone(project):
        try:
            write_file(file, text)
        except OSError as error:
            raise CommandError(f"{file}: {(error.strerror or str(error)).lower()}") from None
    errors = [each for each in found if each.severity is Severity.ERROR]
    print_diagnostics(errors, err())
    accepted = sum(not each.rule.boilerplate for each in found) - len(errors)
    said = f"{display_path(file)}: {counted(accepted, 'diagnostic')} accepted; commit it"
    out().print(said, markup=False)
    return 2 if errors else 0


def _unaccepted(found: list[Diagnostic], project: Path | None) -> list[Diagnostic]:
    """What the baseline of the project does not accept. Where there is one, it accepts what every
    document has."""
    if project is None:
        return found
    file = project / BASELINE
    try:
        known = read_baseline(file)
    except ValueError as error:
        raise CommandError(f"{display_path(file)}: {error}") from None
    if known is None:
        return found
    telling = [each for each in found if not each.rule.boilerplate]
    return unknown(telling, known, lambda each: _below(each.path, project))


def _below(path: str, project: Path) -> str:
    """A path as the baseline has it: below the project, whatever the working directory."""
    file, root = real(Path(path)), real(project)
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else path


def _print(
    found: list[Diagnostic], tools: Mapping[str, str], project: Path | None, *, every: bool
) -> None:
    """What is new since the last build, by tool; the rest by file; a line about boilerplate."""
    console = out()
    listed = [each for each in found if every or not each.rule.boilerplate]
    built = built_findings(project / "generated") if project is not None else None
    fresh: list[Diagnostic] = []
    if built is not None:
        about = [each for each in listed if each.path in tools and not each.rule.boilerplate]
        fresh = unknown(about, built, lambda each: tools[each.path])
    new = set(map(id, fresh))
    if fresh:
        console.print("[bold]New since the last build[/]")
        for tool in sorted({tools[each.path] for each in fresh}):
            console.print(printable(tool), style="bold", markup=False)
            of_tool = [each for each in fresh if tools[each.path] == tool]
            print_diagnostics(of_tool, console, indent=2)
        console.print()
    print_diagnostics((each for each in listed if id(each) not in new), console)
    _totals(listed)
    rest = Counter(each.code for each in found if each.rule.boilerplate)
    if rest and not every:
        codes = ", ".join(f"{code} × {count}" for code, count in sorted(rest.items()))
        console.print(
            f"{rest.total()} as in every document of Wiro's: {codes} (--all lists them)",
            markup=False,
        )
    console.print(counts(listed), markup=False)


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
