"""Black, in process: the last word on every Python file."""

from __future__ import annotations

from typing import Final

import black

_MODULE: Final = black.Mode()
_STUB: Final = black.Mode(is_pyi=True)


def format_python(text: str, *, stub: bool = False) -> str:
    """``text`` as ``black`` with default options leaves it."""
    return black.format_str(text, mode=_STUB if stub else _MODULE)
