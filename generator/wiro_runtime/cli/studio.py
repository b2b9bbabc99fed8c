"""``wiro-tools studio``: the documentation site on this computer, with a builder that runs."""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
import warnings
import webbrowser
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import quote

import typer

from wiro_runtime.cli.console import (
    CommandError,
    make_folder,
    print_line,
    require_extra,
    say,
    state_folder,
)
from wiro_runtime.cli.journal import VARIABLE
from wiro_runtime.cli.run import catalogue_of, tool_of, unimported
from wiro_runtime.cli.tools import has_browser
from wiro_runtime.errors import UndocumentedOption
from wiro_runtime.inputs.messages import shorten
from wiro_runtime.lock import locked
from wiro_runtime.settings import load_settings

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from wiro_runtime.catalogue import Catalogue, Entry
    from wiro_runtime.studio import Studio
    from wiro_runtime.testing import Simulator

HELP: Final = """\
Open the documentation site on this computer, with forms that run their tools.

Runs use the key of this computer, which no page ever sees; they, and their outputs, are kept in a
folder. Only the browser that opens the printed address is served. --simulate runs everything
against a local Wiro: no key is needed and nothing is billed.
"""
_NEEDED: Final = ("starlette", "uvicorn", "python_multipart", "zensical", "markdown", "PIL")


def studio_command(
    ctx: typer.Context,
    tool: Annotated[
        str | None, typer.Argument(metavar="OWNER/PROJECT", help="The tool to begin with.")
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Use a local Wiro: no key, no cost.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where runs and their outputs are kept.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 for any.")] = 8650,
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Only print the address; open no browser.")
    ] = False,
) -> None:
    require_extra("studio", *_NEEDED)
    catalogue = catalogue_of(ctx)
    begin = "" if tool is None else _page_of(tool_of(ctx, tool))
    if not simulate:
        # Without a key nothing would run; say so before the site is built.
        load_settings()
    docs = _source()
    place, unknown = unimported(catalogue)
    if unknown:
        raise CommandError(
            f"studio: Python finds no client of {shorten(', '.join(unknown))}; {place} has them: "
            f"put that on Python's path (PYTHONPATH={place})"
        )
    own = state_folder() / ("studio-simulated" if simulate else "studio")
    folder = (out or own).absolute()
    make_folder(folder, "choose another one with --out")
    from wiro_runtime.studio.listen import listen  # noqa: PLC0415 - needs the extra

    with ExitStack() as stack:
        # Two studios would follow the same runs, and build the same site.
        note = stack.enter_context(locked(folder / "studio.lock", partial(_taken, folder)))
        listening = stack.enter_context(listen(port))
        note(f"http://127.0.0.1:{listening.getsockname()[1]}/")
        say("building the site …")
        site = folder / "site"
        _build(docs, site, simulate=simulate)
        studio = _studio(catalogue, site, folder, stack if simulate else None)
        warnings.simplefilter("ignore", UndocumentedOption)
        asyncio.run(_serve(studio, listening, begin, show=not no_open))


def _taken(folder: Path, address: str) -> str:
    where = f" at {address}" if address.startswith("http://127.0.0.1:") else ""
    return f"{folder}: a studio with these runs serves already{where}; --out DIR keeps others"


async def _serve(studio: Studio, listening: socket.socket, begin: str, *, show: bool) -> None:
    from wiro_runtime.studio.listen import serve  # noqa: PLC0415 - needs the extra

    token = secrets.token_urlsafe(32)

    def announce(port: int) -> None:
        address = f"http://127.0.0.1:{port}/{begin}?token={token}"
        print_line(address)
        say(f"runs are kept in {studio.folder}; Ctrl-C ends the studio, tasks go on")
        if show and has_browser():
            # One that runs until its user ends it would keep the studio from serving it.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    await serve(studio, listening, token, announce)


def _studio(catalogue: Catalogue, site: Path, folder: Path, simulate: ExitStack | None) -> Studio:
    from wiro_runtime import AsyncWiro  # noqa: PLC0415 - seldom needed
    from wiro_runtime.studio import Studio  # noqa: PLC0415 - needs the extra

    settings: dict[str, Any] = {"journal": os.environ.get(VARIABLE) or folder / "journal.sqlite"}
    add: Callable[[Entry], None] | None = None
    if simulate is not None:
        from wiro_runtime.testing import Simulator  # noqa: PLC0415 - needs the extra

        simulator = simulate.enter_context(Simulator(speed=1.0))
        settings = {
            "api_key": simulator.api_key,
            "api_secret": simulator.api_secret,
            "base_url": simulator.base_url,
            "socket_url": simulator.socket_url,
            "journal": folder / "journal.sqlite",
        }

        add = partial(_add, simulator)
    return Studio(
        site=site,
        catalogue=catalogue,
        folder=folder,
        client=lambda: AsyncWiro(**settings),
        simulated=simulate is not None,
        before=add,
    )


def _add(simulator: Simulator, entry: Entry) -> None:
    if entry.tool not in simulator.tools:
        simulator.add_tool(entry.module())


def _page_of(entry: Entry) -> str:
    """The page of a tool, below the site."""
    return f"tools/{quote(entry.module_name.split('.', 1)[1].replace('.', '/'))}.html"


def _source() -> Path:
    """The source of the site, in the nearest project."""
    here = Path.cwd()
    for root in (here, *here.parents):
        if (root / "generated" / "docs" / "tools.json").is_file():
            return root / "generated" / "docs"
    raise CommandError(
        "studio: no generated/docs here or above; make a project with wirogen init and wirogen "
        "add, or run wirogen build in yours"
    )


def _build(docs: Path, site: Path, *, simulate: bool) -> None:
    """Build the site, or what has changed of it. Without ``simulate``, covers are copied as
    ``wirogen docs serve`` does."""
    from wirogen.diagnostics.model import InputError  # noqa: PLC0415 - needs the extra
    from wirogen.site.build import build_site  # noqa: PLC0415 - as above
    from wirogen.site.covers import CoverMode  # noqa: PLC0415 - as above

    try:
        build_site(
            docs,
            site,
            work=site.parent / ".wirogen",
            name="wiro-tools studio",
            site_url=None,
            workers=os.cpu_count() or 1,
            studio=True,
            covers=CoverMode.NONE if simulate else CoverMode.LOCAL,
        )
    except InputError as error:
        raise CommandError(f"studio: {error}") from None
