"""Files of the user as inputs: those in the folder that the user named, and no others."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.inputs.messages import invalid, shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wiro_runtime.catalogue import Entry
    from wiro_runtime.inputs.model import ToolInputs

_ADDRESS: Final = re.compile(r"(?:https?|data):", re.IGNORECASE)
_KINDS: Final = frozenset({"image", "video", "audio", "file"})


def with_files(entry: Entry, inputs: Mapping[str, Any], folder: Path | None) -> dict[str, Any]:
    """``inputs`` with files in the place of their paths, which are relative to ``folder``.

    Raises :class:`InvalidInputs` for a path that leads out of it, also by a symbolic link, and for
    every path without a folder.
    """
    names = {
        name for each in entry.inputs if each.kind in _KINDS for name in (each.name, each.wire_name)
    }
    return {
        name: _files(name, value, folder) if name in names else value
        for name, value in inputs.items()
    }


def digests(inputs: ToolInputs) -> list[str]:
    """The SHA-256 of each file that is to be uploaded, in the order of the inputs."""
    found: list[str] = []
    for value in inputs.wire_values().values():
        for item in cast("list[object]", value) if isinstance(value, list) else [value]:
            if isinstance(item, Path):
                with item.open("rb") as file:
                    found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found


def _files(name: str, value: object, folder: Path | None) -> object:
    if isinstance(value, list):
        return [_files(name, each, folder) for each in cast("list[object]", value)]
    if not isinstance(value, str) or not value.strip() or _ADDRESS.match(value):
        return value
    path = None if folder is None else _inside(folder, value)
    if path is None:
        text = (
            f"{shorten(repr(value))} is no address, and without --out DIR this server takes no file"
            if folder is None
            else f"{shorten(repr(value))} is neither an address nor a file in {folder}"
        )
        raise invalid(name, text)
    return path


def _inside(folder: Path, value: str) -> Path | None:
    """The file in ``folder`` that ``value`` names, if it does."""
    try:
        path = (folder / value).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError):
        return None
