"""The diagnostics of specs as they are generated, each with the file that it comes from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from wirogen.diagnostics.model import Diagnostic
from wirogen.overlay.apply import apply_overlay
from wirogen.overlay.read import Correction
from wirogen.pipeline.spec_checks import check_spec
from wirogen.pipeline.spec_files import Sources
from wirogen.plan import ModulePlan, plan_tool
from wirogen.specs import ToolSpec


def check_tool(tool: str, module: ModulePlan, sources: Sources) -> Iterator[Diagnostic]:
    """What is odd about the spec of ``tool``, with its overlay, and about its plan. A diagnostic
    that the spec alone does not have is about the correction that brought it."""
    spec, origin = sources.specs[tool], sources.origin[tool]
    overlay = sources.overlays.get(tool)
    if overlay is None:
        yield from _check(spec, module, origin)
        return
    causes: dict[tuple[str, str, str], Correction | None] = {}
    found: list[Diagnostic] = []
    for count in range(len(overlay.corrections) + 1):
        made = replace(overlay, corrections=overlay.corrections[:count])
        found = list(_check(apply_overlay(spec, made)[0], module, origin))
        last = made.corrections[-1] if count else None
        causes = {key: causes.get(key, last) for key in map(_key, found)}
    for each in found:
        cause = causes[_key(each)]
        yield each if cause is None else replace(each, path=overlay.path, position=cause.position)


def _check(spec: ToolSpec, module: ModulePlan, origin: str) -> Iterator[Diagnostic]:
    yield from check_spec(spec, origin)
    for each in plan_tool(spec, module).diagnostics:
        yield replace(each, path=origin)


def _key(each: Diagnostic) -> tuple[str, str, str]:
    return each.code, each.subject, each.message
