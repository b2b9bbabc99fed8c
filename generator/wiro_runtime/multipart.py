"""Bodies with files."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from wiro_runtime.files import is_local_file

if TYPE_CHECKING:
    from wiro_runtime.inputs import Json


def describe(value: Any) -> Json:
    """A value of a body as JSON, files as ``"<file NAME>"``."""
    if isinstance(value, list):
        return [describe(item) for item in cast("list[Any]", value)]
    return f"<file {file_name(value)}>" if is_local_file(value) else value


def file_name(value: Any) -> str:
    """The name under which a file is sent: its own, never its folder."""
    if isinstance(value, PathLike):
        return Path(cast("PathLike[str]", value)).name or "file"
    name = getattr(value, "name", None)
    return Path(name).name if isinstance(name, str) and name else "file"
