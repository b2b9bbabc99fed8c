"""Which tool ids are sound, and where their files lie.

File names are lower case and plain ASCII, so that they mean the same on every disk; a tool id that
is not already in that form is told apart by a short hash where two would meet.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Final, TypeVar
from urllib.parse import unquote

from wirogen.common.text import DEVICES, decomposed, is_visible

N = TypeVar("N", bound=Hashable)

_UNSAFE: Final = re.compile(r"[^a-z0-9]+")
_MAX_SLUG: Final = 80
_RUN_PATH: Final = "/Run/"
_MAX_NAME: Final = 120
_REFUSED: Final = frozenset('\\*?#"<>|')
_BROKEN_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")


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


class ToolIdError(ValueError):
    """A Run endpoint without a usable tool id; the text is the reason."""


def tool_id(endpoint: str) -> str:
    """The tool id of a Run endpoint, percent-decoded. Blanks, capitals and dots are kept.

    Raises :class:`ToolIdError` unless it is two names that are safe as file names.
    """
    _, found, path = endpoint.partition(_RUN_PATH)
    if not found:
        raise ToolIdError("the Run endpoint has no '/Run/owner/project'")
    if _BROKEN_ESCAPE.search(path):
        raise ToolIdError("the Run endpoint has a broken percent escape")
    try:
        tool = unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise ToolIdError("the Run endpoint's percent escapes are not UTF-8") from None
    names = tool.split("/")
    if len(names) != 2:
        raise ToolIdError("what follows '/Run/' is not 'owner/project'")
    for name in names:
        _check_part(name)
    return tool


def _check_part(name: str) -> None:
    if not name:
        raise ToolIdError("an owner or project is empty")
    if len(name) > _MAX_NAME:
        raise ToolIdError(f"an owner or project has more than {_MAX_NAME} characters")
    if not is_visible(name):
        raise ToolIdError("an owner or project holds a control or invisible character")
    if name[0] in ".-" or name[-1] in ". " or name[0] == " ":
        raise ToolIdError("an owner or project begins or ends with a dot, a dash or a blank")
    refused = sorted(_REFUSED.intersection(name))
    if refused:
        raise ToolIdError(f"an owner or project holds {refused[0]!r}")


def folded(text: str) -> str:
    """``text`` in ASCII letters and digits with dashes between, as Wiro's addresses have names."""
    plain = decomposed(text).encode("ascii", "ignore").decode().lower()
    return _UNSAFE.sub("-", plain).strip("-")


def slug(text: str) -> str:
    """A safe file name: ``Animated Logo`` becomes ``animated-logo``, ``veo3.1`` ``veo3-1``."""
    name = folded(text)
    if not name or len(name) > _MAX_SLUG:
        return f"{name[: _MAX_SLUG - 9]}-{tool_hash(text)}".strip("-")
    return f"{name}-tool" if name in DEVICES else name


def tool_paths(tools: Iterable[str]) -> dict[str, str]:
    """``owner/project`` below ``specs/tools/`` (without a suffix) for each tool id.

    Where several ids would share a file, the one that is already in canonical form keeps it and
    the others get a hash of their id. Raises nothing: every distinct id has its own path.
    """
    wanted = {tool: "/".join(map(slug, tool.split("/", 1))) for tool in sorted(set(tools))}
    canonical = [tool for tool, path in wanted.items() if tool == path]
    return apart(wanted, canonical, lambda path, mark: f"{path}-{mark}")


def apart(
    wanted: Mapping[str, N], first: Iterable[str], marked: Callable[[N, str], N]
) -> dict[str, N]:
    """A name of its own for each tool id: the ``wanted`` one for a tool that alone wants it, or
    that is the ``first`` of those that do, and for others one ``marked`` with the hash of the id,
    again where another tool has that name (``acme/x-938d7d59`` beside ``acme/X``)."""
    counts = Counter(wanted.values())
    keeps = {wanted[tool]: tool for tool in reversed([*first])}
    found: dict[str, N] = {}
    for tool, name in wanted.items():
        if counts[name] > 1 and keeps.get(name) != tool:
            while name in counts:
                name = marked(name, tool_hash(tool))  # noqa: PLW2901 - until it is free
            counts[name] = 1
        found[tool] = name
    return found


def tool_hash(text: str) -> str:
    """A short hash that tells apart names which fold to the same thing."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
