"""Tool/List, Tool/Detail and Tool/Explore."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from wiro_runtime.testing.errors import (
    NOT_FOUND,
    ResponseError,
    must,
    required,
    unknown_parameter,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wiro_runtime.testing.state import SimulatorState
    from wiro_runtime.testing.tool_spec import Input, Json, Tool

PAGE_NAMES: Final = ("llms.txt", "llms-full.txt")
DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 1000

_PRICE: Final = '[{"inputs":{},"price":0.00351,"priceMethod":"cpr"}]'
_LIST_TYPES: Final[Mapping[str, type]] = {
    "start": str,
    "limit": str,
    "search": str,
    "sort": str,
    "order": str,
    "categories": list,
    "tags": list,
    "slugowner": str,
    "hideworkflows": bool,
    "summary": bool,
}
_NAMES: Final = {str: "a string", list: "an array of strings", bool: "true or false"}


def slug(text: str) -> str:
    """A name as newer addresses spell it: lower case, anything odd as one hyphen."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")


def list_tools(state: SimulatorState, body: Mapping[str, Json]) -> dict[str, Json]:
    """The catalogue, filtered and cut into pages; ``total`` counts what the filters leave."""
    check_fields(body, _LIST_TYPES)
    asked = page(body, DEFAULT_LIMIT, MAX_LIMIT)
    order = body.get("order", "DESC")
    if order not in ("ASC", "DESC"):
        raise must("order", "be ASC or DESC")
    if body.get("sort", "id") not in ("id", "relevance"):
        raise must("sort", "be id or relevance")
    found = [
        (number, tool)
        for number, tool in enumerate(state.tools.values(), 1)
        if _matches(tool, body)
    ]
    if order == "DESC":
        found.reverse()
    shown: list[Json] = [
        _summary(number, tool, full=body.get("summary") is not True)
        for number, tool in found[asked]
    ]
    return {"result": True, "errors": [], "total": len(found), "tool": shown}


def tool_detail(state: SimulatorState, body: Mapping[str, Json]) -> dict[str, Json]:
    """One tool with its parameters, by its slugs or its own spelling."""
    check_fields(body, {"slugowner": str, "slugproject": str, "summary": bool})
    for name in ("slugowner", "slugproject"):
        if not body.get(name):
            raise required(name)
    wanted = (body["slugowner"], body["slugproject"])
    for number, tool in enumerate(state.tools.values(), 1):
        if wanted in ((tool.owner, tool.project), (slug(tool.owner), slug(tool.project))):
            shown = _summary(number, tool, full=body.get("summary") is not True)
            items: list[Json] = [_item(entry) for entry in tool.inputs.values()]
            shown["parameters"] = [{"title": "", "subtitle": "", "items": items}]
            return {"result": True, "errors": [], "tool": [shown]}
    raise ResponseError("slug-owner-project-not-exist", code=NOT_FOUND)


def explore(state: SimulatorState, body: Mapping[str, Json]) -> dict[str, Json]:
    """A shelf for each category, with at most ten of its tools."""
    check_fields(body, {})
    shelves: dict[str, list[Json]] = {}
    for number, tool in enumerate(state.tools.values(), 1):
        for category in tool.categories:
            shelves.setdefault(category, []).append(_summary(number, tool, full=False))
    found: list[Json] = [
        {
            "id": slug(category),
            "title": category.replace("-", " ").capitalize(),
            "tools": tools[:10],
            "total": len(tools),
            "url": f"/models?categories={slug(category)}",
        }
        for category, tools in shelves.items()
    ]
    return {"result": True, "errors": [], "explore": found}


def check_fields(body: Mapping[str, Json], types: Mapping[str, type]) -> None:
    """Refuse a field that is unknown or of another type."""
    for name, value in body.items():
        kind = types.get(name)
        if kind is None:
            raise unknown_parameter(name)
        if not isinstance(value, kind):
            raise must(name, f"be {_NAMES[kind]}")
        if isinstance(value, list) and not all(isinstance(item, str) for item in value):
            raise must(name, f"be {_NAMES[list]}")


def page(body: Mapping[str, Json], default: int, most: int) -> slice:
    """The part of a list that ``start`` and ``limit`` ask for, whole numbers as texts."""
    start, limit = str(body.get("start", 0)), str(body.get("limit", default))
    for name, text in (("start", start), ("limit", limit)):
        if not text.isascii() or not text.isdigit():
            raise must(name, "be integer or float")
    if not 1 <= int(limit) <= most:
        raise must("limit", f"be between 1 and {most}")
    return slice(int(start), int(start) + int(limit))


def _matches(tool: Tool, body: Mapping[str, Json]) -> bool:
    search = str(body.get("search", "")).lower()
    owner = body.get("slugowner")
    return (
        (not search or search in f"{tool.id} {tool.name} {tool.description}".lower())
        and (not owner or owner in (tool.owner, slug(tool.owner)))
        and _all_in(body.get("categories"), tool.categories)
        and _all_in(body.get("tags"), tool.tags)
        and not (body.get("hideworkflows") is True and "workflow" in tool.categories)
    )


def _all_in(wanted: Json, has: Sequence[str]) -> bool:
    return not isinstance(wanted, list) or all(item in has for item in wanted)


def _summary(number: int, tool: Tool, *, full: bool) -> dict[str, Json]:
    shown: dict[str, Json] = {
        "id": str(number),
        "title": tool.name,
        "slugowner": tool.owner,
        "slugproject": tool.project,
        "cleanslugowner": slug(tool.owner),
        "cleanslugproject": slug(tool.project),
        "description": tool.description,
        "image": tool.cover,
        "categories": list(tool.categories),
        "tags": list(tool.tags),
        "marketplace": 1,
        "dynamicprice": json.dumps(price) if (price := tool.spec.get("dynamicprice")) else _PRICE,
    }
    if full:
        shown["computingtime"] = "10 seconds"
        shown["taskstat"] = {"runcount": 0, "successcount": "0", "errorcount": "0"}
    return shown


def _item(entry: Input) -> dict[str, Json]:
    options: list[Json] = [{"value": v, "text": text} for v, text in entry.options.items()]
    return {
        "id": entry.name,
        "type": entry.type,
        "label": entry.label,
        "note": entry.help,
        "value": entry.default,
        "required": entry.required,
        "min": entry.minimum,
        "max": entry.maximum,
        "step": entry.step,
        "options": options or None,
        "advanced": False,
    }
