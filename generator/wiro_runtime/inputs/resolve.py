"""The inputs of a run, checked by the validator of its tool where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from wiro_runtime.inputs.model import ToolInputs

if TYPE_CHECKING:
    from wiro_runtime.catalogue import Catalogue

PACKAGE: Final = "wiro_tools"
"""The generated package whose tools are meant where none is named."""


def resolve_inputs(
    tool: str,
    inputs: ToolInputs | Mapping[str, Any],
    *,
    package: str | Catalogue | None = None,
    validate: bool = True,
) -> ToolInputs | Mapping[str, Any]:
    """Return ``inputs`` checked, and completed with defaults, by the tool's generated ``Inputs``.

    ``package`` is the generated package that has the tool, or its catalogue. Without it the tool
    is searched in ``wiro_tools``, and inputs of a tool that is not there are returned as they are,
    as they are with ``validate=False``. Raises :class:`InvalidInputs` for inputs that the tool does
    not take and for a tool that ``package`` does not have, :class:`ConfigurationError` when
    ``package`` cannot be read.
    """
    if not validate or (package is None and isinstance(inputs, ToolInputs)):
        return inputs
    from wiro_runtime.catalogue import find_catalogue, open_catalogue  # noqa: PLC0415 - rarely used

    if package is not None:
        return open_catalogue(package).get(tool).check(inputs)
    catalogue = find_catalogue(PACKAGE)
    if catalogue is None or not isinstance(tool, str) or tool not in catalogue:  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
        return inputs
    return catalogue.get(tool).check(inputs)
