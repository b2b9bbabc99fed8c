"""What a budget counts, in memory and in a journal: neither is fooled by odd prices and costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from wiro_runtime.errors import PriceExceeded
from wiro_runtime.price import Price
from wiro_runtime.tasks.budget import Ledger
from wiro_runtime.tasks.detail import TaskDetail
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.tasks.records import KeyTaken

BUDGET = Decimal("1.00")
OPEN_ENDED = Price(Decimal("0.40"), None, exact=False, basis="0.40 an output, at least one")
FIXED = Price(Decimal("0.40"), Decimal("0.40"), exact=True, basis="0.40 a run")


@pytest.fixture(params=["memory", "journal"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made = Ledger(BUDGET) if request.param == "memory" else Journal(tmp_path / "journal")
    yield made
    made.close()


def begin(ledger: Ledger | Journal, key: str, price: Price) -> None:
    if isinstance(ledger, Ledger):
        ledger.begin("wiro/painter", {}, key, price)
    else:
        ledger.begin("wiro/painter", {}, key, price, BUDGET)


def test_a_price_without_an_upper_bound_reserves_the_least_that_it_is(ledger: Any) -> None:
    for key in ("1", "2"):
        begin(ledger, key, OPEN_ENDED)
    with pytest.raises(PriceExceeded, match=r"\$0\.20 of \$1\.00 is left"):
        begin(ledger, "3", OPEN_ENDED)
    ledger.settled("1", "refused")
    begin(ledger, "4", OPEN_ENDED)


def test_a_reservation_takes_no_longer_beside_thousands() -> None:
    ledger = Ledger(Decimal(1_000_000))

    def seconds(first: int) -> float:
        begun = time.process_time()
        for number in range(first, first + 200):
            begin(ledger, str(number), FIXED)
        return time.process_time() - begun

    once = min(seconds(start) for start in (0, 200, 400))
    for number in range(1000, 11_000):
        begin(ledger, str(number), FIXED)
    assert min(seconds(start) for start in (30_000, 30_200, 30_400)) < 5 * once


@pytest.mark.parametrize("cost", ["-100", "1e29", "1000000.01"])
def test_a_cost_that_cannot_be_meant_is_not_known(ledger: Any, cost: str) -> None:
    """What was reserved counts instead, so that nothing makes room in a budget."""
    detail = TaskDetail.read({"status": "task_postprocess_end", "pexit": "0", "totalcost": cost})
    assert detail.cost is None
    for key in ("1", "2"):
        begin(ledger, key, FIXED)
        ledger.accepted(key, key, "")
        ledger.ended(detail.status, key, "", detail.billed_cost)
    with pytest.raises(PriceExceeded, match=r"\$0\.20 of \$1\.00 is left"):
        begin(ledger, "3", FIXED)


@pytest.mark.parametrize(
    "costs",
    [
        ["0.003510000001"] * 3,
        ["0.000000000001"] * 10,
        ["9007.199254740993", "123456.000000000001", "1"],
        ["7", "0.5", "0", "1000000"],
        ["0.0000000000015"],
    ],
)
def test_what_was_spent_is_summed_to_the_last_digit(tmp_path: Path, costs: list[str]) -> None:
    """Wiro tells twelve decimals; a float, or a billionth, keeps fewer."""
    journal = Journal(tmp_path / "journal")
    for number, cost in enumerate(costs):
        key = str(number)
        journal.begin("wiro/painter", {}, key, FIXED)
        journal.accepted(key, key, "")
        journal.ended("task_postprocess_end", key, "", Decimal(cost))
    (total,) = journal.costs()
    # What is smaller still is rounded up.
    each = [Decimal(cost).quantize(Decimal("1e-12"), ROUND_UP) for cost in costs]
    assert total.spent == sum(each)
    assert total.compared == total.spent
    assert total.low == total.high == Decimal("0.40") * total.billed
    journal.close()


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("reason", ["budget", "interruption"])
def test_a_run_that_could_not_begin_takes_no_other_clients_record_away(
    tmp_path: Path, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another client may have begun a run with the same key meanwhile."""
    one, other = Journal(tmp_path / "journal"), Journal(tmp_path / "journal")
    if reason == "budget":
        with pytest.raises(PriceExceeded):
            one.begin("wiro/painter", {}, "same", FIXED, Decimal("0.10"))
    else:
        with monkeypatch.context() as broken:
            broken.setattr(one, "_write", interrupt)
            with pytest.raises(KeyboardInterrupt):
                one.begin("wiro/painter", {}, "same", FIXED)
    other.begin("wiro/painter", {}, "same", FIXED)
    other.accepted("same", "7", "")
    one.begin("wiro/painter", {}, "another", FIXED)
    found = other.find("same")
    assert found is not None
    assert found.task_id == "7"
    with pytest.raises(KeyTaken):
        one.begin("wiro/painter", {}, "same", FIXED)
    assert other.reserved() == Decimal("0.80")
    one.close()
    other.close()
    again = Journal(tmp_path / "journal")
    found = again.find("same")
    assert found is not None
    assert found.task_id == "7"
    again.close()
