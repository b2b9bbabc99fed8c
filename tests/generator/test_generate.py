"""``wirogen generate``: a tree of one's own, with one's own package, words and corrections."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from generator.project import PAGE, Project
from wiro_runtime.testing import Simulator
from wirogen.cli.app import run
from wirogen.document import parse_document
from wirogen.specs import dump_spec

EXAMPLE = Path(__file__).parents[1] / "examples" / "own_project"


@pytest.mark.slow
def test_the_example_does_what_it_says(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(EXAMPLE, folder)
    words = (folder / "README.md").read_text("utf-8")
    lines = re.findall(r"```console\n(.*?)\n```", words, re.DOTALL)
    shown = ""
    assert len(lines) == 2
    spec = yaml.safe_load((folder / "specs" / "poster.yaml").read_text("utf-8"))
    bin_folder = Path(sys.executable).parent
    with Simulator([spec]) as simulator:
        path = f"{bin_folder}{os.pathsep}{os.environ['PATH']}"
        environment = {**os.environ, **simulator.env(), "PATH": path}
        for line in lines:
            done = subprocess.run(
                ["bash", "-euc", line],
                cwd=folder,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            shown = done.stdout
        bodies = [each.body for each in simulator.runs]
    assert bodies == [{"prompt": "a lighthouse", "copies": 2}]
    assert "copies: " in shown
    assert "The tools that Acme uses: ``acme_tools.<owner>.<project>``." in shown
    assert "1 output" in shown


def generated(tmp_path: Path, *arguments: str) -> tuple[int, Path]:
    project = Project(tmp_path)
    spec = parse_document(PAGE.text(), path="x").spec
    project.write("tools/a/b.yaml", dump_spec(spec))
    out = tmp_path / "out"
    specs = str(tmp_path / "specs" / "tools")
    return run(["generate", "--specs", specs, "--out", str(out), *arguments]), out


def test_nothing_in_another_package_names_the_usual_one(tmp_path: Path) -> None:
    status, out = generated(tmp_path, "--package", "acme_tools")
    assert status == 0
    assert (out / "python" / "acme_tools" / "catalogue.py").is_file()
    assert not (out / "python" / "wiro_tools").exists()
    for file in out.rglob("*"):
        if file.is_file() and file.suffix in {".py", ".pyi", ".json"}:
            assert "wiro_tools" not in file.read_text("utf-8"), file
    docs = [file for file in (out / "docs" / "tools").rglob("*.md") if file.name != "index.md"]
    assert docs
    assert all("wiro_tools" not in file.read_text("utf-8") for file in docs)


@pytest.mark.parametrize(
    "name", ["wiro", "wirogen", "json", "class", "My-Tools", "a.b", "", "1st", "../x", "\u0430"]
)
def test_a_package_name_that_cannot_be_is_one_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out = generated(tmp_path, f"--package={name}")
    assert status == 2
    assert not out.exists()
    assert capsys.readouterr().err.count("\n") == 1


def test_an_overlay_that_does_not_apply_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    overlays = tmp_path / "overlays"
    shutil.copytree(EXAMPLE / "overlays", overlays)
    status, out = generated(tmp_path, "--overlays", str(overlays))
    assert status == 1
    assert "O002" in capsys.readouterr().err
    assert out.exists()


def test_it_says_what_it_made_and_what_others_wrote_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out = generated(tmp_path)
    (out / "docs" / "index.md").write_text("mine", "utf-8")
    (out / "docs" / "mine.md").write_text("mine", "utf-8")
    capsys.readouterr()
    assert generated(tmp_path, "--json")[0] == 0
    report = json.loads(capsys.readouterr().out)
    assert report["written"] == report["edited"] == ["docs/index.md"]
    assert report["unknown"] == ["docs/mine.md"]
    assert report["rendered"] == []
    (out / "docs" / "index.md").write_text("mine", "utf-8")
    generated(tmp_path)
    shown = capsys.readouterr().out.splitlines()
    assert shown.pop(0).startswith("diagnostics ")
    assert shown[0] == f"edited by hand  {out}/docs/index.md"
    assert shown[1] == f"not ours, kept  {out}/docs/mine.md"
    assert shown[2].startswith("1 tool: 1 file written to ")


@pytest.mark.parametrize("content", ["a project", "nothing"])
def test_a_folder_in_which_others_work_is_not_exchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    """A shell that was in it would be in a folder that is gone, an editor would save there."""
    folder = tmp_path / "out"
    folder.mkdir()
    if content == "a project":
        (folder / "app").mkdir()
        (folder / "app" / "main.py").write_text("mine")
    else:
        monkeypatch.chdir(folder)
    before = folder.stat().st_ino
    assert generated(tmp_path, "--only", "python")[0] == 0
    shutil.rmtree(tmp_path / "specs" / "tools" / "a")
    spec = replace(parse_document(PAGE.text(), path="x").spec, tool="a/c")
    Project(tmp_path).write("tools/a/c.yaml", dump_spec(spec))
    specs = str(tmp_path / "specs" / "tools")
    assert run(["generate", "--specs", specs, "--out", str(folder), "--only", "python"]) == 0
    assert folder.stat().st_ino == before
    modules = {path.stem for path in folder.glob("python/wiro_tools/*/*.py")} - {"__init__"}
    assert modules == {"c"}
    if content == "a project":
        assert (folder / "app" / "main.py").read_text() == "mine"
    assert run(["generate", "--specs", specs, "--out", str(folder), "--only", "python"]) == 0
