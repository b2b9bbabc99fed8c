"""Paths that come out of a file or a response: checked before anything is read or written there.

A document, a spec, a manifest and a state file may name files. Such a path is relative to a folder
and stays inside of it, on every operating system, whatever its text is and whatever links there
are. Every module that joins a folder with such a text uses :func:`inside`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from wirogen.common.text import DEVICES

MAX_PART: Final = 255
"""Bytes of one name, the limit of most file systems."""
MAX_PATH: Final = 1_024
"""Bytes of a path below its folder."""

# Controls and lone surrogates; the backslash separates names on Windows, and a colon follows a
# drive letter or begins an alternate stream there.
_FORBIDDEN: Final = re.compile("[\x00-\x1f\x7f\\\\:\ud800-\udfff]")
_NO_NAME: Final = re.compile(r"(?:^|/)[. ]*(?:/|$)")
# Windows drops dots and blanks at the end, and takes `nul.txt` for the device `nul`.
_NOT_EVERYWHERE: Final = re.compile(
    rf"[. ](?:/|$)|(?:^|/)(?:{'|'.join(sorted(DEVICES))}) *(?:[./]|$)", re.IGNORECASE
)


class UnsafePathError(ValueError):
    """A path that may lead outside of its folder; the text is the end of a sentence about it."""


def real(path: Path) -> Path:
    """``path`` with its links followed. A link that leads back to itself stays as it is, where
    ``Path.resolve`` raises another exception in each version of Python."""
    return Path(os.path.realpath(path))


def path_problem(path: object) -> str | None:
    """Return why ``path`` is no path below a folder, as the end of a sentence, or ``None``."""
    if not isinstance(path, str) or not path:
        return "is not a path"
    if _FORBIDDEN.search(path):
        return "has a character that no path below a folder has"
    if len(path) > MAX_PART // 4 and _is_long(path):
        return "is too long"
    if _NO_NAME.search(path):
        return "leads outside of its folder"
    return "is not a file name on every system" if _NOT_EVERYWHERE.search(path) else None


def inside(folder: Path, path: object) -> Path:
    """Return ``folder / path``. Raises :class:`UnsafePathError` unless it lies below ``folder``.

    Links are followed for the check: one that leads to another place below ``folder`` is good.
    """
    problem = path_problem(path)
    if problem is not None:
        raise UnsafePathError(problem)
    joined = folder / str(path)
    above = os.path.realpath(folder).rstrip(os.sep) + os.sep
    if not os.path.realpath(joined).startswith(above):
        raise UnsafePathError("leads outside of its folder through a link")
    return joined


def _is_long(path: str) -> bool:
    data = path.encode()
    return len(data) > MAX_PATH or any(len(part) > MAX_PART for part in data.split(b"/"))
