"""``wirogen templates``: which templates there are, what they may use, and copies to change."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Final

import typer

from wiro_runtime.cli.console import print_json
from wirogen.cli.console import CommandError, out, printable
from wirogen.common.text import did_you_mean
from wirogen.emit.template_fields import fields_of
from wirogen.emit.template_tree import Scope, scope_of
from wirogen.emit.templates import Renderer

app = typer.Typer(
    name="templates",
    help="List the templates and what they may use, or copy one to change it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

_MAKES: Final = {
    Scope.TOOL: "once for each tool",
    Scope.OWNER: "once for each owner",
    Scope.CATEGORY: "once for each category",
    Scope.GUIDE: "a guide",
    Scope.PROJECT: "once",
    Scope.PARTIAL: "included by others",
    Scope.COPY: "copied as it is",
}
_FOLDER: Final = Path("templates")


@app.command("list")
def list_(
    name: Annotated[
        str | None, typer.Argument(help="A template: list every field that it may use.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> int:
    """List all templates; with a name, every field of the plan that it may use.

    Exit 0: done. 2: there is no such template.
    """
    if name is None:
        return _list_all(as_json=as_json)
    found = _find(name)
    scopes = _scopes(found)
    listed = {scope: fields_of(scope) for scope in scopes}
    if as_json:
        rows = {str(scope): [asdict(each) for each in each_of] for scope, each_of in listed.items()}
        print_json({"template": found, "makes": str(scope_of(found)), "fields": rows})
        return 0
    out().print(f"{found}: {_MAKES[scope_of(found)]}", markup=False)
    for scope, each_of in listed.items():
        if len(listed) > 1:
            out().print(f"\nincluded by a template that is rendered {_MAKES[scope]}:")
        for each in each_of:
            out().print(f"  {each.name}  ({each.type})  {each.meaning}", markup=False)
    return 0


@app.command("copy")
def copy(
    name: Annotated[str, typer.Argument(help="The template, as wirogen templates list names it.")],
    to: Annotated[
        Path, typer.Option("--to", help="Folder for --templates; the path below it stays.")
    ] = _FOLDER,
) -> int:
    """Copy a template into a folder of your own, to be changed there.

    Exit 0: copied. 2: there is no such template, or the file is there already.
    """
    found = _find(name)
    target = to / found
    if os.path.lexists(target):
        raise CommandError(f"templates: {target} is there already; remove it to copy again")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(Renderer().source(found), "utf-8", newline="")
    out().print(printable(f"copied to {target}; use it with --templates {to}"), markup=False)
    return 0


def _list_all(*, as_json: bool) -> int:
    names = Renderer().names(*Scope)
    if as_json:
        print_json({"templates": [{"name": each, "makes": str(scope_of(each))} for each in names]})
        return 0
    for each in names:
        out().print(f"{each}  ({_MAKES[scope_of(each)]})", markup=False)
    return 0


def _find(name: str) -> str:
    """The template that is meant: its path, or the end of it if only one has that."""
    names = Renderer().names(*Scope)
    wanted = name.replace("\\", "/").strip("/")
    wanted = wanted.removeprefix("templates/")
    if wanted in names:
        return wanted
    ending = [each for each in names if each.endswith(f"/{wanted}")]
    if len(ending) == 1:
        return ending[0]
    if ending:
        raise CommandError(f"templates: {name!r} may be {', '.join(ending)}")
    raise CommandError(f"templates: no {name!r}{did_you_mean(wanted, names)}")


def _scopes(name: str) -> list[Scope]:
    """The scopes whose values a template has; a partial those of what it lies beside."""
    scope = scope_of(name)
    if scope is not Scope.PARTIAL:
        return [scope]
    folder = name.rpartition("/")[0]
    return [Scope.TOOL] if folder.endswith("[owner]") or "snippets" in folder else [*Scope][:5]
