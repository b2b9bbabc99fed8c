"""Which tool ids are sound, and where their files lie.

File names are lower case and plain ASCII, so that they mean the same on every disk; a tool id that
is not already in that form is told apart by a short hash where two would meet.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from wirogen.common.text import DEVICES, is_visible

_UNSAFE: Final = re.compile(r"[^a-z0-9]+")
_MAX_SLUG: Final = 80


def tool_name_problem(tool: str) -> str | None:
    """Why ``tool`` cannot be an ``owner/project`` id, as the end of a sentence, or ``None``."""
    owner, slash, project = tool.partition("/")
    if not slash:
        return f"must be owner/project, not {tool!r}"
    for part in (owner, project):
        if not part.strip() or part != part.strip():
            return f"must have an owner and a project without blanks around them, not {tool!r}"
        if part.strip(".") == "" or "/" in part or "\\" in part:
            return f"must be owner/project with no other path in it, not {tool!r}"
        if not is_visible(part):
            return f"must not hold control or invisible characters: {tool!r}"
    return None


def slug(text: str) -> str:
    """A safe file name: ``Animated Logo`` becomes ``animated-logo``, ``veo3.1`` ``veo3-1``."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    name = _UNSAFE.sub("-", folded).strip("-")
    if not name or len(name) > _MAX_SLUG:
        return f"{name[: _MAX_SLUG - 9]}-{tool_hash(text)}".strip("-")
    return f"{name}-tool" if name in DEVICES else name


def tool_paths(tools: Iterable[str]) -> dict[str, str]:
    """``owner/project`` below ``specs/tools/`` (without a suffix) for each tool id.

    Where several ids would share a file, the one that is already in canonical form keeps it and
    the others get a hash of their id. Raises nothing: every distinct id has its own path.
    """
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for tool in sorted(set(tools)):
        owner, _, project = tool.partition("/")
        groups[f"{slug(owner)}/{slug(project)}"].append(tool)
    paths: dict[str, str] = {}
    for path, members in groups.items():
        for tool in members:
            alone = len(members) == 1 or tool == path
            paths[tool] = path if alone else f"{path}-{tool_hash(tool)}"
    return paths


def tool_hash(text: str) -> str:
    """A short hash that tells apart names which fold to the same thing."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
