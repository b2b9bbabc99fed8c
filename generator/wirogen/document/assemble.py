"""From inputs as the document has them to inputs of a spec: the rules for the wire are applied."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from wirogen.document.raw_input import RawInput
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
from wirogen.specs import Input, Json


def assemble(
    raw: list[RawInput], body: Mapping[str, Json] | None, unusable: Collection[str] = ()
) -> tuple[list[Input], list[Decision]]:
    """The inputs, and what was decided for each. ``body`` is the body of the Run Command
    (``None``: there is none); keys of it that no input describes become inputs at the end.
    ``unusable`` are its keys whose values cannot be read."""
    inputs: list[Input] = []
    decisions: list[Decision] = []
    for item in raw:
        decision = decide(item.name, item.type, item.default, item.options, body, unusable)
        decisions.append(decision)
        inputs.append(replace(decided(item, decision), extra=item.extra))
    names = {item.name for item in raw} | {CALLBACK}
    for name, value in (body or {}).items():
        if name not in names:
            decision = Decision(
                required=False, wire=shown_wire(value), example=None, shown=Shown.SENT
            )
            if name == PROMPT:  # no billed run begins from an example, described or not
                decision = decide(name, shown_type(value), None, None, body, unusable)
            decisions.append(decision)
            item = RawInput(name=name, at={}, extra={}, option_at=[], type=shown_type(value))
            inputs.append(decided(item, decision))
    return inputs, decisions
