"""``wirogen docs build`` and ``wirogen docs serve``."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from wiro_runtime.cli.console import print_json
from wirogen.cli.console import CommandError, err, out, printable
from wirogen.cli.options import AsJson
from wirogen.common.paths import real
from wirogen.common.text import counted
from wirogen.diagnostics.model import InputError
from wirogen.site.covers import COVER_HOST, CoverMode

if TYPE_CHECKING:
    from wirogen.site.build import SiteReport

BUILD_HELP: Final = """\
Build the site: plain files for any web server. Only pages that changed are made again.

The folder must be new, empty or made by this command.
"""

SERVE_HELP: Final = (
    "Build the site, show it on this machine, and build again when its source changes."
)

app = typer.Typer(
    name="docs",
    help="The documentation site, made from generated/docs/.",
    rich_markup_mode=None,
)

_Docs = Annotated[
    Path | None, typer.Option(help="Source; by default generated/docs of the nearest project.")
]
_Out = Annotated[
    Path | None, typer.Option("--out", help="Result; by default site/ of that project.")
]
_Name = Annotated[str, typer.Option(help="Name in the header of the site.")]
_CoversFrom = Annotated[
    CoverMode,
    typer.Option(
        help="local: copies in the site, asked for while it is built. remote: a reader's browser "
        "asks Wiro. none: drawings."
    ),
]
_Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--cover-host", help=f"Host that covers may come from, instead of {COVER_HOST}; repeatable."
    ),
]
_SHOWN = 5


@app.command(
    "build",
    help=BUILD_HELP,
)
def build(
    docs: _Docs = None,
    out_dir: _Out = None,
    name: _Name = "wiro-tools",
    site_url: Annotated[
        str | None, typer.Option(help="Address of the published site, for its sitemap.")
    ] = None,
    covers: _CoversFrom = CoverMode.LOCAL,
    cover_host: _Hosts = None,
    jobs: Annotated[int, typer.Option(help="Processes; 0: one for each core.", min=0)] = 0,
    as_json: AsJson = False,
) -> int:
    source, target = _folders(docs, out_dir)
    started = time.monotonic()
    report = _builder(source, target, name, site_url, covers, cover_host, jobs)()
    if as_json:
        counts = {"pages": report.pages, "made": report.made, "missing_covers": len(report.missing)}
        print_json({"out": str(target), **counts})
    else:
        _tell(report)
        seconds = time.monotonic() - started
        shown = printable(str(target))
        said = f"{shown}: {counted(report.pages, 'page')}, {report.made} made now, {seconds:.1f} s"
        out().print(said, markup=False)
    return 0


@app.command(
    "serve",
    help=SERVE_HELP,
)
def serve(
    docs: _Docs = None,
    out_dir: _Out = None,
    name: _Name = "wiro-tools",
    covers: _CoversFrom = CoverMode.LOCAL,
    cover_host: _Hosts = None,
    port: Annotated[int, typer.Option(help="Port; 0 takes any free one.", min=0, max=65535)] = 8000,
) -> int:
    source, target = _folders(docs, out_dir)
    first = _builder(source, target, name, None, covers, cover_host, 0)
    from wirogen.site.server import Server  # noqa: PLC0415 - after the extra is known to be there
    from wirogen.site.target import check_target  # noqa: PLC0415 - as above

    check_target(target, source)
    try:
        server = Server(target, port)
    except OSError as error:
        reason = (error.strerror or "cannot be used").lower()
        raise CommandError(f"port {port}: {reason}; --port 0 takes any free one") from None
    # Read before the build, so that a change during the build causes another one.
    seen = _state(source)
    _tell(first())
    # Covers are requested once: a change of a page must not wait for those that failed.
    again = functools.partial(first, cover_hosts=())
    with server:
        out().print(f"{server.url} (Ctrl-C ends it)")
        while True:
            time.sleep(1)
            now = _state(source)
            if now == seen:
                continue
            seen = now
            _rebuild(again)


def _rebuild(build: Callable[[], SiteReport]) -> None:
    """Build again, and say so. Files come and go while another command writes the source; what it
    has written then is built a second later."""
    try:
        report = build()
    except InputError as error:
        err().print(printable(str(error)), markup=False)
    except OSError as error:
        err().print(printable(f"{error.filename}: {error.strerror}"), markup=False)
    else:
        out().print(f"{counted(report.made, 'page')} made again")


def _builder(
    source: Path,
    target: Path,
    name: str,
    site_url: str | None,
    covers: CoverMode,
    hosts: list[str] | None,
    jobs: int,
) -> functools.partial[SiteReport]:
    needed = {"zensical": "Zensical", "markdown": "Markdown", "PIL": "Pillow"}
    missing = [title for module, title in needed.items() if find_spec(module) is None]
    if missing:
        raise CommandError(f"{missing[0]} is not installed; run: pip install 'wiro-tools[docs]'")
    from wirogen.site.build import build_site  # noqa: PLC0415 - needs the extra

    # Beside the site, whatever it is called (`.`): what is in it is published.
    place = real(target)
    return functools.partial(
        build_site,
        source,
        target,
        work=place.parent / ".wirogen" / f"docs-{place.name}",
        name=name,
        site_url=site_url,
        workers=jobs or os.cpu_count() or 1,
        covers=covers,
        cover_hosts=hosts or (COVER_HOST,),
    )


def _tell(report: SiteReport) -> None:
    """Print the covers that are not in the site. It is complete without them, so the exit status
    stays 0."""
    for each in report.missing[:_SHOWN]:
        err().print(printable(str(each)), markup=False)
    if len(report.missing) > _SHOWN:
        err().print(f"and {len(report.missing) - _SHOWN} covers more that are not in the site")


def _folders(docs: Path | None, target: Path | None) -> tuple[Path, Path]:
    here = Path.cwd()
    if docs is None:
        roots = (here, *here.parents)
        root = next((each for each in roots if (each / "generated" / "docs").is_dir()), None)
        if root is None:
            raise CommandError("no generated/docs here or above; run wirogen build, or use --docs")
        return root / "generated" / "docs", target or root / "site"
    if not docs.is_dir():
        raise CommandError(f"{docs}: there is no such folder")
    return docs, target or here / "site"


def _state(folder: Path) -> dict[str, int]:
    """Return the modification time of each file in nanoseconds, by path."""
    found: dict[str, int] = {}
    for where, _, names in os.walk(folder):
        for each in names:
            path = Path(where) / each
            try:
                found[str(path)] = path.stat().st_mtime_ns
            except FileNotFoundError:
                continue
    return found
