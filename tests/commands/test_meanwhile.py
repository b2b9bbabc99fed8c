"""Several commands at work in one project, and people who read and edit it meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from pathlib import Path

import pytest

import fork_server
from commands.small import command, documents, half_written, page, tree, wirogen
from fork_server import Process
from wirogen.common.lock import locked

pytestmark = pytest.mark.slow

TOOLS = 6


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WIROGEN_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "project"
    documents(root, TOOLS)
    assert wirogen("build", cwd=root).returncode == 0
    return root


def begin(*arguments: str, cwd: Path) -> Process:
    return fork_server.start("wirogen", *arguments, cwd=cwd, env=os.environ)


def wait_until_rendering(process: Process, folder: Path) -> None:
    # Only here: what is below changes under the eyes of one who looks.
    while not any(folder.glob(".wirogen-*")):
        assert process.poll() is None
        time.sleep(0.002)


class Reader(threading.Thread):
    """Looks at a tree all the time, as an editor or an import does."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.looks = 0
        self.missing: list[str] = []
        self.seen: set[bytes] = set()
        self._end = threading.Event()

    def run(self) -> None:
        while not self._end.is_set():
            self.looks += 1
            for path in ("MANIFEST.json", "python/wiro_tools/acme/tool_0.py"):
                try:
                    self.seen.add((self.folder / path).read_bytes())
                except OSError as error:
                    self.missing.append(f"{path}: {error}")

    def stop(self) -> None:
        self._end.set()
        self.join()


def test_two_builds_at_once_make_one_whole_tree_that_is_never_missing(project: Path) -> None:
    made = project / "generated"
    first = tree(made)
    documents(project, TOOLS, "second")
    waiting = f"waiting for another wirogen that is at work in {project}\n"
    reader = Reader(made)
    reader.start()
    try:
        with locked(project):
            builds = [begin("build", cwd=project) for _ in range(3)]
            for build in builds:
                while build.read()[1] != waiting:
                    assert build.poll() is None
                    time.sleep(0.01)
        said = [build.communicate() for build in builds]
    finally:
        reader.stop()
    assert [build.returncode for build in builds] == [0, 0, 0]
    assert [errors for _, errors in said] == [waiting] * 3
    second = tree(made)
    assert second != first
    assert half_written(project) == []
    assert reader.missing == []
    assert reader.looks > 20
    whole = [each for files in (first, second) for each in files.values()]
    assert all(each in whole for each in reader.seen)
    assert wirogen("build", "--check", cwd=project).returncode == 0


def test_two_selections_into_one_folder_end_as_one_of_them(project: Path) -> None:
    """Which of them comes last is anybody's guess; that they mix is not to be."""
    specs = sorted((project / "specs" / "tools" / "acme").glob("*.yaml"))
    wholes: list[dict[str, bytes]] = []
    for name, chosen in (("one", specs[:4]), ("two", specs[2:])):
        (project / name).mkdir()
        for spec in chosen:
            text = spec.read_text("utf-8").replace("first help", name)
            (project / name / spec.name).write_text(text, "utf-8")
        assert wirogen("generate", "--specs", name, "--out", name * 2, cwd=project).returncode == 0
        wholes.append(tree(project / (name * 2)))
    for _ in range(2):
        both = [
            begin("generate", "--specs", name, "--out", "made", cwd=project)
            for name in ("one", "two")
        ]
        assert [each.wait() for each in both] == [0, 0]
        assert tree(project / "made") in wholes
    assert half_written(project) == []


def test_a_check_waits_for_a_build(project: Path) -> None:
    documents(project, TOOLS, "second")
    build = begin("build", cwd=project)
    wait_until_rendering(build, project)
    done = wirogen("build", "--check", cwd=project)
    assert build.wait() == 0
    assert done.returncode == 0, done.stdout


def test_what_is_edited_during_a_build_is_built_next_time(project: Path) -> None:
    documents(project, TOOLS, "second")
    build = begin("build", cwd=project)
    wait_until_rendering(build, project)
    changed = page(0, "third")
    (project / "specs" / "documents" / "acme" / "tool-0.txt").write_text(changed.text(), "utf-8")
    assert build.wait() == 0
    module = project / "generated" / "python" / "wiro_tools" / "acme" / "tool_0.py"
    assert "third help" not in module.read_text("utf-8")
    assert wirogen("build", cwd=project).returncode == 0
    assert "third help" in module.read_text("utf-8")


def test_a_sync_or_another_build_that_writes_is_not_swept_away(project: Path) -> None:
    """Only what nobody holds any more is rubbish."""
    code = (
        "import os, sys, time; sys.path[:0] = [];"
        "from wirogen.common.lock import hold;"
        "file = open('specs/tools/.wirogen-busy', 'w'); hold(file.fileno());"
        "print('ready', flush=True); time.sleep(600)"
    )
    (python, *_) = command()
    other = subprocess.Popen(
        [python, "-c", code], cwd=project, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    busy = project / "specs" / "tools" / ".wirogen-busy"
    try:
        assert other.stdout
        assert other.stdout.readline() == "ready\n"
        documents(project, 1, "second")
        assert wirogen("build", cwd=project).returncode == 0
        assert busy.exists()
    finally:
        other.kill()
        other.communicate()
    documents(project, 1, "third")
    assert wirogen("build", cwd=project).returncode == 0
    assert not busy.exists()


def test_files_and_empty_folders_that_are_not_ours_stay_as_they_are(project: Path) -> None:
    made = project / "generated"
    (made / "docs" / "drafts" / "empty").mkdir(parents=True)
    (made / "docs" / "drafts").chmod(0o700)
    (made / "docs" / "drafts" / "a.md").write_text("mine", "utf-8")
    before = (made / "docs" / "drafts" / "a.md").stat()
    documents(project, TOOLS, "second")
    done = wirogen("build", "--json", cwd=project)
    assert json.loads(done.stdout)["unknown"] == ["docs/drafts/a.md"]
    after = (made / "docs" / "drafts" / "a.md").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert (made / "docs" / "drafts").stat().st_mode & 0o777 == 0o700
    assert (made / "docs" / "drafts" / "empty").is_dir()
