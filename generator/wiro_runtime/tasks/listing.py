"""One's own tasks, as Task/List gives them: newest first, at most a hundred at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from wiro_runtime.http.json_values import as_int, as_mappings, as_text
from wiro_runtime.inputs.messages import invalid, shown
from wiro_runtime.tasks.detail import TaskDetail

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

PAGE: Final = 100
"""The longest page that Wiro gives."""


async def list_tasks(
    call: Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]],
    *,
    tool: str | None = None,
    limit: int | None = None,
) -> AsyncGenerator[TaskDetail, None]:
    """Yield the tasks of this account, newest first: ``limit`` of them, or all, and only those of
    ``tool`` when one is given. ``call`` makes an idempotent call to an endpoint."""
    start, left = 0, limit
    seen: set[str] = set()
    while left is None or left > 0:
        page = PAGE if left is None or tool is not None else min(PAGE, left)
        body = {"type": "model", "sort": "id", "order": "DESC"}
        response = await call("/Task/List", {**body, "start": str(start), "limit": str(page)})
        found = [TaskDetail.read(raw) for raw in as_mappings(response.get("tasklist"))]
        # Tasks that are new since the last page have moved the others on.
        new = [detail for detail in found if (detail.id or detail.token) not in seen]
        for detail in new:
            seen.add(detail.id or detail.token)
            if tool is not None and tool_of(detail) not in (tool, ""):
                continue
            yield detail
            if left is not None:
                left -= 1
                if left == 0:
                    return
        start += len(found)
        total = as_int(response.get("total"))
        if not new or (len(found) < page if total is None else start >= total):
            return


def tool_of(detail: TaskDetail) -> str:
    """The tool of a task, or nothing where Wiro does not say."""
    owner = as_text(detail.raw.get("modelslugowner"))
    project = as_text(detail.raw.get("modelslugproject"))
    return f"{owner}/{project}" if owner and project else ""


def check_listing(tool: object, limit: object) -> None:
    """Raise :class:`InvalidInputs` for what :func:`list_tasks` does not take."""
    if tool is not None and (not isinstance(tool, str) or tool.count("/") != 1):
        raise invalid("tool", f"expected owner/project, got {shown(tool)}")
    if limit is not None and (type(limit) is not int or limit < 0):
        raise invalid("limit", f"expected a whole number, got {shown(limit)}")
