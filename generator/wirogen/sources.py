"""Documents and specs on disk: found, read and checked against each other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from wirogen.contract import kept_findings
from wirogen.detail import Detail, merge_detail, read_detail, spec_from_detail
from wirogen.diagnostics import Diagnostic, InputError
from wirogen.document import parse_document
from wirogen.snapshot import accumulate, is_full
from wirogen.spec import ToolSpec, load_spec
from wirogen.spec.names import tool_paths
from wirogen.store import Store, key_of
from wirogen.workers import each

_TOOL_LINE: Final = re.compile(rb'^tool: ("[^\n]*")\s*$', re.MULTILINE)
_NO_STORE: Final = Store(None)
_Parsed: TypeAlias = "tuple[ToolSpec, tuple[Diagnostic, ...]]"
_NOTHING: Final[Mapping[str, ToolSpec]] = MappingProxyType({})


@dataclass(slots=True)
class Sources:
    """What could be read: specs by tool id, what is odd, and what could not be read at all.

    ``origin`` names the file that each tool came from, for messages; ``files`` are the spec files
    of tools that have one, ``loaded`` what those held. ``broken`` are spec files that could not be
    read, which must not be written over.
    """

    specs: dict[str, ToolSpec] = field(default_factory=dict[str, ToolSpec])
    origin: dict[str, str] = field(default_factory=dict[str, str])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    errors: list[Diagnostic] = field(default_factory=list[Diagnostic])
    files: dict[str, Path] = field(default_factory=dict[str, Path])
    broken: set[Path] = field(default_factory=set[Path])
    loaded: Mapping[str, ToolSpec] = field(default_factory=dict[str, ToolSpec])

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

    def spec_files(self) -> dict[str, ToolSpec]:
        """The specs by the path, below ``specs/tools/`` and with its suffix, that each one has."""
        paths = tool_paths(self.specs)
        return {f"{paths[tool]}.yaml": spec for tool, spec in sorted(self.specs.items())}


def read_documents(
    files: Sequence[Path],
    *,
    base: Path | None,
    into: Sources,
    known: Mapping[str, ToolSpec] = _NOTHING,
    full: bool = False,
    store: Store = _NO_STORE,
    jobs: int | None = None,
) -> None:
    """Read documents (``.txt``) and answers of Tool/Detail (``.json``), which add to each other.

    ``base`` is the folder that their ``source.document`` is relative to (without one, the folder
    ``specs/documents`` that they lie in, if any), ``known`` what earlier documents have told about
    the same tools. ``full`` says that all of them list all models.
    """
    details = Details(base)
    for file in files:
        if file.suffix == ".json":
            details.read(file, into)
    texts = [file for file in files if file.suffix != ".json"]
    names = [(display_path(file), _relative(file, base)) for file in texts]
    arguments = [(file, *name) for file, name in zip(texts, names, strict=True)]
    for (shown, document), read in zip(
        names, each(_parse, arguments, store=store, jobs=jobs), strict=True
    ):
        if isinstance(read, Diagnostic):
            into.errors.append(read)
            continue
        parsed, diagnostics = read
        into.diagnostics += diagnostics
        spec = details.add_to(parsed, into)
        before = known.get(spec.tool)
        if before is not None:
            whole = full or is_full(parsed, document)
            merged = accumulate(before, spec, full=whole)
            spec = before if merged == before else merged
            into.diagnostics += [
                Diagnostic(code=each.code, message=each.message, path=shown, subject=each.subject)
                for each in kept_findings(spec)
            ]
        into.add(spec, shown)
    details.left_over(known, into)


class Details:
    """Answers of Tool/Detail by every id that may mean their tool, until a document claims them."""

    def __init__(self, base: Path | None) -> None:
        self._base = base
        self._by_tool: dict[str, tuple[Detail, Path]] = {}

    def read(self, file: Path, into: Sources) -> None:
        shown = display_path(file)
        try:
            detail = read_detail(read_bytes(file), path=shown)
        except InputError as error:
            into.errors.append(error.diagnostic)
            return
        for tool in detail.tools:
            if tool in self._by_tool:
                other = display_path(self._by_tool[tool][1])
                message = f"{tool} is also in {other}; remove one of them"
                into.errors.append(Diagnostic(code="T105", message=message, path=shown))
                return
        self._by_tool |= dict.fromkeys(detail.tools, (detail, file))

    def add_to(self, spec: ToolSpec, into: Sources) -> ToolSpec:
        found = self._by_tool.get(spec.tool)
        if found is None:
            return spec
        detail, file = found
        for tool in detail.tools:
            del self._by_tool[tool]
        merged, diagnostics = merge_detail(
            spec, detail, document=_relative(file, self._base), path=display_path(file)
        )
        into.diagnostics += diagnostics
        return merged

    def left_over(self, known: Mapping[str, ToolSpec], into: Sources) -> None:
        """Tools of which there is no document among the files: what is known of them is filled
        in, and of the others a spec is made."""
        for tool, (detail, file) in list(self._by_tool.items()):
            names = [each for each in detail.tools if each in known and each not in into.specs]
            if tool != (names or detail.tools)[0]:
                continue
            before = known.get(tool)
            document = _relative(file, self._base)
            if before is not None and before.source and before.source.document != document:
                into.add(self.add_to(before, into), display_path(file))
                continue
            into.diagnostics += detail.diagnostics
            spec = spec_from_detail(detail, document=document)
            into.add(accumulate(before, spec) if before else spec, display_path(file))


def _parse(file: Path, shown: str, document: str, store: Store) -> _Parsed | Diagnostic:
    """One document: its spec and what is odd about it, or why it cannot be used."""

    def parse() -> _Parsed:
        parsed = parse_document(data, path=shown, document=document)
        return parsed.spec, parsed.diagnostics

    try:
        data = read_bytes(file)
        return store.memo("document", key_of("document", shown, document, data), parse)
    except InputError as error:
        return error.diagnostic


def _load(file: Path, shown: str, store: Store) -> ToolSpec | Diagnostic:
    try:
        data = read_bytes(file)
        key = key_of("spec", shown, data)
        return store.memo("spec", key, lambda: load_spec(decode(data, shown), path=shown))
    except InputError as error:
        return error.diagnostic


def read_specs(
    files: Iterable[Path],
    *,
    into: Sources,
    store: Store = _NO_STORE,
    jobs: int | None = None,
) -> None:
    """Load specs; a tool that a document has already given is passed over."""
    from_documents = set(into.specs)
    arguments = [(file, display_path(file)) for file in files]
    for (file, shown), spec in zip(
        arguments, each(_load, arguments, store=store, jobs=jobs), strict=True
    ):
        if isinstance(spec, Diagnostic):
            into.errors.append(spec)
            into.broken.add(file.resolve())
        elif spec.tool not in from_documents:
            into.add(spec, shown)
            into.files.setdefault(spec.tool, file)


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
    return sorted(
        (path for path in folder.rglob("*") if path.suffix in suffixes and path.is_file()),
        key=lambda path: path.relative_to(folder).as_posix(),
    )


def read_bytes(file: Path) -> bytes:
    """The bytes of a file; what the operating system refuses is one line."""
    try:
        return file.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise InputError(Diagnostic(code="S004", message=reason, path=display_path(file))) from None


def decode(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8"
        raise InputError(Diagnostic(code="S001", message=message, path=path)) from None


def display_path(file: Path) -> str:
    """The path as the user would type it: relative to where they are, when it is below."""
    try:
        return file.resolve().relative_to(Path.cwd()).as_posix()
    except ValueError:
        return str(file)


def _relative(file: Path, base: Path | None) -> str:
    path = file.resolve()
    if base is None:
        folders = (each for each in path.parents if each.parts[-2:] == ("specs", "documents"))
        base = next(folders, path.parent)
    try:
        return path.relative_to(base.resolve()).as_posix()
    except ValueError:
        return file.name
