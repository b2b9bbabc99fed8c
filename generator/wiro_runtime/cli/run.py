"""``wiro-tools run`` and ``price``: a command for each tool, with options made from its generated
validator."""

from __future__ import annotations

import inspect
import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup

from wiro_runtime.catalogue import Catalogue, open_catalogue
from wiro_runtime.cli.completion import files_at
from wiro_runtime.cli.console import (
    PROGRAM,
    CommandError,
    brief,
    out,
    print_json,
    print_result,
    say,
)
from wiro_runtime.cli.help import print_help
from wiro_runtime.cli.interrupts import INTERRUPTED, holding_ctrl_c
from wiro_runtime.cli.journal import client
from wiro_runtime.cli.options import note_json
from wiro_runtime.cli.results import Delivery, resume_line, say_interrupted, see_through
from wiro_runtime.cli.values import read_base, read_inputs
from wiro_runtime.cli.view import OPTIONS, view_tool
from wiro_runtime.errors import InvalidInputs, WiroError
from wiro_runtime.inputs.arguments import read_dollars
from wiro_runtime.inputs.messages import nearest, shorten
from wiro_runtime.price.estimate import partial_inputs, price_run
from wiro_runtime.tasks.budget import Ceiling

if TYPE_CHECKING:
    from wiro_runtime.catalogue import Entry
    from wiro_runtime.cli.help import Verb
    from wiro_runtime.cli.view import Field, ToolView
    from wiro_runtime.inputs.model import ToolInputs

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


class ToolCommand(TyperCommand):
    """``run OWNER/PROJECT`` or ``price OWNER/PROJECT``."""

    verb: Verb
    view: ToolView

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, args if ctx.resilient_parsing else _spelled(self, args))

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        print_help(self.verb, self.view, out())

    def get_help(self, ctx: Any) -> str:
        console = out()
        with console.capture() as captured:
            print_help(self.verb, self.view, console)
        del ctx
        return captured.get().rstrip("\n")


class RunGroup(TyperGroup):
    """``run``: its commands are the tools of the catalogue, each made when it is asked for."""

    verb: Verb = "run"
    _listing = False

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
        return _tool_command(self.verb, view_tool(entry))

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        self._listing = True  # a name is all that is needed of thousands of tools
        try:
            return super().shell_complete(ctx, incomplete)
        finally:
            self._listing = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not ctx.resilient_parsing and (not args or args[0].startswith("-")):
            if args and args[0] in HELP:
                print_help(self.verb, None, out())
                raise typer.Exit
            raise CommandError(
                f"{self.verb}: the tool comes first: {PROGRAM} {self.verb} OWNER/PROJECT "
                "--NAME VALUE … "
                f"({PROGRAM} list shows the tools)"
            )
        return super().parse_args(ctx, args)


class PriceGroup(RunGroup):
    """``price``: the same, and nothing is sent."""

    verb = "price"


def _tool_command(verb: Verb, view: ToolView) -> ToolCommand:
    """The command of one tool, with an option for each of its inputs."""
    names = {f"in_{number}": field for number, field in enumerate(view.fields)}

    def command(**given: Any) -> int:
        texts = {field.name: given[name] or () for name, field in names.items()}
        return (_run if verb == "run" else _price)(view, texts, given)

    parameters = [
        _parameter(name, list[str] | None, f"--{field.option}", field.help, field)
        for name, field in names.items()
    ]
    parameters += [
        _parameter(
            each.name.replace("-", "_"),
            each.kind,
            f"--{each.name}",
            each.meaning,
            view.lora if each.name == "lora" else None,
        )
        for each in OPTIONS
        if each.name != "help"
        and (verb == "run" or each.priced)
        and (each.name != "lora" or view.lora)
    ]
    # How Typer learns the options of a function that is made at run time.
    cast("Any", command).__signature__ = inspect.Signature(parameters)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    settings = {"help_option_names": list(HELP)}
    app.command(view.entry.tool, cls=ToolCommand, context_settings=settings)(command)
    made = cast("ToolCommand", typer.main.get_command(app))
    made.verb, made.view = verb, view
    return made


def _parameter(
    name: str, kind: Any, option: str, text: str, field: Field | None
) -> inspect.Parameter:
    complete = _completer(field) if field is not None else None
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=False if kind is bool else None,
        annotation=Annotated[
            kind,
            typer.Option(
                option,
                help=brief(text, 70),
                autocompletion=complete,
                callback=note_json if name == "json" else None,
            ),
        ],
    )


def _completer(field: Field) -> Callable[[str], list[tuple[str, str]]]:
    def complete(incomplete: str) -> list[tuple[str, str]]:
        if incomplete.startswith("@") and field.shape in ("file", "text"):
            return [(path, "") for path in files_at(incomplete)]
        if field.shape == "boolean":
            return [(value, "") for value in ("true", "false")]
        return [(choice.value, choice.label) for choice in field.choices]

    return complete


def _spelled(command: ToolCommand, args: list[str]) -> list[str]:
    """``args`` with the shorthands of booleans written out. Raises :class:`CommandError` for an
    option that the tool does not have."""
    switches = {f"--{field.option}" for field in command.view.fields if field.shape == "boolean"}
    flags: set[str] = set(HELP)
    valued: set[str] = set()
    for parameter in cast("list[Any]", command.params):
        (flags if parameter.is_flag else valued).update(parameter.opts)
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
    return f" (see {PROGRAM} {command.verb} {shlex.quote(command.view.entry.tool)} --help)"


def _run(view: ToolView, texts: Mapping[str, Sequence[str]], given: Mapping[str, Any]) -> int:
    """Run a tool. ``texts`` are its inputs as typed, ``given`` the options of the command."""
    tool = view.entry.tool
    wait = not given["no_wait"]
    delivery = Delivery(
        out=given["out"],
        download=not given["no_download"],
        as_json=given["json"],
        timeout=given["timeout"],
        stream=given["stream"],
    )
    delivery.check(wait=wait)
    callback_url: str | None = given["callback_url"]
    if callback_url and not callback_url.startswith(("https://", "http://")):
        raise CommandError(f"--callback-url: no address: {shorten(repr(callback_url))}")
    inputs = _read_checked(view, texts, given)
    limit = None if given["max_cost"] is None else read_dollars("--max-cost", given["max_cost"])
    if given["dry_run"]:
        price = price_run(tool, inputs, inputs.wire_values())
        Ceiling(limit, given["allow_unknown"]).check(tool, price, None)
        if delivery.as_json:
            print_json({"tool": tool, "price": price.to_dict(), "body": inputs.wire()})
        else:
            print_json(inputs.wire())
            say(f"price: {price} ({price.reason})")
        return 0
    with client() as wiro:
        task = None
        try:
            with holding_ctrl_c() as held:
                task = wiro.submit(
                    tool,
                    inputs,
                    callback_url=callback_url,
                    max_cost=limit,
                    allow_unknown=given["allow_unknown"],
                )
                held.answered = True
                task_id = task.id or task.token
                say(f"task {task_id}: submitted")
        except KeyboardInterrupt:
            if task is None:
                raise
            say_interrupted(task.id or task.token)
            return INTERRUPTED
        if held.pressed and wait:
            say_interrupted(task_id)
            return INTERRUPTED
        if wait:
            return see_through(task, delivery, tool)
    print_result(delivery.as_json, {"task_id": task_id, "tool": tool}, task_id)
    say(f"  {resume_line(task_id)}")
    return INTERRUPTED if held.pressed else 0


def _price(view: ToolView, texts: Mapping[str, Sequence[str]], given: Mapping[str, Any]) -> int:
    inputs = _read_checked(view, texts, given, partial_inputs(view.inputs))
    price = price_run(view.entry.tool, inputs, inputs.wire_values())
    print_result(given["json"], {"tool": view.entry.tool, **price.to_dict()}, str(price))
    if not given["json"]:
        say(price.reason)
    return 0


def _read_checked(
    view: ToolView,
    texts: Mapping[str, Sequence[str]],
    given: Mapping[str, Any],
    validator: type[ToolInputs] | None = None,
) -> ToolInputs:
    """The inputs as typed, checked. Raises :class:`InvalidInputs`, named by option."""
    base = read_base(given["input_json"])
    try:
        inputs, remarks = read_inputs(view, texts, given.get("lora") or (), base, validator)
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
