"""``wiro-tools list``, ``show`` and ``search``: the generated catalogue."""

from __future__ import annotations

import os
import re
import sys
import webbrowser
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias
from urllib.parse import quote

import typer
from rich.table import Table
from rich.text import Text

from wiro_runtime.cli.console import (
    PROGRAM,
    CommandError,
    brief,
    out,
    print_json,
    print_line,
    printable,
    say,
)
from wiro_runtime.cli.help import print_tool
from wiro_runtime.cli.options import AsJson
from wiro_runtime.cli.run import catalogue_of, say_unimported, tool_of
from wiro_runtime.cli.view import view_tool
from wiro_runtime.inputs.messages import shorten

if TYPE_CHECKING:
    from wiro_runtime.catalogue import Catalogue, Entry
    from wiro_runtime.cli.view import Choice, Field, ToolView


def _tools(ctx: typer.Context, incomplete: str) -> list[str]:
    return [tool for tool in catalogue_of(ctx).ids if tool.startswith(incomplete)]


Owner: TypeAlias = Annotated[str | None, typer.Option(help="Only tools of this owner.")]
Category: TypeAlias = Annotated[str | None, typer.Option(help="Only this category.")]
Tag: TypeAlias = Annotated[str | None, typer.Option(help="Only tools with this tag.")]
Kind: TypeAlias = Annotated[
    Literal[
        "text", "number", "boolean", "choice", "lora", "image", "video", "audio", "file", "list",
        "object",
    ]
    | None,
    typer.Option(help="Only tools with such an input."),
]  # fmt: skip


_ROOM: Final = 24
"""Columns in which a description says something."""
SITE: Final = "https://wiro.ai"
_IN_THE_TERMINAL: Final = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})
"""Browsers that Python tries where there is no screen: they take the terminal, and run no script.
"""
_ODD: Final = re.compile("[^a-z0-9_]+")

OPEN_HELP: Final = "Open the page of a tool on Wiro in the browser; print it where there is none."
LIST_HELP: Final = """\
List tools, a line each.

Exit 1: there is none.
"""
SEARCH_HELP: Final = """\
Find tools by words.

Any of the words counts, in ids, names, categories, tags, inputs and descriptions; tools that
have all of them come first. A word may have letters wrong. Exit 1: no tool was found.
"""
SHOW_HELP: Final = "Show a tool with all of its inputs and their options."


def list_command(
    ctx: typer.Context,
    owner: Owner = None,
    category: Category = None,
    tag: Tag = None,
    input_kind: Kind = None,
    as_json: AsJson = False,
) -> int:
    return search_command(ctx, [], owner, category, tag, input_kind, as_json)


def search_command(
    ctx: typer.Context,
    words: Annotated[list[str], typer.Argument(help="Words to look for.")],
    owner: Owner = None,
    category: Category = None,
    tag: Tag = None,
    input_kind: Kind = None,
    as_json: AsJson = False,
) -> int:
    catalogue = catalogue_of(ctx)
    found = catalogue.search(
        " ".join(words), owner=owner, category=category, tag=tag, input_kind=input_kind
    )
    return _report(found, catalogue, as_json)


def show_command(
    ctx: typer.Context,
    tool: Annotated[
        str, typer.Argument(metavar="OWNER/PROJECT", help="The tool.", autocompletion=_tools)
    ],
    as_json: AsJson = False,
) -> int:
    view = view_tool(tool_of(ctx, tool))
    if as_json:
        print_json(_view_json(view))
    else:
        print_tool(view, out())
    return 0


def open_command(
    tool: Annotated[
        str, typer.Argument(metavar="OWNER/PROJECT", help="The tool.", autocompletion=_tools)
    ],
    only_print: Annotated[
        bool, typer.Option("--print", help="Print the address instead of opening it.")
    ] = False,
) -> int:
    owner, slash, project = tool.partition("/")
    names = [quote(_ODD.sub("-", name.lower()).strip("-")) for name in (owner, project)]
    if not slash or not all(names) or "/" in project:
        raise CommandError(f"open: expected OWNER/PROJECT, not {shorten(repr(tool))}")
    address = f"{SITE}/models/{'/'.join(names)}"
    if only_print or not has_browser() or not webbrowser.open(address):
        print_line(address)
    return 0


def has_browser() -> bool:
    """Whether there is a browser with a window, or one that the user has named (``BROWSER``)."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    name = PurePath(str(getattr(found, "name", ""))).name
    return "BROWSER" in os.environ or name not in _IN_THE_TERMINAL


def _report(found: list[Entry], catalogue: Catalogue, as_json: bool) -> int:
    if as_json:
        print_json([entry_json(entry) for entry in found])
    elif found and sys.stdout.isatty():
        _print_table(found)
    else:
        for entry in found:
            description = " ".join(entry.description.split())
            print_line(entry.tool, description, takes_and_makes(entry), entry.price)
    if not found and not as_json:
        say(
            f"no tool matches ({PROGRAM} list shows all)"
            if len(catalogue)
            else f"{catalogue.package} has no tool yet: wirogen add OWNER/PROJECT"
        )
    say_unimported(catalogue)
    return 0 if found else 1


def _print_table(found: Sequence[Entry]) -> None:
    """Id, takes → makes and price of each tool; its description where the screen has room."""
    rows = [(printable(entry.tool), takes_and_makes(entry), entry.price) for entry in found]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    console = out()
    described = console.width - sum(width + 2 for width in widths if width) >= _ROOM
    table = Table(
        box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False, expand=described
    )
    for width, style in zip(widths, ("bold cyan", "", "green"), strict=True):
        if width:
            table.add_column(no_wrap=True, min_width=width, style=style)
    if described:
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    for row, entry in zip(rows, found, strict=True):
        cells = [cell for cell, width in zip(row, widths, strict=True) if width]
        table.add_row(*map(Text, [*cells, brief(entry.description, 200)] if described else cells))
    console.print(table, soft_wrap=False)


def takes_and_makes(entry: Entry) -> str:
    """Such as ``text, image → video``; empty for a catalogue that does not say it."""
    if not entry.takes and entry.makes == "other":
        return ""
    takes = printable(", ".join(entry.takes)) or "nothing"
    return f"{takes} → {printable(entry.makes)}"


def entry_json(entry: Entry) -> dict[str, Any]:
    return {
        "tool": entry.tool,
        "name": entry.name,
        "module": entry.module_name,
        "description": entry.description,
        "cover": entry.cover,
        "categories": list(entry.categories),
        "tags": list(entry.tags),
        "takes": list(entry.takes),
        "makes": entry.makes,
        "price": entry.price or None,
        "inputs": [asdict(each) for each in entry.inputs],
    }


def _view_json(view: ToolView) -> dict[str, Any]:
    kinds = {each.name: each.kind for each in view.entry.inputs}
    inputs = [{**_field_json(field), "kind": kinds.get(field.name)} for field in view.fields]
    return {**entry_json(view.entry), "inputs": inputs}


def _field_json(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "wire_name": field.wire_name,
        "option": f"--{field.option}",
        "type": field.shape,
        "many": field.many,
        "required": field.required,
        "default": field.default,
        "help": field.help,
        "closed": field.closed,
        "options": [_choice_json(choice) for choice in field.choices],
    }


def _choice_json(choice: Choice) -> dict[str, Any]:
    found: dict[str, Any] = {"value": choice.value, "label": choice.label}
    if choice.constant is not None:
        found["constant"] = choice.constant
    if choice.lora is not None:
        found["triggerwords"] = list(choice.lora.triggerwords)
        found["settings"] = [asdict(setting) for setting in choice.lora.settings]
    return found
