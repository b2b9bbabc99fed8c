"""Links in an output folder: nothing is written where they lead, and none of them is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from wirogen.cli.app import run

pytestmark = pytest.mark.slow


@pytest.fixture
def project(root: Path, tmp_path: Path) -> Path:
    shutil.copytree(root / "specs", tmp_path / "specs")
    (tmp_path / "elsewhere").mkdir()
    return tmp_path


def build(project: Path) -> int:
    return run(["build", "--root", str(project)])


def test_a_folder_that_leads_elsewhere_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "generated").mkdir()
    (project / "generated" / "docs").symlink_to(project / "elsewhere")
    assert build(project) == 2
    error = capsys.readouterr().err
    assert "generated/docs: error: S004 is a link to a folder elsewhere" in error
    assert len(error.splitlines()) == 1
    assert list((project / "elsewhere").iterdir()) == []
    assert [path.name for path in (project / "generated").iterdir()] == ["docs"]


def test_a_file_that_leads_elsewhere_is_replaced(project: Path) -> None:
    assert build(project) == 0
    page = project / "generated" / "docs" / "index.md"
    victim = project / "elsewhere" / "index.md"
    text = page.read_text("utf-8")
    victim.write_text("mine", "utf-8")
    page.unlink()
    page.symlink_to(victim)
    assert build(project) == 0
    assert victim.read_text("utf-8") == "mine"
    assert page.read_text("utf-8") == text


def test_what_is_not_ours_stays_a_link(project: Path) -> None:
    (project / "elsewhere" / "note.txt").write_text("mine", "utf-8")
    (project / "generated").mkdir()
    link = project / "generated" / "notes"
    link.symlink_to(project / "elsewhere")
    assert build(project) == 0
    assert link.is_symlink()
    assert (link / "note.txt").read_text("utf-8") == "mine"


def test_the_output_folder_may_be_a_link_itself(project: Path) -> None:
    link = project / "generated"
    link.symlink_to(project / "elsewhere")
    assert build(project) == 0
    assert link.is_symlink()
    assert (project / "elsewhere" / "docs" / "index.md").is_file()


def test_a_spec_is_not_written_where_a_link_leads(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(project) == 0
    (owner,) = (project / "specs" / "tools").iterdir()
    elsewhere = project / "elsewhere"
    for spec in owner.iterdir():
        spec.rename(elsewhere / spec.name)
    owner.rmdir()
    owner.symlink_to(elsewhere)
    assert build(project) == 0, "specs may be read there as long as they are up to date"
    for spec in elsewhere.iterdir():
        spec.unlink()
    capsys.readouterr()
    assert build(project) == 2
    error = capsys.readouterr().err
    assert ".yaml: error: S004 leads outside of its folder through a link" in error
    assert len(error.splitlines()) == 1
    assert list(elsewhere.iterdir()) == []
