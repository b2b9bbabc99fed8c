"""A run is accepted once, or its caller is told that nobody knows."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest

from runtime.kit import TOOL, AnyClient, AnyTask, Kit, each, got, nameless
from wiro_runtime import (
    ApiError,
    AsyncWiro,
    AuthenticationError,
    ConcurrencyLimitError,
    ConfigurationError,
    ConnectionFailed,
    Hooks,
    InsufficientBalanceError,
    InvalidInputs,
    NotFoundError,
    PollSchedule,
    RateLimitError,
    SubmissionUncertain,
    Wiro,
    WiroError,
)
from wiro_runtime.settings import Timing
from wiro_runtime.testing import Simulator, faults

PROMPT = {"prompt": "a lighthouse"}


async def submit(client: AnyClient) -> AnyTask:
    return await got(client.submit(TOOL, PROMPT))


def runs_seen(kit: Kit) -> int:
    return sum(request.path.startswith("/v1/Run/") for request in kit.simulator.requests)


@pytest.mark.parametrize(
    "fault",
    [
        faults.reset(acts=False),
        faults.reset(acts=True),
        faults.status(500, acts=True),
        faults.status(502),
        faults.status(408),
        faults.redirect("/v1/elsewhere"),
        faults.html(200, acts=True),
        faults.cut(5),
        faults.edit(lambda _answer: {"result": True, "errors": []}),
    ],
    ids=nameless,
)
def test_a_lost_answer_is_uncertain_and_nothing_is_sent_again(kit: Kit, fault: Any) -> None:
    kit.simulator.faults.add("Run/*", fault, times=None)
    with pytest.raises(SubmissionUncertain) as caught:
        kit.run(submit)
    assert runs_seen(kit) == 1
    assert not caught.value.retryable
    assert caught.value.tool == TOOL
    assert "billed" in str(caught.value)


def test_a_server_that_accepts_and_never_answers_is_uncertain(kit: Kit) -> None:
    kit.simulator.faults.add("Run/*", faults.hang(acts=True), times=None)
    with pytest.raises(SubmissionUncertain):
        kit.run(submit, timeout=1)
    assert len(kit.simulator.runs) == 1


def test_429_is_sent_again_after_the_time_it_asks_for(kit: Kit) -> None:
    kit.simulator.faults.add("Run/*", faults.rate_limited(seconds=7), times=2)
    task = kit.run(submit)
    assert kit.time.slept == [7, 7]
    assert len(kit.simulator.runs) == 1
    assert task.id == kit.simulator.runs[0].taskid


def test_429_that_does_not_end_is_a_rate_limit_error(kit: Kit) -> None:
    kit.simulator.faults.add("Run/*", faults.rate_limited(), times=None)
    with pytest.raises(RateLimitError) as caught:
        kit.run(submit, max_retries=2)
    assert "; try again in some seconds, with fewer requests at a time" in str(caught.value)
    assert caught.value.retryable
    assert runs_seen(kit) == 3
    assert kit.simulator.runs == []


def test_headers_that_cannot_be_written_leave_nothing_sent(kit: Kit) -> None:
    own = httpx2.AsyncClient(headers={"a b": "c"})
    with pytest.raises(ConnectionFailed, match="Illegal header name") as caught:
        kit.run(submit, http_client=own, max_retries=0)
    assert not caught.value.maybe_sent
    assert kit.simulator.runs == []


def test_a_rate_limit_error_says_when_to_try_again(kit: Kit) -> None:
    kit.simulator.faults.add("Run/*", faults.rate_limited(seconds=7), times=None)
    with pytest.raises(RateLimitError, match=r"; try again in 7 s, with fewer requests at a time"):
        kit.run(submit, max_retries=0)


def test_a_run_that_waits_behind_others_says_what_to_do_at_the_limit(manual_kit: Kit) -> None:
    kit = manual_kit
    kit.simulator.concurrency_limit = 1

    async def flow(client: AnyClient) -> None:
        await submit(client)
        await asyncio.gather(*(
            asyncio.to_thread(client.submit, TOOL, PROMPT, timeout=9)
            if isinstance(client, Wiro)
            else client.submit(TOOL, PROMPT, timeout=9)
            for _ in range(2)
        ))  # fmt: skip

    with pytest.raises(ConcurrencyLimitError, match="try again when one of your tasks has ended"):
        kit.run(flow)


def test_runs_that_wait_behind_others_at_the_limit_give_up_in_time(manual_kit: Kit) -> None:
    manual_kit.simulator.concurrency_limit = 1

    async def flow(client: AnyClient) -> float:
        await submit(client)
        begin = time.monotonic()
        failures = await asyncio.gather(
            *(
                asyncio.to_thread(client.submit, TOOL, PROMPT, timeout=seconds)
                if isinstance(client, Wiro)
                else client.submit(TOOL, PROMPT, timeout=seconds)
                for seconds in (0.5, 0.2, 0.2)
            ),
            return_exceptions=True,
        )
        assert [type(failure) for failure in failures] == [ConcurrencyLimitError] * 3
        return time.monotonic() - begin

    assert manual_kit.run(flow, timing=Timing(), poll=PollSchedule.every(1)) < 5
    assert len(manual_kit.simulator.runs) == 1


def test_a_refused_connection_is_tried_again_and_then_said(kit: Kit) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}/v1"
        with pytest.raises(ConnectionFailed) as caught:
            kit.run(submit, base_url=address)
    assert caught.value.retryable
    assert not caught.value.maybe_sent
    assert len(kit.time.slept) == 4


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        (faults.error(0, "Request parameter [x] required"), ApiError, 0),
        (faults.error(1, "not accessible"), NotFoundError, 1),
        (faults.error(97, "balance"), InsufficientBalanceError, 97),
        (faults.error(98, "sign in"), AuthenticationError, 98),
        (faults.error(99, "token"), AuthenticationError, 99),
        (faults.error(99, "token", http_status=401), AuthenticationError, 99),
        (faults.plain_error("something old"), ApiError, None),
        *(
            (faults.status(200, f'{{"result": {no}, "errors": [{{"code": "97"}}]}}'),
             InsufficientBalanceError, 97)
            for no in ("null", '"False"', '"FALSE"', "0", "false")
        ),
        (faults.status(401), AuthenticationError, None),
        (faults.status(404), NotFoundError, None),
        (faults.status(400, '{"result": false, "errors": [{"code": "0", "message": "no"}]}'),
         ApiError, 0),
    ],
)  # fmt: skip
def test_a_refusal_is_typed_and_final(
    kit: Kit, fault: Any, kind: type[ApiError], code: int | None
) -> None:
    kit.simulator.faults.add("Run/*", fault, times=None)
    with pytest.raises(ApiError) as caught:
        kit.run(submit)
    assert type(caught.value) is kind
    assert caught.value.code == code
    assert not caught.value.retryable
    assert ("Wiro has no tool wiro/painter" in str(caught.value)) == (kind is NotFoundError)
    assert runs_seen(kit) == 1


def test_wiro_says_what_is_wrong_with_the_inputs(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, {"samples": 2}))

    with pytest.raises(ApiError, match=r"Request parameter \[prompt\] required"):
        kit.run(flow)


def test_code_96_waits_for_ones_own_tasks_to_end(manual_kit: Kit) -> None:
    kit = manual_kit
    kit.simulator.concurrency_limit = 2
    kit.time.on_sleep = kit.simulator.advance

    async def flow(client: AnyClient) -> list[str]:
        return [(await submit(client)).id for _ in range(6)]

    ids = kit.run(flow)
    assert len(set(ids)) == 6 == len(kit.simulator.runs)
    # A task lasts 9 s and two run at a time: the last pair starts after two generations.
    assert 18 <= kit.time.now - 1000 <= 40


@pytest.mark.parametrize("timeout", [0, 1, 3, 9, 11])
def test_submit_waits_at_the_limit_until_its_time_is_up(manual_kit: Kit, timeout: float) -> None:
    """Also when the next look would be later than that: a task of 9 s runs, looks are 2 s apart."""
    kit = manual_kit
    kit.simulator.concurrency_limit = 1
    kit.time.on_sleep = kit.simulator.advance

    async def flow(client: AnyClient) -> None:
        await submit(client)
        await got(client.submit(TOOL, PROMPT, timeout=timeout))

    if timeout < 9:
        with pytest.raises(ConcurrencyLimitError):
            kit.run(flow)
    else:
        kit.run(flow)
    assert sum(kit.time.slept) == timeout or timeout > 9
    assert len(kit.simulator.runs) == 1 + (timeout >= 9)


def test_many_submissions_at_the_limit_knock_one_at_a_time(manual_kit: Kit) -> None:
    kit = manual_kit
    kit.simulator.concurrency_limit = 1
    kit.time.on_sleep = kit.simulator.advance

    async def flow(client: AnyClient) -> set[str]:
        if isinstance(client, Wiro):
            each = [asyncio.to_thread(client.submit, TOOL, PROMPT, timeout=200) for _ in range(8)]
            return {task.id for task in await asyncio.gather(*each)}
        each = [client.submit(TOOL, PROMPT, timeout=200) for _ in range(8)]
        return {task.id for task in await asyncio.gather(*each)}

    assert len(kit.run(flow)) == 8
    assert len(kit.simulator.runs) == 8
    # Seven times one knocks until a task of 9 s has ended; the rest of them wait for that one.
    assert runs_seen(kit) < 8 * 8


def test_code_96_of_others_tasks_is_an_error_that_may_be_retried(kit: Kit) -> None:
    kit.simulator.at_concurrency_limit()
    with pytest.raises(ConcurrencyLimitError) as caught:
        kit.run(submit)
    assert caught.value.retryable
    assert caught.value.code == 96
    assert "try again when one of your tasks has ended" in str(caught.value)
    assert runs_seen(kit) == 1


def test_a_run_gives_up_at_its_deadline_while_it_waits_for_a_place(manual_kit: Kit) -> None:
    kit = manual_kit
    kit.simulator.concurrency_limit = 1

    async def flow(client: AnyClient) -> None:
        await submit(client)
        await got(client.run(TOOL, PROMPT, timeout=30))

    with pytest.raises(ConcurrencyLimitError, match="try again when one of your tasks has ended"):
        kit.run(flow)
    assert kit.time.now - 1000 <= 30
    assert len(kit.simulator.runs) == 1


def test_every_error_after_a_submission_carries_the_id_and_says_how_to_resume(kit: Kit) -> None:
    kit.simulator.faults.add("Task/Detail", faults.status(500), times=None)

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT))

    with pytest.raises(WiroError) as caught:
        kit.run(flow)
    task_id = kit.simulator.runs[0].taskid
    assert caught.value.task_id == task_id
    assert not caught.value.retryable, "run() again would pay again"
    assert f"client.task('{task_id}').wait()" in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"timeout": each} for each in (0, -1, float("nan"), float("inf"), "5", True)),
        {"on_update": 5},
    ],
    ids=nameless,
)
def test_what_would_fail_after_the_submission_is_said_before(
    kit: Kit, wrong: dict[str, Any]
) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT, **wrong))

    with pytest.raises(ConfigurationError, match=next(iter(wrong))):
        kit.run(flow)
    assert kit.simulator.requests == []


@pytest.mark.parametrize(
    "tool", ["painter", "/painter", "wiro/", "wiro/a/b", "wiro/..", "../x", "", "wiro/painter/"]
)
def test_a_tool_that_is_none_is_refused_before_anything_is_sent(kit: Kit, tool: str) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.submit(tool, PROMPT))

    with pytest.raises(InvalidInputs, match="owner/project"):
        kit.run(flow)
    assert kit.simulator.requests == []


def test_a_tool_with_a_blank_in_its_name_is_encoded(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.submit("wiro/Animated Logo", PROMPT))

    kit.run(flow)
    assert kit.simulator.runs[0].tool == "wiro/Animated Logo"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, object()])
def test_inputs_that_are_not_json_are_refused_before_anything_is_sent(
    kit: Kit, value: object
) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, {"prompt": value}))

    with pytest.raises(InvalidInputs, match="not JSON"):
        kit.run(flow)
    assert kit.simulator.requests == []


def test_callback_and_project_travel_with_the_inputs(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, PROMPT, callback_url="http://127.0.0.1:9/hook"))

    kit.run(flow, project_id="699")
    body = kit.simulator.runs[0].body
    assert body["callbackUrl"] == "http://127.0.0.1:9/hook"
    assert body["projectid"] == "699"


def test_a_closed_client_says_so(kit: Kit) -> None:
    client: list[AnyClient] = []

    async def flow(each: AnyClient) -> None:
        client.append(each)

    kit.run(flow)

    async def late() -> None:
        await submit(client[0])

    with pytest.raises(ConfigurationError, match="closed") as caught:
        asyncio.run(late())
    assert not caught.value.retryable
    assert kit.time.slept == []


def test_an_asynchronous_client_serves_one_event_loop(instant: Simulator) -> None:
    client = Kit("async", instant).client()
    assert isinstance(client, AsyncWiro)

    async def flow() -> None:
        await client.submit(TOOL, PROMPT)

    asyncio.run(flow())
    with pytest.raises(ConfigurationError, match="event loop"):
        asyncio.run(flow())
    assert len(instant.runs) == 1


def interrupting(_info: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("wait", [False, True])
def test_ctrl_c_right_after_the_answer_names_the_task(kit: Kit, wait: bool) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT) if wait else client.submit(TOOL, PROMPT))

    with pytest.raises(KeyboardInterrupt) as caught:
        kit.run(flow, hooks=Hooks(task=interrupting))
    task_id = kit.simulator.runs[0].taskid
    assert [note for note in caught.value.__notes__ if f"client.task('{task_id}').wait()" in note]


def test_ctrl_c_right_after_the_answer_stops_the_task_when_it_should(manual: Simulator) -> None:
    kit = Kit("sync", manual)

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT))

    first = iter([True])

    def once(_info: object) -> None:
        if next(first, False):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kit.run(flow, hooks=Hooks(task=once), on_interrupt="stop")
    assert manual.status(manual.runs[0].taskid) == "task_cancel"


@pytest.mark.parametrize(
    ("hook", "fault", "lost"),
    [("retry", faults.rate_limited(), 0), ("response", faults.slow(0), 1)],
    ids=["between two attempts", "with the answer on its way"],
)
def test_only_what_may_have_been_accepted_is_lost_by_ctrl_c(
    kit: Kit, tmp_path: Path, hook: str, fault: Any, lost: int
) -> None:
    kit.simulator.faults.add("Run/*", fault)

    async def flow(client: AnyClient) -> None:
        with pytest.raises(KeyboardInterrupt):
            await got(client.submit(TOOL, PROMPT))
        assert len(await each(client.resume())) == lost

    kit.run(flow, hooks=Hooks(**{hook: interrupting}), journal=tmp_path / "journal")


@pytest.mark.parametrize("value", [{"id": 5}, ["5"], True, 5.0, None, " ", 0, "0"], ids=nameless)
def test_an_answer_whose_task_has_no_name_is_uncertain(kit: Kit, value: Any) -> None:
    def nameless_task(answer: dict[str, Any]) -> None:
        answer.update(taskid=value, socketaccesstoken=None)

    kit.simulator.faults.add("Run/*", faults.edit(nameless_task))

    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, PROMPT))

    with pytest.raises(SubmissionUncertain, match="names no task"):
        kit.run(flow)


@pytest.mark.parametrize("value", [0, "0", None, ""], ids=nameless)
def test_a_refusal_with_the_fields_of_a_task_stays_one(
    kit: Kit, tmp_path: Path, value: Any
) -> None:
    refusal = {"result": False, "errors": [{"code": 97, "message": "no money"}]}
    text = json.dumps({**refusal, "taskid": value, "socketaccesstoken": value})
    kit.simulator.faults.add("Run/*", faults.status(200, text), times=None)

    async def flow(client: AnyClient) -> None:
        with pytest.raises(InsufficientBalanceError, match="no money"):
            await got(client.submit(TOOL, PROMPT))
        assert await each(client.resume()) == []

    kit.run(flow, journal=tmp_path / "journal")


@pytest.mark.parametrize("name", ["taskid", "taskId", "task_id", "TASKID"])
@pytest.mark.parametrize(
    "text", ['{"NAME": "77", "sock', '{"NAME": 77, "sock', '<br>{"NAME": "77"}', '{"NAME": "77"}{}']
)
def test_text_that_is_no_json_names_a_task_as_json_does(kit: Kit, name: str, text: str) -> None:
    text = text.replace("NAME", name)
    kit.simulator.faults.add("Run/*", faults.status(200, text))

    async def flow(client: AnyClient) -> str:
        return (await submit(client)).id

    assert kit.run(flow) == "77"
    assert runs_seen(kit) == 1


@pytest.mark.parametrize("value", ["0", '"0"', '"00"', "null", '""'])
def test_a_refusal_that_was_cut_names_no_task(kit: Kit, value: str) -> None:
    text = f'{{"result": false, "taskid": {value}, "socketaccesstoken": {value}, "errors": [{{"co'
    kit.simulator.faults.add("Run/*", faults.status(200, text))
    with pytest.raises(SubmissionUncertain):
        kit.run(submit)


def test_a_failure_that_nobody_foresaw_is_uncertain_too(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, PROMPT))

    def clock() -> float:
        if kit.simulator.runs:
            raise SystemError("no time left")
        return 0.0

    with pytest.raises(SubmissionUncertain, match="SystemError: no time left"):
        kit.run(flow, timing=Timing(clock=clock))
    assert len(kit.simulator.runs) == 1
