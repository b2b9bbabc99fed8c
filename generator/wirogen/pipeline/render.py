"""Specs → a complete generated tree, in worker processes, and only what is not known already.

Each tool is planned and rendered on its own, and only its card is kept, so that memory does not
grow with what tools say about themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

from wirogen.common.cache import Store, default_store, folder_fingerprint, key_of, shaping_libraries
from wirogen.common.workers import in_workers
from wirogen.diagnostics.model import Diagnostic
from wirogen.emit.dependencies import tool_look
from wirogen.held import Held
from wirogen.output.manifest import Entry
from wirogen.output.publication import NO_CHANGES, Changes, Made, Publication, stage
from wirogen.plan import ModulePlan, ToolCard, ToolPlan, plan_modules, plan_tool
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.standing import Standing
from wirogen.template_folders import template_folders

if TYPE_CHECKING:
    from wirogen.emit.templates import Renderer

_CHUNK: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What lists say of each tool, which modules could not have their plain names, and what
    changed."""

    cards: tuple[ToolCard, ...] = ()
    renamed: tuple[Diagnostic, ...] = ()
    changes: Changes = NO_CHANGES


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """One tool to render. ``key`` is the hash of all that its files depend on."""

    held: Held
    module: ModulePlan
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Done:
    """One tool rendered: its card, and the hashes of its files."""

    card: ToolCard
    digest: str
    files: dict[str, str]


def generate(
    specs: Mapping[str, Held],
    out: Path,
    *,
    templates: Path | None = None,
    package: Identifier = DEFAULT_PACKAGE,
    check: bool = False,
    jobs: int | None = None,
    store: Store | None = None,
    standing: Standing | None = None,
) -> Generated:
    """Make ``out`` hold the tree of ``specs``, modules in ``package``; what became of it.

    ``jobs`` are worker processes, by default one for each processor, ``standing`` is a look at
    ``out`` that has begun before.
    """
    store = default_store() if store is None else store
    folders = template_folders(templates)
    look = folder_fingerprint(folders)
    if templates is not None:
        from wirogen.emit.overrides import check_overrides  # noqa: PLC0415 - see _prepare

        check_overrides(templates)
    modules, renamed = plan_modules(specs, package)
    tasks = list(_tasks(specs, modules, tool_look(folders, store)))
    with Publication(out, check=check, standing=standing) as publication:
        done: dict[str, _Done] = {}
        todo: list[_Task] = []
        for task in tasks:
            known: _Done | None = store.get("tool", task.key)
            if known is not None and publication.on_disk(known.files):
                publication.take({path: Made(sha, None) for path, sha in known.files.items()})
                done[task.held.tool] = known
            else:
                todo.append(task)
        place = (publication.out, publication.stage, templates, store)
        chunks = [todo[start : start + _CHUNK] for start in range(0, len(todo), _CHUNK)]
        rendered = in_workers(
            _render, chunks, jobs=jobs, chunk=1, prepare=_prepare, arguments=place
        )
        for task, (result, made) in zip(todo, chain.from_iterable(rendered), strict=True):
            publication.take(made)
            done[task.held.tool] = result
        cards = tuple(done[tool].card for tool in sorted(done))
        keys = {task.held.tool: task.key for task in tasks}

        @cache
        def plan_of(tool: str) -> ToolPlan:
            return plan_tool(specs[tool].load(), done[tool].card.module)

        _shared(cards, plan_of, package, look, keys, templates, publication, store)
        store.prune()
        worked_out = [task.held.tool for task in todo]
        changes = publication.finish(_provenance(done), rendered=worked_out)
    return Generated(cards=cards, renamed=tuple(renamed), changes=changes)


def _tasks(
    specs: Mapping[str, Held], modules: Mapping[str, ModulePlan], look: str
) -> Iterator[_Task]:
    for tool in sorted(specs):
        module = modules[tool]
        key = key_of("tool", look, specs[tool].digest, module.name, module.spec_path)
        yield _Task(held=specs[tool], module=module, key=key)


@dataclass(slots=True)
class _Worker:
    out: Path
    stage: Path
    store: Store
    renderer: Renderer


_worker: list[_Worker] = []


def _prepare(out: Path, stage_folder: Path, templates: Path | None, store: Store) -> None:
    """What a process needs once. The libraries that render are loaded only where that is done."""
    from wirogen.emit.templates import Renderer  # noqa: PLC0415 - see above

    _worker[:] = [_Worker(out, stage_folder, store, Renderer(templates, store))]


def _render(tasks: Sequence[_Task]) -> list[tuple[_Done, dict[str, Made]]]:
    """Render some tools; together they cost less than one by one."""
    from wirogen.emit.python.validators import prepare_validators  # noqa: PLC0415 - see _prepare

    plans = [plan_tool(task.held.load(), task.module) for task in tasks]
    (worker,) = _worker
    prepare_validators(plans, worker.store)
    return [_render_one(task, plan) for task, plan in zip(tasks, plans, strict=True)]


def _render_one(task: _Task, plan: ToolPlan) -> tuple[_Done, dict[str, Made]]:
    from wirogen.emit.cards import card_of  # noqa: PLC0415 - see _prepare
    from wirogen.emit.render import render_tool  # noqa: PLC0415 - see _prepare

    (worker,) = _worker
    made = stage(render_tool(plan, worker.renderer), out=worker.out, into=worker.stage)
    files = {path: each.sha256 for path, each in made.items()}
    done = _Done(card=card_of(plan), digest=task.held.digest, files=files)
    worker.store.put("tool", task.key, done)
    return done, made


def _shared(
    cards: Sequence[ToolCard],
    plan_of: Callable[[str], ToolPlan],
    package: Identifier,
    look: str,
    keys: Mapping[str, str],
    templates: Path | None,
    publication: Publication,
    store: Store,
) -> None:
    key = key_of("shared", look, package, *keys.values())
    known: dict[str, str] | None = store.get("shared", key)
    if known is not None and publication.on_disk(known):
        publication.take({path: Made(sha, None) for path, sha in known.items()})
        return
    from wirogen.emit.render import render_shared  # noqa: PLC0415 - see _prepare
    from wirogen.emit.templates import Renderer  # noqa: PLC0415 - see _prepare

    def remember(texts: Sequence[str], tools: Sequence[ToolCard], make: Callable[[], str]) -> str:
        parts = (look, *texts, *(keys[card.module.tool] for card in tools))
        return store.memo("page", key_of("page", *parts), make)

    files = render_shared(cards, plan_of, Renderer(templates, store), package, remember)
    made = publication.put(files)
    store.put("shared", key, {path: each.sha256 for path, each in made.items()})


def _provenance(done: Mapping[str, _Done]) -> dict[str, Entry]:
    return {
        "libraries": shaping_libraries(),
        "tools": {
            tool: {
                "spec": f"specs/tools/{each.card.module.spec_path}.yaml",
                "sha256": each.digest,
                "module": each.card.module.name,
            }
            for tool, each in sorted(done.items())
        },
    }
