"""Prices of runs: of inputs that are checked, of a tool by its id, of a body that is sent."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, cast

from wiro_runtime.inputs.arguments import read_inputs
from wiro_runtime.inputs.model import ToolInputs
from wiro_runtime.price.model import unknown
from wiro_runtime.price.tariff import Tariff

if TYPE_CHECKING:
    from wiro_runtime.catalogue import Catalogue
    from wiro_runtime.price.model import Price


def price_of(tool: type[ToolInputs], /, **inputs: object) -> Price:
    """Return the price of a run with ``inputs``; required ones may be missing, or ``None``.

    Nothing is sent. Raises :class:`InvalidInputs` for inputs that the tool does not take.
    """
    return tariff_of(tool).price(partial_inputs(tool)(**inputs).wire_values())


def price_tool(
    tool: str, inputs: ToolInputs | Mapping[str, Any], package: str | Catalogue | None = None
) -> Price:
    """:func:`price_of` for a tool of which only the id is known: that of ``package``, or of the
    first installed package that has it."""
    from wiro_runtime.catalogue import find_tool, open_catalogue  # noqa: PLC0415 - rarely used

    if isinstance(inputs, ToolInputs):
        return price_run(tool, inputs, inputs.wire_values())
    entry = find_tool(tool, package) or open_catalogue().get(tool)
    return price_of(entry.module().Inputs, **read_inputs(inputs))


def price_run(
    tool: str,
    inputs: ToolInputs | Mapping[str, Any],
    body: Mapping[str, Any],
    package: str | Catalogue | None = None,
) -> Price:
    """Return the price of a run whose ``inputs`` are sent as ``body``. That of inputs that no
    validator has checked is known when ``package`` or an installed package has the tool."""
    if isinstance(inputs, ToolInputs):
        return tariff_of(type(inputs)).price(body)
    from wiro_runtime.catalogue import find_tool, open_catalogue  # noqa: PLC0415 - rarely used

    entry = find_tool(tool) if package is None else open_catalogue(package).find(tool)
    if entry is None:
        return unknown("no installed package has the tool")
    return tariff_of(entry.module().Inputs).price(body)


def tariff_of(tool: type[ToolInputs]) -> Tariff:
    """The price list of a tool, by its validator; an empty one where Wiro gives no price."""
    return tool._tariff or Tariff({})  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - no input is called so


@cache
def partial_inputs(tool: type[ToolInputs]) -> type[ToolInputs]:
    """A validator that takes what ``tool`` takes, and requires nothing."""
    from pydantic import Field, create_model  # noqa: PLC0415 - slow to import

    fields: dict[str, Any] = {}
    for name, info in tool.model_fields.items():
        if info.is_required():
            notes = cast("Any", info.json_schema_extra)
            optional = Field(default=None, alias=info.alias, json_schema_extra=notes)
            kind: Any = Annotated[(cast("Any", info.annotation), *info.metadata, "")]
            fields[name] = (kind | None, optional)
    if not fields:
        return tool
    return create_model(tool.__name__, __base__=tool, __module__=tool.__module__, **fields)
