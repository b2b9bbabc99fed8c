"""What is odd about a spec that can be read, above all about one that a person wrote.

What its document was already found to have is not said again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import chain, islice
from typing import Final
from urllib.parse import unquote

from wiro_runtime.price.rates import read_rates
from wiro_runtime.price.tariff import QUANTITY
from wirogen.common.json_values import decimal, kind
from wirogen.common.text import did_you_mean, shorten
from wirogen.diagnostics.model import Diagnostic
from wirogen.merge.wire import file_key
from wirogen.specs import Input, ToolSpec, Unsent
from wirogen.specs.model import KNOWN_TYPES
from wirogen.specs.sliders import slider_fault

_RUN: Final = "/Run/"
_UNKNOWN_TYPE: Final = "D105"
_NO_OPTION: Final = "D201"
_ODD_SLIDER: Final = "D212"
_MOST_REPORTED: Final = 20


def check_spec(spec: ToolSpec, path: str) -> Iterator[Diagnostic]:
    """The diagnostics of one spec, in the order of its inputs. ``path`` is the file to name."""
    findings = spec.source.findings if spec.source else ()
    said = {(each.code, each.subject) for each in findings}
    run = spec.endpoints["run"]
    if unquote(run.partition(_RUN)[2]) != spec.tool:
        message = f"is {shorten(run)}, which is not where {spec.tool} runs"
        yield Diagnostic(code="S105", message=message, path=path, subject="endpoints")
    yield from _rates(spec, path)
    for item in spec.inputs:
        every = chain(_type(item, said), _sent(item, said), _limits(item), _sliders(item, said))
        for code, message in every:
            yield Diagnostic(code=code, message=message, path=path, subject=item.name)


def _rates(spec: ToolSpec, path: str) -> Iterator[Diagnostic]:
    price = spec.dynamicprice
    if isinstance(price, str) and spec.source and spec.source.detail:
        # T103 says so.
        return
    rates, problems = read_rates(price)
    for message in problems:
        yield Diagnostic(code="S106", message=message, path=path, subject="dynamicprice")
    given = dict.fromkeys(pair for rate in rates for pair in rate["inputs"].items())
    for message in islice(_unpaid(spec, given), _MOST_REPORTED):
        yield Diagnostic(code="S107", message=message, path=path, subject="dynamicprice")


def _unpaid(spec: ToolSpec, given: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What rates are about that is never sent, of pairs of an input and its value."""
    names = [item.name for item in spec.inputs]
    known = set(map(file_key, names))
    for name in dict.fromkeys(name for name, _ in given):
        if file_key(name) not in known:
            near = did_you_mean(name, names)
            yield f"has a rate for {shorten(name)}, which is no input of the tool{near}"
    closed = {
        item.name: [option.value for option in item.options or ()]
        for item in spec.inputs
        if item.open is False
    }
    for name, value in given:
        values = closed.get(name, [value])
        # Numbers are sent as such: a rate for 1 counts for the option 1.0.
        number = decimal(value)
        found = value in values or (number is not None and number in map(decimal, values))
        if value and not found and not QUANTITY.fullmatch(value):
            near = did_you_mean(value, values)
            yield f"has a rate for {shorten(value)}, which is no option of {shorten(name)}{near}"


def _type(item: Input, said: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    if item.type not in KNOWN_TYPES and (_UNKNOWN_TYPE, item.name) not in said:
        yield _UNKNOWN_TYPE, f"has type {shorten(item.type)}"


def _sent(item: Input, said: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    sent = item.wire.sent
    if isinstance(sent, Unsent) or sent is None:
        return
    found = kind(sent)
    # Documents have numbers whose value is `false`; the API takes them.
    if found != item.wire.type and (item.wire.type, found) != ("number", "boolean"):
        shown = shorten(json.dumps(sent, ensure_ascii=False))
        yield "S101", f"sends {shown} ({found}), its wire type is {item.wire.type}"
    if item.open is not False or (_NO_OPTION, item.name) in said:
        return
    values = {option.value for option in item.options or ()}
    several = sent.split(",") if item.type == "multiselect" and isinstance(sent, str) else [sent]
    for each in sent if isinstance(sent, list) else several:
        value = each if isinstance(each, str) else json.dumps(each, ensure_ascii=False)
        if value and value not in values:
            yield "S102", f"sends {shorten(value)}, which is not among its options"


def _limits(item: Input) -> Iterator[tuple[str, str]]:
    sent = item.wire.sent
    if isinstance(sent, bool) or not isinstance(sent, str | int | float):
        return
    number = decimal(sent) if isinstance(sent, str) else Decimal(str(sent))
    if number is None:
        return
    low, high = item.minimum, item.maximum
    if low is not None and number < Decimal(low):
        yield "S104", f"sends {shorten(str(sent))}, which is below its minimum {low}"
    if high is not None and number > Decimal(high):
        yield "S104", f"sends {shorten(str(sent))}, which is above its maximum {high}"


def _sliders(item: Input, said: set[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    if (_ODD_SLIDER, f"{item.name}.options") in said:
        return
    for option in item.options or ():
        for slider in option.generatesettings or ():
            if wrong := slider_fault(slider):
                yield "S103", f"option {shorten(option.value)} has {wrong}"
