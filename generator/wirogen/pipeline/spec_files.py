"""Specs on disk: found, read, checked against each other, written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from wirogen.common.cache import default_cache, key_of
from wirogen.common.files import (
    folder_problem,
    hash_of_file,
    names_below,
    read_whole,
    sha256,
    write_file,
)
from wirogen.common.paths import UnsafePathError, inside
from wirogen.diagnostics.model import Diagnostic, InputError, Position, display_path, input_error
from wirogen.document import Mismatch
from wirogen.overlay.read import Overlay
from wirogen.pipeline.history import with_history
from wirogen.pipeline.workers import Workers
from wirogen.specs import ToolSpec, dump_spec, load_spec
from wirogen.specs.names import tool_paths

T = TypeVar("T")

YAML: Final = (".yaml", ".yml")
"""Endings of specs and overlays; those that are written have the first."""

_BLOCK: Final = 128
"""Files whose results from the cache are in memory at a time: callers keep less of most."""
_SPEC: Final = "spec"


@dataclass(slots=True)
class Sources:
    """What could be read: specs by tool id, what is odd, and what could not be read at all.

    ``origin`` names the file that each tool came from, for messages; ``files`` are the spec files
    of tools that have one, ``loaded`` what those contained. ``broken`` are the real paths of
    spec files that could not be read, or are about a tool that another file is about; they must
    not be written over. ``digests`` are the hashes of the texts that ``loaded`` specs have in
    canonical form. ``tools`` are the tools that files are about, by the path in messages;
    ``verified`` are, by that path, the characters of a document and what its spec has lost of them.
    ``overlays`` are by tool id.
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
    overlays: dict[str, Overlay] = field(default_factory=dict[str, Overlay])
    verified: dict[str, tuple[int, Mismatch | None]] = field(
        default_factory=dict[str, tuple[int, Mismatch | None]]
    )

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


def _load(data: bytes, file: Path) -> _Loaded:
    shown = display_path(file)
    spec = load_spec(decode(data, shown), path=shown)
    return _Loaded(spec, digest_of(spec))


def digest_of(spec: ToolSpec) -> str:
    """The hash of the text that a spec has when it is written."""
    return sha256(dump_spec(spec).encode())


def remember_spec(spec: ToolSpec, digest: str, data: bytes) -> None:
    """Keep ``spec`` as the result of reading a file that holds ``data``."""
    default_cache().put(_SPEC, key_of(_SPEC, sha256(data)), _Loaded(spec, digest))


def read_specs(
    files: Iterable[Path],
    *,
    into: Sources,
    workers: Workers | None = None,
) -> None:
    """Load specs; a tool that a document has already given is passed over."""
    from_documents = set(into.specs)
    every = list(files)
    results = read_each(_SPEC, _load, every, workers=workers)
    for file, loaded in zip(every, results, strict=True):
        if isinstance(loaded, Diagnostic):
            into.errors.append(loaded)
            into.broken.add(os.path.realpath(file))
        elif loaded.spec.tool not in from_documents:
            tool = loaded.spec.tool
            into.add(loaded.spec, display_path(file))
            into.digests.setdefault(tool, loaded.digest)
            if into.files.setdefault(tool, file) != file:
                into.broken.add(os.path.realpath(file))


def files_below(folder: Path, *suffixes: str) -> list[Path]:
    """Every file with one of the suffixes, in an order that no file system decides. A pipe, or a
    link to nothing, is among them for its reader to report; Emacs locks a file by such a link.
    Raises :class:`InputError` when ``folder`` is a file."""
    if problem := folder_problem(folder):
        raise input_error("S004", problem, display_path(folder))
    return [
        path
        for name in names_below(folder, follow_links=True)
        if name.endswith(suffixes)
        and (path := folder / name).suffix in suffixes
        and not (path.name.startswith(".#") and path.is_symlink())
    ]


def read_bytes(file: Path) -> bytes:
    """The bytes of a file; what the operating system refuses is one line."""
    try:
        return read_whole(file)
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise input_error("S004", reason, display_path(file)) from None


def read_each(
    kind: str | None,
    function: Callable[..., T],
    files: Sequence[Path],
    *names: Sequence[str],
    workers: Workers | None = None,
) -> Iterator[T | Diagnostic]:
    """Return ``function(data, file, *names)`` for the bytes of each file, or why that cannot be, in
    order, by ``workers`` (default: some of its own). ``names`` are texts for each file on which the
    result depends, too. A result that the cache has of this ``kind`` is taken from there."""
    if workers is None:
        with Workers() as own:
            yield from read_each(kind, function, files, *names, workers=own)
        return
    items = list(zip(files, *names, strict=True))
    workers.start(len(items))
    for start in range(0, len(items), _BLOCK):
        block = items[start : start + _BLOCK]
        found: list[T | None] = [_known(kind, *item) for item in block]
        todo = [item for item, result in zip(block, found, strict=True) if result is None]
        made = workers.map(partial(_make, kind, function), todo)
        for result in found:
            yield next(made) if result is None else result


def _known(kind: str | None, file: Path, *names: str) -> Any:
    if kind is None or not file.is_file():  # a pipe can be read only once
        return None
    try:
        return default_cache().get(kind, key_of(kind, *names, hash_of_file(file)))
    except OSError:
        return None


def _make(kind: str | None, function: Callable[..., T], item: tuple[Any, ...]) -> T | Diagnostic:
    file, *names = item
    try:
        data = read_bytes(file)
        result = function(data, file, *names)
    except InputError as error:
        return error.diagnostic
    if kind is not None:
        default_cache().put(kind, key_of(kind, *names, sha256(data)), result)
    return result


def decode(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise input_error("S001", "is not UTF-8", path, Position(line, column)) from None


_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class WrittenSpecs(NamedTuple):
    """The paths that were (or in a check would be) written below the folder, and those of them
    that a person had edited."""

    stale: tuple[str, ...]
    edited: tuple[str, ...]


def write_specs(
    sources: Sources,
    out: Path,
    *,
    check: bool = False,
    built: Mapping[str, str] = _NOTHING,
) -> WrittenSpecs:
    """Write each spec that differs from its file.

    A spec whose file has another name than it should (because a tool with a similar id has come)
    moves to the right one. ``built`` are the hashes of the specs that the last build worked from.
    A spec without a source is a person's, down to its comments: it may move, and stays as it was
    written.
    """
    stale: list[str] = []
    edited: list[str] = []
    occupied = {os.path.realpath(file): tool for tool, file in sources.files.items()}
    files = sources.spec_files()
    targets = {path: os.path.realpath(out / path) for path in files}
    for path, spec in _vacated_first(files, targets, occupied):
        file, target = out / path, targets[path]
        own = sources.files.get(spec.tool, file)
        before = sources.loaded.get(spec.tool)
        if spec is not before:
            sources.digests[spec.tool] = digest_of(spec)
        if target in sources.broken or occupied.get(target, spec.tool) != spec.tool:
            continue
        moved = own is not file and os.path.realpath(own) != target
        data = read_bytes(own) if own.is_file() else None
        by_hand = data is not None and spec.source is None
        same = data is not None and sha256(data) == sources.digests[spec.tool]
        if not moved and (by_hand or same):
            continue
        stale.append(path)
        if data is not None and before is not None and not by_hand:
            untouched = sha256(data) == built.get(spec.tool)
            edited += [path] if _same_documents(before, spec) and not untouched else []
        if moved:
            del occupied[os.path.realpath(own)]
        if check:
            continue
        if path not in edited and not by_hand:
            spec = with_history(before, spec, alone=not sources.loaded)  # noqa: PLW2901 - the same
            sources.specs[spec.tool] = spec
        text = decode(data, str(own)) if by_hand and data is not None else dump_spec(spec)
        if not by_hand:
            sources.digests[spec.tool] = sha256(text.encode())
        try:
            inside(out, path)
        except UnsafePathError as error:
            raise input_error("S004", str(error), display_path(file)) from None
        if moved:
            # One step, so that no tool ever has two files.
            file.parent.mkdir(parents=True, exist_ok=True)
            own.replace(file)
        write_file(file, text)
        remember_spec(spec, sources.digests[spec.tool], text.encode())
    return WrittenSpecs(tuple(stale), tuple(edited))


def _vacated_first(
    specs: Mapping[str, ToolSpec], targets: Mapping[str, str], occupied: Mapping[str, str]
) -> Iterator[tuple[str, ToolSpec]]:
    """The specs by path, each after the one that leaves its file. Those that lie in each other's
    files come last."""
    waiting = dict(specs)
    while waiting:
        tools = {spec.tool for spec in waiting.values()}
        blocked = {
            path: spec
            for path, spec in waiting.items()
            if (owner := occupied.get(targets[path], spec.tool)) != spec.tool and owner in tools
        }
        if len(blocked) == len(waiting):
            yield from blocked.items()
            return
        yield from ((path, spec) for path, spec in waiting.items() if path not in blocked)
        waiting = blocked


def _same_documents(one: ToolSpec, other: ToolSpec) -> bool:
    """Whether both come from the same bytes, so that what differs did not come from there."""
    first, second = (
        spec.source and (spec.source.sha256, spec.source.detail_sha256) for spec in (one, other)
    )
    return first is not None and first == second
