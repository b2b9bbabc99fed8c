"""Options of several commands."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import typer


def note_json(context: typer.Context, value: bool) -> bool:
    """Let the command line as a whole know that this command prints JSON, errors included."""
    if value and context.obj is not None:
        context.obj.add("json")
    return value


AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON.", callback=note_json)]
