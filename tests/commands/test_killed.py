"""A command that is killed leaves the tree that was there or the one that was to be, whole."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

import fork_server
from commands.small import documents, half_written, own_templates, tree, wirogen
from fork_server import Process

pytestmark = pytest.mark.slow

TOOLS = 52
"""Enough for worker processes to read and to render."""
BY_CLOCK = 2
AT_THE_END = 2
VERSIONS = ("first", "second")


def begin(*arguments: str | Path, cwd: Path) -> Process:
    """A command with its workers, in a process group of its own."""
    return fork_server.start("wirogen", *arguments, "--jobs", "2", cwd=cwd, env=os.environ)


def kill(process: Process) -> None:
    # It may end in this moment.
    with suppress(ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() in {0, -signal.SIGKILL}


def putting_together(root: Path) -> bool:
    return any(path.is_dir() for path in root.glob(".wirogen-*/whole"))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WIROGEN_CACHE", str(tmp_path / "cache"))
    own_templates(tmp_path / "own")
    (tmp_path / "project").mkdir()
    return tmp_path / "project"


def test_a_build_that_is_killed_leaves_a_whole_tree(project: Path) -> None:
    out = project / "generated"

    def build(version: str) -> Process:
        documents(project, TOOLS, version)
        # Specs remember their changes, and each of these builds is to be as if it were the first.
        shutil.rmtree(project / "specs" / "tools", ignore_errors=True)
        more = ("--templates", project.parent / "own") if version == "second" else ()
        return begin("build", *more, cwd=project)

    whole: dict[str, dict[str, bytes]] = {}
    took = 0.0
    for version in reversed(VERSIONS):
        started = time.monotonic()
        assert build(version).wait() == 0
        took = time.monotonic() - started
        whole[version] = tree(out)
    differing = [path for path in whole["first"] if whole["first"][path] != whole["second"][path]]
    assert len(differing) > 5 * TOOLS
    chance = random.Random(1)  # noqa: S311 - moments, no secrets
    now = "first"
    for number in range(BY_CLOCK + AT_THE_END):
        version = VERSIONS[1 - VERSIONS.index(now)]
        process = build(version)
        if number < BY_CLOCK:
            time.sleep((number + chance.random()) * 1.1 * took / BY_CLOCK)
        else:
            while process.poll() is None and not putting_together(project):
                time.sleep(0.001)
            time.sleep(chance.random() * 0.06)
        kill(process)
        found = tree(out)
        assert found in (whole[now], whole[version])
        now = version if found == whole[version] else now
    version = VERSIONS[1 - VERSIONS.index(now)]
    assert build(version).wait() == 0
    assert tree(out) == whole[version]
    assert half_written(project) == []


def test_workers_end_with_the_process_that_started_them(project: Path) -> None:
    documents(project, TOOLS)
    process = begin("build", cwd=project)
    try:
        deadline = time.monotonic() + 300
        while not any(project.glob(".wirogen-*/new/python")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.kill()
        process.wait()
        while members(process.pid):
            assert time.monotonic() < deadline, "workers are still there"
            time.sleep(0.05)
    finally:
        for member in members(process.pid):
            os.kill(member, signal.SIGKILL)
    done = wirogen("build", cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert half_written(project) == []


def members(group: int) -> list[int]:
    """The living processes of a process group."""
    shown = subprocess.run(
        ["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in shown.stdout.splitlines()]
    return [int(pid) for pid, found, state in rows if int(found) == group and state[0] != "Z"]


def test_a_tree_that_was_set_aside_comes_back(project: Path) -> None:
    """Where two folders cannot change places in one step, there are two steps to be killed
    between."""
    documents(project, 2)
    assert wirogen("build", cwd=project).returncode == 0
    (project / "generated" / "docs" / "mine.md").write_text("mine", "utf-8")
    before = tree(project / "generated")
    left = project / ".wirogen-generated-abcdefgh"
    left.mkdir()
    shutil.move(project / "generated", left / "aside")
    done = wirogen("build", cwd=project)
    assert done.returncode == 0
    assert "docs/mine.md" in done.stdout
    assert tree(project / "generated") == before
    assert half_written(project) == []


def test_half_written_specs_are_swept_away(project: Path) -> None:
    documents(project, 2)
    left = project / "specs" / "tools" / "acme" / ".wirogen-x"
    left.parent.mkdir(parents=True)
    left.write_text("half", "utf-8")
    assert wirogen("build", cwd=project).returncode == 0
    assert not left.exists()


@pytest.mark.parametrize("moment", ["reading", "rendering"])
def test_an_interrupted_build_is_one_line(project: Path, moment: str) -> None:
    documents(project, TOOLS)
    process = begin("build", cwd=project)
    deadline = time.monotonic() + 300
    begun = {
        "reading": lambda: len(members(process.pid)) > 1,
        "rendering": lambda: any(project.glob(".wirogen-*/new/python")),
    }[moment]
    while not begun():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=300)
    assert (process.returncode, said) == (130, "wirogen: interrupted\n")
    assert half_written(project) == []
    assert not (project / "generated").exists()
