"""One run of sync: list, download, judge, write, and say what came of it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx2

from wiro_runtime import WiroError
from wiro_runtime.http.api import Api
from wiro_runtime.http.nonblocking import AsyncPort
from wiro_runtime.settings import Settings
from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.document import parse_document
from wirogen.output.publication import sweep, write_file
from wirogen.specs import ToolSpec
from wirogen.specs.names import slug, tool_hash
from wirogen.sync.acceptance import judge
from wirogen.sync.listing import Filters, Listed, list_tools, tool_detail
from wirogen.sync.pages import DownloadError, Fetched, Pages
from wirogen.sync.state import FOLDER, Entry, State

SITE: Final = "https://wiro.ai"


class Verdict(StrEnum):
    """What became of one tool."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    ASIDE = "aside"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One tool after sync; ``spec`` is the one of a document that is new or changed."""

    tool: str
    verdict: Verdict
    spec: ToolSpec | None = None
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """``concurrency`` bounds requests in flight. ``accept`` are tools whose documents may shrink.
    ``site`` is where the pages are; by default where the API is, when that is on loopback."""

    filters: Filters = field(default_factory=Filters)
    dry_run: bool = False
    detail: bool = True
    concurrency: int = 4
    accept: frozenset[str] = frozenset()
    site: str | None = None
    pause: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """``listed`` counts the catalogue's tools that were looked at, ``resumed`` those that an
    interrupted run had done. ``gone`` are tools with a document that the complete catalogue does
    not list; their files stay. ``verdicts`` are by tool, those of the interrupted run included."""

    listed: int
    resumed: int
    outcomes: tuple[Outcome, ...]
    verdicts: Mapping[str, Verdict]
    gone: tuple[str, ...]
    complete: bool

    @property
    def diagnostics(self) -> list[Diagnostic]:
        return [each for outcome in self.outcomes for each in outcome.diagnostics]


@dataclass(slots=True)
class _Job:
    """What all tools of a run share."""

    root: Path
    known: Mapping[str, ToolSpec]
    options: Options
    state: State
    api: Api
    pages: Pages
    paths: dict[str, str]


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

    Raises :class:`WiroError` when the catalogue cannot be listed. Cancelled or killed, it goes on
    where it stopped when it is called with the same filters again.
    """
    if not options.dry_run:
        sweep(root / "specs")
    state = State(root)
    port = AsyncPort(settings)
    client = httpx2.AsyncClient(
        follow_redirects=True,
        max_redirects=3,
        timeout=settings.timeouts.request,
        limits=httpx2.Limits(max_connections=options.concurrency),
        trust_env=not settings.local,
        headers={"user-agent": "wiro-tools", "accept": "text/plain, text/*;q=0.5"},
    )
    try:
        api = Api(settings, port)
        tools, complete = await list_tools(api, options.filters)
        if not options.dry_run:
            state.begin({"filters": options.filters.as_json(), "detail": options.detail})
        resumed = {each.tool for each in tools if each.tool in state.done}
        left = [each for each in tools if each.tool not in resumed]
        on_listed(len(left))
        site = options.site or _site(settings)
        pages = Pages(site, client, pause=options.pause)
        paths = {
            spec.source.document: tool for tool, spec in known.items() if spec.source is not None
        }
        job = _Job(root, known, options, state, api, pages, paths)
        outcomes = await _all(job, left, on_done)
        if not options.dry_run:
            state.finish()
    finally:
        state.pause()
        await client.aclose()
        await port.aclose()
    verdicts = {tool: Verdict(verdict) for tool, verdict in state.done.items() if tool in resumed}
    verdicts |= {outcome.tool: outcome.verdict for outcome in outcomes}
    gone = _gone(known, tools) if complete else ()
    return SyncReport(
        listed=len(tools),
        resumed=len(resumed),
        outcomes=tuple(outcomes),
        verdicts=verdicts,
        gone=gone,
        complete=complete,
    )


def _site(settings: Settings) -> str:
    parts = urlsplit(settings.base_url)
    return f"{parts.scheme}://{parts.netloc}" if settings.local else SITE


def _gone(known: Mapping[str, ToolSpec], tools: list[Listed]) -> tuple[str, ...]:
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
    documents = job.root / "specs" / "documents"
    entry = job.state.entries.get(listed.tool)
    if entry is not None and _hash_of(documents / entry.document) != entry.sha256:
        # Somebody changed or removed the document: only the whole page can restore it.
        entry = None
    try:
        fetched = await job.pages.fetch(listed, entry.validators if entry else None)
        detail = await tool_detail(job.api, listed) if job.options.detail else None
    except (DownloadError, WiroError) as error:
        failed = Diagnostic(code="Y004", message=str(error), path=listed.tool)
        return Outcome(tool=listed.tool, verdict=Verdict.FAILED, diagnostics=(failed,))
    outcome, entry = _take(job, listed, fetched, entry)
    if detail is not None and entry is not None:
        outcome = _take_detail(job, documents / entry.document, detail, outcome)
    if not job.options.dry_run:
        job.state.record(listed.tool, outcome.verdict, entry)
    return outcome


def _take(
    job: _Job, listed: Listed, fetched: Fetched, entry: Entry | None
) -> tuple[Outcome, Entry | None]:
    """Write the page if it is good, news, and may replace what is there."""
    tool = listed.tool
    if fetched.data is None:
        return Outcome(tool=tool, verdict=Verdict.UNCHANGED), entry
    known = _known(job.known, listed)
    aside = job.root / FOLDER / "aside" / slug(listed.owner) / f"{slug(listed.project)}.txt"
    verdict = judge(
        fetched.data,
        listed,
        _before(job, known),
        full=fetched.full,
        path=aside.relative_to(job.root).as_posix(),
        accept=tool in job.options.accept,
    )
    if isinstance(verdict, Diagnostic):
        if not job.options.dry_run:
            write_file(aside, fetched.data)
        return Outcome(tool=tool, verdict=Verdict.ASIDE, diagnostics=(verdict,)), None
    document = _document(job, verdict, known)
    file = job.root / "specs" / "documents" / document
    digest = hashlib.sha256(fetched.data).hexdigest()
    before = _hash_of(file)
    if not job.options.dry_run:
        if before != digest:
            write_file(file, fetched.data)
        aside.unlink(missing_ok=True)
    taken = Entry(validators=fetched.validators, sha256=digest, document=document)
    if before == digest:
        return Outcome(tool=tool, verdict=Verdict.UNCHANGED), taken
    kind = Verdict.NEW if before is None and known is None else Verdict.CHANGED
    return Outcome(tool=tool, verdict=kind, spec=verdict), taken


def _take_detail(job: _Job, document: Path, detail: bytes, outcome: Outcome) -> Outcome:
    file = document.with_suffix(".json")
    if _hash_of(file) == hashlib.sha256(detail).hexdigest():
        return outcome
    if not job.options.dry_run:
        write_file(file, detail)
    if outcome.verdict is not Verdict.UNCHANGED:
        return outcome
    return Outcome(tool=outcome.tool, verdict=Verdict.CHANGED)


def _known(known: Mapping[str, ToolSpec], listed: Listed) -> ToolSpec | None:
    clean = f"{listed.clean_owner}/{listed.clean_project}"
    return known.get(listed.tool) or known.get(clean)


def _before(job: _Job, known: ToolSpec | None) -> ToolSpec | None:
    """What the document that we have says by itself: a spec may know more, from Tool/Detail."""
    if known is None or known.source is None:
        return known
    if known.source.document.endswith(".json"):
        return None
    file = job.root / "specs" / "documents" / known.source.document
    try:
        return parse_document(file.read_bytes(), path=known.source.document).spec
    except (OSError, InputError):
        return known


def _document(job: _Job, spec: ToolSpec, known: ToolSpec | None) -> str:
    """Where the document belongs: where the known one is, or where its name says. Two tools that
    share a name are told apart by a hash."""
    path = f"{slug(spec.owner)}/{slug(spec.project)}.txt"
    if known is not None and known.source is not None:
        before = known.source.document
        if before.endswith(".txt") and (job.root / "specs" / "documents" / before).is_file():
            path = before
    if job.paths.setdefault(path, spec.tool) != spec.tool:
        path = f"{path.removesuffix('.txt')}-{tool_hash(spec.tool)}.txt"
    return path


def _hash_of(file: Path) -> str | None:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None
