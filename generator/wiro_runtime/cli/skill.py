"""``wiro-tools skill install``: the skill that tells agents how to use these commands."""

from __future__ import annotations

from pathlib import Path
from stat import S_ISREG
from typing import Annotated, Final

import typer

from wiro_runtime.cli.console import PROGRAM, CommandError, print_line

INSTALL_HELP: Final = """\
Install the skill of wiro-tools for coding agents.

It goes into DIR/wiro-tools; agents look for skills in .claude/skills of a project or of the home
folder, and in places like it. A skill that was changed by hand is kept, unless with --force.
"""

app = typer.Typer(help="The skill for coding agents.", rich_markup_mode=None)


@app.callback()
def skill() -> None:
    """Make ``install`` a command of its own, though it is the only one."""


@app.command("install", help=INSTALL_HELP)
def install_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of skills.")] = Path(
        ".claude/skills"
    ),
    force: Annotated[bool, typer.Option("--force", help="Replace what was changed.")] = False,
) -> None:
    source = _source()
    target = folder / PROGRAM
    files = {
        target / path.relative_to(source): path.read_bytes()
        for path in sorted(source.rglob("*.md"))
    }
    changed = [path for path, data in files.items() if _differs(path, data)]
    if changed and not force:
        raise CommandError(f"{changed[0]} is another text; --force replaces it")
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name}.new")
        # In a project of others it may be a link.
        new.unlink(missing_ok=True)
        new.write_bytes(data)
        new.replace(path)
        print_line(str(path))


def _source() -> Path:
    """The skill: in the package or, in a checkout, beside the generated clients."""
    here = Path(__file__).resolve().parents[1]
    for folder in (here / "skills", here.parents[1] / "generated" / "skills"):
        if (folder / PROGRAM / "SKILL.md").is_file():
            return folder / PROGRAM
    raise CommandError("the skill is not part of this installation; install wiro-tools again")


def _differs(path: Path, data: bytes) -> bool:
    try:
        # A pipe would be waited for.
        if not path.is_dir() and not S_ISREG(path.stat().st_mode):
            raise CommandError(f"{path} is no regular file")
        return path.read_bytes() != data
    except FileNotFoundError:
        return False
