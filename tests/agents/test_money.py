"""No run without a ceiling, and none that is billed twice."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from agents.conftest import GUESSED, PAINTER, Connect
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.testing import Scenario, Simulator, faults

INPUTS = {"prompt": "a lighthouse"}


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def user(asked: list[str], *, action: str = "accept", says: bool = True) -> Any:
    """A user who is asked."""
    from mcp.types import ElicitResult

    async def elicit(_context: Any, question: Any) -> Any:
        asked.append(question.message)
        content: Any = {"run": says} if action == "accept" else None
        return ElicitResult(action=action, content=content)  # pyright: ignore[reportArgumentType] - one of three

    return elicit


def test_a_run_needs_a_ceiling(connect: Connect, simulator: Simulator) -> None:
    async def main() -> None:
        async with connect() as agent:
            said = await agent.refused("run_tool", tool=PAINTER, inputs=INPUTS)
            assert "$0.02" in said
            assert "give max_cost" in said
            said = await agent.refused("run_tool", tool=PAINTER, inputs=INPUTS, max_cost=0.01)
            assert "above max_cost of $0.01" in said
            assert "Ask the user" in said
            said = await agent.refused("run_tool", tool=PAINTER, inputs=INPUTS, max_cost=-1)
            assert "max_cost must be an amount of dollars, not '-1.0'\nNothing was sent" in said
            assert not simulator.runs
            done = await agent("run_tool", tool=PAINTER, inputs=INPUTS, max_cost=0.02)
            assert done["succeeded"]
            assert len(simulator.runs) == 1

    run(main())


def test_a_budget_is_a_ceiling_for_all_runs(connect: Connect, simulator: Simulator) -> None:
    async def main() -> None:
        # The simulator bills 0.00351 for a run, and 0.02 is reserved for the next.
        async with connect(budget="0.023") as agent:
            assert (await agent("run_tool", tool=PAINTER, inputs=INPUTS))["succeeded"]
            said = await agent.refused("run_tool", tool=PAINTER, inputs={"prompt": "another"})
            assert "of $0.023 is left" in said
            assert "--budget" in said
            assert len(simulator.runs) == 1

    run(main())


@pytest.mark.parametrize(
    ("argument", "value", "says"),
    [
        # A ceiling under another name would be none.
        ("maxCost", 0.01, "maxCost: unknown argument; nearest: 'max_cost'"),
        ("max-cost", "0.01", "max-cost: unknown argument; nearest: 'max_cost'"),
        ("budget", 0.01, "budget: unknown argument; one of: 'tool', 'inputs', "),
        ("requestId", "a", "requestId: unknown argument; nearest: 'request_id'"),
        ("approval", {"action": "accept", "data": {"run": True}}, "approval: unknown argument"),
        ("max_cost", True, "max_cost: expected a number, got True (boolean)"),
        ("max_cost", "ten", "max_cost: expected a number, got 'ten' (text)"),
        ("max_cost", [1], "max_cost: expected a number, got [1] (list)"),
        ("request_id", 5, "request_id: expected text, got 5 (whole number)"),
        ("inputs", [], "inputs: expected a mapping, got [] (list)"),
        ("wait", "soon", "wait: expected a number, got 'soon' (text)"),
        ("tool", None, "tool: expected text, got nothing"),
    ],
)
def test_an_argument_that_is_not_right_runs_nothing(
    connect: Connect, simulator: Simulator, argument: str, value: Any, says: str
) -> None:
    async def main() -> None:
        async with connect(budget="5") as agent:
            given = {"tool": PAINTER, "inputs": INPUTS, argument: value}
            said = await agent.refused("run_tool", **given)
            assert said.startswith(f"run_tool does not take these arguments:\n{says}")
            assert "Input should" not in said
        assert not simulator.runs

    run(main())


def test_other_tools_name_wrong_arguments_too(connect: Connect) -> None:
    async def main() -> None:
        async with connect(budget="5") as agent:
            said = await agent.refused("list_tasks", limit=0, count=3)
            assert "count: unknown argument" in said
            said = await agent.refused("list_tasks", limit=0)
            assert "limit: expected a whole number from 1, got 0" in said
            said = await agent.refused("search_tools", query="a", limit=1000)
            assert "limit: expected a whole number to 50, got 1000" in said
            said = await agent.refused("search_tools", query="a", limit=2.5)
            assert "limit: expected a whole number, got 2.5" in said
            assert "query: required" in await agent.refused("search_tools")
            said = await agent.refused("get_task", task_id=" ")
            assert said.endswith("list_tasks has the ids of tasks.")
            found = await agent.client.list_tools()
            assert all(tool.input_schema["additionalProperties"] is False for tool in found.tools)

    run(main())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("tool", [PAINTER, GUESSED])
def test_the_user_is_asked_where_the_client_can(
    connect: Connect, simulator: Simulator, mode: str, tool: str
) -> None:
    async def main() -> None:
        asked: list[str] = []
        async with connect(mode=mode, elicit=user(asked)) as agent:
            done = await agent("run_tool", tool=tool, inputs=INPUTS)
            assert done["succeeded"]
            # Not again for a run that was started by an earlier call.
            assert "repeated" in await agent("run_tool", tool=tool, inputs=INPUTS)
        (question,) = asked
        assert ("costs $0.02" if tool == PAINTER else "is unknown") in question
        assert len(simulator.runs) == 1

    run(main())


@pytest.mark.parametrize("reply", [{"says": False}, {"action": "decline"}, {"action": "cancel"}])
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_user_who_does_not_agree_pays_nothing(
    connect: Connect, simulator: Simulator, mode: str, reply: dict[str, Any]
) -> None:
    async def main() -> None:
        asked: list[str] = []
        async with connect(mode=mode, elicit=user(asked, **reply)) as agent:
            said = await agent.refused("run_tool", tool=GUESSED, inputs=INPUTS, max_cost=5)
        assert "did not allow" in said
        assert len(asked) == 1
        assert not simulator.runs

    run(main())


def test_an_unknown_price_needs_an_option_where_the_client_cannot_ask(
    connect: Connect, simulator: Simulator
) -> None:
    async def main() -> None:
        async with connect() as agent:
            said = await agent.refused("run_tool", tool=GUESSED, inputs=INPUTS, max_cost=5)
            assert "only the user can allow that" in said
            assert "--allow-unknown" in said
            assert not simulator.runs
        async with connect(allow_unknown=True) as agent:
            assert (await agent("run_tool", tool=GUESSED, inputs=INPUTS))["succeeded"]

    run(main())


def test_inputs_are_checked_before_the_user_is_asked(
    connect: Connect, simulator: Simulator
) -> None:
    async def main() -> None:
        asked: list[str] = []
        async with connect(elicit=user(asked)) as agent:
            wrong = {"prompt": "x", "samples": "4", "style": "Oils"}
            said = await agent.refused("run_tool", tool=PAINTER, inputs=wrong)
        assert "samples: expected a whole number, got '4' (text)" in said
        assert "Nothing was sent or billed. describe_tool" in said
        assert not asked
        assert not simulator.runs

    run(main())


def test_an_option_by_its_label_and_by_its_value_are_one_run(
    connect: Connect, simulator: Simulator
) -> None:
    async def main() -> None:
        async with connect(budget="1") as agent:
            for style in ("Oil on canvas", "7", "oil"):
                await agent("run_tool", tool=PAINTER, inputs={**INPUTS, "style": style})
        assert [each.body["style"] for each in simulator.runs] == ["7"]

    run(main())


def test_a_repeated_call_is_one_run_until_it_has_another_name(
    connect: Connect, simulator: Simulator
) -> None:
    call = {"tool": PAINTER, "inputs": INPUTS}

    async def main() -> None:
        async with connect(budget="1") as agent:
            first = await agent("run_tool", **call)
            again = await agent("run_tool", **call)
            assert again.pop("repeated")
            assert again == first
            other = await agent("run_tool", **call, request_id="another")
            assert other["task_id"] != first["task_id"]
        # After a restart, too.
        async with connect(budget="1") as agent:
            assert (await agent("run_tool", **call))["task_id"] == first["task_id"]
        assert len(simulator.runs) == 2

    run(main())


def test_calls_at_the_same_time_are_one_run_for_two_servers_too(
    connect: Connect, simulator: Simulator
) -> None:
    simulator.faults.add("Run/*", faults.slow(0.3), times=1)

    async def main() -> None:
        async with connect(budget="1") as one, connect(budget="1") as other:
            calls = [
                agent("run_tool", tool=PAINTER, inputs=INPUTS) for agent in (one, one, other, other)
            ]
            found = await asyncio.gather(*calls)
        assert len({each["task_id"] for each in found}) == 1
        assert sum("repeated" in each for each in found) == 3
        assert len(simulator.runs) == 1

    run(main())


def test_a_lost_response_is_searched_for_and_not_paid_for_again(
    connect: Connect, simulator: Simulator
) -> None:
    simulator.faults.add("Run/*", faults.reset(acts=True), times=1)

    async def main() -> None:
        async with connect(budget="1") as agent:
            said = await agent.refused("run_tool", tool=PAINTER, inputs=INPUTS)
            assert "The same call with the same request_id looks for its task" in said
        async with connect(budget="1") as agent:
            found = await agent("run_tool", tool=PAINTER, inputs=INPUTS)
        assert found["succeeded"]
        assert len(simulator.runs) == 1

    run(main())


def test_what_wiro_refuses_says_what_it_costs_and_what_to_do(
    connect: Connect, simulator: Simulator
) -> None:
    simulator.faults.add("Run/*", faults.plain_error("Request parameter [prompt] is odd"))

    async def main() -> None:
        async with connect(budget="1") as agent:
            said = await agent.refused("run_tool", tool=PAINTER, inputs=INPUTS)
            assert "is odd" in said
            assert "is not billed" in said

    run(main())


def test_a_run_that_wiro_refused_can_be_sent_again(connect: Connect, simulator: Simulator) -> None:
    simulator.out_of_balance()

    async def main() -> None:
        async with connect(budget="1") as agent:
            said = await agent.refused("run_tool", tool=PAINTER, inputs=INPUTS)
            assert "add money" in said
            simulator.balance = 10
            assert (await agent("run_tool", tool=PAINTER, inputs=INPUTS))["succeeded"]

    run(main())


def test_what_a_killed_server_was_sending_is_looked_for(
    connect: Connect, simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its row says that it is being sent, and its process is gone."""
    monkeypatch.setattr("wiro_runtime.tasks.settle.GRACE", 0.0)
    from wiro_runtime.catalogue import open_catalogue
    from wiro_runtime.mcp.runs import run_key

    checked = open_catalogue("agent_tools").get(PAINTER).check(INPUTS)
    dead = Journal(tmp_path / "journal.sqlite")
    dead.begin(PAINTER, checked.wire(), run(run_key(PAINTER, checked, "")))
    dead.disconnect()
    import sqlite3

    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as db, db:
        db.execute("UPDATE clients SET pid = 999999999")

    async def main() -> None:
        async with connect(budget="1") as agent:
            # Wiro has no such task, so it was not accepted, and is sent now.
            assert (await agent("run_tool", tool=PAINTER, inputs=INPUTS))["succeeded"]
        assert len(simulator.runs) == 1

    run(main())


def test_a_failed_run_says_so_and_is_not_repeated_by_itself(
    connect: Connect, simulator: Simulator
) -> None:
    simulator.plan(Scenario.failing("out of memory"))

    async def main() -> None:
        async with connect(budget="1") as agent:
            for _ in range(2):
                said = await agent.refused("run_tool", tool=PAINTER, inputs=INPUTS)
                assert "out of memory" in said
                assert "another request_id runs them anew" in said
            assert len(simulator.runs) == 1
            done = await agent("run_tool", tool=PAINTER, inputs=INPUTS, request_id="2")
            assert done["succeeded"]

    run(main())
