"""The WebSocket tells a task's story in order, and breaks on request."""

from __future__ import annotations

import json
import socket
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import (
    ConnectionClosed,
    ConnectionClosedError,
    InvalidMessage,
    InvalidStatus,
)
from websockets.sync.client import ClientConnection, connect

from simulator import specs
from simulator.wire import detail, post, run
from wiro_runtime.testing import Scenario, Simulator, faults

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.slow

NEW_FRAME = {"type", "id", "message", "result", "success", "terminal", "exitCode"}
WELCOME = {"type": "connected", "version": "1.0"}


@contextmanager
def subscribe(sim: Simulator, *tokens: str) -> Generator[ClientConnection]:
    """An open connection, the welcome read, the tasks asked for."""
    with connect(sim.socket_url, open_timeout=60, close_timeout=1) as connection:
        assert json.loads(connection.recv(60)) == WELCOME
        for token in tokens:
            connection.send(json.dumps({"type": "task_info", "tasktoken": token}))
        yield connection


def fail_to_open(sim: Simulator, url: str = "", **options: Any) -> None:
    with connect(url or sim.socket_url, **options):
        pass


def hear(connection: ClientConnection, until: str = "task_postprocess_end") -> list[Any]:
    """Every message up to one of a type, binary frames as bytes."""
    heard: list[Any] = []
    while not heard or heard[-1] == b"pcm" or heard[-1]["type"] != until:
        frame = connection.recv(60)
        heard.append(frame if isinstance(frame, bytes) else json.loads(frame))
    return heard


def test_a_task_is_followed_from_the_queue_to_its_outputs(manual: Simulator) -> None:
    answer = run(manual)
    with subscribe(manual, answer["socketaccesstoken"]) as connection:
        heard = [json.loads(connection.recv(60))]
        manual.advance(100)
        heard += hear(connection)
    task = detail(manual, answer["taskid"])
    statuses = [message["type"] for message in heard]
    assert statuses[0] == "task_queue"
    assert statuses.count("task_output") == 5
    assert statuses[-3:] == ["task_end", "task_postprocess_start", "task_postprocess_end"]
    for message in heard:
        assert message["id"] == answer["taskid"]
        assert {*message} == NEW_FRAME
        assert message["result"] is message["success"] is True
        assert message["terminal"] is (message is heard[-1])
        assert message["message"] is None or not message["type"].endswith("_full")
    assert heard[-1]["exitCode"] == 0
    assert heard[-1]["message"] == task["outputs"]
    outputs = [message["message"] for message in heard if message["type"] == "task_output"]
    assert isinstance(outputs[0], str)
    assert [output["percentage"] for output in outputs[1:]] == ["40", "60", "80", "100"]
    for output in outputs[1:]:
        assert output["type"] == "progressGenerate"
        assert {type(value) for value in output.values()} == {str}
        assert {
            "stepCurrent",
            "stepTotal",
            "speed",
            "speedType",
            "elapsedTime",
            "remainingTime",
        } < {*output}


def test_older_frames_name_the_token_and_carry_whole_logs(manual: Simulator) -> None:
    manual.frames = "tasktoken"
    answer = run(manual)
    with subscribe(manual, answer["socketaccesstoken"]) as connection:
        heard = [json.loads(connection.recv(60))]
        manual.advance(100)
        heard += hear(connection)
    for message in heard:
        assert message["tasktoken"] == answer["socketaccesstoken"]
        assert {*message} <= {"type", "id", "tasktoken", "message", "result"}
    (full,) = [m["message"] for m in heard if m["type"] == "task_error_full"]
    assert full == {"raw": "warning: the simulator has no graphics card"}
    manual.clear()
    assert manual.frames == "id"


@pytest.mark.parametrize(("pexit", "code"), [("1", 1), ("137", 137), (None, None), ("odd", None)])
def test_the_last_frame_tells_the_exit_code(
    sim: Simulator, pexit: str | None, code: int | None
) -> None:
    sim.plan(Scenario(pexit=pexit))
    with subscribe(sim, run(sim)["socketaccesstoken"]) as connection:
        last = hear(connection)[-1]
    assert (last["exitCode"], last["success"]) == (code, pexit is None)


def test_progress_tells_times_in_words() -> None:
    with Simulator(specs.ALL, speed="manual", scenario=Scenario(run=3900)) as sim:
        token = run(sim)["socketaccesstoken"]
        with subscribe(sim, token) as connection:
            connection.recv(60)
            sim.advance(4000)
            outputs = [m["message"] for m in hear(connection) if m["type"] == "task_output"]
    times = [(output["elapsedTime"], output["remainingTime"]) for output in outputs[1:3]]
    assert times == [("21m 40s", "43m 20s"), ("32m 30s", "32m 30s")]


def test_who_comes_late_hears_the_present_state_first(manual: Simulator) -> None:
    answer = run(manual)
    manual.step(times=5)
    with subscribe(manual, answer["socketaccesstoken"]) as connection:
        assert json.loads(connection.recv(60))["type"] == "task_start"
        manual.step()
        assert json.loads(connection.recv(60))["type"] == "task_output"
        manual.advance(100)
        assert hear(connection)[-1]["type"] == "task_postprocess_end"


def test_a_cancelled_task_ends_the_story(manual: Simulator) -> None:
    answer = run(manual)
    with subscribe(manual, answer["socketaccesstoken"]) as connection:
        assert json.loads(connection.recv(60))["type"] == "task_queue"
        post(manual, "Task/Cancel", {"taskid": answer["taskid"]})
        last = json.loads(connection.recv(60))
        assert (last["type"], last["result"]) == ("task_cancel", False)
        with pytest.raises(TimeoutError):
            connection.recv(0.05)


def test_one_connection_serves_many_tasks(sim: Simulator) -> None:
    tokens = [run(sim)["socketaccesstoken"] for _ in range(3)]
    with subscribe(sim, *tokens) as connection:
        heard = [json.loads(connection.recv(60)) for _ in range(3)]
    assert {message["id"] for message in heard} == {task.taskid for task in sim.runs}
    assert len(sim.subscriptions) == 3


def test_messages_come_as_time_passes() -> None:
    with Simulator(specs.ALL, speed=16) as sim:
        start = time.monotonic()
        # Ten seconds in the queue, so that its end is yet to come when somebody listens.
        sim.plan(Scenario(queue=10))
        token = run(sim)["socketaccesstoken"]
        with subscribe(sim, token) as connection:
            statuses = [message["type"] for message in hear(connection)]
        assert time.monotonic() - start > 18 / 16
    assert statuses[-4:] == [
        "task_error_full", "task_end", "task_postprocess_start", "task_postprocess_end"
    ]  # fmt: skip


def test_an_llm_speaks_as_it_thinks(manual: Simulator) -> None:
    manual.plan(Scenario.talking("One two three", thinking="Hm."))
    answer = run(manual, "openai/writer")
    with subscribe(manual, answer["socketaccesstoken"]) as connection:
        connection.recv(60)
        manual.advance(100)
        heard = hear(connection)
    said = [message["message"] for message in heard if message["type"] == "task_output"]
    assert said[0]["segments"][0] == {"type": "thinking", "text": "Hm."}
    assert [len(message["segments"][1]["text"]) for message in said] == [3, 5, 8, 10, 13]
    assert heard[-1]["message"][0]["content"]["segments"] == said[-1]["segments"]


def test_an_older_llm_speaks_in_fields(manual: Simulator) -> None:
    manual.plan(Scenario(kind="text", answer="One", thinking="Hm.", text_shape="fields"))
    with subscribe(manual, run(manual)["socketaccesstoken"]) as connection:
        connection.recv(60)
        manual.advance(100)
        heard = hear(connection)
    content = heard[-1]["message"][0]["content"]
    assert (content["answer"], content["thinking"]) == (["One"], ["Hm."])
    assert content["raw"] == "<think>Hm.</think>One"


def test_binary_frames_come_between(manual: Simulator) -> None:
    manual.plan(Scenario(binary=b"pcm"))
    answer = run(manual)
    with subscribe(manual, answer["socketaccesstoken"]) as connection:
        connection.recv(60)
        manual.advance(100)
        assert hear(connection).count(b"pcm") == 5


@pytest.mark.parametrize(
    "frame",
    [
        "{",
        "[]",
        b"task_info",
        json.dumps({"type": "task_info"}),
        json.dumps({"type": "task_info", "tasktoken": 5}),
        json.dumps({"type": "task_info", "tasktoken": "nobody's"}),
        json.dumps({"type": "hello"}),
        "known",
    ],
)
def test_any_other_message_closes_the_connection(sim: Simulator, frame: str | bytes) -> None:
    if frame == "known":
        # A key does not belong into a frame.
        token = run(sim)["socketaccesstoken"]
        frame = json.dumps({"type": "task_info", "tasktoken": token, "x-api-key": sim.api_key})
    with subscribe(sim) as connection:
        connection.send(frame)
        with pytest.raises(ConnectionClosedError) as caught:
            connection.recv(60)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 1008


def test_the_path_without_socket_works_too_and_others_do_not(sim: Simulator) -> None:
    with connect(sim.socket_url.removesuffix("/socket")) as connection:
        assert json.loads(connection.recv(60)) == WELCOME
    with pytest.raises(InvalidStatus):
        fail_to_open(sim, sim.socket_url + "s")
    with pytest.raises(InvalidStatus):
        fail_to_open(sim, f"{sim.socket_url}?key={sim.api_key}")


def test_the_connection_is_dropped_after_some_messages(manual: Simulator) -> None:
    manual.faults.add("socket", faults.drop(after=2))
    answer = run(manual)
    with subscribe(manual, answer["socketaccesstoken"]) as connection:
        connection.recv(60)
        manual.step()
        assert json.loads(connection.recv(60))["type"] == "task_accept"
        with pytest.raises(ConnectionClosedError) as caught:
            connection.recv(60)
        assert caught.value.rcvd is None
    with subscribe(manual, answer["socketaccesstoken"]) as connection:
        assert json.loads(connection.recv(60))["type"] == "task_accept"


def test_the_connection_is_closed_with_a_code(sim: Simulator) -> None:
    sim.faults.add("socket", faults.close(after=0, code=1012))
    with connect(sim.socket_url) as connection:
        assert json.loads(connection.recv(60)) == WELCOME
        with pytest.raises(ConnectionClosed) as caught:
            connection.recv(60)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1012


def test_the_connection_falls_silent(manual: Simulator) -> None:
    manual.faults.add("socket", faults.silence(after=1))
    answer = run(manual)
    with subscribe(manual, answer["socketaccesstoken"]) as connection:
        connection.recv(60)
        manual.advance(100)
        with pytest.raises(TimeoutError):
            connection.recv(0.1)


@pytest.mark.parametrize("frame", ["{not json", b"\x00\x01", '{"type": "task_dreaming"}'])
def test_a_strange_frame_comes_between(manual: Simulator, frame: str | bytes) -> None:
    manual.faults.add("socket", faults.insert(frame, after=1))
    answer = run(manual)
    with subscribe(manual, answer["socketaccesstoken"]) as connection:
        connection.recv(60)
        assert connection.recv(60) == frame
        manual.step()
        assert json.loads(connection.recv(60))["type"] == "task_accept"


def test_pings_come_without_end(manual: Simulator) -> None:
    manual.faults.add("socket", faults.pings(after=1))
    with connect(manual.socket_url) as connection:
        connection.recv(60)
        connection.send(
            json.dumps({"type": "task_info", "tasktoken": run(manual)["socketaccesstoken"]})
        )
        connection.recv(60)
        with pytest.raises(TimeoutError):
            connection.recv(0.2)
        connection.socket.shutdown(socket.SHUT_RDWR)


def test_a_message_comes_twice(manual: Simulator) -> None:
    manual.faults.add("socket", faults.repeat(after=1))
    answer = run(manual)
    with subscribe(manual, answer["socketaccesstoken"]) as connection:
        assert connection.recv(60) == connection.recv(60)


def test_the_handshake_is_refused_reset_or_never_answered(sim: Simulator) -> None:
    sim.faults.add("socket", faults.status(503))
    sim.faults.add("socket", faults.reset(), nth=2)
    sim.faults.add("socket", faults.hang(), nth=3)
    with pytest.raises(InvalidStatus) as caught:
        fail_to_open(sim)
    assert caught.value.response.status_code == 503
    with pytest.raises((ConnectionError, InvalidMessage)):
        fail_to_open(sim)
    with pytest.raises(TimeoutError):
        fail_to_open(sim, open_timeout=0.2)
    with subscribe(sim, run(sim)["socketaccesstoken"]) as connection:
        assert hear(connection)[-1]["type"] == "task_postprocess_end"


def test_stopping_the_simulator_ends_connections(manual: Simulator) -> None:
    with subscribe(manual, run(manual)["socketaccesstoken"]) as connection:
        connection.recv(60)
        manual.stop()
        with pytest.raises(ConnectionClosedError):
            connection.recv(60)
