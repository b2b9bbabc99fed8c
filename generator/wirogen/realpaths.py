"""Where files really lie, links followed, when there are thousands of them in a few folders."""

from __future__ import annotations

import os
from pathlib import Path


class RealPaths:
    """Looks each folder up only once, so it serves one task: links may change after that."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def of(self, file: Path) -> str:
        """What :func:`os.path.realpath` gives."""
        folder, name = os.path.split(str(file))
        if name in {"", os.curdir, os.pardir}:
            return os.path.realpath(file)
        real = self._folders.get(folder)
        if real is None:
            real = self._folders[folder] = os.path.realpath(folder)
        path = os.path.join(real, name)
        return os.path.realpath(path) if os.path.islink(path) else path
