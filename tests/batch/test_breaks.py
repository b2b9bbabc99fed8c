"""What breaks in the middle of a batch ends it in one clear line, and it is resumed later."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from dbos._sys_db import SystemDatabase
from sqlalchemy.exc import OperationalError

from batch.kit import TOOL, Shell, check_complete, prompts, results, write_csv
from wiro_runtime import Retries, Wiro
from wiro_runtime.batch import Batch, BatchError, engine
from wiro_runtime.batch.plan import Planner
from wiro_runtime.testing import Scenario, Simulator, faults
from wiro_tools.wiro import text_to_image_sd_lora as sd

pytestmark = pytest.mark.slow


def test_a_budget_that_runs_out_in_the_middle(priced: Simulator, tmp_path: Path) -> None:
    """What is spent and reserved never passes it; a failure gives its price back."""
    priced.plan(Scenario.failing(), times=2)
    with Batch(TOOL, prompts(20), out=tmp_path / "out", budget="0.52") as batch:
        assert batch.plan().price == "$1.00"
        report = batch.run()
        assert report.stopped == "the budget of $0.52 does not cover another row"
        counts = batch.status().counts
        assert counts["done"] == 10
        assert counts["failed"] == 2
        assert report.totals.spent == Decimal("0.50")
        assert report.totals.reserved == 0
        assert batch.resume().stopped == report.stopped
        assert len(priced.runs) == 12
        assert batch.retry(budget=1).complete
    assert len(results(tmp_path / "out")) == 20
    assert len(priced.runs) == 22


def test_rows_above_a_limit_are_refused_before_anything_is_sent(
    priced: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"prompt": "x", "samples": count} for count in (1, 2, 3, 4)]
    with Batch(TOOL, rows, out=tmp_path / "out", max_cost="0.10") as batch:
        plan = batch.plan()
    assert str(plan) == "2 rows, $0.15, 2 rows refused: lines 3, 4"
    assert plan.refused[0].reason == "its price is $0.15, above max_cost of $0.10"
    monkeypatch.setattr(sd.Inputs, "_tariff", None)
    for allowed in (False, True):
        with Batch(TOOL, rows, out=tmp_path / "out", budget=1, allow_unknown=allowed) as batch:
            plan = batch.plan()
        assert len(plan.refused) == (0 if allowed else 4)
    assert plan.price == "price unknown"
    assert not priced.runs


def test_two_hundred_bad_rows(shell: Shell, simulator: Simulator) -> None:
    rows = [{"prompt": "", "samples": 1}] * 200 + prompts(3)
    write_csv(shell.folder / "rows.csv", rows)
    done = shell("run", TOOL, "rows.csv", "--out", "out")
    assert done.code == 1
    assert "3 of 203 rows done, 200 refused" in done.out
    assert "200 rows refused: lines 2, 3, 4, 5, 6, 7, 8, 9, …" in done.err
    assert "  and 195 more" in done.err.splitlines()
    assert len(done.err.splitlines()) < 10
    assert len(simulator.runs) == 3
    # The table is mended; only what is new runs.
    write_csv(shell.folder / "rows.csv", prompts(20))
    assert shell("run", TOOL, "rows.csv", "--out", "out").code == 0
    check_complete(simulator, shell.folder / "out", 20)


LIMIT = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, resource.RLIM_INFINITY))
"""


def test_a_disk_without_room_for_the_table(shell: Shell, simulator: Simulator) -> None:
    """A batch is there with all of its rows, or not at all."""
    rows = [{**row, "prompt": f"{row['prompt']}, {'high, ' * 1000}"} for row in prompts(20)]
    run = ("run", TOOL, str(write_csv(shell.folder / "rows.csv", rows)), "--out", "out")
    process = shell.start(*run, first=LIMIT.format(100_000))
    _, err = process.communicate()
    assert process.returncode == 1
    assert "disk I/O error; nothing was sent" in err.splitlines()[-1]
    done = shell("resume", "out")
    assert (done.code, done.err) == (2, "wiro-tools: out: there is no batch\n")
    assert shell(*run).code == 0
    check_complete(simulator, shell.folder / "out", 20)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own with sixteen megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_full_disk(small_disk: Path, shell: Shell, simulator: Simulator) -> None:
    simulator.plan(Scenario(output_size=250_000), times=None)
    write_csv(shell.folder / "rows.csv", prompts(32))
    out = small_disk / "out"
    (small_disk / "filling").write_bytes(bytes(9_500_000))
    done = shell("run", TOOL, "rows.csv", "--out", str(out))
    assert done.code == 1, done
    lines = [each for each in done.err.splitlines() if each.startswith("wiro-tools: ")]
    assert len(lines) == 1, done.err
    assert "no space left on device" in lines[0] or "disk is full" in lines[0], lines
    assert f"go on with: wiro-tools batch resume {out}" in lines[0]
    (small_disk / "filling").unlink()
    done = shell("resume", str(out))
    if done.code:
        # What was about to be sent when there was no room to record its response.
        done = shell("resume", str(out))
    assert done.code == 0, done
    check_complete(simulator, out, 32)


def test_wiro_that_does_not_answer_is_waited_for(simulator: Simulator, tmp_path: Path) -> None:
    """Asking for a task costs nothing, and a submission that did not arrive is sent again."""
    simulator.faults.add("Task/Detail", faults.status(503), times=12)
    client = Wiro(retries=Retries(initial_delay=0.02))
    with client, Batch(TOOL, prompts(4), out=tmp_path / "out", client=client) as batch:
        assert batch.run().complete
    check_complete(simulator, tmp_path / "out", 4)


def test_files_that_cannot_be_fetched_are_fetched_by_resume(
    simulator: Simulator, tmp_path: Path
) -> None:
    simulator.faults.add("cdn/*", faults.status(404), times=1)
    with Batch(TOOL, prompts(3), out=tmp_path / "out", concurrency=1) as batch:
        report = batch.run()
        assert report.unfinished == 1
        assert next(row.error for row in batch.rows() if row.error).startswith("files not saved: ")
        assert batch.resume().complete
    check_complete(simulator, tmp_path / "out", 3)


def test_files_that_a_killed_process_had_begun_are_removed(
    simulator: Simulator, tmp_path: Path
) -> None:
    with Batch(TOOL, prompts(2), out=tmp_path / "out", concurrency=1) as batch:
        simulator.faults.add("cdn/*", faults.status(404), times=1)
        assert batch.run().unfinished == 1
        begun = tmp_path / "out/files/.00001.png.0a1b2c3d.part"
        begun.write_bytes(b"half")
        (listed := tmp_path / "out/.results.csv.0a1b2c3d.part").touch()
        (own := begun.with_name(".notes")).touch()
        # Of another process, which downloads into the same folder.
        (other := tmp_path / "out/.photo.png.0a1b2c3d.part").touch()
        assert batch.resume().complete
    assert not begun.exists()
    assert not listed.exists()
    own.unlink()
    other.unlink()
    check_complete(simulator, tmp_path / "out", 2)


@pytest.mark.parametrize("what", ["out", "out/batch.sqlite"])
def test_a_folder_that_is_moved_away_stops_a_batch(
    lively: Simulator, tmp_path: Path, what: str
) -> None:
    """Nothing is begun anew in its place, where it would be in the way of what comes back."""
    place, away = tmp_path / what, tmp_path / "away"

    def move() -> None:
        deadline = time.monotonic() + 120
        while not any(tmp_path.glob("out/files/*.png")):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        place.rename(away)
        # Without this, those that are open may do for the rest of the batch.
        vars(batch)["_opened"].database.engine.dispose()

    with (
        Batch(TOOL, prompts(24), out=tmp_path / "out", concurrency=2) as batch,
        ThreadPoolExecutor(1) as mover,
    ):
        moved = mover.submit(move)
        try:
            stopped = batch.run().stopped
        except BatchError as error:
            stopped = str(error)
        moved.result()
    assert re.fullmatch(rf"{tmp_path}/out\S*: no such file or directory", stopped)
    assert not (tmp_path / "out" / "batch.sqlite").exists()
    if what == "out":
        # A download that was about to begin may have made the folder of its file anew.
        shutil.rmtree(place, ignore_errors=True)
    away.rename(place)
    with Batch.open(tmp_path / "out") as batch:
        # What was about to be sent when there was nothing to record its response in.
        assert batch.resume(concurrency=10).complete or batch.resume().complete
    check_complete(lively, tmp_path / "out", 24)


def test_a_folder_that_goes_while_it_is_looked_for_is_not_said_to_be_there(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, folder = Path.mkdir, tmp_path / "out" / "files"

    def mkdir(self: Path, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        if self == folder and folder.exists() and not parents:
            folder.rename(tmp_path / "away")
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(folder))
        plain(self, mode, parents, exist_ok)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    with Batch(TOOL, prompts(3), out=tmp_path / "out", concurrency=1) as batch:
        assert batch.run().stopped == f"{folder}: no such file or directory"


def test_what_the_queue_could_not_record_is_done_again(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that was full for a moment: DBOS takes what it was doing for under way, for good."""
    monkeypatch.setattr(engine, "LEASE", 1.0)
    plain = SystemDatabase.update_workflow_outcome
    failures = iter([OperationalError("", {}, sqlite3.OperationalError("disk is full"))] * 2)

    def full(*arguments: Any, **named: Any) -> Any:
        for failure in failures:
            raise failure
        return plain(*arguments, **named)

    monkeypatch.setattr(SystemDatabase, "update_workflow_outcome", full)
    with Batch(TOOL, prompts(4), out=tmp_path / "out") as batch:
        assert batch.run().complete
    assert next(failures, None) is None
    check_complete(simulator, tmp_path / "out", 4)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C would end the console's other processes too")
def test_ctrl_c_ends_a_run_at_once_while_its_table_is_planned(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def plan(*_arguments: Any, **_named: Any) -> None:
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        until = time.monotonic() + 5
        while time.monotonic() < until:
            time.sleep(0.01)
        raise AssertionError("not interrupted")

    with monkeypatch.context() as patch, Batch(TOOL, prompts(2), out=tmp_path / "out") as batch:
        patch.setattr(Planner, "plan", plan)
        begin = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            batch.run()
        assert time.monotonic() - begin < 3
    with Batch(TOOL, prompts(2), out=tmp_path / "out") as batch:
        assert batch.run().complete
