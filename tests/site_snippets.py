"""Snippets run as the programs that they are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

# Runs each text of the list on its standard input like a program of its own, all at once.
RUNNER: Final = """
import json, sys
from concurrent.futures import ThreadPoolExecutor

# Imported once: Python 3.11 now and then takes first imports of many threads for a deadlock.
import wiro_runtime
from wiro_runtime import batch, catalogue, testing, webhooks

def run(text):
    exec(compile(text, "<snippet>", "exec"), {"__name__": "__main__"})

with ThreadPoolExecutor(32) as pool:
    list(pool.map(run, json.load(sys.stdin)))
"""


def run_python(source: str, given: object, generated: Path, **more: Any) -> str:
    """The output of a program that sees the site's own generated package."""
    env = {**os.environ, "PYTHONPATH": str(generated / "python"), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", source],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
        env={**env, **more.pop("env", {})},
        **more,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
