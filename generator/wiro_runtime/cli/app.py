"""The command line as a whole: its commands, and what becomes of errors."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from logging import NullHandler, StreamHandler
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from wiro_runtime import __version__
from wiro_runtime.cli import account, batch, doctor, mcp, skill, studio, task, tools, upload
from wiro_runtime.cli.account import use_profile
from wiro_runtime.cli.completion import install_completion
from wiro_runtime.cli.console import (
    PROGRAM,
    CommandError,
    LogFormatter,
    complain,
    is_reader_gone,
    prepare_process,
    print_json,
    print_usage_error,
    tidy,
)
from wiro_runtime.cli.interrupts import exit_status, obey_signals
from wiro_runtime.cli.journal import COSTS_HELP, VARIABLE, costs_command
from wiro_runtime.cli.results import error_json, typed_message
from wiro_runtime.cli.run import HELP, PriceGroup, RunGroup
from wiro_runtime.errors import AuthenticationError, ConfigurationError, InvalidInputs, WiroError


class _Commands(TyperGroup):
    def __init__(self, *, commands: dict[str, Any], **settings: Any) -> None:
        # Typer puts groups first.
        super().__init__(commands={name: commands[name] for name in _COMMANDS}, **settings)


app = typer.Typer(
    name=PROGRAM,
    cls=_Commands,
    help="Run the AI tools hosted on Wiro.",
    epilog="The key is read from WIRO_API_KEY and WIRO_API_SECRET, or kept by wiro-tools login.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": [*HELP]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


@app.callback()
def options(
    package: Annotated[
        str,
        typer.Option(
            envvar="WIRO_TOOLS_PACKAGE",
            metavar="NAME",
            help="The generated package whose tools are meant.",
        ),
    ] = "wiro_tools",
    profile: Annotated[
        str | None,
        typer.Option(envvar="WIRO_PROFILE", metavar="NAME", help="The key of login that is meant."),
    ] = None,
    journal: Annotated[
        str | None,
        typer.Option(
            envvar="WIRO_JOURNAL",
            metavar="FILE",
            help="Record runs and what they cost in this file.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log what the client does, never a key.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    del package, version
    use_profile(profile)
    if journal:
        os.environ[VARIABLE] = journal
    log = logging.getLogger("wiro_runtime")
    handler = StreamHandler() if verbose else NullHandler()
    handler.setFormatter(LogFormatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.DEBUG if verbose else logging.NOTSET)


def _of_tools(group: type[TyperGroup], text: str) -> typer.Typer:
    usage = "OWNER/PROJECT [OPTIONS]"
    return typer.Typer(cls=group, help=text, subcommand_metavar=usage, callback=lambda: None)


_COMMANDS: Final[dict[str, Any]] = {
    "run": _of_tools(RunGroup, "Run a tool, wait for its end and save what it makes."),
    "task": task.app,
    "list": (tools.list_command, tools.LIST_HELP),
    "search": (tools.search_command, tools.SEARCH_HELP),
    "show": (tools.show_command, tools.SHOW_HELP),
    "open": (tools.open_command, tools.OPEN_HELP),
    "upload": (upload.command, upload.HELP),
    "price": _of_tools(PriceGroup, "Say what a run would cost; nothing is sent."),
    "costs": (costs_command, COSTS_HELP),
    "batch": batch.app,
    "studio": (studio.studio_command, studio.HELP),
    "mcp": (mcp.mcp_command, mcp.HELP),
    "skill": skill.app,
    "login": (account.login, account.LOGIN_HELP, account.SETTINGS),
    "whoami": (account.whoami, account.WHOAMI_HELP),
    "logout": (account.logout, account.LOGOUT_HELP),
    "doctor": (doctor.command, doctor.HELP),
}
"""The commands, in the order in which they are needed."""
for _name, _command in _COMMANDS.items():
    if isinstance(_command, typer.Typer):
        app.add_typer(_command, name=_name)
    else:
        _function, _help, *_settings = _command
        app.command(_name, help=_help, context_settings=dict(*_settings))(_function)


def run(arguments: Sequence[str]) -> int:
    """Run one command line; its exit status. Whatever a user can cause is a line or a few."""
    prepare_process()
    obey_signals()
    install_completion()
    asked: set[str] = set()
    try:
        command: Any = tidy(typer.main.get_command(app))
        try:
            result: Any = command([*arguments], prog_name=PROGRAM, standalone_mode=False, obj=asked)
        except WiroError as error:
            if "json" in asked:
                print_json(error_json(error))
            raise
        sys.stdout.flush()
    except CommandError as error:
        complain([str(error)])
        return 2
    except typer.TyperException as error:
        return print_usage_error(error, PROGRAM)
    except WiroError as error:
        return _failed(error)
    except typer.Exit as error:
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        complain(["interrupted"])
        return exit_status()
    except (BrokenPipeError, SystemExit) as error:
        if not is_reader_gone(error):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0
    except OSError as error:
        if error.filename is None:
            # Python would write the rest of the output once more, in vain and with a traceback.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        # Without a name, only the current folder is not found: it was removed.
        gone = isinstance(error, FileNotFoundError)
        where = error.filename or ("the current folder" if gone else "output")
        complain([f"{where}: {(error.strerror or str(error)).lower()}"])
        return 2
    return exit_status(result) if isinstance(result, int) else 0


def _failed(error: WiroError) -> int:
    """The lines of an error of the runtime; 2 where the caller has to change something."""
    lines = [line for line in typed_message(error).splitlines() if line.strip()]
    notes: list[str] = getattr(error, "__notes__", [])
    lines += [note for note in notes if PROGRAM in note]
    complain(lines or [type(error).__name__])
    wrong = isinstance(error, ConfigurationError | InvalidInputs | AuthenticationError)
    return 2 if wrong else 1
