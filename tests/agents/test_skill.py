"""The skill for coding agents: its commands run as they stand, and it is installed whole."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fork_server import executable
from wiro_runtime.cli import app
from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
SKILL = ROOT / "generated" / "skills" / "wiro-tools"
TEXT = (SKILL / "SKILL.md").read_text("utf-8")
BLOCKS = re.findall(r"(?ms)^```bash\n(.*?)^```$", TEXT)


@pytest.fixture
def simulator(
    project_tools: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    with Simulator(project_tools, speed="instant") as running:
        for name, value in running.env().items():
            monkeypatch.setenv(name, value)
        yield running


def test_its_head_is_what_agents_read() -> None:
    head = re.match(r"---\nname: wiro-tools\ndescription: (.+)\n---\n", TEXT)
    assert head is not None
    assert len(head[1]) <= 1024
    assert len(TEXT.splitlines()) < 120
    for name in re.findall(r"\]\((.+?)\)", TEXT):
        assert (SKILL / name).is_file(), name


@pytest.mark.parametrize("block", BLOCKS)
def test_its_commands_run(block: str, simulator: Simulator, tmp_path: Path) -> None:
    assert len(BLOCKS) == 4
    path = f"{executable('wiro-tools').parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HOME": str(tmp_path)}
    done = subprocess.run(
        ["sh", "-euc", block],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    runs = sum("wiro-tools run" in line and "--dry-run" not in line for line in block.splitlines())
    assert len(simulator.runs) == runs
    assert bool(list(tmp_path.rglob("*.png"))) == bool(runs)


def test_every_command_and_option_in_it_exists() -> None:
    import typer

    from wiro_runtime.cli.app import app as tools

    known: Any = typer.main.get_command(tools)
    texts = [path.read_text("utf-8") for path in SKILL.rglob("*.md")]
    lines = [line for text in texts for line in re.findall(r"(?m)[`(^]wiro-tools ([^`\n]+)", text)]
    assert len(lines) > 15
    for line in lines:
        words = [word for word in line.split() if word not in ("--journal", "FILE")]
        command = known
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]
        assert command is not known, line


def test_it_is_installed_and_a_changed_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert app.run(["skill", "install"]) == 0
    target = tmp_path / ".claude" / "skills" / "wiro-tools"
    for path in SKILL.rglob("*.md"):
        assert (target / path.relative_to(SKILL)).read_bytes() == path.read_bytes()
    assert len(capfd.readouterr().out.splitlines()) == len(list(SKILL.rglob("*.md")))
    assert app.run(["skill", "install"]) == 0
    (target / "SKILL.md").write_text("my own")
    capfd.readouterr()
    assert app.run(["skill", "install"]) == 2
    assert "--force replaces it" in capfd.readouterr().err
    assert (target / "SKILL.md").read_text() == "my own"
    assert app.run(["skill", "install", "--force"]) == 0
    assert (target / "SKILL.md").read_text("utf-8") == TEXT
    (tmp_path / "file").write_text("")
    assert app.run(["skill", "install", "file"]) == 2
    assert capfd.readouterr().err.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "wiro-tools" / "SKILL.md"
    target.parent.mkdir()
    os.mkfifo(target)
    assert app.run(["skill", "install", str(tmp_path)]) == 2
    assert "SKILL.md is no regular file" in capfd.readouterr().err
    assert app.run(["skill", "install", str(tmp_path), "--force"]) == 2


def test_a_link_in_the_place_of_its_temporary_file_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "skills" / "wiro-tools").mkdir(parents=True)
    (tmp_path / "skills" / "wiro-tools" / ".SKILL.md.new").symlink_to(tmp_path / "victim")
    assert app.run(["skill", "install", "skills"]) == 0
    assert (tmp_path / "victim").read_text() == "mine"
    assert (tmp_path / "skills" / "wiro-tools" / "SKILL.md").read_text("utf-8") == TEXT
