"""``wirogen sync``."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from wiro_runtime import WiroError
from wiro_runtime.cli.console import print_json
from wiro_runtime.settings import Settings, load_settings
from wirogen.cli.console import (
    CommandError,
    diagnostic_json,
    err,
    out,
    print_diagnostics,
    printable,
    project_root,
)
from wirogen.cli.options import Root, Site
from wirogen.common.text import counted, did_you_mean, shorten
from wirogen.diff import Change, compare_tools, condensed
from wirogen.merge.snapshots import accumulate, is_full
from wirogen.pipeline.spec_files import YAML, Sources, files_below, read_specs
from wirogen.specs import ToolSpec
from wirogen.sync import (
    CatalogueError,
    Filters,
    Options,
    Outcome,
    SyncReport,
    Verdict,
    listed_as,
    sync,
)

_SHOWN = 30


HELP: Final = """\
Download the documents of Wiro's catalogue that are new or have changed.

Needs a key: that of wiro-tools login, or WIRO_API_KEY and WIRO_API_SECRET. An interrupted run is
resumed by the next one. A page that is no document, or that lacks inputs or options of the present
one, is quarantined in .wirogen/quarantine/.
Exit 0: all is up to date. 1: some pages were quarantined or failed. 2: no catalogue.
"""


def command(
    root: Root = None,
    search: Annotated[str, typer.Option(help="Only tools whose texts hold this.")] = "",
    category: Annotated[
        list[str] | None, typer.Option(help="Only tools in this category; all of several.")
    ] = None,
    owner: Annotated[str, typer.Option(help="Only tools of this owner.")] = "",
    limit: Annotated[int | None, typer.Option(help="At most so many tools.", min=1)] = None,
    only_known: Annotated[
        bool, typer.Option("--known", help="Only tools that this project has already.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Download and compare, but write nothing.")
    ] = False,
    detail: Annotated[
        bool, typer.Option(help="Ask Tool/Detail as well, for limits and prices.")
    ] = True,
    accept: Annotated[
        list[str] | None, typer.Option(help="Tool whose document may lose inputs or options.")
    ] = None,
    concurrency: Annotated[
        int, typer.Option(help="Requests in flight at once.", min=1, max=16)
    ] = 4,
    site: Site = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> int:
    folder = project_root(root)
    sources = Sources()
    files = files_below(folder / "specs" / "tools", *YAML)
    read_specs(files, into=sources)
    print_diagnostics(sources.errors, err())
    filters = Filters(search=search, categories=tuple(category or ()), owner=owner, limit=limit)
    if only_known and not filters.everything:
        raise CommandError("sync: --known takes all tools of the project; leave the filters out")
    options = Options(
        filters=filters,
        tools=tuple(map(listed_as, sorted(sources.specs))) if only_known else None,
        dry_run=dry_run,
        detail=detail,
        concurrency=concurrency,
        accept=frozenset(accept or ()),
        site=site.rstrip("/") if site else None,
    )
    try:
        settings = load_settings(max_concurrency=concurrency)
        report = _run(folder, sources.specs, settings, options, err())
    except (WiroError, CatalogueError) as error:
        raise CommandError(f"sync: {str(error).removesuffix(', or pass api_key=')}") from None
    changes = _changes(sources.specs, report)
    if as_json:
        print_json(_as_json(report, changes))
    else:
        print_diagnostics(report.diagnostics, err())
        _show(report, changes, dry_run=dry_run)
    for tool in options.accept - report.verdicts.keys():
        near = did_you_mean(tool, report.verdicts)
        raise CommandError(f"sync: --accept {shorten(tool)}: there was no such tool{near}")
    return 1 if report.diagnostics else 0


def _run(
    folder: Path,
    known: Mapping[str, ToolSpec],
    settings: Settings,
    options: Options,
    console: Console,
) -> SyncReport:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        bar = progress.add_task("listing", total=None)

        def listed(total: int) -> None:
            progress.update(bar, description="documents", total=total)

        def done(outcome: Outcome) -> None:
            progress.update(bar, advance=1, description=printable(outcome.tool)[:40])

        return asyncio.run(sync(folder, known, settings, options, on_listed=listed, on_done=done))


def _changes(known: Mapping[str, ToolSpec], report: SyncReport) -> list[Change]:
    """Return the changes that the next build makes of the documents of this run."""
    old: dict[str, ToolSpec] = {}
    new: dict[str, ToolSpec] = {}
    for outcome in report.outcomes:
        spec = outcome.spec
        if spec is not None and spec.tool in known:
            before = known[spec.tool]
            old[spec.tool] = before
            new[spec.tool] = accumulate(before, spec, full=is_full(spec))
    return compare_tools(old, new)


def _show(report: SyncReport, changes: list[Change], *, dry_run: bool) -> None:
    console = out()
    by_verdict: dict[Verdict, list[str]] = {}
    for tool, verdict in sorted(report.verdicts.items()):
        by_verdict.setdefault(verdict, []).append(tool)
    for verdict in (Verdict.NEW, Verdict.CHANGED):
        _list(console, verdict, by_verdict.get(verdict, []))
    for change, said in condensed(changes)[:_SHOWN]:
        console.print(
            f"  {printable(change.tool)}: {printable(said)} ({change.impact})", markup=False
        )
    _list(console, "gone", list(report.gone))
    verdicts = ", ".join(f"{len(by_verdict.get(verdict, []))} {verdict}" for verdict in Verdict)
    resumed = f" ({report.resumed} of them before the interruption)" if report.resumed else ""
    console.print(f"{counted(report.listed, 'tool')}{resumed}: {verdicts}, {len(report.gone)} gone")
    if dry_run:
        console.print("nothing was written (--dry-run)")
    elif by_verdict.get(Verdict.NEW) or by_verdict.get(Verdict.CHANGED):
        console.print("now: wirogen build")


def _list(console: Console, title: str, tools: list[str]) -> None:
    if tools:
        more = f" and {len(tools) - _SHOWN} more" if len(tools) > _SHOWN else ""
        names = ", ".join(map(printable, tools[:_SHOWN]))
        console.print(f"{title}: {names}{more}", markup=False)


def _as_json(report: SyncReport, changes: list[Change]) -> dict[str, object]:
    return {
        "listed": report.listed,
        "complete": report.complete,
        "resumed": report.resumed,
        "tools": {tool: str(verdict) for tool, verdict in sorted(report.verdicts.items())},
        "gone": list(report.gone),
        "changes": [change.as_json() for change in changes],
        "diagnostics": [diagnostic_json(each) for each in report.diagnostics],
    }
