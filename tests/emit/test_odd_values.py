"""Values that make no sense never reach what is made: every module imports and can be called."""

from __future__ import annotations

import inspect
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from document.build import page, text_input
from document.layouts import flat, lines
from generated import RENDERER, imported, number, plan, prompt, render, select, text, tool
from wiro_runtime import InvalidInputs
from wirogen.detail.read import read_detail
from wirogen.document import parse_document
from wirogen.emit.escape import markdown
from wirogen.emit.python.soundness import check_module
from wirogen.emit.render import render_shared, summary_of
from wirogen.merge.detail import merge_detail
from wirogen.pipeline.spec_checks import check_spec
from wirogen.specs import Input, Option, ToolSpec, Wire, dump_spec, load_spec

pytestmark = pytest.mark.slow

ODD = (
    "false", "true", "auto", "", " ", "0.70", "5.00", "05", "50%", "0,5", "1e400", "-1e400",
    "1e-400", "NaN", "Infinity", "1_000", "\u0663", "+3", ".5", "5.", "--3", "1e3", "9" * 30,
    "9" * 500, "-0", "None", "1/3", "0x10", "low", "null", "[]",
)  # fmt: skip
LIMITS = (
    None, "", "0", "1", "0.25", "-5", "1e3", "1e400", "1e-400", "NaN", "auto", "0,1", "9" * 30,
)  # fmt: skip
TYPES = (
    "number", "float", "range", "text", "textarea", "checkbox", "select", "multiselect",
    "selectwithcover", "color", "fileinput", "combinefileinput", "gradient",
)  # fmt: skip
FILES = "fileinput", "multifileinput", "combinefileinput"
SENT: tuple[Any, ...] = (
    None, False, True, 0, 3, 0.5, -1, 1e21, 1e-07, [], ["a"], {}, {"a": 1}, "", "x",
)  # fmt: skip


def use(spec: ToolSpec) -> None:
    """Make everything of a spec, import it and call it."""
    again = load_spec(dump_spec(spec), path="x.yaml")
    assert again == spec
    planned = plan(spec)
    files = render(spec)
    module_path = f"{planned.module.owner}/{planned.module.project}"
    assert files[f"docs/tools/{module_path}.md"]
    json.loads(files[f"schemas/tools/{module_path}.json"])
    json.loads(render_shared([summary_of(planned)], lambda _: planned, RENDERER)["openapi.json"])
    list(check_spec(spec, "x.yaml"))
    with imported(spec) as module:
        given = {each.name: each.constant for each in planned.example}
        for function in (module.run, module.submit):
            signature = inspect.signature(function)
            signature.bind(object(), **given)
        sent = module.Inputs(**given).wire()
        json.dumps(sent, allow_nan=False)


def documented(found: Sequence[tuple[str, str, Any, dict[str, Any]]]) -> ToolSpec:
    """The spec of a document and an answer of Tool/Detail, as a build makes it."""
    inputs = [text_input("prompt", "a boat")]
    items: list[dict[str, Any]] = []
    body = {"prompt": "a boat"}
    for place, (kind, default, sent, limits) in enumerate(found):
        item = text_input(f"x{place}", default or None, type=kind)
        if kind in {"select", "multiselect", "selectwithcover"}:
            options = Option(value="a", label="A"), Option(value=default, label="")
            item = replace(item, options=options)
        inputs.append(item)
        body[item.name] = default if sent is None else sent
        items.append({"id": item.name, "type": kind, "label": "X", **limits})
        items.append({"id": f"y{place}", "type": kind, **limits})
    document = parse_document(lines(page(*inputs, body=body)), path="d.txt").spec
    answer = {
        "result": True,
        "tool": [{
            "cleanslugowner": "wiro", "cleanslugproject": "test-tool", "title": "t",
            "parameters": [{"title": "", "items": items}],
        }],
    }  # fmt: skip
    detail = read_detail(json.dumps(answer).encode(), path="d.json")
    return merge_detail(document, detail, document="d.json")[0]


@pytest.mark.parametrize("kind", ["number", "float", "range"])
@pytest.mark.parametrize("default", ["false", "auto", "", "0.70", "5.00", "05", "50%", "1e400"])
def test_a_default_of_another_kind_stays_legal_beside_limits(kind: str, default: str) -> None:
    sent: Any = False if default == "false" else default
    wire = Wire(type="number" if sent is False else "string", sent=sent)
    item = text("x", type=kind, default=default, wire=wire, minimum="1", maximum="8", step="1")
    with imported(tool(prompt(), item)) as module:
        assert module.Inputs(prompt="p").wire()["x"] == sent
        assert module.Inputs(prompt="p", x=sent).wire()["x"] == sent
        assert str(module.Inputs(prompt="p", x=8).wire()["x"]) == "8"
        with pytest.raises(InvalidInputs) as caught:
            module.Inputs(prompt="p", x=9)
        assert " from 1 to 8, got 9" in str(caught.value)


_limits = st.fixed_dictionaries(
    {},
    optional={
        "min": st.sampled_from(LIMITS),
        "max": st.sampled_from(LIMITS),
        "step": st.sampled_from(LIMITS),
        "required": st.sampled_from([None, True, False, "1", "odd"]),
    },
)


# Several inputs at a time, because a module takes long to make, however few it has.
@settings(max_examples=20)
@given(
    st.lists(
        st.tuples(st.sampled_from(TYPES), st.sampled_from(ODD), st.sampled_from(SENT), _limits),
        min_size=6,
        max_size=6,
    )
)
def test_whatever_is_documented_gives_a_module_that_can_be_called(
    found: list[tuple[str, str, Any, dict[str, Any]]],
) -> None:
    use(documented(found))


def loras(*sliders: dict[str, Any]) -> Input:
    """One LoRA for each slider."""
    options = (
        Option(
            value=str(62 + place), label=f"someone/Cartoon {place}", description="",
            triggerwords=("toon",), generatesettings=(slider,),
        )
        for place, slider in enumerate(sliders)
    )  # fmt: skip
    wire = Wire(type="array", sent=[])
    return select("selectedLoraModel", *options, open=True, type="multiselect", wire=wire)


SLIDER = {
    "type": "float", "id": "Cartoon", "minvalue": "0.00", "maxvalue": "1", "value": "0.5",
    "defaultvalue": "0.5", "incrementby": "0.1", "note": "",
}  # fmt: skip
_ODD_SLIDER_VALUES: tuple[Any, ...] = (*ODD, None, 3, 0.5, True, [], {}, 10**400)


_change = st.dictionaries(
    st.sampled_from([*SLIDER, "options"]), st.sampled_from(_ODD_SLIDER_VALUES), max_size=4
)


@settings(max_examples=20)
@given(st.lists(_change, min_size=6, max_size=6))
def test_whatever_a_slider_says_gives_a_lora_that_can_be_used(
    changes: list[dict[str, Any]],
) -> None:
    spec = tool(prompt(), loras(*({**SLIDER, **change} for change in changes)))
    use(spec)
    with imported(spec) as module:
        for place in range(len(changes)):
            option = getattr(module.Lora, f"SOMEONE_CARTOON_{place}")
            sent = module.Inputs(prompt="p", selected_lora_model=[option]).wire()
            assert sent["selectedLoraModel"] == [str(62 + place)]
            assert "<lora::" not in sent["prompt"]
            for setting in option.settings:
                for value in (setting.minimum, setting.maximum, setting.default, setting.step):
                    assert value is None or float(value) * 0 == 0


@pytest.mark.parametrize("wire", ["string", "number", "boolean", "array", "object"])
def test_a_spec_may_send_what_is_of_another_type_than_it_says(wire: str) -> None:
    """A document's Run Command may show a list of LoRAs as ``true``; an overlay, and a spec that is
    written by hand, give any type to any value."""
    items: list[Input] = []
    lists: list[Any] = [[1, True, "a"], [["a"], [2]], [None], [{"a": 1}], [1.5, {"b": [{}]}]]
    for place, sent in enumerate((*SENT, *lists)):
        sending = Wire(type=wire, sent=sent)
        items += [
            replace(loras(SLIDER), name=f"lora{place}", wire=sending),
            replace(loras(SLIDER), name=f"one{place}", type="select", wire=sending),
            select(f"many{place}", "a", "b", open=False, type="multiselect", wire=sending),
            text(f"text{place}", wire=sending),
            text(f"number{place}", type="number", default="3", wire=sending),
            *(text(f"{kind}{place}", type=kind, wire=sending) for kind in FILES),
        ]
    use(tool(prompt(), *items))


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_slider_without_an_id_sends_no_tag_and_is_reported(blank: str | None) -> None:
    spec = tool(prompt(), loras({**SLIDER, "id": blank}))
    assert [each.code for each in check_spec(spec, "x")] == ["S103"]
    with imported(spec) as module:
        chosen = module.Inputs(prompt="p", selected_lora_model=[module.Lora.SOMEONE_CARTOON_0])
        assert chosen.wire()["prompt"] == "p"


@pytest.mark.parametrize("change", [{"id": ""}, {"defaultvalue": "auto"}, {"maxvalue": "1e400"}])
def test_a_document_names_a_slider_that_makes_no_sense(change: dict[str, Any]) -> None:
    option = Option(
        value="62", label="a/B", description="d", triggerwords=(),
        generatesettings=({**SLIDER, **change},),
    )  # fmt: skip
    item = text_input("selectedLoraModel", None, type="multiselect", options=(option,))
    parsed = parse_document(flat(page(item, body={"selectedLoraModel": []})), path="x")
    assert "D212" in [each.code for each in parsed.diagnostics]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x: F0 = 1", "F0"),
        ("def f(a: int = missing) -> None:\n    return other(a)", "missing, other"),
        ("class A(B):\n    x = y", "B, y"),
        ("x = (", "was never closed"),
    ],
)
def test_a_module_that_could_not_be_imported_is_not_written(source: str, said: str) -> None:
    with pytest.raises(SyntaxError, match=said):
        check_module(source, "m")
    check_module("from a import F0\nimport os\nx: F0 = [os for os in F0]\nprint(__file__, x)", "m")


_EXAMPLES: tuple[Any, ...] = (None, "a.png", "zzz", "62", ["zzz", "62"], [], 3, {}, "")


@st.composite
def _required(draw: st.DrawFn, name: str) -> Input:
    kinds = ["fileinput", "combinefileinput", "multifileinput", "select", "multiselect"]
    kind = draw(st.sampled_from(kinds))
    wire = Wire(type=draw(st.sampled_from(["string", "array", "number"])))
    example = draw(st.sampled_from(_EXAMPLES))
    if "select" not in kind:
        return text(name, type=kind, required=True, example=example, wire=wire)
    plain = Option(value="61", label="A")
    model = replace(plain, value="62", triggerwords=(), generatesettings=(SLIDER,))
    options = draw(st.sampled_from([(plain,), (model, plain)]))
    choice = {"options": options, "open": draw(st.booleans())}
    return text(name, type=kind, required=True, example=example, wire=wire, **choice)


_NAMES = ("x", "y", "z", "inputImageUrl", "inputMaskMultipleUrl", "selectedLoraModel", "styleLora")


@settings(max_examples=20)
@given(st.tuples(*map(_required, _NAMES)))
def test_what_must_be_given_is_shown_as_the_client_takes_it(inputs: tuple[Input, ...]) -> None:
    use(tool(*inputs))


@pytest.mark.parametrize("sent", ["1e309", "-1e400", "NaN", "9" * 5000])
@pytest.mark.parametrize("kind", ["text", "select"])
def test_a_text_that_travels_as_a_number_is_never_infinite(kind: str, sent: str) -> None:
    choice: dict[str, Any] = {}
    if kind == "select":
        choice = {"options": (Option(value=sent, label="A"),), "open": False}
    use(tool(prompt(), text("x", type=kind, wire=Wire(type="number", sent=sent), **choice)))


def test_numbers_are_as_they_were() -> None:
    item = number("x", "7.5", "float", minimum="1")
    assert plan(tool(prompt(), item)).inputs[1].schema["minimum"] == 1


@pytest.mark.parametrize("digit", ["\u0663", "\uff11", "\U00011f50", "\U0001e4f0"])
def test_digits_that_begin_no_list_are_printed_alike_by_every_python(digit: str) -> None:
    assert markdown(f"{digit}. x") == f"{digit}. x"
    assert markdown("1. x") == "1\\. x"
