"""The sets of values that Wiro shows for a tool → arguments that its client takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from wirogen.common.json_values import Json, decimal, json_or_none, number
from wirogen.plan.identifiers import Identifier
from wirogen.plan.kinds import FILE_KINDS, LORA_KINDS, Kind
from wirogen.plan.literals import source
from wirogen.plan.model import ArgumentPlan, Code, InputPlan

_LISTS: Final = frozenset(
    {Kind.FILES, Kind.FILES_MIXED, Kind.LORAS, Kind.CHOICES, Kind.IDS, Kind.TEXTS}
)
_WHOLE: Final = 1_000
"""Characters of a text that are shown whole; a longer one ends with a sentence or a line."""
_END: Final = re.compile(r"[.!?…]['\")\]”’]?(?=\s)|\n")


def sample_sets(
    inputs: Sequence[InputPlan], examples: Sequence[Mapping[str, str]], module: Identifier
) -> tuple[tuple[ArgumentPlan, ...], ...]:
    """The documented sets in signature order, each without what its tool would refuse.

    A key is the name of an input, or of one without its ``Url`` (``inputImage`` is a value of
    ``inputImageUrl``). Sets that come twice, or of which nothing is left, are left out.
    """
    by_key: dict[str, InputPlan] = {}
    for item in inputs:
        by_key.setdefault(item.spec.name.removesuffix("Url"), item)
    by_key |= {item.spec.name: item for item in inputs}
    ordered = sorted(inputs, key=lambda item: not item.required)
    found: dict[str, tuple[ArgumentPlan, ...]] = {}
    for example in examples:
        given = dict(_values(example, by_key))
        arguments = tuple(
            argument(item, given[item.name], module) for item in ordered if item.name in given
        )
        if arguments:
            found.setdefault(json.dumps(given, sort_keys=True), arguments)
    return tuple(found.values())


def argument(item: InputPlan, constant: Json, module: Identifier) -> ArgumentPlan:
    """``item=constant``; an id whose option has a readable name is written by that name."""
    return ArgumentPlan(name=item.name, constant=constant, value=_source(item, constant, module))


def _source(item: InputPlan, constant: Json, module: Identifier) -> Code:
    if isinstance(constant, list):
        return Code(f"[{', '.join(_source(item, each, module) for each in constant)}]")
    for each in item.constants.values if item.constants else ():
        named = item.kind in LORA_KINDS or each.option.label != each.option.value
        if item.constants and each.option.value == constant and named:
            return Code(f"{module}.{item.constants.name}.{each.name}")
    return source(constant)


def whole(text: str) -> str:
    """``text`` itself, or as many of its sentences as a page has room for."""
    text = text.strip()
    if len(text) <= _WHOLE:
        return text
    ends = [match.end() for match in _END.finditer(text, 0, _WHOLE)]
    return text[: ends[-1]].rstrip() if ends else text[:_WHOLE].rpartition(" ")[0] or text[:_WHOLE]


def _values(
    example: Mapping[str, str], inputs: Mapping[str, InputPlan]
) -> Iterator[tuple[str, Json]]:
    for key, text in example.items():
        item = inputs.get(key)
        if item is not None and text.strip():
            value = _value(item, text.strip())
            if value is not None:
                yield item.name, value


def _value(item: InputPlan, text: str) -> Json:
    """The value that ``text`` stands for, ``None`` where the validator would refuse it."""
    if item.kind is Kind.LIST:
        return _any_list(item, text)
    if item.kind in _LISTS:
        values = [_one(item, each) for each in _texts(text)]
        return None if None in values else values
    return _one(item, text)


def _any_list(item: InputPlan, text: str) -> Json:
    """A JSON array; where nothing is known of the list, a text may be all that is in it."""
    found = json_or_none(text)
    if isinstance(found, list):
        return found
    return [whole(text)] if item.spec.wire.sent == [] else None


def _one(item: InputPlan, text: str) -> Json:
    if item.kind in FILE_KINDS:
        return text if text.startswith(("https://", "http://")) else None
    if item.kind in {Kind.INT, Kind.NUMBER}:
        return _number(item, text)
    if item.kind is Kind.INT_OR_TEXT:
        found = number(text)
        return found if isinstance(found, int) and str(found) == text else text
    if item.kind is Kind.BOOL:
        return {"true": True, "false": False}.get(text.lower())
    if item.kind in {Kind.LIST, Kind.OBJECT}:
        return None
    if item.kind in LORA_KINDS or item.literal_values or item.constants is not None:
        return _choice(item, text)
    return whole(text)


def _choice(item: InputPlan, text: str) -> str | None:
    """The id of an option that is given by its id or its label."""
    options = item.constants.values if item.constants else ()
    listed = {*item.literal_values, *(each.option.value for each in options)}
    if text in listed:
        return text
    labelled = {each.option.label: each.option.value for each in options}
    return labelled.get(text) or (text if item.spec.open and text.isalnum() else None)


def _number(item: InputPlan, text: str) -> Json:
    found = number(text)
    exact = decimal(text)
    if found is None or exact is None or (item.kind is Kind.INT and not isinstance(found, int)):
        return None
    low, high = item.spec.minimum, item.spec.maximum
    fits = (low is None or Decimal(low) <= exact) and (high is None or exact <= Decimal(high))
    return found if fits else None


def _texts(text: str) -> list[str]:
    """The items of a JSON array of texts and numbers, else the text alone."""
    found = json_or_none(text) if text.startswith("[") else None
    if isinstance(found, list):
        return [each if isinstance(each, str) else json.dumps(each) for each in found]
    return [text]
