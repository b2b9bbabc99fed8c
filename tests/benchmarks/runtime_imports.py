"""Importing the client and one tool against importing httpx2 and pydantic (at most 1.35)."""

from __future__ import annotations

import statistics
import subprocess
import sys

ROUNDS = 25
LIMIT = 1.35
# pydantic imports its BaseModel when it is first used, as everybody who uses pydantic does.
BARE = "import httpx2, pydantic; pydantic.BaseModel; httpx2.Client"
OURS = (
    "from wiro_runtime import Wiro; from wiro_tools.wiro import text_to_image_sd_lora as sd; sd.run"
)


def seconds(code: str) -> float:
    """Processor time: importing does nothing else, and a busy machine does not show in it."""
    timed = f"import time; t = time.process_time()\n{code}\nprint(time.process_time() - t)"
    done = subprocess.run([sys.executable, "-c", timed], capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> int:
    for code in (BARE, OURS):
        seconds(code)  # fills the caches of the interpreter and of the disk
    pairs = [(seconds(OURS), seconds(BARE)) for _ in range(ROUNDS)]
    ours, bare = (min(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    print(f"import of client and one tool: {ours * 1e3:.0f} ms")
    print(f"import of httpx2 and pydantic: {bare * 1e3:.0f} ms")
    print(f"ratio: {ratio:.2f} (limit {LIMIT})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
