"""Specs → plans: every name, type, literal and order of generated files, decided once."""

from wirogen.plan.card import ToolCard
from wirogen.plan.catalogue import plan_modules
from wirogen.plan.model import ModulePlan, ToolPlan
from wirogen.plan.schema import published_schema, validator_schema
from wirogen.plan.tool import plan_tool

__all__ = [
    "ModulePlan",
    "ToolCard",
    "ToolPlan",
    "plan_modules",
    "plan_tool",
    "published_schema",
    "validator_schema",
]
