"""The nightly workflow: its commands, run as they stand in a repository of its kind."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from corpus import later, pages
from generator.project import Project
from generator.test_sync import World, simulated

ROOT = Path(__file__).parents[2]
WORKFLOW: Any = yaml.safe_load((ROOT / ".github" / "workflows" / "sync.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = WORKFLOW["jobs"]["sync"]["steps"]


def test_a_night_ends_in_a_pull_request_whose_text_is_the_diff(tmp_path: Path) -> None:
    made = list(pages(4))
    root = tmp_path / "project"
    project = Project(root)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com"]

    def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        given = {**os.environ, **environment, "PATH": path, "RUNNER_TEMP": str(tmp_path)}
        done = subprocess.run(
            command, cwd=root, env=given, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done

    commands = [
        step["run"] for step in STEPS if re.search(r"wirogen (sync|build)", step.get("run", ""))
    ]
    assert len(commands) == 2
    run(*git, "init", "-q")
    with simulated(made) as simulator:
        world = World(simulator, project)
        for page in made:
            world.publish(page)
        for command in commands[:1]:
            run("bash", "-ec", command, **simulator.env())
        run("wirogen", "build")
        run(*git, "add", "specs", "generated")
        run(*git, "commit", "-qm", "x")
        world.publish(later(made[1]))
        world.publish(made[2], full="<html>", text="<html>")
        for command in commands:
            run("bash", "-ec", command, **simulator.env())
    text = (tmp_path / "changes.md").read_text("utf-8")
    assert "added1: new optional input" in text
    assert "a minor version" in text or "a patch version" in text or "a major version" in text
    assert "## Not taken" in text
    assert f"[{made[2].tool}]" in text
    assert "Y001" in text
    changed = run("git", "status", "--porcelain", "specs", "generated").stdout
    assert "specs/tools/" in changed
    assert "generated/" in changed


def test_the_workflow_may_do_no_more_than_it_must() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    job = WORKFLOW["jobs"]["sync"]
    assert job["permissions"] == {"contents": "write", "pull-requests": "write"}
    for step in STEPS:
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/x@v1"))
        assert "${{" not in step.get("run", "")
        if "secrets." in str(step.get("env", "")):
            assert step["run"].startswith(("#", "wirogen sync"))
