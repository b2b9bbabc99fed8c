"""A build that is started in the folder that it replaces."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commands.small import documents, wirogen

pytestmark = pytest.mark.slow

# A shell that stays in the folder: builds, looks, and builds again when the folder has gone.
SHELL = """
import os, pathlib, shutil, subprocess, sys
build = [sys.executable, "-m", "wirogen", "build"]
for number in range(2):
    done = subprocess.run(build, capture_output=True, text=True)
    print(done.returncode, done.stderr.strip())
    if number == 0:
        print("second help" in pathlib.Path("wiro_tools/acme/tool_0.py").read_text())
        shutil.rmtree(os.getcwd())
"""


def test_a_build_works_in_its_own_output_and_says_when_the_folder_has_gone(tmp_path: Path) -> None:
    documents(tmp_path, 1)
    assert wirogen("build", cwd=tmp_path).returncode == 0
    documents(tmp_path, 1, "second")
    inside = tmp_path / "generated" / "python"
    shown = subprocess.run(
        [sys.executable, "-c", SHELL],
        cwd=inside,
        env=os.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    built, seen, gone = shown.stdout.splitlines()
    assert (built, seen) == ("0 ", "True")
    assert gone.startswith("2 wirogen: the current folder has been removed or replaced")
