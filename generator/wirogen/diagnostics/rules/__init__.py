"""Every diagnostic code: one never changes its meaning and is never given another one."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from wirogen.diagnostics.rules.corrections import CORRECTION_RULES
from wirogen.diagnostics.rules.documents import DOCUMENT_RULES
from wirogen.diagnostics.rules.generating import GENERATING_RULES
from wirogen.diagnostics.rules.rule import Rule, Severity
from wirogen.diagnostics.rules.specs import SPEC_RULES

__all__ = ["RULES", "Rule", "Severity"]


ALL_RULES: Final = (*DOCUMENT_RULES, *SPEC_RULES, *CORRECTION_RULES, *GENERATING_RULES)
RULES: Final[Mapping[str, Rule]] = MappingProxyType({rule.code: rule for rule in ALL_RULES})
