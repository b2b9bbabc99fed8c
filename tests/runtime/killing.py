"""Kill processes that share a journal at random moments of their submissions, and compare what the
journal knows with what the simulator was asked for.

    python tests/runtime/killing.py [KILLS] [SEED]
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from wiro_runtime.tasks.journal import Journal
from wiro_runtime.testing import Simulator

# Forks a child for each line that it reads, so that imports are paid for once. A child submits runs
# with prompts of its own until it is killed.
_PARENT = """
import os, sys
from wiro_runtime import PollSchedule, Wiro
import wiro_runtime.tasks.journal, wiro_runtime.tasks.service

for line in sys.stdin:
    number, journal = line.split()
    child = os.fork()
    if child == 0:
        with Wiro(journal=journal, poll=PollSchedule.every(0.001)) as client:
            for count in range(1000):
                task = client.submit("wiro/painter", {"prompt": f"{number}-{count}"})
                if count % 3 == 0:
                    task.wait()
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


@dataclass(frozen=True)
class Outcome:
    """``runs`` were accepted by Wiro; ``twice`` are prompts of more than one of them, ``unknown``
    ids of those that the journal does not know, ``lost`` the number of its lost submissions."""

    runs: int
    twice: list[str]
    unknown: list[str]
    lost: int


def kill_processes(simulator: Simulator, path: Path, kills: int, seed: int) -> Outcome:
    """Let two processes at a time submit with the journal at ``path``, and kill one ``kills``
    times."""
    draw = random.Random(seed)  # noqa: S311 - moments, not secrets
    with ExitStack() as stack:
        parents = [stack.enter_context(_parent(simulator)) for _ in range(2)]
        children = [_fork(parent, f"first{n}", path) for n, parent in enumerate(parents)]
        window, before = 0.12, 0
        for number in range(kills):
            index = draw.randrange(2)
            moment = draw.uniform(0, window)
            time.sleep(moment)
            os.kill(children[index], signal.SIGKILL)
            stdout = parents[index].stdout
            assert stdout
            assert stdout.readline() == "gone\n"
            children[index] = _fork(parents[index], str(number), path)
            # On a busy machine the moments have to lie further apart to hit anything.
            done, before = len(simulator.runs) - before, len(simulator.runs)
            if done < 3 and moment > window / 2:
                window = min(window * 1.5, 2)
            elif done > 10:
                window /= 1.5
        for child in children:
            os.kill(child, signal.SIGKILL)
        for parent in parents:
            assert parent.stdin
            assert parent.stdout
            assert parent.stdout.readline() == "gone\n"
            parent.stdin.close()
    journal = Journal(path)
    tasks, lost = journal.unfinished()
    known = {task.id for task in [*tasks, *journal.ended_tasks()]}
    journal.close()
    prompts = [run.body["prompt"] for run in simulator.runs]
    maybe = {each.inputs["prompt"] for each in lost}
    return Outcome(
        runs=len(prompts),
        twice=sorted({str(each) for each in prompts if prompts.count(each) > 1}),
        unknown=[
            run.taskid
            for run in simulator.runs
            if run.taskid not in known and run.body["prompt"] not in maybe
        ],
        lost=len(lost),
    )


def _parent(simulator: Simulator) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PARENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **simulator.env()},
    )


def _fork(parent: subprocess.Popen[str], number: str, path: Path) -> int:
    assert parent.stdin
    assert parent.stdout
    parent.stdin.write(f"{number} {path}\n")
    parent.stdin.flush()
    return int(parent.stdout.readline())


def main(arguments: list[str]) -> int:
    from runtime.kit import TOOLS

    kills, seed = (int(each) for each in (*arguments, "200", "7")[:2])
    with Simulator(tools=TOOLS, speed="instant") as simulator, tempfile.TemporaryDirectory() as one:
        begin = time.monotonic()
        outcome = kill_processes(simulator, Path(one) / "journal", kills, seed)
    print(f"{kills} kills in {time.monotonic() - begin:.0f} s: {outcome}")  # noqa: T201 - a script
    return 1 if outcome.twice or outcome.unknown else 0


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    sys.exit(main(sys.argv[1:]))
