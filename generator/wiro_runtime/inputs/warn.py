"""Warnings that name the line of the caller, however many frames of this package are between."""

from __future__ import annotations

import sys
import warnings
from typing import Final

_OURS: Final = frozenset({"asyncio", "pydantic", "wiro_runtime"})


def warn_caller(warning: Warning, *, package: str) -> None:
    """Warn about the code outside of this package, of pydantic and of the generated ``package``,
    if there is one.

    ``warnings.warn`` counts frames, and a validator is called through any number of them; with
    ``skip_file_prefixes`` it can only from Python 3.12 on.
    """
    frame = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as warnings does
    while frame.f_back is not None:
        root = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if root not in _OURS and root != package:
            break
        frame = frame.f_back
    warnings.warn_explicit(
        warning,
        type(warning),
        frame.f_code.co_filename,
        frame.f_lineno,
        module=str(frame.f_globals.get("__name__", "<unknown>")),
        registry=frame.f_globals.setdefault("__warningregistry__", {}),
    )
