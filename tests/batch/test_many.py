"""Large tables: 10,000 rows with FULL=1, the promised size."""

from __future__ import annotations

import os
import resource
import sys
import time
from typing import Any, Final

from batch.kit import TOOL, Shell, check_complete, prompts, write_csv
from wiro_runtime.testing import Simulator

FULL: Final = os.environ.get("FULL") == "1"
ROWS: Final = 10_000 if FULL else 150
MEGABYTE: Final = 1024 if sys.platform == "linux" else 1024 * 1024


def test_many_rows_in_little_memory(shell: Shell, simulator: Simulator) -> None:
    """As many as Wiro takes at a time, all of them, and memory that does not grow with them."""
    simulator.concurrency_limit = 12
    table = write_csv(shell.folder / "rows.csv", prompts(ROWS))
    begin = time.monotonic()
    process = shell.start("run", TOOL, str(table), "--out", "out", "--json")
    out, err = process.communicate(timeout=1800)
    seconds = time.monotonic() - begin
    assert process.returncode == 0, (out, err)
    # The largest of all children so far, so an upper bound for this one.
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / MEGABYTE
    check_complete(simulator, shell.folder / "out", ROWS)
    assert peak < 200, f"{peak:.0f} MB"
    found: Any = shell("status", "out", "--json").json
    assert found["counts"] == {"done": ROWS}
    rate = ROWS / seconds
    print(f"{ROWS} rows in {seconds:.0f} s: {rate:.1f} rows/s, {peak:.0f} MB")  # noqa: T201
    if FULL:
        assert rate >= 15
