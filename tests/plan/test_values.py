"""What an input takes and what goes out: the generated validator, called."""

from __future__ import annotations

import html
import json
import math
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from generated import imported, number, plan, prompt, render, select, text, tool
from wiro_runtime import InvalidInputs
from wiro_runtime.cli.values import read_inputs
from wiro_runtime.cli.view import view_tool
from wiro_runtime.price.estimate import partial_inputs
from wirogen.emit.data.catalogue import entry_text
from wirogen.specs import UNSENT, Input, Option, Source, Wire

if TYPE_CHECKING:
    from wiro_runtime.catalogue import Entry


def body(*inputs: Input, **given: Any) -> dict[str, Any]:
    with imported(tool(prompt(), *inputs)) as module:
        sent = module.Inputs(prompt="x", **given).wire()
        del sent["prompt"]
        return sent


def refusal(*inputs: Input, **given: Any) -> str:
    with pytest.raises(InvalidInputs) as caught:
        body(*inputs, **given)
    assert isinstance(caught.value, ValueError)
    return str(caught.value)


@pytest.mark.parametrize(
    ("item", "sent"),
    [
        (number("steps", 4), 4),
        (number("scale", "7.5", "float"), "7.5"),
        (number("scale", "7.50", "float"), "7.50"),
        (number("scale", "5.0", "float"), "5.0"),
        (number("scale", "7", "float"), "7"),
        (number("scale", 5.0, "float"), 5.0),
        (number("frames", "", "number"), ""),
        (text("seed", default="123456", wire=Wire(type="string", sent="123456")), "123456"),
        (
            text("width", type="number", default="false", wire=Wire(type="boolean", sent=False)),
            False,
        ),
        (
            text("width", type="number", default="false", wire=Wire(type="number", sent=False)),
            False,
        ),
        (
            text("flag", type="checkbox", default="--id", wire=Wire(type="string", sent="--id")),
            "--id",
        ),
        (
            text("on", type="checkbox", default="true", wire=Wire(type="string", sent="true")),
            "true",
        ),
        (text("on", type="checkbox", default="true", wire=Wire(type="boolean", sent=True)), True),
        (select("ratio", "1:1", "16:9", wire=Wire(type="string", sent="4:3")), "4:3"),
        (select("time", "5", "10", wire=Wire(type="number", sent=5)), 5),
        (select("genre", "a", "b", type="multiselect", wire=Wire(type="array", sent=["a"])), ["a"]),
        (text("odd", type="gradient", wire=Wire(type="object", sent={"a": [1]})), {"a": [1]}),
        (text("list", type="tags", wire=Wire(type="array", sent=[1, "a"])), [1, "a"]),
    ],
    ids=lambda value: value.name if isinstance(value, Input) else repr(value),
)
def test_what_is_sent_when_nothing_is_given(item: Input, sent: object) -> None:
    assert json.dumps(body(item)) == json.dumps({item.name: sent})


@pytest.mark.parametrize("on", ["True", "TRUE"])
@pytest.mark.parametrize("checked", [True, False])
def test_a_checkbox_that_sends_a_word_sends_that_of_either_state(on: str, checked: bool) -> None:
    off = "False" if on == "True" else "FALSE"
    default = on if checked else off
    wire = Wire(type="string", sent=default)
    item = text("sharp", type="checkbox", default=default, wire=wire)
    for sent in (on, off):
        assert body(item, sharp=sent) == {"sharp": sent}
    with pytest.raises(InvalidInputs):
        body(item, sharp="")


@pytest.mark.parametrize("sent", ["", "False", "no"])
@pytest.mark.parametrize("default", ["True", "yes"])
def test_a_checkbox_takes_what_it_sends_when_nothing_is_given(default: str, sent: str) -> None:
    item = text("sharp", type="checkbox", default=default, wire=Wire(type="string", sent=sent))
    assert body(item) == body(item, sharp=sent) == {"sharp": sent}
    schema: Any = plan(tool(prompt(), item)).inputs[1].schema
    assert sent in schema["enum"]


@pytest.mark.parametrize("kind", ["number", "float", "range", "checkbox"])
@pytest.mark.parametrize("default", [True, False])
def test_the_shell_reads_true_and_false_as_documents_have_them(kind: str, default: bool) -> None:
    word = "true" if default else "false"
    wire = Wire(type="boolean" if kind == "checkbox" else "number", sent=default)
    with imported(tool(prompt(), text("width", type=kind, default=word, wire=wire))) as module:
        view = view_tool(cast("Entry", SimpleNamespace(module=lambda: module)))
        checked, _ = read_inputs(view, {"prompt": ["x"], "width": [word]}, [], {})
        assert checked.wire()["width"] is default


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("kind", ["textarea", "text", "multiselect"])
@pytest.mark.parametrize("shown", [[{"role": "user"}], [0, 10], [[1, 2], [3, 4]], ["a", 1]])
def test_a_list_that_the_run_command_shows_is_taken(
    shown: list[Any], kind: str, required: bool
) -> None:
    wire = Wire(type="array", sent=UNSENT if required else shown)
    more = {"required": True, "example": shown} if required else {"open": kind == "multiselect"}
    item = text("messages", type=kind, wire=wire, **more)
    assert body(item, messages=shown) == {"messages": shown}
    assert body(item, messages=[{"other": 1}, "a"]) == {"messages": [{"other": 1}, "a"]}


@pytest.mark.parametrize("kind", ["textarea", "text", "multiselect"])
@pytest.mark.parametrize("given", [[], ["a"], [{"type": "function"}], [1, [2]]])
def test_an_empty_list_that_the_run_command_shows_may_hold_anything(
    given: list[Any], kind: str
) -> None:
    item = text("tools", type=kind, wire=Wire(type="array", sent=[]))
    assert body(item) == {"tools": []}
    assert body(item, tools=given) == {"tools": given}


LOOP: list[Any] = []
LOOP.append(LOOP)


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize(
    "odd",
    [math.nan, math.inf, LOOP, "a\ud800", object(), b"a"],
    ids=["nan", "inf", "loop", "half", "object", "bytes"],
)
def test_a_value_that_no_json_holds_is_refused_before_its_run(odd: Any, depth: int) -> None:
    for _ in range(depth):
        odd = {"a": [odd]}
    items = [
        text("tools", type="textarea", wire=Wire(type="array", sent=[])),
        text("schema", type="textarea", wire=Wire(type="object", sent={})),
    ]
    for each in ({"tools": [odd]}, {"schema": {"b": odd}}):
        assert next(iter(each)) in refusal(*items, **each)


@pytest.mark.parametrize(
    "cut",
    ['[{"a":1', '{"a": [1, 2}', '[\n {"a": "b}]', '[["a", 1', '["a"', "{'a': 1}"]
    + [f"[{number}]" for number in ("NaN", "1e400", '{"a": -Infinity}')],
)
def test_the_shell_takes_json_that_is_cut_for_no_text(cut: str) -> None:
    item = text("messages", type="textarea", wire=Wire(type="array", sent=[]))
    with imported(tool(prompt(), item)) as module:
        view = view_tool(cast("Entry", SimpleNamespace(module=lambda: module)))
        for validator in (None, partial_inputs(view.inputs)):
            with pytest.raises(InvalidInputs, match=r"^--messages: "):
                read_inputs(view, {"prompt": ["x"], "messages": [cut]}, [], {}, validator)
        for words in (["[verse] la", "a {b}"], ["[]"], ['"{a}"'], ["1 {", "[a"]):
            read_inputs(view, {"prompt": ["x"], "messages": words}, [], {})


def test_an_empty_list_of_choices_holds_text() -> None:
    wire = Wire(type="array", sent=[])
    options = (Option(value="a", label="A"),)
    item = text("genre", type="multiselect", wire=wire, options=options, open=False)
    private = text("selectedModelPrivate", type="multiselect", wire=wire, options=(), open=True)
    assert body(item, private, genre=["a"]) == {"genre": ["a"], "selectedModelPrivate": []}
    for each in ({"genre": [1]}, {"selectedModelPrivate": [{"a": 1}]}):
        assert next(iter(each)) in refusal(item, private, **each)


@pytest.mark.parametrize("required", [True, False])
@pytest.mark.parametrize("kind", ["select", "multiselect"])
def test_documented_choices_are_checked_whatever_the_run_command_shows(
    kind: str, required: bool
) -> None:
    options = tuple(Option(value=each, label=f"No. {each}") for each in "12")
    wire = Wire(type="array", sent=UNSENT if required else [1])
    more: dict[str, Any] = {"required": True, "example": [1]} if required else {}
    item = text("sizes", type=kind, wire=wire, options=options, open=False, **more)
    assert body(item, sizes=["2", "No. 1"]) == {"sizes": ["2", "1"]}
    assert "sizes[0]: '3' is not an option" in refusal(item, sizes=["3"])


@pytest.mark.parametrize("sent", [UNSENT, "", "a", "a,b"])
@pytest.mark.parametrize("closed", [True, False])
def test_several_choices_that_travel_as_one_text(sent: Any, closed: bool) -> None:
    options = tuple(Option(value=each, label=each.upper()) for each in "abc") if closed else ()
    wire = Wire(type="string", sent=sent)
    item = text("genre", type="multiselect", wire=wire, options=options, open=not closed)
    assert body(item) == ({} if sent is UNSENT else {"genre": sent})
    for given, text_sent in ((["c"], "c"), (["a", "c"], "a,c"), ([], "")):
        assert body(item, genre=given) == {"genre": text_sent}
    assert "genre" in refusal(item, genre=[1])
    if closed:
        assert body(item, genre=["B"]) == {"genre": "b"}
        assert "genre[1]: 'x' is not an option" in refusal(item, genre=["a", "x"])


def test_a_text_that_is_no_list_of_choices_stays_one() -> None:
    for sent in ("a, b", '["a"]'):
        wire = Wire(type="string", sent=sent)
        item = text("genre", type="multiselect", wire=wire, open=True)
        assert body(item) == {"genre": sent}


def test_an_input_that_the_run_command_lacks_is_sent_only_when_given() -> None:
    item = text("extra", wire=Wire(type="string", sent=UNSENT))
    assert body(item) == {}
    assert body(item, extra="a") == {"extra": "a"}


def test_numbers_stay_the_kind_they_were_given() -> None:
    scale = number("scale", "7.5", "float")
    strength = number("strength", 0.5, "float")
    assert json.dumps(body(scale, strength, scale=7, strength=4)) == '{"scale": "7", "strength": 4}'
    assert json.dumps(body(scale, strength, scale=7.0, strength=4.0)) == (
        '{"scale": "7.0", "strength": 4.0}'
    )


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"steps": "4"}, "steps: expected a whole number, got '4' (text)"),
        ({"steps": True}, "steps: expected a whole number, got True (boolean)"),
        ({"steps": 4.5}, "steps: expected a whole number, got 4.5 (number)"),
        ({"scale": "7"}, "scale: expected a number, got '7' (text)"),
        ({"scale": float("nan")}, "scale: expected a finite number, got nan (number)"),
        ({"solver": ["euler"]}, "solver: "),
        ({"solver": "eular"}, "solver: 'eular' is not an option; nearest: 'euler'"),
        ({"step": 4}, "step: unknown input; did you mean steps?"),
        ({"genre": "rock"}, "genre: expected a list, got 'rock' (text)"),
        ({"model": 12}, "model: expected text, got 12 (whole number)"),
    ],
    ids=str,
)
def test_what_is_refused_is_one_line(given: dict[str, Any], line: str) -> None:
    inputs = (
        number("steps", 4),
        number("scale", "7.5", "float"),
        select("solver", "euler", "heun"),
        select("genre", "rock", type="multiselect", wire=Wire(type="array", sent=[])),
        select("model", "12", open=True),
    )
    message = refusal(*inputs, **given)
    assert message.startswith(line)
    assert "\n" not in message


def test_an_open_select_takes_ids_that_nobody_listed() -> None:
    picker = select("selectedModel", Option(value="1", label="One"), open=True)
    assert body(picker, selected_model="4711") == {"selectedModel": "4711"}


def test_limits_from_the_spec_hold() -> None:
    samples = number("samples", 1, minimum="1", maximum="8")
    assert body(samples, samples=8) == {"samples": 8}
    assert "samples" in refusal(samples, samples=9)


def test_both_spellings_of_a_name_are_accepted() -> None:
    item = text("negativePrompt")
    with imported(tool(prompt(), item)) as module:
        assert module.Inputs(prompt="x", negative_prompt="a") == module.Inputs(
            prompt="x", negativePrompt="a"
        )


@pytest.mark.parametrize(
    ("wire", "says"), [("array", "Ids of your own LoRAs."), ("string", "Id of a LoRA of your own.")]
)
def test_what_an_input_does_is_told_of_as_many_as_it_takes(wire: str, says: str) -> None:
    item = select("selectedLoraModelPrivate", wire=Wire(type=wire), help="x-help")
    assert [each.help for each in plan(tool(item)).inputs] == [says]


@pytest.mark.parametrize(("default", "sent"), [("0.0000001", 1e-07), ("1e21", 1e21), ("7", 7.0)])
def test_a_number_spelled_otherwise_is_not_said_to_be_left_out(default: str, sent: float) -> None:
    item = text("x", type="float", default=default, wire=Wire(type="number", sent=sent))
    assert plan(tool(prompt(), item)).inputs[1].filled_in is None


DOCUMENT = Source(document="wiro/painter.txt", sha256="0" * 64)
_DETAILED = replace(DOCUMENT, detail="wiro/painter.json", detail_sha256="0" * 64)


@pytest.mark.parametrize(
    ("source", "item", "inferred"),
    [
        (DOCUMENT, text("x", required=True, example="a.jpg", wire=Wire(type="string")), True),
        (DOCUMENT, text("x", required=True, wire=Wire(type="string")), True),
        (_DETAILED, text("x", required=True, example="a.jpg", wire=Wire(type="string")), True),
        (_DETAILED, text("x", required=True, stated=True, wire=Wire(type="string")), False),
        (None, text("x", required=True, example="a.jpg", wire=Wire(type="string")), False),
        (DOCUMENT, text("x", required=True, default="d", wire=Wire(type="string")), False),
        (DOCUMENT, text("x"), False),
    ],
)
def test_what_is_required_by_inference_says_so(
    source: Source | None, item: Input, inferred: bool
) -> None:
    spec = tool(prompt(), item, source=source)
    planned = plan(spec)
    assert [each.inferred for each in planned.inputs] == [False, inferred]
    assert ("N105" in [each.code for each in planned.diagnostics]) is inferred
    files = render(spec)
    page = files["docs/tools/wiro/painter.md"]
    assert ("as the sample call suggests" in page) is inferred
    with imported(spec) as module:
        told = " ".join(module.run.__doc__.split())
        assert ("as the document's sample call suggests" in told) is inferred
        described = module.Inputs.model_fields["x"].description or ""
        assert ("as the document's sample call suggests" in described) is inferred


@pytest.mark.parametrize(
    ("item", "said"),
    [
        (number("x", 4), True),
        (number("x", "0.70", "float"), True),
        (number("x", 4, maximum="9"), False),
        (number("x", "0.70", "float", minimum="0"), False),
        (number("x", 4, help="More is slower."), True),
        (number("x", 4, help="Minimum: 0.5, maximum: 2, default: 1."), False),
        (number("x", 4, help="Between 1 and 4"), False),
        (number("x", 4, help="Width and height (px) > 14, must be 4*n + 1"), False),
        (number("x", 4, help="1–20"), False),
        (number("x", 4, help="プロンプトへの忠実度：１〜２０。"), False),
        (number("x", 4, help="From 1 to 4."), False),
        (number("x", 4, help="Up to 9 images."), False),
        (number("x", 4, help="Adım sayısı; en az 1, en fazla 50."), False),
        (number("x", 4, help="1 ile 20 arası."), False),
        (number("x", 4, help="4*n + 1, as for 2560×1440."), True),
        (number("x", 4, help="From light to dark; step-by-step."), True),
        (text("x"), False),
        (select("x", "1", "2"), False),
    ],
)
def test_a_number_without_limits_says_so(item: Input, said: bool) -> None:
    assert all(("no limits documented" in text.lower()) is said for text in told(item))


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"minimum": "1", "maximum": "4"}, "from 1 to 4"),
        ({"minimum": "0.5", "maximum": "2", "step": "0.25"}, "from 0.5 to 2 in steps of 0.25"),
        ({"minimum": "1"}, "from 1"),
        ({"maximum": "4"}, "to 4"),
        ({"step": "2"}, "in steps of 2"),
    ],
)
def test_the_range_of_a_number_is_told_alike_everywhere(limits: dict[str, str], words: str) -> None:
    item = number("x", 1, "float", help="How many", **limits)
    page, docstring, description = told(item)
    assert f"<br>{words} |" in page
    assert f"How many. {words[0].upper()}{words[1:]}." in docstring
    assert description == f"How many. {words[0].upper()}{words[1:]}."


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (dict[str, Any](), "not documented"),
        (
            {"dynamicprice": [{"inputs": dict[str, Any](), "price": "0.06", "priceMethod": "cpr"}]},
            "$0.06",
        ),
        ({"cps": "0.001"}, "$0.001 a second of processing"),
    ],
)
def test_the_price_is_told_alike_everywhere(more: dict[str, Any], words: str) -> None:
    spec = tool(prompt(), **more)
    page = html.unescape(render(spec)["docs/tools/wiro/painter.md"]).replace("\\", "")
    assert f"- **Price** {words}" in page
    entry = json.loads(entry_text(plan(spec)))
    assert entry.get("price", "not documented") == words
    with imported(spec) as module:
        assert f"Price: {words}" in " ".join(module.run.__doc__.split())


def told(item: Input) -> tuple[str, str, str]:
    """What page, docstring and validator (of which ``--help`` is made) say of an input ``x``."""
    spec = tool(prompt(), item)
    with imported(spec) as module:
        docstring = " ".join(module.run.__doc__.split())
        description = module.Inputs.model_fields["x"].description or ""
    return render(spec)["docs/tools/wiro/painter.md"], docstring, description


@pytest.mark.parametrize(
    "inputs",
    [
        [text("x" * 58 + "_2"), text("x" * 65)],
        [text("seed_2", python_name="mine"), text("seed"), text("Seed")],
        [text("seed", python_name="mine"), text("Seed")],
    ],
    ids=["both too long", "numbered", "plain"],
)
def test_no_input_is_called_as_wiro_calls_another(inputs: list[Input]) -> None:
    found = plan(tool(prompt(), *inputs)).inputs
    keys = [each.call_key for each in found]
    assert len(set(keys)) == len(keys)
    given = {each.name: each.spec.name for each in found[1:]}
    assert body(*inputs, **given) == {name: name for name in given.values()}
