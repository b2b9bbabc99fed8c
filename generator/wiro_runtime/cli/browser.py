"""The browser of this user."""

from __future__ import annotations

import os
import webbrowser
from pathlib import PurePath
from typing import Final

_IN_THE_TERMINAL: Final = frozenset({"www-browser", "links", "elinks", "lynx", "w3m"})
"""Those that Python tries where there is no screen: they take the terminal, and run no script."""


def has_browser() -> bool:
    """Whether there is a browser with a window, or one that the user has named (``BROWSER``)."""
    try:
        found = webbrowser.get()
    except webbrowser.Error:
        return False
    name = PurePath(str(getattr(found, "name", ""))).name
    return "BROWSER" in os.environ or name not in _IN_THE_TERMINAL
