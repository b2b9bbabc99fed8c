"""Names from the network, made safe for every disk."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LONGEST: Final = 180
"""Bytes, so that a number and ``.part`` still fit into the 255 that file systems allow."""

_RESERVED: Final = re.compile(
    r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\.|$)", re.IGNORECASE
)
"""Devices of Windows, whatever extension follows; blanks before it do not count."""


_READ: Final = 2048
"""Characters at each end of a longer name that count: normalizing sorts marks in quadratic time."""


def safe_name(name: str, fallback: str = "output") -> str:
    """``name`` as one path component: no folder, no control, direction or reserved characters, no
    leading dot, no device name of Windows, at most 181 bytes with its extension kept."""
    name = re.split(r"[/\\]", name)[-1]
    if len(name) > 2 * _READ:
        name = name[:_READ] + name[-_READ:]
    name = unicodedata.normalize("NFC", name)
    name = "".join(
        "_" if ch in '<>:"|?*' else ch
        for ch in name
        if unicodedata.category(ch) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )
    name = name.strip(" .")
    if not name:
        return fallback
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension.encode()) > 16:
        stem, dot, extension = name, "", ""
    room = _LONGEST - len(f"{dot}{extension}".encode())
    stem = stem.encode()[:room].decode(errors="ignore").rstrip(" .")
    name = f"{stem}{dot}{extension}"
    # Last, because a cut or stripped name may have become one of them.
    return f"_{name}" if _RESERVED.match(name) else name


def numbered(name: str, number: int) -> str:
    """``name`` itself for 1, ``stem (2).ext`` and so on after that."""
    if number == 1:
        return name
    stem, dot, extension = name.rpartition(".")
    return f"{stem} ({number}){dot}{extension}" if stem else f"{name} ({number})"
