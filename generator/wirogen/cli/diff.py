"""``wirogen diff``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Final

import typer

from wiro_runtime.cli.console import print_json
from wirogen.cli.console import (
    CommandError,
    diagnostic_json,
    err,
    out,
    print_diagnostics,
    printable,
    project_root,
)
from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.diff import (
    Change,
    Impact,
    bump,
    compare_tools,
    condensed,
    markdown_report,
    summary,
)
from wirogen.diff.revision import checked_out
from wirogen.pipeline.inputs import read_side
from wirogen.specs import ToolSpec

_STYLES = {Impact.BREAKING: "bold red", Impact.ADDITIVE: "green", Impact.COSMETIC: "dim"}


HELP: Final = """\
What changed between two specs or folders of them, and the version bump it asks for.

Exit 0: nothing breaks. 1: something does that is not allowed, or an overlay does not apply. 2: a
side cannot be read.
"""


def command(
    old: Annotated[
        str | None,
        typer.Argument(
            help="Spec, document, folder or project; REVISION:PATH for one in git. By default "
            "the specs of the project as of the last commit.",
            show_default=False,
        ),
    ] = None,
    new: Annotated[
        str | None,
        typer.Argument(
            help="What it is compared with; by default the specs of the project.",
            show_default=False,
        ),
    ] = None,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print it for a pull request.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the changes as JSON.")] = False,
    allow: Annotated[
        list[str] | None,
        typer.Option(
            help="Breaking change that is fine: 'owner/project:input:kind' as --json names it, "
            "with * for anything."
        ),
    ] = None,
) -> int:
    with ExitStack() as stack:
        before, old_errors = _committed(stack) if old is None else _side(old, stack)
        after, new_errors = read_side(project_root(None)) if new is None else _side(new, stack)
    # An overlay of the old side can no longer be mended.
    errors = [*(each for each in old_errors if not _is_of_overlay(each)), *new_errors]
    changes = compare_tools(before, after)
    allowed = allow or []
    breaking = [
        change
        for change in changes
        if change.impact is Impact.BREAKING and not _is_allowed(change, allowed)
    ]
    if as_json:
        print_json(
            {
                "bump": bump(changes),
                "breaking": [change.name for change in breaking],
                "changes": [change.as_json() for change in changes],
                "errors": [diagnostic_json(each) for each in errors],
            }
        )
    elif as_markdown:
        out().print(markdown_report(changes), markup=False, end="")
    else:
        _show(changes)
    print_diagnostics(errors, err())
    if not all(map(_is_of_overlay, errors)):
        return 2
    return 1 if breaking or errors else 0


def _side(given: str, stack: ExitStack) -> tuple[Mapping[str, ToolSpec], list[Diagnostic]]:
    path = Path(given)
    if path.exists():
        return read_side(path)
    revision, colon, inside = given.partition(":")
    if not colon:
        raise CommandError(f"{given}: no such file or folder")
    return read_side(stack.enter_context(checked_out(revision, inside or ".")))


def _committed(stack: ExitStack) -> tuple[Mapping[str, ToolSpec], list[Diagnostic]]:
    """The specs of the nearest project as of the last commit."""
    root = project_root(None)
    try:
        return read_side(
            stack.enter_context(checked_out("HEAD", "specs", root, only=("tools", "overlays")))
        )
    except InputError as error:
        why = f"has no last commit to read ({error.diagnostic.message}); name OLD and NEW"
        raise CommandError(f"diff: {root} {why}") from None


def _is_of_overlay(error: Diagnostic) -> bool:
    return error.code.startswith("O")


def _is_allowed(change: Change, allowed: list[str]) -> bool:
    return any(fnmatchcase(change.name, pattern) for pattern in allowed)


def _show(changes: list[Change]) -> None:
    console = out()
    for change, said in condensed(changes):
        console.print(str(change.impact), style=_STYLES[change.impact], end=" ")
        console.print(f"{printable(change.tool)}: {printable(said)}", markup=False)
    console.print(summary(changes), markup=False)
