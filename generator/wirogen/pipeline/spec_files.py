"""Specs on disk: found, read and checked against each other."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from wirogen.common.cache import Store, key_of, names_below
from wirogen.common.files import hash_of_file, read_whole, sha256
from wirogen.common.workers import each
from wirogen.diagnostics.model import Diagnostic, InputError, Position, display_path
from wirogen.held import Held, Specs, hold, recall
from wirogen.specs import load_spec
from wirogen.specs.names import tool_paths

_TOOL_LINE: Final = re.compile(rb'^tool: ("[^\n]*")\s*$', re.MULTILINE)
_NO_STORE: Final = Store(None)


@dataclass(slots=True)
class Sources:
    """What could be read: specs by tool id, what is odd, and what could not be read at all.

    ``origin`` names the file that each tool came from, for messages; ``files`` are the spec files
    of tools that have one, ``loaded`` what those held. ``broken`` are the real paths of
    spec files that could not be read, or are about a tool that another file is about; they must
    not be written over.
    """

    held: dict[str, Held] = field(default_factory=dict[str, Held])
    origin: dict[str, str] = field(default_factory=dict[str, str])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    errors: list[Diagnostic] = field(default_factory=list[Diagnostic])
    files: dict[str, Path] = field(default_factory=dict[str, Path])
    broken: set[str] = field(default_factory=set[str])
    loaded: Mapping[str, Held] = field(default_factory=dict[str, Held])

    @property
    def specs(self) -> Specs:
        """The specs themselves, each loaded whenever it is asked for."""
        return Specs(self.held)

    def add(self, held: Held, origin: str) -> None:
        if held.tool in self.held:
            self.errors.append(
                Diagnostic(
                    code="S002",
                    message=f"{held.tool} is also in {self.origin[held.tool]}; remove one of them",
                    path=origin,
                )
            )
            return
        self.held[held.tool] = held
        self.origin[held.tool] = origin

    def spec_files(self) -> dict[str, Held]:
        """The specs by the path, below ``specs/tools/`` and with its suffix, that each one has."""
        paths = tool_paths(self.held)
        return {f"{paths[tool]}.yaml": held for tool, held in sorted(self.held.items())}


def _loaded(file: Path, shown: str, store: Store) -> Held | None:
    try:
        key = key_of("spec", hash_of_file(file))
    except OSError:
        return None
    found = recall(store, "spec", key, partial(_load_again, file, shown))
    return found and found[0]


def _load_again(file: Path, shown: str) -> Held:
    return hold(load_spec(decode(read_bytes(file), shown), path=shown))


def _load(file: Path, shown: str, store: Store) -> Held | Diagnostic:
    try:
        data = read_bytes(file)
        held = hold(load_spec(decode(data, shown), path=shown), store)
    except InputError as error:
        return error.diagnostic
    held.note("spec", key_of("spec", sha256(data)))
    return held


def note_spec(held: Held, text: str) -> None:
    """Remember what the file with ``text`` holds, which is about to be written."""
    held.note("spec", key_of("spec", sha256(text.encode())))


def read_specs(
    files: Iterable[Path],
    *,
    into: Sources,
    store: Store = _NO_STORE,
    jobs: int | None = None,
) -> None:
    """Load specs; a tool that a document has already given is passed over."""
    from_documents = set(into.held)
    arguments = [(file, display_path(file)) for file in files]
    for (file, shown), held in zip(
        arguments, each(_load, arguments, known=_loaded, store=store, jobs=jobs), strict=True
    ):
        if isinstance(held, Diagnostic):
            into.errors.append(held)
            into.broken.add(os.path.realpath(file))
        elif held.tool not in from_documents:
            into.add(held, shown)
            if into.files.setdefault(held.tool, file) != file:
                into.broken.add(os.path.realpath(file))


def spec_index(folder: Path) -> dict[str, Path]:
    """The file of each tool whose spec lies below ``folder``, found without reading them whole.
    Files that are no spec are left out."""
    index: dict[str, Path] = {}
    for file in files_below(folder, ".yaml"):
        with file.open("rb") as opened:
            found = _TOOL_LINE.search(opened.read(2048))
        if found is not None:
            with suppress(ValueError):
                index.setdefault(json.loads(found[1]), file)
    return index


class SpecFolder(Mapping[str, Held]):
    """The specs below a folder by tool id, read when they are asked for. One that cannot be read
    counts as unknown, and is an error in ``into``."""

    def __init__(self, folder: Path, into: Sources) -> None:
        self._index = spec_index(folder)
        self._into = into
        self._read: dict[str, Held] = {}

    def __getitem__(self, tool: str) -> Held:
        if tool not in self._read:
            file = self._index[tool]
            one = Sources()
            read_specs([file], into=one)
            self._into.errors += one.errors
            self._into.broken |= one.broken
            del self._index[tool]
            self._into.files[tool] = file
            self._read |= one.held
        return self._read[tool]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._index, **self._read})

    def __len__(self) -> int:
        return len({**self._index, **self._read})


def files_below(folder: Path, *suffixes: str) -> list[Path]:
    """Every file with one of the suffixes, in an order that no file system decides."""
    return [
        path
        for name in names_below(folder)
        if name.endswith(suffixes) and (path := folder / name).is_file() and path.suffix in suffixes
    ]


def read_bytes(file: Path) -> bytes:
    """The bytes of a file; what the operating system refuses is one line."""
    try:
        return read_whole(file)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise InputError(Diagnostic(code="S004", message=reason, path=display_path(file))) from None


def decode(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        place = Position(line=line, column=column, offset=error.start)
        raise InputError(
            Diagnostic(code="S001", message="is not UTF-8", path=path, position=place)
        ) from None
