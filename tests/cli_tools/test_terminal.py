"""A terminal, a pipe, and Ctrl-C."""

from __future__ import annotations

import re
import signal
import time

from cli_tools.kit import Shell
from wiro_runtime.testing import Simulator, faults

_BAR = "━"


def test_a_terminal_shows_state_and_percentage_then_the_result(slow_shell: Shell) -> None:
    with slow_shell.terminal("run", "wiro/painter", "--prompt", "a") as terminal:
        terminal.read_until(r"task \d+: submitted")
        terminal.read_until(r"running")
        terminal.read_until(r"\d+%")
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
    assert done.out == "0.png\n"


def test_ctrl_c_leaves_the_task_running_and_says_how_to_resume(
    slow_shell: Shell, slow_simulator: Simulator
) -> None:
    process = slow_shell.start("run", "wiro/painter", "--prompt", "a")
    assert process.stderr is not None
    line = process.stderr.readline()
    task = slow_simulator.runs[0].taskid
    assert line == f"task {task}: submitted\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert err.splitlines() == [
        f"wiro-tools: interrupted; task {task} goes on",
        f"  resume with: wiro-tools task wait {task}",
    ]
    waited = slow_shell("task", "wait", task)
    assert (waited.code, waited.out) == (0, "0.png\n")
    assert not [each for each in slow_simulator.requests if "Cancel" in each.path]


def test_ctrl_c_on_a_terminal_clears_the_bar(slow_shell: Shell) -> None:
    with slow_shell.terminal("run", "wiro/painter", "--prompt", "a") as terminal:
        terminal.read_until(_BAR)
        terminal.press_ctrl_c()
        assert terminal.wait() == 130
    assert re.search(r"resume with: wiro-tools task wait \d+", terminal.text)


def test_a_list_on_a_terminal_is_a_table_with_descriptions(shell: Shell) -> None:
    with shell.terminal("list") as terminal:
        assert terminal.wait() == 0
    assert "wiro/painter" in terminal.text
    assert "Paints pictures." in terminal.text


def test_ctrl_c_while_a_run_is_being_sent_says_that_nobody_knows(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.faults.add("Run/*", faults.hang(acts=True))
    process = shell.start("run", "wiro/painter", "--prompt", "a")
    deadline = time.monotonic() + 30
    while not simulator.runs and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "it may have been accepted" in err
    assert len(simulator.runs) == 1
