"""``wiro-tools task``."""

from __future__ import annotations

import json

import pytest

from cli_tools.kit import Shell
from wiro_runtime.testing import Scenario, Simulator

pytestmark = pytest.mark.slow


def _started(shell: Shell, simulator: Simulator, scenario: Scenario | None = None) -> str:
    simulator.plan(scenario or Scenario())
    assert shell.run("wiro/painter", "--prompt", "a", "--no-wait").code == 0
    return simulator.runs[-1].taskid


def test_show_says_how_a_task_is(shell: Shell, simulator: Simulator) -> None:
    task = _started(shell, simulator)
    shown = shell("task", "show", task)
    assert shown.code == 0
    assert f"task        {task}\n" in shown.out
    assert "state       succeeded\n" in shown.out
    assert "cost        $0.00351\n" in shown.out
    assert "/0.png\n" in shown.out
    detail = shell("task", "show", task, "--json").json
    assert detail["succeeded"] is True
    assert detail["outputs"][0]["content_type"] == "image/png"
    assert "token" not in detail


@pytest.mark.parametrize(
    ("scenario", "state", "reason"),
    [
        (Scenario(setback="no GPU is free", stuck="task_error"), "waiting", "no GPU is free"),
        (Scenario.failing("out of memory"), "failed", "exit code 1: out of memory"),
        (Scenario(), "succeeded", None),
    ],
    ids=["set back", "failed", "succeeded"],
)
def test_show_says_why_a_task_failed_or_waits(
    shell: Shell, simulator: Simulator, scenario: Scenario, state: str, reason: str | None
) -> None:
    task = _started(shell, simulator, scenario)
    shown = shell("task", "show", task).out
    assert f"state       {state}" in shown
    assert ("reason" in shown) == (reason is not None)
    assert f"reason      {reason}\n" in shown or reason is None
    assert shell("task", "show", task, "--json").json["reason"] == reason


@pytest.mark.parametrize("billed", [True, False])
def test_the_json_of_a_task_without_success_tells_what_it_cost(
    slow_shell: Shell, slow_simulator: Simulator, billed: bool
) -> None:
    shell, simulator = slow_shell, slow_simulator
    scenario = Scenario(stuck="task_start", bill_killed=billed, cost_per_second="100")
    task = _started(shell, simulator, scenario)
    simulator.advance(10)  # It has run for a while; in the queue stopping costs nothing.
    assert shell("task", "stop", task).code == 0
    for done in (shell("task", "wait", task, "--json"), shell("task", "show", task, "--json")):
        cost = done.json["cost"]
        assert (float(cost) > 0) == billed
    failed = _started(shell, simulator, Scenario.failing())
    done = shell("task", "wait", failed, "--json")
    assert (done.code, done.json["cost"]) == (1, "0")


def test_events_are_lines_up_to_the_end(shell: Shell, simulator: Simulator) -> None:
    task = _started(shell, simulator)
    done = shell("task", "events", task)
    assert done.code == 0
    assert done.out.splitlines()[-1] == f"task {task}: succeeded, cost $0.00351"
    events = [json.loads(line) for line in shell("task", "events", task, "--json").out.splitlines()]
    assert events[-1]["event"] == "TaskEnded"
    assert events[-1]["detail"]["cost"] == "0.00351"
    failed = _started(shell, simulator, Scenario.failing())
    assert shell("task", "events", failed).code == 1


def test_cancel_kill_and_stop_say_whether_they_did_it(
    slow_shell: Shell, slow_simulator: Simulator
) -> None:
    shell, simulator = slow_shell, slow_simulator
    queued = _started(shell, simulator, Scenario(stuck="task_queue"))
    done = shell("task", "kill", queued)
    assert (done.code, done.out) == (1, "")
    done = shell("task", "cancel", queued, "--json")
    assert done.code == 0
    assert done.json["accepted"] is True
    assert simulator.status(queued) == "task_cancel"
    running = _started(shell, simulator, Scenario(stuck="task_start"))
    assert shell("task", "stop", running).err == f"task {running}: stopped\n"
    assert simulator.status(running) == "task_cancel"
    ended = _started(shell, simulator)
    simulator.advance(20)
    done = shell("task", "stop", ended)
    assert done.code == 1
    assert done.err == f"task {ended}: ended already\n"


def test_a_task_that_is_not_there_goes_on_nowhere(shell: Shell) -> None:
    done = shell("task", "wait", "1")
    assert done.code == 1
    assert done.err.startswith("wiro-tools: Wiro knows no task 1")
    assert "it goes on" not in done.err
