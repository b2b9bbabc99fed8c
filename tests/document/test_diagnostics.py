"""Every diagnostic of documents: a document that has it, and where it points."""

from __future__ import annotations

from dataclasses import replace

import pytest

from document.build import codes, page, parse, real, text_input, tool
from document.layouts import Page, flat, lines
from wirogen.diagnostics.model import RULES, InputError, Severity
from wirogen.diagnostics.rules import ALL_RULES
from wirogen.specs import Json, Option

SLIDER: dict[str, Json] = {
    "type": "number", "id": "a", "minvalue": "-5", "maxvalue": "5", "defaultvalue": "5",
    "incrementby": "1",
}  # fmt: skip
PLAIN = (Option(value="a", label="A"), Option(value="b", label="B"))
MODELS = tuple(
    Option(value=str(number), label="m", triggerwords=(), generatesettings=())
    for number in range(5)
)
SEED = text_input("seed", "1")


def choice(name: str, default: str | None, options: tuple[Option, ...], **changes: object) -> Page:
    item = replace(
        text_input(name, default, type="select", options=options),
        **changes,  # any field of an input
    )
    return page(item, SEED, body={name: default or "", "seed": "1"})


def slider(**changes: Json) -> Page:
    option = Option(
        value="1", label="m", triggerwords=(), generatesettings=({**SLIDER, **changes},)
    )
    return choice("selectedModel", None, (option,))


def changed(old: str, new: str, made: Page | None = None) -> str:
    document = flat(made or page(SEED))
    assert old in document
    return document.replace(old, new, 1)


FULL = "help: type: text default: x"
TITLE = "Run Command - Make HTTP Post Request"
MODEL = flat(choice("selectedModel", None, MODELS))

CASES: list[tuple[str, str, str, str]] = [
    # code, document, subject, what stands at its position
    ("D101", changed("## Tool Inputs", "Tool size: 5 ## Tool Inputs"), "", "Tool size: 5"),
    ("D102", changed("- name: seed label", "- name: seed must: be label"), "seed", "must: be"),
    (
        "D103",
        MODEL.replace("generatesettings: []", "generatesettings: [] cover: x", 1),
        "selectedModel.options",
        "cover: x",
    ),
    ("D104", flat(page(SEED, after_tail="## News\nNone.")), "News", "## News None."),
    ("D105", flat(page(text_input("a", "b", type="brush"), SEED)), "a", "brush default"),
    (
        "D106",
        flat(page(text_input("a", f"q {FULL} z", help=f"x {FULL[6:]}"), SEED, body={"seed": "1"})),
        "a",
        "type: text default: x z",
    ),
    (
        "D106",
        flat(page(text_input("a", "b - name: c label: d"), SEED, body={"seed": "1"})),
        "c",
        "- name: c label: d",
    ),
    ("D107", changed("``` ## Run Command -", "``` Hm. ## Run Command -"), "Integration", "Hm. ##"),
    ("D108", changed("Tool cover: No cover ", ""), "cover", "Tool name: "),
    (
        "D109",
        changed("https://api.wiro.ai/v1/Run/", "https://wiro.example/v1/Run/"),
        "endpoints.run",
        "https://wiro.example",
    ),
    (
        "D109",
        changed("Endpoint (POST): https://api.wiro.ai/v1/Task", "Endpoint (POST): http://x/Task"),
        "endpoints.detail",
        "http://x/Task/Detail",
    ),
    ("D110", changed("name: wiro/test-tool", "name: wiro/other"), "name", "wiro/other"),
    (
        "D111",
        flat(Page(tool(SEED, examples=({"gone": "1"},)), {"seed": "1"})),
        "gone",
        "gone: 1",
    ),
    ("D112", changed("Tool Inputs: ", "Tool Inputs: Hello. "), "", "Hello. - name: seed"),
    ("D201", flat(choice("ratio", "c", PLAIN)), "ratio", "c options:"),
    ("D201", flat(choice("g", "a, c", PLAIN, type="multiselect")), "g", "a, c options:"),
    ("D202", flat(choice("ratio", "a", (*PLAIN, *PLAIN))), "ratio.options", '"a" label: A'),
    ("D203", MODEL, "selectedModel", "options: - value:"),
    ("D204", flat(choice("ratio", None, ())), "ratio", "options: - name: seed"),
    ("D205", flat(page(text_input("a", help="seed-help"), SEED)), "a", "seed-help type"),
    ("D206", flat(page(SEED, SEED)), "seed", "- name: seed"),
    ("D207", flat(page(text_input("n", "false", type="number"), SEED)), "n", "false - name"),
    ("D207", flat(page(text_input("n", "0,5", type="range"), SEED)), "n", "0,5 - name"),
    ("D208", flat(page(text_input("n", "1", type="number", options=PLAIN))), "n", "options: -"),
    ("D209", MODEL.replace("words: []", "words: x", 1), "selectedModel.options", "x generate"),
    ("D210", MODEL.replace('value: "0"', "value: 0", 1), "selectedModel.options", "0 label"),
    ("D211", flat(page(text_input("callbackUrl", None), SEED)), "callbackUrl", "- name: callback"),
    ("D212", flat(slider(minvalue="9")), "selectedModel.options", '"1" label'),
    ("D212", flat(slider(incrementby="0")), "selectedModel.options", '"1" label'),
    ("D212", flat(slider(defaultvalue="x")), "selectedModel.options", '"1" label'),
    ("D212", flat(slider(maxvalue="NaN")), "selectedModel.options", '"1" label'),
    ("D212", flat(slider(type="colour")), "selectedModel.options", '"1" label'),
    (
        "D213",
        lines(choice("ratio", "a", PLAIN)).replace("      label: A\n", ""),
        "ratio.options",
        '"a"\n',
    ),
    ("D301", changed('"result": true }', '"result": true'), "Run Command - Response", "```"),
    ("D301", changed('"result": true }', '"result": true } x'), "Run Command - Response", "x ```"),
    ("D303", flat(page(text_input("a", type="select"), body={"a": []})), "a", "select default"),
    ("D304", flat(page(text_input("a"), SEED, body={"seed": "1"})), "a", "a label: a"),
    ("D305", flat(page(SEED, body={"seed": "1", "b": []})), "b", '"b": []'),
    ("D306", flat(page(SEED, body={"seed": "2"})), "seed", "1 ## Integration"),
    ("D308", changed(f"## {TITLE}", "## Something"), TITLE, ""),
    ("D308", changed("-d '{", "-d @'{"), TITLE, TITLE),
    (
        "D309",
        changed('"https://api.wiro.ai/v1/Run/wiro/test-tool"', '"https://api.wiro.ai/v1/Run/a/b"'),
        TITLE,
        "https://api.wiro.ai/v1/Run/a/b",
    ),
    ("D310", flat(page(text_input("seed", "don't"))), TITLE, "'t"),
    ("D312", flat(page(SEED, body='{ "seed": NaN }')), "seed", "NaN }"),
    ("D311", changed('"seed": "1"', '"seed": "1", "seed": "1"'), "seed", '"seed": "1", "callback'),
]


@pytest.mark.parametrize(("code", "document", "subject", "text"), CASES)
def test_diagnostic(code: str, document: str, subject: str, text: str) -> None:
    parsed = parse(document)
    found = [found for found in parsed.diagnostics if found.code == code]
    assert found, codes(parsed)
    assert any(
        one.position is not None
        and "\n".join(parsed.text.split("\n")[one.position.line - 1 :]).startswith(
            text, one.position.column - 1
        )
        and one.subject.startswith(subject)
        for one in found
    ), found
    for one in parsed.diagnostics:
        assert one.severity is not Severity.ERROR
        assert "\n" not in str(one)
    positions = [one.position for one in parsed.diagnostics if one.position]
    assert positions == sorted(positions)


def test_no_code_is_given_to_two_rules() -> None:
    assert [rule.code for rule in ALL_RULES] == list(RULES)


def test_every_code_of_documents_is_shown_by_a_test() -> None:
    elsewhere = {
        "D001", "D002", "D003", "D004", "D005", "D006", "D007", "D008", "D009", "D010", "D302",
        "D307", "D113", "D313", "D314",
    }  # fmt: skip
    known = {code for code in RULES if code.startswith("D")}
    assert {code for code, _, _, _ in CASES} | elsewhere == known


def test_a_document_without_oddities_has_no_diagnostics() -> None:
    text = flat(page(text_input("prompt", "a cat", type="textarea"), SEED))
    text = text.replace("multipart/form-data", "application/json")
    text = text.replace('-hmac "$KEY")', "-hmac \"$KEY\" -r | cut -d' ' -f1)")
    text = text.replace('"categories": "["tool","x"]"', '"categories": "[]"')
    assert codes(parse(text)) == []


@pytest.mark.parametrize(
    "made",
    [
        slider(minvalue="5", maxvalue="5"),
        page(text_input("a", help="seed"), SEED),
        page(text_input("a", help="Like seed-help"), SEED),
        page(text_input("seedUrl", help="seed-url-help"), SEED),
        choice("g", "a, b", PLAIN, type="multiselect"),
        choice("g", "", PLAIN),
        page(text_input("n", "1e3", type="float")),
        Page(
            replace(tool(SEED), description="This Tool helps: you. My Tool is: so"), {"seed": "1"}
        ),
    ],
)
def test_what_is_not_odd(made: Page) -> None:
    for parsed in (parse(flat(made)), parse(lines(made))):
        assert not {"D101", "D201", "D205", "D207", "D212"} & set(codes(parsed))
        assert parsed.spec.description == made.spec.description


def test_findings_are_the_diagnostics_without_positions() -> None:
    parsed = parse(real("instant-id-lora"))
    assert parsed.spec.source is not None
    assert [(one.code, one.subject, one.message) for one in parsed.spec.source.findings] == [
        (one.code, one.subject, one.message) for one in parsed.diagnostics
    ]


def test_source_names_the_document_and_the_hash_of_its_bytes() -> None:
    from hashlib import sha256

    from wirogen.document import parse_document

    data = b"\xef\xbb\xbf" + real("instant-id-lora").encode()
    parsed = parse_document(data, path="/abs/x.txt", document="wiro/instant-id-lora.txt")
    assert parsed.spec.source is not None
    assert parsed.spec.source.document == "wiro/instant-id-lora.txt"
    assert parsed.spec.source.sha256 == sha256(data).hexdigest()


def test_hostile_subjects_are_escaped() -> None:
    item = text_input("a\x1b[2J", "x", type="brush")
    found = [one for one in parse(flat(page(item))).diagnostics if one.code == "D105"]
    assert [one.subject for one in found] == ["a\\x1b[2J"]


@pytest.mark.parametrize("document", ["", "x", "## Basic tool info Tool name: a/b"])
def test_refusals_say_where_and_how_to_go_on(document: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(document)
    rule = caught.value.diagnostic.rule
    assert rule.severity is Severity.ERROR
    assert rule.explanation.endswith(".")
    assert rule.fix.endswith(".")
