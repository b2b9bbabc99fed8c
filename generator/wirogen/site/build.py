"""Builds the HTML site from ``generated/docs/``.

Zensical builds the home page, the guides, the reference and two shells (:mod:`wirogen.site.stage`).
The pages of tools and categories, which are many, are set into the shells, in parallel and only
when they have changed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, cast

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from wirogen.common.cache import key_of
from wirogen.common.files import names_below, read_whole, write_file
from wirogen.common.json_values import parse_json
from wirogen.common.paths import UnsafePathError, inside, path_problem
from wirogen.diagnostics.model import Diagnostic, input_error
from wirogen.site.assemble import Job, assemble, neighbours
from wirogen.site.covers import COVER_HOST, CoverMode, Covers, local_covers, remote_covers
from wirogen.site.pictures import hue
from wirogen.site.related import related_tools
from wirogen.site.stage import (
    CATEGORY_SHELL,
    TOOL_SHELL,
    digest_of,
    is_many,
    run_zensical,
    stage_files,
    write_stage,
)
from wirogen.site.target import check_target, mark, site_address
from wirogen.site.texts import search_index, sitemap, write_changed, write_texts

_STATE: Final = "state.json"
_READ_BACK: Final = ("search.json", f"{TOOL_SHELL}.html", f"{CATEGORY_SHELL}.html")
"""What Zensical made and later builds read."""


class _Tool(BaseModel, strict=True):
    """What the site reads of an entry of ``tools.json``."""

    tool: str
    page: str
    main: str
    cover: str | None
    description: str
    categories: list[str]
    tags: list[str]
    inputs: list[str]
    makes: str
    topics: list[Annotated[list[str], Field(min_length=2, max_length=2)]]
    purpose: str
    runs: int | None


class _State(BaseModel):
    """The earlier build: the hash of its stage, of each page by path, and the paths of its site
    that a later build may remove."""

    stage: str = ""
    pages: dict[str, str] = {}
    files: set[str] = set()


_TOOLS: Final = TypeAdapter(list[_Tool])


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteReport:
    """What a build did: pages in the site, pages made now, whether Zensical had to run, and the
    covers that are not in it."""

    pages: int
    made: int
    whole: bool
    missing: tuple[Diagnostic, ...] = ()


def build_site(
    docs: Path,
    out: Path,
    *,
    work: Path,
    name: str,
    site_url: str | None,
    workers: int = 2,
    covers: CoverMode = CoverMode.NONE,
    cover_hosts: Collection[str] = (COVER_HOST,),
    studio: bool = False,
) -> SiteReport:
    """Make ``out`` the site of ``docs``. ``work`` is the folder of the build's cache and state.
    ``studio``: the site is for ``wiro-tools studio``, with a page of all runs.

    Only ``covers=LOCAL`` sends requests, and only to ``cover_hosts``. Raises :class:`InputError`
    when ``docs`` is no documentation source, ``out`` may not be written to (see
    :func:`wirogen.site.target.check_target`), ``site_url`` is no address, or Zensical fails.
    """
    site_url = site_address(site_url) if site_url is not None else None
    check_target(out, docs)
    tools = _tools(docs)
    pictures = _covers(tools, covers, work / "covers", cover_hosts)
    stage = work / "stage"
    elsewhere = covers is CoverMode.REMOTE
    sources = stage_files(docs, name=name, site_url=site_url, elsewhere=elsewhere, studio=studio)
    old = _read_state(work / _STATE)
    digest = digest_of(sources)
    whole = old.stage != f"{digest} {_made_by_zensical(stage / 'site')}"
    if whole:
        write_stage(stage, sources)
        run_zensical(stage)
    listed = [_with_picture(tool, pictures) for tool in tools]
    pages = _pages(docs, out, stage / "site", listed, pictures)
    made = {path: _job_digest(job) for path, job in pages.items()}
    mark(out)
    todo = [
        job
        for path, job in pages.items()
        if old.pages.get(path) != made[path] or not job.target.is_file()
    ]
    kept = _copy_static(docs, stage / "site", out, pictures)
    assemble(todo, workers=workers)
    write_changed(out / "tools.json", _json_lines(listed))
    write_changed(out / "find.json", search_index(stage / "site" / "search.json", listed))
    kept |= write_texts(docs, sources, out)
    if site_url:
        write_file(out / "sitemap.xml", sitemap(site_url, kept | set(pages)))
    files = kept | set(pages) | {"tools.json", "find.json"}
    _remove(out, old.files - files)
    stamp = f"{digest} {_made_by_zensical(stage / 'site')}"
    removable = {path for path in files if path_problem(path) is None}
    state = _State(stage=stamp, pages=made, files=removable)
    write_file(work / _STATE, state.model_dump_json())
    total = sum(path.endswith(".html") for path in files)
    return SiteReport(pages=total, made=len(todo), whole=whole, missing=pictures.missing)


def _made_by_zensical(site: Path) -> str:
    """A hash of what is read back, other than that of any site where some of it is missing."""
    try:
        return digest_of({path: read_whole(site / path) for path in _READ_BACK})
    except OSError:
        return ""


def _covers(
    tools: list[dict[str, Any]], mode: CoverMode, cache: Path, hosts: Collection[str]
) -> Covers:
    addresses = [str(tool["cover"]) for tool in tools if tool["cover"]]
    if mode is CoverMode.LOCAL:
        return local_covers(addresses, cache, hosts=hosts)
    return remote_covers(addresses) if mode is CoverMode.REMOTE else Covers(found={}, files={})


def _with_picture(tool: Mapping[str, Any], pictures: Covers) -> dict[str, Any]:
    """A tool with what its card shows: ``picture``, below the site, and a colour."""
    cover = pictures.found.get(str(tool["cover"]))
    shown = {"picture": cover.source, "moves": cover.video} if cover else {}
    return {**tool, **shown, "hue": hue(str(tool["tool"]))}


def _json_lines(tools: Iterable[Mapping[str, Any]]) -> str:
    lines = (json.dumps(tool, ensure_ascii=False, separators=(",", ":")) for tool in tools)
    return '{"tools":[\n' + ",\n".join(lines) + "\n]}\n"


def _tools(docs: Path) -> list[dict[str, Any]]:
    """Return the entries of ``tools.json``. Raises :class:`InputError` where it is no such file."""
    try:
        data = parse_json(read_whole(docs / "tools.json"))
        if isinstance(data, dict):
            _TOOLS.validate_python(data["tools"])
            return cast("list[dict[str, Any]]", data["tools"])
    except (OSError, ValueError, KeyError, RecursionError):
        pass
    message = "is not what wirogen build makes (no tools.json in it, or another one); build first"
    raise input_error("S004", message, docs)


def _pages(
    docs: Path, out: Path, site: Path, tools: list[dict[str, Any]], pictures: Covers
) -> dict[str, Job]:
    """The many pages, by path below the site."""
    shells = {
        depth: _squeezed((site / f"{shell}.html").read_text(encoding="utf-8"))
        for depth, shell in (("tools", TOOL_SHELL), ("categories", CATEGORY_SHELL))
    }
    around = neighbours((tool["main"], tool["page"], tool["tool"]) for tool in tools)
    covers = {tool["page"]: pictures.found.get(str(tool["cover"])) for tool in tools}
    related = related_tools(tools)
    jobs: dict[str, Job] = {}
    for path in names_below(docs):
        if not is_many(path):
            continue
        target = f"{path.removesuffix('.md')}.html"
        jobs[target] = Job(
            source=docs / path,
            target=out / target,
            shell=shells[path.partition("/")[0]],
            path=target,
            end=related.get(target, "") + around.get(target, ""),
            cover=covers.get(target),
        )
    return jobs


def _squeezed(shell: str) -> str:
    """A shell without the white space that the theme's templates leave: it is in every page."""
    return "\n".join(line.strip() for line in shell.splitlines() if line.strip())


def _job_digest(job: Job) -> str:
    return key_of(job.shell, job.end, repr(job.cover), read_whole(job.source))


def _copy_static(docs: Path, site: Path, out: Path, pictures: Covers) -> set[str]:
    """Copy what Zensical made, covers, the data of tools and the schemas; their paths below the
    site."""
    kept = set(pictures.files)
    for path, file in pictures.files.items():
        _copy(file, out / path)
    for path in names_below(site):
        if not path.endswith("/shell.html") and path not in {"search.json", "tools.json"}:
            kept.add(path)
            _copy(site / path, out / path)
    for path in names_below(docs):
        if not path.endswith(".md") and path not in kept and path != "tools.json":
            kept.add(path)
            _copy(docs / path, out / path)
    schemas = docs.parent / "schemas"
    for path in names_below(schemas):
        kept.add(f"schemas/{path}")
        _copy(schemas / path, out / "schemas" / path)
    return kept


def _copy(source: Path, target: Path) -> None:
    old = target.stat() if target.is_file() else None
    new = source.stat()
    if old and old.st_size == new.st_size and old.st_mtime_ns >= new.st_mtime_ns:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _remove(out: Path, paths: Iterable[str]) -> None:
    """Remove files that an earlier build made. No other file of the folder is touched."""
    for path in paths:
        with suppress(UnsafePathError):
            inside(out, path).unlink(missing_ok=True)


def _read_state(path: Path) -> _State:
    """Return the state of the earlier build, an empty one for a file that no build wrote."""
    try:
        return _State.model_validate_json(read_whole(path))
    except (OSError, ValidationError):
        return _State()
