"""``wiro-tools studio`` as it is typed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

Studio = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def studio(root: Path, tmp_path: Path) -> Studio:
    """Starts the command in the project, for a user of whom nothing is known."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("WIRO_")}
    env |= {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}

    def start(*arguments: str, cwd: Path = root) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "wiro_runtime.cli", "studio", "--no-open", *arguments]
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_it_serves_until_it_is_interrupted(studio: Studio, tmp_path: Path) -> None:
    tool = "wiro/text-to-image-sd-lora"
    process = studio(tool, "--simulate", "--port", "0", "--out", str(tmp_path / "runs"))
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    with httpx2.Client(follow_redirects=True, verify=False) as browser:
        page = browser.get(address)
    assert str(page.url).endswith("/tools/wiro/text_to_image_sd_lora.html")
    assert '<meta name="wt-studio" content="simulated">' in page.text
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "WIRO_API_KEY"),
        (("acme/nothing", "--simulate"), "has no tool 'acme/nothing'"),
        (("--simulate", "--out", "/dev/null/x"), "--out"),
    ],
)
def test_what_is_missing_is_one_line(studio: Studio, arguments: tuple[str, ...], text: str) -> None:
    _, said = studio(*arguments).communicate(timeout=60)
    assert text in said
    assert len(said.splitlines()) == 1


def test_a_taken_port_and_a_folder_without_a_project(studio: Studio, tmp_path: Path) -> None:
    options = ("--simulate", "--out", str(tmp_path / "runs"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = studio(*options, "--port", str(port))
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"port {port}: " in said
    process = studio(*options, cwd=tmp_path)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "no generated/docs here or above" in said
