"""Large tables: 10,000 rows with FULL=1, the promised size."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final

import pytest

from batch.kit import TOOL, Shell, check_complete, prompts, write_csv
from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

FULL: Final = os.environ.get("FULL") == "1"
ROWS: Final = 10_000 if FULL else 40

COMMAND: Final = (sys.executable, "-m", "wiro_runtime.cli", "batch")


def memory(process: subprocess.Popen[str]) -> list[float]:
    """The most memory that a process has had in MB, measured while it runs; the last item counts.

    Its parent cannot ask afterwards: what ended processes have had is told for all together."""
    found: list[float] = []

    def measure() -> None:
        while process.poll() is None:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
            except OSError:
                return
            if match := re.search(r"VmHWM:\s*(\d+) kB", status):
                found.append(int(match[1]) / 1024)
            time.sleep(0.1)

    threading.Thread(target=measure, daemon=True).start()
    return found


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux")
def test_many_rows_in_little_memory(shell: Shell, simulator: Simulator) -> None:
    """As many as Wiro takes at a time, all of them, and memory that does not grow with them."""
    simulator.concurrency_limit = 12
    table = write_csv(shell.folder / "rows.csv", prompts(ROWS))
    begin = time.monotonic()
    process = subprocess.Popen(
        [*COMMAND, "run", TOOL, str(table), "--out", "out", "--json"],
        cwd=shell.folder,
        env=shell.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    measured = memory(process)
    out, err = process.communicate(timeout=1800)
    seconds = time.monotonic() - begin
    assert process.returncode == 0, (out, err)
    peak = measured[-1]
    check_complete(simulator, shell.folder / "out", ROWS)
    assert peak < 200, f"{peak:.0f} MB"
    found: Any = shell("status", "out", "--json").json
    assert found["counts"] == {"done": ROWS}
    rate = ROWS / seconds
    print(f"{ROWS} rows in {seconds:.0f} s: {rate:.1f} rows/s, {peak:.0f} MB")  # noqa: T201
    if FULL:
        assert rate >= 15
