"""``wirogen init``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from wirogen.cli.console import CommandError, enter, next_steps, out, print_summary
from wirogen.common.paths import real
from wirogen.project.start import WORKFLOW, start_project

HELP: Final = """Begin a project of your own: specs/, a README, a .gitignore.

Files that are there already stay as they are. Exit 0: done. 2: the folder cannot be used.
"""


def command(
    folder: Annotated[Path, typer.Argument(help="The folder; made when it is missing.")] = Path(),
    workflow: Annotated[
        bool,
        typer.Option(
            "--workflow", help=f"Add {WORKFLOW}: a pull request when Wiro changes your tools."
        ),
    ] = False,
) -> int:
    if folder.exists() and not folder.is_dir():
        raise CommandError(f"init: {folder} is not a folder")
    made, kept = start_project(folder, workflow=workflow)
    rows = [("project", str(real(folder)))]
    rows += [("made", ", ".join(made))] if made else []
    rows += [("there already", ", ".join(kept))] if kept else []
    if workflow:
        rows.append(("needs", "the secrets WIRO_API_KEY and WIRO_API_SECRET on GitHub"))
    print_summary(rows, out())
    next_steps(
        [
            *enter(folder),
            ("wirogen add OWNER/PROJECT", "fetch a tool's document from Wiro, and build"),
            ("wirogen add --from FILE", "the same with a document that you saved"),
        ]
    )
    return 0
