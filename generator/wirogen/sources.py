"""Documents and specs on disk: found, read and checked against each other."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from wirogen.contract import kept_findings
from wirogen.detail import Detail, merge_detail, read_detail, spec_from_detail
from wirogen.diagnostics import Diagnostic, InputError, Position, display_path
from wirogen.document import parse_document
from wirogen.held import Held, Specs, hold, recall
from wirogen.snapshot import accumulate, is_full
from wirogen.spec import ToolSpec, load_spec
from wirogen.spec.names import tool_paths
from wirogen.store import Store, key_of, names_below
from wirogen.workers import each

_TOOL_LINE: Final = re.compile(rb'^tool: ("[^\n]*")\s*$', re.MULTILINE)
_NO_STORE: Final = Store(None)
_NOTHING: Final[Mapping[str, Held]] = MappingProxyType({})


@dataclass(slots=True)
class Sources:
    """What could be read: specs by tool id, what is odd, and what could not be read at all.

    ``origin`` names the file that each tool came from, for messages; ``files`` are the spec files
    of tools that have one, ``loaded`` what those held. ``broken`` are spec files that could not be
    read, or are about a tool that another file is about; they must not be written over.
    """

    held: dict[str, Held] = field(default_factory=dict[str, Held])
    origin: dict[str, str] = field(default_factory=dict[str, str])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    errors: list[Diagnostic] = field(default_factory=list[Diagnostic])
    files: dict[str, Path] = field(default_factory=dict[str, Path])
    broken: set[Path] = field(default_factory=set[Path])
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """A document that was read. ``full``: it lists all models."""

    held: Held
    diagnostics: tuple[Diagnostic, ...]
    full: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Detail:
    """An answer of Tool/Detail, the file as messages call it and as specs do."""

    detail: Detail
    shown: str
    document: str


def read_documents(
    files: Sequence[Path],
    *,
    base: Path | None,
    into: Sources,
    known: Mapping[str, Held] = _NOTHING,
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
            details.read(file, into, store)
    texts = [file for file in files if file.suffix != ".json"]
    arguments = [(file, display_path(file), _relative(file, base)) for file in texts]
    found: list[tuple[Held, _Detail | None, Held | None, bool, str]] = []
    for (_, shown, _), read in zip(
        arguments, each(_parse, arguments, known=_parsed, store=store, jobs=jobs), strict=True
    ):
        if isinstance(read, Diagnostic):
            into.errors.append(read)
            continue
        into.diagnostics += read.diagnostics
        tool = read.held.tool
        whole = full or read.full
        found.append((read.held, details.claim(tool), known.get(tool), whole, shown))
    settled = each(_settle, found, known=_settled, store=store, jobs=jobs)
    for (*_, shown), (held, diagnostics) in zip(found, settled, strict=True):
        into.diagnostics += diagnostics
        into.add(held, shown)
    details.left_over(known, into, store)


class Details:
    """Answers of Tool/Detail by every id that may mean their tool, until a document claims them."""

    def __init__(self, base: Path | None) -> None:
        self._base = base
        self._by_tool: dict[str, _Detail] = {}

    def read(self, file: Path, into: Sources, store: Store) -> None:
        shown = display_path(file)
        try:
            data = read_bytes(file)
            key = key_of("detail", shown, data)
            detail = store.memo("detail", key, lambda: read_detail(data, path=shown))
        except InputError as error:
            into.errors.append(error.diagnostic)
            return
        for tool in detail.tools:
            if tool in self._by_tool:
                other = self._by_tool[tool].shown
                message = f"{tool} is also in {other}; remove one of them"
                into.errors.append(Diagnostic(code="T105", message=message, path=shown))
                return
        found = _Detail(detail=detail, shown=shown, document=_relative(file, self._base))
        self._by_tool |= dict.fromkeys(detail.tools, found)

    def claim(self, tool: str) -> _Detail | None:
        """The answer about a tool; nobody else gets it."""
        found = self._by_tool.get(tool)
        for name in found.detail.tools if found is not None else ():
            del self._by_tool[name]
        return found

    def left_over(self, known: Mapping[str, Held], into: Sources, store: Store) -> None:
        """Tools of which there is no document among the files: what is known of them is filled
        in, and of the others a spec is made."""
        for tool, found in list(self._by_tool.items()):
            tools, document = found.detail.tools, found.document
            names = [name for name in tools if name in known and name not in into.held]
            if tool != (names or tools)[0]:
                continue
            before = known[tool].load() if tool in known else None
            if before is not None and before.source and before.source.document != document:
                spec, diagnostics = _filled(before, found)
                into.diagnostics += diagnostics
                into.add(hold(spec, store), found.shown)
                continue
            into.diagnostics += found.detail.diagnostics
            spec = spec_from_detail(found.detail, document=document)
            into.add(hold(accumulate(before, spec) if before else spec, store), found.shown)


def _parsed(file: Path, shown: str, document: str, store: Store) -> _Document | None:
    try:
        key = key_of("document", shown, document, read_bytes(file))
    except InputError:
        return None
    again = partial(_parse_again, file, shown, document)
    found = recall(store, "document", key, again)
    return found and _Document(held=found[0], diagnostics=found[1][0], full=found[1][1])


def _parse(file: Path, shown: str, document: str, store: Store) -> _Document | Diagnostic:
    """One document: its spec and what is odd about it, or why it cannot be used."""
    try:
        data = read_bytes(file)
        parsed = parse_document(data, path=shown, document=document)
    except InputError as error:
        return error.diagnostic
    held, full = hold(parsed.spec, store), is_full(parsed.spec, document)
    held.note("document", key_of("document", shown, document, data), (parsed.diagnostics, full))
    return _Document(held=held, diagnostics=parsed.diagnostics, full=full)


def _parse_again(file: Path, shown: str, document: str) -> Held:
    return hold(parse_document(read_bytes(file), path=shown, document=document).spec)


def _filled(spec: ToolSpec, found: _Detail) -> tuple[ToolSpec, tuple[Diagnostic, ...]]:
    return merge_detail(spec, found.detail, document=found.document, path=found.shown)


_Settled: TypeAlias = "tuple[Held, tuple[Diagnostic, ...]]"


def _settled(
    parsed: Held,
    detail: _Detail | None,
    before: Held | None,
    full: bool,
    shown: str,
    store: Store,
) -> _Settled | None:
    if _is_settled(parsed, detail, before):
        return parsed, ()
    again = partial(_settle_again, parsed, detail, before, full, shown)
    return recall(store, "settled", _settled_key(parsed, detail, before, full, shown), again)


def _settle(
    parsed: Held,
    detail: _Detail | None,
    before: Held | None,
    full: bool,
    shown: str,
    store: Store,
) -> _Settled:
    """What a document says, what Tool/Detail adds to it, and what was known ``before``."""
    if _is_settled(parsed, detail, before):
        return parsed, ()
    spec = parsed.load()
    diagnostics: tuple[Diagnostic, ...] = ()
    if detail is not None:
        spec, diagnostics = _filled(spec, detail)
    if before is not None:
        spec = accumulate(before.load(), spec, full=full)
        diagnostics += tuple(
            Diagnostic(code=each.code, message=each.message, path=shown, subject=each.subject)
            for each in kept_findings(spec)
        )
    held = hold(spec, store)
    if store.enabled:
        # The next build starts from what this one gives, and saying it again changes nothing.
        for known in (before, held):
            held.note("settled", _settled_key(parsed, detail, known, full, shown), diagnostics)
    return held, diagnostics


def _is_settled(parsed: Held, detail: _Detail | None, before: Held | None) -> bool:
    """Whether there is nothing to add to what the document says."""
    return detail is None and (before is None or before.same_as(parsed))


def _settle_again(
    parsed: Held, detail: _Detail | None, before: Held | None, full: bool, shown: str
) -> Held:
    return _settle(parsed, detail, before, full, shown, store=_NO_STORE)[0]


def _settled_key(
    parsed: Held, detail: _Detail | None, before: Held | None, full: bool, shown: str
) -> str:
    added = (detail.detail.sha256, detail.shown, detail.document) if detail else ()
    known = before.digest if before else ""
    return key_of("settled", parsed.digest, known, str(full), shown, *added)


def _loaded(file: Path, shown: str, store: Store) -> Held | None:
    try:
        key = key_of("spec", read_bytes(file))
    except InputError:
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
    held.note("spec", key_of("spec", data))
    return held


def note_spec(held: Held, text: str) -> None:
    """Remember what the file with ``text`` holds, which is about to be written."""
    held.note("spec", key_of("spec", text))


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
            into.broken.add(file.resolve())
        elif held.tool not in from_documents:
            into.add(held, shown)
            if into.files.setdefault(held.tool, file) != file:
                into.broken.add(file.resolve())


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
        return file.read_bytes()
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


def _relative(file: Path, base: Path | None) -> str:
    path = os.path.realpath(file)
    if base is None:
        above = Path(path).parents
        base = next((each for each in above if each.parts[-2:] == ("specs", "documents")), above[0])
    folder = os.path.realpath(base).rstrip(os.sep) + os.sep
    inside = path.startswith(folder)
    return path[len(folder) :].replace(os.sep, "/") if inside else file.name
