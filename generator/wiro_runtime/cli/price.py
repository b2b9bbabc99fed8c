"""``wiro-tools price``: what a run would cost, with the options of ``wiro-tools run``."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, cast

import typer

from wiro_runtime.cli.console import print_json, print_line, say
from wiro_runtime.cli.help import print_price_help
from wiro_runtime.cli.look import out
from wiro_runtime.cli.results import errors_as_json
from wiro_runtime.cli.run import (
    HELP,
    RunGroup,
    ToolCommand,
    input_parameters,
    own_option,
    read_checked,
)
from wiro_runtime.cli.view import view_tool
from wiro_runtime.price.estimate import partial_inputs, price_run

if TYPE_CHECKING:
    from rich.console import Console

    from wiro_runtime.catalogue import Entry
    from wiro_runtime.cli.view import ToolView
    from wiro_runtime.price import Price


class PriceCommand(ToolCommand):
    """``price OWNER/PROJECT``."""

    def print_help(self, console: Console) -> None:
        print_price_help(self.view, console)


class PriceGroup(RunGroup):
    """``price``: its commands are the tools of the catalogue."""

    verb = "price"

    def make(self, entry: Entry) -> ToolCommand:
        view = view_tool(entry)
        names = {f"in_{number}": field for number, field in enumerate(view.fields)}

        def command(**given: Any) -> int:
            texts = {field.name: given[name] or () for name, field in names.items()}
            with errors_as_json(given["json"]):
                return _price(view, texts, given)

        parameters = [*input_parameters(names), own_option("input_json", str | None)]
        parameters.append(own_option("json", bool, default=False))
        if view.lora is not None:
            parameters.append(own_option("lora", list[str] | None, field=view.lora))
        cast("Any", command).__signature__ = inspect.Signature(parameters)
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        settings = {"help_option_names": list(HELP)}
        app.command(entry.tool, cls=PriceCommand, context_settings=settings)(command)
        made = cast("PriceCommand", typer.main.get_command(app))
        made.view = view
        return made

    def print_group_help(self) -> None:
        print_price_help(None, out())


def _price(view: ToolView, texts: dict[str, Any], given: dict[str, Any]) -> int:
    inputs = read_checked(
        view,
        texts,
        given.get("lora") or (),
        given["input_json"],
        validator=partial_inputs(view.inputs),
    )
    price = price_run(view.entry.tool, inputs, inputs.wire_values())
    if given["json"]:
        print_json({"tool": view.entry.tool, **price.to_dict()})
    else:
        print_line(str(price))
        say_basis(price)
    return 0


def say_basis(price: Price) -> None:
    """How a price was computed, and from which price list."""
    say(price.reason)
