"""A tool as data for the request builder of its page: what each input takes, and the snippets.

The page's script knows no tool; all that it shows, checks and writes comes from here. Numbers are
kept as the text that Python prints for them, because JavaScript has only one kind of number.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from wirogen.plan import ToolPlan
from wirogen.plan.identifiers import words
from wirogen.plan.kinds import NUMBER_KINDS, Kind
from wirogen.plan.model import ConstantPlan, InputPlan
from wirogen.specs import Json, Unsent

_ANY: Final = "any"
_JSON_KINDS: Final = frozenset({Kind.LIST, Kind.OBJECT, _ANY})
"""What is written as JSON text."""
_RARE: Final = frozenset(
    """
    callback cfg clip conv fps flow format guidance mode private safety scale scheduler seed shift
    steps strength tolerance watermark
    """.split()
)
_FEW_INPUTS: Final = 6
EXAMPLES_SHOWN: Final = 20
"""How many examples a page has."""


def request_data(plan: ToolPlan, snippets: Mapping[str, str]) -> str:
    """The JSON file of a tool; ``snippets`` are texts with a line for the arguments."""
    initial = {each.name: each.constant for each in plan.example}
    inputs: list[Json] = []
    for item in plan.inputs:
        data = _input(item, fold=len(plan.inputs) > _FEW_INPUTS)
        data["option"] = item.option
        if item.name in initial:
            data["initial"] = _value(_control(item), initial[item.name])
        inputs.append(data)
    whole: dict[str, Json] = {
        "tool": plan.spec.tool,
        "module": str(plan.module.project),
        "snippets": dict(snippets),
        "inputs": inputs,
    }
    if plan.tariff is not None:
        whole["tariff"] = dict(plan.tariff)
    if plan.samples:
        controls = {item.name: _control(item) for item in plan.inputs}
        whole["samples"] = [
            {str(each.name): _value(controls[each.name], each.constant) for each in sample}
            for sample in plan.samples[:EXAMPLES_SHOWN]
        ]
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"


def _control(item: InputPlan) -> str:
    """The kind of control that a form shows; the names are those of ``values.js``."""
    return item.kind if isinstance(item.odd, (str, bool, Unsent)) else _ANY


def _input(item: InputPlan, *, fold: bool) -> dict[str, Json]:
    kind = _control(item)
    data: dict[str, Json] = {
        "name": str(item.name),
        "key": item.spec.name,
        "title": item.title,
        "help": item.help,
        "kind": kind,
        "wire": item.schema.get("x-wire"),
    }
    if item.required:
        data["required"] = True
    elif "default" in item.schema:
        data["default"] = _value(kind, item.schema["default"])
    if fold and not item.required and _is_rare(item):
        data["rare"] = True
    if item.spec.type == "textarea" or "prompt" in item.spec.name.lower():
        data["long"] = True
    if isinstance(item.odd, (str, bool)):
        data["odd"] = item.odd
    if item.spec.open:
        data["open"] = True
    example = item.spec.example
    if example is not None:
        data["example"] = _value(kind, example)
    kinds = item.schema.get("anyOf")
    # Beside an odd default, limits are for the numbers alone.
    limited = kinds[0] if isinstance(kinds, list) and isinstance(kinds[0], dict) else item.schema
    for key in ("minimum", "maximum"):
        limit = limited.get(key)
        if limit is not None:
            data[key] = _number(limit)
    for key, name in (("x-file-field", "fileField"), ("x-lora-prompt", "loraPrompt")):
        if key in item.schema:
            data[name] = item.schema[key]
    data |= _options(item)
    return data


def _is_rare(item: InputPlan) -> bool:
    return not _RARE.isdisjoint(word.lower() for word in words(item.spec.name, split_camel=True))


def _options(item: InputPlan) -> dict[str, Json]:
    found: dict[str, Json] = {}
    options: list[Json] = []
    listed: set[str] = set()
    if item.constants is not None:
        found["class"] = str(item.constants.name)
        options += [_option(each, lora=item.constants.lora) for each in item.constants.values]
        listed = {each.option.value for each in item.constants.values}
    # What the validator allows although no option stands for it.
    options.extend([value] for value in item.literal_values if value not in listed)
    if options:
        found["options"] = options
    return found


def _option(each: ConstantPlan, *, lora: bool) -> list[Json]:
    """``[value, constant, label, description, trigger words, settings]``, cut where empty."""
    option = each.option
    triggers: list[Json] = list(option.triggerwords or ())
    settings: list[Json] = [
        [part.id, part.kind, part.minimum, part.maximum, part.default, part.step, part.note]
        for part in each.settings
    ]
    row: list[Json] = [option.value, str(each.name), option.label, option.description or ""]
    row += [triggers, settings if lora else list[Json]()]
    while not row[-1] and len(row) > len(("value", "constant", "label")):
        row.pop()
    return row


def _value(kind: str, value: Json) -> Json:
    if kind in _JSON_KINDS:
        return json.dumps(value, ensure_ascii=False)
    if kind in NUMBER_KINDS and not isinstance(value, bool):
        return _number(value)
    if isinstance(value, str) and kind in {"files", "files-mixed", "texts", "ids"}:
        return [value]
    if isinstance(value, str) and kind == "choices":
        return [*value.split(",")]
    return value


def _number(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)
