"""Plan → card: what other files need to know of a tool that has been rendered."""

from __future__ import annotations

from dataclasses import replace

from wirogen.emit.data.catalogue import entry_text
from wirogen.emit.data.openapi import operation_text
from wirogen.emit.escape import link
from wirogen.emit.pages.guides import shown_by
from wirogen.emit.pages.listing import listing_line
from wirogen.plan import ToolCard, ToolPlan


def card_of(plan: ToolPlan) -> ToolCard:
    return ToolCard(
        spec=replace(
            plan.spec, inputs=(), examples=(), sections=(), source=None, dynamicprice=None
        ),
        module=plan.module,
        diagnostics=plan.diagnostics,
        operation=operation_text(plan),
        entry=entry_text(plan),
        listing=listing_line(plan, link),
        asks=len(plan.example),
        shows=shown_by(plan),
    )
