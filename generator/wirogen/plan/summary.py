"""The summary of a tool: what remains of its plan once its own files are rendered."""

from __future__ import annotations

from dataclasses import dataclass

from wirogen.diagnostics.model import Diagnostic
from wirogen.plan.model import ModulePlan
from wirogen.specs.model import ToolSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSummary:
    """What files that list tools say of one."""

    spec: ToolSpec
    """The spec without inputs, examples and sections."""
    module: ModulePlan
    """The tool's module."""
    diagnostics: tuple[Diagnostic, ...]
    """What was renamed or cannot be sent."""
    operation: str
    """Its lines in ``openapi.json``."""
    entry: str
    """Its line in ``catalogue.json``."""
    listing: str
    """Its line in ``tools.json``."""
    purpose: str
    """What people come to it for: a value of ``Purpose``."""
    required_inputs: int
    """How many inputs a call must give."""
    guide_topics: frozenset[str]
    """The guides that can show it as their example: ``file``, ``lora``."""
