"""The text of LLM tools, in every shape that Wiro has for it, and never a log instead of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from runtime.kit import AnyClient, Kit, got
from wiro_runtime import AsyncResult, Result
from wiro_runtime.http.signing import Credentials
from wiro_runtime.results.files import Files
from wiro_runtime.settings import load_settings
from wiro_runtime.tasks.detail import TaskDetail
from wiro_runtime.tasks.text import parse_content
from wiro_runtime.testing import Scenario

THOUGHT = {"type": "thinking", "text": "Let me think."}
ANSWER = {"type": "answer", "text": "Quantum"}
CALL = {
    "type": "function_call", "id": "fc_1", "call_id": "c1", "name": "weather",
    "arguments": '{"city": "Ankara"}', "status": "completed",
}  # fmt: skip
CUSTOM = {
    "type": "custom_tool_call", "id": "ct_1", "call_id": "c2", "name": "shell", "input": "ls",
    "status": "completed",
}  # fmt: skip


def result(*contents: object, **more: Any) -> Result:
    outputs = [{"contenttype": "raw", "content": content} for content in contents]
    raw = {"id": "7", "status": "task_postprocess_end", "pexit": "0", "outputs": outputs, **more}
    return Result.from_detail(
        TaskDetail.read(raw), "7", Files(load_settings(credentials=Credentials("k" * 10, None)))
    )


@pytest.mark.parametrize(
    ("content", "text", "thinking"),
    [
        ({"segments": [THOUGHT, ANSWER]}, "Quantum", "Let me think."),
        ({"segments": [ANSWER, THOUGHT, {"type": "answer", "text": " leap"}]}, "Quantum leap",
         "Let me think."),
        ({"segments": [THOUGHT]}, "", "Let me think."),
        ({"segments": [CALL]}, "", ""),
        ({"segments": [{"type": "dream", "text": "sheep"}, ANSWER]}, "Quantum", ""),
        # Segments are the whole truth where there are both.
        ({"segments": [ANSWER], "answer": ["old"], "raw": "old"}, "Quantum", ""),
        ({"segments": [], "answer": ["Quantum"]}, "Quantum", ""),
        ({"thinking": ["Let me"], "answer": ["Quan", "tum"], "raw": "Let meQuantum"}, "Quantum",
         "Let me"),
        # Still thinking: what `raw` has is no answer.
        ({"thinking": ["Let me"], "answer": [], "raw": "Let me"}, "", "Let me"),
        ({"thinking": [], "answer": "Quantum"}, "Quantum", ""),
        ({"raw": "Quantum"}, "Quantum", ""),
        ({"raw": "<think>Let me</think>\n\nQuantum"}, "Quantum", "Let me"),
        ({"raw": "<think>Let me"}, "", "Let me"),
        ({"raw": "The tag <think> marks thoughts"}, "The tag <think> marks thoughts", ""),
        ("Quantum", "Quantum", ""),
        ({"segments": "odd", "answer": {"a": 1}, "thinking": 5, "raw": None}, "", "5"),
        ({"segments": [{"type": ["answer"], "text": {"a": 1}}, 7, None]}, "", ""),
    ],
)  # fmt: skip
def test_the_answer_is_told_from_the_thoughts(content: Any, text: str, thinking: str) -> None:
    found = result(content, debugoutput="a log")
    assert (found.text, found.thinking) == (text, thinking)
    assert found.outputs[0].text == text


def test_what_comes_with_segments() -> None:
    usage = {"input_tokens": 3, "output_tokens": "4", "total_tokens": 7, "details": {"cached": 1}}
    content = {
        "segments": [THOUGHT, ANSWER, CALL, CUSTOM], "finishreason": "tool_calls", "usage": usage
    }  # fmt: skip
    found = result(content)
    assert [segment.type for segment in found.segments] == [
        "thinking", "answer", "function_call", "custom_tool_call"
    ]  # fmt: skip
    assert found.finish_reason == "tool_calls"
    assert found.usage is not None
    assert (found.usage.input_tokens, found.usage.output_tokens) == (3, 4)
    assert (found.usage.total_tokens, found.usage.raw) == (7, usage)
    function, custom = found.tool_calls
    assert (function.call_id, function.name) == ("c1", "weather")
    assert json.loads(function.arguments) == {"city": "Ankara"}
    assert (custom.call_id, custom.arguments) == ("c2", "ls")
    assert function.output("22 °C") == {"call_id": "c1", "output": "22 °C"}


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter", "error", "", None, 5])
def test_no_call_is_carried_out_unless_the_model_waits_for_it(reason: object) -> None:
    found = result({"segments": [CALL], "finishreason": reason})
    assert found.tool_calls == ()
    assert found.segments[0].call is not None


@pytest.mark.parametrize("status", ["in_progress", "incomplete", "", None, "COMPLETED"])
def test_no_call_is_carried_out_before_it_is_complete(status: object) -> None:
    calls = [{**CALL, "status": status}, CUSTOM]
    found = result({"segments": calls, "finishreason": "tool_calls"})
    assert [call.call_id for call in found.tool_calls] == ["c2"]


def test_outputs_are_joined() -> None:
    found = result({"segments": [ANSWER], "finishreason": "stop"}, {"answer": ["Two"]})
    assert (found.text, found.finish_reason) == ("Quantum\nTwo", "stop")
    assert (found.usage, found.segments[0].text) == (None, "Quantum")


@pytest.mark.parametrize(
    ("outputs", "log", "text"),
    [
        ([], "Paris.", "Paris."),
        ([], "<think>Hm.</think>Paris.", "Paris."),
        (None, "Paris.", "Paris."),
        ([], "", ""),
        ([], " \n", ""),
        ([{"url": "https://cdn/a.png", "name": "a.png"}], "Loading…\nDone.", ""),
        ([{"content": "Rome."}], "Paris.", "Rome."),
    ],
)
def test_a_log_is_text_only_where_there_are_no_outputs(outputs: Any, log: str, text: str) -> None:
    found = result(outputs=outputs, debugoutput=log, debugerror="CUDA warning")
    assert found.text == text


@pytest.mark.parametrize("content", [None, 5, True, [], ["x"], {}, {"other": "x"}])
def test_content_without_text(content: object) -> None:
    assert parse_content(content) is None
    assert result(content).text == ""


@pytest.mark.parametrize("shape", ["segments", "fields", "log"])
def test_a_run_gives_the_answer_in_each_shape(kit: Kit, shape: Any) -> None:
    scenario = Scenario(answer="Paris.", thinking="Which one?", text_shape=shape)
    kit.simulator.plan(scenario, tool="wiro/writer")

    async def flow(client: AnyClient) -> Result | AsyncResult:
        return await got(client.run("wiro/writer", {"prompt": "The capital?"}))

    found = kit.run(flow)
    assert (found.text, found.thinking) == ("Paris.", "Which one?")
    assert found.finish_reason == ("stop" if shape == "segments" else None)
    assert (found.usage is not None) == (shape == "segments")
