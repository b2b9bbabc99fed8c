"""A run of an LLM tool goes on from an earlier one."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import generated
from runtime.kit import AnyClient, Kit, got, nameless
from wiro_runtime import AsyncResult, InvalidInputs, Result
from wiro_runtime.testing import Scenario, faults

TOOL = "wiro/writer"
CALLS = Scenario.calling(("weather", '{"city": "Ankara"}'), ("time", "{}"))


async def first(client: AnyClient, kit: Kit, **inputs: Any) -> Result | AsyncResult:
    kit.simulator.plan(CALLS)
    return await got(client.run(TOOL, {"prompt": "How is it there?", **inputs}))


@pytest.mark.parametrize("session", [{}, {"session_id": "s1"}], ids=["none", "s1"])
def test_a_new_prompt_goes_on(kit: Kit, session: dict[str, str]) -> None:
    async def flow(client: AnyClient) -> tuple[Result | AsyncResult, Any, Result | AsyncResult]:
        before = await first(client, kit, **session)
        task = await got(client.submit(TOOL, {"prompt": "And now?"}, previous=before))
        with pytest.raises(InvalidInputs, match="was waited for"):
            await got(client.run(TOOL, {"prompt": "And?"}, previous=task))
        await got(task.wait())
        return before, task, await got(client.run(TOOL, {"prompt": "And?"}, previous=task))

    before, task, _ = kit.run(flow)
    bodies = [run.body for run in kit.simulator.runs]
    assert bodies[1] == {"prompt": "And now?", "previousTaskToken": before.detail.token, **session}
    assert bodies[2]["previousTaskToken"] == task.token


@pytest.mark.parametrize(
    ("shown", "session"),
    [
        ({"session_id": "s1"}, "s1"), ({"session_id": 5}, "5"), ({"session_id": " s 1 "}, " s 1 "),
        ('{"session_id": "s1"}', "s1"),
        ({}, None), ({"session_id": ""}, None), ({"session_id": None}, None), ("", None),
        (None, None), ("[" * 5000, None), ([], None),
    ],
    ids=nameless,
)  # fmt: skip
def test_the_session_is_the_one_that_wiro_tells_of(
    kit: Kit, shown: Any, session: str | None
) -> None:
    async def flow(client: AnyClient) -> None:
        kit.simulator.faults.add("Task/Detail", faults.task_field("parameters", shown))
        before = await first(client, kit, session_id=session or "")
        await got(client.run(TOOL, {"prompt": "And?"}, previous=before))

    kit.run(flow)
    assert kit.simulator.runs[1].body.get("session_id") == session


@pytest.mark.parametrize("as_mapping", [True, False])
def test_outputs_of_functions_go_back(kit: Kit, as_mapping: bool) -> None:
    async def flow(client: AnyClient) -> str:
        before = await first(client, kit, session_id="s1")
        given = [(call.call_id, f"{call.name} done") for call in before.tool_calls]
        outputs: Any = dict(given)
        if not as_mapping:
            outputs = [call.output(f"{call.name} done") for call in before.tool_calls]
        after = await got(client.run(TOOL, {}, previous=before, tool_outputs=outputs))
        return after.text

    assert kit.run(flow)
    body = kit.simulator.runs[1].body
    assert body["session_id"] == "s1"
    assert body["toolOutputs"] == [
        {"call_id": "call_1", "output": "weather done"},
        {"call_id": "call_2", "output": "time done"},
    ]


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        ({"call_9": "x"}, "'call_9' was not called"),
        ({"call_1": 22}, "outputs are text, not 22"),
        ({"call_1": "\ud800"}, "half a character"),
        (["x"], "what call.output"),
        ([{"call_id": "call_1"}], "what call.output"),
        ("22", "what call.output"),
        (22, "what call.output"),
        ([{"call_id": "call_1", 2: "22"}], "what call.output"),
        ([{"call_id": ["call_1"], "output": "22"}], "was not called"),
    ],
)
def test_outputs_that_are_none_are_refused_before_anything_is_sent(
    kit: Kit, outputs: Any, said: str
) -> None:
    async def flow(client: AnyClient) -> None:
        before = await first(client, kit)
        await got(client.submit(TOOL, {}, previous=before, tool_outputs=outputs))

    with pytest.raises(InvalidInputs, match=said):
        kit.run(flow)
    assert len(kit.simulator.runs) == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"tool_outputs": {"call_1": "x"}}, "need previous="),
        ({"previous": "a token"}, "expected a result, or a task"),
        ({"previous": 7}, "expected a result, or a task"),
    ],
)
def test_nothing_to_go_on_from(kit: Kit, more: dict[str, Any], said: str) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, {"prompt": "x"}, **more))

    with pytest.raises(InvalidInputs, match=said):
        kit.run(flow)
    assert not kit.simulator.runs


def test_a_session_of_ones_own_stays(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        before = await first(client, kit)
        await got(client.submit(TOOL, {"prompt": "x", "session_id": ""}, previous=before))

    kit.run(flow)
    assert kit.simulator.runs[1].body["session_id"] == ""


def test_a_generated_function_of_an_llm_goes_on(kit: Kit) -> None:
    prompt = generated.prompt()
    spec = generated.tool(prompt, name=TOOL, categories=("llm",))
    with generated.imported(spec) as writer:

        async def flow(client: AnyClient) -> None:
            before = await got(writer.run(client, prompt="One?"))
            await got(writer.submit(client, prompt="Two?", previous=before))

        kit.run(flow)
    first, second = kit.simulator.runs
    assert second.body["previousTaskToken"]
    assert "previousTaskToken" not in first.body
    with generated.imported(generated.tool(prompt, name=TOOL)) as painter:
        assert "previous" not in inspect.signature(painter.run).parameters
