"""What a page says to type is what the command line takes."""

from __future__ import annotations

from generated import imported, plan, prompt, text, tool
from wiro_runtime.catalogue import Entry
from wiro_runtime.cli import view
from wirogen.plan import names as planned_names


def test_options_of_the_command_line_have_one_name() -> None:
    clashing = sorted({*view.RUN_OPTIONS, *planned_names.RUN_OPTIONS})
    names = [each.replace("-", "_") for each in clashing]
    spec = tool(prompt(), *(text(name) for name in (*names, "input_out", "input-json", "_x_", "y")))
    planned = plan(spec)
    entry = Entry(
        tool=spec.tool,
        name=spec.name,
        module_name=f"wiro_tools.{planned.module.owner}.{planned.module.project}",
        description="",
        cover=None,
        categories=(),
        tags=(),
        inputs=(),
    )
    with imported(spec):
        shown = view.view_tool(entry)
    options = [item.option for item in planned.inputs]
    assert [field.option for field in shown.fields] == options
    assert len({*options}) == len(options)
