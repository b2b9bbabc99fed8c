"""Specs → a complete generated tree, in worker processes, and only what is not known already.

Each tool is planned and rendered on its own and then reduced to what the shared files need of it,
so that memory does not grow with what tools say about themselves.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wirogen.plan import ModulePlan, ToolPlan, plan_modules
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.publish import Changes, Made, Publication, stage
from wirogen.spec import ToolSpec, dump_spec
from wirogen.store import SHAPING, Store, default_store, folder_fingerprint, key_of
from wirogen.template_folders import template_folders
from wirogen.workers import in_workers

if TYPE_CHECKING:
    from wirogen.emit.templates import Renderer

_CHUNK: Final = 16
_KEPT_OPTIONS: Final = 3
_GROWING: Final = frozenset({"enum", "x-options"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One tool to render. ``digest`` is the hash of its spec, ``key`` of all it depends on."""

    spec: ToolSpec
    module: ModulePlan
    digest: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """One tool rendered: its reduced plan, what shared files need beyond it, and the hashes of
    its files."""

    plan: ToolPlan
    part: str
    digest: str
    files: dict[str, str]


def generate(
    specs: Mapping[str, ToolSpec],
    out: Path,
    *,
    templates: Path | None = None,
    package: Identifier = DEFAULT_PACKAGE,
    check: bool = False,
    jobs: int | None = None,
    store: Store | None = None,
    digests: Mapping[str, str] | None = None,
) -> tuple[tuple[ToolPlan, ...], Changes]:
    """Make ``out`` hold the tree of ``specs``, modules in ``package``; reduced plans and changes.

    ``digests`` are hashes of specs whose canonical text is known already. ``jobs`` are worker
    processes, by default one for each processor.
    """
    store = default_store() if store is None else store
    look = folder_fingerprint(template_folders(templates))
    if templates is not None:
        from wirogen.emit.overrides import check_overrides  # noqa: PLC0415 - see _prepare

        check_overrides(templates)
    tasks = list(_tasks(specs, package, look, digests or {}))
    with Publication(out, check=check) as publication:
        done: dict[str, _Done] = {}
        todo: list[_Task] = []
        for task in tasks:
            known: _Done | None = store.get("tool", task.key)
            if known is not None and publication.on_disk(known.files):
                publication.take({path: Made(sha, None) for path, sha in known.files.items()})
                done[task.spec.tool] = known
            else:
                todo.append(task)
        place = (publication.out, publication.stage, templates)
        chunks = [todo[start : start + _CHUNK] for start in range(0, len(todo), _CHUNK)]
        rendered = in_workers(
            _render, chunks, jobs=jobs, chunk=1, prepare=_prepare, arguments=place
        )
        for task, (result, made) in zip(todo, chain.from_iterable(rendered), strict=True):
            publication.take(made)
            store.put("tool", task.key, result)
            done[task.spec.tool] = result
        plans = tuple(done[tool].plan for tool in sorted(done))
        everything = key_of("shared", look, package, *(task.key for task in tasks))
        parts = {tool: each.part for tool, each in done.items()}
        _shared(plans, parts, package, everything, templates, publication, store)
        store.prune()
        return plans, publication.finish(_provenance(done))


def _tasks(
    specs: Mapping[str, ToolSpec], package: Identifier, look: str, digests: Mapping[str, str]
) -> Iterator[_Task]:
    modules, _ = plan_modules(specs, package)
    for tool in sorted(specs):
        module = modules[tool]
        digest = digests.get(tool) or hashlib.sha256(dump_spec(specs[tool]).encode()).hexdigest()
        key = key_of("tool", look, digest, module.name, module.spec_path)
        yield _Task(spec=specs[tool], module=module, digest=digest, key=key)


@dataclass(slots=True)
class _Worker:
    out: Path
    stage: Path
    renderer: Renderer


_worker: list[_Worker] = []


def _prepare(out: Path, stage_folder: Path, templates: Path | None) -> None:
    """What a process needs once. The libraries that render are loaded only where that is done."""
    from wirogen.emit.templates import Renderer  # noqa: PLC0415 - see above

    _worker[:] = [_Worker(out, stage_folder, Renderer(templates))]


def _render(tasks: Sequence[_Task]) -> list[tuple[_Done, dict[str, Made]]]:
    """Render some tools; together they cost less than one by one."""
    from wirogen.emit.validators import prepare_validators  # noqa: PLC0415 - see _prepare
    from wirogen.plan import plan_tool  # noqa: PLC0415 - see _prepare

    plans = [plan_tool(task.spec, task.module) for task in tasks]
    prepare_validators(plans)
    return [_render_one(task, plan) for task, plan in zip(tasks, plans, strict=True)]


def _render_one(task: _Task, plan: ToolPlan) -> tuple[_Done, dict[str, Made]]:
    from wirogen.emit.render import fragments, render_tool  # noqa: PLC0415 - see _prepare

    (worker,) = _worker
    made = stage(render_tool(plan, worker.renderer), out=worker.out, into=worker.stage)
    files = {path: each.sha256 for path, each in made.items()}
    return _Done(plan=reduced(plan), part=fragments(plan), digest=task.digest, files=files), made


def _shared(
    plans: Sequence[ToolPlan],
    parts: Mapping[str, str],
    package: Identifier,
    key: str,
    templates: Path | None,
    publication: Publication,
    store: Store,
) -> None:
    known: dict[str, str] | None = store.get("shared", key)
    if known is not None and publication.on_disk(known):
        publication.take({path: Made(sha, None) for path, sha in known.items()})
        return
    from wirogen.emit.render import render_shared  # noqa: PLC0415 - see _prepare
    from wirogen.emit.templates import Renderer  # noqa: PLC0415 - see _prepare

    made = publication.put(render_shared(plans, parts, Renderer(templates), package))
    store.put("shared", key, {path: each.sha256 for path, each in made.items()})


def reduced(plan: ToolPlan) -> ToolPlan:
    """The plan without what grows: of each list of options, the first few stay."""
    inputs = tuple(
        dataclasses.replace(
            item,
            spec=dataclasses.replace(item.spec, options=(item.spec.options or ())[:_KEPT_OPTIONS])
            if item.spec.options
            else item.spec,
            schema={key: item.schema[key] for key in item.schema if key not in _GROWING},
            constants=dataclasses.replace(
                item.constants, values=item.constants.values[:_KEPT_OPTIONS]
            )
            if item.constants
            else None,
            literal_values=item.literal_values[:_KEPT_OPTIONS],
        )
        for item in plan.inputs
    )
    spec = dataclasses.replace(
        plan.spec,
        inputs=tuple(item.spec for item in inputs),
        examples=plan.spec.examples[:1],
        sections=(),
        source=None,
    )
    return dataclasses.replace(plan, spec=spec, inputs=inputs)


def _provenance(done: Mapping[str, _Done]) -> dict[str, object]:
    return {
        "libraries": {name: importlib.metadata.version(name) for name in SHAPING},
        "tools": {
            tool: {
                "spec": f"specs/tools/{each.plan.module.spec_path}.yaml",
                "sha256": each.digest,
                "module": each.plan.module.name,
            }
            for tool, each in sorted(done.items())
        },
    }
