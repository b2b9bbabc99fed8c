"""Documents that are cut, mixed up, hostile or no documents at all."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import partial

import pytest

from document.build import NAMES, codes, page, parse, real, text_input, tool
from document.layouts import Page, flat, lines
from document.unflatten import unflatten
from wirogen.common.json_values import parse_json
from wirogen.diagnostics.model import InputError, Severity
from wirogen.document import parse_document, verify
from wirogen.document.json_decoding import JsonError, decode, extent
from wirogen.specs import UNSENT, Option

pytestmark = pytest.mark.slow


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
    """Before the end of its Run Command a cut document is refused, behind it all that it says
    about calls is there, and the cut is reported."""
    text = real(name) if flattened else unflatten(real(name))
    whole = parse(text).spec
    command = text.index("## Run Command - Make")
    body_end = text.index("}", text.index("callbackUrl", command)) + 1
    read = 0
    for place in [*range(0, len(text.rstrip()), 83), body_end - 1, body_end]:
        if place < body_end:
            expected = {"D002", "D005"} if place < text.index("- name:") else {"D010"}
            assert refused(text[:place]) in expected | {"D010"}, place
            continue
        parsed = parse(text[:place])
        read += 1
        assert "D007" in codes(parsed), place
        assert verify(parsed) is None
        assert replace(parsed.spec, source=None, sections=()) == replace(whole, source=None)
    assert read > 10


def test_a_document_cut_in_a_file_that_is_no_flat_line_says_where_it_ends() -> None:
    made = page(text_input("prompt", "a cat", type="textarea"), text_input("seed", "5"))
    text = lines(made)
    with pytest.raises(InputError) as caught:
        parse(text[: text.index('"seed"')])
    found = caught.value.diagnostic
    assert "ends in its Run Command" in found.message
    assert "download it again" in found.message
    assert found.position is not None
    assert found.position.line == text[: text.index('"seed"')].rstrip().count("\n") + 1


@pytest.mark.parametrize("ends_early", [False, True])
def test_a_document_that_never_had_a_run_command_is_read(ends_early: bool) -> None:
    text = flat(page(text_input("prompt", "a cat"), text_input("seed", "5")))
    start = text.index("## Run Command - Make")
    text = text[:start] + text[text.index("## Run Command - Response") :]
    if ends_early:
        text = text[: text.index("## Task Status")]
    parsed = parse(text)
    assert ("D007" in codes(parsed)) is ends_early
    assert "D308" in codes(parsed)
    assert [item.wire.sent for item in parsed.spec.inputs] == [UNSENT, "5"]


def test_a_document_without_anything_behind_its_inputs_is_refused() -> None:
    assert refused(flat(Page(tool(text_input("seed", "5")), None))) == "D010"


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1e400", "9" * 5000, '"\\ud800"'])
def test_one_value_that_cannot_be_used_spoils_no_other(value: str) -> None:
    names = ("seed", "free", "scale", "image")
    items = [text_input(name, None if name in {"free", "image"} else "1") for name in names]
    body = f'{{ "seed": {value}, "free": {value}, "x": {value}, "scale": 1, "image": "a.jpg" }}'
    for document in (flat(page(*items, body=body)), lines(page(*items, body=body))):
        parsed = parse(document)
        seed, free, scale, image = parsed.spec.inputs
        assert (scale.wire.type, scale.wire.sent) == ("number", 1)
        assert (image.required, image.example, image.wire.sent) == (True, "a.jpg", UNSENT)
        assert (seed.required, seed.wire.sent) == (False, "1")
        # Something is sent there, nobody knows what: the caller has to say.
        assert (free.required, free.wire.sent) == (True, UNSENT)
        odd = [one.subject for one in parsed.diagnostics if one.code == "D312"]
        assert odd == ["seed", "free", "x"]
        assert not {"D304", "D305", "D308"} & set(codes(parsed))
        assert verify(parsed) is None


def second_command(made: Page, body: str) -> str:
    """The document with another Run Command behind its own."""
    text = lines(made)
    start = text.index("## Run Command - Make")
    end = text.index("## Run Command - Response")
    again = text[start : text.index("-d '", start) + 4] + body + "';\n```\n\n"
    return text[:end] + again + text[end:]


@pytest.mark.parametrize(
    ("first", "second", "sent", "said"),
    [
        ('{ "seed": "5" }', '{ "seed": "6" }', "5", "sends another 'seed'"),
        ('{ "seed": "5" }', '{ "seed": 5, "b": 1 }', "5", "sends another 'seed', 'b'"),
        ('{ "seed": "5" }', '{ "seed": ', "5", "has no body that can be read"),
        ('{ "seed": ', '{ "seed": "5" }', "5", "has no body that can be read"),
    ],
)
def test_two_run_commands_that_disagree(first: str, second: str, sent: str, said: str) -> None:
    document = second_command(page(text_input("seed", "1"), body=first), second)
    parsed = parse(document)
    assert parsed.spec.inputs[0].wire.sent == sent
    found = [one for one in parsed.diagnostics if one.code == "D313"]
    assert len(found) == 1
    headings = [
        number
        for number, line in enumerate(document.splitlines(), 1)
        if line.startswith("## Run Command - Make")
    ]
    assert said in found[0].message
    assert all(f" {line}:1 " in found[0].message for line in headings)
    assert verify(parsed) is None


def test_two_run_commands_that_agree_are_no_news() -> None:
    made = page(text_input("seed", "1"), body='{ "seed": "5" }')
    assert "D313" not in codes(parse(second_command(made, '{"seed":"5"}')))


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
        ('{ "seed": NaN }', "D312"),
        ('{ "seed": Infinity }', "D312"),
        ('{ "seed": 1e999 }', "D312"),
        ('{ "seed": ' + "9" * 5000 + " }", "D312"),
        # The limits are our own, the same for every Python.
        ('{ "seed": ' + "[" * 5000 + "]" * 5000 + " }", "D308"),
        ('{ "seed": ' + "[" * 201 + "]" * 201 + " }", "D308"),
        ('{ "seed": ' + "[" * 198 + "]" * 198 + " }", "D312"),
        ('{ "seed": ' + '{"a": [' * 3000 + "1, 2" + "]}" * 3000 + " }", "D308"),
        ('{ "seed": ' + "9" * 1001 + " }", "D312"),
        ('{ "seed": ' + "[" * 100 + "]" * 100 + " }", "D312"),
        ('{ "seed": "\\ud800" }', "D312"),
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
        if code in {"D308", "D312"}:
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


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('options:\n    - value: "1"', 'options: - value: "1"'),
        ('options:\n    - value: "1"', 'options:    - value: "1"'),
        ('- value: "1"', '- value:"1"'),
    ],
)
def test_a_first_option_out_of_place_is_kept(old: str, new: str) -> None:
    options = tuple(Option(value=str(number), label=f"l {number}") for number in range(1, 4))
    item = text_input("s", None, type="select", options=options)
    text = lines(page(item, text_input("z")))
    assert old in text
    for document in (text.replace(old, new), " ".join(text.replace(old, new).split())):
        parsed = parse(document)
        assert [option.value for option in parsed.spec.inputs[0].options or ()] == ["1", "2", "3"]
        assert verify(parsed) is None


@pytest.mark.parametrize(
    ("value", "reason", "at"),
    [
        ("[1,]", "Expecting value", 3),
        ("[1 , \n]", "Expecting value", 6),
        ('{"a": 1,}', "Expecting property name enclosed in double quotes", 8),
        ('{"a": [{"b": 1, }]}', "Expecting property name enclosed in double quotes", 16),
        ("[,]", "Expecting value", 1),
    ],
)
def test_every_python_has_the_same_words_for_a_stray_comma(
    value: str, reason: str, at: int
) -> None:
    for read in (decode, partial(decode, strict=False), extent):
        with pytest.raises(JsonError) as caught:
            read(f"x{value}", 1)
        assert (caught.value.reason, caught.value.offset) == (reason, at + 1)
    with pytest.raises(json.JSONDecodeError) as error:
        parse_json(value)
    assert (error.value.msg, error.value.pos) == (reason, at)
