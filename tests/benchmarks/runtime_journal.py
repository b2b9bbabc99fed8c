"""A submission with the journal against the same one with a log of JSON lines, as the journal was
before it was a database (at most 1.1 times as long): under a lock, a write looked whether the file
was still the one at its path, read what other processes had added, and flushed its line.

Both make two records, before the request and after its response, and wait for the disk each time.
A submission without a journal, and the records alone, are printed beside it.
"""

from __future__ import annotations

import fcntl
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from wiro_runtime import Wiro
from wiro_runtime.tasks.journal import Journal

sys.path.insert(0, str(Path(__file__).parent))
from runtime_server import TOOL, server

SUBMISSIONS = 300
LIMIT = 1.1
INPUTS = {"prompt": "a lighthouse at dusk " * 12}


class Lines:
    """What a client calls of its journal when a run is accepted."""

    def __init__(self, path: Path) -> None:
        self._path, self._read = path, 0
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT)

    def begin(self, tool: str, inputs: Any, key: str, *_budget: object) -> None:
        at = time.time()
        self._append({"submission": key, "at": at, "tool": tool, "inputs": inputs})

    def accepted(self, key: str, task_id: str, token: str) -> None:
        self._append({"submission": key, "task": task_id, "token": token})

    def _append(self, entry: dict[str, Any]) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            assert os.path.samestat(self._path.stat(), os.fstat(self._file))
            os.lseek(self._file, self._read, os.SEEK_SET)
            assert not os.read(self._file, 1)
            self._read += os.write(self._file, json.dumps(entry).encode() + b"\n")
            os.fsync(self._file)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        os.close(self._file)


def medians(ways: dict[str, Callable[[str], object]]) -> dict[str, float]:
    """Seconds of each, measured in turn, as others use the machine, too."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for number in range(SUBMISSIONS):
        for name in names:
            begin = time.perf_counter()
            ways[name](str(number))
            taken[name].append(time.perf_counter() - begin)
        names.append(names.pop(0))
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def main() -> int:
    # Beside this file: the folder for temporary files may be in memory.
    with (
        tempfile.TemporaryDirectory(dir=Path(__file__).parent) as name,
        server() as one,
        ExitStack() as stack,
    ):
        folder = Path(name)
        bare = stack.enter_context(Wiro(**one.options))
        kept = stack.enter_context(Wiro(**one.options, journal=folder / "journal"))
        logged = stack.enter_context(Wiro(**one.options))
        logged.service.recorder.ledger = Lines(folder / "lines")  # pyright: ignore[reportAttributeAccessIssue] - as much of a journal as is used
        whole = medians({
            "journal": lambda _: kept.submit(TOOL, INPUTS),
            "lines": lambda _: logged.submit(TOOL, INPUTS),
            "nothing": lambda _: bare.submit(TOOL, INPUTS),
        })  # fmt: skip
        journal, lines = Journal(folder / "records"), Lines(folder / "more lines")
        stack.callback(journal.close)
        stack.callback(lines.close)

        def record(log: Journal | Lines, key: str) -> None:
            log.begin(TOOL, INPUTS, key)
            log.accepted(key, key, "x" * 30)

        alone = medians({
            "journal": lambda key: record(journal, key), "lines": lambda key: record(lines, key),
        })  # fmt: skip
    ratio = whole["journal"] / whole["lines"]
    print(", ".join(f"{name} {seconds * 1e3:.1f} ms" for name, seconds in whole.items()))
    print(f"records alone, journal / lines: {alone['journal'] / alone['lines']:.2f}")
    print(f"a submission, journal / lines: {ratio:.2f} (limit {LIMIT})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
