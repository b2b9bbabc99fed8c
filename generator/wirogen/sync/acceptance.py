"""Decides whether a downloaded page may replace the present document."""

from __future__ import annotations

from wirogen.common.text import beginning, counted
from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.document import parse_document
from wirogen.merge.snapshots import SAMPLE_SIZE
from wirogen.specs import Input, ToolSpec
from wirogen.sync.listing import Listed


def accept_page(
    data: bytes, listed: Listed, known: ToolSpec | None, *, full: bool, path: str, accept: bool
) -> ToolSpec | Diagnostic:
    """Return the spec of the page, or the reason for its quarantine. ``accept`` allows a page
    with fewer inputs or options."""
    try:
        parsed = parse_document(data, path=path)
    except InputError as error:
        found = error.diagnostic
        return Diagnostic(
            code="Y001",
            message=f"{found.message} ({found.code})",
            path=path,
            position=found.position,
            subject=listed.tool,
        )
    spec = parsed.spec

    def refuse(code: str, message: str) -> Diagnostic:
        return Diagnostic(code=code, message=message, path=path, subject=listed.tool)

    if not listed.means(spec.tool):
        return refuse("Y003", f"is about {spec.tool}")
    if accept:
        return spec
    if any(found.code == "D007" for found in parsed.diagnostics):
        return refuse("Y002", "ends early")
    loss = _loss(known, spec, full=full) if known is not None else ""
    return refuse("Y002", loss) if loss else spec


def _loss(known: ToolSpec, new: ToolSpec, *, full: bool) -> str:
    """Return what the new document lacks; an input that replaces another one is no loss."""
    if len(new.inputs) < len(known.inputs):
        names = {item.name for item in new.inputs}
        lost = beginning(", ".join(item.name for item in known.inputs if item.name not in names))
        return f"has {counted(len(new.inputs), 'input')}, {len(known.inputs)} are known: no {lost}"
    before = {item.name: item for item in known.inputs}
    for item in new.inputs:
        if item.name in before and (loss := _fewer(before[item.name], item, full=full)):
            return f"{item.name}: {loss}"
    return ""


def _fewer(known: Input, new: Input, *, full: bool) -> str:
    had, has = len(known.options or ()), len(new.options or ())
    if not had or known.type != new.type:
        return ""
    if not known.open:
        few = has < had
    elif full:
        # It replaces the known list, so more than half of that must be in it.
        few = had > SAMPLE_SIZE and has < had / 2
    else:
        few = has == 0
    return f"{counted(has, 'option')}, {had} are known" if few else ""
