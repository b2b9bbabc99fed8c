"""What build and lint say first: what the last build did not have, or no baseline accepts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from generated import number, prompt, text, tool
from generator.project import Project, detail
from wirogen.cli.app import run
from wirogen.specs import Input, Wire, dump_spec

PINNED = """\
[tool.wirogen.examples]
simple = "acme/painter"
file = "acme/editor"
"""
PAINTER = tool(prompt(), number("steps", 4), name="acme/painter", categories=("image",))
EDITOR = tool(
    prompt(),
    text("mask", type="fileinput", wire=Wire(type="string")),
    name="acme/editor",
    categories=("image",),
)
# It asks for less than the pinned ones, and its name comes first.
SIMPLER = tool(
    text("prompt"),
    text("cover", type="fileinput", wire=Wire(type="string")),
    name="aaa/simpler",
    categories=("image",),
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    made = Project(tmp_path)
    for each in (PAINTER, EDITOR):
        made.write(f"tools/{each.tool}.yaml", dump_spec(each))
    (tmp_path / "pyproject.toml").write_text(PINNED, "utf-8")
    return made


def build(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    run(["build", "--jobs", "1", "--json", *arguments])
    return json.loads(capsys.readouterr().out)


def odd(*more: Input) -> str:
    """The spec of a tool with one finding for each number that lies above its maximum."""
    return dump_spec(tool(prompt(), *more, name="acme/odd"))


STEPS = number("steps", 40, maximum="30")
WIDTH = number("width", 99, maximum="64")


def test_a_new_tool_changes_no_guide_and_no_page_of_another_tool(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(capsys)["new"] == []  # nothing to compare with
    pages = project.root / "generated" / "docs"
    before = {path: path.read_bytes() for path in pages.rglob("*") if path.is_file()}
    project.write("tools/aaa/simpler.yaml", dump_spec(SIMPLER))
    report = build(capsys)
    assert report["new"] == ["aaa/simpler"]
    assert (report["changed"], report["gone"]) == ([], [])
    changed = {
        path.relative_to(pages).as_posix()
        for path in pages.rglob("*")
        if path.is_file() and before.get(path) != path.read_bytes()
    }
    mine = {path for path in changed if path.startswith("tools/aaa/")}
    lists = {
        "index.md",
        "llms.txt",
        "tools.json",
        "categories/image.md",
        "categories/index.md",
        "tools/index.md",
    }
    assert mine
    assert changed - mine <= lists, changed - mine - lists
    assert "from wiro_tools.acme import painter" in (pages / "index.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ('simple = "no/tool"', "G004 [simple] 'no/tool' has no spec; another tool is shown"),
        ('lora = "acme/painter"', "G004 [lora] 'acme/painter' takes no LoRAs with a slider"),
        ("file = 1", "G004 [file] expected a tool in quotes, got int"),
        ('image = "acme/painter"', "G004 [image] is none of simple, file, lora"),
    ],
)
def test_an_example_that_cannot_be_shown_is_named(
    project: Project, capsys: pytest.CaptureFixture[str], written: str, says: str
) -> None:
    path = project.root / "pyproject.toml"
    path.write_text(f"[tool.wirogen.examples]\n{written}\n", "utf-8")
    assert run(["build", "--jobs", "1", "--verbose"]) == 0
    assert f"pyproject.toml: warning: {says}" in capsys.readouterr().err


def test_only_what_the_last_build_did_not_have_is_new(
    project: Project, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    project.write("tools/acme/odd.yaml", odd(STEPS))
    build(capsys)
    project.write("tools/acme/odd.yaml", odd(STEPS, WIDTH))
    project.write(
        "documents/acme/painter.json", detail("acme/painter", {"id": "steps", "min": "many"})
    )
    # A clone knows what was committed, and nothing of the cache.
    clone = tmp_path_factory.mktemp("clone") / "project"
    shutil.copytree(project.root, clone)
    lint = run(["lint"])
    said = capsys.readouterr().out
    assert lint == 1
    head, _, rest = said.partition("\n\n")
    title, odd_tool, width, painter, limit = head.splitlines()
    assert (title, odd_tool, painter) == ("New since the last build", "acme/odd", "acme/painter")
    assert "S104 [width]" in width
    assert "T102 [steps]" in limit
    assert "S104 [steps]" in rest
    for arguments in ([], ["--root", str(clone)]):
        report = build(capsys, *arguments)
        found = {
            tool: [(each["code"], each["subject"]) for each in each_tool]
            for tool, each_tool in report["new_diagnostics"].items()
        }
        assert found == {"acme/odd": [("S104", "width")], "acme/painter": [("T102", "steps")]}
        assert report["changed"] == ["acme/odd", "acme/painter"]
        assert build(capsys, *arguments)["new_diagnostics"] == {}
    assert run(["build", "--jobs", "1"]) == 0
    shown = capsys.readouterr()
    assert "new" not in shown.out + shown.err


def test_a_baseline_accepts_what_is_there_and_no_more(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("tools/acme/odd.yaml", odd(STEPS))
    assert run(["lint"]) == 1
    assert run(["lint", "--baseline"]) == 0
    file = project.root / "specs" / "baseline.toml"
    assert '["specs/tools/acme/odd.yaml"]\n"S104 steps" = 1\n' in file.read_text("utf-8")
    capsys.readouterr()
    assert run(["lint"]) == 0
    assert "1 accepted by specs/baseline.toml (--all lists them)" in capsys.readouterr().out
    assert run(["lint", "specs/tools/acme/odd.yaml"]) == 0
    capsys.readouterr()
    assert run(["lint", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    project.write("tools/acme/odd.yaml", odd(WIDTH, STEPS))
    assert run(["lint"]) == 1
    said = capsys.readouterr().out
    assert "S104 [width]" in said
    assert "S104 [steps]" not in said
    assert run(["lint", "--all"]) == 1
    assert "S104 [steps]" in capsys.readouterr().out


def test_a_baseline_that_cannot_be_read_is_one_line(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write("baseline.toml", "x = \n")
    assert run(["lint"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("wirogen: specs/baseline.toml: not a baseline (")
    assert "write it anew: wirogen lint --baseline" in said
    assert run(["lint", "--baseline"]) == 0


def test_what_every_document_has_is_counted(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(root / "specs", tmp_path / "specs")
    monkeypatch.chdir(tmp_path)
    assert run(["lint"]) == 1
    said = capsys.readouterr().out
    assert "11 as in every document of Wiro's: D204 × 4, D301 × 3, D302 × 2, D307 × 2" in said
    assert "warning: D301" not in said
    run(["lint", "--all"])
    assert "warning: D301" in capsys.readouterr().out
    run(["lint", "--code", "D301"])
    assert "warning: D301" in capsys.readouterr().out
    assert run(["build", "--jobs", "1"]) == 0
    (line,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("diagnostics")]
    assert line.endswith("8 warnings, 5 notes (wirogen lint lists them), 11 as in every document")
