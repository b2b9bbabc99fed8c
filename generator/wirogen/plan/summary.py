"""What is left of a plan when a tool has been rendered."""

from __future__ import annotations

from dataclasses import dataclass

from wirogen.diagnostics.model import Diagnostic
from wirogen.plan.model import ModulePlan
from wirogen.specs.model import ToolSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCard:
    """What files that list tools say of one. ``spec`` has no inputs, examples or sections.

    ``operation``, ``entry`` and ``listing`` are its lines in ``openapi.json``, ``catalogue.json``
    and ``tools.json``. ``asks`` is how many inputs must be given, and ``shows`` what guides could
    show with it: ``file lora``.
    """

    spec: ToolSpec
    module: ModulePlan
    diagnostics: tuple[Diagnostic, ...]
    operation: str
    entry: str
    listing: str
    asks: int
    shows: frozenset[str]
