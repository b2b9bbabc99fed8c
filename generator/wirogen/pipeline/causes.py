"""The diagnostics of specs as they are generated, each with the file that it comes from."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from wirogen.diagnostics.model import Diagnostic
from wirogen.overlay.apply import apply_overlay
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

    @cache
    def known(count: int) -> set[tuple[str, str, str]]:
        made = replace(overlay, corrections=overlay.corrections[:count])
        return set(map(_key, _check(apply_overlay(spec, made)[0], module, origin)))

    counts = range(len(overlay.corrections))
    for each in _check(apply_overlay(spec, overlay)[0], module, origin):
        key = _key(each)
        if key in known(0):
            yield each
        else:
            # Each check costs as much as the tool has options, so few of the counts are tried.
            first = bisect_left(counts, 1, key=lambda count: key in known(count))
            cause = overlay.corrections[first - 1]
            yield replace(each, path=overlay.path, position=cause.position)


def _check(spec: ToolSpec, module: ModulePlan, origin: str) -> Iterator[Diagnostic]:
    yield from check_spec(spec, origin)
    for each in plan_tool(spec, module).diagnostics:
        yield replace(each, path=origin)


def _key(each: Diagnostic) -> tuple[str, str, str]:
    return each.code, each.subject, each.message
