"""``wirogen build``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from wiro_runtime.cli.console import print_json
from wirogen.cli.console import (
    alone,
    counts_apart,
    diagnostic_json,
    err,
    out,
    print_diagnostics,
    print_summary,
    printable,
    project_root,
)
from wirogen.cli.options import AsJson, Jobs, Root, Templates, Verbose
from wirogen.common.text import counted
from wirogen.diagnostics.model import Severity
from wirogen.output.publication import Changes
from wirogen.pipeline.build import News, Summary, build_project
from wirogen.pipeline.positions import with_positions

_SHOWN = 10
_LINES = 30
_RENAMED = "N103"


HELP: Final = """Documents → specs → everything under generated/.

Exit 0: built, or up to date. 1: some input was refused, or --check found something stale.
2: nothing could be read.
"""


def command(
    root: Root = None,
    templates: Templates = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when anything is stale.")
    ] = False,
    jobs: Jobs = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    project = project_root(root)
    with alone(project, shared=check):
        summary = build_project(project, templates=templates, check=check, jobs=jobs)
    if as_json:
        print_json(report_json(summary))
    else:
        show_report(summary, check=check, verbose=verbose)
    if summary.errors:
        return 1 if summary.tools else 2
    return 1 if check and summary.stale else 0


def show_report(report: Summary, *, check: bool, verbose: bool = False) -> None:
    """Print one screen about a build: errors on stderr, the summary on stdout."""
    changes = report.changes
    print_news(report.news)
    print_findings(report, verbose=verbose)
    verb = "stale" if check else "written"
    rows = [
        ("tools", _tools(report)),
        *_names(report.news),
        ("specs", f"{len(report.specs)} {verb}"),
        (
            "generated",
            f"{len(changes.written)} {verb}, "
            f"{changes.unchanged} unchanged, {len(changes.removed)} "
            f"{'to remove' if check else 'removed'}",
        ),
        ("diagnostics", _diagnostics(report)),
    ]
    stale = [f"specs/tools/{path}" for path in report.specs]
    stale += [f"generated/{path}" for path in (*changes.written, *changes.removed)]
    if check and stale:
        rows.append(("stale", _some(stale)))
    if report.edited:
        edits = _some([f"specs/tools/{path}" for path in report.edited])
        tense = "would be" if check else "was"
        what = f"{tense} overwritten from its document; corrections belong in specs/overlays/"
        rows.append(("edited by hand", f"{edits}: {what}"))
    print_summary([*rows, *tree_rows(changes, Path("generated"))], out())


def print_news(news: News) -> None:
    """Print the diagnostics that the last build did not have, by tool."""
    lines = sum(map(len, news.diagnostics.values()))
    if not lines:
        return
    console = err()
    console.print(f"{counted(lines, 'new diagnostic')} since the last build:", markup=False)
    left = _LINES
    for tool, found in news.diagnostics.items():
        if left <= 0:
            break
        kind = " (new)" if tool in news.added else ""
        console.print(f"[bold]{printable(tool)}[/]{kind}")
        print_diagnostics(found[:left], console, indent=2)
        left -= len(found)
    if lines > _LINES:
        console.print(f"… and {lines - _LINES} more: wirogen lint")


def _tools(report: Summary) -> str:
    news = report.news
    parts = [("new", news.added), ("changed", news.changed), ("removed", news.removed)]
    said = ", ".join(f"{len(tools)} {verb}" for verb, tools in parts if tools)
    return f"{len(report.tools)}{f': {said}' if said else ''}"


def _names(news: News) -> list[tuple[str, str]]:
    rows = [("  new", news.added), ("  changed", news.changed), ("  removed", news.removed)]
    return [(verb, _some(list(tools))) for verb, tools in rows if tools]


def _diagnostics(report: Summary) -> str:
    """One line: what is new, what there is, and how much every document has."""
    fresh = sum(map(len, report.news.diagnostics.values()))
    note = f"{' in all' if fresh else ''} (wirogen lint lists them)"
    return (f"{fresh} new, " if fresh else "") + counts_apart(report.diagnostics, note)


def print_findings(report: Summary, *, verbose: bool) -> None:
    """Errors, and modules whose name hangs on other tools; with ``verbose``, everything."""
    shown = (
        each
        for each in report.diagnostics
        if verbose or each.severity is Severity.ERROR or each.code == _RENAMED
    )
    print_diagnostics(shown, err())


def tree_rows(changes: Changes, folder: Path) -> list[tuple[str, str]]:
    """Return the rows about files in a generated folder that no build wrote."""
    rows: list[tuple[str, str]] = []
    if changes.edited:
        rows.append(("edited by hand", _some([f"{folder}/{path}" for path in changes.edited])))
    if changes.unknown:
        rows.append(("not ours, kept", _some([f"{folder}/{path}" for path in changes.unknown])))
    return rows


def _some(paths: list[str]) -> str:
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return ", ".join(paths[:_SHOWN]) + more


def report_json(report: Summary) -> dict[str, object]:
    """Return the summary as JSON. ``rendered`` are the tools that were rendered anew."""
    return {
        "tools": list(report.tools),
        "new": list(report.news.added),
        "changed": list(report.news.changed),
        "gone": list(report.news.removed),
        "specs": list(report.specs),
        "edited_specs": list(report.edited),
        "rendered": list(report.changes.rendered),
        "written": list(report.changes.written),
        "unchanged": report.changes.unchanged,
        "removed": list(report.changes.removed),
        "edited": list(report.changes.edited),
        "unknown": list(report.changes.unknown),
        "diagnostics": [diagnostic_json(each) for each in with_positions(report.diagnostics)],
        "new_diagnostics": {
            tool: [diagnostic_json(each) for each in with_positions(found)]
            for tool, found in report.news.diagnostics.items()
        },
    }
