"""Black's form for every Python file that is made."""

from __future__ import annotations

from wirogen.emit.python.black_style import lay_out


def format_own(text: str) -> str:
    """What this project itself prints, as black leaves it; far quicker than black."""
    return lay_out(text)


def format_any(text: str, *, stub: bool) -> str:
    """What somebody else's template prints, by black itself."""
    import black  # noqa: PLC0415 - slow to load, and seldom needed
    from black.mode import TargetVersion  # noqa: PLC0415 - see above

    mode = black.Mode(is_pyi=stub, target_versions={TargetVersion.PY311})
    return black.format_str(text, mode=mode)
