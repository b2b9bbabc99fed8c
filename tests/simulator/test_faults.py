"""Each fault does to a client exactly what it says."""

from __future__ import annotations

import http.client
import json
import socket
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from simulator.wire import credentials, detail, get, post, run, send
from wiro_runtime.testing import Scenario, faults
from wiro_runtime.testing.serve import FAULT_NAMES, parse_fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

RUN = "Run/wiro/painter"
BODY = {"prompt": "a"}


def test_a_status_comes_as_often_as_asked(sim: Simulator) -> None:
    taskid = run(sim)["taskid"]
    rule = sim.faults.add("Task/Detail", faults.status(503, "busy"), nth=2, times=2)
    answers = [post(sim, "Task/Detail", {"taskid": taskid}) for _ in range(5)]
    assert [answer.status for answer in answers] == [200, 503, 503, 200, 200]
    assert answers[1].data == b"busy"
    assert (rule.seen, rule.applied) == (5, 2)
    assert len(sim.requests) == 6


def test_paths_are_patterns_and_faults_may_last(sim: Simulator) -> None:
    sim.faults.add("/v1/Run/wiro/*", faults.status(500), times=None)
    assert [post(sim, RUN, BODY).status for _ in range(3)] == [500] * 3
    assert post(sim, "Run/openai/writer", BODY).json["result"] is True
    sim.faults.clear()
    assert post(sim, RUN, BODY).json["result"] is True


def test_a_fault_that_makes_no_sense_is_refused(sim: Simulator) -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        sim.faults.add("Task/Detail", faults.hang(), nth=0)
    with pytest.raises(ValueError, match="for 'socket'"):
        sim.faults.add("Task/Detail", faults.drop())


@pytest.mark.parametrize("acts", [False, True])
def test_a_reset_before_or_after_the_task_was_started(sim: Simulator, acts: bool) -> None:
    sim.faults.add(RUN, faults.reset(acts=acts))
    with pytest.raises(ConnectionResetError):
        post(sim, RUN, BODY)
    assert len(sim.runs) == int(acts)
    assert len(sim.requests) == 1


@pytest.mark.parametrize("acts", [False, True])
def test_a_hang_before_or_after_the_task_was_started(sim: Simulator, acts: bool) -> None:
    sim.faults.add(RUN, faults.hang(acts=acts))
    with pytest.raises(TimeoutError):
        post(sim, RUN, BODY, timeout=0.2)
    while not sim.requests:
        time.sleep(0.01)
    assert len(sim.runs) == int(acts)
    run(sim)


def test_a_slow_answer_is_right_but_late(sim: Simulator) -> None:
    sim.faults.add(RUN, faults.slow(0.15))
    start = time.monotonic()
    assert post(sim, RUN, BODY).json["result"] is True
    assert time.monotonic() - start >= 0.15


def test_a_drip_comes_byte_by_byte(sim: Simulator) -> None:
    sim.faults.add(RUN, faults.drip(0.002))
    start = time.monotonic()
    answer = post(sim, RUN, BODY)
    assert answer.json["result"] is True
    assert time.monotonic() - start >= 0.002 * len(answer.data)


@pytest.mark.parametrize("code", [0, 1, 96, 97, 98, 99])
def test_each_error_code(sim: Simulator, code: int) -> None:
    sim.faults.add(RUN, faults.error(code, "so it is"))
    answer = post(sim, RUN, BODY)
    assert answer.status == 200
    assert answer.error == (code, "so it is")
    assert sim.runs == []


def test_an_error_as_older_answers_have_it(sim: Simulator) -> None:
    sim.faults.add(RUN, faults.plain_error("no"))
    assert post(sim, RUN, BODY).json == {"result": False, "errors": ["no"]}


def test_429_says_when_to_come_back(sim: Simulator) -> None:
    sim.faults.add(RUN, faults.rate_limited(seconds=2))
    sim.faults.add(RUN, faults.rate_limited(milliseconds=1500), nth=2)
    sim.faults.add(RUN, faults.rate_limited(date_in=60), nth=3)
    sim.faults.add(RUN, faults.rate_limited(), nth=4)
    answers = [post(sim, RUN, BODY) for _ in range(4)]
    assert {answer.status for answer in answers} == {429}
    assert answers[0].headers["retry-after"] == "2"
    assert answers[1].headers["retry-after-ms"] == "1500"
    moment = parsedate_to_datetime(answers[2].headers["retry-after"]).timestamp()
    assert 50 < moment - time.time() < 70
    assert "retry-after" not in answers[3].headers
    assert sim.runs == []


def test_html_where_json_was_expected(sim: Simulator) -> None:
    sim.faults.add(RUN, faults.html(acts=True))
    answer = post(sim, RUN, BODY)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.data.startswith(b"<!doctype html>")
    assert len(sim.runs) == 1


@pytest.mark.parametrize("fault", [faults.truncated(), faults.short(3), faults.long(2)])
def test_json_that_is_none(sim: Simulator, fault: faults.Fault) -> None:
    sim.faults.add(RUN, fault)
    answer = post(sim, RUN, BODY)
    assert int(answer.headers["content-length"]) == len(answer.data)
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.data)
    assert len(sim.runs) == 1


def test_text_that_is_no_utf8(sim: Simulator) -> None:
    sim.faults.add(RUN, faults.invalid_utf8())
    with pytest.raises(UnicodeDecodeError):
        post(sim, RUN, BODY).data.decode()


def test_a_task_with_an_odd_field(sim: Simulator) -> None:
    taskid = run(sim)["taskid"]
    sim.faults.add("Task/Detail", faults.task_field("status", "task_dreaming"))
    sim.faults.add("Task/Detail", faults.task_field("elapsedseconds", "soon"), nth=2)
    sim.faults.add("Task/Detail", faults.without("pexit"), nth=3)
    assert detail(sim, taskid)["status"] == "task_dreaming"
    assert detail(sim, taskid)["elapsedseconds"] == "soon"
    assert "pexit" not in detail(sim, taskid)
    assert detail(sim, taskid)["pexit"] == "0"


def test_an_answer_with_an_odd_field(sim: Simulator) -> None:
    sim.faults.add(RUN, faults.without("taskid"))
    sim.faults.add(RUN, faults.edit(lambda _answer: [1]), nth=2)
    assert set(post(sim, RUN, BODY).json) == {"errors", "socketaccesstoken", "result"}
    assert post(sim, RUN, BODY).json == [1]


def test_an_empty_tasklist(sim: Simulator) -> None:
    taskid = run(sim)["taskid"]
    sim.faults.add("Task/Detail", faults.empty_tasklist())
    body = post(sim, "Task/Detail", {"taskid": taskid}).json
    assert (body["result"], body["tasklist"], body["total"]) == (True, [], "0")


def test_a_download_that_is_cut(sim: Simulator) -> None:
    url = detail(sim, run(sim)["taskid"])["outputs"][0]["url"]
    whole = get(sim, url).data
    sim.faults.add("cdn/*", faults.cut(100))
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(sim, url)
    assert caught.value.partial == whole[:100]
    rest = get(sim, url, {"range": "bytes=100-"})
    assert caught.value.partial + rest.data == whole


def test_a_large_download_is_cut_where_it_says(sim: Simulator) -> None:
    sim.plan(Scenario(output_size=3_000_000))
    url = detail(sim, run(sim)["taskid"])["outputs"][0]["url"]
    sim.faults.add("cdn/*", faults.cut(1_000_000))
    with pytest.raises(http.client.IncompleteRead) as caught:
        get(sim, url)
    assert len(caught.value.partial) == 1_000_000


def test_a_download_that_is_shorter_or_longer_than_size(sim: Simulator) -> None:
    output = detail(sim, run(sim)["taskid"])["outputs"][0]
    sim.faults.add("cdn/*", faults.short(10))
    sim.faults.add("cdn/*", faults.long(10), nth=2)
    for difference in (-10, 10):
        answer = get(sim, output["url"])
        assert len(answer.data) == int(answer.headers["content-length"])
        assert len(answer.data) == int(output["size"]) + difference


def test_a_download_that_is_sent_elsewhere(sim: Simulator) -> None:
    url = detail(sim, run(sim)["taskid"])["outputs"][0]["url"]
    sim.faults.add("cdn/*", faults.redirect("http://127.0.0.1:9/0.png"))
    answer = get(sim, url)
    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:9/0.png")


def test_the_connection_lives_on_after_a_mere_status(sim: Simulator) -> None:
    sim.faults.add("Task/Detail", faults.status(502))
    connection = http.client.HTTPConnection(sim.origin.removeprefix("http://"), timeout=60)
    statuses: list[int] = []
    for _ in range(2):
        headers = dict([*credentials(sim), ("content-type", "application/json")])
        connection.request("POST", "/v1/Task/Detail", b'{"taskid": "1"}', headers)
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
        raw: socket.socket | None = connection.sock
        assert raw is not None
    connection.close()
    assert statuses == [502, 200]


@pytest.mark.parametrize(
    ("text", "path", "nth", "times"),
    [
        ("Task/Detail=status:503", "Task/Detail", 1, 1),
        ("Task/Detail=status:503*2@3", "Task/Detail", 3, 2),
        ("Run/*=reset-after*all", "Run/*", 1, None),
        ("cdn/*=cut:100", "cdn/*", 1, 1),
        ("Task/Detail=unknown-state", "Task/Detail", 1, 1),
        ("socket=drop:3", "socket", 1, 1),
    ],
)
def test_a_fault_as_text(text: str, path: str, nth: int, times: int | None) -> None:
    assert parse_fault(text)[0] == path
    assert parse_fault(text)[2:] == (nth, times)


def test_a_fault_as_text_does_what_it_says(sim: Simulator) -> None:
    path, fault, nth, times = parse_fault("Task/*=status:418@2")
    sim.faults.add(path, fault, nth=nth, times=times)
    headers = [*credentials(sim), ("content-type", "application/json")]
    assert send(sim, "POST", "/v1/Task/Kill", headers, b"{}").status == 200
    assert post(sim, "Task/Kill", {}).status == 418


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("status:503", "expected PATH=NAME"),
        ("Run/*=explode", "'explode' is none of status, error"),
        ("Run/*=status:many", "'many' is no value for status"),
        ("Run/*=status", "'' is no value for status"),
        ("Run/*=hang@", "expected PATH=NAME"),
    ],
)
def test_a_fault_text_that_is_none(text: str, message: str) -> None:
    with pytest.raises(ValueError, match="fault") as caught:
        parse_fault(text)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", sorted({*FAULT_NAMES} - {"status", "error"}))
def test_every_other_fault_has_a_usual_value(name: str) -> None:
    parse_fault(f"socket={name}")


def test_every_maker_is_reachable() -> None:
    makers: list[Callable[..., object]] = [faults.status, faults.redirect, faults.silence]
    assert all(callable(maker) for maker in makers)
