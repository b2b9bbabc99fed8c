"""Black's form for every Python file that is made."""

from __future__ import annotations

from typing import Final

import black

from wirogen.emit.layout import lay_out, normalize_literals

_MODULE: Final = black.Mode()
_STUB: Final = black.Mode(is_pyi=True)


def format_own(text: str) -> str:
    """What this project's templates print, as black leaves it; far quicker than black."""
    return lay_out(text)


def format_validator(text: str) -> str:
    """The same for what datamodel-code-generator prints, whose literals are spelt otherwise."""
    return lay_out(normalize_literals(text))


def format_any(text: str, *, stub: bool) -> str:
    """What somebody else's template prints, by black itself."""
    return black.format_str(text, mode=_STUB if stub else _MODULE)
