"""``wirogen generate``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from wirogen.cli.console import CommandError, alone, err, out, print_diagnostics
from wirogen.generate import generate
from wirogen.overlay import apply_overlays
from wirogen.plan.identifiers import DEFAULT_PACKAGE, package_name
from wirogen.sources import Sources, files_below, read_specs
from wirogen.spec import ToolSpec
from wirogen.store import default_store
from wirogen.text import counted


def command(
    specs: Annotated[Path, typer.Option(help="Folder with specs (YAML, any depth).")],
    to: Annotated[Path, typer.Option("--out", help="Folder for the generated tree.")],
    templates: Annotated[
        Path | None, typer.Option(help="Folder whose templates replace those of the same path.")
    ] = None,
    overlays: Annotated[
        Path | None, typer.Option(help="Folder with overlays that correct the specs.")
    ] = None,
    package: Annotated[
        str, typer.Option(help="Import package of the generated modules.")
    ] = DEFAULT_PACKAGE,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="Worker processes; one for each processor.")
    ] = None,
) -> int:
    """Specs → a complete generated tree elsewhere, for a project of your own.

    Exit 0: done. 1: some specs were refused. 2: none could be used.
    """
    try:
        name = DEFAULT_PACKAGE if package == DEFAULT_PACKAGE else package_name(package)
    except ValueError as error:
        raise CommandError(f"generate: --package {package!r} {error}") from None
    for folder in (specs, templates, overlays):
        if folder is not None and not folder.is_dir():
            raise CommandError(f"{folder}: not a folder")
    sources = Sources()
    store = default_store()
    read_specs(files_below(specs, ".yaml"), into=sources, store=store, jobs=jobs)
    print_diagnostics(sources.errors, err())
    if not sources.specs:
        raise CommandError(f"{specs}: no usable spec (.yaml) below this folder")
    chosen: Mapping[str, ToolSpec] = sources.specs
    if overlays is not None:
        chosen, errors = apply_overlays(chosen, overlays)
        print_diagnostics(errors, err())
        sources.errors += errors
    with alone(to.resolve().parent):
        plans, changes = generate(
            chosen, to, templates=templates, package=name, jobs=jobs, store=store
        )
    for plan in plans:
        place = sources.origin[plan.spec.tool]
        print_diagnostics((replace(each, path=place) for each in plan.diagnostics), err())
    out().print(
        f"{counted(len(plans), 'tool')}: {counted(len(changes.written), 'file')} written to {to}, "
        f"{changes.unchanged} unchanged, {len(changes.removed)} removed",
        markup=False,
    )
    return 1 if sources.errors else 0
