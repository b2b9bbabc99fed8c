"""The manifest of a generated tree: its provenance, and the hash of each file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeAlias, TypeVar, cast

from wirogen.common.files import read_whole, sha256
from wirogen.common.paths import path_problem
from wirogen.diagnostics.model import input_error

T = TypeVar("T")

MANIFEST: Final = "MANIFEST.json"

Entry: TypeAlias = "str | Sequence[str] | Mapping[str, Entry]"
"""What a manifest holds."""


class OutputState:
    """The files below ``out``, against its manifest.

    ``manifest`` is the hash of the manifest (empty when there is none), ``known`` are the hashes
    that it lists, by path. Raises :class:`InputError` for a file that no build wrote.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        data = read_file(out / MANIFEST)
        self.manifest = "" if data is None else sha256(data)
        try:
            files = {} if data is None else cast("dict[str, str]", json.loads(data)["files"])
            self.known = {str(path): str(digest) for path, digest in files.items()}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            self.known = {"..": ""}
        if any(map(path_problem, self.known)):
            message = "is not a manifest that wirogen wrote; restore it, or delete the folder"
            raise input_error("S003", message, out / MANIFEST)

    def holds(self, files: Mapping[str, str]) -> bool:
        """Whether every file (path → hash) is there with exactly these bytes."""
        return all(hash_of(f"{self.out}/{path}") == digest for path, digest in files.items())

    @property
    def is_whole(self) -> bool:
        """Whether every file is what the manifest says."""
        return self.holds(self.known)


def manifest_text(entry: Entry) -> str:
    return json.dumps(entry, indent=2, ensure_ascii=False) + "\n"


def built_specs(out: Path) -> dict[str, str]:
    """The hash of the spec that each tool in ``out`` was made from, as far as that is known."""
    return _of_tools(out, "sha256", str) or {}


def built_modules(out: Path) -> dict[str, str]:
    """The module of each tool in ``out``, as far as that is known."""
    return _of_tools(out, "module", str) or {}


def built_findings(out: Path) -> dict[str, Counter[str]] | None:
    """What each tool in ``out`` was found to have when it was built; ``None`` where that is not
    known."""
    return _of_tools(out, "findings", lambda found: Counter(map(str, found)))


def _of_tools(out: Path, key: str, read: Callable[[Any], T]) -> dict[str, T] | None:
    """What the manifest says of each tool; ``None`` where it does not say it of all."""
    data = read_file(out / MANIFEST)
    try:
        tools = json.loads(data or b"")["tools"]
        return {tool: read(each[key]) for tool, each in tools.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def read_file(path: Path | str) -> bytes | None:
    """The bytes of a file, ``None`` when there is none."""
    try:
        return read_whole(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def hash_of(path: Path | str) -> str | None:
    data = read_file(path)
    return None if data is None else sha256(data)
