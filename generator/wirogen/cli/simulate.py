"""``wirogen simulate``."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Final

import typer

from wirogen.cli.console import CommandError, err, print_diagnostics, project_root
from wirogen.cli.options import Root, Speed
from wirogen.common.files import read_whole
from wirogen.common.paths import UnsafePathError, inside
from wirogen.pipeline.build import corrected_specs, read_project
from wirogen.specs import ToolSpec, spec_to_json


def require_simulator() -> None:
    """Raises :class:`CommandError` when the extra is not installed."""
    if any(find_spec(module) is None for module in ("starlette", "uvicorn")):
        raise CommandError(
            "the simulator is not installed; run: pip install 'wiro-tools[simulator]'"
        )


HELP: Final = (
    """A local Wiro on loopback for the tools below specs/ and their documents, until Ctrl-C."""
)


def command(
    root: Root = None,
    host: Annotated[str, typer.Option(help="Loopback address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port; 0 takes any free one.", min=0, max=65535)] = 8642,
    api_key: Annotated[str, typer.Option(help="The only API key that is let in.")] = "demo-key",
    api_secret: Annotated[
        str, typer.Option(help="Its secret; empty for a project without signatures.")
    ] = "demo-secret",  # noqa: S107 - opens nothing but the simulator
    speed: Speed = 1.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(help="Something that goes wrong, such as '/Task/Detail=status:503'."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not print requests.")] = False,
) -> int:
    require_simulator()
    from wiro_runtime.testing import serve  # noqa: PLC0415 - needs the extra

    folder = project_root(root)
    sources = read_project(folder)
    specs = corrected_specs(folder, sources)
    print_diagnostics(sources.errors, err())
    if not specs:
        err().print("no tool yet, so every run is refused; run: wirogen add", markup=False)
    try:
        serve(
            [spec_to_json(spec) for spec in specs.values()],
            echo=typer.echo,
            host=host,
            port=port,
            api_key=api_key,
            api_secret=api_secret or None,
            speed=speed,
            faults=fault or (),
            documents=_documents(specs, folder / "specs" / "documents"),
            quiet=quiet,
        )
    except ValueError as error:
        raise CommandError(f"simulate: {error}") from None
    except OSError as error:
        text = error.strerror or str(error)
        hint = "; --port 0 takes any free port" if text.startswith("cannot listen") else ""
        raise CommandError(f"simulate: {text}{hint}") from None
    return 0


def _documents(specs: Mapping[str, ToolSpec], folder: Path) -> dict[str, bytes]:
    """The documents of the specs, as far as they are below ``folder``."""
    found: dict[str, bytes] = {}
    for tool, spec in specs.items():
        if spec.source is not None and spec.source.document.endswith(".txt"):
            with suppress(OSError, UnsafePathError):
                found[tool] = read_whole(inside(folder, spec.source.document))
    return found
