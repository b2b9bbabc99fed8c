"""One batch, many machines: workers that are killed, cut off, or lose their database."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import psycopg
import pytest
from psycopg import sql

from batch.kit import TOOL, Shell, check_complete, paid, prompts, results, write_csv
from batch.postgres import Server, Way, postgres
from fork_server import Process
from wiro_runtime.batch import Batch
from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

FULL: Final = os.environ.get("FULL") == "1"
ROWS: Final = 1000 if FULL else 80
AWAY: Final = 10.0 if FULL else 1.5
LEASE: Final = 30.0 if FULL else 4.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    with postgres() as found:
        if found is None:
            pytest.skip("PostgreSQL is not installed")
        yield found


@pytest.fixture
def server(cluster: Server) -> Server:
    """The cluster, with an empty database for this test."""
    name = f"test_{time.monotonic_ns()}"
    cluster.database = "postgres"
    with psycopg.connect(cluster.address(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    cluster.database = name
    return cluster


def until(condition: Callable[[], bool], *processes: Process) -> None:
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        for process in processes:
            if process.poll() is not None:
                pytest.fail(f"ended with {process.returncode}: {process.communicate()}")
        time.sleep(0.02)


def workers(server: Server) -> int:
    """How many have a lease."""
    with psycopg.connect(server.address()) as connection:
        found = connection.execute("SELECT count(*) FROM wiro_batch_workers").fetchone()
    return found[0] if found else 0


def test_three_workers_one_killed_one_cut_off(
    server: Server, lively_shell: Shell, lively: Simulator
) -> None:
    shell, simulator = lively_shell, lively
    table = write_csv(shell.folder / "rows.csv", prompts(ROWS))
    # Few rows are run before all have joined.
    simulator.concurrency_limit = 2
    way = Way(server.port)
    run = shell.start(
        "run", TOOL, str(table), "--out", "out", "--database", server.address(), lease=LEASE
    )
    until(lambda: len(simulator.runs) > 2, run)
    # Workers of the same machine share its folder.
    join = ("worker", "--out", "out", "--database")
    killed = shell.start(*join, server.address(), lease=LEASE)
    cut_off = shell.start(*join, server.address(way.port), lease=LEASE)
    until(lambda: workers(server) == 3, run, cut_off, killed)
    before = len(simulator.runs)
    assert before < ROWS - 30
    simulator.concurrency_limit = 8
    until(lambda: len(simulator.runs) > before + 20, run, cut_off, killed)
    way.cut()
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    time.sleep(AWAY)
    way.mend()
    out, err = run.communicate(timeout=600)
    assert "Traceback" not in err
    cut_out, cut_err = cut_off.communicate(timeout=120)
    assert "Traceback" not in cut_err, cut_err
    way.close()
    assert cut_off.returncode in (0, 1), (cut_out, cut_err)
    assert "rows done" in cut_out
    assert run.returncode in (0, 1), (out, err)
    if run.returncode:
        # What the killed worker was about to send, and Wiro never got.
        assert "go on with: wiro-tools batch resume out" in err
        again = shell("resume", "out", "--database", server.address(), lease=LEASE)
        assert again.code == 0, again
    check_complete(simulator, shell.folder / "out", ROWS)
    print(out.strip(), "|", cut_out.strip())  # noqa: T201 - figures of the full size


def test_workers_of_a_folder_may_join_in_one_moment(
    server: Server, simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def slow_disk(_descriptor: int) -> None:
        time.sleep(0.02)

    monkeypatch.setattr(os, "fsync", slow_disk)
    with Batch(TOOL, prompts(1), out=tmp_path / "out", database=server.address()) as batch:
        assert batch.run().complete

    def join(_: int) -> None:
        for _ in range(3):
            with Batch.join(tmp_path / "out", database=server.address()):
                pass

    with ThreadPoolExecutor(8) as workers:
        list(workers.map(join, range(8)))
    assert not list((tmp_path / "out").glob(".*.part"))


def test_a_database_that_goes_away_ends_in_one_line_and_resumes(
    server: Server, lively_shell: Shell, lively: Simulator
) -> None:
    shell, simulator = lively_shell, lively
    table = write_csv(shell.folder / "rows.csv", prompts(24))
    address = ("--database", server.address())
    command = ("run", TOOL, str(table), "--out", "out", "--concurrency", "4", *address)
    run = shell.start(*command, patience=1, lease=LEASE)
    until(lambda: len(simulator.runs) >= 8, run)
    server.stop()
    _, err = run.communicate(timeout=120)
    assert run.returncode == 1
    (line,) = [each for each in err.splitlines() if each.startswith("wiro-tools: ")]
    assert "the database" in line
    assert "batch resume out" in line
    down = shell("status", "out", *address)
    assert (down.code, down.err.count("\n")) == (1, 1), down
    server.start()
    assert shell("resume", "out", *address, lease=LEASE).code == 0
    check_complete(simulator, shell.folder / "out", 24)
    assert len(results(shell.folder / "out")) == 24
    assert len(paid(simulator)) == 24


STOP_BEFORE_SENDING: Final = """
import signal, threading
from wiro_runtime.http import api

async def stop(hook, info, signal=signal, threading=threading, api=api, plain=api.call_hook):
    if "/Run/" in getattr(info, "path", ""):
        api.call_hook = plain
        # A signal to the whole process lets this thread run on for some milliseconds.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    await plain(hook, info)

api.call_hook = stop
"""


def test_a_worker_that_is_stopped_before_it_sends_pays_for_nothing_twice(
    server: Server, shell: Shell, simulator: Simulator
) -> None:
    """It goes on when another has taken its row for lost, found no task, and sent it."""
    table = write_csv(shell.folder / "rows.csv", prompts(1))
    place = ("--database", server.address())
    stopped = shell.start(
        "run", TOOL, str(table), "--out", "out", *place, lease=LEASE, first=STOP_BEFORE_SENDING
    )
    try:
        until(lambda: _state(stopped) == "T", stopped)
        assert not simulator.runs
        time.sleep(LEASE + 0.5)
        done = shell("worker", "--out", "elsewhere", *place, lease=LEASE)
        assert done.code == 0, done
        assert len(simulator.runs) == 1
    finally:
        stopped.send_signal(signal.SIGCONT)
    out, err = stopped.communicate(timeout=120)
    assert len(simulator.runs) == 1
    assert out.startswith("1 of 1 row done"), (out, err)


def test_one_resume_sends_what_killed_workers_were_about_to_send(
    server: Server, shell: Shell, simulator: Simulator
) -> None:
    """Their leases are valid still when it begins."""
    table = write_csv(shell.folder / "rows.csv", prompts(3))
    place = ("--database", server.address())
    killed = shell.start(
        "run", TOOL, str(table), "--out", "out", *place, lease=LEASE, first=STOP_BEFORE_SENDING
    )
    until(lambda: _state(killed) == "T", killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    done = shell("resume", "out", *place, lease=LEASE)
    assert (done.code, done.err.count("resume")) == (0, 0), done
    check_complete(simulator, shell.folder / "out", 3)


def _state(process: Process) -> str:
    """``T`` for one that is stopped."""
    return Path(f"/proc/{process.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
