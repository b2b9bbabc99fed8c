"""``wiro-tools run``: a command for each tool, with options made from its generated validator."""

from __future__ import annotations

import inspect
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup

from wiro_runtime.catalogue import Catalogue, open_catalogue
from wiro_runtime.cli.completion import files_at
from wiro_runtime.cli.console import PROGRAM, CommandError, brief, print_json, print_line, say
from wiro_runtime.cli.help import print_group_help, print_run_help
from wiro_runtime.cli.interrupts import INTERRUPTED, holding_ctrl_c
from wiro_runtime.cli.journal import client
from wiro_runtime.cli.look import out
from wiro_runtime.cli.results import (
    Delivery,
    errors_as_json,
    resume_line,
    say_interrupted,
    see_through,
)
from wiro_runtime.cli.values import read_base, read_inputs
from wiro_runtime.cli.view import view_tool
from wiro_runtime.errors import InvalidInputs, WiroError
from wiro_runtime.inputs.arguments import read_dollars
from wiro_runtime.inputs.messages import nearest, shorten
from wiro_runtime.price.estimate import price_run
from wiro_runtime.tasks.budget import Ceiling

if TYPE_CHECKING:
    from rich.console import Console

    from wiro_runtime import Wiro
    from wiro_runtime.catalogue import Entry
    from wiro_runtime.cli.view import Field, ToolView
    from wiro_runtime.inputs.model import ToolInputs
    from wiro_runtime.tasks.task import Task

HELP: Final = ("-h", "--help")


def catalogue_of(context: Any) -> Catalogue:
    """The catalogue that ``--package`` names, also while a shell asks for completions."""
    return open_catalogue(context.find_root().params.get("package") or "wiro_tools")


def tool_of(context: Any, tool: str) -> Entry:
    """The entry of a tool. Raises :class:`WiroError` for an unknown one, and says so when the
    project in this folder has it."""
    catalogue = catalogue_of(context)
    try:
        return catalogue.get(tool)
    except InvalidInputs as error:
        place, tools = unimported(catalogue)
        if tool not in tools:
            raise
        text = f"{error}; {place} has it: put that on Python's path (PYTHONPATH={place})"
        raise InvalidInputs(text, problems=error.problems) from None


def say_unimported(catalogue: Catalogue) -> None:
    """Say that the project in this folder has tools which Python does not find."""
    place, unknown = unimported(catalogue)
    if unknown:
        count = "1 tool" if len(unknown) == 1 else f"{len(unknown)} tools"
        say(f"{place} has {count} more: put that on Python's path (PYTHONPATH={place})")


def unimported(catalogue: Catalogue) -> tuple[Path, list[str]]:
    """The clients of the project at or above the current folder, and those of its tools that
    Python does not find. Its code is not run for that."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return Path(), []
    for folder in (here, *here.parents):
        clients = folder / "generated" / "python"
        with suppress(OSError, ValueError, KeyError, TypeError):
            data = json.loads((clients / catalogue.package / "catalogue.json").read_text("utf-8"))
            tools = [each["tool"] for each in data["tools"] if each["tool"] not in catalogue]
            place = clients.relative_to(here) if clients.is_relative_to(here) else clients
            return place, tools
    return here, []


OPTION_HELP: Final = {
    "input_json": "JSON object of inputs",
    "out": "Where files are saved",
    "timeout": "Seconds to wait at most",
    "callback_url": "Told of the end",
    "max_cost": "Dollars that the run may cost",
    "lora": "A LoRA and its scale, such as 62:3",
}
"""What completion says about options; help.py says more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One ``wiro-tools run``, as typed. ``given`` are texts by field name."""

    given: Mapping[str, Sequence[str]]
    lora: Sequence[str]
    input_json: str | None
    delivery: Delivery
    wait: bool
    dry_run: bool
    callback_url: str | None
    max_cost: str | None
    allow_unknown: bool


class ToolCommand(TyperCommand):
    """``run OWNER/PROJECT``."""

    view: ToolView

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args if ctx.resilient_parsing else _spelled(self, args))

    def print_help(self, console: Console) -> None:
        print_run_help(self.view, console)

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        self.print_help(out())

    def get_help(self, ctx: Any) -> str:
        console = out()
        with console.capture() as captured:
            self.print_help(console)
        del ctx
        return captured.get().rstrip("\n")


class RunGroup(TyperGroup):
    """``run``: its commands are the tools of the catalogue, each made when it is asked for."""

    verb = "run"
    _listing = False

    def make(self, entry: Entry) -> ToolCommand:
        """The command of one tool."""
        return tool_command(entry)

    def print_group_help(self) -> None:
        """The help before a tool is chosen."""
        print_group_help(out())

    def list_commands(self, ctx: Any) -> list[str]:
        return list(catalogue_of(ctx).ids)

    def get_command(self, ctx: Any, cmd_name: str) -> TyperCommand | None:
        if self._listing:
            return TyperCommand(cmd_name)
        try:
            entry = tool_of(ctx, cmd_name)
        except WiroError:
            if ctx.resilient_parsing:
                return None
            raise
        return self.make(entry)

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        self._listing = True  # a name is all that is needed of thousands of tools
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._listing = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing and (not args or args[0].startswith("-")):
            if args and args[0] in HELP:
                self.print_group_help()
                raise typer.Exit
            raise CommandError(
                f"{self.verb}: the tool comes first: {PROGRAM} {self.verb} OWNER/PROJECT "
                "--NAME VALUE … "
                f"({PROGRAM} list shows the tools)"
            )
        return super().parse_args(ctx, args)


def tool_command(entry: Entry) -> ToolCommand:
    """The command of one tool, with an option for each of its inputs."""
    view = view_tool(entry)
    names = {f"in_{number}": field for number, field in enumerate(view.fields)}

    def command(**given: Any) -> int:
        delivery = Delivery(
            out=given["out"],
            download=not given["no_download"],
            as_json=given["json"],
            timeout=given["timeout"],
            stream=given["stream"],
        )
        request = Request(
            given={field.name: given[name] or () for name, field in names.items()},
            lora=given.get("lora") or (),
            input_json=given["input_json"],
            delivery=delivery,
            wait=not given["no_wait"],
            dry_run=given["dry_run"],
            callback_url=given["callback_url"],
            max_cost=given["max_cost"],
            allow_unknown=given["allow_unknown"],
        )
        with errors_as_json(delivery.as_json):
            return _run(view, request)

    parameters = [*input_parameters(names), *_own_parameters(view)]
    # How Typer learns the options of a function that is made at run time.
    cast("Any", command).__signature__ = inspect.Signature(parameters)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    settings = {"help_option_names": list(HELP)}
    app.command(entry.tool, cls=ToolCommand, context_settings=settings)(command)
    made = cast("ToolCommand", typer.main.get_command(app))
    made.view = view
    return made


def input_parameters(names: Mapping[str, Field]) -> list[inspect.Parameter]:
    """A parameter for each input, by the name of the parameter."""
    return [
        _parameter(name, list[str] | None, _option(f"--{field.option}", field.help, field))
        for name, field in names.items()
    ]


def own_option(
    name: str, kind: Any, *, default: Any = None, field: Field | None = None
) -> inspect.Parameter:
    """A parameter for an option of the command itself."""
    option = _option(f"--{name.replace('_', '-')}", OPTION_HELP.get(name, ""), field)
    return _parameter(name, kind, option, default)


def _parameter(name: str, kind: Any, option: Any, default: Any = None) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[kind, option],
    )


def _option(name: str, text: str, field: Field | None = None) -> Any:
    complete = _completer(field) if field is not None else None
    return typer.Option(name, help=brief(text, 70), autocompletion=complete)


def _completer(field: Field) -> Callable[[str], list[tuple[str, str]]]:
    def complete(incomplete: str) -> list[tuple[str, str]]:
        if incomplete.startswith("@") and field.shape in ("file", "text"):
            return [(path, "") for path in files_at(incomplete)]
        if field.shape == "boolean":
            return [(value, "") for value in ("true", "false")]
        return [(choice.value, choice.label) for choice in field.choices]

    return complete


def _own_parameters(view: ToolView) -> list[inspect.Parameter]:
    flags = ("json", "no_wait", "no_download", "dry_run", "stream", "allow_unknown")
    found = [own_option(name, str | None) for name in ("input_json", "callback_url", "max_cost")]
    found += [own_option("out", Path | None), own_option("timeout", float | None)]
    found += [own_option(name, bool, default=False) for name in flags]
    if view.lora is not None:
        found.append(own_option("lora", list[str] | None, field=view.lora))
    return found


def _spelled(command: ToolCommand, args: list[str]) -> list[str]:
    """``args`` with the shorthands of booleans written out. Raises :class:`CommandError` for an
    option that the tool does not have."""
    switches = {f"--{field.option}" for field in command.view.fields if field.shape == "boolean"}
    flags, valued = _flags_and_valued(command)
    spelled: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        name, equals, _ = word.partition("=")
        if not word.startswith("-") or word == "-":
            raise CommandError(
                f"{shorten(repr(word))} belongs to no option; values follow their option, and "
                "one with blanks in it is written in quotes"
            )
        if word.startswith("--no-") and f"--{word[5:]}" in switches and word not in flags:
            word = f"--{word[5:]}=false"
        elif word in switches and (not rest or rest[0].startswith("--")):
            word = f"{word}=true"
        elif name in valued and not equals:
            if not rest:
                raise CommandError(f"{name} needs a value{_help_hint(command)}")
            if rest[0].partition("=")[0] in flags | valued:
                # An empty variable of a shell, as in `--prompt $TEXT --dry-run`.
                raise CommandError(
                    f"{name} needs a value; {shorten(repr(rest[0]))} itself is written "
                    f"{name}={shorten(rest[0])}"
                )
            # In one, so that a value may begin with a dash.
            word = f"{name}={rest.pop(0)}"
        elif name not in valued and word not in flags:
            raise CommandError(_unknown(command, name, [*valued, *flags]))
        spelled.append(word)
    return spelled


def _flags_and_valued(command: ToolCommand) -> tuple[set[str], set[str]]:
    flags: set[str] = set(HELP)
    valued: set[str] = set()
    for parameter in cast("list[Any]", command.params):
        (flags if parameter.is_flag else valued).update(parameter.opts)
    return flags, valued


def _unknown(command: ToolCommand, name: str, known: Sequence[str]) -> str:
    wanted = name.replace("_", "-")
    same = [
        f"--{field.option}"
        for field in command.view.fields
        if field.wire_name.casefold() == name.lstrip("-").casefold()
    ]
    if wanted in known or same:
        guess = f"; did you mean {same[0] if same else wanted}?"
    else:
        near = nearest(wanted, [each for each in known if each.startswith("--")])
        guess = near if near.startswith("; nearest") else ""
    return f"no such option: {shorten(name)}{guess}{_help_hint(command)}"


def _help_hint(command: ToolCommand) -> str:
    return f" (see {PROGRAM} run {shlex.quote(command.view.entry.tool)} --help)"


def _run(view: ToolView, request: Request) -> int:
    tool = view.entry.tool
    request.delivery.check(wait=request.wait)
    if request.callback_url and not request.callback_url.startswith(("https://", "http://")):
        raise CommandError(f"--callback-url: no address: {shorten(repr(request.callback_url))}")
    inputs = read_checked(view, request.given, request.lora, request.input_json)
    if request.dry_run:
        return _show(tool, inputs, request)
    with client() as wiro:
        task = None
        try:
            with holding_ctrl_c() as held:
                task = _submit(wiro, tool, inputs, request)
                held.answered = True
                task_id = task.id or task.token
                say(f"task {task_id}: submitted")
        except KeyboardInterrupt:
            if task is None:
                raise
            say_interrupted(task.id or task.token)
            return INTERRUPTED
        if held.pressed and request.wait:
            say_interrupted(task_id)
            return INTERRUPTED
        if request.wait:
            return see_through(task, request.delivery, tool)
    if request.delivery.as_json:
        print_json({"task_id": task_id, "tool": tool})
    else:
        print_line(task_id)
    say(f"  {resume_line(task_id)}")
    return INTERRUPTED if held.pressed else 0


def read_checked(
    view: ToolView,
    given: Mapping[str, Sequence[str]],
    lora: Sequence[str],
    input_json: str | None,
    validator: type[ToolInputs] | None = None,
) -> ToolInputs:
    """The inputs as typed, checked. Raises :class:`InvalidInputs`, named by option."""
    base = read_base(input_json)
    try:
        inputs, remarks = read_inputs(view, given, lora, base, validator)
    except InvalidInputs as error:
        count = len(error.problems)
        what = "an input is" if count == 1 else f"{count} inputs are"
        raise InvalidInputs(
            f"{view.entry.tool}: {what} not right; nothing was sent\n{error}",
            problems=error.problems,
        ) from None
    for remark in remarks:
        say(f"{PROGRAM}: {remark}", style="yellow")
    return inputs


def _show(tool: str, inputs: ToolInputs, request: Request) -> int:
    """Print the request instead of sending it, and its price."""
    price = price_run(tool, inputs, inputs.wire_values())
    Ceiling(_limit(request), request.allow_unknown).check(tool, price, None)
    if request.delivery.as_json:
        print_json({"tool": tool, "price": price.to_dict(), "body": inputs.wire()})
    else:
        print_json(inputs.wire())
        say(f"price: {price} ({price.reason})")
    return 0


def _limit(request: Request) -> Decimal | None:
    return None if request.max_cost is None else read_dollars("--max-cost", request.max_cost)


def _submit(client: Wiro, tool: str, inputs: ToolInputs, request: Request) -> Task:
    return client.submit(
        tool,
        inputs,
        callback_url=request.callback_url,
        max_cost=_limit(request),
        allow_unknown=request.allow_unknown,
    )
