"""Specs → plans: every name, type, literal and order of generated files, decided once."""

from wirogen.plan.model import ModulePlan, ToolPlan, ToolSummary
from wirogen.plan.modules import plan_modules
from wirogen.plan.schema import published_schema
from wirogen.plan.tool import plan_tool

__all__ = [
    "ModulePlan",
    "ToolPlan",
    "ToolSummary",
    "plan_modules",
    "plan_tool",
    "published_schema",
]
