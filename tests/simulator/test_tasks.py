"""The life of a task, and how it is shown, ended early and forgotten."""

from __future__ import annotations

import json
import re
import struct
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from simulator import specs
from simulator.wire import detail, get, post, run
from wiro_runtime.testing import Scenario, Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wiro_runtime.testing.clock import Speed

pytestmark = pytest.mark.slow

LIFE = [
    "task_queue",
    "task_accept",
    "task_preprocess_start",
    "task_preprocess_end",
    "task_assign",
    "task_start",
    "task_output",
    "task_error",
    *["task_output"] * 4,
    "task_output_full",
    "task_error_full",
    "task_end",
    "task_postprocess_start",
    "task_postprocess_end",
]


def test_a_task_passes_through_the_documented_states(manual: Simulator) -> None:
    taskid = run(manual)["taskid"]
    seen = [detail(manual, taskid)["status"]]
    for _ in range(len(LIFE) + 3):
        manual.step(taskid)
        seen.append(detail(manual, taskid)["status"])
    # Lines on the standard error are frames of their own and no states.
    stored = {"task_error": "task_output", "task_error_full": "task_output_full"}
    assert seen == [*(stored.get(s, s) for s in LIFE), *["task_postprocess_end"] * 4]


def test_a_task_that_fails_before_it_runs_is_queued_again(manual: Simulator) -> None:
    manual.plan(Scenario(setback="no worker has the model"))
    taskid = run(manual)["taskid"]
    seen: list[tuple[str, str]] = []
    for _ in range(4):
        task = detail(manual, taskid)
        seen.append((task["status"], task["debugerror"]))
        manual.step(taskid)
    reason = "no worker has the model"
    assert seen == [
        ("task_queue", ""), ("task_error", reason), ("task_queue", reason), ("task_accept", reason)
    ]  # fmt: skip


def test_a_realtime_task_has_states_of_its_own(manual: Simulator) -> None:
    manual.plan(Scenario(realtime=True))
    taskid = run(manual)["taskid"]
    seen: list[str] = []
    for _ in range(30):
        seen.append(manual.status(taskid))
        manual.step(taskid)
    order = ["task_start", "task_stream_ready", "task_stream_end", "task_cost", "task_end"]
    assert [status for status in seen if status in order] == order


@pytest.mark.parametrize(("billed", "cost"), [(False, "0"), (True, "0.000702000000")])
def test_a_killed_task_may_be_billed(manual: Simulator, billed: bool, cost: str) -> None:
    manual.plan(Scenario(bill_killed=billed))
    taskid = run(manual)["taskid"]
    manual.advance(3.2)
    assert post(manual, "Task/Kill", {"taskid": taskid}).task["totalcost"] == cost


def test_time_moves_a_task_as_fast_as_the_speed_says() -> None:
    now = [0.0]
    with Simulator(specs.ALL, speed=10, clock=lambda: now[0]) as sim:
        taskid = run(sim)["taskid"]
        statuses: list[str] = []
        for tenth in range(10):
            now[0] = tenth / 10
            statuses.append(sim.status(taskid))
    assert statuses[0] == "task_queue"
    assert statuses[1] == "task_accept"
    assert statuses[2] == "task_start"
    assert statuses[8] == "task_end"
    assert statuses[9] == "task_postprocess_end"


def test_manual_time_is_advanced_in_seconds(manual: Simulator) -> None:
    first = run(manual)["taskid"]
    manual.advance(1.0)
    second = run(manual)["taskid"]
    assert (manual.status(first), manual.status(second)) == ("task_accept", "task_queue")
    manual.advance(8.0)
    assert manual.status(first) == "task_postprocess_end"
    assert manual.status(second) == "task_end"


@pytest.mark.parametrize("speed", [0, -1, float("nan"), float("inf")])
def test_a_speed_is_a_number_above_zero(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        Simulator(speed=speed)


def test_a_finished_task_is_shown_as_wiro_shows_it(sim: Simulator) -> None:
    answer = run(sim, samples=2)
    body = post(sim, "Task/Detail", {"tasktoken": answer["socketaccesstoken"]}).json
    assert body["total"] == "1"
    assert body["errors"] == []
    (task,) = body["tasklist"]
    assert task["id"] == answer["taskid"]
    assert task["socketaccesstoken"] == answer["socketaccesstoken"]
    assert task["status"] == "task_postprocess_end"
    assert task["pexit"] == "0"
    assert task["parameters"] == {"prompt": "a lighthouse", "samples": 2}
    assert task["elapsedseconds"] == "6.0000"
    assert task["cps"] == "0.000585000000"
    assert task["totalcost"] == "0.003510000000"
    assert task["canceltime"] == "0"
    assert int(task["endtime"]) - int(task["starttime"]) == 6
    assert [output["name"] for output in task["outputs"]] == ["0.png", "1.png"]
    output = task["outputs"][0]
    assert output["contenttype"] == "image/png"
    assert re.fullmatch(
        r"http://127\.0\.0\.1:\d+/cdn/([0-9a-f]{8}-){7}[0-9a-f]{8}/0\.png", output["url"]
    )
    assert task["size"] == str(sum(int(output["size"]) for output in task["outputs"]))


def test_numbers_are_texts(sim: Simulator) -> None:
    task = detail(sim, run(sim)["taskid"])
    numbers = {name for name, value in task.items() if isinstance(value, int | float)}
    assert numbers == set()
    # As in the documents' own sample, which has this one as a number.
    assert {n for n, v in task["outputs"][0].items() if isinstance(v, int)} == {"ispublic"}


def test_what_has_not_happened_is_zero(manual: Simulator) -> None:
    task = detail(manual, run(manual)["taskid"])
    for name in ("starttime", "endtime", "accepttime", "assigntime", "postprocessendtime"):
        assert task[name] == "0"
    assert task["elapsedseconds"] == "0.0000"
    assert task["totalcost"] == "0"
    assert task["outputs"] == []
    assert task["createtime"] != "0"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, (0, "taskid or socketaccesstoken is required")),
        ({"taskid": ""}, (0, "Request parameter [taskid] required")),
        ({"taskid": 5}, (0, "Request parameter [taskid] must be a string")),
        ({"taskid": "5"}, (1, "There is no task yet.")),
        ({"tasktoken": "5"}, (1, "There is no task yet.")),
        ({"taskid": "5", "x": "y"}, (0, "Request parameter [x] is unknown")),
        ({"socketaccesstoken": "5"}, (0, "taskid or socketaccesstoken is required")),
    ],
)
def test_detail_wants_an_id_or_a_token(
    sim: Simulator, body: dict[str, Any], error: tuple[int, str]
) -> None:
    assert post(sim, "Task/Detail", body).error == error


def test_an_id_is_no_token(sim: Simulator) -> None:
    answer = run(sim)
    assert post(sim, "Task/Detail", {"tasktoken": answer["taskid"]}).error[0] == 1
    both = {"taskid": answer["taskid"], "tasktoken": answer["socketaccesstoken"]}
    assert "the same thing" in post(sim, "Task/Detail", both).error[1]


def test_cancel_takes_a_task_out_of_the_queue(manual: Simulator) -> None:
    answer = run(manual)
    key = {"taskid": answer["taskid"]}
    task = post(manual, "Task/Cancel", key).task
    assert task["status"] == "task_cancel"
    assert task["canceltime"] != "0"
    assert task["totalcost"] == "0"
    manual.advance(100)
    later = detail(manual, answer["taskid"])
    assert (later["status"], later["starttime"]) == ("task_cancel", "0")
    assert later == task
    again = post(manual, "Task/Cancel", key)
    assert again.error == (1, "Task is not in a cancellable state.")


def test_a_task_that_has_left_the_queue_is_not_cancelled(manual: Simulator) -> None:
    taskid = run(manual)["taskid"]
    manual.step(taskid)
    assert post(manual, "Task/Cancel", {"taskid": taskid}).error[0] == 1
    assert manual.status(taskid) == "task_accept"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Task/Cancel", "tasktoken"), ("Task/Cancel", "socketaccesstoken"),
        ("Task/Kill", "tasktoken"), ("Task/Detail", "socketaccesstoken"),
    ],
)  # fmt: skip
def test_a_task_is_not_named_as_wiro_does_not_take_it(
    manual: Simulator, path: str, name: str
) -> None:
    answer = run(manual)
    assert post(manual, path, {name: answer["socketaccesstoken"]}).error[0] == 0
    assert manual.status(answer["taskid"]) == "task_queue"


@pytest.mark.parametrize("name", ["taskid", "socketaccesstoken"])
def test_kill_ends_a_task_that_runs(manual: Simulator, name: str) -> None:
    answer = run(manual)
    body = {name: answer["taskid" if name == "taskid" else "socketaccesstoken"]}
    for status in LIFE[:5]:
        assert manual.status(answer["taskid"]) == status
        assert post(manual, "Task/Kill", body).error == (
            1,
            f"Task could not be killed: it is in {status}",
        )
        manual.step()
    manual.step(times=3)
    task = post(manual, "Task/Kill", body).task
    assert (task["status"], task["outputs"], task["totalcost"]) == ("task_cancel", [], "0")
    manual.advance(100)
    assert manual.status(answer["taskid"]) == "task_cancel"


def test_a_task_that_waits_to_be_queued_again_is_not_killed(manual: Simulator) -> None:
    manual.plan(Scenario(setback="no worker has the model"))
    taskid = run(manual)["taskid"]
    manual.step()
    assert manual.status(taskid) == "task_error"
    error = post(manual, "Task/Kill", {"taskid": taskid}).error
    assert error == (1, "Task could not be killed: it is in task_error")


def test_an_ended_task_is_neither_killed_nor_cancelled(sim: Simulator) -> None:
    taskid = run(sim)["taskid"]
    assert post(sim, "Task/Kill", {"taskid": taskid}).error[0] == 1
    assert post(sim, "Task/Cancel", {"taskid": taskid}).error[0] == 1
    assert sim.status(taskid) == "task_postprocess_end"


def test_a_failure_ends_like_a_success_but_for_pexit(sim: Simulator) -> None:
    sim.plan(Scenario.failing("out of memory"))
    task = detail(sim, run(sim)["taskid"])
    assert task["status"] == "task_postprocess_end"
    assert (task["pexit"], task["outputs"], task["totalcost"]) == ("1", [], "0")
    assert task["debugerror"] == "out of memory"
    assert detail(sim, run(sim)["taskid"])["pexit"] == "0"


def test_pexit_may_be_absent_as_in_the_documents(sim: Simulator) -> None:
    sim.plan(Scenario(pexit=None))
    task = detail(sim, run(sim)["taskid"])
    assert "pexit" not in task
    assert len(task["outputs"]) == 1


def test_a_state_nobody_knows_and_one_that_never_ends(manual: Simulator) -> None:
    manual.plan(Scenario(extra_status="task_dreaming", stuck="task_end"))
    taskid = run(manual)["taskid"]
    seen: set[str] = set()
    for _ in range(30):
        manual.step()
        seen.add(manual.status(taskid))
    assert "task_dreaming" in seen
    assert manual.status(taskid) == "task_end"
    with pytest.raises(ValueError, match="never in 'task_sleep'"):
        Scenario(stuck="task_sleep").steps("image", "")


@pytest.mark.parametrize("times", [{"queue": -1}, {"run": float("nan")}, {"updates": -1}])
def test_a_scenario_takes_no_negative_time(times: Any) -> None:
    with pytest.raises(ValueError, match="expected 0 or more"):
        Scenario(**times)


@pytest.mark.parametrize("speed", [1, "instant", "manual"])
def test_a_scenario_without_time_still_has_its_states(speed: Speed) -> None:
    with Simulator(specs.ALL, speed=speed, scenario=Scenario.lasting(0)) as sim:
        ended = detail(sim, run(sim)["taskid"])
        assert (ended["status"], ended["elapsedseconds"]) == ("task_postprocess_end", "0.0000")


@pytest.mark.parametrize("status", ["task_queue", "task_start", "task_output", "task_end"])
def test_a_task_that_is_stuck_at_once_has_finite_times(sim: Simulator, status: str) -> None:
    sim.plan(Scenario(stuck=status))
    task = run(sim)["taskid"]
    assert detail(sim, task)["status"] == status
    post(sim, "Task/Cancel" if status == "task_queue" else "Task/Kill", {"taskid": task})
    ended = detail(sim, task)
    assert ended["status"] == "task_cancel"
    assert abs(int(ended["canceltime"]) - time.time()) < 60
    assert 0 <= float(ended["elapsedseconds"]) < 60


@pytest.mark.parametrize(
    ("tool", "content_type", "magic"),
    [
        ("wiro/painter", "image/png", b"\x89PNG"),
        ("wiro/singer", "audio/wav", b"RIFF"),
        ("wiro/filmer", "video/mp4", b"\0\0\0 ftyp"),
        ("wiro/sculptor", "model/gltf-binary", b"glTF"),
    ],
)
def test_a_tool_makes_what_its_categories_say(
    sim: Simulator, tool: str, content_type: str, magic: bytes
) -> None:
    (output,) = detail(sim, run(sim, tool)["taskid"])["outputs"]
    file = get(sim, output["url"])
    assert output["contenttype"] == file.headers["content-type"] == content_type
    assert file.data.startswith(magic)


def test_what_writes_a_text_of_a_sound_answers_in_text(sim: Simulator) -> None:
    (output,) = detail(sim, run(sim, "wiro/listener")["taskid"])["outputs"]
    assert output["contenttype"] == "raw"


def test_a_model_is_gltf_that_others_read(sim: Simulator) -> None:
    (output,) = detail(sim, run(sim, "wiro/sculptor")["taskid"])["outputs"]
    data = get(sim, output["url"]).data
    magic, version, size, first, kind = struct.unpack_from("<4sIII4s", data)
    assert (magic, version, size, kind) == (b"glTF", 2, len(data), b"JSON")
    scene = json.loads(data[20 : 20 + first])
    views = scene["bufferViews"]
    assert sum(view["byteLength"] for view in views) == scene["buffers"][0]["byteLength"]
    indices = struct.unpack_from("<36H", data, 28 + first + views[2]["byteOffset"])
    assert set(indices) == set(range(8))


@pytest.mark.parametrize("category", ["speech-to-text", "image-to-text", "text-to-text"])
def test_a_tool_that_writes_answers_in_text(category: str) -> None:
    made = specs.tool("wiro/maker", specs.PROMPT, categories=[category])
    with Simulator([made], speed=1, scenario=Scenario.lasting(0)) as sim:
        (output,) = detail(sim, run(sim, "wiro/maker")["taskid"])["outputs"]
    assert output["contenttype"] == "raw"


def test_an_llm_answers_in_text(sim: Simulator) -> None:
    sim.plan(Scenario.talking("It is lit.", thinking="Is it?"), tool="openai/writer")
    task = detail(sim, run(sim, "openai/writer")["taskid"])
    assert task["debugoutput"] == "<think>Is it?</think>It is lit."
    (output,) = task["outputs"]
    assert output["contenttype"] == "raw"
    assert output["content"] == {
        "segments": [
            {"type": "thinking", "text": "Is it?"},
            {"type": "answer", "text": "It is lit."},
        ],
        "isThinking": False,
        "finishreason": "stop",
        "usage": {"input_tokens": 2, "output_tokens": 4, "total_tokens": 6},
    }


def test_an_llm_calls_functions(sim: Simulator) -> None:
    sim.plan(Scenario.calling(("weather", '{"city": "Ankara"}')))
    (output,) = detail(sim, run(sim, "openai/writer")["taskid"])["outputs"]
    assert output["content"]["finishreason"] == "tool_calls"
    assert output["content"]["segments"][-1] == {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": "weather",
        "arguments": '{"city": "Ankara"}',
        "status": "completed",
    }


def test_an_older_llm_has_fields_and_an_oldest_only_a_log(sim: Simulator) -> None:
    sim.plan(Scenario(answer="It is lit.", thinking="Is it?", text_shape="log"))
    task = detail(sim, run(sim, "openai/writer")["taskid"])
    assert (task["debugoutput"], task["outputs"]) == ("<think>Is it?</think>It is lit.", [])
    sim.plan(Scenario(answer="It is lit.", thinking="Is it?", text_shape="fields"))
    task = detail(sim, run(sim, "openai/writer")["taskid"])
    assert task["outputs"] == [
        {
            "contenttype": "raw",
            "content": {
                "prompt": "a lighthouse",
                "raw": "<think>Is it?</think>It is lit.",
                "thinking": ["Is it?"],
                "answer": ["It is lit."],
            },
        }
    ]


def test_a_conversation_goes_on(sim: Simulator) -> None:
    sim.plan(Scenario.calling(("weather", "{}")))
    first = run(sim, "openai/writer", session_id="s", user_id=str(uuid.uuid4()))
    token = first["socketaccesstoken"]
    outputs = [{"call_id": "call_1", "output": "22 °C"}]
    body = {"previousTaskToken": token, "session_id": "s", "toolOutputs": outputs}
    assert post(sim, "Run/openai/writer", body).json["result"] is True
    assert run(sim, "openai/writer", previousTaskToken=token, session_id="s")["result"] is True


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"previousTaskToken": "another"}, "previousTaskToken"),
        ({"previousTaskToken": ""}, "previousTaskToken"),
        ({"session_id": "other"}, "session_id"),
        ({"session_id": "é" * 129}, "session_id"),
        ({"user_id": "me"}, "user_id"),
        ({"toolOutputs": "22 °C"}, "toolOutputs"),
        ({"toolOutputs": []}, "toolOutputs"),
        ({"toolOutputs": [{"call_id": "call_1"}]}, "toolOutputs"),
        ({"toolOutputs": [{"call_id": "call_1", "output": 22}]}, "toolOutputs"),
        ({"toolOutputs": [{"call_id": "call_2", "output": "22 °C"}]}, "toolOutputs"),
        ({"toolOutputs": [{"call_id": "call_1", "output": ""}] * 2}, "toolOutputs"),
        ({"prompt": "And tomorrow?"}, "toolOutputs"),
        ({"toolOutputs": None}, "prompt"),
        ({"toolOutputs": None, "previousTaskToken": ""}, "prompt"),
        ({"user_id": "{00000000-0000-4000-8000-000000000000}"}, "user_id"),
        ({"user_id": "0" * 32}, "user_id"),
    ],
)
def test_a_conversation_that_does_not_fit_is_refused(
    sim: Simulator, change: dict[str, Any], named: str
) -> None:
    sim.plan(Scenario.calling(("weather", "{}")))
    token = run(sim, "openai/writer", session_id="s")["socketaccesstoken"]
    outputs = [{"call_id": "call_1", "output": "22 °C"}]
    body = {"previousTaskToken": token, "session_id": "s", "toolOutputs": outputs}
    assert f"[{named}]" in post(sim, "Run/openai/writer", {**body, **change}).error[1]


def test_a_task_that_called_nothing_takes_no_outputs(sim: Simulator) -> None:
    token = run(sim, "openai/writer")["socketaccesstoken"]
    body: dict[str, Any] = {"previousTaskToken": token, "toolOutputs": []}
    assert "[toolOutputs]" in post(sim, "Run/openai/writer", body).error[1]


def test_a_conversation_goes_on_by_outputs_a_prompt_or_messages() -> None:
    messages = specs.field("messages", "textarea", "array")
    prompt = specs.field("prompt", "textarea", "string")
    caller = specs.tool("openai/caller", prompt, messages, categories=["llm-tool-call"])
    with Simulator([caller]) as sim:
        said = post(sim, "Run/openai/caller", {"prompt": "a"}).json
        body = {"previousTaskToken": said["socketaccesstoken"]}
        assert "[prompt] required" in post(sim, "Run/openai/caller", body).error[1]
        assert (
            "[prompt] required" in post(sim, "Run/openai/caller", {**body, "prompt": ""}).error[1]
        )
        more = {"messages": [{"role": "user", "content": "b"}]}
        assert post(sim, "Run/openai/caller", {**body, **more}).json["result"] is True


def test_tasks_are_listed_newest_first(sim: Simulator) -> None:
    ids = [run(sim)["taskid"] for _ in range(3)] + [run(sim, "wiro/singer")["taskid"]]
    body = {"type": "model", "sort": "id", "order": "DESC", "start": "0", "limit": "2"}
    first = post(sim, "Task/List", body).json
    assert (first["total"], [task["id"] for task in first["tasklist"]]) == ("4", ids[:1:-1])
    rest = post(sim, "Task/List", {**body, "start": "2"}).json
    assert [task["id"] for task in rest["tasklist"]] == ids[1::-1]
    assert rest["tasklist"][0] == detail(sim, ids[1])
    found = post(sim, "Task/List", {**body, "modelName": "wiro/painter"}).json
    assert found["total"] == "3"
    assert found["tasklist"][0]["modelslugproject"] == "painter"


@pytest.mark.parametrize(
    "change",
    [
        {"limit": 2}, {"limit": "0"}, {"limit": "101"}, {"start": 0}, {"start": "-1"},
        {"sort": "time"}, {"order": "ASC"}, {"type": "tool"}, {"modelName": 5}, {"x": "y"},
    ],
    ids=str,
)  # fmt: skip
def test_a_list_of_tasks_takes_texts_and_pages_of_a_hundred(
    sim: Simulator, change: dict[str, Any]
) -> None:
    body = {"type": "model", "sort": "id", "order": "DESC", "start": "0", "limit": "100"}
    assert post(sim, "Task/List", body).json["result"] is True
    assert f"[{next(iter(change))}]" in post(sim, "Task/List", {**body, **change}).error[1]


def test_files_are_deleted_once_and_for_all(sim: Simulator, manual: Simulator) -> None:
    answer = run(sim)
    url = detail(sim, answer["taskid"])["outputs"][0]["url"]
    assert get(sim, url).status == 200
    for _ in range(2):
        token = {"tasktoken": answer["socketaccesstoken"]}
        assert post(sim, "Task/InputOutputDelete", token).json["result"] is True
        assert detail(sim, answer["taskid"])["outputs"] == []
        assert get(sim, url).status == 404
    assert post(sim, "Task/InputOutputDelete", {"taskid": answer["taskid"]}).error[0] == 0
    token = {"tasktoken": run(manual)["socketaccesstoken"]}
    assert post(manual, "Task/InputOutputDelete", token).error == (1, "Task is still running.")


@pytest.fixture
def poor() -> Iterator[Simulator]:
    with Simulator(specs.ALL, speed="manual") as simulator:
        simulator.balance = "25"
        yield simulator


def test_a_tenth_of_the_balance_may_run_at_once(poor: Simulator) -> None:
    first = run(poor)["taskid"]
    run(poor)
    code, message = post(poor, "Run/wiro/painter", {"prompt": "a"}).error
    assert code == 96
    assert "$25.00" in message
    assert "up to 2 tasks" in message
    poor.step(first, times=20)
    run(poor)
    assert len(poor.runs) == 3


def test_at_least_one_task_may_run(poor: Simulator) -> None:
    poor.balance = "0.5"
    run(poor)
    assert post(poor, "Run/wiro/painter", {"prompt": "a"}).error[0] == 96


def test_above_250_dollars_there_is_no_limit(poor: Simulator) -> None:
    poor.balance = "250"
    for _ in range(25):
        run(poor)
    assert post(poor, "Run/wiro/painter", {"prompt": "a"}).error[0] == 96
    poor.balance = "250.01"
    run(poor)


@pytest.mark.parametrize(
    ("category", "enough"), [("training", "10"), ("lora-training", "10"), ("image", "0.50")]
)
def test_a_training_needs_ten_dollars(category: str, enough: str) -> None:
    made = specs.tool("wiro/maker", specs.PROMPT, categories=[category])
    with Simulator([made]) as sim:
        sim.balance = float(enough) - 0.01
        assert post(sim, "Run/wiro/maker", {"prompt": "a"}).error[0] == 97
        sim.balance = enough
        assert post(sim, "Run/wiro/maker", {"prompt": "a"}).json["result"] is True


def test_success_is_charged_and_failure_is_not(poor: Simulator) -> None:
    poor.plan(Scenario.failing())
    run(poor)
    run(poor)
    poor.advance(100)
    assert str(poor.balance) == "24.996490000000"


def test_a_balance_pays_for_nothing_that_ended_before_it_was_set(manual: Simulator) -> None:
    run(manual)
    manual.advance(100)
    manual.balance = "25"
    assert manual.balance == 25
    run(manual)
    manual.advance(100)
    assert str(manual.balance) == "24.996490000000"


def test_without_money_nothing_starts(poor: Simulator) -> None:
    poor.out_of_balance()
    assert post(poor, "Run/wiro/painter", {"prompt": "a"}).error == (97, "Insufficient balance")
    poor.balance = None
    run(poor)
    poor.at_concurrency_limit()
    assert post(poor, "Run/wiro/painter", {"prompt": "a"}).error[0] == 96
    poor.concurrency_limit = None
    run(poor)


def test_scenarios_take_turns_and_plans_come_first(sim: Simulator) -> None:
    sim.flaky()
    sim.plan(Scenario(pexit="137"), tool="wiro/singer")
    exits = [detail(sim, run(sim)["taskid"])["pexit"] for _ in range(4)]
    assert exits == ["1", "0", "1", "0"]
    assert detail(sim, run(sim, "wiro/singer")["taskid"])["pexit"] == "137"
    sim.clear()
    assert sim.runs == sim.requests == []
    assert detail(sim, run(sim)["taskid"])["pexit"] == "0"


def test_a_task_lasts_as_long_as_planned(manual: Simulator) -> None:
    manual.lasting(3600)
    taskid = run(manual)["taskid"]
    manual.advance(3599)
    assert manual.status(taskid) == "task_postprocess_start"
    manual.advance(2)
    assert manual.status(taskid) == "task_postprocess_end"


def test_failing_lets_every_task_fail(sim: Simulator) -> None:
    sim.failing("no")
    assert {detail(sim, run(sim)["taskid"])["pexit"] for _ in range(3)} == {"1"}
