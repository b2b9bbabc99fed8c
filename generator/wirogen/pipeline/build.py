"""Builds: from the files of a project, or a folder of specs, to a generated tree."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Final

from wirogen.common.cache import default_cache, key_of
from wirogen.common.files import file_hashes, folder_fingerprint, sweep
from wirogen.common.text import did_you_mean, shorten
from wirogen.diagnostics.known import Known, unknown
from wirogen.diagnostics.model import Diagnostic, Severity, display_path
from wirogen.emit.templates import template_folders
from wirogen.output.manifest import MANIFEST, OutputState, built_findings, built_specs, hash_of
from wirogen.output.publication import Changes, no_changes
from wirogen.pipeline.causes import check_tool
from wirogen.pipeline.examples import read_examples, unusable_examples
from wirogen.pipeline.inputs import apply_overlays, read_documents
from wirogen.pipeline.render import Generated, generate
from wirogen.pipeline.spec_files import YAML, Sources, files_below, read_specs, write_specs
from wirogen.pipeline.workers import Workers
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.specs import ToolSpec


class UnknownToolError(ValueError):
    """A tool without a spec; the text is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What the last build did not have: tools, specs that say something else, and diagnostics by
    tool. Of a first build, nothing is news."""

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    diagnostics: Mapping[str, Sequence[Diagnostic]] = field(
        default_factory=dict[str, Sequence[Diagnostic]]
    )


NO_NEWS: Final = News()


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What a build did. ``tools`` are the ids that it built, ``specs`` the spec files (re)written
    below ``specs/tools/``, ``edited`` those of them that a person had changed; ``diagnostics``
    begin with the ``errors``, ``news`` is what the last build did not have."""

    tools: tuple[str, ...]
    specs: tuple[str, ...] = ()
    edited: tuple[str, ...] = ()
    changes: Changes
    errors: tuple[Diagnostic, ...]
    diagnostics: tuple[Diagnostic, ...]
    news: News = NO_NEWS

    @property
    def stale(self) -> bool:
        return bool(self.specs) or self.changes.stale


def build_project(
    root: Path,
    *,
    templates: Path | None = None,
    check: bool = False,
    jobs: int | None = None,
) -> Summary:
    """Documents → specs → everything below ``generated/``. With ``check``, nothing is written."""
    out = root / "generated"

    def make(workers: Workers) -> Summary:
        if not check:
            sweep(root / "specs")
        sources = read_project(root, workers=workers)
        built, known = built_specs(out), built_findings(out)
        folder = root / "specs" / "tools"
        written = write_specs(sources, folder, check=check, built=built)
        specs = corrected_specs(root, sources)
        examples, odd = read_examples(root)
        said: dict[str, list[Diagnostic]] = {}
        for each in sources.diagnostics:
            # What a document has is in its spec.
            if each.code.startswith("T") and each.path in sources.tools:
                said.setdefault(sources.tools[each.path], []).append(each)
        made = generate(
            specs,
            out,
            templates=templates,
            check=check,
            workers=workers,
            said=said,
            examples=examples,
            digests=_digests(specs, sources),
        )
        odd += unusable_examples(root, examples, made.tools)
        summary = _summary(sources, made)
        summary = replace(summary, diagnostics=(*summary.diagnostics, *odd))
        news = NO_NEWS if known is None else _news(summary, sources, made.digests, built, known)
        return replace(summary, specs=written.stale, edited=written.edited, news=news)

    def inputs() -> _Inputs:
        examples = [f"{topic} {tool}" for topic, tool in read_examples(root)[0].items()]
        folders = [root / "specs"]
        return _inputs_of("build", *examples, folders=folders, templates=templates, shown=root)

    return _unless_up_to_date(make, out, inputs, check=check, jobs=jobs)


def generate_tree(
    specs: Path,
    out: Path,
    *,
    overlays: Path | None = None,
    templates: Path | None = None,
    package: Identifier = DEFAULT_PACKAGE,
    tools: Collection[str] | None = None,
    parts: frozenset[str] | None = None,
    jobs: int | None = None,
) -> Summary:
    """The specs below a folder → a complete tree in ``out``, modules in ``package``: of all tools,
    or those in ``tools``, and all of it, or these ``parts``. Without any usable spec, nothing is
    written. Raises :class:`UnknownToolError`."""
    examples, _ = read_examples(Path())

    def make(workers: Workers) -> Summary:
        sources = Sources()
        read_specs(files_below(specs, *YAML), into=sources, workers=workers)
        chosen: Mapping[str, ToolSpec] = sources.specs
        if tools is not None:
            chosen = _only(tools, sources)
        if overlays is not None and chosen:
            chosen = apply_overlays(chosen, overlays, sources)
        made = Generated()
        if chosen:
            made = generate(
                chosen,
                out,
                templates=templates,
                package=package,
                parts=parts,
                workers=workers,
                examples=examples,
                digests=_digests(chosen, sources),
            )
        return _summary(sources, made)

    def inputs() -> _Inputs:
        folders = [specs] if overlays is None else [specs, overlays]
        options = [package, display_path(overlays) if overlays else ""]
        options += [f"tool {each}" for each in sorted(tools or ())]
        options += [f"part {each}" for each in sorted(parts or ())]
        options += [f"example {topic} {tool}" for topic, tool in examples.items()]
        return _inputs_of("generate", *options, folders=folders, templates=templates, shown=specs)

    return _unless_up_to_date(make, out, inputs, check=False, jobs=jobs)


def read_project(root: Path, *, workers: Workers | None = None) -> Sources:
    """Everything below ``specs/``: specs, and what documents add to them or say anew.

    A tool whose document cannot be read keeps the spec that an earlier build wrote.
    """
    known = Sources()
    files = files_below(root / "specs" / "tools", *YAML)
    read_specs(files, into=known, workers=workers)
    sources = Sources(
        errors=known.errors,
        broken=known.broken,
        files=known.files,
        loaded=known.specs,
        digests=known.digests,
    )
    documents = root / "specs" / "documents"
    files = files_below(documents, ".txt", ".json")
    read_documents(files, base=documents, into=sources, known=known.specs, workers=workers)
    for tool, spec in known.specs.items():
        if tool not in sources.specs:
            sources.add(spec, known.origin[tool])
    return sources


def corrected_specs(root: Path, sources: Sources) -> dict[str, ToolSpec]:
    """The specs with the project's overlays applied; what is wrong with those is an error."""
    return apply_overlays(sources.specs, root / "specs" / "overlays", sources)


def _digests(specs: Mapping[str, ToolSpec], sources: Sources) -> dict[str, str]:
    """The hashes of the texts of those ``specs`` that no overlay has changed."""
    return {
        tool: digest
        for tool, digest in sources.digests.items()
        if specs.get(tool) is sources.specs.get(tool)
    }


def _only(tools: Collection[str], sources: Sources) -> dict[str, ToolSpec]:
    """The specs of ``tools``. What is said about the others is left out."""
    for tool in tools:
        if tool not in sources.specs:
            near = did_you_mean(tool, sources.specs)
            raise UnknownToolError(f"there is no spec of {shorten(tool)}{near}")
    files = {sources.origin[tool] for tool in tools}
    sources.diagnostics = [each for each in sources.diagnostics if each.path in files]
    return {tool: sources.specs[tool] for tool in tools}


def _summary(sources: Sources, made: Generated) -> Summary:
    origin = sources.origin
    planned = [replace(each, path=origin[each.subject]) for each in made.renamed]
    for tool in made.tools:
        name = tool.spec.tool
        if tool.diagnostics and name in sources.overlays:
            planned += check_tool(name, tool.module, sources)
        else:
            planned += [replace(each, path=origin[name]) for each in tool.diagnostics]
    return Summary(
        tools=tuple(tool.spec.tool for tool in made.tools),
        changes=made.changes,
        errors=tuple(sources.errors),
        diagnostics=(*sources.errors, *sources.diagnostics, *planned),
    )


def _news(
    summary: Summary,
    sources: Sources,
    digests: Mapping[str, str],
    built: Mapping[str, str],
    known: Known,
) -> News:
    fresh: dict[str, list[Diagnostic]] = {}
    about = [
        each
        for each in summary.diagnostics
        if each.path in sources.tools
        and not each.rule.boilerplate
        and each.severity is not Severity.ERROR
    ]
    for each in unknown(about, known, lambda each: sources.tools[each.path]):
        fresh.setdefault(sources.tools[each.path], []).append(each)
    return News(
        added=tuple(tool for tool in digests if tool not in built),
        changed=tuple(
            tool for tool, digest in digests.items() if built.get(tool, digest) != digest
        ),
        removed=tuple(tool for tool in built if tool not in digests),
        diagnostics=dict(sorted(fresh.items())),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inputs:
    """Everything that a build reads: the hashes of ``files`` by path, and ``rest``, a hash of the
    options, templates and names."""

    rest: str
    files: Mapping[str, str]

    @property
    def key(self) -> str:
        return key_of(self.rest, *chain.from_iterable(sorted(self.files.items())))

    def became(self, later: _Inputs, written: Iterable[str]) -> bool:
        """Whether ``later`` differs from this only in files that were ``written``."""
        either = {*self.files.items()} ^ {*later.files.items()}
        return self.rest == later.rest and {path for path, _ in either} <= set(written)


def _inputs_of(
    *options: str, folders: Sequence[Path], templates: Path | None, shown: Path
) -> _Inputs:
    """The inputs in ``folders`` and elsewhere. Messages name files relative to the working
    directory, so the names count as well."""
    names = [display_path(folder) for folder in (shown, *folders)]
    fingerprint = folder_fingerprint(template_folders(templates))
    return _Inputs(rest=key_of(*options, *names, fingerprint), files=file_hashes(folders))


def _unless_up_to_date(
    make: Callable[[Workers], Summary],
    out: Path,
    inputs: Callable[[], _Inputs],
    *,
    check: bool,
    jobs: int | None,
) -> Summary:
    """The summary of the build that made ``out`` from the same inputs, else that of ``make``."""
    before = inputs()
    state = OutputState(out)
    cache = default_cache()
    known: tuple[Summary, str] | None = cache.get("build", before.key)
    if known is not None and state.manifest == known[1] and state.is_whole:
        return replace(known[0], changes=no_changes(state), news=NO_NEWS)
    del state  # it lists each file of the tree, as that of the publication does
    with Workers(jobs) as workers:
        summary = make(workers)
    after = inputs()
    # A file may have been edited while it was being built from.
    written = [f"tools/{path}" for path in summary.specs]
    if not (check and summary.stale) and before.became(after, written):
        kept = replace(summary, specs=(), edited=())
        cache.put("build", after.key, (kept, hash_of(out / MANIFEST) or ""))
    return summary
