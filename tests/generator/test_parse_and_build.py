"""``wirogen parse`` and ``build`` over documents that arrive one after another."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from corpus import later
from generator.project import PAGE, Project, detail, input_of, values
from wirogen.cli.app import run
from wirogen.pipeline.build import build_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_parse_says_what_it_learnt(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    document = project.document(PAGE)
    out = str(project.root / "specs" / "tools")
    assert run(["parse", str(document), "--out", out]) == 0
    assert f"{PAGE.tool}: new, {len(PAGE.fields)} inputs" in capsys.readouterr().out
    project.document(later(PAGE), sample=1)
    assert run(["parse", str(document), "--out", out]) == 0
    shown = capsys.readouterr().out
    assert "added1: new optional input (whole number) (additive)" in shown
    assert re.search(r"selectedLoraModel: \d new options: \d+, ", shown)
    assert run(["parse", str(document), "--out", out]) == 0
    assert f"{PAGE.tool}: nothing new" in capsys.readouterr().out


def test_parse_adds_to_the_lists_and_full_ones_replace_them(project: Project) -> None:
    out = str(project.root / "specs" / "tools")
    document = project.document(PAGE)
    run(["parse", str(document), "--out", out])
    project.document(PAGE, sample=1)
    run(["parse", str(document), "--out", out])
    assert 5 < len(values(project.specs()[PAGE.tool])) <= 10
    project.document(PAGE, sample=2)
    run(["parse", str(document), "--out", out, "--full"])
    assert len(values(project.specs()[PAGE.tool])) == 5


def test_build_keeps_what_earlier_documents_told_and_is_idempotent(project: Project) -> None:
    project.document(PAGE)
    build_project(project.root)
    project.document(PAGE, sample=1)
    report = build_project(project.root)
    assert len(report.specs) == 1
    assert 5 < len(values(project.specs()[PAGE.tool])) <= 10
    before = project.snapshot()
    assert not build_project(project.root).stale
    assert project.snapshot() == before


def test_a_document_that_was_cut_leaves_the_spec_as_it_was(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    document = project.document(PAGE)
    build_project(project.root)
    before = project.specs()
    text = document.read_text("utf-8")
    document.write_text(text[: text.index("callbackUrl")], "utf-8")
    assert run(["build", "--root", str(project.root)]) != 0
    shown = capsys.readouterr()
    assert "D010" in shown.out + shown.err
    assert project.specs() == before
    assert run(["parse", str(document), "--out", str(project.root / "specs" / "tools")]) == 2
    assert project.specs() == before


def test_a_broken_run_command_keeps_the_contract_and_says_so(project: Project) -> None:
    document = project.document(PAGE)
    build_project(project.root)
    before = project.specs()[PAGE.tool]
    text = document.read_text("utf-8")
    start = text.index("-d '{", text.index("## Run Command - Make"))
    document.write_text(f"{text[:start]}-d 'oops {text[start + 4 :]}", "utf-8")
    report = build_project(project.root)
    assert {"D308", "D314"} <= {each.code for each in report.diagnostics}
    after = project.specs()[PAGE.tool]
    assert [item.wire for item in after.inputs] == [item.wire for item in before.inputs]
    assert not build_project(project.root).stale


def test_tool_detail_beside_a_document_counts_in_every_build(project: Project) -> None:
    project.document(PAGE)
    project.write("documents/a/tool.json", detail(PAGE.tool, {"id": "steps", "min": 1, "max": 50}))
    build_project(project.root)
    spec = project.specs()[PAGE.tool]
    assert input_of(spec, "steps").maximum == "50"
    assert spec.source
    assert spec.source.detail == "a/tool.json"
    assert not build_project(project.root).stale
    (project.root / "specs" / "documents" / "a" / "tool.json").unlink()
    project.document(later(PAGE))
    build_project(project.root)
    assert input_of(project.specs()[PAGE.tool], "steps").maximum == "50"


def test_tool_detail_alone_makes_a_tool_that_stays_the_same(project: Project) -> None:
    project.write(
        "documents/a/b.json", detail("a/b", {"id": "prompt", "type": "text", "required": True})
    )
    assert build_project(project.root).tools
    before = project.snapshot()
    assert not build_project(project.root).stale
    assert project.snapshot() == before


def test_parse_fills_tool_detail_into_a_spec_that_is_there(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    out = str(project.root / "specs" / "tools")
    run(["parse", str(project.document(PAGE)), "--out", out])
    answer = project.write("elsewhere/d.json", detail(PAGE.tool, {"id": "steps", "max": 50}))
    capsys.readouterr()
    assert run(["parse", str(answer), "--out", out]) == 0
    assert "steps: maximum none is now 50 (breaking)" in capsys.readouterr().out
    assert run(["parse", str(answer), "--out", out]) == 0
    assert f"{PAGE.tool}: nothing new" in capsys.readouterr().out
    assert len(project.specs()) == 1


def test_two_details_of_one_tool_are_one_line(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.document(PAGE)
    for name in ("one", "two"):
        project.write(f"documents/a/{name}.json", detail(PAGE.tool))
    assert run(["build", "--root", str(project.root)]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "T105" in line]
    assert len(errors) == 1
    assert "two.json" in errors[0]


def test_two_documents_of_one_tool_are_one_line_with_both_files(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.document(PAGE, "a/one")
    project.document(PAGE, "a/two")
    assert run(["build", "--root", str(project.root)]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "S002" in line]
    assert len(errors) == 1
    assert "two.txt" in errors[0]
    assert "one.txt" in errors[0]


def test_a_broken_spec_is_reported_with_its_line_and_not_written_over(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.document(PAGE)
    build_project(project.root)
    file = next((project.root / "specs" / "tools").rglob("*.yaml"))
    broken = file.read_text("utf-8").replace('type: "number"', "type: number: 4", 1)
    file.write_text(broken, "utf-8")
    assert run(["build", "--root", str(project.root)]) == 1
    line = broken[: broken.index("type: number: 4")].count("\n") + 1
    assert f"{file.name}:{line}:" in capsys.readouterr().err
    assert file.read_text("utf-8") == broken


def test_an_input_without_a_name_makes_no_spec_that_cannot_be_read(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    text = PAGE.text(flat=False)
    document = project.write("documents/a/tool.txt", text.replace("- name: steps\n", "- name:\n"))
    assert "- name:\n" in document.read_text("utf-8")
    report = build_project(project.root)
    assert "" not in {item.name for item in project.specs()[PAGE.tool].inputs}
    assert "D106" in {each.code for each in report.diagnostics}
    assert run(["build", "--root", str(project.root)]) == 0
    assert capsys.readouterr().err == ""
    assert run(["parse", str(document), "--verify"]) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("spec: 1\nspec: 1\n", ":2:"),
        ("a: &x [1]\nb: *x\n", ":1:"),
        ("spec: !!python/object/apply:os.system [ls]\n", ":1:"),
        ("a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", ":1:"),
        ("spec: 1\n--- \nspec: 1\n", ":2:"),
        ("[" * 100_000, ":1:"),
        ("spec: 1\ntool: [\n", ":3:"),
        ("", ":1:"),
    ],
)
def test_hostile_yaml_is_one_line(
    project: Project, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    project.document(PAGE)
    project.write("tools/wiro/odd.yaml", text)
    assert run(["build", "--root", str(project.root)]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "odd.yaml" in line]
    assert len(errors) == 1
    assert f"odd.yaml{said}" in errors[0]


@pytest.mark.parametrize(
    "tools", [("acme/My Tool", "acme/my-tool"), ("acme/my-tool", "acme/My Tool")]
)
def test_tools_that_share_a_file_name_move_apart(
    project: Project, capsys: pytest.CaptureFixture[str], tools: tuple[str, str]
) -> None:
    out = project.root / "specs" / "tools"
    document = project.root / "specs" / "documents" / "x.txt"
    for tool in tools:
        project.write("documents/x.txt", PAGE.text().replace(PAGE.path, tool))
        assert run(["parse", str(document), "--out", str(out)]) == 0
        if tool == tools[0]:
            assert (out / "acme" / "my-tool.yaml").is_file()
    assert sorted(project.specs()) == ["acme/My Tool", "acme/my-tool"]
    assert len(list(out.rglob("*.yaml"))) == 2
    # One that cannot be read is left as it is, and so is the other.
    (broken,) = out.glob("acme/my-tool-*.yaml")
    broken.write_text("[", "utf-8")
    project.write("documents/x.txt", PAGE.text().replace(PAGE.path, "acme/My Tool"))
    before = project.snapshot()
    assert run(["parse", str(document), "--out", str(out)]) == 1
    assert f"{broken.name}:2:1: error: S001" in capsys.readouterr().err
    assert project.snapshot() == before


@pytest.mark.parametrize(
    "options", [["--verify"], ["--out", "made"], ["--verify", "--out", "made"]]
)
def test_a_pipe_of_the_shell_is_read_once(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``wirogen parse <(command)``: a second reader finds nothing in it."""
    monkeypatch.chdir(tmp_path)
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb") as file:
        file.write(PAGE.text().encode())
    assert run(["parse", *options, f"/dev/fd/{reader}"]) == 0
    os.close(reader)
    assert (tmp_path / "made").is_dir() == ("--out" in options)
