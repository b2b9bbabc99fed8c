"""The journal's two records of a submission against two lines that are appended to a file, each
flushed to the disk (at most 1.5). The journal before it was a database took 1.2 times as long as
they, as this one does."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from wiro_runtime.tasks.journal import Journal

SUBMISSIONS = 400
LIMIT = 1.5
INPUTS = {"prompt": "a lighthouse at dusk " * 10, "samples": 2, "seed": "123456", "scale": "7.5"}


def seconds(submit: Callable[[str], None], number: int) -> float:
    begin = time.perf_counter()
    submit(str(number))
    return time.perf_counter() - begin


def main() -> int:
    # Beside this file: the folder for temporary files may be in memory.
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as name:
        folder = Path(name)
        file = os.open(folder / "lines", os.O_RDWR | os.O_APPEND | os.O_CREAT)
        with closing(Journal(folder / "journal")) as journal:

            def ours(number: str) -> None:
                journal.accepted(journal.begin("wiro/painter", INPUTS), number, "x" * 30)

            def lines(number: str) -> None:
                for entry in ({"tool": "wiro/painter", "inputs": INPUTS}, {"task": number}):
                    os.write(file, json.dumps(entry).encode() + b"\n")
                    os.fsync(file)

            # In turn, as others use the disk, too.
            pairs = [(seconds(ours, n), seconds(lines, n)) for n in range(SUBMISSIONS)]
        os.close(file)
    database, appended = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = database / appended
    good = ratio <= LIMIT
    text = f"journal / appended lines: {ratio:.2f} (at most {LIMIT}) {'good' if good else 'MISSED'}"
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
