"""Wiro's catalogue: Tool/List and Tool/Detail, with limits for what a response may hold."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from wiro_runtime.http.api import Api
from wirogen.common.fetching import DownloadError
from wirogen.common.json_values import Json, parse_json
from wirogen.specs.model import DETAIL_FIELDS
from wirogen.specs.names import slug, tool_name_problem

PAGE_SIZE: Final = 100
MAX_TOOLS: Final = 20_000
"""Tools of a whole catalogue. Wiro lists about a thousand; a list without end stops here."""
MAX_NAME: Final = 200
MAX_DETAIL: Final = 8 * 2**20

_KEPT: Final = (
    "title", "slugowner", "slugproject", "cleanslugowner", "cleanslugproject", "description",
    "image", "categories", "tags", "dynamicprice", "parameters", "inspire", *DETAIL_FIELDS,
)  # fmt: skip
_ODD: Final = re.compile("[^a-z0-9_]+")
# These change with the runs of a tool: they are as new as the last change of another field.
_MEASURED: Final = ("computingtime", "approximatelycost", "taskstat")


class CatalogueError(Exception):
    """A catalogue that cannot be read; the text is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which tools are wanted; ``limit`` counts tools, ``None`` takes all."""

    search: str = ""
    categories: tuple[str, ...] = ()
    owner: str = ""
    limit: int | None = None

    @property
    def everything(self) -> bool:
        return self == Filters()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A tool of the catalogue: as it is spelled, and as newer addresses spell it."""

    owner: str
    project: str
    clean_owner: str
    clean_project: str

    @property
    def tool(self) -> str:
        return f"{self.owner}/{self.project}"

    def means(self, tool: str) -> bool:
        """Whether a document with this tool id is the one that was asked for."""
        owner, _, project = tool.partition("/")
        clean = (slug(self.clean_owner), slug(self.clean_project))
        return (slug(owner), slug(project)) in (clean, (slug(self.owner), slug(self.project)))


def listed_as(tool: str) -> Listed:
    """The entry of a tool of which only the id is known. Raises :class:`ValueError` unless it is
    ``owner/project``."""
    problem = tool_name_problem(tool)
    if problem is not None:
        raise ValueError(problem)
    owner, _, project = tool.partition("/")
    return Listed(
        owner=owner,
        project=project,
        clean_owner=_clean(owner),
        clean_project=_clean(project),
    )


def _clean(name: str) -> str:
    """A name as newer addresses spell it."""
    return _ODD.sub("-", name.lower()).strip("-") or name


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The tools that were listed, each once. ``complete`` says that no other tool exists,
    ``unreadable`` counts entries that name no tool."""

    tools: tuple[Listed, ...]
    complete: bool
    unreadable: int


async def list_tools(api: Api, filters: Filters, *, seconds: float) -> Catalogue:
    """Return the tools that ``filters`` leave. The catalogue may change while it is being read.

    Raises :class:`CatalogueError` when that takes more than ``seconds`` or more than
    :data:`MAX_TOOLS` tools are listed.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _list(api, filters)
    except TimeoutError:
        raise CatalogueError(f"the catalogue is not complete after {seconds:g} s") from None


async def _list(api: Api, filters: Filters) -> Catalogue:
    found: dict[str, Listed] = {}
    start, total, unreadable = 0, 0, 0
    while True:
        response = await api.call_idempotent("/Tool/List", _body(filters, start))
        page = response.get("tool")
        entries = cast("list[object]", page) if isinstance(page, list) else []
        before = len(found)
        for entry in entries:
            listed = _listed(entry)
            if listed is None:
                unreadable += 1
            else:
                found.setdefault(listed.tool, listed)
        start += len(entries)
        total = _count(response.get("total"), start)
        enough = filters.limit is not None and len(found) >= filters.limit
        # The second and third conditions end a list whose server repeats a page or never ends.
        if not entries or start >= total or enough or len(found) == before:
            break
        if start >= MAX_TOOLS:
            raise CatalogueError(f"the catalogue lists more than {MAX_TOOLS:,} tools")
    return Catalogue(
        tools=tuple(found.values())[: filters.limit],
        complete=start >= total and filters.everything and not unreadable,
        unreadable=unreadable,
    )


def _body(filters: Filters, start: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "start": str(start),
        "limit": str(PAGE_SIZE),
        "sort": "id",
        "order": "ASC",
        "summary": True,
    }
    if filters.search:
        body["search"] = filters.search
    if filters.categories:
        body["categories"] = list(filters.categories)
    if filters.owner:
        body["slugowner"] = filters.owner
    return body


async def tool_detail(api: Api, listed: Listed) -> bytes | None:
    """Return the fields of Tool/Detail that are kept, ``None`` where Wiro has none.

    Raises :class:`DownloadError` for a response that is not about this tool.
    """
    body = {"slugowner": listed.clean_owner, "slugproject": listed.clean_project, "summary": True}
    response = await api.call_idempotent("/Tool/Detail", body)
    tools = response.get("tool")
    if tools is None or tools == []:
        return None
    tool = cast("list[object]", tools)[0] if isinstance(tools, list) and len(tools) == 1 else None  # pyright: ignore[reportUnknownArgumentType] - JSON
    named = _listed(tool)
    if named is None or not listed.means(named.tool):
        raise DownloadError("Tool/Detail: the response is not about this tool")
    fields = cast("Mapping[str, object]", tool)
    kept = {key: fields[key] for key in _KEPT if key in fields}
    text = json.dumps({"result": True, "tool": [kept]}, indent=2, ensure_ascii=False)
    data = f"{text}\n".encode()
    if len(data) > MAX_DETAIL:
        raise DownloadError(f"Tool/Detail: more than {MAX_DETAIL >> 20} MiB")
    return data


def same_detail(known: bytes, new: bytes) -> bool:
    """Whether two responses of Tool/Detail differ at most in what is measured of runs."""
    try:
        return _unmeasured(parse_json(known)) == _unmeasured(parse_json(new))
    except ValueError:
        return known == new


def _unmeasured(detail: Json) -> str:
    tools = detail.get("tool") if isinstance(detail, dict) else None
    for tool in tools if isinstance(tools, list) else []:
        for key in _MEASURED if isinstance(tool, dict) else ():
            cast("dict[str, Json]", tool).pop(key, None)
    return json.dumps(detail, sort_keys=True)


def _listed(entry: object) -> Listed | None:
    if not isinstance(entry, dict):
        return None
    tool = cast("dict[str, object]", entry)
    names = {
        "owner": tool.get("slugowner") or tool.get("cleanslugowner"),
        "project": tool.get("slugproject") or tool.get("cleanslugproject"),
        "clean_owner": tool.get("cleanslugowner") or tool.get("slugowner"),
        "clean_project": tool.get("cleanslugproject") or tool.get("slugproject"),
    }
    if not all(isinstance(name, str) and len(name) <= MAX_NAME for name in names.values()):
        return None
    listed = Listed(**cast("dict[str, str]", names))
    clean = f"{listed.clean_owner}/{listed.clean_project}"
    return None if tool_name_problem(listed.tool) or tool_name_problem(clean) else listed


def _count(value: object, default: int) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else default
