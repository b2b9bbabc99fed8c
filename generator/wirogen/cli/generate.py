"""``wirogen generate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from wiro_runtime.cli.console import print_json
from wirogen.cli.build import print_findings, report_json, tree_rows
from wirogen.cli.console import (
    CommandError,
    alone,
    counts,
    out,
    print_summary,
    printable,
    project_root,
)
from wirogen.cli.options import AsJson, Jobs, Templates, Verbose
from wirogen.common.paths import real
from wirogen.common.text import counted
from wirogen.emit.template_tree import part_of
from wirogen.pipeline.build import UnknownToolError, generate_tree
from wirogen.plan.identifiers import DEFAULT_PACKAGE, package_name

_PARTS: Final = ("python", "docs", "schemas", "openapi", "skills")

HELP: Final = """Specs → a complete generated tree elsewhere, for a project of your own.

Exit 0: done. 1: some specs were refused. 2: none could be used.
"""


def command(
    to: Annotated[Path, typer.Option("--out", help="Folder for the generated tree.")],
    specs: Annotated[
        Path | None,
        typer.Option(
            help="Folder with specs (YAML, any depth); by default those of the nearest project, "
            "with its overlays."
        ),
    ] = None,
    tools: Annotated[
        list[str] | None,
        typer.Option("--tool", metavar="OWNER/PROJECT", help="Only this tool; repeatable."),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PART", help="Only python, docs, schemas, openapi, skills (repeatable, or a,b)."
        ),
    ] = None,
    templates: Templates = None,
    overlays: Annotated[
        Path | None, typer.Option(help="Folder with overlays that correct the specs.")
    ] = None,
    package: Annotated[
        str, typer.Option(help="Import package of the generated modules.")
    ] = DEFAULT_PACKAGE,
    jobs: Jobs = None,
    as_json: AsJson = False,
    verbose: Verbose = False,
) -> int:
    try:
        name = DEFAULT_PACKAGE if package == DEFAULT_PACKAGE else package_name(package)
    except ValueError as error:
        raise CommandError(f"generate: --package {package!r} {error}") from None
    if specs is None:
        project = project_root(None) / "specs"
        if (tools or only) and real(to) == real(project.parent / "generated"):
            message = "holds all that wirogen build makes; name another folder for a part of it"
            raise CommandError(f"generate: --out {to} {message}")
        specs = project / "tools"
        overlays = overlays or (project / "overlays" if (project / "overlays").is_dir() else None)
    given = [each for each in (specs, templates, overlays) if each is not None]
    for folder in given:
        if not folder.is_dir():
            raise CommandError(f"{folder}: not a folder")
    # The next build would take what is written among documents for documents.
    around = real(specs.parent)
    read = [specs.parent] if around.name == "specs" and (around / "documents").is_dir() else []
    for folder in (*given, *read):
        if real(to).is_relative_to(real(folder)):
            raise CommandError(f"generate: --out {to} lies in {folder}, which is read")
    try:
        with alone(real(to).parent):
            summary = generate_tree(
                specs,
                to,
                overlays=overlays,
                templates=templates,
                package=name,
                tools=frozenset(tools) if tools else None,
                parts=_parts(only, templates),
                jobs=jobs,
            )
    except UnknownToolError as error:
        raise CommandError(f"{specs}: {error}") from None
    if as_json and summary.tools:
        print_json(report_json(summary))
        return 1 if summary.errors else 0
    print_findings(summary, verbose=verbose)
    if not summary.tools:
        raise CommandError(f"{specs}: no usable spec (.yaml) below this folder")
    changes = summary.changes
    if summary.diagnostics:
        found = f"{counts(summary.diagnostics)} (all of them: --verbose)"
        print_summary([("diagnostics", found)], out())
    print_summary(tree_rows(changes, to), out())
    out().print(
        f"{counted(len(summary.tools), 'tool')}: {counted(len(changes.written), 'file')} written "
        f"to {printable(str(to))}, {changes.unchanged} unchanged, {len(changes.removed)} removed",
        markup=False,
    )
    return 1 if summary.errors else 0


def _parts(only: list[str] | None, templates: Path | None) -> frozenset[str] | None:
    """The parts that are wanted, ``None`` for all. Templates of one's own may make others."""
    if not only:
        return None
    own = {part_of(path.name) for path in templates.iterdir()} if templates else set[str]()
    found = frozenset(part.strip() for each in only for part in each.split(","))
    for part in sorted(found - {*_PARTS, *own}):
        raise CommandError(f"generate: --only {part!r} is none of {', '.join(_PARTS)}")
    return found
