"""A project of many small tools in two versions, for tests that build it again and again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import fork_server
from corpus import Page
from corpus.page import Field

TEMPLATES = Path(__file__).parents[2] / "templates"
_OVERRIDDEN = {
    "docs/assets/main.js": "\n// ours\n",
    "docs/tools/[owner]/[project].md.jinja": "\nOurs.\n",
}


def page(number: int, version: str = "first") -> Page:
    """A tool whose every file says which version it is of."""
    tool = f"acme/tool-{number}"
    return Page(
        number=number,
        tool=tool,
        path=tool,
        name=tool,
        word="Tool",
        description=f"The {version}",
        cover="No cover",
        categories=("tool",),
        tags=(),
        fields=(
            Field(name="prompt", label="Prompt", help=f"{version} help", type="textarea"),
            Field(
                name="steps", label="Steps", help="", type="number", default="4", shown=len(version)
            ),
        ),
    )


def documents(root: Path, count: int, version: str = "first") -> None:
    """Write the documents of ``count`` tools below a project."""
    folder = root / "specs" / "documents" / "acme"
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"tool-{number}.txt").write_text(page(number, version).text(), "utf-8")


def own_templates(folder: Path) -> Path:
    """Templates that change files of two kinds. With one of Python, black would format all modules,
    which takes longer than the rest of a build."""
    for path, more in _OVERRIDDEN.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((TEMPLATES / path).read_text("utf-8") + more, "utf-8")
    return folder


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "wirogen", *map(str, arguments)]


def wirogen(
    *arguments: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **(env or {})}
    return fork_server.run("wirogen", *arguments, cwd=cwd, env=environment)


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def half_written(folder: Path) -> list[str]:
    """What a command has begun to write below a folder and not moved into its place."""
    return [path.relative_to(folder).as_posix() for path in folder.rglob(".wirogen-*")]
