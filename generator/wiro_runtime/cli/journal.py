"""The journal of the commands, and what ``wiro-tools costs`` reports of it."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer
from rich.table import Table
from rich.text import Text

from wiro_runtime import Wiro
from wiro_runtime.cli.batch import Database, open_batch
from wiro_runtime.cli.console import (
    PROGRAM,
    CommandError,
    out,
    print_json,
    print_line,
    printable,
    say,
)
from wiro_runtime.cli.options import AsJson
from wiro_runtime.price.model import dollar_range, dollars, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from wiro_runtime.tasks.records import Cost

VARIABLE: Final = "WIRO_JOURNAL"

COSTS_HELP: Final = """\
What runs have cost, beside their estimates: those of the journal, or of batches.

Each batch keeps its own records, in its folder DIR. Days are those of UTC. Exit 1: no run has ended
yet.
"""


def client() -> Wiro:
    """A client with the journal that ``--journal`` names, if any."""
    return Wiro(journal=os.environ.get(VARIABLE) or None)


_SUMS: Final = ("runs", "billed", "spent", "priced", "compared", "low", "high")
"""What is added up of the costs of a group."""


def costs_command(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="DIR", help="Folders of batches; without, the journal."),
    ] = None,
    by: Annotated[
        Literal["tool", "day"] | None, typer.Option(help="A line for each tool, or each day.")
    ] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    costs, reserved = _batch_costs(folders, database) if folders else _journal_costs()
    groups = _grouped(costs, by)
    if as_json:
        print_json({"reserved": plain(reserved), "costs": [_json(*group) for group in groups]})
        return 0 if costs else 1
    if sys.stdout.isatty():
        _print_table(groups, by)
    else:
        for name, total in groups:
            print_line(name, str(total["runs"]), dollars(total["spent"]), _estimate(total))
    if not costs:
        say("no run has ended yet")
    if reserved:
        say(f"{dollars(reserved)} more for runs that have not been seen to end")
    return 0 if costs else 1


def _batch_costs(folders: Iterable[Path], database: str | None) -> tuple[list[Cost], Decimal]:
    costs: list[Cost] = []
    reserved = Decimal(0)
    for folder in dict.fromkeys(each.resolve() for each in folders):
        with open_batch(folder, database) as batch:
            costs += batch.costs()
            reserved += batch.status().reserved
    return costs, reserved


def _journal_costs() -> tuple[list[Cost], Decimal]:
    from wiro_runtime.tasks.journal import Journal  # noqa: PLC0415 - only needed here

    path = os.environ.get(VARIABLE)
    if not path:
        raise CommandError(
            f"costs: of which journal, or batch? {PROGRAM} --journal FILE costs, or costs DIR"
        )
    if not Path(path).exists():
        raise CommandError(f"costs: there is no journal {path}")
    journal = Journal(path).open()
    try:
        return journal.costs(), journal.reserved()
    finally:
        journal.close()


def _grouped(costs: Iterable[Cost], by: str | None) -> list[tuple[str, dict[str, Any]]]:
    """The sums by tool or day, sorted by name; ``total`` without either."""
    groups: dict[str, dict[str, Any]] = {}
    for cost in costs:
        name = {"tool": cost.tool, "day": cost.day}.get(by or "", "total")
        total = groups.setdefault(name, dict.fromkeys(_SUMS, 0))
        for key in total:
            total[key] += getattr(cost, key)
    return sorted(groups.items())


def _json(name: str, total: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "runs": total["runs"],
        "billed": total["billed"],
        "spent": plain(total["spent"]),
        "estimated": {
            "runs": total["priced"],
            "low": plain(total["low"]),
            "high": plain(total["high"]),
            "spent": plain(total["compared"]),
        },
    }


def _estimate(total: dict[str, Any]) -> str:
    """What the billed runs whose price was known were to cost, beside what they did."""
    if not total["priced"]:
        return "not estimated"
    said = dollar_range(total["low"], total["high"])
    which = "" if total["priced"] == total["billed"] else f" for {total['priced']} of them"
    cost = "" if not which else f", which cost {dollars(total['compared'])}"
    return f"estimated {said}{which}{cost}"


def _print_table(groups: list[tuple[str, dict[str, Any]]], by: str | None) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(by or "")
    table.add_column("runs", justify="right")
    table.add_column("cost", justify="right")
    table.add_column("")
    for name, total in groups:
        cells = (name, f"{total['runs']:,}", dollars(total["spent"]), _estimate(total))
        table.add_row(*(Text(printable(cell)) for cell in cells))
    out().print(table, soft_wrap=False)
