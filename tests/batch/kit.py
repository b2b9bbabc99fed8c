"""Batches over a simulator: in this process, and as ``wiro-tools`` in one of its own."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fork_server
import wiro_runtime
from wiro_runtime.testing import Simulator

TOOL = "wiro/text-to-image-sd-lora"
GRACE = 0.3
"""Seconds after which a request that was given up is not accepted any more: a simulator decides at
once."""

POLL = 0.05
"""Seconds between two looks of a batch at its queue. A user's are longer, which only makes rows
wait."""


@dataclass(frozen=True, kw_only=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Starts ``wiro-tools batch`` in ``folder``, with the keys of a simulator."""

    folder: Path
    simulator: Simulator

    def __call__(self, *arguments: str, stdin: str = "", lease: float = 30.0) -> Done:
        process = self.start(*arguments, stdin=stdin, lease=lease)
        out, err = process.communicate()
        assert "Traceback" not in err, err
        return Done(code=process.wait(), out=out, err=err)

    def start(
        self,
        *arguments: str,
        stdin: str = "",
        patience: float = 60.0,
        lease: float = 30.0,
        first: str = "",
    ) -> fork_server.Process:
        """``patience``: seconds that its database may be away; ``lease``: seconds after which a
        worker that says nothing counts as gone; ``first``: Python to run before it."""
        return fork_server.start(
            "wiro-tools",
            "batch",
            *arguments,
            cwd=self.folder,
            env=self.environment(),
            stdin=stdin.encode(),
            before="from wiro_runtime.batch import database, engine, leases, rows, scheduler\n"
            "from wiro_runtime.tasks import settle\n"
            f"database.PATIENCE = {patience}\n"
            f"settle.GRACE = {GRACE}\n"
            f"scheduler._POLL = {POLL}\n"
            f"engine.LEASE = leases.LEASE = rows.LEASE = {lease}\n"
            f"engine._RENEW = {lease / 6}\n{first}\n",
        )

    def environment(self) -> dict[str, str]:
        """That of a process of its own."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": os.pathsep.join(
                str(Path(each.__file__ or "").parents[1])
                for each in (wiro_runtime, __import__("wiro_tools"))
            ),
            **self.simulator.env(),
        }


def prompts(count: int) -> list[dict[str, Any]]:
    return [{"prompt": f"a lighthouse, number {n}", "samples": 1} for n in range(1, count + 1)]


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    rows = list(rows)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def results(folder: Path) -> list[dict[str, Any]]:
    """What ``results.jsonl`` says, after a look that ``results.csv`` says the same."""
    lines = (folder / "results.jsonl").read_text("utf-8").splitlines()
    found = [json.loads(line) for line in lines]
    with (folder / "results.csv").open(newline="", encoding="utf-8") as file:
        table = list(csv.DictReader(file))
    assert [(str(x["row"]), x["status"], x["task"] or "") for x in found] == [
        (x["row"], x["status"], x["task"]) for x in table
    ]
    return found


def paid(simulator: Simulator) -> Counter[str]:
    """How often each prompt was accepted."""
    return Counter(str(run.body["prompt"]) for run in simulator.runs)


def check_complete(simulator: Simulator, folder: Path, count: int) -> None:
    """Every row was paid for once, is in the results once, and has its file; there is no other."""
    found = results(folder)
    assert [each["row"] for each in found] == list(range(1, count + 1))
    assert {each["status"] for each in found} == {"done"}
    assert len({each["task"] for each in found}) == count
    times = paid(simulator)
    assert len(times) == count
    assert set(times.values()) == {1}, times.most_common(3)
    for each in found:
        (name,) = each["files"]
        assert (folder / name).stat().st_size > 0
    assert len(list((folder / "files").iterdir())) == count
