"""The command line as a whole: its commands, and what becomes of errors."""

from __future__ import annotations

import importlib.metadata
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from wirogen.cli import build, demo, diff, docs, generate, lint, parse, simulate, sync
from wirogen.cli.console import CommandError, err, printable
from wirogen.diagnostics import InputError

app = typer.Typer(
    name="wirogen",
    help="Tool documents in; typed clients, validators and reference pages out.",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"wirogen {importlib.metadata.version('wiro-tools')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


app.command("build")(build.command)
app.command("parse")(parse.command)
app.command("generate")(generate.command)
app.command("lint")(lint.command)
app.command("diff")(diff.command)
app.command("sync")(sync.command)
app.command("simulate")(simulate.command)
app.command("demo")(demo.command)
app.add_typer(docs.app)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit status. Whatever a user can cause is one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # an ASCII terminal must not end a build
            stream.reconfigure(errors="backslashreplace")
    try:
        Path.cwd()
    except FileNotFoundError:
        return _fail('the current folder has been removed or replaced; enter it again: cd "$PWD"')
    try:
        result = app(list(arguments), prog_name="wirogen", standalone_mode=False)
    except CommandError as error:
        return _fail(str(error))
    except InputError as error:
        return _fail(str(error))
    except typer.TyperException as error:
        return _fail(f"{error.format_message()} (see wirogen --help)", status=error.exit_code)
    except typer.Exit as error:
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        err().print("wirogen: interrupted")
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        return _fail(f"{error.filename or 'file'}: {(error.strerror or str(error)).lower()}")
    return result if isinstance(result, int) else 0


def _fail(message: str, status: int = 2) -> int:
    err().print(f"wirogen: {printable(message)}", markup=False)
    return status
