"""``wirogen demo``: the whole way once, with no key and no network."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from wirogen.cli.build import show_report
from wirogen.cli.console import CommandError, out, project_root
from wirogen.cli.simulate import require_simulator
from wirogen.common.text import counted
from wirogen.diagnostics.model import display_path
from wirogen.pipeline.build import build_project, corrected_specs, read_project
from wirogen.plan import ToolPlan, plan_modules, plan_tool
from wirogen.specs import spec_to_json

if TYPE_CHECKING:
    from wiro_runtime import Result, Wiro


HELP: Final = (
    """Build, simulate Wiro, run every tool through its generated client, download what it makes."""
)


def command(
    root: Annotated[
        Path | None, typer.Option(help="Folder with specs/; by default the nearest above.")
    ] = None,
    to: Annotated[Path, typer.Option("--out", help="Folder for what the tools make.")] = Path(
        "out"
    ),
    limit: Annotated[int, typer.Option(help="How many tools to run at most.", min=1)] = 10,
    speed: Annotated[float, typer.Option(help="How many times faster than real.")] = 4.0,
) -> int:
    require_simulator()
    from wiro_runtime import Wiro  # noqa: PLC0415 - slow to load, and only needed here
    from wiro_runtime.testing import Simulator  # noqa: PLC0415 - needs the extra

    folder = project_root(root)
    console = out()
    console.print("[bold]1. Build[/]: documents → specs → clients, validators, pages")
    summary = build_project(folder)
    show_report(summary, check=False)
    if not summary.tools:
        raise CommandError("demo: there is no tool to run below specs/")
    sys.path.insert(0, str(folder.resolve() / "generated" / "python"))
    importlib.invalidate_caches()
    specs = corrected_specs(folder, read_project(folder))
    modules, _ = plan_modules(specs)
    plans = [plan_tool(specs[tool], modules[tool]) for tool in summary.tools[:limit]]
    with Simulator(list(map(spec_to_json, specs.values())), speed=speed) as simulator:
        console.print(f"\n[bold]2. Simulate[/]: a local Wiro at {simulator.base_url}")
        console.print("\n[bold]3. Run[/]: each tool through its generated client")
        with Wiro(
            simulator.api_key,
            simulator.api_secret,
            base_url=simulator.base_url,
            socket_url=simulator.socket_url,
        ) as client:
            saved = [_run(client, plan, to, console) for plan in plans]
    console.print("\n[bold]4. Look[/]")
    for plan, paths in zip(plans, saved, strict=True):
        page = folder / "generated" / "docs" / "tools" / plan.module.owner / plan.module.project
        for path in paths:
            console.print(f"  {display_path(path)}", markup=False)
        console.print(f"  {display_path(page)}.md", markup=False)
    return 0


def _run(client: Wiro, plan: ToolPlan, to: Path, console: Console) -> list[Path]:
    module = importlib.import_module(f"wiro_tools.{plan.module.owner}.{plan.module.project}")
    arguments = {str(each.name): each.constant for each in plan.smallest}
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
    paths = result.download(folder)
    cost = "" if result.cost is None else f", cost ${result.cost.normalize():f}"
    console.print(
        f"  {plan.spec.tool}: task {result.task_id}, {counted(len(paths), 'output')}{cost}",
        markup=False,
    )
    return paths
