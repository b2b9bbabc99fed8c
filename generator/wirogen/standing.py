"""What stands in the folder of a generated tree, found out while a build reads its sources."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from wirogen.aside import Aside
from wirogen.output.manifest import MANIFEST, hash_of, manifest_hash, read_manifest

_WORTH_A_PROCESS: Final = 50_000
"""Bytes of a manifest: that of some hundred files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The files in ``out`` at one time. ``known`` are the hashes in its manifest, whose own is
    ``manifest``; ``others`` those files that differ from it or are gone (``None``: not compared).
    """

    out: Path
    manifest: str
    known: Mapping[str, str]
    others: frozenset[str] | None

    def holds(self, files: Mapping[str, str]) -> bool:
        """Whether each of the files (path → hash) is there with just these bytes."""
        return all(
            path not in self.others
            if self.others is not None and self.known.get(path) == digest
            else hash_of(f"{self.out}/{path}") == digest
            for path, digest in files.items()
        )

    @property
    def is_whole(self) -> bool:
        """Whether every file is what the manifest says."""
        return self.holds(self.known)


class Standing:
    """The files in ``out``, of which another process may already be taking a look."""

    def __init__(self, out: Path, taken: Aside[Look] | None = None) -> None:
        self._out = out
        self._taken = taken

    def look(self) -> Look:
        """What is there, or was when the look began if no build has been at work there since. A
        file that a person edits in between is noticed by the next build. Raises
        :class:`InputError` for a manifest that nobody can work with."""
        if self._taken is not None:
            found = self._taken.result
            # Somebody may have been at work there in between.
            if found.manifest == manifest_hash(self._out):
                return found
        return _glance(self._out)


@contextmanager
def looking(out: Path) -> Generator[Standing]:
    """Look at ``out`` from now on, in a process of its own if there is much to see."""
    size = 0
    with suppress(OSError):
        size = (out / MANIFEST).stat().st_size
    if size < _WORTH_A_PROCESS:
        yield Standing(out)
        return
    with Aside(partial(_compare, out)) as taken:
        yield Standing(out, taken if taken.elsewhere else None)


def _glance(out: Path) -> Look:
    manifest, known = read_manifest(out)
    return Look(out=out, manifest=manifest, known=known, others=None)


def _compare(out: Path) -> Look:
    first = _glance(out)
    others = {path for path, digest in first.known.items() if hash_of(f"{out}/{path}") != digest}
    return Look(out=out, manifest=first.manifest, known=first.known, others=frozenset(others))
