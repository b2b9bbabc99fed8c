"""From inputs as the document has them to inputs of a spec: the rules for the wire are applied."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from wirogen.document.raw_input import RawInput
from wirogen.merge.wire import (
    CALLBACK,
    PROMPT,
    Decision,
    Shown,
    decide,
    is_open,
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
        inputs.append(
            Input(
                name=item.name,
                label=item.label,
                help=item.help,
                type=item.type,
                default=item.default,
                required=decision.required,
                wire=decision.wire,
                example=decision.example,
                open=is_open(item.name, item.type, item.options),
                options=item.options,
                extra=item.extra,
            )
        )
    names = {item.name for item in raw} | {CALLBACK}
    for name, value in (body or {}).items():
        if name not in names:
            decision = Decision(
                required=False, wire=shown_wire(value), example=None, shown=Shown.SENT
            )
            if name == PROMPT:  # no billed run begins from an example, described or not
                decision = decide(name, shown_type(value), None, None, body, unusable)
            decisions.append(decision)
            inputs.append(_undescribed(name, value, decision))
    return inputs, decisions


def _undescribed(name: str, value: Json, decision: Decision) -> Input:
    type_ = shown_type(value)
    return Input(
        name=name,
        label="",
        help="",
        type=type_,
        default=None,
        required=decision.required,
        example=decision.example,
        wire=decision.wire,
        open=is_open(name, type_, None),
    )
