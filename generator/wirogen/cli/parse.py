"""``wirogen parse``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from wirogen.build import write_specs
from wirogen.cli.console import CommandError, counts, err, out, print_diagnostics
from wirogen.diagnostics import InputError, Severity
from wirogen.document import parse_document, verify
from wirogen.sources import Sources, display_path, read_bytes
from wirogen.spec import dump_spec, load_spec


def command(
    files: Annotated[list[Path], typer.Argument(help="Tool documents.", show_default=False)],
    to: Annotated[
        Path | None, typer.Option("--out", help="Folder for <owner>/<project>.yaml.")
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--verify", help="Prove that nothing in the documents was dropped."),
    ] = False,
) -> int:
    """Documents → specs, and nothing else.

    Exit 0: all well. 1: --verify found a loss, or some documents were refused. 2: all were.
    """
    if to is None and not check:
        raise CommandError("parse: give --out DIR, --verify, or both")
    sources = Sources()
    lossy = False
    for file in files:
        lossy |= not _one(file, sources, check=check)
    print_diagnostics(sources.errors, err())
    print_diagnostics(
        [each for each in sources.diagnostics if each.severity is not Severity.NOTE], err()
    )
    if to is not None and not lossy:
        written = write_specs(sources, to)
        total = len(sources.specs)
        out().print(
            f"{total} parsed, {len(written)} specs written to {to}, {total - len(written)} "
            f"unchanged; diagnostics: {counts([*sources.errors, *sources.diagnostics])}",
            markup=False,
        )
    if sources.errors:
        return 1 if sources.specs else 2
    return 1 if lossy else 0


def _one(file: Path, sources: Sources, *, check: bool) -> bool:
    """Parse one document; whether nothing in it was lost."""
    shown = display_path(file)
    try:
        parsed = parse_document(read_bytes(file), path=shown, document=file.name)
    except InputError as error:
        sources.errors.append(error.diagnostic)
        return True
    sources.diagnostics += parsed.diagnostics
    sources.add(parsed.spec, shown)
    if not check:
        return True
    loss = verify(parsed, spec=load_spec(dump_spec(parsed.spec), path=shown))
    if loss is not None:
        err().print(f"{shown}: {loss}", markup=False)
        return False
    size = len(parsed.text)
    out().print(f"{shown}: verified, all {size} characters accounted for", markup=False)
    return True
