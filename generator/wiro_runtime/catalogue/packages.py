"""The catalogues of the generated packages that can be imported here."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from wiro_runtime.catalogue.catalogue import Catalogue
from wiro_runtime.errors import ConfigurationError
from wiro_runtime.inputs.messages import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wiro_runtime.catalogue.catalogue import Entry


def serve_catalogue(module: str) -> None:
    """Make the module ``PACKAGE.catalogue`` the catalogue itself, so that it can be iterated."""
    catalogue = Catalogue(module.rpartition(".")[0])
    sys.modules[module] = cast("Any", catalogue)


def find_catalogue(package: str) -> Catalogue | None:
    """Return the catalogue of a generated package, ``None`` when there is no such package or it
    has none."""
    try:
        catalogue: object = import_module(f"{package}.catalogue")
    except ModuleNotFoundError as error:
        if error.name not in (package, package.partition(".")[0], f"{package}.catalogue"):
            raise
        return None
    return catalogue if isinstance(catalogue, Catalogue) else None


def installed_catalogues() -> Iterator[Catalogue]:
    """The catalogues of ``wiro_tools`` and of the generated packages that are installed with an
    entry point of the group ``wiro_tools``, in the order of their names::

        [project.entry-points.wiro_tools]
        my_tools = "my_tools"
    """
    for package in ("wiro_tools", *_entry_points()):
        catalogue = find_catalogue(package)
        if catalogue is not None:
            yield catalogue


def find_tool(tool: str, package: str | Catalogue | None = None) -> Entry | None:
    """The tool with this id in ``package``, which must have it, or else in the first of the
    installed packages that has it."""
    if package is not None:
        return open_catalogue(package).get(tool)
    return next(filter(None, (each.find(tool) for each in installed_catalogues())), None)


@cache
def _entry_points() -> tuple[str, ...]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - as long as all else to import

    return tuple(sorted({point.value for point in entry_points(group="wiro_tools")}))


def open_catalogue(package: str | Catalogue = "wiro_tools") -> Catalogue:
    """Return the catalogue of a generated package. Raises :class:`ConfigurationError` when there
    is no such package or it has none."""
    if isinstance(package, Catalogue):
        return package
    given = cast("object", package)
    catalogue = None
    if isinstance(given, str) and given:
        with suppress(ValueError, TypeError):
            catalogue = find_catalogue(given)
    if catalogue is None:
        raise ConfigurationError(
            f"{shown(given)} is no generated package that can be imported here"
        )
    return catalogue
