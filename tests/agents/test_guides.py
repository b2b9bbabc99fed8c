"""The guides about agents and tool calling run against recorded answers and a server of MCP."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agents.recorded import recorded_models
from fork_server import executable
from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def snippets(guide: str, language: str = "python") -> list[str]:
    text = (ROOT / "generated" / "docs" / "guides" / f"{guide}.md").read_text("utf-8")
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)


def run(text: str, folder: Path, env: dict[str, str]) -> str:
    shutil.copytree(ROOT / "generated" / "schemas", folder / "generated" / "schemas")
    path = f"{executable('wiro-tools-servers').parent}:{os.environ['PATH']}"
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=folder,
        env={**os.environ, "PATH": path, "HOME": str(folder), **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("number", [0, 1])
def test_a_model_that_calls_wrongly_first_gets_its_picture(
    project_tools: list[dict[str, Any]], tmp_path: Path, number: int
) -> None:
    text = snippets("tool-calling")[number]
    with Simulator(project_tools, speed="instant") as simulator, recorded_models() as models:
        printed = run(text, tmp_path, {**simulator.env(), **models.env})
    assert printed == "Here it is.\n"
    assert len(models.requests) == 3
    told = json.dumps(models.requests[1]["messages"])
    assert "samples: expected a whole number, got 'many' (text)" in told
    assert "outputs" in json.dumps(models.requests[2]["messages"][-1])
    (sent,) = simulator.runs
    assert sent.body["prompt"] == "a lighthouse at dusk"


def test_the_client_of_mcp_in_the_guide_gets_its_picture(
    project_tools: list[dict[str, Any]], tmp_path: Path
) -> None:
    (text,) = snippets("agents")
    with Simulator(project_tools, speed="instant") as simulator:
        printed = run(text, tmp_path, simulator.env())
    assert len(simulator.runs) == 1
    assert "/out/" in printed
    assert len(list((tmp_path / "out").rglob("*.png"))) == 4


def test_its_settings_are_json_and_its_commands_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wiro_runtime.cli import app

    (settings,) = snippets("agents", "json")
    server = json.loads(settings)["mcpServers"]["wiro"]
    monkeypatch.chdir(tmp_path)
    assert app.run([*server["args"], "--help"]) == 0
    (skill,) = [each for each in snippets("agents", "bash") if "skill" in each]
    assert app.run(skill.split()[1:]) == 0
    assert (tmp_path / ".claude" / "skills" / "wiro-tools" / "SKILL.md").is_file()
