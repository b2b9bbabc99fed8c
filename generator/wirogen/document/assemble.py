"""From inputs as the document has them to inputs of a spec: the rules for the wire are applied."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from wirogen.merge.wire import (
    CALLBACK,
    PROMPT,
    Decision,
    Shown,
    decide,
    decided,
    shown_type,
    shown_wire,
)
from wirogen.specs import Described, Input, Json


@dataclass(slots=True, kw_only=True)
class RawInput(Described):
    """The fields of an input as text. ``at`` is the offset at which each of its fields begins,
    ``option_at`` the offset of the value of each option."""

    at: dict[str, int] = field(default_factory=dict[str, int])
    extra: dict[str, str] = field(default_factory=dict[str, str])
    option_at: list[int] = field(default_factory=list[int])


def assemble(
    raw: list[RawInput], body: Mapping[str, Json] | None, unusable: Collection[str] = ()
) -> tuple[list[Input], list[Decision]]:
    """The inputs, and what was decided for each. ``body`` is the body of the Run Command
    (``None``: there is none); keys of it that no input describes become inputs at the end.
    ``unusable`` are its keys whose values cannot be read."""
    inputs: list[Input] = []
    decisions: list[Decision] = []
    for item in raw:
        decision = decide(item, body, unusable)
        decisions.append(decision)
        inputs.append(decided(item, decision, item.extra))
    names = {item.name for item in raw} | {CALLBACK}
    for name, value in (body or {}).items():
        if name not in names:
            item = Described(name=name, type=shown_type(value))
            decision = Decision(required=False, wire=shown_wire(value), shown=Shown.SENT)
            if name == PROMPT:  # no billed run begins from an example, described or not
                decision = decide(item, body, unusable)
            decisions.append(decision)
            inputs.append(decided(item, decision))
    return inputs, decisions
