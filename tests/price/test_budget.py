"""Spent and reserved pass a budget only as far as estimates are wrong, whatever happens."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from price.spenders import EACH, TOOL
from runtime.kit import PROMPT, SAMPLES, tool
from wiro_runtime import LostSubmission, PollSchedule, Wiro
from wiro_runtime.tasks import settle as settle_module
from wiro_runtime.tasks.budget import to_dollars
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.tasks.journal_schema import COMMITTED
from wiro_runtime.testing import Scenario, Simulator, faults

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
]

BUDGET = Decimal("0.5")
RATES: list[dict[str, Any]] = [{"inputs": {}, "price": float(EACH), "priceMethod": "cpo"}]
SCENARIOS = {
    "as estimated": Scenario(),
    "dearer": Scenario(cost="0.12"),
    "cheaper": Scenario(cost="0.01"),
    "failed": Scenario.failing(),
}
FAULTS = {
    "lost answer": faults.reset(acts=True),
    "not accepted": faults.reset(acts=False),
    "refused": faults.error(97, "no money"),
    "broken": faults.status(500),
}

ACTION = st.tuples(
    st.integers(1, 4), st.booleans(), st.sampled_from(["", "", "", "request", "response", "task"])
)
PROCESSES = st.lists(st.lists(ACTION, min_size=1, max_size=6), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    with (
        Simulator([tool(TOOL, PROMPT, SAMPLES) | {"dynamicprice": RATES}]) as simulator,
        pytest.MonkeyPatch.context() as patch,
    ):
        # No request arrives late: all that send have ended.
        patch.setattr(settle_module, "GRACE", 0.0)
        yield simulator


@pytest.fixture(scope="module")
def spenders(simulator: Simulator) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).parent / "spenders.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **simulator.env()},
    ) as running:
        yield running
        assert running.stdin
        running.stdin.close()


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    processes=PROCESSES,
    scenarios=st.lists(st.sampled_from(sorted(SCENARIOS)), min_size=1, max_size=5),
    broken=st.dictionaries(st.integers(1, 8), st.sampled_from(sorted(FAULTS)), max_size=3),
)
@example(
    processes=[[(2, False, "")] * 6] * 3, scenarios=["as estimated"], broken={1: "lost answer"}
)
@example(
    processes=[[(4, True, "response")], [(4, True, "request")], [(4, True, "")] * 4],
    scenarios=["dearer", "failed"],
    broken={},
)
def test_a_budget_holds(
    simulator: Simulator,
    spenders: subprocess.Popen[str],
    processes: list[list[tuple[int, bool, str]]],
    scenarios: list[str],
    broken: dict[int, str],
) -> None:
    simulator.clear()
    simulator.take_turns(*(SCENARIOS[name] for name in scenarios))
    for nth, name in broken.items():
        simulator.faults.add("Run/*", FAULTS[name], nth=nth)
    with tempfile.TemporaryDirectory() as folder:
        journal = Path(folder) / "journal"
        assert spenders.stdin
        assert spenders.stdout
        spenders.stdin.write(json.dumps([str(journal), str(BUDGET), processes]) + "\n")
        spenders.stdin.flush()
        assert spenders.stdout.readline() == "done\n"
        simulator.faults.clear()
        costs, over = billed(simulator)
        assert sum(costs) <= BUDGET + over
        assert committed(journal) <= BUDGET + over
        # Nothing is spent that the journal does not count, but for what was dearer.
        assert committed(journal) >= sum(costs) - over
        settle(simulator, journal)
        assert committed(journal) == sum(costs)


def billed(simulator: Simulator) -> tuple[list[Decimal], Decimal]:
    """What every run has cost, and by how much more in all than was estimated."""
    with client(simulator) as wiro:
        details = [task.detail for task in wiro.tasks()]
    costs: list[Decimal] = []
    over = Decimal(0)
    for detail in details:
        assert detail is not None
        cost = detail.cost or Decimal(0)
        estimate = Decimal(EACH) * Decimal(str(detail.raw["parameters"]["samples"]))
        costs.append(cost)
        over += max(Decimal(0), cost - estimate)
    return costs, over


def committed(journal: Path) -> Decimal:
    with closing(sqlite3.connect(journal)) as db:
        (amount,) = db.execute(COMMITTED).fetchone()
    return to_dollars(amount)


def settle(simulator: Simulator, journal: Path) -> None:
    """Find out what became of everything, as the next process would."""
    with client(simulator, journal=journal) as wiro:
        for each in wiro.resume():
            if isinstance(each, LostSubmission):
                wiro.forget(each)
            else:
                each.refresh()
    with closing(Journal(journal)) as settled:
        assert settled.reserved() == 0


def client(simulator: Simulator, **more: Any) -> Wiro:
    return Wiro(
        simulator.api_key,
        simulator.api_secret,
        base_url=simulator.base_url,
        poll=PollSchedule.every(0.001),
        **more,
    )
