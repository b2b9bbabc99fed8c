"""``verify`` can fail: it notices every kind of difference between a spec and its document."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import starmap

import pytest

from document.build import NAMES, page, parse, real, text_input
from document.layouts import flat
from document.unflatten import unflatten
from wirogen.document import Kind, ParsedDocument, Span, verify
from wirogen.specs import UNSENT, Input, Option, Section, ToolSpec, Wire

Change = Callable[[ToolSpec], ToolSpec]


def in_input(number: int, **changes: object) -> Change:
    def change(spec: ToolSpec) -> ToolSpec:
        inputs = list(spec.inputs)
        inputs[number] = replace(inputs[number], **changes)  # any field
        return replace(spec, inputs=tuple(inputs))

    return change


def in_option(number: int, slot: int, **changes: object) -> Change:
    def change(spec: ToolSpec) -> ToolSpec:
        options = list(spec.inputs[number].options or ())
        options[slot] = replace(options[slot], **changes)  # any field
        return in_input(number, options=tuple(options))(spec)

    return change


def drop_input(number: int) -> Change:
    return lambda spec: replace(spec, inputs=(*spec.inputs[:number], *spec.inputs[number + 1 :]))


def add_input(spec: ToolSpec) -> ToolSpec:
    more = Input(
        name="more", label="", help="", type="text", default=None, required=False,
        wire=Wire(type="string", sent="1"),
    )  # fmt: skip
    return replace(spec, inputs=(*spec.inputs, more))


def swap_inputs(spec: ToolSpec) -> ToolSpec:
    first, second, *others = spec.inputs
    return replace(spec, inputs=(second, first, *others))


CHANGES: dict[str, Change] = {
    "name": lambda spec: replace(spec, name="wiro/other"),
    "tool": lambda spec: replace(spec, tool="wiro/other"),
    "description": lambda spec: replace(spec, description=spec.description + " "),
    "cover": lambda spec: replace(spec, cover=None),
    "category": lambda spec: replace(spec, categories=("tool", *spec.categories)),
    "less categories": lambda spec: replace(spec, categories=spec.categories[:-1]),
    "tag": lambda spec: replace(spec, tags=("x",)),
    "run": lambda spec: replace(spec, endpoints={**spec.endpoints, "run": "x"}),
    "kill": lambda spec: replace(spec, endpoints={**spec.endpoints, "kill": "x"}),
    "extra": lambda spec: replace(spec, extra={"a": "b"}),
    "section": lambda spec: replace(spec, sections=(Section(title="a", text="b"),)),
    "example": lambda spec: replace(spec, examples=({"prompt": "b"},)),
    "input label": in_input(5, label="Seed"),
    "input name": in_input(5, name="x"),
    "input help": in_input(4, help="You can provide a direct URL to a LoRA model."),
    "input type": in_input(5, type="text"),
    "input default": in_input(6, default="x"),
    "blank default": in_input(4, default=""),
    "quoted default": in_input(1, default=None),
    "required": in_input(5, required=False),
    "wire type": in_input(8, wire=Wire(type="string", sent=30)),
    "wire sent": in_input(8, wire=Wire(type="number", sent="30")),
    "number kind": in_input(8, wire=Wire(type="number", sent=30.0)),
    "not sent": in_input(8, wire=Wire(type="number", sent=UNSENT)),
    "open": in_input(0, open=False),
    "no options": in_input(0, options=None),
    "option dropped": in_input(0, options=()),
    "option value": in_option(0, 1, value="1088"),
    "option label": in_option(2, 0, label="Ostris"),
    "option description": in_option(2, 0, description=None),
    "option triggers": in_option(2, 4, triggerwords=("sandals",)),
    "option sliders": in_option(2, 0, generatesettings=()),
    "option extra": in_option(2, 0, extra={"a": "b"}),
    "option added": lambda spec: in_input(
        0, options=(*(spec.inputs[0].options or ()), Option(value="1", label="x"))
    )(spec),
    "input dropped": drop_input(3),
    "last input dropped": drop_input(-1),
    "input added": add_input,
    "inputs swapped": swap_inputs,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("flattened", [True, False])
def test_every_change_of_the_spec_is_noticed(change: str, flattened: bool) -> None:
    text = real("text-to-image-sd-lora")
    parsed = parse(text if flattened else unflatten(text))
    changed = CHANGES[change](parsed.spec)
    assert repr(changed) != repr(parsed.spec)
    assert verify(parsed) is None
    mismatch = verify(parsed, changed)
    assert mismatch is not None
    assert str(mismatch)


@pytest.mark.parametrize("name", NAMES)
def test_text_that_no_span_holds_is_noticed(name: str) -> None:
    parsed = parse(real(name))
    spans = parsed.recorded
    for number, span in enumerate(starmap(Span, spans)):
        if span.kind is Kind.VALUE and span.end > span.start:
            fewer = replace(parsed, recorded=spans[:number] + spans[number + 1 :])
            assert verify(fewer) is not None


def test_another_text_is_noticed() -> None:
    parsed = parse(real(NAMES[0]))
    at = parsed.text.index("guidancescale-help")
    other = replace(parsed, text=parsed.text[:at] + "G" + parsed.text[at + 1 :])
    mismatch = verify(other)
    assert mismatch is not None
    assert mismatch.position == (1, at + 1)
    assert mismatch.path == ("inputs", 9, "help")
    assert mismatch.found.startswith("Guidance")


def test_the_source_is_not_part_of_the_proof() -> None:
    parsed = parse(real(NAMES[0]))
    assert verify(parsed, replace(parsed.spec, source=None)) is None


def test_boilerplate_is_only_the_end_of_the_document_and_the_callback() -> None:
    """No region may hide what the spec should have."""
    for name in NAMES:
        parsed: ParsedDocument = parse(real(name))
        start = parsed.text.index("## Integration Header Prepare")
        regions = [part for part in parsed.spans if part.kind is Kind.REGION]
        assert all(part.start > start for part in regions)
        run = [part for part in regions if part.name == "run-request"]
        assert "".join(parsed.text[part.start : part.end] for part in run).count('"') < 20


def test_values_in_other_spellings_compare_by_value() -> None:
    body = '{ "seed" : "\\u0031", "width": 5.0e0 }'
    made = page(text_input("seed", "1"), text_input("width", "5", type="number"), body=body)
    parsed = parse(flat(made))
    assert [item.wire.sent for item in parsed.spec.inputs] == ["1", 5.0]
    assert verify(parsed) is None
    inputs = (
        parsed.spec.inputs[0],
        replace(parsed.spec.inputs[1], wire=Wire(type="number", sent=5)),
    )
    assert verify(parsed, replace(parsed.spec, inputs=inputs)) is not None
