"""The command line: its commands, and how errors are printed."""

from __future__ import annotations

import gc
import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from wiro_runtime.cli.console import (
    CommandError,
    complain,
    err,
    is_reader_gone,
    prepare_process,
    print_usage_error,
    tidy,
)
from wirogen.common.files import folder_problem
from wirogen.diagnostics.model import InputError

COMMANDS: Final = (
    "demo",
    "init",
    "add",
    "build",
    "parse",
    "generate",
    "lint",
    "diff",
    "sync",
    "simulate",
    "docs",
    "templates",
)
"""Each is a module of this package with a ``command``, or an ``app`` of several."""

HELP: Final = "Tool documents in; typed clients, validators and reference pages out."

INTERRUPTED: Final = 130
"""The exit status after Ctrl-C, the same as typer's."""


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version  # noqa: PLC0415 - slow to load

        typer.echo(f"wirogen {version('wiro-tools')}")
        raise typer.Exit


def options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    del version


def application(only: str | None = None) -> typer.Typer:
    """Return the command line with all commands, or with one, so that the modules of the others
    are not loaded."""
    app = typer.Typer(
        name="wirogen",
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(help=HELP)(options)
    for name in COMMANDS if only is None else (only,):
        module = importlib.import_module(f"wirogen.cli.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app)
        else:
            app.command(name, help=module.HELP)(module.command)
    return app


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status. An error that a user can cause is printed
    as one line."""
    # A build makes many objects and drops few at a time: looking for cycles costs a tenth of it.
    gc.set_threshold(100_000, 50, 50)
    prepare_process()
    named = next((each for each in arguments if not each.startswith("-")), None)
    try:
        Path.cwd()
    except FileNotFoundError:
        return _fail('the current folder has been removed or replaced; enter it again: cd "$PWD"')
    if "_WIROGEN_COMPLETE" in os.environ or any("-completion" in each for each in arguments):
        from wiro_runtime.cli.completion import install_completion  # noqa: PLC0415 - slow to load

        install_completion()
    try:
        app = application(named if named in COMMANDS else None)
        command: Any = tidy(typer.main.get_command(app))
        result = command(list(arguments), prog_name="wirogen", standalone_mode=False)
    except (CommandError, InputError) as error:
        return _fail(str(error))
    except typer.TyperException as error:
        return print_usage_error(error, "wirogen")
    except typer.Exit as error:
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        result = INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:
        if not is_reader_gone(error):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        if error.filename is None:
            # Python would write the rest of the output once more, in vain and with a traceback.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return _fail(_os_error(error))
    if result == INTERRUPTED:
        err().print("wirogen: interrupted")
    return result if isinstance(result, int) else 0


def _os_error(error: OSError) -> str:
    """What the operating system refuses, in one line. It names the path that cannot be made or
    read, not the file that stands where one of its folders should be."""
    name = error.filename
    if isinstance(error, NotADirectoryError | FileExistsError) and isinstance(name, str):
        for each in (Path(name), *Path(name).parents):
            if problem := folder_problem(each):
                return f"{_shown(str(each))} {problem}"
    return f"{_shown(name)}: {(error.strerror or str(error)).lower()}"


def _shown(path: object) -> str:
    """The file that an error names, relative to the current folder when it is below."""
    if not isinstance(path, str):
        return "file"
    return path.removeprefix(f"{Path.cwd()}{os.sep}")


def _fail(message: str) -> int:
    complain([message], "wirogen")
    return 2
