"""Specs → a complete generated tree, rendered in worker processes.

Each tool is planned and rendered on its own, and only its summary is kept, so that memory does not
grow with what tools say about themselves. What the cache knows to be on disk is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from wirogen.common.cache import default_cache, key_of, shaping_libraries
from wirogen.common.files import folder_fingerprint
from wirogen.diagnostics.known import finding
from wirogen.diagnostics.model import RULES, Diagnostic
from wirogen.emit.overrides import check_overrides
from wirogen.emit.python.validators import validators_of
from wirogen.emit.render import render_shared, render_tool, summary_of
from wirogen.emit.templates import Renderer, template_folders
from wirogen.output.manifest import Entry
from wirogen.output.publication import NO_CHANGES, Changes, Made, publication_of, stage
from wirogen.pipeline.spec_checks import check_spec
from wirogen.pipeline.spec_files import digest_of
from wirogen.pipeline.workers import Workers
from wirogen.plan import ModulePlan, ToolPlan, ToolSummary, plan_modules, plan_tool
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.specs import ToolSpec

_CHUNK: Final = 16
"""Tools that a worker renders at a time; datamodel-code-generator is called once for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """The summaries of all tools, which modules could not have their plain names, and what
    changed."""

    tools: tuple[ToolSummary, ...] = ()
    renamed: tuple[Diagnostic, ...] = ()
    changes: Changes = NO_CHANGES
    digests: Mapping[str, str] = field(default_factory=dict[str, str])
    """The hash of each tool's spec."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One tool to render. ``digest`` is the hash of its spec, ``key`` that of everything that its
    files depend on."""

    spec: ToolSpec
    digest: str
    module: ModulePlan
    key: str


class _Rendered(NamedTuple):
    """One tool rendered: its summary, and the hashes of its files."""

    summary: ToolSummary
    files: dict[str, str]


def generate(
    specs: Mapping[str, ToolSpec],
    out: Path,
    *,
    templates: Path | None = None,
    package: Identifier = DEFAULT_PACKAGE,
    parts: frozenset[str] | None = None,
    check: bool = False,
    workers: Workers | None = None,
    said: Mapping[str, Sequence[Diagnostic]] | None = None,
    examples: Mapping[str, str] | None = None,
    digests: Mapping[str, str] | None = None,
) -> Generated:
    """Make ``out`` hold the tree of ``specs``, or these ``parts`` of it, modules in ``package``;
    with ``check``, only say what would change.

    ``workers`` are ended after their work, ``said`` is what other files than its spec say of each
    tool, ``examples`` are the tools that guides show, ``digests`` the hashes of the texts of specs,
    as far as they are known.
    """
    cache = default_cache()
    fingerprint = key_of(folder_fingerprint(template_folders(templates)), *sorted(parts or ()))
    if templates is not None:
        check_overrides(templates)
    modules, renamed = plan_modules(specs, package)
    tasks = list(_tasks(specs, modules, fingerprint, digests or {}))
    with publication_of(out, check=check) as publication:
        done: dict[str, _Rendered] = {}
        todo: list[_Task] = []
        for task in tasks:
            known: _Rendered | None = cache.get("tool", task.key)
            if known is not None and publication.take_unchanged(known.files):
                done[task.spec.tool] = known
            else:
                todo.append(task)
        render = partial(_render, publication.out, publication.stage, templates, parts)
        chunks = [todo[start : start + _CHUNK] for start in range(0, len(todo), _CHUNK)]
        with workers or Workers() as processes:
            rendered = processes.map(render, chunks, chunk=1)
            for task, (result, made) in zip(todo, chain.from_iterable(rendered), strict=True):
                publication.take(made)
                done[task.spec.tool] = result
        tools = tuple(done[tool].summary for tool in sorted(done))

        def plan_of(tool: str) -> ToolPlan:
            return plan_tool(specs[tool], modules[tool])

        renderer = _renderer(publication.stage, templates, parts)
        publication.put(render_shared(tools, plan_of, renderer, package, examples))
        cache.prune()
        worked_out = [task.spec.tool for task in todo]
        provenance = _provenance(done, tasks, said or {})
        changes = publication.finish(provenance, rendered=worked_out)
    return Generated(
        tools=tools,
        renamed=tuple(renamed),
        changes=changes,
        digests={task.spec.tool: task.digest for task in tasks},
    )


def _tasks(
    specs: Mapping[str, ToolSpec],
    modules: Mapping[str, ModulePlan],
    fingerprint: str,
    digests: Mapping[str, str],
) -> Iterator[_Task]:
    for tool, spec in sorted(specs.items()):
        module, digest = modules[tool], digests.get(tool) or digest_of(spec)
        key = key_of("tool", fingerprint, digest, module.name, module.spec_path)
        yield _Task(spec=spec, digest=digest, module=module, key=key)


@lru_cache(maxsize=1)
def _renderer(_: Path, templates: Path | None, parts: frozenset[str] | None) -> Renderer:
    """The renderer of this process for one build, by its staging folder; it has loaded the
    templates."""
    return Renderer(templates, parts)


def _render(
    out: Path,
    staged: Path,
    templates: Path | None,
    parts: frozenset[str] | None,
    tasks: Sequence[_Task],
) -> list[tuple[_Rendered, dict[str, Made]]]:
    """Render some tools; together they cost less than one by one."""
    renderer = _renderer(staged, templates, parts)
    plans = [plan_tool(task.spec, task.module) for task in tasks]
    validators = validators_of(plans) if renderer.makes("python/") else [None] * len(plans)
    results: list[tuple[_Rendered, dict[str, Made]]] = []
    for task, plan, validator in zip(tasks, plans, validators, strict=True):
        made = stage(render_tool(plan, renderer, validator), out=out, into=staged)
        summary = summary_of(plan)
        odd = (*summary.diagnostics, *check_spec(task.spec, ""))
        hashes = {path: each.sha256 for path, each in made.items()}
        done = _Rendered(replace(summary, diagnostics=odd), hashes)
        default_cache().put("tool", task.key, done)
        results.append((done, made))
    return results


def _provenance(
    done: Mapping[str, _Rendered],
    tasks: Sequence[_Task],
    said: Mapping[str, Sequence[Diagnostic]],
) -> dict[str, Entry]:
    def findings(spec: ToolSpec) -> list[str]:
        tool, source = spec.tool, spec.source
        known = [
            Diagnostic(code=each.code, message="", path="", subject=each.subject)
            for each in (source.findings if source else ())
            if each.code in RULES
        ]
        every = (*known, *done[tool].summary.diagnostics, *said.get(tool, ()))
        return sorted(finding(each) for each in every if not each.rule.boilerplate)

    return {
        "libraries": shaping_libraries(),
        "tools": {
            task.spec.tool: {
                "spec": f"specs/tools/{task.module.spec_path}.yaml",
                "sha256": task.digest,
                "module": task.module.name,
                "findings": findings(task.spec),
            }
            for task in tasks
        },
    }
