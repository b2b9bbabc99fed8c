"""What a batch counts as spent, what it keeps for runs of which that is not known, and what it
says."""

from __future__ import annotations

import itertools
import json
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from batch.kit import TOOL, Shell, prompts, results, write_csv
from runtime.kit import WrongTime
from wiro_runtime import Wiro
from wiro_runtime.batch import Batch
from wiro_runtime.batch.store import Intent, Right, Store
from wiro_runtime.catalogue import packages
from wiro_runtime.cli import app as cli
from wiro_runtime.errors import ConfigurationError, PriceExceeded
from wiro_runtime.generated import Tariff
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.tasks.settle import OTHER_KEY
from wiro_runtime.testing import Scenario, Simulator, faults
from wiro_tools.wiro import text_to_image_sd_lora as sd

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("priced")]


def test_amounts_have_all_their_digits(priced: Simulator, tmp_path: Path) -> None:
    priced.plan(Scenario(cost="0.00702"), times=None)
    with Batch(TOOL, prompts(2), out=tmp_path / "out") as batch:
        assert str(batch.run()).startswith("2 of 2 rows done, $0.01404, ")


@pytest.mark.parametrize(
    ("changes", "status", "spent", "reserved"),
    [
        # A killed task can be billed, and only its cost tells.
        ({"status": "task_cancel", "starttime": "1", "totalcost": ""}, "cancelled", "0.05", "0"),
        ({"status": "task_cancel", "starttime": "0", "totalcost": ""}, "cancelled", "0", "0"),
        ({"pexit": "1", "totalcost": ""}, "failed", "0", "0"),
        ({"totalcost": ""}, "done", "0.05", "0"),
        ({"totalcost": "-7"}, "done", "0.05", "0"),
        ({"totalcost": "1e29"}, "done", "0.05", "0"),
    ],
)
def test_a_cost_that_wiro_does_not_tell(
    priced: Simulator,
    tmp_path: Path,
    changes: dict[str, str],
    status: str,
    spent: str,
    reserved: str,
) -> None:
    def change(response: dict[str, Any]) -> None:
        for task in response["tasklist"]:
            if task["status"] == "task_postprocess_end":
                task.update(changes)

    priced.faults.add("Task/Detail", faults.edit(change), times=None)
    with Batch(TOOL, prompts(1), out=tmp_path / "out", budget=1) as batch:
        totals = batch.run().totals
    assert totals.counts == {status: 1}
    assert (totals.spent, totals.reserved) == (Decimal(spent), Decimal(reserved))


def test_a_task_that_is_not_there_is_not_paid_for_again(
    priced: Simulator,
    tmp_path: Path,
) -> None:
    """As with the key of another account: retry would pay twice, and forget the task."""
    missing = priced.faults.add("Task/Detail", faults.error(1, "not found"), times=None)
    with Batch(TOOL, prompts(2), out=tmp_path / "out", budget=1) as batch:
        for report in (batch.run(), batch.retry()):
            assert report.totals.counts == {"running": 2}
            assert report.totals.reserved == Decimal("0.10")
        assert "knows no task" in batch.rows()[0].error
        priced.faults.rules.remove(missing)
        assert batch.resume().complete
    assert len(priced.runs) == 2


@pytest.mark.parametrize("journal", [False, True])
def test_the_budget_of_a_client_is_one_for_all_its_batches(
    priced: Simulator,
    tmp_path: Path,
    journal: bool,
) -> None:
    kept = tmp_path / "journal" if journal else None
    with Wiro(budget="0.20", journal=kept) as client:
        client.run(TOOL, prompts(1)[0])
        with Batch(TOOL, prompts(2), out=tmp_path / "one", client=client) as batch:
            assert batch.run().complete
        with Batch(TOOL, prompts(2), out=tmp_path / "two", client=client) as batch:
            assert "of $0.20 is left" in batch.run().stopped
            assert "of $0.20 is left" in batch.resume().stopped
        assert len(priced.runs) == 4
        if journal:
            assert client.settle() == []


@pytest.mark.parametrize(
    ("samples", "says"),
    [
        ([1, 0], "2 rows, $0.05 and 1 of unknown price (from $0.05)"),
        ([0, 0], "2 rows, from $0.10"),
        ([1, 2], "2 rows, $0.15"),
    ],
)
def test_a_plan_counts_rows_without_an_upper_bound_apart(
    tmp_path: Path, samples: list[int], says: str
) -> None:
    rows = [{"prompt": "x", "samples": each} for each in samples]
    with Batch(TOOL, rows, out=tmp_path / "out") as batch:
        plan = batch.plan()
    assert str(plan) == says
    assert plan.low == sum(Decimal("0.05") * max(each, 1) for each in samples)


def test_a_client_with_a_budget_runs_a_batch_of_a_package_that_is_only_named(
    priced: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packages, "installed_catalogues", list)
    with Wiro(budget="0.12") as client:
        rows, out = prompts(3), tmp_path / "out"
        with Batch(TOOL, rows, out=out, client=client, package="wiro_tools") as batch:
            assert "$0.02 of $0.12 is left" in batch.run().stopped
    with Wiro(budget=1) as client, Batch.open(out, client=client) as batch:
        assert batch.resume().complete
    assert len(priced.runs) == 3


@pytest.mark.parametrize("limit", [{"max_cost": "0.04"}, {"budget": "0.04"}])
def test_a_run_without_checks_of_a_package_that_is_only_named_has_its_price(
    priced: Simulator, monkeypatch: pytest.MonkeyPatch, limit: dict[str, str]
) -> None:
    monkeypatch.setattr(packages, "installed_catalogues", list)
    ceiling = {key: limit[key] for key in ("max_cost",) if key in limit}
    with Wiro(budget=limit.get("budget")) as client:
        run = partial(client.run, TOOL, validate=False, package="wiro_tools", **ceiling)
        with pytest.raises(PriceExceeded, match=r"the price is \$0\.05|of \$0\.04 is left"):
            run({"prompt": "a", "samples": 1})
    assert not priced.runs


@pytest.mark.parametrize("failures", [1, 3, None])
def test_a_task_that_the_journal_of_the_client_cannot_record_is_not_paid_for_again(
    priced: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: int | None
) -> None:
    full = itertools.count() if failures is None else iter(range(failures))
    accepted = Journal.accepted

    def fails(journal: Journal, key: str, task_id: str, token: str) -> None:
        accepted(journal, key, task_id, token)
        if next(full, None) is not None:
            raise ConfigurationError("cannot write the journal: database or disk is full")

    monkeypatch.setattr(Journal, "accepted", fails)
    with (
        Wiro(budget=1, journal=tmp_path / "journal") as client,
        Batch(TOOL, prompts(3), out=tmp_path / "out", client=client) as batch,
    ):
        assert batch.run().complete
        assert batch.resume().complete
    assert len(priced.runs) == 3


def test_a_price_without_an_upper_bound_reserves_the_least_that_it_is(
    priced: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rates: list[dict[str, Any]] = [{"inputs": {}, "method": "cpo", "price": "0.05"}]
    monkeypatch.setattr(sd.Inputs, "_tariff", Tariff({"rates": rates}))
    with Batch(TOOL, prompts(5), out=tmp_path / "out", budget="0.12", allow_unknown=True) as batch:
        report = batch.run()
        assert report.stopped == "the budget of $0.12 does not cover another row"
        assert (report.totals.spent, report.totals.reserved) == (Decimal("0.10"), 0)
    assert len(priced.runs) == 2


def test_rows_that_wait_are_priced_anew_with_the_table(
    priced: Simulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Prices have risen since the batch was stopped."""
    with Batch(TOOL, prompts(4), out=tmp_path / "out", budget="0.10") as batch:
        assert batch.run().unfinished == 2
    rates: list[dict[str, Any]] = [{"inputs": {}, "method": "cpr", "price": "0.30"}]
    monkeypatch.setattr(sd.Inputs, "_tariff", Tariff({"rates": rates}))
    with Batch(TOOL, prompts(4), out=tmp_path / "out", budget="0.44") as batch:
        report = batch.run()
        assert (report.unfinished, report.stopped[:20]) == (1, "the budget of $0.44 ")
        assert report.totals.reserved == 0
    assert len(priced.runs) == 3


def test_a_budget_that_no_database_can_hold(shell: Shell) -> None:
    write_csv(shell.folder / "rows.csv", prompts(1))
    done = shell(
        "run", TOOL, "rows.csv", "--out", "an out", "--budget", "999999999", "--allow-unknown"
    )
    assert done.code == 0, done
    assert [each["status"] for each in results(shell.folder / "an out")] == ["done"]


def test_commands_that_are_suggested_can_be_pasted(shell: Shell, simulator: Simulator) -> None:
    simulator.plan(Scenario.failing())
    write_csv(shell.folder / "rows.csv", prompts(1))
    done = shell("run", TOOL, "rows.csv", "--out", "an $(out)")
    assert "batch retry 'an $(out)'" in done.err


def test_a_clock_that_is_wrong_pays_for_no_row_twice(
    priced: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("http.api", "batch.store", "tasks.settle"):
        monkeypatch.setattr(f"wiro_runtime.{module}.time", WrongTime(7200.0))
    priced.faults.add("Run/*", faults.reset(acts=True))
    with Batch(TOOL, prompts(1), out=tmp_path / "out") as batch:
        batch.run()
        assert batch.resume().complete
    assert len(priced.runs) == 1


def test_a_clock_that_was_wrong_only_when_a_row_was_sent(
    priced: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    priced.faults.add("Run/*", faults.reset(acts=True))
    priced.faults.add("Task/List", faults.status(400))
    with monkeypatch.context() as wrong:
        for module in ("http.api", "batch.store", "tasks.settle"):
            wrong.setattr(f"wiro_runtime.{module}.time", WrongTime(7200.0))
        with Batch(TOOL, prompts(1), out=tmp_path / "out") as batch:
            assert batch.run().totals.counts == {"uncertain": 1}
    with Batch.open(tmp_path / "out") as batch:
        assert batch.resume().totals.counts == {"uncertain": 1}
        (row, (task,)) = batch.settle().candidates[0]
        batch.settle(tasks={row: task})
        assert batch.resume().complete
    assert len(priced.runs) == 1


def test_what_another_key_has_sent_is_not_sent_again(
    simulator: Simulator, shell: Shell, project_tools: list[dict[str, Any]]
) -> None:
    write_csv(shell.folder / "rows.csv", prompts(2))
    simulator.faults.add("Run/*", faults.reset(acts=True))
    simulator.faults.add("Task/List", faults.status(400))
    simulator.concurrency_limit = 1
    assert shell("run", TOOL, "rows.csv", "--out", "out", "--concurrency", "1").code == 1
    sent = len(simulator.runs)
    with Simulator(project_tools, api_key="another", api_secret="secret") as other:
        theirs = Shell(folder=shell.folder, simulator=other)
        done = theirs("settle", "out")
        assert done.out == "1 row uncertain, 1 of them sent with another API key\n"
        theirs("resume", "out")
        assert all(run.body["prompt"] != simulator.runs[0].body["prompt"] for run in other.runs)
        (lost,) = [each for each in results(shell.folder / "out") if each["status"] == "uncertain"]
        assert lost["error"] == OTHER_KEY
    assert shell("resume", "out").code == 0
    assert len(simulator.runs) == sent
    (database,) = shell.folder.glob("out/batch.sqlite")
    assert simulator.api_key.encode() not in database.read_bytes()


def test_every_request_has_an_intent_of_its_own(
    priced: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a client waits to repeat a request, another worker may take the row for lost."""
    intents: list[str] = []
    intend = Store.intend

    def counted(store: Store, intent: Intent, worker: str) -> Right:
        intents.append(intent.nonce)
        return intend(store, intent, worker)

    monkeypatch.setattr(Store, "intend", counted)
    priced.faults.add("Run/*", faults.rate_limited(seconds=0.01), times=2)
    with Batch(TOOL, prompts(1), out=tmp_path / "out") as batch:
        assert batch.run().complete
    requests = sum("/Run/" in each.path for each in priced.requests)
    assert (len(set(intents)), requests) == (3, 3)


def test_a_budget_stays_until_another_is_given(priced: Simulator, tmp_path: Path) -> None:
    for budget, done in (("0.10", 2), (None, 2), ("0.15", 3)):
        with Batch(TOOL, prompts(5), out=tmp_path / "out", budget=budget) as batch:
            assert batch.run().totals.counts == {"done": done, "pending": 5 - done}
    assert len(priced.runs) == 3


def test_a_budget_that_comes_later_holds_for_rows_of_unknown_price(
    priced: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sd.Inputs, "_tariff", None)
    priced.out_of_balance()
    with Batch(TOOL, prompts(3), out=tmp_path / "out") as batch:
        assert batch.run().unfinished == 3
        priced.balance = None
        report = batch.resume(budget="0.01")
        assert "is unknown, so no budget can hold" in report.stopped
        assert (len(priced.runs), report.unfinished) == (0, 3)
    with Batch(TOOL, prompts(3), out=tmp_path / "out", budget=1, allow_unknown=True) as batch:
        assert batch.run().complete


def test_costs_of_batches_are_what_they_have_spent(
    simulator: Simulator,
    shell: Shell,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    simulator.take_turns(Scenario.failing(), Scenario(cost="0.000000000001"), Scenario(cost="0.07"))
    for name in ("one", "two"):
        write_csv(shell.folder / f"{name}.csv", prompts(2))
        shell("run", TOOL, f"{name}.csv", "--out", name)
    with Batch.open(shell.folder / "one") as batch:
        batch.retry()
        (cost,) = batch.costs()
        assert (cost.tool, cost.runs, cost.billed) == (TOOL, 3, 2)
        assert cost.spent == batch.status().spent == Decimal("0.000000000002")
    with Batch.open(shell.folder / "two") as batch:
        spent = cost.spent + batch.status().spent
    monkeypatch.chdir(shell.folder)
    assert cli.run(["costs", "one", "two", "./one", "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert found["costs"][0]["spent"] == f"{spent.normalize():f}"
    assert found["reserved"] == "0"
