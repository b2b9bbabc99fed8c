"""``wiro-tools batch``: a table of runs, durable. What it needs is imported when it is used."""

from __future__ import annotations

import os
import shlex
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

import typer
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn

from wiro_runtime.cli.console import (
    PROGRAM,
    CommandError,
    complain,
    exact,
    print_json,
    print_result,
    read_stdin,
    require_extra,
    say,
)
from wiro_runtime.cli.interrupts import INTERRUPTED
from wiro_runtime.cli.options import AsJson
from wiro_runtime.cli.progress import bars_of
from wiro_runtime.price.model import dollar_range, dollars

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from wiro_runtime.batch import Batch, BatchProgress, Plan, Report, Settled, Totals

app = typer.Typer(help="Run a table: every row once, whatever breaks.", no_args_is_help=False)

Folder: TypeAlias = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the batch.")]
Database: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--database",
        envvar="WIRO_BATCH_DATABASE",
        metavar="URL",
        help="postgresql://… for workers on many machines; by default a file in DIR.",
    ),
]
Budget: TypeAlias = Annotated[
    str | None, typer.Option(metavar="DOLLARS", help="What all rows may cost together.")
]
Concurrency: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Tasks at a time; by default as many as Wiro takes.")
]

_SHOWN: Final = 5
"""Refused rows and kinds of errors that are shown."""


@app.command("run", help="Check and price a table, then run every row that was not run before.")
def run(
    context: typer.Context,
    tool: Annotated[str, typer.Argument(metavar="OWNER/PROJECT", help="The tool.")],
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE", help="A .csv, .jsonl or .parquet file, - for the standard input."
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where all of it goes.")],
    constants: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help="An input of all rows; repeatable."),
    ] = None,
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="COLUMN=INPUT", help="Which input a column is; COLUMN= for none."
        ),
    ] = None,
    budget: Budget = None,
    max_cost: Annotated[
        str | None, typer.Option(metavar="DOLLARS", help="What each row may cost.")
    ] = None,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="Run rows of unknown price despite a limit.")
    ] = False,
    concurrency: Concurrency = None,
    database: Database = None,
    force: Annotated[
        bool, typer.Option("--force", help="Run rows again that have ended, and pay again.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and price the table; send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    make = _batches()
    rows: Any = table
    if table == "-":
        from wiro_runtime.batch.table import parse_table  # noqa: PLC0415 - slow to load

        rows = parse_table("standard input", "", read_stdin(), Path.cwd())
    with make(
        tool,
        rows,
        out=out,
        constants=_pairs("--set", constants),
        columns=_pairs("--map", columns),
        budget=budget,
        max_cost=max_cost,
        allow_unknown=allow_unknown,
        concurrency=concurrency,
        database=database,
        force=force,
        package=context.find_root().params.get("package") or "wiro_tools",
    ) as batch:
        plan = batch.plan()
        _say_plan(plan)
        if dry_run:
            if as_json:
                print_json(_plan_json(plan))
            return 1 if plan.refused else 0
        # Its rows are large, and in the database from here on.
        del plan
        return _drive(batch, batch.run, as_json)


@app.command("status", help="How far a batch is. Exit 1: not all rows are done.")
def status(folder: Folder, database: Database = None, as_json: AsJson = False) -> int:
    with open_batch(folder, database) as batch:
        report = batch.report()
    print_result(as_json, _report_json(report), str(report))
    return 0 if report.complete else 1


@app.command("retry", help="Run the rows again that failed or were cancelled.")
@app.command("resume", help="Go on with what is unfinished.")
def resume_or_retry(
    context: typer.Context,
    folder: Folder,
    budget: Budget = None,
    concurrency: Concurrency = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    with open_batch(folder, database) as batch:
        go_on = batch.retry if context.info_name == "retry" else batch.resume
        return _drive(
            batch, lambda show: go_on(show, budget=budget, concurrency=concurrency), as_json
        )


@app.command("cancel", help="Send no more rows; tasks that run go on.")
def cancel(folder: Folder, database: Database = None, as_json: AsJson = False) -> int:
    with open_batch(folder, database) as batch:
        cancelled = batch.cancel()
        totals = batch.status()
    running = totals.count("running", "sending")
    line = f"{_rows(cancelled)} cancelled" + (f", {running:,} under way" if running else "")
    print_result(as_json, {"cancelled": cancelled, **_totals_json(totals)}, line)
    return 0


@app.command(
    "settle", help="Find out which uncertain rows were accepted; nothing is sent. Exit 1: some are."
)
def settle(
    folder: Folder,
    task: Annotated[
        list[str] | None,
        typer.Option(metavar="ROW=ID", help="Say which task a row is; repeatable."),
    ] = None,
    absent: Annotated[
        list[int] | None, typer.Option(metavar="ROW", help="Say that a row was not accepted.")
    ] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    tasks = {_row_number(row): each for row, each in _pairs("--task", task).items()}
    with open_batch(folder, database) as batch:
        settled = batch.settle(tasks=tasks, absent=absent or ())
    may_be = (f"row {row} may be task {', '.join(tasks)}" for row, tasks in settled.candidates)
    print_result(as_json, _settled_json(settled), _settled_line(settled), *may_be)
    return 1 if settled.uncertain else 0


@app.command("report", help="A batch in figures, and what went wrong. Writes its results anew.")
def report(folder: Folder, database: Database = None, as_json: AsJson = False) -> int:
    with open_batch(folder, database) as batch:
        found = batch.report()
        batch.write_results()
    lines = [str(found)]
    if found.low is not None and found.high:
        expected = dollar_range(found.low, found.high)
        lines.append(f"expected {expected}, paid {dollars(found.totals.spent)}")
    lines += [f"{count:>6}  {text}" for text, count in found.errors]
    print_result(as_json, _report_json(found), *lines, str(found.folder / "results.csv"))
    return 0 if found.complete else 1


@app.command("worker", help="Take rows of a batch that another machine has begun.")
def worker(
    database: Annotated[
        str, typer.Option(envvar="WIRO_BATCH_DATABASE", metavar="URL", help="postgresql://…")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the files of its rows go.")],
    batch_id: Annotated[
        str | None,
        typer.Option("--batch", metavar="ID", help="Which batch, where the database has several."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    with _batches().join(out, database=database, batch=batch_id) as batch:
        return _drive(batch, batch.work, as_json)


def _batches() -> type[Batch]:
    require_extra("batch", "dbos")
    from wiro_runtime.batch import Batch  # noqa: PLC0415 - slow to load

    return Batch


def open_batch(folder: Path, database: str | None) -> Batch:
    """The batch in ``folder``. Raises :class:`ConfigurationError`."""
    return _batches().open(folder, database=database)


def _pairs(option: str, given: Sequence[str] | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given or ():
        name, equals, value = each.partition("=")
        if not equals or not name:
            wanted = {"--map": "COLUMN=INPUT", "--task": "ROW=ID"}.get(option, "NAME=VALUE")
            raise CommandError(f"{option}: expected {wanted}, got {each!r}")
        if name in found:
            raise CommandError(f"{option}: {name!r} is given twice")
        found[name] = value
    return found


def _row_number(text: str) -> int:
    if not text.isdecimal():
        raise CommandError(f"--task: expected ROW=ID, got {text!r} for the row")
    return int(text)


def _drive(
    batch: Batch, run_batch: Callable[[Callable[[BatchProgress], None]], Report], as_json: bool
) -> int:
    """Run a batch with a bar on a terminal, and say how it ended."""
    from wiro_runtime.batch import BatchError, DatabaseGone  # noqa: PLC0415 - slow to load

    try:
        with _watching() as show:
            found = run_batch(show)
    except KeyboardInterrupt:
        say(f"{PROGRAM}: interrupted; tasks that were submitted go on")
        say(f"  {_resume_line(batch.folder)}")
        return INTERRUPTED
    except BatchError as error:
        begun = (batch.folder / "batch.json").exists()
        complain([f"{error}; {_resume_line(batch.folder) if begun else 'nothing was sent'}"])
        if isinstance(error, DatabaseGone):
            # Threads of DBOS wait for the database, and Python would wait for them.
            sys.stdout.flush()
            os._exit(1)
        return 1
    print_result(as_json, _report_json(found), f"{found}; {found.folder / 'results.csv'}")
    for line in _advice(found):
        say(f"{PROGRAM}: {line}", style="yellow")
    return 0 if found.complete and not found.stopped else 1


def _advice(found: Report) -> list[str]:
    """What is left to do, a line each."""
    lines: list[str] = []
    folder, quoted = found.folder, shlex.quote(str(found.folder))
    stopped = [f"stopped: {found.stopped}"] if found.stopped else []
    if found.unfinished:
        stopped += [f"{_rows(found.unfinished)} to do", _resume_line(folder)]
    if stopped:
        lines.append("; ".join(stopped))
    if cancelled := found.totals.count("cancelled"):
        lines.append(f"{_rows(cancelled)} cancelled; run with: {PROGRAM} batch retry {quoted}")
    if uncertain := found.totals.count("uncertain"):
        which = "its response is" if uncertain == 1 else "their responses are"
        lines.append(
            f"{_rows(uncertain)} uncertain: {which} lost, and not sent again; "
            f"settle with: {PROGRAM} batch settle {quoted}"
        )
    if failed := found.totals.count("failed"):
        lines.append(
            f"{_rows(failed)} failed ({found.errors[0][0] if found.errors else 'see results'}); "
            f"run again with: {PROGRAM} batch retry {quoted}"
        )
    return lines


def _resume_line(folder: Path) -> str:
    return f"go on with: {PROGRAM} batch resume {shlex.quote(str(folder))}"


def _rows(count: int) -> str:
    return f"{count:,} row{'' if count == 1 else 's'}"


def _say_plan(plan: Plan) -> None:
    say(f"{plan.tool}: {plan}")
    for each in plan.refused[:_SHOWN]:
        say(f"  line {each.line}: {each.reason}", style="yellow")
    if len(plan.refused) > _SHOWN:
        say(f"  and {len(plan.refused) - _SHOWN:,} more", style="yellow")
    for remark in plan.remarks[:_SHOWN]:
        say(f"{PROGRAM}: {remark}", style="yellow")


@contextmanager
def _watching() -> Generator[Callable[[BatchProgress], None]]:
    """A bar with rate, cost so far and the time left, on a terminal only."""
    from wiro_runtime.batch.base import duration  # noqa: PLC0415 - slow to load

    columns = (
        SpinnerColumn(),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
    )
    with bars_of(*columns) as bars:
        bar = bars.add_task("", total=None, note="")

        def show(progress: BatchProgress) -> None:
            totals = progress.totals
            parts = [f"{progress.rate:.1f} rows/s", dollars(totals.spent)]
            if failed := totals.count("failed"):
                parts.append(f"{failed:,} failed")
            if progress.left is not None:
                parts.append(f"{duration(progress.left)} left")
            bars.update(bar, total=totals.rows, completed=totals.ended, note=", ".join(parts))

        yield show


def _settled_line(settled: Settled) -> str:
    if not settled.found + settled.absent + settled.uncertain:
        return "no row is uncertain"
    parts = [
        f"{_rows(settled.found)} found among your tasks" if settled.found else "",
        f"{_rows(settled.absent)} not accepted by Wiro" if settled.absent else "",
        f"{_rows(settled.uncertain)} uncertain" if settled.uncertain else "",
        f"{settled.others:,} of them sent with another API key" if settled.others else "",
    ]
    return ", ".join(filter(None, parts))


def _plan_json(plan: Plan) -> dict[str, Any]:
    return {
        "tool": plan.tool,
        "table": plan.table,
        "new": plan.new,
        "known": plan.known,
        "again": plan.again,
        "low": exact(plan.low),
        "high": None if plan.unpriced else exact(plan.high),
        "unpriced": plan.unpriced,
        "refused": [asdict(each) for each in plan.refused],
    }


def _totals_json(totals: Totals) -> dict[str, Any]:
    return {
        "rows": totals.rows,
        "counts": dict(totals.counts),
        "spent": exact(totals.spent),
        "reserved": exact(totals.reserved),
    }


def _report_json(found: Report) -> dict[str, Any]:
    return {
        "tool": found.tool,
        "folder": str(found.folder),
        **_totals_json(found.totals),
        "complete": found.complete,
        "stopped": found.stopped or None,
        "seconds": found.seconds,
        "errors": [{"error": text, "rows": count} for text, count in found.errors],
        "settled": _settled_json(found.settled),
    }


def _settled_json(settled: Settled) -> dict[str, Any]:
    candidates = {str(row): list(tasks) for row, tasks in settled.candidates}
    return {**asdict(settled), "candidates": candidates}
