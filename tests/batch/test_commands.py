"""``wiro-tools batch`` in a process of its own."""

from __future__ import annotations

import json
from pathlib import Path

from batch.kit import TOOL, Shell, check_complete, paid, prompts, results, write_csv
from wiro_runtime.testing import Scenario, Simulator


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


def test_ctrl_c_leaves_a_batch_that_can_be_resumed(lively_shell: Shell, lively: Simulator) -> None:
    shell, simulator = lively_shell, lively
    write_csv(shell.folder / "rows.csv", prompts(30))
    process = shell.start("run", TOOL, "rows.csv", "--out", "out", "--concurrency", "4")
    while len(simulator.runs) < 6:
        assert process.poll() is None
    process.send_signal(2)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-2:] == [
        "wiro-tools: interrupted; tasks that were submitted go on",
        "  go on with: wiro-tools batch resume out",
    ]
    assert "Traceback" not in err
    assert len(simulator.runs) < 30
    assert not shell("status", "out", "--json").json["counts"].get("sending")
    assert shell("resume", "out").code == 0
    check_complete(simulator, shell.folder / "out", 30)


def test_usage_is_one_clear_line(shell: Shell, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "rows.csv", prompts(1))
    for arguments, said in (
        (("run", TOOL, str(table)), "missing option '--out'"),
        (("run", "wiro/nothing", str(table), "--out", "o"), "has no tool 'wiro/nothing'"),
        (("run", TOOL, str(table), "--out", "o", "--set", "samples"), "expected NAME=VALUE"),
        (("run", TOOL, "rows.json", "--out", "o"), "rows.json: no such file"),
        (("run", TOOL, str(table), "--out", "o", "--database", "mysql://x"), "postgresql://"),
        (("status", "nowhere"), "nowhere: there is no batch"),
        (("worker", "--out", "o", "--database", "postgresql://x@localhost:1/x"), "the database"),
    ):
        done = shell(*arguments)
        assert done.code in (1, 2), arguments
        assert done.err.count("\n") == 1, done.err
        assert said in done.err
        assert not done.out
