"""Where templates are found, for whoever renders them or only asks whether they changed."""

from __future__ import annotations

from pathlib import Path

import wirogen
from wirogen.diagnostics.model import Diagnostic, InputError


def template_folders(overrides: Path | None = None) -> list[Path]:
    """Where templates are looked for, first to last: the caller's, the wheel's, the checkout's.

    Raises :class:`InputError` when the caller's is no folder, or when there are no others.
    """
    if overrides is not None and not overrides.is_dir():
        raise InputError(Diagnostic(code="S004", message="not a folder", path=str(overrides)))
    package = Path(wirogen.__file__).parent
    folders = [package / "templates", package.parent.parent / "templates"]
    found = [folder for folder in folders if folder.is_dir()]
    if not found:
        message = "wirogen's own templates are missing; install wiro-tools again"
        raise InputError(Diagnostic(code="S004", message=message, path=str(folders[0])))
    return ([overrides] if overrides else []) + found[:1]
