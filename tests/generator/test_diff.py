"""``wirogen diff``: every kind of change, what it means, and the gate."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from markdown_it import MarkdownIt

from generator.project import PAGE, Project, input_of
from wirogen.cli.app import run
from wirogen.diff import Change, bump, compare_tool, compare_tools, markdown_report
from wirogen.diff.model import KINDS
from wirogen.document import parse_document
from wirogen.specs import UNSENT, Input, Json, Option, ToolSpec, Wire, dump_spec

SPEC = parse_document(PAGE.text(), path="x", document="x.txt").spec


def with_input(name: str, change: Callable[[Input], Input], spec: ToolSpec = SPEC) -> ToolSpec:
    inputs = tuple(change(item) if item.name == name else item for item in spec.inputs)
    return replace(spec, inputs=inputs)


def setting(name: str, /, **values: Any) -> ToolSpec:
    return with_input(name, lambda item: replace(item, **values))


def options(name: str, change: Callable[[tuple[Option, ...]], tuple[Option, ...]]) -> ToolSpec:
    return with_input(name, lambda item: replace(item, options=change(item.options or ())))


def slider(change: Callable[[dict[str, Any]], dict[str, Any]]) -> ToolSpec:
    def first(found: tuple[Option, ...]) -> tuple[Option, ...]:
        head, *tail = found
        settings = tuple(change(dict(each)) for each in head.generatesettings or ())
        return (replace(head, generatesettings=settings), *tail)

    return options("selectedLoraModel", first)


def one_slider_more(found: tuple[Option, ...]) -> tuple[Option, ...]:
    head, *tail = found
    more = {**dict((head.generatesettings or ({},))[0]), "id": "another"}
    return (replace(head, generatesettings=(*(head.generatesettings or ()), more)), *tail)


def without(name: str) -> ToolSpec:
    return replace(SPEC, inputs=tuple(item for item in SPEC.inputs if item.name != name))


def with_new(*, required: bool = False) -> ToolSpec:
    item = Input(
        name="tiling",
        label="",
        help="",
        type="text",
        default=None,
        required=required,
        wire=Wire(type="string"),
    )
    return replace(SPEC, inputs=(*SPEC.inputs, item))


LIMITED = setting("steps", minimum="1", maximum="50", step="2")
TEXTS = setting("negativePrompt", wire=Wire(type="array", sent=["a"]))
LISTS = setting("negativePrompt", wire=Wire(type="array", sent=[1]))
CASES: list[tuple[str, str, ToolSpec, ToolSpec]] = [
    ("input-added", "additive", SPEC, with_new()),
    ("input-added", "breaking", SPEC, with_new(required=True)),
    ("input-removed", "breaking", SPEC, without("clipSkip")),
    ("input-renamed", "breaking", SPEC, setting("clipSkip", name="skip", label="Skip")),
    ("python-name", "breaking", SPEC, setting("clipSkip", python_name="skip")),
    ("input-type", "breaking", SPEC, setting("negativePrompt", type="float")),
    ("input-type", "cosmetic", SPEC, setting("negativePrompt", type="text")),
    ("input-type", "additive", SPEC, setting("steps", type="float")),
    ("input-type", "breaking", setting("steps", type="float"), SPEC),
    ("input-type", "additive", SPEC, setting("steps", step="0.5")),
    ("input-type", "breaking", setting("steps", step="0.5"), SPEC),
    ("input-type", "additive", SPEC, setting("negativePrompt", default="7")),
    ("input-type", "breaking", setting("negativePrompt", default="7"), SPEC),
    ("input-type", "additive", TEXTS, LISTS),
    ("input-type", "breaking", LISTS, TEXTS),
    ("input-wire", "breaking", SPEC, setting("steps", wire=Wire(type="string", sent="30"))),
    ("input-sent", "breaking", SPEC, setting("steps", wire=Wire(type="number", sent=7))),
    ("input-sent", "breaking", SPEC, setting("steps", wire=Wire(type="number"))),
    ("input-required", "breaking", SPEC, setting("scale", required=True, wire=Wire(type="string"))),
    ("input-required", "additive", SPEC, setting("prompt", required=False)),
    ("input-limits", "breaking", SPEC, setting("steps", maximum="50")),
    ("input-limits", "breaking", LIMITED, setting("steps", minimum="2", maximum="50", step="2")),
    ("input-limits", "additive", LIMITED, setting("steps", minimum="1", maximum="60", step="2")),
    ("input-limits", "additive", LIMITED, setting("steps", minimum="1", maximum="50", step="1")),
    ("input-limits", "breaking", LIMITED, setting("steps", minimum="1", maximum="50", step="3")),
    ("input-limits", "additive", LIMITED, setting("steps", maximum="50", step="2")),
    ("input-open", "additive", SPEC, setting("scheduler", open=True)),
    ("input-open", "breaking", setting("scheduler", open=True), SPEC),
    ("input-text", "cosmetic", SPEC, setting("steps", help="Other words.")),
    ("input-text", "cosmetic", SPEC, setting("prompt", example="another prompt")),
    ("input-order", "cosmetic", SPEC, replace(SPEC, inputs=SPEC.inputs[::-1])),
    (
        "option-added",
        "additive",
        SPEC,
        options("scheduler", lambda found: (*found, Option(value="K", label="K"))),
    ),
    ("option-removed", "breaking", SPEC, options("selectedModel", lambda found: found[1:])),
    (
        "option-renamed",
        "breaking",
        SPEC,
        options("selectedModel", lambda found: (replace(found[0], label="Z/Z"), *found[1:])),
    ),
    (
        "option-text",
        "cosmetic",
        SPEC,
        options("selectedModel", lambda found: (replace(found[0], description="Z"), *found[1:])),
    ),
    (
        "option-unlisted",
        "cosmetic",
        SPEC,
        options("selectedModel", lambda found: (replace(found[0], seen="0" * 12), *found[1:])),
    ),
    ("option-slider", "breaking", SPEC, slider(lambda each: {**each, "maxvalue": "0.7"})),
    ("option-slider", "additive", SPEC, slider(lambda each: {**each, "maxvalue": "999"})),
    ("option-slider", "breaking", SPEC, slider(lambda each: {**each, "defaultvalue": "0.6"})),
    ("option-slider", "cosmetic", SPEC, slider(lambda each: {**each, "note": "careful"})),
    ("option-slider", "breaking", SPEC, options("selectedLoraModel", one_slider_more)),
    ("tool-text", "cosmetic", SPEC, replace(SPEC, description="Another one.")),
    ("tool-price", "cosmetic", SPEC, replace(SPEC, dynamicprice=[1])),
    (
        "endpoint-moved",
        "breaking",
        SPEC,
        replace(SPEC, endpoints={**SPEC.endpoints, "detail": "https://elsewhere.example/x"}),
    ),
]


@pytest.mark.parametrize(("kind", "impact", "old", "new"), CASES)
def test_each_change_has_its_kind_and_meaning(
    kind: str, impact: str, old: ToolSpec, new: ToolSpec
) -> None:
    found = {(change.kind, str(change.impact)) for change in compare_tool(old, new)}
    assert (kind, impact) in found
    if impact == "cosmetic":
        assert {each for _, each in found} == {"cosmetic"}


def priced(*prices: str) -> ToolSpec:
    rates: list[Json] = [{"inputs": {}, "price": each, "priceMethod": "cpr"} for each in prices]
    return replace(SPEC, dynamicprice=rates if prices else None)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (priced("0.05"), priced("0.5"), "price $0.50, was $0.05"),
        (priced(), priced("0.05"), "price $0.05, was not documented"),
        (priced("0"), priced(), "price not documented, was $0.00"),
        (priced("0.05", "0.1"), priced("0.05", "0.2"), "price changed"),
    ],
)
def test_a_change_of_the_price_says_how_much(old: ToolSpec, new: ToolSpec, says: str) -> None:
    assert [each.message for each in compare_tool(old, new)] == [says]


def test_every_kind_has_a_case() -> None:
    covered = {kind for kind, *_ in CASES}
    assert set(KINDS) - covered == {"tool-added", "tool-removed", "tool-moved", "module-renamed"}


def test_the_same_spec_has_no_changes() -> None:
    assert compare_tool(SPEC, SPEC) == []
    assert bump([]) == "none"


def moved(tool: str, **values: Any) -> ToolSpec:
    return replace(SPEC, tool=tool, **values)


def kinds(old: list[ToolSpec], new: list[ToolSpec]) -> list[tuple[str, str]]:
    found = compare_tools({each.tool: each for each in old}, {each.tool: each for each in new})
    return [(change.tool, change.kind) for change in found]


def test_tools_come_go_and_move() -> None:
    other = moved("b/b", name="other", description="other", inputs=())
    assert kinds([SPEC], [SPEC, other]) == [("b/b", "tool-added")]
    assert kinds([SPEC, other], [SPEC]) == [("b/b", "tool-removed")]
    assert kinds([SPEC], [moved("z/z")]) == [(SPEC.tool, "tool-moved")]


def test_a_tool_or_input_that_fits_two_is_not_said_to_have_moved() -> None:
    twins = [moved("y/y"), moved("z/z")]
    assert {kind for _, kind in kinds([SPEC], twins)} == {"tool-removed", "tool-added"}
    assert kinds(twins, [SPEC]) == [
        ("y/y", "tool-moved"), ("z/z", "tool-removed"),
    ]  # fmt: skip


@pytest.mark.parametrize("what", ["tools", "inputs"])
def test_ten_times_as_many_changes_take_about_ten_times_as_long(what: str) -> None:
    def compare(count: int) -> float:
        one = SPEC.inputs[0]
        olds, news = (
            [
                replace(one, name=f"{word}{number}", default=f"{word}{number}")
                for number in range(count)
            ]
            for word in ("old", "new")
        )
        if what == "inputs":
            old, new = ([moved("a/a", inputs=tuple(each))] for each in (olds, news))
        else:
            old, new = (
                [moved(f"a/{each.name}", name=each.name, inputs=(each,)) for each in items]
                for items in (olds, news)
            )
        start = time.process_time()
        kinds(old, new)
        return time.process_time() - start

    assert any(compare(800) < 15 * max(compare(80), 0.01) for _ in range(3))


def test_a_module_that_has_to_make_room_is_breaking() -> None:
    first = moved("a/My Tool", name="1", inputs=())
    second = moved("a/my-tool", name="2", inputs=SPEC.inputs[:1], description="2")
    assert ("a/My Tool", "module-renamed") in kinds([first], [first, second])


def test_the_bump_is_that_of_the_worst_change() -> None:
    assert bump(compare_tool(SPEC, with_new())) == "minor"
    assert bump(compare_tool(SPEC, replace(SPEC, description="x"))) == "patch"
    assert bump(compare_tool(SPEC, without("clipSkip"))) == "major"


def sides(tmp_path: Path, old: ToolSpec, new: ToolSpec) -> tuple[str, str]:
    paths: list[str] = []
    for name, spec in {"old": old, "new": new}.items():
        project = Project(tmp_path / name)
        project.write("tools/a/b.yaml", dump_spec(spec))
        paths.append(str(project.root))
    return paths[0], paths[1]


def test_the_gate_lets_additions_pass_and_stops_what_breaks_unless_it_is_allowed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = sides(tmp_path, SPEC, without("clipSkip"))
    assert run(["diff", old, new]) == 1
    assert "clipSkip: the input is gone" in capsys.readouterr().out
    assert run(["diff", new, old]) == 0
    name = f"{SPEC.tool}:clipSkip:input-removed"
    assert run(["diff", old, new, "--allow", name]) == 0
    assert run(["diff", old, new, "--allow", "*:clipSkip:*"]) == 0
    assert run(["diff", old, new, "--allow", "*:steps:*"]) == 1


def test_json_names_what_allow_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = sides(tmp_path, SPEC, setting("steps", wire=Wire(type="number", sent=7)))
    assert run(["diff", old, new, "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["bump"] == "major"
    assert report["breaking"] == [f"{SPEC.tool}:steps:input-sent"]
    assert report["changes"][0]["new"] == 7
    assert run(["diff", old, new, "--allow", report["breaking"][0]]) == 0


def test_markdown_shows_texts_and_runs_nothing() -> None:
    hostile = replace(SPEC, tool="a/<img src=x>`|", description="x")
    changes = [
        Change(
            tool=hostile.tool,
            kind="input-added",
            impact=compare_tool(SPEC, with_new())[0].impact,
            subject="](javascript:1)",
            message="<script>**x**",
        )
    ]
    text = markdown_report(changes)
    assert "<script>" not in text
    assert "<img" not in text
    assert "**x**" not in text


@pytest.mark.parametrize(
    "text",
    [
        "@octocat",
        "a@b.example",
        "fixes #12 ~ $",
        "Closes o/r#3",
        "resolves GH-4",
        "gh-5",
        "https://github.com/o/r/issues/6",
        "HTTP://a.example",
        "www.a.example",
    ],
)
def test_markdown_notifies_nobody_and_closes_no_issue(text: str) -> None:
    (change,) = compare_tool(SPEC, without("clipSkip"))
    report = markdown_report([replace(change, subject=f"clipSkip={text}", message=f"({text})")])
    assert not re.search(r"@\w|(?<!&)#\d|gh-\d|https?:|www\.", report, re.IGNORECASE)
    page = MarkdownIt("commonmark").render(report)
    assert re.sub("<!-- -->|<[^>]+>", "", page).count(text) == 2


def test_a_report_fits_into_a_pull_request() -> None:
    (change,) = compare_tool(SPEC, without("clipSkip"))
    changes = [replace(change, tool=f"a/tool-{number}") for number in range(3000)]
    text = markdown_report(changes)
    assert len(text) < 65_536
    assert text.count("<details>") == text.count("</details>")
    assert "3000 breaking" in text


def test_documents_and_git_revisions_can_be_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path)
    document = project.document(PAGE)
    spec = project.write("tools/a/b.yaml", dump_spec(SPEC))
    monkeypatch.chdir(tmp_path)
    assert run(["diff", str(document), str(spec)]) == 0
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    spec.write_text(dump_spec(without("clipSkip")), "utf-8")
    capsys.readouterr()
    assert run(["diff", "HEAD:specs", "specs"]) == 1
    assert "clipSkip" in capsys.readouterr().out
    assert run(["diff", "HEAD:nowhere", "HEAD:specs/tools"]) == 0
    assert "1 tool" in capsys.readouterr().out


@pytest.mark.parametrize("to", ["/etc/passwd", "../../../../../../etc/passwd"])
def test_a_link_out_of_a_revision_is_said_in_one_line(
    to: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = Project(tmp_path).write("tools/a/b.yaml", dump_spec(SPEC))
    spec.with_name("link.yaml").symlink_to(to)
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    for command in (["diff"], ["diff", "HEAD:specs", "specs"]):
        assert run(command) == 2
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "link" in said


def test_a_correction_is_a_change_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path)
    project.write("tools/a/b.yaml", dump_spec(SPEC))
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    assert run(["diff"]) == 0
    overlay = project.write(
        "overlays/a.yaml",
        f'overlay: 1\ntool: "{SPEC.tool}"\ncorrections:\n'
        '  - input: "clipSkip"\n    reason: "Wiro ignores it"\n    hide: true\n',
    )
    capsys.readouterr()
    for arguments in ([], ["HEAD:specs", "specs"], ["HEAD:.", "."]):
        assert run(["diff", *arguments]) == 1
        assert "clipSkip" in capsys.readouterr().out
    # Specs by themselves are compared as they are.
    assert run(["diff", "HEAD:specs/tools", "specs/tools"]) == 0
    for arguments in (["add", "-A"], ["commit", "-qm", "y"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    assert run(["diff"]) == 0
    good = overlay.read_text()
    overlay.write_text(good.replace("clipSkip", "clipSkap"))
    assert run(["diff"]) == 1
    assert "specs/overlays/a.yaml:4:" in capsys.readouterr().err
    for arguments in (["add", "-A"], ["commit", "-qm", "z"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    overlay.write_text(good)
    assert run(["diff"]) == 1
    found = capsys.readouterr()
    assert "clipSkip" in found.out
    assert found.err == ""


@pytest.mark.parametrize("old", ["nowhere", "nowhere:specs", "--upload-pack=x:specs"])
def test_a_side_that_cannot_be_read_is_one_line(
    old: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.yaml").write_text("spec: [", "utf-8")
    assert run(["diff", "--", old, "bad.yaml"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_an_unsent_value_is_told_apart_from_null() -> None:
    null = setting("scale", wire=Wire(type="string", sent=None))
    unsent = setting("scale", wire=Wire(type="string", sent=UNSENT))
    assert input_of(null, "scale") != input_of(unsent, "scale")
    assert "input-sent" in [change.kind for change in compare_tool(null, unsent)]
