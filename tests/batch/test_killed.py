"""Batches whose process is killed again and again. FULL=1 makes the table as large as promised."""

from __future__ import annotations

import os
import time
from typing import Final

import pytest

from batch.kit import TOOL, Shell, check_complete, prompts, write_csv
from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

FULL: Final = os.environ.get("FULL") == "1"
ROWS: Final = 1000 if FULL else 30
SECONDS: Final = 2.0 if FULL else 0.5
"""How long a process may send before it is killed. It takes two or three seconds to start."""


def test_rows_of_killed_processes_are_paid_for_once(lively_shell: Shell, lively: Simulator) -> None:
    shell, simulator = lively_shell, lively
    table = write_csv(shell.folder / "rows.csv", prompts(ROWS))
    command = ["run", TOOL, str(table), "--out", "out"]
    kills = 0
    while True:
        before = len(simulator.runs)
        process = shell.start(*command)
        while process.poll() is None and len(simulator.runs) == before:
            time.sleep(0.01)
        deadline = time.monotonic() + SECONDS * (0.9 + kills % 3 / 10)
        # A quick machine sends all rows in less time; then there would be too few kills.
        while process.poll() is None and time.monotonic() < deadline:
            if len(simulator.runs) - before > ROWS // 4:
                break
            time.sleep(0.01)
        if process.poll() is not None:
            break
        process.kill()
        process.communicate()
        kills += 1
        command = ["resume", "out"]
    out, err = process.communicate()
    assert process.returncode == 0, (out, err)
    assert kills >= 2
    check_complete(simulator, shell.folder / "out", ROWS)
    print(f"{ROWS} rows, {kills} kills: {out.strip()}")  # noqa: T201 - figures of the full size
