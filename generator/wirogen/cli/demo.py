"""``wirogen demo``: the whole way once, with no key and no network."""

from __future__ import annotations

import importlib
import sys
import textwrap
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax
from rich.text import Text

from wiro_runtime.price import dollars
from wirogen.cli.build import show_report
from wirogen.cli.console import (
    CommandError,
    err,
    import_lines,
    nearest_project,
    next_steps,
    out,
    printable,
    program,
    project_root,
    shell_word,
)
from wirogen.cli.options import Root, Speed
from wirogen.cli.simulate import require_simulator
from wirogen.common.paths import real
from wirogen.common.text import counted
from wirogen.diagnostics.model import display_path
from wirogen.pipeline.build import build_project, corrected_specs, read_project
from wirogen.plan import ToolPlan, plan_modules, plan_tool
from wirogen.project.samples import sample_documents
from wirogen.project.start import start_project
from wirogen.specs import spec_to_json

if TYPE_CHECKING:
    from wiro_runtime import Result, Wiro

_TIMES: Final = ("at dawn", "at noon", "at dusk", "at night")

FOLDER: Final = Path("wirogen-demo")
"""The project that is made where there is none."""

HELP: Final = """\
Build, simulate Wiro, run every tool through its generated client, download what it makes.

Needs no key and no network. Where there is no project it brings one of two tools, wirogen-demo/.
Exit 0: all tools ran. 1: some did not.
"""


def command(
    root: Root = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", help="Folder for what the tools make.  [default: out]"),
    ] = None,
    limit: Annotated[int, typer.Option(help="How many tools to run at most.", min=1)] = 10,
    speed: Speed = 4.0,
) -> int:
    require_simulator()
    from wiro_runtime import Wiro, WiroError  # noqa: PLC0415 - slow to load, only needed here
    from wiro_runtime.testing import Simulator  # noqa: PLC0415 - needs the extra

    console = out()
    brought = root is None and nearest_project() is None
    if brought:
        _bring(FOLDER)
        console.print(f"No project is here: this one is in {FOLDER}/, with two of Wiro's tools.\n")
    folder = FOLDER if brought else project_root(root)
    to = to or (folder / "out" if brought else Path("out"))
    console.print("[bold]1. Build[/]: documents → specs → clients, validators, pages")
    summary = build_project(folder)
    show_report(summary, check=False)
    if not summary.tools:
        raise CommandError("demo: there is no tool to run below specs/")
    sys.path.insert(0, str(real(folder) / "generated" / "python"))
    importlib.invalidate_caches()
    specs = corrected_specs(folder, read_project(folder))
    modules, _ = plan_modules(specs)
    plans = [plan_tool(specs[tool], modules[tool]) for tool in summary.tools[:limit]]
    saved: dict[str, list[Path]] = {}
    table: Path | None = None
    with Simulator(list(map(spec_to_json, specs.values())), speed=speed) as simulator:
        console.print(f"\n[bold]2. Simulate[/]: a local Wiro at {simulator.base_url}")
        console.print("\n[bold]3. Run[/]: each tool through its generated client")
        with Wiro(
            simulator.api_key,
            simulator.api_secret,
            base_url=simulator.base_url,
            socket_url=simulator.socket_url,
        ) as client:
            for plan in plans:
                try:
                    saved[plan.spec.tool] = _run(client, plan, to, console)
                except WiroError as error:
                    err().print(f"wirogen: {printable(f'{plan.spec.tool}: {error}')}", markup=False)
            console.print("\n[bold]4. Batch[/]: a table of four rows")
            try:
                table = _run_table(client, plans[0], to / "batch", console)
            except WiroError as error:
                err().print(f"wirogen: batch: {printable(str(error))}", markup=False)
    console.print("\n[bold]5. Look[/]: what they made, and what there is to read")
    for plan in plans:
        page = folder / "generated" / "docs" / "tools" / plan.module.owner / plan.module.project
        for path in (*saved.get(plan.spec.tool, ()), page.with_suffix(".md")):
            console.print(f"  {display_path(path)}", markup=False)
    if table is not None:
        console.print(f"  {display_path(table)}", markup=False)
    _say_next(folder, here=real(folder) == Path.cwd())
    return 0 if len(saved) == len(plans) else 1


def _bring(folder: Path) -> None:
    """Make a project of the documents that come with wirogen."""
    start_project(folder, workflow=False)
    for path, data in sample_documents().items():
        file = folder / "specs" / "documents" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)


def _run(client: Wiro, plan: ToolPlan, to: Path, console: Console) -> list[Path]:
    """Run a tool; its files, named by the task so that no other run has these names."""
    from wiro_runtime.results.filenames import safe_name  # noqa: PLC0415 - slow to load

    module = importlib.import_module(plan.module.name)
    arguments = {str(each.name): each.constant for each in plan.smallest}
    console.print()
    console.print(_highlighted("\n".join(_call(plan, console.width))))
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        bar = progress.add_task(plan.spec.tool, total=100)

        def show(event: Any) -> None:
            percentage = getattr(event, "percentage", None)
            progress.update(bar, description=f"{plan.spec.tool}: {event.status}")
            if percentage is not None:
                progress.update(bar, completed=percentage)

        result: Result = module.run(client, **arguments, on_update=show)
    folder = to / plan.module.owner / plan.module.project
    folder.mkdir(parents=True, exist_ok=True)
    paths = [
        output.save(folder / safe_name(f"{result.task_id}-{output.name}"))
        for output in result.outputs
    ]
    cost = "" if result.cost is None else f", cost {dollars(result.cost)}"
    console.print(f"  → task {result.task_id}: {counted(len(paths), 'output')}{cost}", markup=False)
    return paths


def _run_table(client: Wiro, plan: ToolPlan, to: Path, console: Console) -> Path | None:
    """Run four rows as a batch; the file of its results, ``None`` without the extra."""
    if find_spec("dbos") is None:
        console.print("  pip install 'wiro-tools[batch]' brings wiro-tools batch", markup=False)
        return None
    from wiro_runtime.batch import Batch  # noqa: PLC0415 - slow to load

    row = {str(each.name): each.constant for each in plan.smallest}
    text = next((name for name, value in row.items() if isinstance(value, str)), None)
    rows = [row | ({text: f"{row[text]}, {time}"} if text else {}) for time in _TIMES]
    to = to / plan.module.owner / plan.module.project
    # Once more where the demo has run before: its Wiro is a new one.
    with Batch(plan.spec.tool, rows, out=to, client=client, force=True) as batch:
        console.print(f"  {plan.spec.tool}: {batch.plan()}", markup=False)
        console.print(f"  → {batch.run()}", markup=False)
    return to / "results.csv"


def _call(plan: ToolPlan, width: int) -> Iterator[str]:
    """The lines of Python that the demo runs for a tool."""
    module = plan.module
    yield from (f"  {line}" for line in import_lines(module.name, width - 2))
    yield f"  result = {module.project}.run("
    yield "      client,"
    for each in plan.smallest:
        text = each.constant
        if not isinstance(text, str):
            yield f"      {each.name}={each.value},"
            continue
        first, *rest = _literals(text, width - 10 - len(each.name)) or ['""']
        indent = " " * (7 + len(each.name))
        lines = [f"      {each.name}={first}", *(f"{indent}{line}" for line in rest)]
        yield from (*lines[:-1], f"{lines[-1]},")
    yield "  )"


def _literals(text: str, width: int) -> list[str]:
    """``text`` as literals of Python, which it joins, each of about ``width`` characters."""
    parts = textwrap.wrap(text, max(width, 20), break_on_hyphens=False, drop_whitespace=False)
    return [
        repr(part) if '"' in part or "\\" in part or not part.isprintable() else f'"{part}"'
        for part in parts
    ]


def _highlighted(code: str) -> Text:
    text = Syntax("", "python", theme="ansi_dark", background_color="default").highlight(code)
    text.rstrip()
    return text


def _say_next(folder: Path, *, here: bool) -> None:
    wirogen = program("wirogen")
    root = "" if here or nearest_project() else f" --root {shell_word(folder)}"
    next_steps(
        [
            (f"{wirogen} simulate{root}", "the same local Wiro, for code of your own"),
            (f"{wirogen} add OWNER/PROJECT{root}", "one more tool, from its document on Wiro"),
            (f"{program('wiro-tools')} login", "keep your key; wiro-tools run then uses Wiro"),
        ]
    )
