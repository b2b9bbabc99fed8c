"""Batches and single runs of several processes on one journal and one budget.

All of them fail, are killed and settle: the budget holds, and nothing is paid for twice or lost.
FULL=1 tries more.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

from batch.kit import TOOL, Shell, paid
from fork_server import Process
from wiro_runtime import LostSubmission, Wiro
from wiro_runtime.batch import Batch
from wiro_runtime.tasks.budget import to_dollars
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.tasks.journal_schema import COMMITTED
from wiro_runtime.testing import Scenario, Simulator, faults

pytestmark = pytest.mark.slow

FULL: Final = os.environ.get("FULL") == "1"
ROUNDS: Final = 5 if FULL else 2
BUDGET: Final = Decimal("1.20")
OWN_BUDGET: Final = Decimal("0.50")
"""Of the first batch, beside that of the journal."""
EACH: Final = Decimal("0.05")

SCENARIOS: Final = {
    "as estimated": Scenario(),
    "dearer": Scenario(cost="0.22"),
    "cheaper": Scenario(cost="0.01"),
    "failed": Scenario.failing(),
}
FAULTS: Final = {
    "lost answer": ("Run/*", faults.reset(acts=True)),
    "not accepted": ("Run/*", faults.reset(acts=False)),
    "full": ("Run/*", faults.error(96, "too many")),
    "refused": ("Run/*", faults.error(97, "no money")),
    "broken": ("Run/*", faults.status(500)),
    "no total": ("Task/Detail", faults.task_field("totalcost", "")),
    "no list": ("Task/List", faults.status(400)),
}

WORK: Final = """
import json, os, signal
from contextlib import suppress
from wiro_runtime import Hooks, PollSchedule, Wiro, WiroError
from wiro_runtime.batch import Batch
from wiro_runtime.generated import Tariff
from wiro_tools.wiro import text_to_image_sd_lora as sd

rates = [{{"inputs": {{}}, "method": "cpo", "price": "{each}"}}]
sd.Inputs._tariff = Tariff({{"rates": rates, "outputs": "samples"}})
work = json.loads({work!r})

def count(info, work=work, os=os, signal=signal):
    path = getattr(info, "request", info).path
    if work["dies"] and work["path"] in path:
        work["left"] -= 1
        if not work["left"]:
            os.kill(os.getpid(), signal.SIGKILL)

hooks = Hooks(**{{work["dies"] or "request": count}})
poll = PollSchedule.every(0.01)
with Wiro(journal=work["journal"], budget="{budget}", poll=poll, hooks=hooks) as client:
    for action, given in work["actions"]:
        with suppress(WiroError):
            if action == "run":
                client.run(sd.TOOL, given)
            elif action == "settle":
                client.settle()
            elif action == "resume":
                with Batch.open(given, client=client) as batch:
                    batch.settle()
                    batch.resume()
            else:
                folder, rows, own = given
                with Batch(sd.TOOL, rows, out=folder, client=client, budget=own) as batch:
                    batch.run()
os._exit(0)
"""


class Chaos:
    """What a seed does: its processes, round by round."""

    def __init__(self, seed: int, shell: Shell) -> None:
        self.dice = random.Random(seed)  # noqa: S311 - is to be repeatable
        self.shell = shell
        self.journal = shell.folder / "journal"
        self.killed = self.rounds = 0
        self.tables = {f"batch{n}": self._rows(f"batch {n}", 7) for n in range(2)}
        self.singles = self._rows("single", 4 * ROUNDS)

    def _rows(self, name: str, count: int) -> list[dict[str, Any]]:
        return [
            {"prompt": f"{name}, {number}", "samples": self.dice.randint(1, 3)}
            for number in range(count)
        ]

    def start(self, actions: list[Any], path: str = "/Run/") -> Process:
        """A process that kills itself at some request or response, or does not."""
        work = json.dumps(
            {
                "journal": str(self.journal),
                "actions": actions,
                "dies": self.dice.choice(["request", "response", *([""] * self.rounds)]),
                "path": path,
                "left": self.dice.randint(1, 3),
            }
        )
        code = WORK.format(each=EACH, budget=BUDGET, work=work)
        return self.shell.start(first=code)

    def round(self, number: int) -> None:
        simulator = self.shell.simulator
        names = ["lost answer", *(self.dice.choice(sorted(FAULTS)) for _ in range(2))]
        for name, nth in zip(names, self.dice.sample(range(1, 8), 3), strict=True):
            path, fault = FAULTS[name]
            simulator.faults.add(path, fault, nth=nth)
        processes: list[Process] = []
        for folder, rows in self.tables.items():
            own = str(OWN_BUDGET) if folder == "batch0" else None
            first = ["table", [folder, rows, own]]
            processes.append(self.start([["resume", folder] if number else first]))
        runs = self.singles[4 * number : 4 * number + 4]
        processes.append(self.start([["run", each] for each in runs]))
        settled = self.dice.choice(sorted(self.tables))
        processes.append(self.start([["settle", None], ["resume", settled]], "/Task/List"))
        for each in processes:
            assert each.wait(120) in (0, -9), each.communicate()
        self.killed += sum(each.returncode == -9 for each in processes)
        self.rounds += 1
        simulator.faults.clear()


@pytest.mark.parametrize("seed", range(30 if FULL else 2))
def test_a_budget_holds_for_batches_and_runs_together(
    seed: int, priced: Simulator, tmp_path: Path
) -> None:
    chaos = Chaos(seed, Shell(folder=tmp_path, simulator=priced))
    names = sorted(SCENARIOS)
    priced.take_turns(*(SCENARIOS[chaos.dice.choice(names)] for _ in range(5)))
    for number in range(ROUNDS):
        chaos.round(number)
        billed, over = costs()
        assert sum(cost for cost, _ in billed) <= BUDGET + over
        assert committed(chaos.journal) <= BUDGET + over
        first, over = costs("batch 0")
        assert sum(cost for cost, _ in first) <= OWN_BUDGET + over
        assert max(paid(priced).values(), default=0) <= 1, paid(priced)

    assert chaos.killed
    # Nothing is in the way any more.
    with Wiro(journal=chaos.journal, budget=1000) as client:
        for folder, rows in chaos.tables.items():
            with Batch(TOOL, rows, out=tmp_path / folder, client=client, budget=1000) as batch:
                batch.run()
                report = batch.resume()
                assert report.totals.count("done", "failed") == len(rows), (report, batch.rows())
        unclear = settle(client)
    times = paid(priced)
    assert set(times.values()) == {1}, times
    wanted = {each["prompt"] for rows in chaos.tables.values() for each in rows}
    assert wanted <= set(times)
    with closing(Journal(chaos.journal)) as journal:
        assert journal.reserved() == 0
    billed, over = costs()
    # Where Wiro told no total, the estimate is counted.
    most = sum(max(cost, estimate) for cost, estimate in billed)
    least = sum(cost for cost, _ in billed) - over
    # What its user has forgotten is not counted.
    least -= unclear * max(cost for cost, _ in billed)
    assert least <= committed(chaos.journal) <= most


def costs(name: str = "") -> tuple[list[tuple[Decimal, Decimal]], Decimal]:
    """What tasks whose prompt begins with ``name`` have cost and were estimated at, and by how much
    all these estimates were too low."""
    with Wiro() as client:
        details = [task.detail for task in client.tasks()]
    found: list[tuple[Decimal, Decimal]] = []
    for detail in details:
        assert detail is not None
        if not detail.raw["parameters"]["prompt"].startswith(name):
            continue
        estimate = EACH * Decimal(str(detail.raw["parameters"]["samples"]))
        found.append((detail.cost or Decimal(0), estimate))
    return found, sum((max(Decimal(0), cost - estimate) for cost, estimate in found), Decimal(0))


def committed(journal: Path) -> Decimal:
    if not journal.exists():
        return Decimal(0)
    with closing(sqlite3.connect(journal)) as db:
        return to_dollars(db.execute(COMMITTED).fetchone()[0])


def settle(client: Wiro) -> int:
    """Settle all that is left, and return how much of it may or may not be a task: a row that was
    lost twice and became one, for instance."""
    unclear = 0
    for each in client.resume():
        if isinstance(each, LostSubmission):
            unclear += each.exists is None
            client.forget(each)
        else:
            each.refresh()
    return unclear
