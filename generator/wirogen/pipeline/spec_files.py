"""Specs on disk: found, read and checked against each other."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from wirogen.common.cache import NO_CACHE, Cache, key_of
from wirogen.common.files import hash_of_file, names_below, read_whole, sha256
from wirogen.diagnostics.model import Diagnostic, InputError, Position, display_path
from wirogen.pipeline.workers import each
from wirogen.specs import ToolSpec, dump_spec, load_spec
from wirogen.specs.names import tool_paths

_TOOL_LINE: Final = re.compile(rb'^tool: ("[^\n]*")\s*$', re.MULTILINE)


@dataclass(slots=True)
class Sources:
    """What could be read: specs by tool id, what is odd, and what could not be read at all.

    ``origin`` names the file that each tool came from, for messages; ``files`` are the spec files
    of tools that have one, ``loaded`` what those contained. ``broken`` are the real paths of
    spec files that could not be read, or are about a tool that another file is about; they must
    not be written over. ``digests`` are the hashes of the texts that ``loaded`` specs have in
    canonical form. ``tools`` are the tools that files are about, by the path in messages.
    """

    specs: dict[str, ToolSpec] = field(default_factory=dict[str, ToolSpec])
    origin: dict[str, str] = field(default_factory=dict[str, str])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    errors: list[Diagnostic] = field(default_factory=list[Diagnostic])
    files: dict[str, Path] = field(default_factory=dict[str, Path])
    broken: set[str] = field(default_factory=set[str])
    loaded: Mapping[str, ToolSpec] = field(default_factory=dict[str, ToolSpec])
    digests: dict[str, str] = field(default_factory=dict[str, str])
    tools: dict[str, str] = field(default_factory=dict[str, str])

    def add(self, spec: ToolSpec, origin: str) -> None:
        if spec.tool in self.specs:
            self.errors.append(
                Diagnostic(
                    code="S002",
                    message=f"{spec.tool} is also in {self.origin[spec.tool]}; remove one of them",
                    path=origin,
                )
            )
            return
        self.specs[spec.tool] = spec
        self.origin[spec.tool] = origin
        self.tools[origin] = spec.tool

    def spec_files(self) -> dict[str, ToolSpec]:
        """The specs by the path, below ``specs/tools/`` and with its suffix, that each one has."""
        paths = tool_paths(self.specs)
        return {f"{paths[tool]}.yaml": spec for tool, spec in sorted(self.specs.items())}


class _Loaded(NamedTuple):
    """A spec, and the hash of its text in canonical form, which takes long to write."""

    spec: ToolSpec
    digest: str


def _loaded(file: Path, shown: str, cache: Cache) -> _Loaded | None:  # noqa: ARG001 - as _load
    """The result of an earlier :func:`_load`, if the cache has it."""
    try:
        return cache.get("spec", key_of("spec", hash_of_file(file)))
    except OSError:
        return None


def _load(file: Path, shown: str, cache: Cache) -> _Loaded | Diagnostic:
    try:
        data = read_bytes(file)
        spec = load_spec(decode(data, shown), path=shown)
    except InputError as error:
        return error.diagnostic
    digest = digest_of(spec)
    remember_spec(spec, digest, data, cache)
    return _Loaded(spec, digest)


def digest_of(spec: ToolSpec) -> str:
    """The hash of the text that a spec has when it is written."""
    return sha256(dump_spec(spec).encode())


def remember_spec(spec: ToolSpec, digest: str, data: bytes, cache: Cache) -> None:
    """Keep ``spec`` as the result of reading a file that holds ``data``."""
    cache.put("spec", key_of("spec", sha256(data)), _Loaded(spec, digest))


def read_specs(
    files: Iterable[Path],
    *,
    into: Sources,
    cache: Cache = NO_CACHE,
    jobs: int | None = None,
) -> None:
    """Load specs; a tool that a document has already given is passed over."""
    from_documents = set(into.specs)
    arguments = [(file, display_path(file)) for file in files]
    for (file, shown), loaded in zip(
        arguments, each(_load, arguments, known=_loaded, cache=cache, jobs=jobs), strict=True
    ):
        if isinstance(loaded, Diagnostic):
            into.errors.append(loaded)
            into.broken.add(os.path.realpath(file))
        elif loaded.spec.tool not in from_documents:
            tool = loaded.spec.tool
            into.add(loaded.spec, shown)
            into.digests.setdefault(tool, loaded.digest)
            if into.files.setdefault(tool, file) != file:
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


class SpecFolder(Mapping[str, ToolSpec]):
    """The specs below a folder by tool id, read when they are asked for. One that cannot be read
    counts as unknown, and is an error in ``into``."""

    def __init__(self, folder: Path, into: Sources) -> None:
        self._index = spec_index(folder)
        self._into = into
        self._read: dict[str, ToolSpec] = {}

    def __getitem__(self, tool: str) -> ToolSpec:
        if tool not in self._read:
            file = self._index[tool]
            one = Sources()
            read_specs([file], into=one)
            self._into.errors += one.errors
            self._into.broken |= one.broken
            del self._index[tool]
            self._into.files[tool] = file
            self._read |= one.specs
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
