"""``wirogen add``."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer

from wiro_runtime import ConfigurationError, WiroError
from wiro_runtime.cli.console import print_json
from wiro_runtime.http.signing import Credentials
from wiro_runtime.settings import load_settings, make_credentials
from wirogen.cli.build import print_findings
from wirogen.cli.console import (
    CommandError,
    alone,
    enter,
    err,
    import_lines,
    next_steps,
    out,
    print_diagnostics,
    printable,
    program,
    project_root,
    shell_word,
)
from wirogen.cli.options import AsJson, Root, Site
from wirogen.common.text import counted
from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.output.manifest import built_modules
from wirogen.pipeline.build import Summary, build_project, read_project
from wirogen.project.add import listed_tool, take_file
from wirogen.specs import ToolSpec
from wirogen.sync import Listed, Options, Outcome, Verdict, sync

HELP: Final = """Fetch the documents of tools from Wiro, build, and print how to import them.

A tool that is here already is brought up to date. No key is needed; with one, limits and prices
are asked for as well. Exit 0: done. 1: some could not be added. 2: none could.
"""

_ON_THE_PATH: Final = (
    '$env:PYTHONPATH = "generated/python"'
    if os.name == "nt"
    else "export PYTHONPATH=generated/python"
)


def command(
    tools: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="OWNER/PROJECT…", help="Tools, or the addresses of their pages on Wiro."
        ),
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A document, or a response of Tool/Detail (JSON), that was saved; repeatable.",
        ),
    ] = None,
    root: Root = None,
    detail: Annotated[
        bool, typer.Option(help="With a key: ask Tool/Detail as well, for limits and prices.")
    ] = True,
    site: Site = None,
    as_json: AsJson = False,
) -> int:
    if not tools and not files:
        raise CommandError("add: name a tool, as wirogen add OWNER/PROJECT, or --from FILE")
    folder = project_root(root)
    with alone(folder):
        known = read_project(folder).specs
        listed = _listed(tools or [], known)
        outcomes, problems = _saved(folder, known, files or [])
        outcomes += _fetched(folder, known, listed, detail=detail, site=site)
        problems += [each for outcome in outcomes for each in outcome.diagnostics]
        added = [outcome for outcome in outcomes if not outcome.diagnostics]
        print_diagnostics(problems, err())
        if any(outcome.verdict is Verdict.FAILED for outcome in outcomes):
            err().print("a page that your browser shows can be saved: wirogen add --from FILE")
        if not added:
            return 2
        summary = build_project(folder)
    names = {outcome.tool: _name(outcome, summary.tools) for outcome in added}
    built = [
        replace(outcome, tool=names[outcome.tool])
        for outcome in added
        if names[outcome.tool] in summary.tools
    ]
    modules = built_modules(folder / "generated")
    if as_json:
        print_json(
            {
                "tools": {
                    names[each.tool]: {
                        "result": str(each.verdict),
                        "from": each.address,
                        "module": modules.get(names[each.tool]),
                    }
                    for each in added
                },
                "written": list(summary.changes.written),
            }
        )
    else:
        _show([(each, modules[each.tool]) for each in built], summary, folder)
    print_findings(summary, verbose=False)
    return 1 if problems or summary.errors else 0


def _saved(
    folder: Path, known: Mapping[str, ToolSpec], files: Sequence[Path]
) -> tuple[list[Outcome], list[Diagnostic]]:
    taken: dict[str, Outcome] = {}
    problems: list[Diagnostic] = []
    # Documents come first: what Tool/Detail says about a tool lies beside its document.
    for file in sorted(files, key=lambda file: file.suffix == ".json"):
        added = {each.tool: each.spec for each in taken.values() if each.spec is not None}
        try:
            found = take_file(folder, file, {**added, **known})
        except InputError as error:
            problems.append(error.diagnostic)
            continue
        before = taken.get(found.tool)
        if before is not None:
            verdict = found.verdict if before.verdict is Verdict.UNCHANGED else before.verdict
            address = f"{before.address}, {found.address}"
            found = replace(found, verdict=verdict, address=address)
        taken[found.tool] = found
    return list(taken.values()), problems


def _listed(tools: Sequence[str], known: Mapping[str, ToolSpec]) -> tuple[Listed, ...]:
    try:
        found = [listed_tool(each, known) for each in tools]
    except ValueError as error:
        raise CommandError(f"add: a tool {error}") from None
    return tuple(dict.fromkeys(found))


def _fetched(
    folder: Path,
    known: Mapping[str, ToolSpec],
    tools: tuple[Listed, ...],
    *,
    detail: bool,
    site: str | None,
) -> list[Outcome]:
    if not tools:
        return []
    credentials = make_credentials(None, None)
    if isinstance(credentials, ConfigurationError):
        # The pages are public: nothing is signed, and the API is not asked.
        credentials, detail = Credentials("none", None), False
    options = Options(tools=tools, detail=detail, site=site.rstrip("/") if site else None)
    try:
        settings = load_settings(credentials=credentials)
        with err().status(f"fetching {counted(len(tools), 'document')} from Wiro"):
            report = asyncio.run(sync(folder, known, settings, options))
    except WiroError as error:
        raise CommandError(f"add: {error}") from None
    return list(report.outcomes)


def _name(outcome: Outcome, tools: Sequence[str]) -> str:
    """The id of the tool as its document has it; Wiro's site may spell it otherwise."""
    if outcome.spec is not None:
        return outcome.spec.tool
    listed = listed_tool(outcome.tool, {})
    return next((tool for tool in tools if listed.means(tool)), outcome.tool)


def _show(built: Sequence[tuple[Outcome, str]], summary: Summary, folder: Path) -> None:
    console = out()
    for outcome, _ in built:
        what = {Verdict.NEW: "new", Verdict.CHANGED: "brought up to date"}
        said = what.get(outcome.verdict, "nothing new")
        inputs = f", {counted(len(outcome.spec.inputs), 'input')}" if outcome.spec else ""
        console.print(f"[bold]{printable(outcome.tool)}[/]: {said}{inputs}")
        console.print(f"  from {printable(outcome.address)}", markup=False)
    files = counted(len(summary.changes.written), "file")
    console.print(f"built: {files} written below generated/", markup=False)
    console.print("\n[bold]Import:[/]")
    for _, module in built:
        # At the margin where there are several lines, to be copied as they are.
        first, *rest = import_lines(module, console.width - 2)
        for line in (first, *rest) if rest else (f"  {first}",):
            console.print(line, style="green", markup=False)
    tool = shell_word(built[0][0].tool) if built else "OWNER/PROJECT"
    next_steps(
        [
            *enter(folder),
            (_ON_THE_PATH, "where Python finds the clients of this project"),
            (f"{program('wiro-tools')} run {tool} --help", "its inputs, as options"),
        ]
    )
