"""Compares two sets of specs. Both are planned first, so that a change counts exactly when the
generated code changes its meaning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from wirogen.common.text import counted
from wirogen.diff.inputs import compare_inputs
from wirogen.diff.model import Change, Impact
from wirogen.plan import ModulePlan, ToolPlan, plan_modules, plan_tool
from wirogen.specs import ToolSpec
from wirogen.specs.model import DETAIL_FIELDS

_TEXTS = (
    "name", "description", "cover", "categories", "tags", "extra", "sections", "examples",
    *DETAIL_FIELDS,
)  # fmt: skip


def compare_tools(old: Mapping[str, ToolSpec], new: Mapping[str, ToolSpec]) -> list[Change]:
    """Return every change between two sets of specs by tool id, in order of the ids."""
    old_modules, _ = plan_modules(old)
    new_modules, _ = plan_modules(new)
    moved = _moved(old, new)
    arrived = set(moved.values())
    changes: list[Change] = []
    for tool in sorted({*old, *new}):
        before, after = old.get(tool), new.get(tool)
        if before is not None and after is not None:
            if before == after and old_modules[tool] == new_modules[tool]:
                continue
            changes += _compare(
                plan_tool(before, old_modules[tool]), plan_tool(after, new_modules[tool])
            )
        elif before is None:
            if tool not in arrived:
                message = f"new tool with {counted(len(new[tool].inputs), 'input')}"
                changes.append(Change(tool, "tool-added", Impact.ADDITIVE, message))
        elif tool in moved:
            changes.append(
                Change(
                    tool,
                    "tool-moved",
                    Impact.BREAKING,
                    f"is now {moved[tool]}",
                    old=before.endpoints["run"],
                    new=new[moved[tool]].endpoints["run"],
                )
            )
        else:
            changes.append(Change(tool, "tool-removed", Impact.BREAKING, "the tool is gone"))
    return changes


def compare_tool(old: ToolSpec, new: ToolSpec) -> list[Change]:
    """Return every change between two specs of one tool."""
    return compare_tools({old.tool: old}, {new.tool: new})


def _moved(old: Mapping[str, ToolSpec], new: Mapping[str, ToolSpec]) -> dict[str, str]:
    """Return the new id of each renamed tool: it disappeared while exactly one appeared that has
    the same name or the same contents."""
    come: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for tool, spec in new.items():
        if tool not in old:
            for mark in _marks(spec):
                come[mark].append(tool)
    moved: dict[str, str] = {}
    taken: set[str] = set()
    for tool, spec in old.items():
        if tool not in new:
            same = {each for mark in _marks(spec) for each in come[mark][:2]}
            if len(same) == 1 and not same <= taken:
                moved[tool] = same.pop()
                taken.add(moved[tool])
    return moved


def _marks(spec: ToolSpec) -> tuple[tuple[str, ...], ...]:
    """Return what a tool keeps when it moves: its name, or its contents."""
    return (spec.name.lower(),), (repr(spec.inputs), spec.description)


def _compare(old: ToolPlan, new: ToolPlan) -> Iterator[Change]:
    tool = new.spec.tool
    if _module(old.module) != _module(new.module):
        message = f"module {_module(old.module)} is now {_module(new.module)}"
        yield Change(tool, "module-renamed", Impact.BREAKING, message)
    yield from _endpoints(old.spec, new.spec)
    yield from compare_inputs(old, new)
    for name in _TEXTS:
        before, after = getattr(old.spec, name), getattr(new.spec, name)
        if before != after:
            yield Change(tool, "tool-text", Impact.COSMETIC, f"{name} changed")
    if old.spec.dynamicprice != new.spec.dynamicprice:
        same = old.price_words == new.price_words
        yield Change(
            tool,
            "tool-price",
            Impact.COSMETIC,
            "price changed" if same else f"price {new.price_words}, was {old.price_words}",
            old=old.spec.dynamicprice,
            new=new.spec.dynamicprice,
        )


def _module(module: ModulePlan) -> str:
    return f"{module.owner}.{module.project}"


def _endpoints(old: ToolSpec, new: ToolSpec) -> Iterator[Change]:
    for key in sorted({*old.endpoints, *new.endpoints}):
        before, after = old.endpoints.get(key), new.endpoints.get(key)
        if before == after:
            continue
        if before is None:
            impact, verb = Impact.ADDITIVE, "is new"
        elif after is None:
            impact, verb = Impact.BREAKING, "is gone"
        else:
            same = unquote(before) == unquote(after)
            impact = Impact.COSMETIC if same else Impact.BREAKING
            verb = "is spelled differently" if same else "moved"
        yield Change(
            new.tool, "endpoint-moved", impact, f"the {key} endpoint {verb}", old=before, new=after
        )
