"""Sources → plans → files: the whole way, once, for every command that generates."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from wirogen.diagnostics import Diagnostic
from wirogen.generate import generate
from wirogen.overlay import apply_overlays
from wirogen.plan import ToolPlan
from wirogen.publish import Changes, built_specs, manifest_hash, sweep, up_to_date, write_file
from wirogen.sources import (
    Sources,
    display_path,
    files_below,
    read_bytes,
    read_documents,
    read_specs,
)
from wirogen.spec import ToolSpec, dump_spec
from wirogen.store import Store, default_store, folder_fingerprint, key_of
from wirogen.template_folders import template_folders


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did. ``tools`` are the specs that it built from, overlays applied, ``plans``
    what is left of their plans, ``specs`` the spec files (re)written below ``specs/tools/``,
    ``edited`` those of them that somebody had changed by hand."""

    sources: Sources
    tools: dict[str, ToolSpec]
    plans: tuple[ToolPlan, ...]
    specs: tuple[str, ...]
    edited: tuple[str, ...]
    changes: Changes

    @property
    def summary(self) -> Summary:
        origin = self.sources.origin
        planned = [
            replace(each, path=origin[plan.spec.tool])
            for plan in self.plans
            for each in plan.diagnostics
        ]
        return Summary(
            tools=tuple(plan.spec.tool for plan in self.plans),
            specs=self.specs,
            edited=self.edited,
            changes=self.changes,
            errors=tuple(self.sources.errors),
            diagnostics=(*self.sources.errors, *self.sources.diagnostics, *planned),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A build as people are told of it; ``diagnostics`` begin with the ``errors``."""

    tools: tuple[str, ...]
    specs: tuple[str, ...]
    edited: tuple[str, ...]
    changes: Changes
    errors: tuple[Diagnostic, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def stale(self) -> bool:
        return bool(self.specs) or self.changes.stale


def build(
    root: Path,
    *,
    templates: Path | None = None,
    check: bool = False,
    jobs: int | None = None,
    store: Store | None = None,
) -> Summary:
    """:func:`build_project`, at the price of a look at the files when nothing has changed."""
    store = default_store() if store is None else store
    before = _state(root, templates)
    known: tuple[Summary, str] | None = store.get("build", before)
    if known is not None:
        summary, manifest = known
        changes = up_to_date(root / "generated", manifest)
        if changes is not None:
            return replace(summary, changes=changes)
    report = build_project(root, templates=templates, check=check, jobs=jobs, store=store)
    summary = report.summary
    if not (check and summary.stale):
        manifest = manifest_hash(root / "generated")
        store.put(
            "build", _state(root, templates), (replace(summary, specs=(), edited=()), manifest)
        )
    return summary


def _state(root: Path, templates: Path | None) -> str:
    """A key for everything that a build reads; messages name files from where the user is."""
    looks = folder_fingerprint(template_folders(templates))
    return key_of("build", display_path(root), looks, folder_fingerprint([root / "specs"]))


def read_project(root: Path, *, store: Store | None = None, jobs: int | None = None) -> Sources:
    """Everything below ``specs/``: specs, and what documents add to them or say anew.

    A tool whose document cannot be read keeps the spec that an earlier build wrote.
    """
    store = default_store() if store is None else store
    known = Sources()
    read_specs(files_below(root / "specs" / "tools", ".yaml"), into=known, store=store, jobs=jobs)
    sources = Sources(
        errors=known.errors, broken=known.broken, files=known.files, loaded=known.specs
    )
    documents = root / "specs" / "documents"
    files = files_below(documents, ".txt", ".json")
    read_documents(files, base=documents, into=sources, known=known.specs, store=store, jobs=jobs)
    for tool, spec in known.specs.items():
        if tool not in sources.specs:
            sources.add(spec, known.origin[tool])
    return sources


def build_project(
    root: Path,
    *,
    templates: Path | None = None,
    check: bool = False,
    jobs: int | None = None,
    store: Store | None = None,
) -> BuildReport:
    """documents → specs → everything below ``generated/``. With ``check``, nothing is written."""
    store = default_store() if store is None else store
    if not check:
        sweep(root / "specs")
    sources = read_project(root, store=store, jobs=jobs)
    out = root / "generated"
    specs = _write_specs(
        sources,
        root / "specs" / "tools",
        check=check,
        store=store,
        built=built_specs(out),
    )
    digests = specs.digests
    corrected = corrected_specs(root, sources)
    plans, changes = generate(
        corrected,
        out,
        templates=templates,
        check=check,
        jobs=jobs,
        store=store,
        digests={
            tool: digests[tool]
            for tool, spec in corrected.items()
            if spec is sources.specs.get(tool) and tool in digests
        },
    )
    return BuildReport(
        sources=sources,
        tools=corrected,
        plans=plans,
        specs=specs.stale,
        edited=specs.edited,
        changes=changes,
    )


def corrected_specs(root: Path, sources: Sources) -> dict[str, ToolSpec]:
    """The specs with the project's overlays applied; what is wrong with those is an error."""
    corrected, errors = apply_overlays(sources.specs, root / "specs" / "overlays")
    sources.errors += errors
    return corrected


def write_specs(sources: Sources, out: Path, *, check: bool = False) -> tuple[str, ...]:
    """Write each spec that differs from its file; the paths of those below ``out``.

    A spec whose file has another name than it should (because a tool with a similar id has come)
    moves to the right one.
    """
    return _write_specs(sources, out, check=check, store=Store(None), built={}).stale


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """Spec files that differed from their specs, those of them that somebody had edited, and the
    hash of each spec's canonical text by tool."""

    stale: tuple[str, ...]
    edited: tuple[str, ...]
    digests: dict[str, str]


def _write_specs(
    sources: Sources, out: Path, *, check: bool, store: Store, built: Mapping[str, str]
) -> _Written:
    """The same. ``built`` are the hashes of the specs that the last build worked from."""
    stale: list[str] = []
    edited: list[str] = []
    digests: dict[str, str] = {}
    targets = sources.spec_files()
    for path, spec in targets.items():
        file = out / path
        if file.resolve() in sources.broken:
            continue
        data = read_bytes(file) if file.is_file() else None
        before = sources.loaded.get(spec.tool)
        text = _canonical(spec, data, before, store)
        digests[spec.tool] = hashlib.sha256(text).hexdigest()
        if text != data:
            stale.append(path)
            if data is not None and before is not None and _same_documents(before, spec):
                ours = hashlib.sha256(data).hexdigest() == built.get(spec.tool)
                edited += [] if ours else [path]
            if not check:
                write_file(file, text)
    kept = {(out / path).resolve() for path in targets}
    for tool, file in sources.files.items():
        if tool in sources.specs and file.resolve() not in kept and not check:
            file.unlink(missing_ok=True)
    return _Written(stale=tuple(stale), edited=tuple(edited), digests=digests)


def _same_documents(one: ToolSpec, other: ToolSpec) -> bool:
    """Whether both come from the same bytes, so that what differs did not come from there."""
    first, second = (
        spec.source and (spec.source.sha256, spec.source.detail_sha256) for spec in (one, other)
    )
    return first is not None and first == second


def _canonical(spec: ToolSpec, data: bytes | None, loaded: ToolSpec | None, store: Store) -> bytes:
    """The spec's text. It is not written again where ``data`` is the file that ``spec`` itself was
    loaded from, and has been found canonical before."""
    key = key_of("canonical", data or b"")
    if data is not None and spec is loaded and store.get("canonical", key):
        return data
    text = dump_spec(spec).encode()
    store.put("canonical", key_of("canonical", text), True)
    return text
