"""Files that were dropped onto a form: kept in a folder of the studio, sent on by a run only."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wiro_runtime.http.loop import run_in_thread
from wiro_runtime.results.filenames import safe_name

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Collection

LIMIT: Final = 100 * 1024 * 1024
"""Bytes of one file, as Wiro takes them."""
TOTAL: Final = 4 * 1024 * 1024 * 1024
"""Bytes of all files together."""
_DAY: Final = 86_400.0
_ID: Final = re.compile(r"[0-9a-f]{24}")


class TooLarge(Exception):  # noqa: N818 - says what happened
    """The file, or all of them together, would be larger than what is kept."""


class Uploads:
    """The files in ``folder``, each in a folder of its own."""

    def __init__(self, folder: Path, limit: int = LIMIT, total: int = TOTAL) -> None:
        self._folder = folder
        self._limit = limit
        self._total = total

    async def save(self, name: str, chunks: AsyncIterable[bytes]) -> Path:
        """Keep a file and return its path. Raises :class:`TooLarge`; nothing is kept then."""
        room = min(self._limit, self._total - await run_in_thread(self._size))
        folder = self._folder / secrets.token_hex(12)
        path = folder / safe_name(name, "file")
        await run_in_thread(lambda: folder.mkdir(parents=True))
        whole = False
        try:
            with path.open("xb") as file:
                async for chunk in chunks:
                    room -= len(chunk)
                    if room < 0:
                        raise TooLarge
                    file.write(chunk)
            whole = True
        finally:
            if not whole:
                shutil.rmtree(folder, ignore_errors=True)
        return path

    def find(self, path: str) -> Path | None:
        """The file with this path, when it is one of these."""
        try:
            given = Path(path)
            folder = given.parent
            known = folder.parent == self._folder and _ID.fullmatch(folder.name)
            good = known and given.is_file() and not given.is_symlink()
        except (OSError, ValueError):
            return None
        return given if good else None

    def get(self, upload: str, name: str) -> Path | None:
        """The file ``name`` of one upload."""
        if not _ID.fullmatch(upload) or name != safe_name(name, ""):
            return None
        return self.find(str(self._folder / upload / name))

    def discard(self, paths: Collection[str]) -> None:
        """Delete these files."""
        for path in paths:
            if (found := self.find(path)) is not None:
                shutil.rmtree(found.parent, ignore_errors=True)

    def clean(self, used: Collection[str]) -> None:
        """Delete every file of an earlier day that is not among ``used``: it was dropped onto a
        form that was never sent."""
        folders = {Path(path).parent.name for path in used}
        old = time.time() - _DAY
        for folder in self._folder.glob("*"):
            if _ID.fullmatch(folder.name) and folder.name not in folders:
                with suppress(OSError):
                    if folder.stat().st_mtime < old:
                        shutil.rmtree(folder, ignore_errors=True)

    def _size(self) -> int:
        return sum(each.stat().st_size for each in self._folder.glob("*/*"))
