"""The first files of a project."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Final

from wirogen.common.files import write_file

FOLDERS: Final = ("specs/documents", "specs/tools", "specs/overlays")
WORKFLOW: Final = ".github/workflows/sync.yml"

_STARTER: Final = Path(__file__).parent / "starter"
_FILES: Final = {"README.md": "README.md", ".gitignore": "gitignore"}


def start_project(root: Path, *, workflow: bool) -> tuple[list[str], list[str]]:
    """Make ``root`` a project. Returns the paths that were made, and those that were there already
    and have been left as they are."""
    made: list[str] = []
    kept: list[str] = []
    for folder in FOLDERS:
        path = root / folder
        (kept if path.is_dir() else made).append(f"{folder}/")
        path.mkdir(parents=True, exist_ok=True)
    files = {**_FILES, WORKFLOW: "sync.yml"} if workflow else _FILES
    for name, source in files.items():
        if (root / name).exists():
            kept.append(name)
            continue
        text = (_STARTER / source).read_text("utf-8")
        write_file(root / name, text.replace("@version@", version("wiro-tools")))
        made.append(name)
    return made, kept
