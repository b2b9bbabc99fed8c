"""Documents, Tool/Detail, overlays and what earlier builds told → specs."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from wirogen.common.text import did_you_mean
from wirogen.detail.read import Detail, read_detail
from wirogen.diagnostics.model import Diagnostic, InputError, display_path, input_error
from wirogen.document import Mismatch, parse_document, verify
from wirogen.merge.contract import kept_findings
from wirogen.merge.detail import merge_detail, spec_from_detail
from wirogen.merge.snapshots import accumulate, is_full
from wirogen.overlay.apply import apply_overlay
from wirogen.overlay.read import Overlay, load_overlay
from wirogen.pipeline.history import build_day
from wirogen.pipeline.spec_files import (
    YAML,
    Sources,
    decode,
    digest_of,
    files_below,
    read_bytes,
    read_each,
    read_specs,
)
from wirogen.pipeline.workers import Workers
from wirogen.specs import Source, ToolSpec, dump_spec, load_spec

_NOTHING: Final[Mapping[str, ToolSpec]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """A document that was read, and the hash of the text of its spec. ``full``: it lists all
    models. ``proof`` is what :class:`Sources` has in ``verified``."""

    spec: ToolSpec
    digest: str
    diagnostics: tuple[Diagnostic, ...]
    full: bool
    proof: tuple[int, Mismatch | None] | None


class _Response(NamedTuple):
    """A response of Tool/Detail, and the name that specs have for its file."""

    detail: Detail
    document: str


def read_documents(
    files: Sequence[Path],
    *,
    base: Path | None,
    into: Sources,
    known: Mapping[str, ToolSpec] = _NOTHING,
    full: bool = False,
    check: bool = False,
    workers: Workers | None = None,
) -> None:
    """Read documents (``.txt``) and responses of Tool/Detail (``.json``), which add to each other.

    ``base`` is the folder that their ``source.document`` is relative to (without one, the folder
    ``specs/documents`` that they lie in, if any), ``known`` what earlier documents have told about
    the same tools. ``full`` says that all of them list all models; ``check``, that documents are
    verified, which goes without a cache.
    """
    details = Details(base)
    responses = [file for file in files if file.suffix == ".json"]
    named = list(map(display_path, responses))
    found = read_each("detail", _response, responses, named, workers=workers)
    for file, detail in zip(responses, found, strict=True):
        if isinstance(detail, Diagnostic):
            into.errors.append(detail)
        else:
            details.add(detail, file, into)
    texts = [file for file in files if file.suffix != ".json"]
    named = list(map(display_path, texts))
    documents = [_relative(file, base) for file in texts]
    parse = partial(_parse, check=check)
    kind = None if check else "document"
    parsed = read_each(kind, parse, texts, named, documents, workers=workers)
    usable: list[tuple[_Document, str]] = []
    for shown, read in zip(named, parsed, strict=True):
        if isinstance(read, Diagnostic):
            into.errors.append(read)
            continue
        into.diagnostics += read.diagnostics
        if read.proof is not None:
            into.verified[shown] = read.proof
        same = read.digest == into.digests.get(read.spec.tool)
        # Two equal specs of each of thousands of tools would take twice the memory.
        spec = known.get(read.spec.tool, read.spec) if same else read.spec
        usable.append((replace(read, spec=spec), shown))
    for read, shown in usable:
        before = known.get(read.spec.tool)
        detail = details.claim(read.spec.tool)
        if detail is None and before and read.digest == into.digests.get(read.spec.tool):
            into.add(before, shown)
            continue
        if detail is not None:
            into.tools[detail.detail.path] = read.spec.tool
        spec, diagnostics = _merged(read, detail, before, full=full or read.full, shown=shown)
        into.diagnostics += diagnostics
        into.add(_dated(spec, before), shown)
    details.left_over(known, into)


class Details:
    """Responses of Tool/Detail by every id that may mean their tool, until a document claims
    them."""

    def __init__(self, base: Path | None) -> None:
        self._base = base
        self._by_tool: dict[str, _Response] = {}

    def add(self, detail: Detail, file: Path, into: Sources) -> None:
        for tool in detail.tools:
            if tool in self._by_tool:
                other = self._by_tool[tool].detail.path
                message = f"{tool} is also in {other}; remove one of them"
                into.errors.append(Diagnostic(code="T105", message=message, path=detail.path))
                return
        found = _Response(detail, _relative(file, self._base))
        self._by_tool |= dict.fromkeys(detail.tools, found)

    def claim(self, tool: str) -> _Response | None:
        """The response about a tool, which is given away once."""
        found = self._by_tool.get(tool)
        for name in found.detail.tools if found is not None else ():
            del self._by_tool[name]
        return found

    def left_over(self, known: Mapping[str, ToolSpec], into: Sources) -> None:
        """Tools of which there is no document among the files: what is known of them is filled
        in, and of the others a spec is made."""
        for tool, (detail, document) in self._by_tool.items():
            names = [name for name in detail.tools if name in known and name not in into.specs]
            if tool != (names or detail.tools)[0]:
                continue
            before = known.get(tool)
            if before is not None and before.source and before.source.document != document:
                spec, diagnostics = merge_detail(before, detail, document=document)
                into.diagnostics += diagnostics
                into.add(_dated(spec, before), detail.path)
                continue
            into.diagnostics += detail.diagnostics
            if not detail.items:
                message = "lists no parameters, and there is no document: its inputs are not known"
                into.diagnostics.append(
                    Diagnostic(code="T107", message=message, path=detail.path, subject=tool)
                )
            spec = spec_from_detail(detail, document=document)
            spec = accumulate(before, spec) if before else spec
            into.add(_dated(spec, before), detail.path)


def _response(data: bytes, _: Path, shown: str) -> Detail:
    return read_detail(data, path=shown)


def _parse(data: bytes, _: Path, shown: str, document: str, *, check: bool) -> _Document:
    parsed = parse_document(data, path=shown, document=document)
    proof = None
    if check:
        loss = verify(parsed, spec=load_spec(dump_spec(parsed.spec), path=shown))
        proof = len(parsed.text), loss
    return _Document(
        spec=parsed.spec,
        digest=digest_of(parsed.spec),
        diagnostics=parsed.diagnostics,
        full=is_full(parsed.spec, document),
        proof=proof,
    )


def _merged(
    parsed: _Document, found: _Response | None, before: ToolSpec | None, *, full: bool, shown: str
) -> tuple[ToolSpec, tuple[Diagnostic, ...]]:
    """The document, what Tool/Detail adds to it, and what was known ``before``."""
    spec = parsed.spec
    diagnostics: tuple[Diagnostic, ...] = ()
    if found is not None:
        spec, diagnostics = merge_detail(spec, found.detail, document=found.document)
    if before is not None:
        spec = accumulate(before, spec, full=full)
        diagnostics += tuple(
            Diagnostic(code=each.code, message=each.message, path=shown, subject=each.subject)
            for each in kept_findings(spec)
        )
    return spec, diagnostics


def _dated(spec: ToolSpec, before: ToolSpec | None) -> ToolSpec:
    """``spec`` with the day on which its response of Tool/Detail was read first."""
    source = spec.source
    digest = _detail_hash(source)
    if source is None or digest is None:
        return spec
    known = before.source if before else None
    same = known is not None and _detail_hash(known) == digest
    read = known.detail_read if known is not None and same else build_day()
    return replace(spec, source=replace(source, detail_read=read))


def _detail_hash(source: Source | None) -> str | None:
    """The hash of the response of Tool/Detail behind a spec, which may be its only source."""
    if source is None:
        return None
    alone = source.sha256 if source.document.endswith(".json") else None
    return source.detail_sha256 or alone


def _relative(file: Path, base: Path | None) -> str:
    path = os.path.realpath(file)
    if base is None:
        above = Path(path).parents
        base = next((each for each in above if each.parts[-2:] == ("specs", "documents")), above[0])
    folder = os.path.realpath(base).rstrip(os.sep) + os.sep
    inside = path.startswith(folder)
    name = path[len(folder) :].replace(os.sep, "/") if inside else file.name
    return name.encode(errors="replace").decode()  # a spec has no name that is not UTF-8


def read_side(path: Path) -> tuple[Mapping[str, ToolSpec], list[Diagnostic]]:
    """Return the specs at ``path`` by tool id, and the errors of files that cannot be read.

    A file is a spec (``.yaml``) or else a document; a folder is a project or its ``specs/``, whose
    overlays are applied, or any folder of specs; without any spec, its documents are parsed. Raises
    :class:`InputError` when there is nothing.
    """
    sources = Sources()
    if path.is_dir():
        folder = path / "specs" if (path / "specs").is_dir() else path
        tools = folder / "tools" if (folder / "tools").is_dir() else folder
        specs = files_below(tools, *YAML)
        if specs:
            read_specs(specs, into=sources)
        else:
            read_documents(files_below(folder, ".txt"), base=path, into=sources)
        if tools != folder:
            return apply_overlays(sources.specs, folder / "overlays", sources), sources.errors
    elif path.suffix in YAML:
        read_specs([path], into=sources)
    else:
        read_documents([path], base=path.parent, into=sources)
    if not sources.specs and not sources.errors and not path.is_dir():
        raise input_error("S004", "holds no spec", path)
    return sources.specs, sources.errors


def apply_overlays(
    specs: Mapping[str, ToolSpec], folder: Path, into: Sources
) -> dict[str, ToolSpec]:
    """``specs`` with every overlay below ``folder`` applied. ``into`` gets the overlays, and what
    is wrong with them."""
    errors, found = into.errors, into.overlays
    for file in files_below(folder, *YAML):
        shown = display_path(file)
        try:
            overlay = load_overlay(decode(read_bytes(file), shown), path=shown)
        except InputError as error:
            errors.append(error.diagnostic)
            continue
        if problem := _problem(overlay, found, specs):
            code, message = problem
            errors.append(
                Diagnostic(code=code, message=message, path=shown, position=overlay.position)
            )
            continue
        found[overlay.tool] = overlay
        into.tools[shown] = overlay.tool
    corrected = dict(specs)
    for tool, overlay in found.items():
        corrected[tool], refused = apply_overlay(specs[tool], overlay)
        errors += refused
    return corrected


def _problem(
    overlay: Overlay, found: Mapping[str, Overlay], tools: Collection[str]
) -> tuple[str, str] | None:
    tool = overlay.tool
    if tool in found:
        return "O004", f"{tool} has its overlay in {found[tool].path}; put both into one file"
    if tool not in tools:
        return "O002", f"there is no tool {tool!r}{did_you_mean(tool, tools)}"
    return None
