"""The command line as a whole: its commands, and what becomes of errors."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from logging import NullHandler, StreamHandler
from typing import Annotated, Any

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
    prepare_process,
    print_json,
)
from wiro_runtime.cli.interrupts import INTERRUPTED, exit_status, obey_signals
from wiro_runtime.cli.journal import COSTS_HELP, costs_command, use_journal
from wiro_runtime.cli.look import help_instead, is_reader_gone, tidy, usage_line
from wiro_runtime.cli.results import error_json, typed_message
from wiro_runtime.cli.run import PriceGroup, RunGroup
from wiro_runtime.errors import (
    AuthenticationError,
    ConfigurationError,
    InvalidInputs,
    WiroError,
)

_ORDER = (
    "run", "task", "list", "search", "show", "open", "upload", "price", "costs", "batch",
    "login", "whoami", "logout", "doctor",
)  # fmt: skip
_ACCOUNT = _ORDER.index("login")

_SETTINGS = {"help_option_names": ["-h", "--help"]}


class _Commands(TyperGroup):
    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order in which they are needed."""
        found = super().list_commands(ctx)
        return sorted(
            found, key=lambda name: _ORDER.index(name) if name in _ORDER else _ACCOUNT - 0.5
        )


app = typer.Typer(
    name=PROGRAM,
    cls=_Commands,
    help="Run the AI tools hosted on Wiro.",
    epilog="The key is read from WIRO_API_KEY and WIRO_API_SECRET, or kept by wiro-tools login.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_SETTINGS,
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
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    del package, version
    use_profile(profile)
    use_journal(journal)
    log = logging.getLogger("wiro_runtime")
    handler = StreamHandler() if verbose else NullHandler()
    handler.setFormatter(LogFormatter("%(asctime)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.DEBUG if verbose else logging.NOTSET)


app.add_typer(
    typer.Typer(
        cls=RunGroup,
        help="Run a tool, wait for its end and save what it makes.",
        subcommand_metavar="OWNER/PROJECT [OPTIONS]",
        callback=lambda: None,
    ),
    name="run",
)
app.add_typer(
    typer.Typer(
        cls=PriceGroup,
        help="Say what a run would cost; nothing is sent.",
        subcommand_metavar="OWNER/PROJECT [OPTIONS]",
        callback=lambda: None,
    ),
    name="price",
)
app.command("costs", help=COSTS_HELP)(costs_command)
app.add_typer(task.app, name="task")
app.add_typer(batch.app, name="batch")
app.command("login", help=account.LOGIN_HELP, context_settings=account.SETTINGS)(account.login)
app.command("logout", help=account.LOGOUT_HELP)(account.logout)
app.command("whoami", help=account.WHOAMI_HELP)(account.whoami)
app.command("doctor", help=doctor.HELP)(doctor.command)
app.command("upload", help=upload.HELP)(upload.command)
app.command("open", help=tools.OPEN_HELP)(tools.open_command)
app.command("list", help=tools.LIST_HELP)(tools.list_command)
app.command("show", help=tools.SHOW_HELP)(tools.show_command)
app.command("search", help=tools.SEARCH_HELP)(tools.search_command)
app.command("studio", help=studio.HELP)(studio.studio_command)
app.command("mcp", help=mcp.HELP)(mcp.mcp_command)
app.add_typer(skill.app, name="skill")


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
    except (CommandError, typer.TyperException) as error:
        return _usage(error)
    except WiroError as error:
        return _failed(error)
    except typer.Exit as error:
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        complain(["interrupted"])
        return exit_status(INTERRUPTED)
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


def _usage(error: CommandError | typer.TyperException) -> int:
    if isinstance(error, CommandError):
        complain([str(error)])
        return 2
    if text := help_instead(error):
        typer.echo(text, err=True)
    else:
        complain([usage_line(error, PROGRAM)])
    return error.exit_code


def _failed(error: WiroError) -> int:
    """The lines of an error of the runtime; 2 where the caller has to change something."""
    lines = [line for line in typed_message(error).splitlines() if line.strip()]
    notes: list[str] = getattr(error, "__notes__", [])
    lines += [note for note in notes if PROGRAM in note]
    complain(lines or [type(error).__name__])
    wrong = isinstance(error, ConfigurationError | InvalidInputs | AuthenticationError)
    return 2 if wrong else 1
