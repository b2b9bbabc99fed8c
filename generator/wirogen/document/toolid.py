"""The tool id, ``owner/project``: taken from the Run endpoint, and safe to name files after."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

_RUN_PATH: Final = "/Run/"
_LIMIT: Final = 120
_REFUSED: Final = frozenset('\\*?#"<>|')
_BROKEN_ESCAPE: Final = re.compile("%(?![0-9A-Fa-f]{2})")


class ToolIdError(ValueError):
    """A Run endpoint without a usable tool id; its text says why."""


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
        _check(name)
    return tool


def _check(name: str) -> None:
    if not name:
        raise ToolIdError("an owner or project is empty")
    if len(name) > _LIMIT:
        raise ToolIdError(f"an owner or project has more than {_LIMIT} characters")
    if not name.isprintable():
        raise ToolIdError("an owner or project holds a control or invisible character")
    if name[0] in ".-" or name[-1] in ". " or name[0] == " ":
        raise ToolIdError("an owner or project begins or ends with a dot, a dash or a blank")
    refused = sorted(_REFUSED.intersection(name))
    if refused:
        raise ToolIdError(f"an owner or project holds {refused[0]!r}")
