"""One run of sync: list the catalogue, download each document, accept or quarantine it, report.

Nothing that a server says ends the run but an error about the catalogue itself: a tool whose
response is odd, slow or absent costs one diagnostic.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2

from wiro_runtime import WiroError
from wiro_runtime.http.api import Api
from wiro_runtime.http.transport import Transport
from wiro_runtime.settings import Settings
from wirogen.common.fetching import DownloadError
from wirogen.common.files import read_whole, sha256, sweep, write_file
from wirogen.common.paths import UnsafePathError, inside
from wirogen.common.text import counted
from wirogen.detail.read import read_detail
from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.document import parse_document
from wirogen.merge.detail import merge_detail
from wirogen.specs import ToolSpec
from wirogen.specs.names import slug, tool_hash
from wirogen.sync.acceptance import accept_page
from wirogen.sync.listing import Catalogue, Filters, Listed, list_tools, same_detail, tool_detail
from wirogen.sync.pages import REQUEST_SECONDS, Fetched, Pages, page_client
from wirogen.sync.state import FOLDER, Entry, State

SITE: Final = "https://wiro.ai"
CATALOGUE_SECONDS: Final = 300.0
TOOL_SECONDS: Final = 180.0
GIVE_UP: Final = 10
"""Tools in a row without a complete response, after which no other one is asked for."""


class Verdict(StrEnum):
    """The result for one tool."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    QUARANTINED = "quarantined"
    FAILED = "failed"


_VERDICTS: Final = frozenset(map(str, Verdict))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The result for one tool; ``spec`` is that of a document that is new or changed, ``address``
    where its page is, when one was found."""

    tool: str
    verdict: Verdict
    spec: ToolSpec | None = None
    address: str = ""
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``tools`` are the only ones that are asked for, without the catalogue; the next run begins
    anew, should this one be interrupted. ``concurrency`` limits the requests at a time. ``accept``
    are tools whose documents may shrink. ``site`` is the address of the pages; by default that of
    the API when the API is on loopback. ``catalogue_seconds`` limits the whole listing,
    ``request_seconds`` one download, ``tool_seconds`` a tool with all its requests and delays.
    ``pause`` scales the delays; tests make it small."""

    filters: Filters = field(default_factory=Filters)
    tools: tuple[Listed, ...] | None = None
    dry_run: bool = False
    detail: bool = True
    concurrency: int = 4
    accept: frozenset[str] = frozenset()
    site: str | None = None
    pause: float = 1.0
    catalogue_seconds: float = CATALOGUE_SECONDS
    request_seconds: float = REQUEST_SECONDS
    tool_seconds: float = TOOL_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """``listed`` counts the tools of the catalogue that were asked for, ``resumed`` those of them
    that an interrupted run had done. ``gone`` are tools with a document that the complete catalogue
    does not list; their files stay. ``verdicts`` are by tool, those of the interrupted run
    included. ``general`` are diagnostics about no single tool."""

    listed: int
    resumed: int
    outcomes: tuple[Outcome, ...]
    verdicts: Mapping[str, Verdict]
    gone: tuple[str, ...]
    complete: bool
    general: tuple[Diagnostic, ...] = ()

    @property
    def diagnostics(self) -> list[Diagnostic]:
        found = [each for outcome in self.outcomes for each in outcome.diagnostics]
        return [*self.general, *found]


@dataclass(slots=True)
class _Job:
    """The state that all tools of a run share. ``paths`` has the tools of each document,
    ``failures`` counts the tools in a row that got no complete response, ``skipped`` those that
    were not asked for after that."""

    root: Path
    known: Mapping[str, ToolSpec]
    options: Options
    state: State
    api: Api
    pages: Pages
    paths: defaultdict[str, set[str]]
    failures: int = 0
    skipped: int = 0

    @property
    def documents(self) -> Path:
        return self.root / "specs" / "documents"


async def sync(
    root: Path,
    known: Mapping[str, ToolSpec],
    settings: Settings,
    options: Options,
    *,
    on_listed: Callable[[int], None] = lambda _total: None,
    on_done: Callable[[Outcome], None] = lambda _outcome: None,
) -> SyncReport:
    """Bring ``specs/documents/`` up to date. ``known`` are the specs of the project.

    Raises :class:`WiroError` or :class:`CatalogueError` when the catalogue cannot be listed, and
    :class:`InputError` for a state file that leads outside of the project. A run that was cancelled
    or killed is resumed by the next call with the same filters.
    """
    if not options.dry_run:
        sweep(root / "specs")
    state = State(root)
    transport = Transport(settings)
    client = page_client(connections=options.concurrency, proxies=not settings.local)
    try:
        api = Api(settings, transport)
        if options.tools is None:
            seconds = options.catalogue_seconds
            catalogue = await list_tools(api, options.filters, seconds=seconds)
        else:
            catalogue = Catalogue(tools=options.tools, complete=False, unreadable=0)
        tools = catalogue.tools
        if options.tools is None and not options.dry_run:
            state.begin({"filters": asdict(options.filters), "detail": options.detail})
        done = {
            tool: Verdict(verdict) for tool, verdict in state.done.items() if verdict in _VERDICTS
        }
        resumed = {each.tool for each in tools if each.tool in done}
        left = [each for each in tools if each.tool not in resumed]
        on_listed(len(left))
        job = _job(root, known, options, state, api, client)
        outcomes = await _all(job, left, on_done)
        if options.tools is not None:
            state.save()
        elif not options.dry_run:
            state.finish()
    finally:
        state.pause()
        await client.aclose()
        await transport.aclose()
    return SyncReport(
        listed=len(tools),
        resumed=len(resumed),
        outcomes=tuple(outcomes),
        verdicts={tool: done[tool] for tool in resumed}
        | {outcome.tool: outcome.verdict for outcome in outcomes},
        gone=_gone(known, tools) if catalogue.complete else (),
        complete=catalogue.complete,
        general=_general(catalogue, job),
    )


def _job(
    root: Path,
    known: Mapping[str, ToolSpec],
    options: Options,
    state: State,
    api: Api,
    client: httpx2.AsyncClient,
) -> _Job:
    site = options.site or _site(api.settings)
    pages = Pages(site, client, pause=options.pause, seconds=options.request_seconds)
    documents = root / "specs" / "documents"
    paths: defaultdict[str, set[str]] = defaultdict(set)
    for tool, entry in state.entries.items():
        if _hash_of(documents, entry.document) is not None:
            paths[entry.document].add(tool)
    for tool, spec in known.items():
        if spec.source is not None:
            paths[spec.source.document] = {tool}
    return _Job(root, known, options, state, api, pages, paths)


def _general(catalogue: Catalogue, job: _Job) -> tuple[Diagnostic, ...]:
    found: list[Diagnostic] = []
    if catalogue.unreadable:
        entries = counted(catalogue.unreadable, "entry", "entries")
        message = f"{entries} of the catalogue without the name of a tool"
        found.append(Diagnostic(code="Y004", message=message, path="/Tool/List"))
    if job.skipped:
        message = (
            f"{counted(job.skipped, 'tool')} not asked for, because {GIVE_UP} in a row got no "
            "complete response"
        )
        found.append(Diagnostic(code="Y004", message=message, path="sync"))
    return tuple(found)


def _site(settings: Settings) -> str:
    parts = urlsplit(settings.base_url)
    return f"{parts.scheme}://{parts.netloc}" if settings.local else SITE


def _gone(known: Mapping[str, ToolSpec], tools: Sequence[Listed]) -> tuple[str, ...]:
    there = {(slug(each.owner), slug(each.project)) for each in tools}
    there |= {(slug(each.clean_owner), slug(each.clean_project)) for each in tools}
    return tuple(
        sorted(
            tool
            for tool, spec in known.items()
            if spec.source is not None and (slug(spec.owner), slug(spec.project)) not in there
        )
    )


async def _all(job: _Job, tools: list[Listed], on_done: Callable[[Outcome], None]) -> list[Outcome]:
    waiting = iter(tools)
    outcomes: list[Outcome] = []

    async def work() -> None:
        for listed in waiting:
            outcome = await _one(job, listed)
            outcomes.append(outcome)
            on_done(outcome)

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(min(job.options.concurrency, len(tools))):
                group.create_task(work())
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
    return sorted(outcomes, key=lambda outcome: outcome.tool)


async def _one(job: _Job, listed: Listed) -> Outcome:
    """Download and write one tool. Every response, good or not, ends in an outcome."""
    if job.failures >= GIVE_UP:
        job.skipped += 1
        return Outcome(tool=listed.tool, verdict=Verdict.FAILED)
    unreachable = False
    try:
        async with asyncio.timeout(job.options.tool_seconds):
            outcome = await _bring(job, listed)
    except (DownloadError, WiroError, UnsafePathError, TimeoutError) as error:
        # Whether no complete response came at all, as `DownloadError` and `WiroError` know.
        unreachable = getattr(error, "unreachable", False) or getattr(error, "retryable", False)
        unreachable = unreachable or isinstance(error, TimeoutError)
        message = str(error) or f"not complete after {job.options.tool_seconds:g} s"
        failed = Diagnostic(code="Y004", message=message, path=listed.tool)
        outcome = Outcome(tool=listed.tool, verdict=Verdict.FAILED, diagnostics=(failed,))
    job.failures = job.failures + 1 if unreachable else 0
    return outcome


async def _bring(job: _Job, listed: Listed) -> Outcome:
    entry = job.state.entries.get(listed.tool)
    if entry is not None and _hash_of(job.documents, entry.document) != entry.sha256:
        # The document was changed or removed by hand: only the whole page can restore it.
        entry = None
    fetched = await job.pages.fetch(listed, entry.validators if entry else None)
    detail = await tool_detail(job.api, listed) if job.options.detail else None
    outcome, entry = _take(job, listed, fetched, entry)
    if entry is not None:
        outcome = _take_detail(job, listed, entry.document, detail, outcome)
    if not job.options.dry_run:
        job.state.record(listed.tool, outcome.verdict, entry)
    return replace(outcome, address=fetched.validators.url)


def _take(
    job: _Job, listed: Listed, fetched: Fetched, entry: Entry | None
) -> tuple[Outcome, Entry | None]:
    """Write the page if it is a good document, differs, and may replace the present one."""
    tool = listed.tool
    quarantined = inside(
        job.root / FOLDER, f"quarantine/{slug(listed.owner)}/{slug(listed.project)}.txt"
    )
    if fetched.data is None:
        if not job.options.dry_run:
            quarantined.unlink(missing_ok=True)  # the page is what it was before
        return Outcome(tool=tool, verdict=Verdict.UNCHANGED), entry
    known = _known(job.known, listed)
    verdict = accept_page(
        fetched.data,
        listed,
        _before(job, known),
        full=fetched.full,
        path=quarantined.relative_to(job.root).as_posix(),
        accept=tool in job.options.accept,
    )
    if isinstance(verdict, Diagnostic):
        if not job.options.dry_run:
            write_file(quarantined, fetched.data)
        return Outcome(tool=tool, verdict=Verdict.QUARANTINED, diagnostics=(verdict,)), None
    document = _document(job, listed, verdict, known)
    file = inside(job.documents, document)
    digest = sha256(fetched.data)
    before = _hash_of(job.documents, document)
    if not job.options.dry_run:
        if before != digest:
            write_file(file, fetched.data)
        quarantined.unlink(missing_ok=True)
    taken = Entry(validators=fetched.validators, sha256=digest, document=document)
    if before == digest:
        return Outcome(tool=tool, verdict=Verdict.UNCHANGED), taken
    kind = Verdict.NEW if before is None and known is None else Verdict.CHANGED
    return Outcome(tool=tool, verdict=kind, spec=verdict), taken


def _take_detail(
    job: _Job, listed: Listed, document: str, detail: bytes | None, outcome: Outcome
) -> Outcome:
    """Write the response of this run, if it differs, and add what Tool/Detail says to the spec of
    the outcome, as a build does. Without one, an earlier response counts."""
    path = f"{document.removesuffix('.txt')}.json"
    file = inside(job.documents, path)
    before = read_whole(file) if file.is_file() else None
    if detail is None or (before is not None and same_detail(before, detail)):
        return _with_detail(outcome, before, path)
    if not job.options.dry_run:
        write_file(file, detail)
    if outcome.verdict is Verdict.UNCHANGED:
        spec = _before(job, _known(job.known, listed))
        outcome = replace(outcome, verdict=Verdict.CHANGED, spec=spec)
    return _with_detail(outcome, detail, path)


def _with_detail(outcome: Outcome, data: bytes | None, path: str) -> Outcome:
    if outcome.spec is None or data is None:
        return outcome
    try:
        detail = read_detail(data, path=path)
    except InputError:
        return outcome
    return replace(outcome, spec=merge_detail(outcome.spec, detail, document=path)[0])


def _known(known: Mapping[str, ToolSpec], listed: Listed) -> ToolSpec | None:
    clean = f"{listed.clean_owner}/{listed.clean_project}"
    return known.get(listed.tool) or known.get(clean)


def _before(job: _Job, known: ToolSpec | None) -> ToolSpec | None:
    """Return the spec of the present document alone: the known one may have more, from
    Tool/Detail."""
    if known is None or known.source is None:
        return known
    document = known.source.document
    if document.endswith(".json"):
        return None
    try:
        file = inside(job.documents, document)
        return parse_document(read_whole(file), path=document).spec
    except (OSError, InputError, UnsafePathError):
        return known


def _document(job: _Job, listed: Listed, spec: ToolSpec, known: ToolSpec | None) -> str:
    """Return the path of the document: that of the known one, or of an earlier run, or the one that
    its name gives. Two tools with the same name are told apart by a hash."""
    path = f"{slug(spec.owner)}/{slug(spec.project)}.txt"
    source, entry = known and known.source, job.state.entries.get(listed.tool)
    before = source.document if source else entry.document if entry else ""
    if before.endswith(".txt") and _hash_of(job.documents, before) is not None:
        path = before
    while job.paths[path] and job.paths[path].isdisjoint({spec.tool, listed.tool}):
        path = f"{path.removesuffix('.txt')}-{tool_hash(spec.tool)}.txt"
    job.paths[path].add(spec.tool)
    return path


def _hash_of(folder: Path, path: str) -> str | None:
    """Return the hash of a file, ``None`` for one that is absent or not below ``folder``."""
    try:
        return sha256(read_whole(inside(folder, path)))
    except (OSError, UnsafePathError):
        return None
