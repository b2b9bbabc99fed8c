"""A terminal, a pipe, and Ctrl-C."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli_tools.kit import Shell
from fork_server import Process
from wiro_runtime.cli.interrupts import holding_ctrl_c
from wiro_runtime.testing import Simulator, faults

pytestmark = pytest.mark.slow

_BAR = "━"


def test_a_terminal_shows_state_and_percentage_then_the_result(
    manual_shell: Shell, manual_simulator: Simulator
) -> None:
    with manual_shell.terminal("run", "wiro/painter", "--prompt", "a") as terminal:
        terminal.read_until(r"task \d+: submitted")
        followed(manual_simulator)
        manual_simulator.advance(2.1)
        terminal.read_until(r"running")
        manual_simulator.advance(2.5)
        terminal.read_until(r"40%")
        manual_simulator.advance(100)
        assert terminal.wait() == 0
    assert _BAR in terminal.text
    assert "\x1b[" in terminal.text
    assert re.search(r"task \d+: done, 6 s, cost \$0\.00351", terminal.text)
    assert terminal.text.rstrip().endswith("0.png")


def test_a_pipe_gets_neither_colours_nor_bars(slow_shell: Shell) -> None:
    done = slow_shell.run("wiro/painter", "--prompt", "a")
    assert done.code == 0
    for text in (done.out, done.err):
        assert "\x1b" not in text
        assert _BAR not in text
        assert "\r" not in text
    assert re.fullmatch(r"\d+-0\.png\n", done.out)


@pytest.mark.parametrize("at_once", [True, False])
def test_ctrl_c_leaves_the_task_running_and_says_how_to_resume(
    manual_shell: Shell, manual_simulator: Simulator, at_once: bool
) -> None:
    process = manual_shell.start("run", "wiro/painter", "--prompt", "a")
    process.read_until(r"submitted\n")
    task = manual_simulator.runs[0].taskid
    if not at_once:
        followed(manual_simulator)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines() == [
        f"task {task}: submitted",
        f"wiro-tools: interrupted; task {task} goes on",
        f"  resume with: wiro-tools task wait {task}",
    ]
    manual_simulator.advance(100)
    waited = manual_shell("task", "wait", task)
    assert (waited.code, waited.out) == (0, f"{task}-0.png\n")
    assert not [each for each in manual_simulator.requests if "Cancel" in each.path]


def test_ctrl_c_on_a_terminal_clears_the_bar(manual_shell: Shell) -> None:
    with manual_shell.terminal("run", "wiro/painter", "--prompt", "a") as terminal:
        terminal.read_until(_BAR)
        terminal.press_ctrl_c()
        assert terminal.wait() == 130, terminal.text
    assert re.search(r"resume with: wiro-tools task wait \d+", terminal.text)


def test_a_list_on_a_terminal_is_a_table_with_descriptions(shell: Shell) -> None:
    with shell.terminal("list") as terminal:
        assert terminal.wait() == 0
    assert "wiro/painter" in terminal.text
    assert "Paints pictures." in terminal.text


def eventually(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 120
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def followed(simulator: Simulator) -> None:
    """Wait until somebody listens to what becomes of the task."""
    eventually(lambda: simulator.subscriptions)


def sent(process: Process, simulator: Simulator) -> None:
    """Wait until the run has arrived."""
    eventually(lambda: simulator.runs)
    assert process.poll() is None


def test_ctrl_c_while_a_run_is_being_sent_waits_for_the_answer(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.faults.add("Run/*", faults.slow(2))
    process = shell.start("run", "wiro/painter", "--prompt", "a")
    sent(process, simulator)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    task = simulator.runs[0].taskid
    assert (process.returncode, out) == (130, "")
    assert err.splitlines() == [
        "wiro-tools: the run is being sent; waiting for the answer, which names its task "
        "(Ctrl-C again does not wait)",
        f"task {task}: submitted",
        f"wiro-tools: interrupted; task {task} goes on",
        f"  resume with: wiro-tools task wait {task}",
    ]


def test_ctrl_c_after_the_answer_is_not_told_to_wait_for_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with holding_ctrl_c() as held:
        held.answered = True
        signal.raise_signal(signal.SIGINT)
        assert held.pressed
    assert capfd.readouterr() == ("", "")


def test_ctrl_c_while_something_is_imported_ends_with_the_status_of_an_interrupt(
    shell: Shell,
) -> None:
    (shell.folder / "interrupted.py").write_text(
        "from wiro_runtime.cli import __main__ as command\n"
        "command._run = lambda: exec('raise KeyboardInterrupt')\n"
        "command.main()\n"
    )
    command = [sys.executable, "-m", "interrupted"]
    done = subprocess.run(command, cwd=shell.folder, env=shell.env, check=False, timeout=120)
    assert done.returncode == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_twice_while_a_run_is_being_sent_says_that_nobody_knows(
    shell: Shell, simulator: Simulator, number: int
) -> None:
    simulator.faults.add("Run/*", faults.hang(acts=True))
    process = shell.start("run", "wiro/painter", "--prompt", "a")
    sent(process, simulator)
    process.send_signal(signal.SIGINT)
    process.read_until("waiting for the answer")
    process.send_signal(number)
    # The socket stays open for a minute.
    out, err = process.communicate(timeout=45)
    assert (process.returncode, out) == (128 + number, "")
    assert "it may have been accepted" in err
    assert len(simulator.runs) == 1


def test_ctrl_c_at_the_first_moment_is_no_traceback(shell: Shell) -> None:
    for _ in range(5):
        process = shell.start("list")
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=120)
        assert process.returncode in (0, 130)
        assert "Traceback" not in err


def test_at_random_moments_ctrl_c_hides_no_task_that_was_accepted(
    slow_shell: Shell, slow_simulator: Simulator
) -> None:
    slow_simulator.faults.add("Run/*", faults.slow(0.1), times=None)
    draw = random.Random(11)  # noqa: S311 - moments, not secrets
    process = slow_shell.start("run", "wiro/painter", "--prompt", "a")
    begin = time.monotonic()
    process.communicate(timeout=120)
    whole = time.monotonic() - begin
    for _ in range(6):
        before = len(slow_simulator.runs)
        process = slow_shell.start("run", "wiro/painter", "--prompt", "a")
        time.sleep(draw.uniform(whole * 0.1, whole * 0.9))
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=120)
        assert "Traceback" not in err
        assert all(f"task {run.taskid}: submitted" in err for run in slow_simulator.runs[before:])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
@pytest.mark.parametrize("where", ["2>&-", ">&-", ">&- 2>&-", "2>/dev/full"])
def test_a_stream_that_takes_nothing_does_not_abandon_a_run(
    shell: Shell, simulator: Simulator, where: str
) -> None:
    done = shell.script(f'"$@" {where}', "run", "wiro/painter", "--prompt", "a")
    # 120 is Python's word for what could not be written at the end.
    assert done.code in (0, 120)
    assert "Traceback" not in done.err
    assert [path.name for path in shell.folder.iterdir()] == [
        f"{run.taskid}-0.png" for run in simulator.runs
    ]
    assert len(simulator.runs) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_wait_leaves_the_task_and_says_so_in_the_exit_status(
    manual_shell: Shell, manual_simulator: Simulator, number: int
) -> None:
    process = manual_shell.start("run", "wiro/painter", "--prompt", "a")
    process.read_until("submitted")
    followed(manual_simulator)
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    (run,) = manual_simulator.runs
    assert (process.returncode, out.strip()) == (128 + number, "")
    assert err.splitlines()[1:] == [
        f"wiro-tools: interrupted; task {run.taskid} goes on",
        f"  resume with: wiro-tools task wait {run.taskid}",
    ]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_a_run_is_sent_waits_for_the_name_of_its_task(
    shell: Shell, simulator: Simulator, number: int
) -> None:
    simulator.faults.add("Run/*", faults.slow(2))
    process = shell.start("run", "wiro/painter", "--prompt", "a")
    sent(process, simulator)
    process.send_signal(number)
    _out, err = process.communicate(timeout=120)
    (run,) = simulator.runs
    assert process.returncode == 128 + number
    assert "waiting for the answer" in err
    assert f"task {run.taskid}: submitted" in err
    assert f"wiro-tools task wait {run.taskid}" in err


def test_a_long_error_is_broken_between_words(shell: Shell) -> None:
    arguments = ("run", "wiro/painter", "--prompt", "a", "--scheduler", "Eulr", "--samples", "x")
    with shell.terminal(*arguments, columns=40) as screen:
        assert screen.wait() == 2
    lines = re.sub(r"\x1b\[[0-9;]*m", "", screen.text).splitlines()
    assert all(len(line) <= 40 for line in lines)
    plain = shell(*arguments).err
    assert "".join(screen.text.split()).count("Eulr") == 1
    assert re.sub(r"\s+", " ", " ".join(lines)).strip() == re.sub(r"\s+", " ", plain).strip()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
@pytest.mark.parametrize("module", ["wiro_runtime.cli", "wirogen"])
@pytest.mark.parametrize("arguments", [["--help"], ["lint", "--help"], ["search", "--help"]])
def test_output_to_a_full_disk_is_one_line(module: str, arguments: list[str]) -> None:
    # Unbuffered output leaves nothing to be written at the end.
    buffered = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            env=buffered,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1), ended.stderr
