"""Documents on disk, and what earlier ones told → specs."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, TypeAlias

from wirogen.common.cache import Store, key_of
from wirogen.common.files import hash_of_file, sha256
from wirogen.common.workers import each
from wirogen.detail import Detail, read_detail
from wirogen.diagnostics.model import Diagnostic, InputError, display_path
from wirogen.document import parse_document
from wirogen.held import Held, hold, recall
from wirogen.merge.contract import kept_findings
from wirogen.merge.detail import merge_detail, spec_from_detail
from wirogen.merge.snapshots import accumulate, is_full
from wirogen.pipeline.spec_files import Sources, read_bytes
from wirogen.specs import ToolSpec

_NO_STORE: Final = Store(None)
_NOTHING: Final[Mapping[str, Held]] = MappingProxyType({})


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
        key = key_of("document", shown, document, hash_of_file(file))
    except OSError:
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
    key = key_of("document", shown, document, sha256(data))
    held.note("document", key, (parsed.diagnostics, full))
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


def _relative(file: Path, base: Path | None) -> str:
    path = os.path.realpath(file)
    if base is None:
        above = Path(path).parents
        base = next((each for each in above if each.parts[-2:] == ("specs", "documents")), above[0])
    folder = os.path.realpath(base).rstrip(os.sep) + os.sep
    inside = path.startswith(folder)
    return path[len(folder) :].replace(os.sep, "/") if inside else file.name
