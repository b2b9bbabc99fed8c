"""The state of a generated tree on disk, against its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from wirogen.output.manifest import hash_of, read_manifest


class OutputState:
    """The files below ``out``.

    ``manifest`` is the hash of the manifest (empty when there is none), ``known`` are the hashes
    that it lists, by path. Raises :class:`InputError` for a manifest that cannot be used.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.manifest, self.known = read_manifest(out)

    def holds(self, files: Mapping[str, str]) -> bool:
        """Whether every file (path → hash) is there with exactly these bytes."""
        return all(hash_of(f"{self.out}/{path}") == digest for path, digest in files.items())

    @property
    def is_whole(self) -> bool:
        """Whether every file is what the manifest says."""
        return self.holds(self.known)
