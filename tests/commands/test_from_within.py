"""A build that is started in the folder that it replaces."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from commands.small import documents, wirogen

TWICE = """
import os, subprocess, sys
build = [sys.executable, "-m", "wirogen", "build"]
for _ in range(2):
    done = subprocess.run(build, capture_output=True, text=True)
    print(done.returncode, done.stderr.strip())
"""


def test_a_build_works_in_its_own_output_and_says_when_the_folder_has_gone(tmp_path: Path) -> None:
    documents(tmp_path, 1)
    assert wirogen("build", cwd=tmp_path).returncode == 0
    documents(tmp_path, 1, "second")
    inside = tmp_path / "generated" / "python"
    shown = subprocess.run(
        [sys.executable, "-c", TWICE],
        cwd=inside,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = shown.stdout.splitlines()
    assert first == "0 "
    assert second.startswith("2 wirogen: the current folder has been removed or replaced")
    assert "second help" in (inside / "wiro_tools" / "acme" / "tool_0.py").read_text("utf-8")
