"""Names in Python come out sound, distinct and stable, whatever the document says."""

from __future__ import annotations

import keyword
import re
import time
from typing import Any, cast

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generated import imported, plan, prompt, select, text, tool
from wiro_runtime import ToolInputs
from wirogen.emit.data.tool_calls import tool_calls
from wirogen.plan import plan_modules
from wirogen.plan.identifiers import (
    INPUT_RESERVED,
    MODEL_ATTRIBUTES,
    Identifier,
    constant,
    distinguish,
    snake,
)
from wirogen.plan.names import category_slug
from wirogen.specs import Option, Wire
from wirogen.specs.names import tool_hash


def parameter(name: str) -> str:
    return snake(name, prefix="input", split_camel=True, reserved=INPUT_RESERVED)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("negativePrompt", "negative_prompt"),
        ("ip_adapter_scale", "ip_adapter_scale"),
        ("inputImage2Url", "input_image2_url"),
        ("Watermark", "watermark"),
        ("class", "class_"),
        ("self", "self_"),
        ("client", "client_"),
        ("wire", "wire_"),
        ("model_config", "model_config_"),
        ("timeout", "timeout_"),
        ("str", "str_"),
        ("3D", "input_3d"),
        ("", "input"),
        ("__init__", "init"),
        ("../../x", "x"),
        ("/etc/passwd", "etc_passwd"),
        ("größe", "grosse"),
        ("ışık ölçeği", "isik_olcegi"),
        ("Işık", "isik"),
        ("日本", "u65e5_u672c"),
        ("a\u202eb", "a_b"),
        # A letter of Unicode 15, a mark and a letter like an A of Unicode 16.
        ("a\U00011f02b", "a_b"),
        ("a\u0897b", "a_b"),
        ("a\U0001ccd6b", "a_b"),
        ('"); import os #', "import_os"),
    ],
)
def test_input_names(name: str, expected: str) -> None:
    assert parameter(name) == expected


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Ostris/Emotion Happy Slider v1.0", "OSTRIS_EMOTION_HAPPY_SLIDER_V1_0"),
        ("KandooAI/Juggernaut", "KANDOOAI_JUGGERNAUT"),
        ("EulerDiscreteScheduler", "EULER_DISCRETE_SCHEDULER"),
        ("_CHEYENNE_", "CHEYENNE"),
        ("16:9", "VALUE_16_9"),
        ("-5", "MINUS_5"),
        ("dpmsolver++", "DPMSOLVER_PLUS_PLUS"),
        ("", "VALUE"),
    ],
)
def test_constants(label: str, expected: str) -> None:
    assert constant(label) == expected


def test_identifiers_cannot_be_made_from_plain_text() -> None:
    with pytest.raises(TypeError):
        Identifier("import os")


def test_every_attribute_of_the_validators_base_is_reserved() -> None:
    public = {name for name in dir(ToolInputs) if not name.startswith("_")}
    assert public - MODEL_ATTRIBUTES == set()
    assert {
        name for name in dir(pydantic.BaseModel) if not name.startswith("_")
    } <= MODEL_ATTRIBUTES


@given(st.text())
def test_any_text_gives_a_sound_name(name: str) -> None:
    for made in (parameter(name), str(constant(name))):
        assert made.isascii()
        assert made.isidentifier()
        assert not keyword.iskeyword(made)


@given(st.lists(st.text(max_size=6), unique=True, max_size=30))
def test_options_never_share_a_constant(values: list[str]) -> None:
    names = distinguish([(value, constant(value)) for value in values], suffix=lambda value: value)
    assert len(set(names)) == len(values)


def test_options_that_fold_together_are_all_kept_and_reported() -> None:
    spec = tool(prompt(), select("solver", "dpm solver", "dpm-solver", "euler"))
    with imported(spec) as module:
        solver = cast("dict[str, str]", vars(module.Solver))
        values = {value for name, value in solver.items() if name.isupper()}
        assert values == {"dpm solver", "dpm-solver", "euler"}
        assert module.Solver.EULER == "euler"
    assert [each.code for each in plan(spec).diagnostics] == ["N102", "N102"]


def test_a_new_option_never_changes_what_a_constant_means() -> None:
    old = select(
        "model", Option(value="12", label="Foo"), Option(value="3", label="Bar"), open=True
    )
    new = select(
        "model",
        Option(value="99", label="Foo"),
        Option(value="12", label="Foo"),
        Option(value="3", label="Bar"),
        open=True,
    )
    with imported(tool(prompt(), old)) as before:
        assert before.Model.FOO == "12"
    with imported(tool(prompt(), new)) as after:
        assert not hasattr(after.Model, "FOO")
        assert (after.Model.FOO_12, after.Model.FOO_99, after.Model.BAR) == ("12", "99", "3")


def test_inputs_that_fold_together_are_all_kept() -> None:
    names = [
        "negativePrompt",
        "negative_prompt",
        "Negative Prompt",
        "class",
        "class_",
        "scale",
        "scale_2",
    ]
    spec = tool(prompt(), *(text(name) for name in names))
    given_names = [str(item.name) for item in plan(spec).inputs][1:]
    assert given_names == [
        "negative_prompt_2",
        "negative_prompt",
        "negative_prompt_3",
        "class_2",
        "class_",
        "scale",
        "scale_2",
    ]
    with imported(spec) as module:
        body = module.Inputs(prompt="x", negative_prompt_3="c", class_2="d").wire()
        assert body["Negative Prompt"] == "c"
        assert body["class"] == "d"


def test_modules_of_owners_that_differ_only_in_case() -> None:
    tools = [
        "ByteDance/seedream",
        "bytedance/seedance",
        "bytedance/seedream",
        "wiro/3D",
        "wiro/lambda",
    ]
    modules, diagnostics = plan_modules(tools)
    places = {name: f"{each.owner}.{each.project}" for name, each in modules.items()}
    assert places["bytedance/seedream"] == "bytedance.seedream"
    assert places["ByteDance/seedream"].startswith("bytedance.seedream_")
    assert places["bytedance/seedance"] == "bytedance.seedance"
    assert places["wiro/3D"] == "wiro.tool_3d"
    assert places["wiro/lambda"] == "wiro.lambda_"
    paths = [each.spec_path for each in modules.values()]
    assert len({path.lower() for path in paths}) == len(tools)
    assert [each.subject for each in diagnostics] == ["ByteDance/seedream"]


@given(
    st.lists(
        st.sampled_from(["Wiro/A b", "wiro/a b", "wiro/a-b", "WIRO/A.B", "wiro/a_b"]), unique=True
    )
)
def test_the_order_of_tools_changes_no_name(tools: list[str]) -> None:
    assert plan_modules(tools)[0] == plan_modules(sorted(tools))[0]
    modules, _ = plan_modules(tools)
    places = [(each.owner, each.project) for each in modules.values()]
    assert len(set(places)) == len(tools)


@pytest.mark.parametrize(
    "tools",
    [
        ["acme/3d", "acme/tool-3d"],
        ["3d/x", "owner-3d/x"],
        # The name of one is that of another with its hash.
        ["acme/x", "acme/X", f"acme/x-{tool_hash('acme/X')}"],
        ["acme/X", f"acme/x-{tool_hash('acme/X')}", "acme/x "],
    ],
)
def test_every_tool_has_a_module_of_its_own(tools: list[str]) -> None:
    modules, diagnostics = plan_modules(tools)
    places = {(str(each.owner), str(each.project)) for each in modules.values()}
    assert len(places) == len({each.spec_path for each in modules.values()}) == len(tools)
    assert diagnostics


@pytest.mark.parametrize(
    ("tool", "later"), [("acme/tool-3d", "acme/3d"), ("owner-3d/x", "3d/x"), ("acme/x", "acme/X")]
)
def test_a_tool_keeps_its_module_when_another_comes(tool: str, later: str) -> None:
    (alone, _), (both, _) = plan_modules([tool]), plan_modules([tool, later])
    assert both[tool] == alone[tool]


@pytest.mark.parametrize("device", ["con", "NUL", "com1", "Lpt9"])
def test_no_module_spec_or_page_is_named_like_a_device(device: str) -> None:
    modules, _ = plan_modules([f"{device}/{device}"])
    module = modules[f"{device}/{device}"]
    paths = [str(module.owner), str(module.project), *module.spec_path.split("/")]
    assert not {device.lower()} & {*paths, str(category_slug(device.lower()))}


def test_no_category_takes_the_page_that_lists_them() -> None:
    assert category_slug("index") != "index"


def test_spellings_of_a_category_share_a_page() -> None:
    same = (
        "Image to Image",
        "image_to_image",
        "image-to-image",
        "imageToImage",
        "Im\u00e1ge to image",
    )
    assert {category_slug(each) for each in same} == {"image-to-image"}
    others = (
        "c++",
        "c",
        "\u65e5\u672c",
        "\u65e5",
        "!",
        "?",
        "x" * 99,
        f"{'x' * 98}y",
        "text to image",
    )
    assert len({category_slug(each) for each in others}) == len(others)


def test_keys_for_tool_calling_have_at_most_64_characters() -> None:
    long = "a very long name " * 10
    names = [long, f"{long}2", "9" * 80, "x" * 65, "y" * 64, "class", "\u65e5" * 40]
    inputs = [text(name) for name in names]
    planned = plan(tool(prompt(), *inputs))
    calls = tool_calls(planned)
    schema = cast("dict[str, Any]", calls["anthropic"])["input_schema"]
    keys = list(schema["properties"])
    assert len(keys) == len(planned.inputs)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", key) for key in keys)
    with imported(planned.spec) as module:
        given = dict.fromkeys(keys, "v")
        assert set(module.Inputs(**given).wire()) == {"prompt", *names}


@pytest.mark.parametrize(
    "stem", ["x" * 90, "x" * 99, "x" * 150, "a_b" * 50, "9" * 120, "\u65e5" * 30]
)
@pytest.mark.parametrize("kind", ["select", "multiselect", "checkbox"])
def test_classes_of_long_names_that_begin_alike_are_distinct(stem: str, kind: str) -> None:
    """Numbers used to be cut off names of 100 characters, so that planning never ended."""
    more: dict[str, Any] = (
        {"default": "--on", "wire": Wire(type="string", sent="--on"), "options": None, "open": None}
        if kind == "checkbox"
        else {}
    )
    names = [f"{stem}{end}" for end in "abcde"]
    spec = tool(prompt(), *(select(name, "v", type=kind, **more) for name in names))
    planned = plan(spec)
    classes = [item.constants.name for item in planned.inputs if item.constants]
    assert len(set(classes)) == len(classes)
    with imported(spec) as module:
        assert all(hasattr(module, each) and hasattr(module, f"{each}Value") for each in classes)


@pytest.mark.parametrize("ends", ["{0}", "{0:b}"], ids=["distinct", "folded alike"])
def test_ten_times_the_inputs_take_at_most_fifteen_times_as_long(ends: str) -> None:
    def seconds(count: int) -> float:
        signs = str.maketrans("01", "-_") if "b" in ends else {}
        names = [f"x{ends.format(number).translate(signs)}" for number in range(count)]
        spec = tool(prompt(), *(select(name, "v") for name in names))
        start = time.process_time()
        plan(spec)
        return time.process_time() - start

    assert any(seconds(4000) < 15 * seconds(400) for _ in range(4))
