"""Where templates are found, for whoever renders them or only asks whether they changed."""

from __future__ import annotations

from pathlib import Path

import wirogen


def template_folders(overrides: Path | None = None) -> list[Path]:
    """Where templates are looked for, first to last: the caller's, the wheel's, the checkout's."""
    package = Path(wirogen.__file__).parent
    folders = [package / "templates", package.parent.parent / "templates"]
    found = [folder for folder in folders if folder.is_dir()]
    return ([overrides] if overrides else []) + found[:1]
