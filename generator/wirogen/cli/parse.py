"""``wirogen parse``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from wirogen.cli.console import CommandError, counts_apart, err, out, print_diagnostics, printable
from wirogen.common.paths import real
from wirogen.common.text import counted
from wirogen.diagnostics.model import Severity
from wirogen.diff import compare_tool, condensed
from wirogen.pipeline.inputs import read_documents
from wirogen.pipeline.spec_files import (
    YAML,
    Sources,
    files_below,
    read_specs,
    write_specs,
)
from wirogen.specs import ToolSpec
from wirogen.specs.names import tool_paths

_SHOWN = 12


HELP: Final = """Documents → specs, and nothing else. What --out knows already is added to.

Exit 0: all well. 1: --verify found a loss, or some documents were refused. 2: all were.
"""


def command(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="Tool documents, Tool/Detail responses (JSON), or folders of them.",
            show_default=False,
        ),
    ],
    to: Annotated[
        Path | None, typer.Option("--out", help="Folder for <owner>/<project>.yaml.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--verify", help="Prove that nothing in the documents was dropped."),
    ] = False,
    full: Annotated[
        bool,
        typer.Option(
            "--full",
            help="The documents list all models, whatever they are called: lists are replaced.",
        ),
    ] = False,
) -> int:
    if to is None and not check:
        raise CommandError("parse: give --out DIR, --verify, or both")
    files = _files(files)
    sources, there = Sources(), Sources()
    if to is not None:
        read_specs(files_below(to, *YAML), into=there)
    known = there.specs
    read_documents(files, base=None, into=sources, known=known, full=full, check=check)
    lossy = _lossy(sources)
    parsed = list(sources.specs)
    if to is not None:
        _take_over(to, there, sources)
    print_diagnostics(sources.errors, err())
    telling = (each for each in sources.diagnostics if not each.rule.boilerplate)
    print_diagnostics((each for each in telling if each.severity is not Severity.NOTE), err())
    if to is not None and not lossy:
        for tool in parsed:
            _show_learnt(known.get(tool), sources.specs[tool])
        written = write_specs(sources, to).stale
        said = counts_apart([*sources.errors, *sources.diagnostics])
        specs = f"{counted(len(written), 'spec')} written to {printable(str(to))}"
        out().print(f"{len(parsed)} parsed, {specs}; diagnostics: {said}", markup=False)
    if sources.errors:
        return 1 if parsed else 2
    return 1 if lossy else 0


def _files(given: list[Path]) -> list[Path]:
    """The files that are meant: those given, and all documents below the folders."""
    found: list[Path] = []
    for path in given:
        below = files_below(path, ".txt", ".json") if path.is_dir() else [path]
        if not below:
            raise CommandError(f"{path}: no document (.txt, .json) below this folder")
        found += below
    return found


def _lossy(sources: Sources) -> bool:
    """Print what verifying has shown; return whether text of a document was lost."""
    for shown, (size, loss) in sources.verified.items():
        if loss is not None:
            err().print(printable(f"{shown}: {loss}"), markup=False)
        else:
            said = f"{shown}: verified, all {size} characters accounted for"
            out().print(printable(said), markup=False)
    return any(loss is not None for _, loss in sources.verified.values())


def _take_over(to: Path, there: Sources, sources: Sources) -> None:
    """Note the files below ``to`` that are about the tools of ``sources``, and add the specs there
    whose files must be renamed because of new tools, or have the name that one of these would have
    alone. A file to be written that cannot be read is an error; the others are left alone."""
    paths = tool_paths({*there.specs, *sources.specs})
    alone = {real(to / path) for path in sources.spec_files()}
    for tool, file in there.files.items():
        place = real(file)
        moves = place != real(to / f"{paths[tool]}.yaml")
        if tool not in sources.specs and (moves or place in alone):
            sources.add(there.specs[tool], there.origin[tool])
    sources.files = {tool: file for tool, file in there.files.items() if tool in sources.specs}
    sources.broken = there.broken
    written = {real(to / path) for path in sources.spec_files()}
    sources.errors += [each for each in there.errors if real(Path(each.path)) in written]


def _show_learnt(known: ToolSpec | None, after: ToolSpec) -> None:
    """Print what a document adds to the known spec."""
    console = out()
    if known is None:
        console.print(f"{after.tool}: new, {counted(len(after.inputs), 'input')}", markup=False)
        return
    changes = compare_tool(known, after)
    if not changes:
        console.print(f"{after.tool}: nothing new", markup=False)
        return
    console.print(f"{after.tool}: learnt", markup=False)
    entries = condensed(changes)
    for change, said in entries[:_SHOWN]:
        console.print(f"  {printable(said)} ({change.impact})", markup=False)
    if len(entries) > _SHOWN:
        console.print(f"  and {len(entries) - _SHOWN} more (wirogen diff shows all)", markup=False)
