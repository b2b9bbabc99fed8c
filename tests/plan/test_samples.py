"""The documented sets of values of a tool, as arguments that its client takes."""

from __future__ import annotations

import json

import pytest

from generated import imported, number, plan, prompt, select, text, tool
from wirogen.plan.samples import whole
from wirogen.specs import Option, ToolSpec, Wire


def made(**example: str) -> ToolSpec:
    return tool(
        prompt(),
        text("inputImageUrl"),
        text("mask", type="multifileinput", wire=Wire(type="string")),
        number("steps", 20, minimum="1", maximum="50"),
        text("loud", type="checkbox", default="true", wire=Wire(type="boolean", sent=True)),
        select("voice", Option(value="1", label="Rachel"), Option(value="2", label="Adam")),
        text("words", wire=Wire(type="array", sent=[])),
        examples=(example,),
    )


def test_values_are_those_that_the_client_takes() -> None:
    spec = made(
        prompt="a boat", inputImage="https://x.example/a.png", mask='["https://x.example/m.png"]',
        steps="12", loud="false", voice="Adam", words="one",
    )  # fmt: skip
    shown = {str(each.name): each.value for each in plan(spec).example}
    assert shown == {
        "prompt": '"a boat"',
        "input_image_url": '"https://x.example/a.png"',
        "mask": '["https://x.example/m.png"]',
        "steps": "12",
        "loud": "False",
        "voice": f"{plan(spec).module.project}.Voice.ADAM",
        "words": '["one"]',
    }
    with imported(spec) as module:
        module.Inputs(**{str(each.name): each.constant for each in plan(spec).example})


def test_what_a_tool_would_refuse_is_left_out() -> None:
    odd = made(steps="51", loud="perhaps", voice="Nobody", inputImage="a.png", prompt=" ", x="1")
    planned = plan(odd)
    assert planned.samples == ()
    assert [str(each.name) for each in planned.example] == ["prompt"]
    assert [each.constant for each in plan(made(steps="5.5", prompt="ok")).samples[0]] == ["ok"]
    assert plan(made(words="[" * 100_000)).samples[0][0].constant == ["[" * 1_000]


def test_a_text_is_whole_or_ends_with_a_sentence() -> None:
    sentence = "A lighthouse, seen from the sea. "
    assert whole(sentence * 20) == (sentence * 20).strip()
    long = whole(sentence * 500)
    assert len(long) <= 1_000
    assert long.endswith("the sea.")
    assert whole("word " * 500).endswith(" word")


@pytest.mark.parametrize("value", [[{"type": "function", "strict": None}], ["a", 1], []])
def test_a_list_of_anything_is_json(value: list[object]) -> None:
    spec = tool(
        text("tools", wire=Wire(type="array", sent=[])), examples=({"tools": json.dumps(value)},)
    )
    (sample,) = plan(spec).samples
    assert [each.constant for each in sample] == [value]
    with imported(spec) as module:
        assert module.Inputs(tools=sample[0].constant).wire() == {"tools": value}


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize(
    ("name", "example", "shown"),
    [
        ("inputImageUrl", "a.jpg", "https://example.com/a.jpg"),
        ("inputImageUrl", "https://h/a.jpg", "https://h/a.jpg"),
        (
            "inputFileMultipleUrl",
            "a.jpg,https://h/b.jpg",
            ["https://example.com/a.jpg", "https://h/b.jpg"],
        ),
    ],
)
def test_the_example_has_the_address_that_a_document_shows(
    name: str, example: str, shown: object, required: bool
) -> None:
    item = text(name, required=required, example=example)
    (found,) = plan(tool(item)).example
    assert found.constant == shown
    with imported(tool(item)) as module:
        assert module.Inputs(**{found.name: shown}).wire()[name].startswith("https://")


@pytest.mark.parametrize("required", [True, False])
def test_the_example_has_an_address_beside_the_input_of_its_file(required: bool) -> None:
    file = text("inputImage", type="fileinput")
    address = text("inputImageUrl", required=required, example="a.jpg")
    (found,) = plan(tool(file, address)).example
    assert (found.name, found.constant) == ("input_image_url", "https://example.com/a.jpg")


def test_the_example_of_one_file_is_one_address() -> None:
    item = text("photo", type="fileinput", required=True, example=["a.jpg", "b.jpg"])
    (found,) = plan(tool(item)).example
    assert found.constant == "https://example.com/a.jpg"
