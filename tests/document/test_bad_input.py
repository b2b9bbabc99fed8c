"""Documents that are cut, mixed up, hostile or no documents at all."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from document.build import NAMES, codes, page, parse, real, text_input, tool
from document.layouts import Page, flat, lines
from document.unflatten import unflatten
from wirogen.diagnostics import InputError, Severity
from wirogen.document import parse_document, verify
from wirogen.spec import UNSENT


def refused(document: bytes | str) -> str:
    """The code with which a document is refused; the refusal is one line that names the file."""
    with pytest.raises(InputError) as caught:
        parse_document(document, path="dir/tool.txt")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("dir/tool.txt")
    assert caught.value.diagnostic.severity is Severity.ERROR
    return caught.value.diagnostic.code


@pytest.mark.parametrize(
    ("document", "code"),
    [
        (b"", "D002"),
        (b" \r\n\t ", "D002"),
        (b"\xef\xbb\xbf", "D002"),
        (b"<html><title>404</title></html>", "D001"),
        (b"spec: 1\ntool: a/b\n", "D001"),
        (b"# Basic tool info", "D001"),
        (b"## Basic tool information", "D005"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "D003"),
        (b"## Basic tool info \0", "D003"),
        ("## Basic tool info Tool name: é".encode("latin-1"), "D003"),
        ("## Basic tool info".encode("utf-16"), "D003"),
        ("## Basic tool info".encode("utf-16-be"), "D003"),
        ("## Basic tool info \ud800", "D003"),
        (b"## Basic tool info", "D005"),
        (b"## Basic tool info Tool name: a/b", "D005"),
    ],
)
def test_what_is_not_a_document(document: bytes | str, code: str) -> None:
    assert refused(document) == code


def test_position_of_a_byte_that_is_not_text() -> None:
    with pytest.raises(InputError) as caught:
        parse_document(b"## Basic\ntool \xff", path="x")
    assert str(caught.value) == "x:2:6: error: D003 is not UTF-8 text: byte 0xff"


def test_byte_order_mark_and_white_space_around() -> None:
    text = real(NAMES[0])
    parsed = parse(b"\xef\xbb\xbf\n  " + text.encode() + b"\n\n")
    assert parsed.spec.inputs == parse(text).spec.inputs
    assert verify(parsed) is None


@pytest.mark.parametrize(
    "path",
    [
        "", "wiro",
        "wiro/", "/x", "/etc/passwd", "../../x", "..%2f..%2fx", "a/../b", "../x", "a/..",
        "./x", "a/.hidden", "a/b/c", "a%2Fb/c", "a//b", "a/b\x00", "a/b%00", "a/b\x1b[2J", "a/b%0A",
        "a/b\u202egnp",
        "a/\u200b", "a/b\\c", "a\\..\\b/c", "a/%FF", "a/%zz", "a/b%", "-rf/x", "a/-x",
        "a/ ", "a/%20x", "a/x%20", "a/b?x=1", "a/b#c", "a/" + "x" * 300, "a/b:Zone%00",
    ],
)  # fmt: skip
def test_hostile_tool_ids(path: str) -> None:
    made = page(text_input())
    endpoints = {**made.spec.endpoints, "run": f"https://api.wiro.ai/v1/Run/{path}"}
    document = flat(replace(made, spec=replace(made.spec, endpoints=endpoints)))
    assert refused(document) in {"D003", "D006"}


@pytest.mark.parametrize("path", ["__init__/__init__", "self/class", "con/nul", "a/日本", "a/b.c"])
def test_awkward_tool_ids_that_are_sound(path: str) -> None:
    endpoints = {**tool().endpoints, "run": f"https://api.wiro.ai/v1/Run/{path}"}
    made = Page(tool(text_input("__init__"), endpoints=endpoints, tool=path), {"__init__": "1"})
    assert parse(flat(made)).spec.tool == path


def test_a_run_endpoint_elsewhere_is_reported() -> None:
    endpoints = {**tool().endpoints, "run": "http://evil.example/v1/Run/a/b"}
    parsed = parse(flat(Page(tool(text_input(), endpoints=endpoints), {})))
    assert "D109" in codes(parsed)


@pytest.mark.parametrize("newline", [" ", "\n", "\n\n"])
def test_two_documents_in_one(newline: str) -> None:
    one, other = real(NAMES[0]), real(NAMES[1])
    assert refused(one + newline + other) == "D004"
    assert refused(unflatten(one) + newline + unflatten(other)) == "D004"
    # The first one cut in its inputs.
    assert refused(one[:4000] + newline + other) == "D004"


def test_a_prompt_that_spells_out_a_document_is_a_prompt() -> None:
    hostile = "x ## Basic tool info Tool name: a/b Tool description: c"
    made = page(text_input("first", hostile), text_input("seed", "5"))
    for document in (flat(made), lines(made)):
        parsed = parse(document)
        assert parsed.spec.inputs[0].default == hostile
        assert verify(parsed) is None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("flattened", [True, False])
def test_cut_anywhere(name: str, flattened: bool) -> None:
    """What is read from a cut document is the truth, and the cut is reported."""
    text = real(name) if flattened else unflatten(real(name))
    whole = parse(text).spec
    places = range(0, len(text.rstrip()), 83)
    read = 0
    for place in places:
        try:
            parsed = parse(text[:place])
        except InputError:
            assert place < text.index("- name:")
            continue
        read += 1
        assert "D007" in codes(parsed), place
        assert verify(parsed) is None
        assert (parsed.spec.tool, parsed.spec.cover) == (whole.tool, whole.cover)
        assert parsed.spec.categories == whole.categories
        for found, true in zip(parsed.spec.inputs, whole.inputs, strict=False):
            same = replace(found, required=true.required, wire=true.wire, example=true.example)
            assert same == true, place
    assert read > len(places) // 2


def test_cut_run_command_sends_nothing_that_was_a_sample() -> None:
    text = real("text-to-image-sd-lora")
    parsed = parse(text[: text.index('"negativePrompt": ""')])
    inputs = {item.name: item for item in parsed.spec.inputs}
    assert {"D007", "D308", "D301"} <= set(codes(parsed))
    assert inputs["samples"].wire.sent == 4
    assert inputs["scale"].wire.sent == "7.5"
    assert inputs["selectedModel"].wire.sent == ""
    assert inputs["selectedLoraModel"].wire.sent == []
    assert inputs["negativePrompt"].wire.sent is UNSENT
    assert inputs["prompt"].required


FRAGMENTS = [
    "- name: x label: y help: z type: text default: w", "## ", "```", "'", '"', "default: 4.5",
    " type: text ", "label:", "\\", "{", "}", "[", "]", "## Tool Inputs:", "options:", "- ",
    "## Integration Header Prepare ```bash", "\n", "\r\n", '- value: "', "\u202e", "help:",
    "## Basic tool info Tool name:", "## Run Command - Make HTTP Post Request", "Tool cover:",
    "\x1b", "\u2028", "## Tool Parameter Inspires: - prompt: x", "```json", "-d '{", "NaN",
    "1" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_mutated_documents_are_read_whole_or_refused(seed: int) -> None:
    """Nothing but InputError, and whatever is accepted loses nothing."""
    chance = random.Random(seed)  # noqa: S311  # a test that repeats itself
    documents = [*map(real, NAMES), *(unflatten(real(name)) for name in NAMES)]
    for _ in range(60):
        text = chance.choice(documents)
        for _ in range(chance.choice([1, 1, 2, 5])):
            start = chance.randrange(len(text))
            end = min(len(text), start + chance.choice([0, 1, 3, 20, 300, 3000]))
            match chance.randrange(4):
                case 0:
                    text = text[:start] + text[end:]
                case 1:
                    fragment = chance.choice(FRAGMENTS)
                    text = f"{text[:start]}{chance.choice(['', ' '])}{fragment} {text[start:]}"
                case 2:
                    text = text[:end] + text[start:]
                case _:
                    place = chance.randrange(len(text))
                    text = text[:place] + text[start:end] + text[place:]
        try:
            parsed = parse(text)
        except InputError:
            continue
        assert verify(parsed) is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{ "seed": NaN }', "D308"),
        ('{ "seed": Infinity }', "D308"),
        ('{ "seed": 1e999 }', "D308"),
        ('{ "seed": ' + "9" * 5000 + " }", "D308"),
        ('{ "seed": ' + "[" * 5000 + "]" * 5000 + " }", "D308"),
        ('{ "seed": ' + "[" * 100 + "]" * 100 + " }", "D308"),
        ('{ "seed": "\\ud800" }', "D308"),
        ('{ "seed": "x" ', "D308"),
        ('{ "seed": "x", }', "D308"),
        ('["seed"]', "D308"),
        ("", "D308"),
        ('{ "seed": "a", "seed": "1" }', "D311"),
        ('{ "seed": "don\'t" }', "D310"),
        ('{ "other": 5, "seed": "1" }', "D305"),
        ('{ "seed": "2" }', "D306"),
        ('{ "seed": null }', ""),
    ],
)
def test_bodies_of_run_commands(body: str, code: str) -> None:
    made = page(text_input("seed", "1"), body=body)
    for document in (flat(made), lines(made)):
        parsed = parse(document)
        assert verify(parsed) is None
        assert not code or code in codes(parsed)
        if code == "D308":
            assert "D301" in codes(parsed)
            assert parsed.spec.inputs[0].wire.sent == "1"
        if code == "D305":
            assert parsed.spec.inputs[-1].name == "other"
            assert (parsed.spec.inputs[-1].wire.type, parsed.spec.inputs[-1].wire.sent) == (
                "number",
                5,
            )


def test_line_breaks_in_the_body_are_reported_and_read() -> None:
    item = text_input("lyrics", "one\ntwo", type="textarea")
    parsed = parse(lines(page(item, body='{ "lyrics": "one\ntwo" }')))
    assert parsed.spec.inputs[0].wire.sent == "one\ntwo"
    found = [one for one in parsed.diagnostics if one.subject.startswith("Run Command - Make")]
    assert "D301" in [one.code for one in found]
    assert any("control character" in one.message for one in found)
    assert "D308" not in codes(parsed)
    assert verify(parsed) is None


def test_fences_and_headings_in_the_body() -> None:
    hostile = "a ``` b ## Run Command - Response ```json {} ``` c ## Integration Header Prepare"
    made = page(text_input("seed", "5"), text_input("prompt", hostile, type="textarea"))
    for document in (flat(made), lines(made)):
        parsed = parse(document)
        assert parsed.spec.inputs[1].default == hostile
        assert parsed.spec.inputs[1].example == hostile
        assert verify(parsed) is None


def test_a_prompt_that_spells_out_the_whole_tail() -> None:
    tail = flat(page(text_input())).partition(" ## Integration")[2]
    hostile = f"x ## Integration{tail} y"
    made = page(text_input("prompt", hostile, type="textarea"))
    parsed = parse(flat(made))
    assert parsed.spec.inputs[0].default == hostile
    assert verify(parsed) is None


@pytest.mark.parametrize(
    "text",
    ["not json", "{}", "[1]", '["a"', '["\\ud800"]', "[NaN]", "[" * 3000, '["a"] rest of it'],
)
@pytest.mark.parametrize("key", ["triggerwords", "generatesettings"])
def test_option_json_that_cannot_be_read_is_kept_as_text(key: str, text: str) -> None:
    document = real(NAMES[0]).replace(f"{key}: []", f"{key}: {text}", 1)
    parsed = parse(document)
    assert verify(parsed) is None
    assert {"D209", "D103"} & set(codes(parsed))
    options = parsed.spec.inputs[0].options
    assert options
    assert any(text.endswith(kept) for kept in options[0].extra.values())
    assert len(parsed.spec.inputs) == 14


def test_unusual_characters_survive_and_are_reported() -> None:
    hostile = "a\u202eb\u200bc\x1b[31md\u2066e\ufefff\x7fg\u2028h\x85i\x0bj\x0ck\xa0l\u3000m"
    made = page(text_input("seed", hostile), text_input("last", "x"))
    for document in (flat(made), lines(made)):
        parsed = parse(document)
        assert parsed.spec.inputs[0].default == hostile
        assert "D008" in codes(parsed)
        assert verify(parsed) is None


def test_mixed_line_ends_are_kept_and_reported() -> None:
    item = text_input("lyrics", "one\ntwo\nthree", type="textarea")
    document = lines(page(item, body={})).replace("one\n", "one\r\n")
    parsed = parse(document)
    assert parsed.spec.inputs[0].default == "one\r\ntwo\nthree"
    assert "D009" in codes(parsed)
    assert verify(parsed) is None
