"""Sources → plans → files: the whole way, once, for every command that generates."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from wirogen.common.cache import Store, default_store
from wirogen.common.files import hash_of_file, sha256
from wirogen.held import Held, Specs
from wirogen.output.manifest import built_specs
from wirogen.output.publication import sweep, write_file
from wirogen.overlay import apply_overlays
from wirogen.pipeline.render import Generated, generate
from wirogen.pipeline.spec_files import (
    Sources,
    decode,
    files_below,
    note_spec,
    read_bytes,
    read_specs,
)
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.specs import ToolSpec, dump_spec
from wirogen.standing import Standing
from wirogen.unchanged import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did. ``tools`` are the specs that it built from, overlays applied, ``generated``
    is what came of them, ``specs`` the spec files (re)written below ``specs/tools/``, ``edited``
    those of them that somebody had changed by hand."""

    sources: Sources
    tools: Specs
    generated: Generated
    specs: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()

    @property
    def summary(self) -> Summary:
        origin = self.sources.origin
        made = self.generated
        planned = [replace(each, path=origin[each.subject]) for each in made.renamed]
        planned += [
            replace(each, path=origin[card.spec.tool])
            for card in made.cards
            for each in card.diagnostics
        ]
        return Summary(
            tools=tuple(card.spec.tool for card in made.cards),
            specs=self.specs,
            edited=self.edited,
            changes=made.changes,
            errors=tuple(self.sources.errors),
            diagnostics=(*self.sources.errors, *self.sources.diagnostics, *planned),
        )


def build_selection(
    specs: Path,
    out: Path,
    *,
    overlays: Path | None = None,
    templates: Path | None = None,
    package: Identifier = DEFAULT_PACKAGE,
    jobs: int | None = None,
    store: Store | None = None,
    standing: Standing | None = None,
) -> BuildReport:
    """The specs below a folder → a complete tree in ``out``, modules in ``package``. Without any
    usable spec, nothing is written."""
    store = default_store() if store is None else store
    sources = Sources()
    read_specs(files_below(specs, ".yaml"), into=sources, store=store, jobs=jobs)
    chosen: Mapping[str, Held] = sources.held
    if overlays is not None and chosen:
        chosen, errors = apply_overlays(chosen, overlays, store)
        sources.errors += errors
    made = Generated()
    if chosen:
        made = generate(
            chosen,
            out,
            templates=templates,
            package=package,
            jobs=jobs,
            store=store,
            standing=standing,
        )
    return BuildReport(sources=sources, tools=Specs(chosen), generated=made)


def read_project(root: Path, *, store: Store | None = None, jobs: int | None = None) -> Sources:
    """Everything below ``specs/``: specs, and what documents add to them or say anew.

    A tool whose document cannot be read keeps the spec that an earlier build wrote.
    """
    store = default_store() if store is None else store
    known = Sources()
    read_specs(files_below(root / "specs" / "tools", ".yaml"), into=known, store=store, jobs=jobs)
    sources = Sources(
        errors=known.errors, broken=known.broken, files=known.files, loaded=known.held
    )
    from wirogen.pipeline.inputs import read_documents  # noqa: PLC0415 - loads the whole parser

    documents = root / "specs" / "documents"
    files = files_below(documents, ".txt", ".json")
    read_documents(files, base=documents, into=sources, known=known.held, store=store, jobs=jobs)
    for tool, held in known.held.items():
        if tool not in sources.held:
            sources.add(held, known.origin[tool])
    return sources


def build_project(
    root: Path,
    *,
    templates: Path | None = None,
    check: bool = False,
    jobs: int | None = None,
    store: Store | None = None,
    standing: Standing | None = None,
) -> BuildReport:
    """documents → specs → everything below ``generated/``. With ``check``, nothing is written."""
    store = default_store() if store is None else store
    if not check:
        sweep(root / "specs")
    sources = read_project(root, store=store, jobs=jobs)
    out = root / "generated"
    stale, edited = _write_specs(
        sources, root / "specs" / "tools", check=check, built=built_specs(out)
    )
    corrected = _corrected(root, sources, store)
    made = generate(
        corrected,
        out,
        templates=templates,
        check=check,
        jobs=jobs,
        store=store,
        standing=standing,
    )
    return BuildReport(
        sources=sources,
        tools=Specs(corrected),
        generated=made,
        specs=stale,
        edited=edited,
    )


def corrected_specs(root: Path, sources: Sources) -> Specs:
    """The specs with the project's overlays applied; what is wrong with those is an error."""
    return Specs(_corrected(root, sources, default_store()))


def _corrected(root: Path, sources: Sources, store: Store) -> dict[str, Held]:
    corrected, errors = apply_overlays(sources.held, root / "specs" / "overlays", store)
    sources.errors += errors
    return corrected


def write_specs(sources: Sources, out: Path) -> tuple[str, ...]:
    """Write each spec that differs from its file; the paths of those below ``out``.

    A spec whose file has another name than it should (because a tool with a similar id has come)
    moves to the right one.
    """
    return _write_specs(sources, out, check=False, built={})[0]


def _write_specs(
    sources: Sources, out: Path, *, check: bool, built: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The same, and those that somebody had edited. ``built`` are the hashes of the specs that
    the last build worked from. A spec without a source is a person's, down to its comments: it may
    move, and stays as it was written."""
    stale: list[str] = []
    edited: list[str] = []
    occupied = {os.path.realpath(file): tool for tool, file in sources.files.items()}
    files = sources.spec_files()
    targets = {path: os.path.realpath(out / path) for path in files}
    for path, held in _vacated_first(files, targets, occupied):
        file, target = out / path, targets[path]
        own = sources.files.get(held.tool, file)
        if target in sources.broken or occupied.get(target, held.tool) != held.tool:
            continue
        moved = own is not file and os.path.realpath(own) != target
        with suppress(OSError):
            if not moved and hash_of_file(own) == held.digest:
                continue
        data = read_bytes(own) if own.is_file() else None
        digest = None if data is None else sha256(data)
        spec = held.load()
        by_hand = data is not None and spec.source is None
        if by_hand and not moved:
            continue
        stale.append(path)
        before = sources.loaded.get(held.tool)
        if before is not None and not by_hand and _same_documents(before.load(), spec):
            edited += [] if digest in {None, built.get(held.tool)} else [path]
        if moved:
            del occupied[os.path.realpath(own)]
        if check:
            continue
        if moved:
            # One step, so that no tool ever has two files.
            file.parent.mkdir(parents=True, exist_ok=True)
            own.replace(file)
        text = decode(data, str(own)) if by_hand and data is not None else dump_spec(spec)
        write_file(file, text)
        note_spec(held, text)
    return tuple(stale), tuple(edited)


def _vacated_first(
    specs: Mapping[str, Held], targets: Mapping[str, str], occupied: Mapping[str, str]
) -> Iterator[tuple[str, Held]]:
    """The specs by path, whoever leaves a file before whoever takes it. Those that lie in each
    other's files come last."""
    waiting = dict(specs)
    while waiting:
        tools = {held.tool for held in waiting.values()}
        blocked = {
            path: held
            for path, held in waiting.items()
            if (owner := occupied.get(targets[path], held.tool)) != held.tool and owner in tools
        }
        if len(blocked) == len(waiting):
            yield from blocked.items()
            return
        yield from ((path, held) for path, held in waiting.items() if path not in blocked)
        waiting = blocked


def _same_documents(one: ToolSpec, other: ToolSpec) -> bool:
    """Whether both come from the same bytes, so that what differs did not come from there."""
    first, second = (
        spec.source and (spec.source.sha256, spec.source.detail_sha256) for spec in (one, other)
    )
    return first is not None and first == second
