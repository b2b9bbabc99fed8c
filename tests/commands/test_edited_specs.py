"""A spec that comes from a document belongs to it; what somebody writes into it is not lost
without a word."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from wirogen.cli.app import run

pytestmark = pytest.mark.slow

SPEC = "specs/tools/wiro/instant-id-lora.yaml"


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    shutil.copytree(root / "specs", tmp_path / "specs")
    assert run(["build", "--root", str(tmp_path)]) == 0
    return tmp_path


def build_json(
    project: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> dict[str, list[str]]:
    capsys.readouterr()
    run(["build", "--root", str(project), "--json", *more])
    return json.loads(capsys.readouterr().out)


def _renamed(text: str) -> str:
    return text.replace("name: ", 'name: "Mine" #', 1)


def _commented(text: str) -> str:
    return f"# a note\n{text}"


@pytest.mark.parametrize("edit", [_renamed, _commented])
def test_edits_are_reported_when_a_document_overwrites_them(
    project: Path, capsys: pytest.CaptureFixture[str], edit: Callable[[str], str]
) -> None:
    file = project / SPEC
    original = file.read_text("utf-8")
    file.write_text(edit(original), "utf-8")
    checked = build_json(project, capsys, "--check")
    assert checked["edited_specs"] == ["wiro/instant-id-lora.yaml"]
    assert file.read_text("utf-8") == edit(original)
    assert run(["build", "--root", str(project)]) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if SPEC in line)
    assert row.startswith("edited by hand")
    assert row.endswith("overwritten from its document; corrections belong in specs/overlays/")
    assert file.read_text("utf-8") == original
    assert build_json(project, capsys)["edited_specs"] == []


def test_a_new_document_is_no_edit(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = project / "specs/documents/wiro/instant-id-lora.txt"
    text = document.read_text("utf-8")
    document.write_text(text.replace("ID-preserving", "ID-keeping"), "utf-8")
    report = build_json(project, capsys)
    assert report["specs"] == ["wiro/instant-id-lora.yaml"]
    assert report["edited_specs"] == []


def test_a_spec_that_another_generator_wrote_is_no_edit(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / SPEC
    file.write_text(f"# older form\n{file.read_text('utf-8')}", "utf-8")
    manifest = project / "generated" / "MANIFEST.json"
    known = json.loads(manifest.read_text("utf-8"))
    known["tools"]["wiro/instant-id-lora"]["sha256"] = sha256(file.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(known), "utf-8")
    report = build_json(project, capsys)
    assert report["specs"] == ["wiro/instant-id-lora.yaml"]
    assert report["edited_specs"] == []


BY_HAND = """\
# Ask Jo before you change this.
spec: 1
tool: acme/mine
name: acme/mine
description: Mine
cover: null
categories: [tool]
endpoints: {run: "https://api.wiro.ai/v1/Run/acme/mine", detail: "https://api.wiro.ai/v1/Task/Detail"}
inputs: []
"""


def test_a_spec_that_somebody_wrote_stays_as_it_was_written(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = project / "specs/tools/mine.yaml"
    file.write_text(BY_HAND, "utf-8")
    report = build_json(project, capsys)
    assert (report["specs"], report["edited_specs"]) == (["acme/mine.yaml"], [])
    moved = project / "specs/tools/acme/mine.yaml"
    assert not file.exists()
    assert moved.read_text("utf-8") == BY_HAND
    assert build_json(project, capsys)["specs"] == []
    assert run(["build", "--root", str(project), "--check"]) == 0
    moved.write_text(BY_HAND.replace("description: Mine", "description: 'Ours'"), "utf-8")
    report = build_json(project, capsys)
    assert (report["specs"], report["rendered"]) == ([], ["acme/mine"])
    assert moved.read_text("utf-8").startswith("# Ask Jo")
