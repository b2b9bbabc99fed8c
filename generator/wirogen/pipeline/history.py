"""The history of a tool: what a build finds changed in its spec, kept with the spec.

Dates are those of builds. ``SOURCE_DATE_EPOCH`` gives another one, as in reproducible builds.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from wirogen.common.limits import LAST_TIME
from wirogen.common.text import beginning, counted
from wirogen.diff import Impact, compare_tool, condensed
from wirogen.specs import ToolSpec
from wirogen.specs.model import ADDED, Revision

_REVISIONS: Final = 12
"""How many revisions a spec keeps, beside the first."""
_CHANGES: Final = 8
_LINE: Final = 160
_PRICE: Final = "tool-price"


def with_history(before: ToolSpec | None, after: ToolSpec, *, alone: bool) -> ToolSpec:
    """``after`` with a revision for what differs from ``before``, if users notice any of it.

    A tool without a ``before`` is new, unless it is ``alone``: the first build of a project says
    nothing about when its tools appeared.
    """
    if before is None:
        if alone or after.history:
            return after
        return replace(after, history=(Revision(date=build_day(), changes=(ADDED,)),))
    found = [
        (change, line)
        for change, line in condensed(compare_tool(before, after))
        if change.impact is not Impact.COSMETIC or change.kind == _PRICE
    ]
    if not found:
        return after
    lines = [beginning(line, _LINE) for _, line in found[:_CHANGES]]
    if len(found) > _CHANGES:
        lines.append(f"and {counted(len(found) - _CHANGES, 'other change')}")
    revision = Revision(
        date=build_day(),
        changes=tuple(lines),
        breaking=any(change.impact is Impact.BREAKING for change, _ in found),
    )
    kept = (revision, *after.history)
    if len(kept) > _REVISIONS + 1:
        kept = (*kept[:_REVISIONS], kept[-1])
    return replace(after, history=kept)


def build_day() -> str:
    """The day of the build (UTC), or that of ``SOURCE_DATE_EPOCH`` where it is a time before the
    year 10,000."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    known = epoch.isascii() and epoch.isdigit() and len(epoch) <= len(str(LAST_TIME))
    given = int(epoch) if known else LAST_TIME + 1
    moment = datetime.fromtimestamp(given, UTC) if given <= LAST_TIME else datetime.now(UTC)
    return moment.date().isoformat()
