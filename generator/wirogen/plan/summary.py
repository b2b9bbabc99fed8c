"""The summary of a tool: what remains of its plan once its own files are rendered."""

from __future__ import annotations

from dataclasses import dataclass

from wirogen.diagnostics.model import Diagnostic
from wirogen.plan.model import ModulePlan
from wirogen.specs.model import ToolSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSummary:
    """What files that list tools say of one. ``spec`` has no inputs, examples or sections.

    ``operation``, ``entry`` and ``listing`` are its lines in ``openapi.json``, ``catalogue.json``
    and ``tools.json``. ``required_inputs`` is how many inputs a call must give, ``guide_topics``
    which guides can show it as their example: ``file``, ``lora``.
    """

    spec: ToolSpec
    module: ModulePlan
    diagnostics: tuple[Diagnostic, ...]
    operation: str
    entry: str
    listing: str
    required_inputs: int
    guide_topics: frozenset[str]
