"""The inputs of a run, checked by the validator of its tool where there is one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from wiro_runtime.inputs.model import ToolInputs

if TYPE_CHECKING:
    from wiro_runtime.catalogue import Catalogue


def resolve_inputs(
    tool: str,
    inputs: ToolInputs | Mapping[str, Any],
    *,
    package: str | Catalogue | None = None,
    validate: bool = True,
) -> ToolInputs | Mapping[str, Any]:
    """Return ``inputs`` checked, and completed with defaults, by the tool's generated ``Inputs``.

    ``package`` is the generated package that has the tool, or its catalogue. Without it the tool
    is searched in all that are installed, and inputs of a tool that is not there are returned as
    they are, as they are with ``validate=False``. Raises :class:`InvalidInputs` for inputs that
    the tool does not take and for a tool that ``package`` does not have,
    :class:`ConfigurationError` when ``package`` cannot be read.
    """
    if not validate or (package is None and isinstance(inputs, ToolInputs)):
        return inputs
    from wiro_runtime.catalogue import find_tool  # noqa: PLC0415 - rarely used

    entry = find_tool(tool, package)
    return inputs if entry is None else entry.check(inputs)
