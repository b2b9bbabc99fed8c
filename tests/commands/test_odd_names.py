"""Files and folders whose names would move a terminal's cursor, as a cloned project may have."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from commands.small import documents
from conftest import MakeOnce
from wirogen.cli.app import run

pytestmark = pytest.mark.slow

ODD: Final = "a\x1b[31m\x9b\u202e[b]"
_HIDDEN: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]")


@pytest.fixture(scope="module")
def built(make_once: MakeOnce) -> Path:
    """A project with an odd name, and a good and a bad file of each kind that have one, too."""
    return make_once("odd_names", build) / ODD


def build(folder: Path) -> None:
    root = folder / ODD
    documents(root, 1)
    specs = root / "specs"
    good = next((specs / "documents").rglob("*.txt"))
    for name in ("documents/a.txt", "tools/a.yaml", "overlays/a.yaml"):
        path = specs / name.replace("a.", f"{ODD}.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"{ODD}": [')
    shutil.copy(good, specs / "documents" / f"{ODD}.copy.txt")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert run(["build"]) == 1


@pytest.fixture
def project(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / ODD
    shutil.copytree(built, root)
    monkeypatch.chdir(root)
    return root


@pytest.mark.parametrize(
    "command",
    [
        "lint",
        "lint --json",
        "build",
        "parse --verify specs/documents --out ODD",
        "diff specs/tools/ODD.yaml specs",
        "generate --specs specs/tools --out ODD",
        "add --from specs/documents/ODD.txt",
        "add --from specs/documents/ODD.copy.txt",
        "templates copy python/wiro_tools/__init__.pyi.jinja --to ODD",
        "docs build --covers none --out ODD",
        "init ODD",
    ],
)
def test_no_name_of_a_file_reaches_the_terminal_raw(
    project: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run([word.replace("ODD", ODD) for word in command.split()]) in (0, 1, 2)
    printed = "".join(capsys.readouterr())
    assert printed
    assert _HIDDEN.findall(printed) == []


def test_no_text_of_a_spec_reaches_the_terminal_raw_as_json(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = next((project / "specs" / "tools").rglob("tool*.yaml"))
    text = spec.read_text("utf-8")
    changed = project / "changed.yaml"
    changed.write_text(text.replace('"steps"', '"st\\x9b0;eps\\x7f\\u202e"', 1), "utf-8")
    capsys.readouterr()
    assert run(["diff", "--json", str(spec), str(changed)]) == 1
    printed = capsys.readouterr().out
    assert "\\u009b0;eps" in printed
    assert _HIDDEN.findall(printed) == []


def test_a_spec_that_names_a_document_elsewhere_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    documents(tmp_path, 1)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "specs" / "documents"
    saved = tmp_path / "saved.txt"
    saved.write_bytes(next(folder.rglob("*.txt")).read_bytes())
    assert run(["build"]) == 0
    shutil.rmtree(folder)
    (tmp_path / "elsewhere").mkdir()
    folder.mkdir()
    (folder / "acme").symlink_to(tmp_path / "elsewhere")
    capsys.readouterr()
    assert run(["add", "--from", str(saved)]) == 2
    assert "leads outside of its folder through a link" in capsys.readouterr().err
