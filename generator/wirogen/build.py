"""Sources → plans → files: the whole way, once, for every command that generates."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from wirogen.diagnostics import Diagnostic
from wirogen.generate import generate
from wirogen.overlay import apply_overlays
from wirogen.plan import ToolPlan
from wirogen.publish import Changes, write_file
from wirogen.sources import Sources, files_below, read_bytes, read_documents, read_specs
from wirogen.spec import ToolSpec, dump_spec
from wirogen.store import Store, default_store, key_of


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did. ``tools`` are the specs that it built from, overlays applied, ``plans``
    what is left of their plans, ``specs`` the spec files (re)written below ``specs/tools/``."""

    sources: Sources
    tools: dict[str, ToolSpec]
    plans: tuple[ToolPlan, ...]
    specs: tuple[str, ...]
    changes: Changes

    @property
    def diagnostics(self) -> list[Diagnostic]:
        planned = [each for plan in self.plans for each in plan.diagnostics]
        return [*self.sources.errors, *self.sources.diagnostics, *planned]

    @property
    def stale(self) -> bool:
        return bool(self.specs) or self.changes.stale


def read_project(root: Path, *, store: Store | None = None, jobs: int | None = None) -> Sources:
    """Everything below ``specs/``: specs, and what documents add to them or say anew.

    A tool whose document cannot be read keeps the spec that an earlier build wrote.
    """
    store = default_store() if store is None else store
    known = Sources()
    read_specs(files_below(root / "specs" / "tools", ".yaml"), into=known, store=store, jobs=jobs)
    sources = Sources(errors=known.errors, broken=known.broken, files=known.files)
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
    sources = read_project(root, store=store, jobs=jobs)
    specs, digests = _write_specs(sources, root / "specs" / "tools", check=check, store=store)
    corrected = corrected_specs(root, sources)
    plans, changes = generate(
        corrected,
        root / "generated",
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
    return BuildReport(sources=sources, tools=corrected, plans=plans, specs=specs, changes=changes)


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
    return _write_specs(sources, out, check=check, store=Store(None))[0]


def _write_specs(
    sources: Sources, out: Path, *, check: bool, store: Store
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The same, and the hash of each spec's canonical text by tool."""
    stale: list[str] = []
    digests: dict[str, str] = {}
    targets = sources.spec_files()
    for path, spec in targets.items():
        file = out / path
        if file.resolve() in sources.broken:
            continue
        data = read_bytes(file) if file.is_file() else None
        text = _canonical(spec, data, store).encode()
        digests[spec.tool] = hashlib.sha256(text).hexdigest()
        if text != data:
            stale.append(path)
            if not check:
                write_file(file, text)
    kept = {(out / path).resolve() for path in targets}
    for tool, file in sources.files.items():
        if tool in sources.specs and file.resolve() not in kept and not check:
            file.unlink(missing_ok=True)
    return tuple(stale), digests


def _canonical(spec: ToolSpec, data: bytes | None, store: Store) -> str:
    """The spec's text; where ``data`` has been found to be just that, it is not written again."""
    if data is not None and store.get("canonical", key_of("canonical", data)) == spec:
        return data.decode()
    text = dump_spec(spec)
    store.put("canonical", key_of("canonical", text), spec)
    return text
