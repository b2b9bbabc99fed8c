"""Specs survive YAML, whoever reads it, and what a person writes wrong is named with its line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from emit.strategies import specs
from generated import prompt, select, text, tool
from wirogen.diagnostics.model import InputError
from wirogen.specs import (
    Finding,
    Json,
    Option,
    Section,
    Source,
    TaskStat,
    ToolSpec,
    Wire,
    dump_spec,
    load_spec,
    spec_to_json,
)
from wirogen.specs.names import tool_paths

RETYPED = [
    "Yes",
    "no",
    "on",
    "~",
    "null",
    "1e3",
    "08",
    "0x1F",
    "12:30",
    "1_000",
    ".inf",
    "2024-01-01",
]


VALUES: list[Json] = [
    None, True, False, 0, -1, 10**30, 0.5, 1.0, 1e300, 1e-07, "x", [], {}, ["a", 1, None], [[[]]],
    {"a": {"b": [1.5, "x"]}}, {"no": 1}, {"a b": 1}, [{"a": 1}, {}], "\xa0\\",
]  # fmt: skip


def rich() -> ToolSpec:
    """A spec with every key there is."""
    option = Option(
        value="1", label="a: b", description='said "x"', triggerwords=("a, b", "[c]"),
        generatesettings=({"type": "float", "options": [], "id": "x"}, {"much": 1.5}, {}),
        extra={"note": "x", "after_it": "y"}, seen="0123456789ab",
    )  # fmt: skip
    picker = replace(select("model", "1"), options=(option, option), extra={"a": "b"})
    number = text(
        "count", type="number", minimum="0.5", maximum="3", step="0.1", python_name="how_many"
    )
    return replace(
        tool(prompt(), picker, number, replace(select("empty"), options=())),
        tags=("a", "b c"),
        extra={"colour": "red"},
        examples=({"prompt": "x", "model": "1"}, {"prompt": ""}),
        sections=(Section(title="T", text="t"), Section(title="U", text="line\nline")),
        dynamicprice=[{"price": 0.5, "inputs": {"count": "1"}}],
        samples=("https://x.example/a.png", "https://x.example/b#c"),
        readme="<p>a: b</p>\n<script>x</script>\u202e", computingtime="1-2 minutes", cps="0.001",
        approximatelycost="5",
        taskstat=TaskStat(runcount=10**12, successcount=0, errorcount=1, lastruntime=1_774_007_585),
        source=Source(
            document="wiro/painter.txt", sha256="a" * 64, detail="d.json", detail_sha256="b" * 64,
            findings=(Finding(code="D001", subject="s", message="m"),),
        ),
    )  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_key_survives_with_every_kind_of_value(value: Json) -> None:
    spec = rich()
    first = spec.inputs[0]
    for changed in (
        replace(spec, dynamicprice=value),
        replace(spec, inputs=(replace(first, example=value), *spec.inputs[1:])),
        replace(spec, inputs=(*spec.inputs, text("a", wire=replace(first.wire, sent=value)))),
    ):
        # As text, because 1, 1.0 and true are equal.
        assert repr(load_spec(dump_spec(changed), path="x.yaml")) == repr(changed)


@pytest.mark.slow
@settings(max_examples=50)
@given(specs())
def test_a_spec_survives_its_yaml(spec: ToolSpec) -> None:
    text = dump_spec(spec)
    assert load_spec(text, path="x.yaml") == spec
    # Another reader sees the same.
    assert yaml.load(text, Loader=yaml.CSafeLoader) == spec_to_json(spec)


@pytest.mark.parametrize("word", RETYPED)
def test_no_reader_retypes_a_text(word: str) -> None:
    spec = tool(prompt(), text("a", default=word, wire=Wire(type="string", sent=word)))
    read: Any = yaml.load(dump_spec(spec), Loader=yaml.CSafeLoader)
    assert read["inputs"][1]["default"] == word
    assert read["inputs"][1]["wire"]["sent"] == word


GOOD = dump_spec(tool(prompt(), text("a")))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("spec: 1", "spec: 2", "x.yaml:1:7: error: S001 spec must be 1"),
        ('tool: "wiro/painter"', "tool: 12:30", "put '12:30' between double quotes"),
        ('tool: "wiro/painter"', 'tool: "../painter"', "x.yaml:2:7"),
        ('name: "wiro/painter"', "nmae: x", "name is missing"),
        ("spec: 1\n", "spec: 1\nspec: 1\n", "x.yaml:2:1: error: S001 the key 'spec' is"),
        ("spec: 1\n", "spec: &a 1\n", "anchors and aliases"),
        ("spec: 1\n", "spec: !!int 1\n", "tags"),
        ("spec: 1\n", "spec: 1\ncolour: red\n", "has the unknown key 'colour'"),
        ("required: true", 'required: "true"', "must be true or false"),
        ("required: true", "required: no", "input 'prompt'.required must be true or false"),
        ("required: true", "required:", "must be true or false"),
        ('wire: {type: "string"}', 'wire: {type: "text"}', "must be one of string, number"),
        ('wire: {type: "string"}', 'wire: {type: "string", sent: ""}', "must not have 'sent'"),
        ('default: null', "default: 4", "must be text between double quotes, or null"),
        ("inputs:", "inputs: [", "not YAML"),
        ("spec: 1\n", 'spec: 1\ncps: "NaN"\n', "cps must be an amount in US dollars"),
        ("spec: 1\n", 'spec: 1\ncps: "-1"\n', "cps must be an amount in US dollars"),
        ("spec: 1\n", 'spec: 1\ncps: "1e-30"\n', "cps must have at most 12 decimals"),
        ("spec: 1\n", 'spec: 1\ncomputingtime: "soon"\n', "computingtime must be a time"),
        ("spec: 1\n", 'spec: 1\nsamples: ["http://x/a"]\n', "samples [0] must be an address"),
        ("spec: 1\n", "spec: 1\ntaskstat: {runcount: -1}\n", "a whole number from 0 to"),
        ("spec: 1\n", "spec: 1\ntaskstat: {runcount: 1.5}\n", "a whole number from 0 to"),
        ("spec: 1\n", "spec: 1\ntaskstat: {runs: 1}\n", "has the unknown key 'runs'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, says: str) -> None:
    assert old in GOOD
    with pytest.raises(InputError) as caught:
        load_spec(GOOD.replace(old, new, 1), path="x.yaml")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("spec: 1\n", "the spec lacks tool, name, description, cover, categories, endpoints, in"),
        (
            GOOD[: GOOD.index("  - name:")] + '  - name: "a"\n    type: "text"\n',
            "inputs[0] lacks label, help, default, required, wire",
        ),
    ],
)
def test_all_missing_keys_are_named_at_once(text: str, says: str) -> None:
    with pytest.raises(InputError) as caught:
        load_spec(text, path="x.yaml")
    assert says in str(caught.value)


def test_a_bomb_of_aliases_is_not_expanded() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    with pytest.raises(InputError, match="anchors and aliases"):
        load_spec("\n".join(lines), path="x.yaml")


@given(
    st.lists(st.text(st.characters(exclude_characters="/\\"), min_size=1), min_size=1, max_size=9)
)
def test_every_tool_has_a_file_of_its_own_on_every_disk(projects: list[str]) -> None:
    tools = [f"wiro/{project}" for project in projects]
    paths = tool_paths(tools)
    assert set(paths) == set(tools)
    assert len({path.lower() for path in paths.values()}) == len(set(tools))
    for path in paths.values():
        assert path.isascii()
        assert all(part not in {"", ".", ".."} for part in path.split("/"))
        assert path.count("/") == 1


@pytest.mark.parametrize("null", ["", " ~", " Null", " NULL", " null"])
def test_every_spelling_of_null_is_null(null: str) -> None:
    spec = tool(text("x"))
    written = dump_spec(spec)
    assert "default: null" in written
    assert load_spec(written.replace("default: null", f"default:{null}"), path="x") == spec


@pytest.mark.parametrize("number", [1e-07, -1e-07, 1e21, 1.5e300, 5e-324, 0.1, 7.0, 10**18, -3])
def test_no_reader_retypes_a_number(number: float) -> None:
    spec = tool(prompt(), text("x", wire=Wire(type="number", sent=number)))
    written = dump_spec(spec)
    found = yaml.safe_load(written)["inputs"][1]["wire"]["sent"]
    assert (found, type(found)) == (number, type(number))
    assert load_spec(written, path="x") == spec


@pytest.mark.parametrize("char", ["\0", "\x07", "\x1b", "\ufffe"])
def test_a_character_that_yaml_does_not_take_is_named_with_its_place(char: str) -> None:
    with pytest.raises(InputError) as caught:
        load_spec(f'spec: 1\nname: "é{char}"\n', path="s.yaml")
    said = f"not YAML: unacceptable character #x{ord(char):04x}: "
    assert str(caught.value).startswith(f"s.yaml:2:9: error: S001 {said}")
    assert "unicode string" not in str(caught.value)
