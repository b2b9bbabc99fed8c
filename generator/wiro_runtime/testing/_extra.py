"""Says in one line which extra is missing."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Final

_NEEDED: Final = ("starlette", "uvicorn", "python_multipart")


def require() -> None:
    """Raises :class:`ImportError` with the command to run when the extra is not installed."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ImportError(
            f"wiro_runtime.testing needs {', '.join(missing)}: pip install 'wiro-tools[simulator]'"
        )
