"""A file in the place of a folder that a command reads or writes: one line that says what to do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from commands.small import documents, page
from conftest import MakeOnce
from wirogen.cli.app import run

pytestmark = pytest.mark.slow

KINDS: Final[dict[str, tuple[Callable[[Path], object], str]]] = {
    "file": (lambda path: path.write_text("x"), "is a file, not a folder; move it away"),
    "pipe": (os.mkfifo, "is not a folder; move it away"),
}
BUILD: Final = ("build",)
CHECK: Final = ("build", "--check")
LINT: Final = ("lint",)
COPY: Final = ("templates", "copy", "docs/index.md.jinja")
ADD: Final = ("add", "--from", "new.txt")
PARSE: Final = ("parse", "new.txt", "--out", "specs/tools")
GENERATE: Final = ("generate", "--specs", "specs/tools", "--out", "generated", "--package", "mine")
SITE: Final = ("docs", "build", "--covers", "none")


@pytest.fixture(scope="module")
def built(make_once: MakeOnce) -> Path:
    return make_once("files_for_folders", build)


def build(root: Path) -> None:
    documents(root, 1)
    (root / "new.txt").write_text(page(1).text(), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        assert run(["build"]) == 0


@pytest.fixture
def project(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    shutil.copytree(built, root)
    monkeypatch.chdir(root)
    return root


def replaced(path: Path, kind: str) -> str:
    """Put a file in the place of a folder; return what is said about it."""
    if path.is_dir():
        shutil.rmtree(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    make, said = KINDS[kind]
    make(path)
    return said


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("place", "commands"),
    [
        ("generated", [BUILD, CHECK, GENERATE, ADD]),
        ("generated/python", [BUILD, CHECK, GENERATE]),
        ("generated/docs", [BUILD, CHECK, GENERATE]),
        ("generated/python/wiro_tools", [BUILD, CHECK]),
        ("generated/docs/tools", [BUILD, CHECK, GENERATE]),
        ("specs", [BUILD, CHECK, LINT, ADD]),
        ("specs/tools", [BUILD, CHECK, LINT, PARSE, ADD]),
        ("specs/tools/acme", [BUILD, PARSE, ADD]),
        ("specs/documents", [BUILD, CHECK, LINT, ADD]),
        ("specs/documents/acme", [ADD]),
        ("specs/overlays", [BUILD, CHECK, LINT]),
        ("templates", [COPY]),
        (".wirogen", [SITE]),
        ("site", [SITE]),
    ],
)
def test_a_file_in_the_place_of_a_folder_is_named(
    place: str,
    commands: list[tuple[str, ...]],
    kind: str,
    project: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = replaced(project / place, kind)
    before = snapshot(project / "generated")
    for command in commands:
        capsys.readouterr()
        assert run(command) == 2
        lines = [line for line in capsys.readouterr().err.splitlines() if said in line]
        assert len(lines) == 1, command
        assert place in lines[0]
        assert snapshot(project / "generated") == before


def test_a_folder_of_specs_may_be_given_whose_project_has_none(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replaced(project / "specs", "file")
    assert run(["build", "--root", "."]) == 2
    assert "specs is a file, not a folder; move it away" in capsys.readouterr().err


def test_a_file_that_becomes_a_folder_of_the_tree_is_replaced(project: Path) -> None:
    """The manifest lists it, so it is not one of the user's."""
    own = project / "own"
    (own / "docs").mkdir(parents=True)
    (own / "docs" / "more").write_text("a file")
    options = ["--templates", "own"]
    assert run(["build", *options]) == 0
    (own / "docs" / "more").unlink()
    (own / "docs" / "more").mkdir()
    (own / "docs" / "more" / "page.md").write_text("a file in a folder")
    assert run(["build", *options]) == 0
    assert (project / "generated/docs/more/page.md").is_file()
