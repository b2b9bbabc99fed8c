"""``wiro-tools mcp``: the tools for agents, over the Model Context Protocol."""

from __future__ import annotations

import os
import secrets
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from wiro_runtime.cli.console import (
    CommandError,
    make_folder,
    print_line,
    require_extra,
    state_folder,
)
from wiro_runtime.cli.interrupts import interrupt
from wiro_runtime.cli.journal import VARIABLE
from wiro_runtime.cli.results import check_out
from wiro_runtime.cli.run import catalogue_of, say_unimported
from wiro_runtime.errors import ConfigurationError
from wiro_runtime.inputs.arguments import read_dollars

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal


HELP: Final = """\
Serve the tools to agents, over the Model Context Protocol (MCP).

Without --http it talks over its standard streams, as clients start it. Runs are recorded in the
journal, or in one of its own, so that an agent's retry is never billed twice. With --http a client
must send the token of WIRO_MCP_TOKEN or of --token-file; without either, one is made and printed.
"""
_HOST: Final = "127.0.0.1"
_PORT: Final = 8643
_LONGEST_TOKEN: Final = 4096


def mcp_command(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where outputs are saved, and files may be taken from; by default nowhere.",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            metavar="DOLLARS",
            help="What all runs of the journal may cost together. Without it each run needs a "
            "max_cost, or the user's word.",
        ),
    ] = None,
    allow_unknown: Annotated[
        bool,
        typer.Option(
            "--allow-unknown", help="Run tools whose price is not known without asking the user."
        ),
    ] = False,
    http: Annotated[
        bool, typer.Option("--http", help="Serve Streamable HTTP and not the standard streams.")
    ] = False,
    host: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help=f"The address to listen on; by default {_HOST}."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help=f"The port; 0 for any; by default {_PORT}.")
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A file with the token for --http.")
    ] = None,
) -> None:
    require_extra("mcp", "mcp")
    listening = {"--host": host, "--port": port, "--token-file": token_file}
    for option, given in listening.items():
        if given is not None and not http:
            raise CommandError(f"{option} is for --http: give that too, or leave {option} out")
    catalogue = catalogue_of(ctx)
    say_unimported(catalogue)
    make = partial(
        _server,
        catalogue=catalogue,
        folder=None if out is None else check_out(out),
        budget=None if budget is None else read_dollars("--budget", budget),
        allow_unknown=allow_unknown,
        journal=_journal(),
    )
    if not http and sys.stdin is None:
        raise CommandError("the standard input is closed")
    token, made = _token(token_file) if http else ("", False)
    import anyio  # noqa: PLC0415 - a dependency of the extra that is checked above

    if http:
        host = _HOST if host is None else host
        port = _PORT if port is None else port
        anyio.run(_serve_http, make, host, port, token, made)
        # It ends for no other reason. asyncio raises this too, unless all was done by then.
        raise KeyboardInterrupt
    if number := anyio.run(_serve_stdio, make):
        interrupt(number)


async def _serve_stdio(make: Callable[[], tuple[Any, Any]]) -> int:
    from wiro_runtime.mcp.stdio import serve  # noqa: PLC0415 - see above

    server, client = make()
    async with client:
        return await serve(server)


async def _serve_http(
    make: Callable[[], tuple[Any, Any]], host: str, port: int, token: str, made: bool
) -> None:
    from wiro_runtime.mcp.http import PATH, listen, serve  # noqa: PLC0415 - see above

    if host in ("", "0.0.0.0", "::"):  # noqa: S104 - refused
        raise ConfigurationError(
            f"--host: name one address that clients use; {host!r} means all of this computer"
        )
    server, client = make()
    async with client:
        with listen(host, port) as listening:
            shown = f"[{host}]" if ":" in host else host

            def announce() -> None:
                print_line(f"http://{shown}:{listening.getsockname()[1]}{PATH}")
                if made:
                    print_line(f"Authorization: Bearer {token}")

            await serve(server, listening, host, token, announce)


def _server(*, journal: Path, budget: Decimal | None, **settings: Any) -> tuple[Any, Any]:
    from wiro_runtime import AsyncWiro  # noqa: PLC0415 - see above
    from wiro_runtime.mcp import Workspace, make_server  # noqa: PLC0415 - see above
    from wiro_runtime.mcp.runs import Runs  # noqa: PLC0415 - see above

    client = AsyncWiro(journal=journal, budget=budget)
    space = Workspace(client=client, runs=Runs(client), budget=budget, **settings)
    # Before the first request, which would wait for it.
    _ = space.index
    return make_server(space), client


def _journal() -> Path:
    if given := os.environ.get(VARIABLE):
        return Path(given)
    folder = state_folder()
    make_folder(folder, "use --journal")
    return folder / "mcp.sqlite"


def _token(file: Path | None) -> tuple[str, bool]:
    """The token, and whether it was made now."""
    if file is not None:
        try:
            with file.open("rb") as opened:
                found = opened.read(_LONGEST_TOKEN).decode("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not ASCII text"
            raise ConfigurationError(f"--token-file: {file}: {reason.lower()}") from None
        where = f"--token-file: {file}"
    else:
        found = os.environ.get("WIRO_MCP_TOKEN", "").strip()
        if not found:
            return secrets.token_urlsafe(32), True
        where = "WIRO_MCP_TOKEN"
    if len(found) < 16 or not found.isascii() or any(sign.isspace() for sign in found):
        raise ConfigurationError(f"{where}: a token is one word of 16 ASCII characters or more")
    return found, False
