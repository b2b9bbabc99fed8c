"""The quick reader of specs takes what the YAML reader takes for the same, and nothing else."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from corpus import documents
from emit.strategies import specs
from generated import prompt, select, text, tool
from wirogen.document import parse_document
from wirogen.specs import Finding, Input, Json, Option, Section, Source, ToolSpec, dump_spec
from wirogen.specs.canonical import read_canonical
from wirogen.specs.yaml_reader import load_carefully

TEXTS = [
    "", " ", "a", "a: b", "# no", "- x", "{}", "[a]", '"', "\\", "\\n", "a\nb", "\t", "\r", "\0",
    "\x7f", "\xa0", "\u2028", "\u200b", "\ufeff", "é", "🦊", "null", "true", "12", "~", "\\u0041",
]  # fmt: skip
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
        source=Source(
            document="wiro/painter.txt", sha256="a" * 64, detail="d.json", detail_sha256="b" * 64,
            findings=(Finding(code="D001", subject="s", message="m"),),
        ),
    )  # fmt: skip


RICH = dump_spec(rich())
CORPUS = [dump_spec(parse_document(page, path=name).spec) for name, page in documents(12, seed=5)]


def agree(written: str) -> ToolSpec | None:
    quick = read_canonical(written)
    if quick is not None:
        # As text, because 1, 1.0 and true are equal.
        assert repr(quick) == repr(load_carefully(written, path="x.yaml"))
    return quick


@pytest.mark.parametrize("written", [RICH, *CORPUS])
def test_what_is_written_is_read_quickly(written: str) -> None:
    quick = agree(written)
    assert quick is not None
    assert dump_spec(quick) == written


@settings(max_examples=100)
@given(specs())
def test_any_spec_is_read_the_same_or_declined(spec: ToolSpec) -> None:
    quick = agree(dump_spec(spec))
    assert quick is None or repr(quick) == repr(spec)


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_every_kind_of_value_is_read_the_same_or_declined(value: Json) -> None:
    spec = rich()
    first: Input = spec.inputs[0]
    for changed in (
        replace(spec, dynamicprice=value),
        replace(spec, inputs=(replace(first, example=value), *spec.inputs[1:])),
        replace(spec, inputs=(*spec.inputs, text("a", wire=replace(first.wire, sent=value)))),
    ):
        written = dump_spec(changed)
        assert load_carefully(written, path="x") == changed
        agree(written)


@pytest.mark.parametrize("value", TEXTS, ids=repr)
def test_every_text_is_read_quickly(value: str) -> None:
    spec = replace(rich(), description=value, tags=(value, value), examples=({"a": value},))
    quick = agree(dump_spec(spec))
    assert quick == spec


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('  colour: "red"\n', '  colour: "red"\n  colour: "blue"\n'),
        ("  colour: ", "  Yes: "),
        ('{type: "float", ', '{type: "float", type: "x", '),
        ('{type: "float", ', '{no: "float", '),
        ("{much: 1.5", "{much: 1, much: 1.5"),
        ("{price: 0.5", "{price: 1, price: 0.5"),
        ("{price: 0.5", "{off: 0.5"),
        ("{price: 0.5", "{price: 00.5"),
        ("{price: 0.5", "{price: 1e999"),
        ("{price: 0.5", "{price: .nan"),
        ("{price: 0.5", "{price: 0.5 # no"),
        ("[{price", "[" * 65 + "{price"),
        ('"Paints."', '"\\ud800"'),
        ('"Paints."', '"\\U00110000"'),
        ('"Paints."', '"\\q"'),
        ('"Paints."', '"\ufeff"'),
        ('"Paints."', "Paints."),
        ('"Paints."', '"Paints." # no'),
        ('"wiro/painter"', '"../painter"'),
        ("  run: ", "  walk: "),
        ('name: "count"', 'name: "model"'),
        ('name: "count"', 'name: ""'),
        ("    required: true", "    required: yes"),
        ('wire: {type: "string"}', 'wire: {type: "text"}'),
        ('wire: {type: "string"}', 'wire: {type: "string", sent: ""}'),
        ("    open: false\n", ""),
        ('minimum: "0.5"', 'minimum: "4"'),
        ('minimum: "0.5"', 'minimum: "nan"'),
        ('step: "0.1"', 'step: "0"'),
        ("    options: []\n", "    options:\n"),
        ("0123456789ab", "0123456789AB"),
        ("a" * 64, "A" * 64),
        ('  detail: "d.json"\n', ""),
        ("spec: 1\n", "spec: 2\n"),
        ("spec: 1\n", "spec: 1\nspec: 1\n"),
        ("sections:\n", "sections: &a\n"),
        ("sections:\n", "sections: !!seq\n"),
    ],
)
def test_what_breaks_a_rule_is_left_to_the_full_reader(old: str, new: str) -> None:
    assert old in RICH
    assert read_canonical(RICH.replace(old, new, 1)) is None


ODD = (
    "", " ", "  ", "\n", "\n\n", "- ", "? ", ": ", ":", "#", " # no", "&a ", "*a", "!!str ", "! ",
    "|", ">", '"', "'", "'x'", "\\", "\\x41", "\\u0041", "\\ud800", "\\U0001F98A", "\\U00110000",
    "\\/", "\\e", "\\ ", "\\0", "\t", "\r", "\x85", "\u2028", "\ufeff", "\xa0", "\x07", "{", "}",
    "[", "]", ",", ", ", "{}", "[]", "null", "true", "yes", "~", "1", "01", "0x1", "1.", "1e999",
    "1_0", ".5", "-0", "+1", "---\n", "...\n", "%YAML 1.1\n", "spec: 1\n", 'extra:\n  a: "b"\n',
    'name: "x"\n', '    label: "x"\n', '      - value: "x"\n        label: "y"\n', "no: ", "y: ",
    "a: ", '"a": ', "minimum: 4\n", '    minimum: "nan"\n', '    step: "-1"\n', "    open: true\n",
    "false", "a" * 1100, "<<: ", "12:30", "2024-01-01", '"\n  "', '""', '" "', "9" * 20, "0.10",
    "1E5", "Infinity",
)  # fmt: skip


@st.composite
def changed(draw: st.DrawFn) -> str:
    written = draw(st.sampled_from([RICH, RICH, CORPUS[0], CORPUS[1]]))
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            at = draw(st.integers(0, len(written)))
            over = draw(st.sampled_from([0, 0, 1, 1, 2, 5, 30]))
            written = written[:at] + draw(st.sampled_from(ODD)) + written[at + over :]
            continue
        lines = written.splitlines(keepends=True) or [""]
        one, other = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        match draw(st.sampled_from(["swap", "copy", "drop", "indent", "key", "value", "join"])):
            case "swap":
                lines[one], lines[other] = lines[other], lines[one]
            case "copy":
                lines.insert(other, lines[one])
            case "drop":
                del lines[one]
            case "indent":
                lines[one] = draw(st.sampled_from([" ", "  ", "- ", "\t"])) + lines[one]
            case "key":
                lines[one] = lines[one].replace(
                    lines[one].split(":")[0], draw(st.sampled_from(ODD))
                )
            case "value":
                before = lines[one].partition(": ")[0]
                lines[one] = f"{before}: {draw(st.sampled_from(ODD))}\n"
            case _:
                lines[one] = lines[one].rstrip("\n")
        written = "".join(lines)
    return written


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changed())
@example(RICH + "...\n")
@example(RICH.replace("spec: 1", "spec: 1 # one"))
@example(RICH.replace("inputs:\n", "inputs:\n\n"))
def test_a_changed_text_is_read_the_same_or_declined(written: str) -> None:
    agree(written)


@pytest.mark.parametrize(
    "piece", ["a", "\\n", '"', '"\n  - "', '", "', "{a: ", "[", " ", "\n"], ids=repr
)
@pytest.mark.parametrize("before", ['\ndescription: "', "dynamicprice: ", "tags:\n  - "])
def test_time_grows_with_the_length(before: str, piece: str) -> None:
    start, end = RICH.split(before)

    def seconds(size: int) -> float:
        written = f"{start}{before}{piece * (size // len(piece))}{end}"
        begun = time.process_time()
        read_canonical(written)
        return time.process_time() - begun

    # Quadratic work would take 64 times as long.
    assert any(seconds(800_000) < 24 * max(seconds(100_000), 1e-3) for _ in range(3))
