"""A disk that fails at any statement of a journal: what was accepted is recorded once it works."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from runtime.kit import TOOL, AnyClient, Kit, each, got
from wiro_runtime import (
    ConfigurationError,
    InsufficientBalanceError,
    PriceExceeded,
)
from wiro_runtime.price import Price
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.testing import faults


def known(journal: Journal) -> list[str]:
    """Ids of the unfinished tasks, and prompts of the lost submissions."""
    tasks, lost = journal.unfinished()
    return [*(task.id for task in tasks), *(str(each.inputs["prompt"]) for each in lost)]


class Failing(sqlite3.Connection):
    """A connection of which the ``step``-th statement fails, as on a full disk, and all that follow
    when it is a ``lasting`` failure."""

    step = 0
    lasting = True

    def _count(self) -> None:
        if Failing.step > 1:
            Failing.step -= 1
        elif Failing.step:
            Failing.step = int(Failing.lasting)
            raise sqlite3.OperationalError("database or disk is full")

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self._count()
        return super().execute(*arguments)

    def __exit__(self, kind: Any, error: Any, trace: Any) -> Any:
        if kind is None:
            try:
                self._count()
            except sqlite3.OperationalError:
                # As when it cannot commit.
                self.rollback()
                raise
        return super().__exit__(kind, error, trace)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    connect: Any = sqlite3.connect

    def open_one(*arguments: Any, **options: Any) -> sqlite3.Connection:
        return connect(*arguments, factory=Failing, **options)

    monkeypatch.setattr(sqlite3, "connect", open_one)
    monkeypatch.setattr(Failing, "step", 0)


@pytest.mark.usefixtures("failing")
def test_whatever_statement_fails_an_accepted_task_is_recorded_once_there_is_room(
    tmp_path: Path,
) -> None:
    for step in count(1):
        path = tmp_path / f"journal{step}"
        with closing(Journal(path)) as one:
            key = one.begin("a/b", {"prompt": "first"})
            Failing.step = step
            failed = False
            try:
                one.accepted(key, "first", "")
            except ConfigurationError:
                failed = True
                # A retry with this key must not take it for a run that has no task yet.
                found = one.find(key)
                assert found is not None
                assert found.task_id == "first"
                with pytest.raises(ConfigurationError):
                    one.begin("a/b", {"prompt": "not sent"})
                assert known(one) == ["first"]
            Failing.step = 0
            if step % 2:
                assert known(one) == ["first"]
        with closing(Journal(path)) as journal:
            assert known(journal) == ["first"], step
        if not failed:
            assert step > 3
            return


@pytest.mark.usefixtures("failing")
def test_what_could_not_be_recorded_is_recorded_with_the_lease(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with closing(Journal(path)) as one:
        key = one.begin("a/b", {"prompt": "first"})
        Failing.step = 1
        with pytest.raises(ConfigurationError):
            one.accepted(key, "first", "")
        one.renew()
        Failing.step = 0
        one.renew()
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT task_id FROM submissions").fetchall() == [("first",)]


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("lasting", [True, False], ids=["for a while", "once"])
def test_whatever_statement_fails_both_clients_know_what_was_accepted(
    manual_kit: Kit, tmp_path: Path, lasting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulator = manual_kit.simulator
    monkeypatch.setattr(Failing, "lasting", lasting)

    async def submit(client: AnyClient) -> bool:
        Failing.step = step
        failure: ConfigurationError | None = None
        try:
            await got(client.submit(TOOL, {"prompt": "x"}))
        except ConfigurationError as error:
            failure = error
        passed = Failing.step > 1
        sent = [run.taskid for run in simulator.runs]
        assert sent or failure, step
        if failure is not None:
            assert failure.task_id == (sent[0] if sent else None), step
            assert all(any(each in note for note in failure.__notes__) for each in sent), step
        assert not sent or [each.id for each in recorded(client)] == sent, step
        Failing.step = 0
        return passed

    def recorded(client: AnyClient) -> list[Any]:
        journal = client.service.recorder.ledger
        assert isinstance(journal, Journal)
        tasks, lost = journal.unfinished()
        assert lost == []
        return tasks

    for step in count(1):
        simulator.clear()
        journal = tmp_path / f"journal{step}"
        passed = manual_kit.run(submit, journal=journal)
        with closing(Journal(journal)) as one:
            assert known(one) == [run.taskid for run in simulator.runs], step
        if passed:
            assert step > 8
            return


@pytest.mark.usefixtures("failing")
def test_a_refusal_is_told_though_the_disk_is_full(kit: Kit, tmp_path: Path) -> None:
    def fill(_body: object) -> None:
        Failing.step = 1

    kit.simulator.out_of_balance()
    kit.simulator.faults.add("Run/*", faults.edit(fill))

    async def flow(client: AnyClient) -> None:
        try:
            with pytest.raises(InsufficientBalanceError):
                await got(client.submit(TOOL, {"prompt": "x"}))
        finally:
            Failing.step = 0

    kit.run(flow, journal=tmp_path / "journal")
    with closing(Journal(tmp_path / "journal")) as journal:
        assert known(journal) == []


@pytest.mark.usefixtures("failing")
def test_a_journal_that_cannot_be_read_is_not_taken_for_an_empty_one(
    manual_kit: Kit, tmp_path: Path
) -> None:
    async def submit(client: AnyClient) -> None:
        await got(client.submit(TOOL, {"prompt": "x"}))

    async def resume(client: AnyClient) -> None:
        Failing.step = 1
        try:
            with pytest.raises(ConfigurationError, match="disk is full"):
                await each(client.resume())
        finally:
            Failing.step = 0
        assert len(await each(client.resume())) == 1

    journal = tmp_path / "journal"
    manual_kit.run(submit, journal=journal)
    manual_kit.run(resume, journal=journal)


@pytest.mark.usefixtures("failing")
def test_a_query_that_fails_is_an_error_of_the_journal(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal").open()) as journal:
        Failing.step = 1
        with pytest.raises(ConfigurationError, match="cannot read the journal"):
            journal.costs()
        Failing.step = 0


@pytest.mark.usefixtures("failing")
def test_closing_a_client_says_what_the_journal_could_not_record(
    manual_kit: Kit, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def flow(client: AnyClient) -> None:
        def fill(_body: object) -> None:
            Failing.step = 1

        manual_kit.simulator.faults.add("Run/*", faults.edit(fill))
        with pytest.raises(ConfigurationError):
            await got(client.submit(TOOL, {"prompt": "x"}))

    manual_kit.run(flow, journal=tmp_path / "journal")
    Failing.step = 0
    (run,) = manual_kit.simulator.runs
    assert caplog.messages[-1].endswith(f"not recorded: {run.taskid}")


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("budget", [None, Decimal("0.01")])
def test_runs_that_could_not_begin_cost_the_next_one_nothing(
    tmp_path: Path, budget: Decimal | None
) -> None:
    """A service tries again for hours, on a full disk or at the end of its budget."""
    dear = Price(Decimal(1), Decimal(1), exact=True, basis="")
    with closing(Journal(tmp_path / "journal")) as journal:

        def count_statements() -> int:
            Failing.step = 1000
            journal.begin("a/b", {})
            return 1000 - Failing.step

        journal.open()
        few = count_statements()
        for _ in range(20):
            Failing.step = 0 if budget else 1
            with pytest.raises((ConfigurationError, PriceExceeded)):
                journal.begin("a/b", {}, price=dear, budget=budget)
        assert count_statements() <= few
        assert len(journal.known()[1]) == 2


class HandedOver:
    """A lock that another thread takes whenever it is free again."""

    def __init__(self, lock: Any, other: Callable[[], None]) -> None:
        self.lock = lock
        self.other = other

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_error: object) -> None:
        self.lock.release()
        with self.lock:
            self.other()


def test_a_run_that_could_not_begin_is_recorded_by_no_other_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal").open()
    write, lock = Journal._write, journal.lock

    def fail_once(*_given: Any, **_more: Any) -> None:
        monkeypatch.setattr(Journal, "_write", write)
        raise ConfigurationError("database or disk is full")

    def save() -> None:
        journal.lock = lock
        journal.renew()

    monkeypatch.setattr(Journal, "_write", fail_once)
    journal.lock = HandedOver(lock, save)  # pyright: ignore[reportAttributeAccessIssue] - as much of a lock as is used
    with pytest.raises(ConfigurationError):
        journal.begin("a/b", {"prompt": "x"})
    assert journal.known() == (set(), [])
    journal.close()
