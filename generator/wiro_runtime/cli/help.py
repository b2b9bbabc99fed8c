"""What ``run OWNER/PROJECT --help`` and ``show`` say about a tool."""

from __future__ import annotations

import json
import shlex
import textwrap
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final, Literal, TypeAlias, cast

from rich.text import Text

from wiro_runtime.cli.console import PROGRAM, brief, print_wrapped, printable
from wiro_runtime.cli.view import OPTIONS
from wiro_runtime.inputs.lora import LoraOption

if TYPE_CHECKING:
    from rich.console import Console

    from wiro_runtime.cli.view import Choice, Field, OwnOption, ToolView

Verb: TypeAlias = Literal["run", "price"]
_FEW: Final = 6
_LONG: Final = 44

_EMPTY: Final = '""'
"""An id without a character, as it is typed."""

_ABOUT: Final = {
    "run": (
        "Run a tool, wait for its end and save what it makes.",
        f"The inputs of the tool are options too: {PROGRAM} run OWNER/PROJECT --help lists them. "
        f"{PROGRAM} list and {PROGRAM} search find tools.",
    ),
    "price": (
        "Say what a run would cost; nothing is sent, and no key is needed. Inputs that are left "
        f"out leave the price open where it depends on them. The options are those of {PROGRAM} "
        "run.",
    ),
}


def print_help(verb: Verb, view: ToolView | None, console: Console) -> None:
    """The help of ``run`` or ``price``, with the inputs of one tool once it is chosen; long lists
    of options are cut."""
    tool = "OWNER/PROJECT" if view is None else shlex.quote(view.entry.tool)
    _usage(f"{PROGRAM} {verb} {tool} [OPTIONS]", console)
    runs = verb == "run"
    about = _ABOUT[verb]
    if view is not None and runs:
        price = view.entry.price or "not documented"
        about = (view.entry.description, f"Price: {price}.")
    for text in about:
        _paragraph(text, console, indent=2)
    if view is not None:
        _heading("Inputs", console)
        for field in sorted(view.fields, key=lambda field: runs and not field.required):
            _field(field, console, f"{PROGRAM} show {tool}", limit=_FEW)
    _heading("Options", console)
    for option in OPTIONS:
        if (runs or option.priced) and (option.name != "lora" or view is None or view.lora):
            _own_option(option, console)
    if runs:
        _notes(console)


def print_tool(view: ToolView, console: Console) -> None:
    """All that is known of a tool, with every documented option."""
    entry = view.entry
    console.print(Text(printable(entry.tool), style="bold"))
    if entry.description:
        _paragraph(entry.description, console)
    console.print()
    needed = "".join(f" --{each.option} {each.metavar}" for each in view.fields if each.required)
    rows = [
        ("makes", f"{', '.join(entry.takes) or 'nothing'} → {entry.makes}"),
        ("price", entry.price or "not documented"),
        ("categories", ", ".join(entry.categories)),
        ("tags", ", ".join(entry.tags)),
        ("cover", entry.cover or ""),
        ("module", entry.module_name),
        ("run it", f"{PROGRAM} run {shlex.quote(entry.tool)}{needed}"),
    ]
    for name, text in rows:
        if text:
            line = Text.assemble((f"{name:<12}", "bold"), printable(text))
            print_wrapped(line, console, indent=12)
    _heading("Inputs", console)
    for field in sorted(view.fields, key=lambda field: not field.required):
        _field(field, console, "", limit=None)


def _usage(line: str, console: Console) -> None:
    console.print(Text.assemble(("Usage: ", "bold"), printable(line)))
    console.print()


def _heading(text: str, console: Console) -> None:
    console.print()
    console.print(Text(f"{text}:", style="bold"))


def _paragraph(text: str, console: Console, *, indent: int = 0) -> None:
    """Text wrapped to the width of the screen."""
    margin = " " * indent
    width = max(40, min(console.width, 100))
    line = printable(" ".join(text.split()))
    for each in textwrap.wrap(
        line, width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    ):
        console.print(Text(each))


def _field(field: Field, console: Console, more: str, *, limit: int | None) -> None:
    head = Text.assemble("  ", (f"--{field.option}", "bold cyan"), f" {field.metavar}")
    if field.required:
        head.append("  (required)", "red")
    elif text := default_text(field):
        head.append(f"  [default: {text}]", "dim")
    if field.many:
        head.append("  repeatable", "dim")
    console.print(head)
    if field.help:
        _paragraph(field.help, console, indent=6)
    _choices(field, console, more, limit)


def default_text(field: Field) -> str:
    """The default as one would type it, or nothing when there is none to speak of."""
    default = field.default
    if default is None or default in ("", [], ()):
        return ""
    if isinstance(default, str):
        return brief(default, _LONG)
    parts = cast("list[object]", default) if isinstance(default, list) else []
    if parts and all(isinstance(part, str) for part in parts):
        return brief(", ".join(map(str, parts)), _LONG)
    return brief(json.dumps(default, ensure_ascii=False, default=str), _LONG)


def _choices(field: Field, console: Console, more: str, limit: int | None) -> None:
    shown = field.choices[:limit]
    rest = len(field.choices) - len(shown)
    plain = all(choice.label == choice.value and choice.lora is None for choice in shown)
    if shown and plain:
        values = ", ".join(choice.value or _EMPTY for choice in shown)
        tail = f", … and {rest} more: {more}" if rest else ""
        _paragraph(f"One of: {values}{tail}", console, indent=6)
    elif shown:
        width = max(len(choice.value or _EMPTY) for choice in shown)
        for choice in shown:
            _choice(choice, width, console, cut=limit is not None)
        if rest:
            console.print(Text(f"        … and {rest} more: {more}", style="dim"))
    if shown and not field.closed:
        _paragraph("Other ids are taken too.", console, indent=6)


def _choice(choice: Choice, width: int, console: Console, *, cut: bool) -> None:
    line = Text(f"        {printable(choice.value or _EMPTY):<{width}}  ")
    line.append(printable(choice.label))
    for text in lora_notes(choice.lora):
        line.append(f"  {printable(text)}", "dim")
    if cut:
        console.print(line, soft_wrap=False, no_wrap=True, overflow="ellipsis")
    else:
        print_wrapped(line, console, indent=10 + width)


def lora_notes(option: LoraOption | None) -> Iterable[str]:
    """Scales and trigger words of a LoRA."""
    if option is None:
        return
    for setting in option.settings:
        span = f"{setting.minimum or '…'} to {setting.maximum or '…'}"
        step = f" by {setting.step}" if setting.step else ""
        default = f", default {setting.default}" if setting.default else ""
        name = f"{setting.id}: " if len(option.settings) > 1 else ""
        yield f"[{name}scale {span}{step}{default}]"
    if option.triggerwords:
        yield f"(say: {'; '.join(option.triggerwords)})"


def _own_option(option: OwnOption, console: Console) -> None:
    left = f"--{option.name} {option.value}".rstrip()
    if option.name == "help":
        left = "--help, -h"
    first, *rest = textwrap.wrap(option.meaning, max(40, min(console.width, 100) - 26))
    console.print(Text.assemble("  ", (f"{left:<24}", "cyan"), first))
    for line in rest:
        console.print(f"{'':26}{line}", markup=False)


def _notes(console: Console) -> None:
    console.print()
    _paragraph(
        "@FILE reads a text from a file, or sends the file where an input takes one; @- is the "
        "standard input, and @@ stands for one @.",
        console,
        indent=2,
    )
    _paragraph(
        "The key comes from WIRO_API_KEY and WIRO_API_SECRET, or from wiro-tools login: what is "
        "written on a command line can be seen by others.",
        console,
        indent=2,
    )
