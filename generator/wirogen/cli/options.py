"""Options that several commands have."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Root: TypeAlias = Annotated[
    Path | None, typer.Option(help="Folder with specs/; by default the nearest above.")
]
Templates: TypeAlias = Annotated[
    Path | None, typer.Option(help="Folder whose templates replace those of the same path.")
]
Jobs: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Worker processes; one for each processor.")
]
Verbose: TypeAlias = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print warnings and notes as well as errors.")
]
Site: TypeAlias = Annotated[
    str | None, typer.Option(help="Where the pages are; by default https://wiro.ai.")
]


def _above_0(number: float) -> float:
    if not (number > 0 and math.isfinite(number)):
        raise typer.BadParameter("expected a number above 0")
    return number


Speed: TypeAlias = Annotated[
    float, typer.Option(help="How many times faster than real tasks run.", callback=_above_0)
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print a report as JSON.")]
