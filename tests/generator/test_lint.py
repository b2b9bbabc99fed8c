"""``wirogen lint``: everything odd, where it is, and what to do about it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
import yaml

from corpus.page import Field
from generated import plan
from generator.project import PAGE, Project, detail
from generator.test_overlay import HEAD
from wirogen.cli.app import run
from wirogen.diagnostics.model import RULES, Diagnostic
from wirogen.diagnostics.sarif import sarif
from wirogen.emit.pages.pages import rule_values
from wirogen.overlay.schema import overlay_json_schema
from wirogen.pipeline.spec_checks import check_spec
from wirogen.specs import ToolSpec, load_spec

OVERLAY = HEAD + (
    '  - reason: "x"\n    input: "steps"\n    set: {minimum: "1", step: null, required: true}\n'
    '  - reason: "x"\n    input: "clipSkip"\n    rename: "skip"\n'
    '  - reason: "x"\n    input: "width"\n    hide: true\n'
    '  - reason: "x"\n    input: "scheduler"\n    option: "K"\n    add: {label: "K"}\n'
    '  - reason: "x"\n    set: {cover: null}\n'
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def lint(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    status = run(["lint", "--json", *arguments])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    errors = any(each["severity"] == "error" for each in found)
    assert status == (2 if errors else 1 if found else 0)
    return found


def test_every_source_of_a_project_is_looked_at(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.document(PAGE)
    project.write("documents/a/tool.json", detail(PAGE.tool, {"id": "steps", "min": "many"}))
    project.write("documents/a/none.txt", "<html>")
    project.write("tools/b/b.yaml", "spec: 1\nspec: 1\n")
    project.write("overlays/c.yaml", HEAD.replace(PAGE.tool, "no/tool") + OVERLAY[len(HEAD) :])
    found = lint(capsys)
    places = {(each["code"], each["path"], each["line"]) for each in found}
    assert {
        ("T102", "specs/documents/a/tool.json", 1),
        ("D001", "specs/documents/a/none.txt", 1),
        ("S001", "specs/tools/b/b.yaml", 2),
        ("O002", "specs/overlays/c.yaml", 2),
    } <= places
    assert any(each["path"] == "specs/documents/a/tool.txt" for each in found)
    for each in found:
        assert each["fix"] == RULES[each["code"]].fix
        assert each["name"] == RULES[each["code"]].name


def test_single_files_are_told_apart_by_what_they_are(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = project.write("elsewhere/overlay.yaml", OVERLAY.replace('reason: "x"', 'why: "x"', 1))
    good = project.write("elsewhere/good.yaml", OVERLAY)
    answer = project.write("elsewhere/answer.json", "{}")
    codes = [(each["code"], Path(each["path"]).name) for each in lint(capsys, str(bad))]
    assert codes == [("O001", "overlay.yaml")]
    assert lint(capsys, str(good)) == []
    assert [each["code"] for each in lint(capsys, str(answer))] == ["T001"]


def test_findings_can_be_narrowed_by_severity_and_code(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.document(PAGE)
    everything = lint(capsys)
    assert {each["severity"] for each in everything} == {"warning", "note"}
    warnings = lint(capsys, "--severity", "warning")
    assert {each["severity"] for each in warnings} == {"warning"}
    assert lint(capsys, "--severity", "error") == []
    assert {each["code"] for each in lint(capsys, "--code", "d302")} == {"D302"}


def test_the_summary_says_what_to_do(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.document(PAGE)
    assert run(["lint"]) == 1
    shown = capsys.readouterr().out
    assert RULES["D203"].fix in shown
    assert shown.rstrip().splitlines()[-1].endswith("notes")


def test_sarif_points_at_lines_and_explains_every_code_it_uses(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.document(PAGE, "a/name with blanks é")
    assert run(["lint", "--sarif"]) == 1
    log = json.loads(capsys.readouterr().out)
    assert log["version"] == "2.1.0"
    (only,) = log["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert only["results"]
    marks: set[str] = set()
    for result in only["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == (
            "specs/documents/a/name%20with%20blanks%20%C3%A9.txt"
        )
        assert place["region"]["startLine"] >= 1
        marks.add(result["partialFingerprints"]["finding/v1"])
    assert len(marks) == len(only["results"])


def handwritten(wire: str, options: str = "", kind: str = "number") -> str:
    """A spec as a person might write it, with one input more than the prompt."""
    return f'''spec: 1
tool: "a/b"
name: "a/b"
description: ""
cover: null
categories: []
endpoints: {{run: "https://api.wiro.ai/v1/Run/a/b", detail: "https://api.wiro.ai/v1/Task/Detail"}}
inputs:
  - {{name: "x", label: "", help: "", type: "{kind}", default: null, required: false, wire: {wire}{options}}}
'''  # noqa: E501 - one input, one line


RATIOS = ', open: false, options: [{value: "1:1", label: ""}, {value: "5", label: ""}]'


def lora(setting: str) -> str:
    """An option with one setting, most of which makes sense."""
    usual = {
        "id": "a", "type": "number", "minvalue": "0", "maxvalue": "5", "defaultvalue": "1",
        "incrementby": "1",
    }  # fmt: skip
    key, value = setting.split("=")
    settings = json.dumps([{**usual, key: value}])
    return (
        f', open: true, options: [{{value: "1", label: "", triggerwords: [], '
        f"generatesettings: {settings}}}]"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (handwritten('{type: "number", sent: "twenty"}'), ["S101"]),
        (handwritten('{type: "string", sent: 4}', kind="text"), ["S101"]),
        (handwritten('{type: "number", sent: 20}'), []),
        (handwritten('{type: "number"}', kind="nummer"), ["D105"]),
        (handwritten('{type: "number", sent: false}'), []),
        (handwritten('{type: "string", sent: null}', kind="text"), []),
        (handwritten('{type: "string", sent: "4:3"}', RATIOS, "select"), ["S102"]),
        (handwritten('{type: "string", sent: "1:1"}', RATIOS, "select"), []),
        (handwritten('{type: "string", sent: ""}', RATIOS, "select"), []),
        (handwritten('{type: "number", sent: 5}', RATIOS, "select"), []),
        (handwritten('{type: "array", sent: ["5", {"a": []}]}', RATIOS, "select"), ["S102"]),
        (handwritten('{type: "string", sent: "5,1:1"}', RATIOS, "multiselect"), []),
        (handwritten('{type: "string", sent: "5,4:3"}', RATIOS, "multiselect"), ["S102"]),
        (handwritten('{type: "string"}', lora("minvalue=abc"), "select"), ["S103"]),
        (handwritten('{type: "string"}', lora("incrementby=0"), "select"), ["S103"]),
        (handwritten('{type: "string"}', lora("minvalue=9"), "select"), ["S103"]),
        (handwritten('{type: "string"}', lora("maxvalue=9"), "select"), []),
        (handwritten('{type: "number", sent: 5}', ', minimum: "9"'), ["S104"]),
        (handwritten('{type: "string", sent: "5"}', ', maximum: "4.5"'), ["S104"]),
        (handwritten('{type: "number", sent: 5}', ', minimum: "5", maximum: "5"'), []),
        (handwritten('{type: "number", sent: false}', ', minimum: "5"'), []),
        # No numbers: the client takes them beside the limits.
        (handwritten('{type: "string", sent: "NaN"}', ', minimum: "5"'), []),
        (handwritten('{type: "string", sent: "-inf"}', ', minimum: "5", maximum: "6"'), []),
        (handwritten('{type: "string", sent: "1_0"}', ', maximum: "6"'), []),
    ],
)
def test_a_spec_that_makes_little_sense(
    text: str, expected: list[str], project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("tools/a/b.yaml", text)
    found = [each for each in lint(capsys) if not each["code"].startswith("N")]
    assert [each["code"] for each in found] == expected
    for each in found:
        assert (each["path"], each["subject"]) == ("specs/tools/a/b.yaml", "x")
        line, column = int(each["line"]), int(each["column"])
        assert text.splitlines()[line - 1][column - 1 :].startswith(
            ("type: ", "wire: ", "options: ")
        )


def test_a_spec_whose_endpoint_is_that_of_another_tool(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    text = handwritten('{type: "number"}')
    project.write("tools/a/b.yaml", text.replace("/Run/a/b", "/Run/a/c"))
    (found,) = lint(capsys)
    assert (found["code"], found["line"], found["column"]) == ("S105", 7, 1)


def test_a_rate_that_cannot_be_read(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    price = 'dynamicprice: [{inputs: {}, price: 1, priceMethod: "cpr"}, {price: -1}]\n'
    project.write("tools/a/b.yaml", handwritten('{type: "number"}') + price)
    (found,) = lint(capsys)
    assert (found["code"], found["subject"]) == ("S106", "dynamicprice")
    assert found["message"] == ("has a rate that cannot be read, number 2: its method is not known")


@pytest.mark.parametrize(
    ("name", "rate", "near"),
    [
        ("quality", "qualty", "; did you mean 'quality'?"),
        ("quality", "Quality", "; did you mean 'quality'?"),
        ("x", "resolution", ""),
        ("x", "x", None),
        ("photoUrl", "photo", None),
        ("photo", "photoUrl", None),
        ("inputFileUrlMultiple", "inputFileMultiple", None),
    ],
)
def test_a_rate_for_an_input_that_the_tool_lacks(
    name: str, rate: str, near: str | None, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    one = f'{{inputs: {{{rate}: "QUANTITY:1"}}, price: 1, priceMethod: "cpr"}}'
    text = handwritten('{type: "string"}', kind="text").replace('name: "x"', f'name: "{name}"')
    project.write("tools/a/b.yaml", f"{text}dynamicprice: [{one}, {one}]\n")
    found = [(each["code"], each["subject"], each["message"]) for each in lint(capsys)]
    message = f"has a rate for {rate!r}, which is no input of the tool{near}"
    assert found == ([] if near is None else [("S107", "dynamicprice", message)])


@pytest.mark.parametrize(
    ("value", "open_", "near"),
    [
        ("1080P", "false", "; did you mean '1080p'?"),
        ("4k", "false", ""),
        ("4k", "true", None),
        ("720p", "false", None),
        ("2", "false", None),
        ("3", "false", ""),
        ("", "false", None),
    ],
)
def test_a_rate_for_an_option_that_the_tool_lacks(
    value: str, open_: str, near: str | None, project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    known = ("720p", "1080p", "2.0")
    options = "".join(f'{{value: "{each}", label: "{each}"}}, ' for each in known)
    more = f", open: {open_}, options: [{options}]"
    rate = f'{{inputs: {{x: "{value}"}}, price: 1, priceMethod: "cpr"}}'
    text = handwritten('{type: "string"}', more, kind="select")
    project.write("tools/a/b.yaml", f"{text}dynamicprice: [{rate}, {rate}]\n")
    found = [(each["code"], each["subject"], each["message"]) for each in lint(capsys)]
    message = f"has a rate for {value!r}, which is no option of 'x'{near}"
    assert found == ([] if near is None else [("S107", "dynamicprice", message)])


def test_rates_for_inputs_that_the_tool_lacks_are_reported_in_time(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    rates = ", ".join(
        f'{{inputs: {{rate{number}: "1"}}, price: 1, priceMethod: "cpr"}}' for number in range(300)
    )
    rest = handwritten('{type: "string"}', kind="text")
    head, one = rest.split("inputs:\n")
    many = "".join(one.replace('name: "x"', f'name: "rat{number}"') for number in range(300))
    project.write("tools/a/b.yaml", f"{head}inputs:\n{many}dynamicprice: [{rates}]\n")
    found = [each for each in lint(capsys) if each["code"] == "S107"]
    assert len(found) == 20


def test_the_correction_that_brings_a_finding_is_found_in_few_looks(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("tools/a/b.yaml", handwritten('{type: "number", sent: 5}'))
    corrections = [
        f'  - reason: "a"\n    input: "y{number}"\n    add: {{label: "", help: "", type: "text", '
        'default: null, required: false, wire: {type: "string"}}\n'
        for number in range(300)
    ]
    corrections[100] = '  - reason: "c"\n    input: "x"\n    set: {minimum: "9"}\n'
    text = 'overlay: 1\ntool: "a/b"\ncorrections:\n' + "".join(corrections)
    project.write("overlays/a/b.yaml", text)
    looks: list[str] = []

    def counted(spec: ToolSpec, path: str) -> Iterator[Diagnostic]:
        looks.append(path)
        return check_spec(spec, path)

    monkeypatch.setattr("wirogen.pipeline.causes.check_spec", counted)
    line = text[: text.index('reason: "c"')].count("\n") + 1
    found = [(each["code"], each["path"], each["line"]) for each in lint(capsys)]
    assert found == [("S104", "specs/overlays/a/b.yaml", line)]
    assert len(looks) < 20


def test_what_an_overlay_brings_is_found_in_the_overlay(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    text = handwritten('{type: "number", sent: 5}', ', minimum: "1"')
    project.write(
        "tools/a/b.yaml",
        f'{text}  - {{name: "class", label: "", help: "", '
        'type: "gradient", default: null, required: false, wire: {type: "string"}}\n',
    )
    file = project.write(
        "overlays/x/b.yml",
        'overlay: 1\ntool: "a/b"\ncorrections:\n'
        '  - reason: "a"\n    set: {description: "b"}\n'
        '  - reason: "c"\n    input: "x"\n    set: {minimum: "9"}\n'
        '  - reason: "d"\n    input: "x"\n    set: {label: "e"}\n'
        '  - reason: "f"\n'
        '    set: {dynamicprice: [{inputs: {z: "1"}, price: 1, priceMethod: "cpr"}]}\n'
        '  - reason: "g"\n    input: "import"\n    add: {label: "", help: "", type: "text", '
        'default: null, required: false, wire: {type: "string"}}\n',
    )
    overlay, spec = "specs/overlays/x/b.yml", "specs/tools/a/b.yaml"
    places = {(each["code"], each["subject"], each["path"], each["line"]) for each in lint(capsys)}
    assert places == {
        ("S104", "x", overlay, 6),
        ("S107", "dynamicprice", overlay, 12),
        ("N101", "import", overlay, 14),
        ("D105", "class", spec, 10),
        ("N101", "class", spec, 10),
    }
    assert run(["build"]) == 0
    capsys.readouterr()
    file.write_text(file.read_text("utf-8").replace('"9"', '"8"'), "utf-8")
    assert run(["build", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    built = {(each["code"], each["subject"], each["path"]) for each in report["diagnostics"]}
    assert built == {each[:3] for each in places}


def test_findings_have_the_line_that_they_are_about(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    page = replace(PAGE, flat=False)
    document = project.document(page)
    assert run(["build", "--root", str(project.root)]) == 0
    text = document.read_text("utf-8")
    start = text.index("-d '{", text.index("## Run Command - Make"))
    document.write_text(f"{text[:start]}-d 'oops {text[start + 4 :]}", "utf-8")
    capsys.readouterr()
    project.document(page, "a/twin")
    project.write("documents/a/tool.json", '{"result": true,\n oops}')
    other = page.text().replace(page.path, page.path.upper().replace("%20", " "))
    project.write("documents/a/upper.txt", other)
    lines = document.read_text("utf-8").splitlines()
    places = {each["code"]: (each["path"], each["line"]) for each in lint(capsys)}
    command = next(number for number, line in enumerate(lines, 1) if "## Run Command - M" in line)
    endpoint = next(number for number, line in enumerate(lines, 1) if "/v1/Run/" in line)
    assert places["D314"] == ("specs/documents/a/tool.txt", command)
    assert places["S002"] == ("specs/documents/a/twin.txt", endpoint)
    assert places["T001"] == ("specs/documents/a/tool.json", 2)
    assert places["N103"][1] == endpoint


def test_limits_that_exclude_every_value_are_left_out() -> None:
    text = handwritten('{type: "string"}', lora("minvalue=9"), "select").replace(
        'name: "x"', 'name: "selectedLoraModel"'
    )
    made = plan(load_spec(text, path="b.yaml"))
    settings = [
        setting
        for item in made.inputs
        if item.constants
        for value in item.constants.values
        for setting in value.settings
    ]
    assert [(each.minimum, each.maximum) for each in settings] == [(None, None)]


@pytest.mark.parametrize("arguments", [["nowhere.txt"], ["--explain", "X1"], ["--code", "X1"]])
def test_bad_usage_is_one_line(
    arguments: list[str], project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert project.root
    assert run(["lint", *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_every_code_is_explained_and_on_the_page() -> None:
    values = {each["code"]: each for each in rule_values()}
    assert set(values) == set(RULES)
    for code, rule in RULES.items():
        assert rule.code == code
        assert rule.summary.endswith(".")
        assert rule.explanation
        assert rule.fix.endswith(".")
        assert values[code]["anchor"] == f"{code.lower()}-{rule.name}"
    assert len({rule.name for rule in RULES.values()}) == len(RULES)


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        (OVERLAY, True),
        (OVERLAY.replace('reason: "x"', 'reason: " "'), False),
        (OVERLAY.replace("hide: true", "hide: false"), False),
        (OVERLAY.replace("minimum", "min"), False),
        (OVERLAY.replace('add: {label: "K"}', "add: {}"), False),
        (HEAD + "  []\n", False),
    ],
)
def test_the_published_schema_of_overlays_agrees_with_the_reader(text: str, valid: bool) -> None:
    from wirogen.diagnostics.model import InputError
    from wirogen.overlay.read import load_overlay

    validator: Any = jsonschema.Draft202012Validator(overlay_json_schema())
    assert validator.is_valid(yaml.safe_load(text)) is valid
    if valid:
        load_overlay(text, path="o.yaml")
    else:
        with pytest.raises(InputError):
            load_overlay(text, path="o.yaml")


def test_sarif_of_a_file_whose_name_is_no_text() -> None:
    found = Diagnostic(code="S001", message="is wrong", path="specs/\udcff.yaml", subject="\ud800")
    result = cast("Any", sarif([found], version="1"))["runs"][0]["results"][0]
    place = result["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "specs/%FF.yaml"}
    assert len(result["partialFingerprints"]["finding/v1"]) == 32


def test_time_grows_with_the_inputs_that_have_findings(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Names that are cut alike are numbered, and each is a finding with a place."""
    seconds: list[float] = []
    for count in (200, 2000):
        names = [f"{'x' * 70}{number}" for number in range(count)]
        fields = [Field(name=name, label="", help="", type="text") for name in names]
        document = project.document(replace(PAGE, fields=tuple(fields), flat=False))
        start = time.process_time()
        found = lint(capsys, str(document))
        seconds.append(time.process_time() - start)
        assert len(found) >= count
    assert seconds[1] < 15 * max(seconds[0], 0.2)


@pytest.mark.parametrize(
    "text",
    ["[here](https://a.example)", "[[a](b)](c)", "[](x)", r"\[a](b)", r"\\[a](b)", r"[a\]](b)"],
)
def test_sarif_of_a_text_with_a_link_has_none(text: str) -> None:
    found = Diagnostic(code="D203", message=f"says {text}", path="a.txt", subject=f"a {text} [b]")
    result = cast("Any", sarif([found], version="1"))["runs"][0]["results"][0]
    said = result["message"]["text"]
    # A backslash of the document's own would undo that of an escape.
    assert "](" not in said
    assert said.replace("] (", "](") == f"a {text} [b]: says {text}"
