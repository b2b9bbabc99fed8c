"""Tool/List and Tool/Detail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, cast

from wiro_runtime.http.api import Api
from wirogen.specs.names import slug, tool_name_problem

PAGE_SIZE: Final = 100

# What else Tool/Detail answers changes with every run of a tool.
_KEPT: Final = (
    "title", "slugowner", "slugproject", "cleanslugowner", "cleanslugproject", "description",
    "image", "categories", "tags", "dynamicprice", "parameters",
)  # fmt: skip


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

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "categories": list(self.categories)}


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


async def list_tools(api: Api, filters: Filters) -> tuple[list[Listed], bool]:
    """The tools that ``filters`` leave, each once, and whether the list is complete: the catalogue
    may change while it is being read."""
    found: dict[str, Listed] = {}
    start, total = 0, 0
    while True:
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
        answer = await api.ask("/Tool/List", body)
        page = answer.get("tool")
        entries = cast("list[object]", page) if isinstance(page, list) else []
        before = len(found)
        for entry in entries:
            listed = _listed(entry)
            if listed is not None:
                found.setdefault(listed.tool, listed)
        start += len(entries)
        total = _count(answer.get("total"), start)
        enough = filters.limit is not None and len(found) >= filters.limit
        # A server that gives the same page again and again must not hold us for ever.
        if not entries or start >= total or enough or len(found) == before:
            break
    tools = list(found.values())
    return tools[: filters.limit], start >= total and filters.everything


async def tool_detail(api: Api, listed: Listed) -> bytes:
    """Tool/Detail in a form that is the same as long as the tool is."""
    body = {"slugowner": listed.clean_owner, "slugproject": listed.clean_project, "summary": True}
    answer = await api.ask("/Tool/Detail", body)
    tools = answer.get("tool")
    kept: list[dict[str, Any]] = [
        {key: tool[key] for key in _KEPT if key in tool}
        for tool in (cast("list[Mapping[str, Any]]", tools) if isinstance(tools, list) else [])
    ]
    text = json.dumps({"result": True, "tool": kept}, indent=2, ensure_ascii=False)
    return f"{text}\n".encode()


def _listed(entry: object) -> Listed | None:
    if not isinstance(entry, dict):
        return None
    tool = cast("dict[str, object]", entry)
    owner, project = tool.get("slugowner"), tool.get("slugproject")
    clean_owner, clean_project = tool.get("cleanslugowner"), tool.get("cleanslugproject")
    owner, clean_owner = owner or clean_owner, clean_owner or owner
    project, clean_project = project or clean_project, clean_project or project
    names = (owner, project, clean_owner, clean_project)
    if not all(isinstance(name, str) for name in names):
        return None
    listed = Listed(
        owner=str(owner),
        project=str(project),
        clean_owner=str(clean_owner),
        clean_project=str(clean_project),
    )
    return None if tool_name_problem(listed.tool) else listed


def _count(value: object, default: int) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() else default
