"""One journal, many processes: nothing is lost, nothing is handed out twice, nothing grows."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from runtime.killing import kill_processes
from runtime.kit import TOOL, Kit
from wiro_runtime import LostSubmission, Task, Wiro
from wiro_runtime.tasks import journal as journal_module
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.testing import Simulator, faults

pytestmark = pytest.mark.slow

PROMPT = {"prompt": "a lighthouse"}


def client(simulator: Simulator, journal: Path) -> Wiro:
    made = Kit("sync", simulator).client(journal=journal)
    assert isinstance(made, Wiro)
    return made


def ids(client: Wiro) -> list[str]:
    return [each.id for each in client.resume() if isinstance(each, Task)]


def test_what_a_living_client_is_at_work_on_is_left_to_it(
    manual: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    with client(manual, path) as second, client(manual, path) as third:
        with client(manual, path) as first:
            task = first.submit(TOOL, PROMPT)
            assert ids(first) == [task.id]
            assert ids(second) == []
        # Closing gives up what is unfinished, and one of those who ask gets it.
        assert ids(second) == [task.id]
        assert ids(third) == []
        assert ids(second) == [task.id]
    assert [each.name for each in tmp_path.iterdir()] == ["journal"]


def test_a_task_that_another_client_sees_to_its_end_is_ended_for_all(
    instant: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    with client(instant, path) as first, client(instant, path) as second:
        task = first.submit(TOOL, PROMPT)
        second.task(task.id).wait()
        assert ids(first) == []
        assert [each.id for each in first.resume(ended=True) if isinstance(each, Task)] == [task.id]


def test_a_submission_under_way_is_not_called_lost(instant: Simulator, tmp_path: Path) -> None:
    instant.faults.add("Run/*", faults.slow(0.5))
    with client(instant, tmp_path / "journal") as one:
        thread = threading.Thread(target=one.submit, args=(TOOL, PROMPT))
        thread.start()
        while not instant.runs:
            time.sleep(0.01)
        assert list(one.resume()) == []
        thread.join()
        assert len(ids(one)) == 1


def test_a_lost_submission_is_given_to_one_client(instant: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    dead = Journal(path)
    key = dead.begin(TOOL, PROMPT)
    dead.close()
    with client(instant, path) as first, client(instant, path) as second:
        (lost,) = first.resume()
        assert isinstance(lost, LostSubmission)
        assert (lost.key, lost.inputs) == (key, PROMPT)
        assert list(second.resume()) == []
        first.forget(lost)
        assert list(first.resume()) == []


def test_it_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_module, "_ENDED_KEPT", 100)
    path = tmp_path / "journal"
    journal = Journal(path)
    keep = journal.begin("a/b", {"prompt": "kept"})
    lost = journal.begin("a/b", {"prompt": "lost"})
    journal.accepted(keep, "kept", "")
    largest = 0
    for number in range(800):
        key = journal.begin("a/b", {"prompt": "x" * 100})
        journal.accepted(key, str(number), "")
        journal.ended("task_postprocess_end", str(number))
        largest = max(largest, sum(each.stat().st_size for each in tmp_path.iterdir()))
    assert largest < 3_000_000
    assert [task.id for task in journal.ended_tasks()] == [str(n) for n in range(700, 800)]
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM submissions").fetchone() == (102,)
    journal.uncertain(lost)
    journal.close()

    with closing(Journal(path)) as journal:
        tasks, submissions = journal.unfinished()
    assert [(task.id, task.tool) for task in tasks] == [("kept", "a/b")]
    assert [(each.key, each.inputs) for each in submissions] == [(lost, {"prompt": "lost"})]


def test_a_task_that_has_only_a_token_is_ended_by_it(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal")) as journal:
        for token in ("one", "two"):
            journal.accepted(journal.begin("a/b", {}), "", token)
        journal.ended("task_cancel", "7", "two")
        journal.ended("task_cancel", "", "")
        assert [(task.id, task.token) for task in journal.unfinished()[0]] == [("", "one")]
        assert [(task.id, task.token) for task in journal.ended_tasks()] == [("7", "two")]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    link.symlink_to(real)
    with closing(Journal(link)) as one, closing(Journal(real)) as other:
        one.accepted(one.begin("a/b", {}), "5", "")
        other.ended("task_cancel", "5")
        assert one.unfinished() == ([], [])
    assert link.is_symlink()


def expire(path: Path) -> None:
    """Let every lease be that of a client on another computer which has ended."""
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE clients SET until = 0")


def test_a_lease_that_is_not_renewed_ends(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with (
        closing(Journal(path)) as one,
        closing(Journal(path)) as two,
        closing(Journal(path)) as three,
    ):
        key = one.begin("a/b", {"prompt": "on its way"})
        one.accepted(one.begin("a/b", {}), "1", "")
        assert two.unfinished() == ([], [])
        expire(path)
        one.renew()
        assert two.unfinished() == ([], [])
        expire(path)
        two.renew()
        tasks, lost = two.unfinished()
        assert ([task.id for task in tasks], [each.key for each in lost]) == (["1"], [key])
        assert three.unfinished() == one.unfinished() == ([], [])
        # The first client was only slow: its response arrives after all.
        one.accepted(key, "2", "")
        assert [task.id for task in two.unfinished()[0]] == ["2", "1"]


@pytest.mark.parametrize("taken_away", [True, False])
def test_what_is_sent_after_a_lease_is_gone_has_a_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken_away: bool
) -> None:
    """The computer slept longer than a lease lasts, or the file was removed."""
    path = tmp_path / "journal"
    with closing(Journal(path)) as one, closing(Journal(path)) as two:
        one.settled(one.begin("a/b", {}), "refused")
        if taken_away:
            path.unlink()
        else:
            later = time.time() + journal_module.LEASE + 1
            monkeypatch.setattr(time, "time", lambda: later)
            two.unfinished()
            with closing(sqlite3.connect(path)) as database:
                assert database.execute("SELECT count(*) FROM clients").fetchone() == (1,)
        one.begin("a/b", PROMPT)
        assert two.unfinished() == ([], [])


@pytest.mark.skipif(os.name != "posix", reason="the system cannot tell")
@pytest.mark.parametrize(
    ("error", "runs"), [(PermissionError, True), (OverflowError, True), (ProcessLookupError, False)]
)
def test_a_process_that_belongs_to_another_user_is_one_that_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[Exception], runs: bool
) -> None:
    def refuse(_pid: int, _signal: int) -> None:
        raise error

    monkeypatch.setattr(os, "kill", refuse)
    with closing(Journal(tmp_path / "journal")) as one, closing(Journal(one.path)) as two:
        one.accepted(one.begin("a/b", {}), "1", "")
        assert [task.id for task in two.unfinished()[0]] == ([] if runs else ["1"])


def test_the_lease_is_renewed_while_its_client_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "LEASE", 0.4)
    path = tmp_path / "journal"
    with closing(Journal(path)) as one, closing(Journal(path)) as other:
        one.accepted(one.begin("a/b", {}), "1", "")
        until = time.monotonic() + 1.5
        while time.monotonic() < until:
            assert other.unfinished() == ([], [])
            time.sleep(0.02)


AT_ONCE = """
import os, sys
from wiro_runtime.tasks.journal import Journal

def at_once(count, act):
    # Processes that have imported everything, and begin when the last of them is there.
    ready, start, done = os.pipe(), os.pipe(), os.pipe()
    for number in range(count):
        if os.fork() == 0:
            os.close(start[1])
            os.close(done[1])
            os.write(ready[1], b".")
            os.read(start[0], 1)
            line = " ".join(map(str, act(number)))
            os.write(1, f"{line}\\n".encode())  # at once, for others write there, too
            os.close(ready[1])
            os.read(done[0], 1)
            os._exit(0)
    for number in range(count):
        os.read(ready[0], 1)
    os.close(ready[1])
    os.close(start[1])
    os.read(ready[0], 1)
    os.close(done[1])
    for number in range(count):
        assert os.wait()[1] == 0
"""


def processes(script: str, path: Path) -> list[list[str]]:
    """The words of each line that the processes of ``script`` have printed."""
    command = [sys.executable, "-c", AT_ONCE + script, path]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=120)
    return [line.split() for line in done.stdout.splitlines()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_what_a_dead_process_left_goes_to_exactly_one_of_those_who_ask(tmp_path: Path) -> None:
    script = """
if os.fork() == 0:
    journal = Journal(sys.argv[1])
    for number in range(20):
        journal.accepted(journal.begin("a/b", {}), str(number), "")
        journal.begin("a/b", {}, key=f"lost{number}")
    os._exit(0)
os.wait()

def ask(number):
    global journal
    journal = Journal(sys.argv[1])  # open until all have asked
    tasks, lost = journal.unfinished()
    return [*(task.id for task in tasks), *(each.key for each in lost)]

at_once(4, ask)
"""
    found = processes(script, tmp_path / "journal")
    assert len(found) == 4
    expected = [*map(str, range(20)), *(f"lost{number}" for number in range(20))]
    assert sorted(chain.from_iterable(found)) == sorted(expected)


def test_threads_share_a_journal(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "journal")) as journal, ThreadPoolExecutor(8) as pool:

        def submit(number: int) -> None:
            journal.accepted(journal.begin("a/b", {}), str(number), "")
            if number % 2:
                journal.ended("task_cancel", str(number))

        list(pool.map(submit, range(200)))
        assert {task.id for task in journal.unfinished()[0]} == {str(n) for n in range(0, 200, 2)}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_processes_that_open_a_new_journal_at_once_wait_for_each_other(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    script = """
def begin(number):
    journal = Journal(sys.argv[1])
    journal.accepted(journal.begin("a/b", {}), str(number), "")
    return [number]

at_once(6, begin)
"""
    assert sorted(processes(script, path)) == [[str(n)] for n in range(6)]
    with closing(Journal(path)) as journal:
        assert {task.id for task in journal.unfinished()[0]} == {str(n) for n in range(6)}


def test_a_journal_that_another_client_creates_meanwhile_is_no_other_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal"
    connect = sqlite3.connect
    others: list[threading.Thread] = []

    def open_another(statement: str) -> None:
        # Between two reads of the first client, for which it may have to wait.
        if others or not statement.startswith("PRAGMA user_version"):
            return
        monkeypatch.setattr(sqlite3, "connect", connect)
        others.append(threading.Thread(target=lambda: Journal(path).open().close()))
        others[0].start()
        others[0].join(0.3)

    def connect_traced(*args: Any, **options: Any) -> sqlite3.Connection:
        db = connect(*args, **options)
        db.set_trace_callback(open_another)
        return db

    monkeypatch.setattr(sqlite3, "connect", connect_traced)
    with closing(Journal(path)) as journal:
        journal.accepted(journal.begin("a/b", {}), "1", "")
        others[0].join()
        assert [task.id for task in journal.unfinished()[0]] == ["1"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_a_client_of_its_own(instant: Simulator, tmp_path: Path) -> None:
    script = """
import os, sys
from wiro_runtime import Wiro

client = Wiro(journal=sys.argv[1])
client.task(client.submit("wiro/painter", {"prompt": "before"}).id).refresh()
child = os.fork()
task = client.submit("wiro/painter", {"prompt": "child" if child == 0 else "parent"})
if child == 0:
    task.refresh()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
task.refresh()
client.close()
"""
    path = tmp_path / "journal"
    environment = {**os.environ, **instant.env()}
    subprocess.run([sys.executable, "-c", script, path], env=environment, check=True, timeout=60)
    tool_of = {run.taskid: run.body["prompt"] for run in instant.runs}
    journal = Journal(path)
    ended = [tool_of[task.id] for task in journal.ended_tasks()]
    assert sorted(ended) == ["before", "child", "parent"]
    assert journal.unfinished() == ([], [])
    journal.close()


def test_kill_9_at_random_moments_loses_nothing_and_runs_nothing_twice(
    instant: Simulator, tmp_path: Path
) -> None:
    # `python tests/runtime/killing.py 200` for more of it.
    outcome = kill_processes(instant, tmp_path / "journal", 20, 7)
    assert (outcome.twice, outcome.unknown) == ([], [])
    assert outcome.runs > 10
    assert outcome.lost <= 22


def test_two_clients_of_a_process_keep_the_locks_of_the_journal(tmp_path: Path) -> None:
    """SQLite holds them by process: a client that opens the file itself, and closes it, ends those
    of the other. The next process to close the journal removes its log then, with all that is new.
    """
    path = tmp_path / "journal"
    close = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM clients')"
    with closing(Journal(path)) as first, closing(Journal(path)) as second:
        for journal in (first, second):
            journal.begin(TOOL, PROMPT)
        log = path.with_name("journal-wal").stat().st_ino
        subprocess.run([sys.executable, "-c", close, str(path)], check=True)
        assert path.with_name("journal-wal").stat().st_ino == log
        for journal in (first, second):
            journal.begin(TOOL, PROMPT)
    with closing(Journal(path)) as journal:
        assert len(journal.unfinished()[1]) == 4
