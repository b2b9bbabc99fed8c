"""``wiro-tools batch`` in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from batch.kit import TOOL, Shell, check_complete, paid, prompts, results, write_csv
from cli_tools.kit import Shell as TerminalShell
from fork_server import Process
from wiro_runtime.cli import app
from wiro_runtime.testing import Scenario, Simulator

pytestmark = pytest.mark.slow


def test_run_says_what_it_will_do_and_what_it_did(shell: Shell, simulator: Simulator) -> None:
    write_csv(shell.folder / "rows.csv", [*prompts(3), {"prompt": "", "samples": 1}])
    run = ("run", TOOL, "rows.csv", "--out", "out")
    dry = shell(*run, "--dry-run", "--json")
    assert dry.code == 1
    assert (dry.json["new"], [x["line"] for x in dry.json["refused"]]) == (3, [5])
    assert not simulator.requests
    assert not (shell.folder / "out").exists()

    done = shell(*run)
    assert done.code == 1
    # One line of results, and nothing of the engine's.
    assert done.out.count("\n") == 1
    assert done.out.startswith("3 of 4 rows done, 1 refused, $")
    assert done.out.rstrip().endswith("out/results.csv")
    said = done.err.splitlines()
    assert said[0].startswith(f"{TOOL}: 3 rows, ")
    assert said[0].endswith("1 row refused: line 5")
    assert said[1:] == ["  line 5: prompt: required"]

    shown = shell("status", "out", "--json")
    assert shown.code == 1
    assert shown.json["counts"] == {"done": 3, "refused": 1}
    report = shell("report", "out")
    assert "     1  prompt: required" in report.out.splitlines()


def test_a_table_from_a_pipe_and_what_failed_again(shell: Shell, simulator: Simulator) -> None:
    simulator.plan(Scenario.failing("out of memory"))
    lines = "".join(f"{json.dumps({'text': row['prompt']})}\n" for row in prompts(2))
    options = ("--set", "samples=1", "--map", "text=prompt", "--out", "out", "--json")
    done = shell("run", TOOL, "-", *options, stdin=lines)
    assert done.code == 1
    assert done.json["counts"] == {"done": 1, "failed": 1}
    assert "run again with: wiro-tools batch retry out" in done.err
    assert shell("retry", "out").code == 0
    assert shell("resume", "out").code == 0
    assert shell("settle", "out").out == "no row is uncertain\n"
    assert shell("cancel", "out").out == "0 rows cancelled\n"
    assert sorted(paid(simulator).values()) == [1, 2]
    assert [each["status"] for each in results(shell.folder / "out")] == ["done", "done"]


def wait_for_runs(simulator: Simulator, count: int, process: Process) -> None:
    while len(simulator.runs) < count:
        assert process.poll() is None
        time.sleep(0.005)


def test_what_is_cancelled_is_run_by_retry(lively_shell: Shell, lively: Simulator) -> None:
    shell = lively_shell
    write_csv(shell.folder / "rows.csv", prompts(10))
    process = shell.start("run", TOOL, "rows.csv", "--out", "out", "--concurrency", "2")
    wait_for_runs(lively, 2, process)
    cancelled = shell("cancel", "out").out
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    # More follows a comma only while a row is still running.
    rows = cancelled.strip().partition(",")[0]
    assert err.splitlines()[-2:] == [
        "wiro-tools: stopped: cancelled",
        f"wiro-tools: {rows}; run with: wiro-tools batch retry out",
    ]
    assert shell("retry", "out").code == 0
    check_complete(lively, shell.folder / "out", 10)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_a_batch_that_can_be_resumed(
    lively_shell: Shell, lively: Simulator, number: int
) -> None:
    shell, simulator = lively_shell, lively
    write_csv(shell.folder / "rows.csv", prompts(12))
    process = shell.start("run", TOOL, "rows.csv", "--out", "out", "--concurrency", "4")
    wait_for_runs(simulator, 5, process)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert err.splitlines()[-2:] == [
        "wiro-tools: interrupted; tasks that were submitted go on",
        "  go on with: wiro-tools batch resume out",
    ]
    assert "Traceback" not in err
    assert len(simulator.runs) < 12
    assert not shell("status", "out", "--json").json["counts"].get("sending")
    assert shell("resume", "out").code == 0
    check_complete(simulator, shell.folder / "out", 12)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", TOOL, "rows.csv"), "missing option '--out'"),
        (("run", "wiro/nothing", "rows.csv", "--out", "o"), "has no tool 'wiro/nothing'"),
        (("run", TOOL, "rows.csv", "--out", "o", "--set", "samples"), "expected NAME=VALUE"),
        (
            ("run", TOOL, "rows.csv", "--out", "o", "--set", "samples=1", "--set", "samples=2"),
            "--set: 'samples' is given twice",
        ),
        (("run", TOOL, "rows.csv", "--out", "o", "--map", "text"), "expected COLUMN=INPUT"),
        (("run", TOOL, "rows.csv", "--out", "o", "--budget", "x"), "budget must be an amount"),
        (("run", TOOL, "rows.json", "--out", "o"), "rows.json: no such file"),
        (("run", TOOL, "rows.csv", "--out", "o", "--database", "mysql://x"), "postgresql://"),
        (("run", TOOL, "rows.csv", "--out", "rows.csv"), "rows.csv: file exists"),
        (("status", "nowhere"), "nowhere: there is no batch"),
        (("worker", "--out", "o", "--database", "postgresql://x@localhost:1/x"), "the database"),
        (("worker", "--out", "o", "--database", "postgresql://x@h:port/x"), "user@host/name"),
        (("worker", "--out", "o", "--database", "postgresql://x@h/x?odd=1"), "the database"),
    ],
)
def test_usage_is_one_clear_line(
    arguments: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WIRO_API_KEY", "x")
    write_csv(tmp_path / "rows.csv", prompts(1))
    assert app.run(["batch", *arguments]) in (1, 2)
    out, err = capfd.readouterr()
    lines = err.splitlines()
    # What the table holds was said before, where that was known.
    assert len(lines) == (2 if lines[0].startswith(TOOL) else 1), err
    assert said in lines[-1]
    assert not out


def test_a_terminal_shows_how_far_it_is(lively_shell: Shell) -> None:
    write_csv(lively_shell.folder / "rows.csv", prompts(25))
    env = {"PATH": os.environ["PATH"], "HOME": str(lively_shell.folder)}
    env |= {"PYTHONPATH": os.pathsep.join(sys.path), **lively_shell.simulator.env()}
    shell = TerminalShell(folder=lively_shell.folder, env=env)
    run = ("batch", "run", TOOL, "rows.csv", "--out", "out", "--concurrency", "5")
    with shell.terminal(*run) as screen:
        shown = screen.read_until(r"\d+/25\S* \S*\d+\.\d rows/s, \$0\.\d+, \d+ s left")
        assert screen.wait() == 0
    assert "Traceback" not in shown
    assert "25 of 25 rows done" in screen.text
