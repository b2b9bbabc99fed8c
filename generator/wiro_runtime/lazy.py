"""Packages whose modules are imported when first used, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def lazy_package(
    name: str, path: Iterable[str]
) -> tuple[Callable[[str], ModuleType | list[str]], Callable[[], list[str]]]:
    """``__getattr__`` and ``__dir__`` of the package ``name``, whose modules lie in ``path``.

    Private modules are neither found nor listed. ``from package import *`` imports all others.
    """

    def getattr_(attribute: str) -> ModuleType | list[str]:
        if attribute == "__all__":  # looked for at "import *" only, when the folder is listed
            return dir_()
        module = f"{name}.{attribute}"
        if not attribute.startswith("_"):
            try:
                return import_module(module)
            except ModuleNotFoundError as error:
                if error.name != module:
                    raise
        raise AttributeError(f"module {name!r} has no attribute {attribute!r}")

    def dir_() -> list[str]:
        return sorted(each.name for each in iter_modules(path) if not each.name.startswith("_"))

    return getattr_, dir_
