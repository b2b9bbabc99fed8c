"""Same input, same bytes: another hash seed, locale, time zone and folder change nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from commands.small import command, wirogen

pytestmark = pytest.mark.slow


def build(root: Path, *more: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return wirogen("build", "--root", root, *more, cwd=cwd)


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture
def copy(root: Path, tmp_path: Path) -> Path:
    shutil.copytree(root / "specs", tmp_path / "a" / "specs")
    return tmp_path / "a"


def test_what_is_committed_is_what_the_generator_makes(root: Path, tmp_path: Path) -> None:
    done = build(root, "--check", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_build_from_nothing_restores_every_byte(root: Path, copy: Path, tmp_path: Path) -> None:
    shutil.rmtree(copy / "specs" / "tools")
    strange = {"PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Kathmandu", "COLUMNS": "40"}
    done = subprocess.run(
        command("build", "--root", copy),
        cwd=tmp_path,
        env={**os.environ, **strange},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert tree(copy / "generated") == tree(root / "generated")
    assert tree(copy / "specs") == tree(root / "specs")


def test_a_second_build_writes_nothing(copy: Path, tmp_path: Path) -> None:
    build(copy, cwd=tmp_path)
    before = {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file()}
    assert build(copy, cwd=tmp_path).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in copy.rglob("*") if path.is_file()} == before


def test_check_names_what_is_stale_and_writes_nothing(copy: Path, tmp_path: Path) -> None:
    build(copy, cwd=tmp_path)
    page = copy / "generated" / "docs" / "tools" / "wiro" / "instant_id_lora.md"
    page.write_text("edited")
    done = build(copy, "--check", cwd=tmp_path)
    assert done.returncode == 1
    assert page.name in done.stdout
    assert page.read_text() == "edited"


def test_what_is_no_longer_made_is_removed_and_what_is_not_ours_stays(
    copy: Path, tmp_path: Path
) -> None:
    build(copy, cwd=tmp_path)
    mine = copy / "generated" / "docs" / "notes.md"
    mine.write_text("mine")
    for name in ("documents", "tools"):
        next((copy / "specs" / name).rglob("instant-id*")).unlink()
    done = build(copy, cwd=tmp_path)
    assert "docs/notes.md" in done.stdout
    assert mine.read_text() == "mine"
    assert not list((copy / "generated").rglob("instant_id_lora*"))
