"""Changes of inputs and their options."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Final

from wirogen.common import json_values
from wirogen.common.text import beginning
from wirogen.diff.model import Change, Impact
from wirogen.plan import ToolPlan
from wirogen.plan.kinds import Kind
from wirogen.plan.model import ConstantPlan, InputPlan, SettingPlan
from wirogen.specs import Input, Json, Unsent

_TEXTS: Final = ("label", "help", "default", "example", "extra")
_OPTION_TEXTS: Final = ("label", "description", "triggerwords", "extra")
_WIDER: Final = frozenset(
    {
        (Kind.INT, Kind.NUMBER),
        (Kind.TEXT, Kind.INT_OR_TEXT),
        (Kind.INT, Kind.INT_OR_TEXT),
        (Kind.TEXTS, Kind.LIST),
    }
)
"""Kinds before and after of which the second takes whatever the first took."""


def compare_inputs(old: ToolPlan, new: ToolPlan) -> Iterator[Change]:
    """Return the changes of the inputs of one tool, in the order of the new spec, removed ones
    last."""
    tool = new.spec.tool
    before = {item.spec.name: item for item in old.inputs}
    after = {item.spec.name: item for item in new.inputs}
    renamed = _renamed(before, after)
    left = set(renamed.values())
    for name, item in after.items():
        known = before.get(name)
        if known is not None:
            if known != item:
                yield from _Comparison(tool, known, item).changes()
        elif name in renamed:
            yield Change(
                tool,
                "input-renamed",
                Impact.BREAKING,
                f"was {renamed[name]}",
                subject=name,
                old=renamed[name],
                new=name,
            )
        else:
            required = item.required
            yield Change(
                tool,
                "input-added",
                Impact.BREAKING if required else Impact.ADDITIVE,
                f"new {'required' if required else 'optional'} input ({item.type_name})",
                subject=name,
            )
    for name in before:
        if name not in after and name not in left:
            yield Change(tool, "input-removed", Impact.BREAKING, "the input is gone", subject=name)
    common = [name for name in before if name in after]
    if common != [name for name in after if name in before]:
        yield Change(tool, "input-order", Impact.COSMETIC, "another order of inputs")


def _renamed(before: Mapping[str, InputPlan], after: Mapping[str, InputPlan]) -> dict[str, str]:
    """Return new name → old name of inputs that differ in their name only."""
    gone: defaultdict[str, list[str]] = defaultdict(list)
    for name, item in before.items():
        if name not in after:
            gone[_nameless(item.spec)].append(name)
    found: dict[str, str] = {}
    for name, item in after.items():
        if name not in before:
            same = gone[_nameless(item.spec)]
            if len(same) == 1:
                found[name] = same.pop()
    return found


def _nameless(item: Input) -> str:
    return repr(replace(item, name="", label="", help="", python_name=None))


class _Comparison:
    """One input before and after."""

    def __init__(self, tool: str, old: InputPlan, new: InputPlan) -> None:
        self.old = old
        self.new = new
        self.change = partial(Change, tool, subject=new.spec.name)

    def option(self, value: str) -> str:
        """The subject of a change of one option."""
        return f"{self.new.spec.name}={value}"

    def changes(self) -> Iterator[Change]:
        yield from self._signature()
        yield from self._value()
        yield from self._limits()
        for name in _TEXTS:
            before, after = getattr(self.old.spec, name), getattr(self.new.spec, name)
            if before != after:
                yield self.change("input-text", Impact.COSMETIC, f"{name} changed")
        yield from self._options()

    def _signature(self) -> Iterator[Change]:
        old, new = self.old, self.new
        if old.name != new.name:
            yield self.change(
                "python-name",
                Impact.BREAKING,
                f"{old.name} is {new.name} in Python",
                old=str(old.name),
                new=str(new.name),
            )
        if old.required != new.required:
            if new.required:
                yield self.change("input-required", Impact.BREAKING, "is now required")
            else:
                yield self.change("input-required", Impact.ADDITIVE, "is no longer required")

    def _value(self) -> Iterator[Change]:
        old, new = self.old.spec, self.new.spec
        wider = (self.old.kind, self.new.kind) in _WIDER
        impact = Impact.ADDITIVE if wider else Impact.BREAKING
        if old.type != new.type:
            same = _value_kind(self.old) == _value_kind(self.new)
            yield self.change(
                "input-type",
                Impact.COSMETIC if same else impact,
                f"type {old.type} is now {new.type}",
                old=old.type,
                new=new.type,
            )
        elif self.old.type_name != self.new.type_name and old.open == new.open:
            yield self.change(
                "input-type",
                impact,
                f"took a {self.old.type_name}, takes a {self.new.type_name}",
            )
        if old.wire.type != new.wire.type:
            yield self.change(
                "input-wire",
                Impact.BREAKING,
                f"travels as {new.wire.type}, was {old.wire.type}",
                old=old.wire.type,
                new=new.wire.type,
            )
        sent = not old.required and not new.required
        if sent and not json_values.same(old.wire.sent, new.wire.sent):
            yield self.change(
                "input-sent",
                Impact.BREAKING,
                f"sends {_shown(new.wire.sent)} by default, was {_shown(old.wire.sent)}",
                old=_json(old.wire.sent),
                new=_json(new.wire.sent),
            )
        if old.open != new.open and old.open is not None and new.open is not None:
            word = "takes other values too" if new.open else "takes listed values only"
            impact = Impact.ADDITIVE if new.open else Impact.BREAKING
            yield self.change("input-open", impact, f"now {word}")

    def _limits(self) -> Iterator[Change]:
        old, new = self.old.spec, self.new.spec
        for name in ("minimum", "maximum", "step"):
            before, after = getattr(old, name), getattr(new, name)
            if before == after:
                continue
            yield self.change(
                "input-limits",
                _limit_impact(name, before, after),
                f"{name} {before or 'none'} is now {after or 'none'}",
                old=before,
                new=after,
            )

    def _options(self) -> Iterator[Change]:
        before, after = _constants(self.old), _constants(self.new)
        for value, new in after.items():
            old = before.get(value)
            if old is not None:
                yield from self._option(value, old, new)
            else:
                label = new.option.label or value
                yield self.change(
                    "option-added",
                    Impact.ADDITIVE,
                    f"new option {beginning(label)}",
                    subject=self.option(value),
                )
        for value, old in before.items():
            if value not in after:
                label = old.option.label or value
                yield self.change(
                    "option-removed",
                    Impact.BREAKING,
                    f"option {beginning(label)} is gone",
                    subject=self.option(value),
                )

    def _option(self, value: str, old: ConstantPlan, new: ConstantPlan) -> Iterator[Change]:
        if old.name != new.name:
            yield self.change(
                "option-renamed",
                Impact.BREAKING,
                f"constant {old.name} is now {new.name}",
                subject=self.option(value),
                old=str(old.name),
                new=str(new.name),
            )
        if old.settings != new.settings:
            yield self.change(
                "option-slider",
                _slider_impact(old.settings, new.settings),
                "sliders changed",
                subject=self.option(value),
            )
        for name in _OPTION_TEXTS:
            if getattr(old.option, name) != getattr(new.option, name):
                yield self.change(
                    "option-text", Impact.COSMETIC, f"{name} changed", subject=self.option(value)
                )
        if old.option.seen is None and new.option.seen is not None:
            yield self.change(
                "option-unlisted",
                Impact.COSMETIC,
                f"{beginning(new.option.label or value)} is kept, "
                "the latest document does not list it",
                subject=self.option(value),
            )


def _value_kind(item: InputPlan) -> tuple[str, str]:
    return item.type_name, item.spec.wire.type


def _constants(item: InputPlan) -> dict[str, ConstantPlan]:
    if item.constants is None:
        return {}
    return {each.option.value: each for each in item.constants.values}


def _limit_impact(name: str, before: str | None, after: str | None) -> Impact:
    """Return ``BREAKING`` when a value that was accepted is refused now."""
    if after is None:
        return Impact.ADDITIVE
    if before is None:
        return Impact.BREAKING
    low, high = Decimal(before), Decimal(after)
    if name == "step":
        return Impact.ADDITIVE if high and low % high == 0 else Impact.BREAKING
    looser = high <= low if name == "minimum" else high >= low
    return Impact.ADDITIVE if looser else Impact.BREAKING


def _slider_impact(old: tuple[SettingPlan, ...], new: tuple[SettingPlan, ...]) -> Impact:
    after = {each.id: each for each in new}
    worst = Impact.COSMETIC
    for before in old:
        now = after.pop(before.id, None)
        if now is None or now.kind != before.kind or now.default != before.default:
            return Impact.BREAKING
        for name in ("minimum", "maximum", "step"):
            here, there = getattr(before, name), getattr(now, name)
            if here != there and not _looser(name, here, there):
                return Impact.BREAKING
            worst = worst if here == there else Impact.ADDITIVE
    # Each further slider adds a tag to the prompts of callers who use the option.
    return Impact.BREAKING if after else worst


def _looser(name: str, before: str | None, after: str | None) -> bool:
    try:
        return _limit_impact(name, before, after) is Impact.ADDITIVE
    except ArithmeticError:
        return False


def _json(value: Json | Unsent) -> Json:
    return None if isinstance(value, Unsent) else value


def _shown(value: Json | Unsent) -> str:
    return "nothing" if isinstance(value, Unsent) else beginning(repr(value))
