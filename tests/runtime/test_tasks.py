"""Watching a task: the schedule, the end, what Wiro may say meanwhile, and stopping it."""

from __future__ import annotations

import asyncio
import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from runtime.kit import TOOL, AnyClient, AnyTask, Kit, got, nameless
from wiro_runtime import (
    ApiError,
    AsyncResult,
    AsyncTask,
    ConfigurationError,
    ConnectionFailed,
    NotFoundError,
    PollSchedule,
    RateLimitError,
    Result,
    Task,
    TaskCancelled,
    TaskFailed,
    TaskTimeout,
    UnexpectedAnswer,
    WiroError,
)
from wiro_runtime.settings import Timing
from wiro_runtime.testing import Scenario, faults

PROMPT = {"prompt": "a lighthouse", "samples": 2}


async def submit(client: AnyClient) -> AnyTask:
    return await got(client.submit(TOOL, PROMPT))


async def run(client: AnyClient) -> Result | AsyncResult:
    return await got(client.run(TOOL, PROMPT))


def looks(kit: Kit) -> int:
    return sum(request.path == "/v1/Task/Detail" for request in kit.simulator.requests)


def test_the_snippet_of_a_day(kit: Kit, tmp_path: Path) -> None:
    async def flow(client: AnyClient) -> None:
        result = await run(client)
        paths = await got(result.download(tmp_path))
        assert [path.name for path in paths] == ["0.png", "1.png"]
        assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
        assert isinstance(result.cost, Decimal)
        assert result.elapsed == 6.0
        assert result.raw["status"] == "task_postprocess_end"
        assert result.outputs[0].size == paths[0].stat().st_size
        assert result.outputs[0].content_type == "image/png"

        task = await submit(client)
        assert task.id.isdigit()
        assert task.token
        assert task.status == "task_queue"
        again = await got(task.wait(timeout=600, on_update=print))
        assert again.task_id == task.id
        assert [await got(task.cancel()), await got(task.kill()), await got(task.stop())] == [
            False, False, False,
        ]  # fmt: skip
        resumed = client.task(task.id)
        assert isinstance(resumed, Task | AsyncTask)
        assert (await got(resumed.wait())).task_id == task.id
        by_token = client.task(task.token)
        assert by_token.id == ""
        assert (await got(by_token.wait())).task_id == task.id == by_token.id

    kit.run(flow)


def test_polling_follows_the_schedule_by_age(manual_kit: Kit) -> None:
    kit = manual_kit
    kit.simulator.plan(Scenario.lasting(200))
    kit.time.on_sleep = kit.simulator.advance
    kit.run(run)
    slept = kit.time.slept
    assert slept == [2.0] * 15 + [5.0] * 18 + [10.0] * 8
    assert looks(kit) == len(slept)


def test_a_task_that_ends_just_before_the_time_is_up_is_seen(manual_kit: Kit) -> None:
    kit = manual_kit
    kit.simulator.plan(Scenario.lasting(6.5))
    kit.time.on_sleep = kit.simulator.advance

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT, timeout=7))

    kit.run(flow)


def test_a_task_that_is_waited_for_late_is_looked_at_at_once(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        kit.time.now += 60
        await got(task.wait())

    kit.run(flow)
    assert kit.time.slept == []


def test_jitter_spreads_what_was_submitted_at_once() -> None:
    schedule = PollSchedule()
    draws = iter([0.0, 0.25, 0.5, 0.999])
    delays = [schedule.delay(0, lambda: next(draws)) for _ in range(4)]
    assert delays == pytest.approx([1.6, 1.8, 2.0, 2.4], abs=0.01)


@pytest.mark.parametrize(
    "bad",
    [
        {"intervals": ()},
        {"intervals": ((1.0, 2.0),)},
        {"intervals": ((0.0, 2.0), (0.0, 5.0))},
        {"intervals": ((0.0, 0.0),)},
        {"intervals": ((0.0, float("inf")),)},
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match=r"intervals|interval"):
        PollSchedule(**bad)


def test_the_time_is_up_with_the_last_detail_and_the_way_to_resume(manual_kit: Kit) -> None:
    kit = manual_kit

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT, timeout=7))

    with pytest.raises(TaskTimeout) as caught:
        kit.run(flow)
    task_id = kit.simulator.runs[0].taskid
    assert kit.time.now == 1007
    assert caught.value.task_id == task_id
    assert caught.value.detail is not None
    assert caught.value.detail.status == "task_queue"
    assert f"client.task('{task_id}').wait()" in str(caught.value)
    assert not caught.value.retryable


def test_a_timeout_of_nothing_is_over_at_once(manual_kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        await got(client.task(task.id).wait(timeout=0))

    with pytest.raises(TaskTimeout):
        manual_kit.run(flow)
    assert manual_kit.time.slept == []


@pytest.mark.parametrize("pexit", ["1", "137", "-1", "x"])
def test_another_exit_code_than_0_is_failure(kit: Kit, pexit: str) -> None:
    kit.simulator.plan(Scenario.failing("CUDA out of memory", pexit=pexit))
    with pytest.raises(TaskFailed, match=f"exit code {pexit}.*CUDA out of memory") as caught:
        kit.run(run)
    assert caught.value.task_id == kit.simulator.runs[0].taskid
    assert caught.value.detail is not None
    assert not caught.value.retryable


def test_without_an_exit_code_outputs_mean_success(kit: Kit) -> None:
    kit.simulator.plan(Scenario(pexit=None))
    assert len(kit.run(run).outputs) == 2


def test_without_an_exit_code_and_outputs_it_failed(kit: Kit) -> None:
    kit.simulator.plan(Scenario(pexit=None))
    kit.simulator.faults.add("Task/Detail", faults.task_field("outputs", []), times=None)
    with pytest.raises(TaskFailed, match="failed"):
        kit.run(run)


def test_an_exit_code_may_be_a_number(kit: Kit) -> None:
    kit.simulator.faults.add("Task/Detail", faults.task_field("pexit", 0))
    assert len(kit.run(run).outputs) == 2


@pytest.mark.parametrize("status", ["task_error", "task_error_full", "task_nobody_knows", "", 7])
def test_a_status_that_is_not_an_end_means_keep_polling(kit: Kit, status: Any) -> None:
    kit.simulator.faults.add("Task/Detail", faults.task_field("status", status), times=3)
    assert len(kit.run(run).outputs) == 2
    assert looks(kit) == 4


def test_a_status_that_is_missing_means_keep_polling(kit: Kit) -> None:
    kit.simulator.faults.add("Task/Detail", faults.without("status"), times=2)
    assert len(kit.run(run).outputs) == 2


@pytest.mark.parametrize("odd", ["", "abc", None, True, [], {}, "NaN", "1e999", "-"])
@pytest.mark.parametrize("field", ["elapsedseconds", "totalcost", "createtime", "debugerror"])
@pytest.mark.parametrize("kind", ["sync"])
def test_numbers_that_are_none_are_read_as_not_there(kit: Kit, field: str, odd: Any) -> None:
    kit.simulator.faults.add("Task/Detail", faults.task_field(field, odd), times=None)
    result = kit.run(run)
    assert len(result.outputs) == 2
    if field == "elapsedseconds":
        assert result.elapsed is None
    if field == "totalcost":
        assert result.cost is None
    if field == "createtime":
        assert result.detail.created is None


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("[]", 0),
        ("null", 0),
        ('"x"', 0),
        ('[1, "x", null]', 0),
        ("[{}]", 1),
        ('[{"name": null, "url": null, "size": "big", "contenttype": null}]', 1),
    ],
)
def test_odd_outputs_are_read_tolerantly(kit: Kit, text: str, count: int) -> None:
    outputs = json.loads(text)
    kit.simulator.faults.add("Task/Detail", faults.task_field("outputs", outputs), times=None)
    result = kit.run(run)
    assert len(result.outputs) == count
    assert all(output.size is None for output in result.outputs)


@pytest.mark.parametrize(
    "fault",
    [
        faults.reset(),
        faults.status(500),
        faults.status(503),
        faults.status(429),
        faults.html(502),
        faults.html(200),
        faults.truncated(),
        faults.invalid_utf8(),
        faults.cut(10),
        faults.edit(lambda _answer: []),
        faults.edit(lambda _answer: "x"),
    ],
    ids=nameless,
)
def test_reads_are_repeated_until_they_are_answered(kit: Kit, fault: Any) -> None:
    kit.simulator.faults.add("Task/Detail", fault, times=4)
    assert len(kit.run(run).outputs) == 2
    assert looks(kit) == 5
    pauses = kit.time.slept[1:]
    assert pauses == [0.375, 0.75, 1.5, 3.0], "doubling, from the upper half of each"


@pytest.mark.parametrize("fault", [faults.status(500), faults.html(), faults.reset()], ids=nameless)
def test_reads_give_up_after_five_failures_in_a_row(kit: Kit, fault: Any) -> None:
    kit.simulator.faults.add("Task/Detail", fault, times=None)

    async def flow(client: AnyClient) -> None:
        await got(client.task("123").refresh())

    with pytest.raises(WiroError) as caught:
        kit.run(flow)
    assert looks(kit) == 5
    assert caught.value.retryable
    assert caught.value.task_id == "123"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422])
def test_other_4xx_fail_at_once(kit: Kit, status: int) -> None:
    kit.simulator.faults.add("Task/Detail", faults.status(status), times=None)
    with pytest.raises(ApiError) as caught:
        kit.run(run)
    assert looks(kit) == 1
    assert caught.value.http_status == status


def test_a_task_that_nobody_knows_is_not_found(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.task("1").wait())

    with pytest.raises(NotFoundError, match="Wiro knows no task 1, or not for this key") as caught:
        kit.run(flow)
    assert "resume" not in str(caught.value)


def test_an_empty_tasklist_is_not_found_with_the_id(kit: Kit) -> None:
    kit.simulator.faults.add("Task/Detail", faults.empty_tasklist(), times=None)
    with pytest.raises(NotFoundError) as caught:
        kit.run(run)
    assert caught.value.task_id == kit.simulator.runs[0].taskid


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (faults.rate_limited(seconds=11), 11),
        (faults.rate_limited(milliseconds=1500), 1.5),
        (faults.rate_limited(date_in=90), 90),
        (faults.rate_limited(seconds=100000), 120),
        (faults.rate_limited(seconds=-5), 0.375),
        (faults.status(503, headers={"retry-after": "soon"}), 0.375),
        (faults.status(503, headers={"retry-after": "nan"}), 0.375),
        (faults.status(503, headers={"retry-after": "Tue, 99 Foo 2026 00:00:00 GMT"}), 0.375),
        (faults.status(503, headers={"retry-after": "Sun, 06 Nov 1994 08:49:37"}), 0.375),
        (faults.status(503, headers={"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT"}), 120),
    ],
    ids=nameless,
)
def test_retry_after_is_read_in_every_form_and_capped(kit: Kit, fault: Any, seconds: float) -> None:
    kit.simulator.faults.add("Task/Detail", fault)
    kit.run(run)
    assert kit.time.slept[1] == pytest.approx(seconds, abs=60 if seconds == 90 else 0.001)


@pytest.mark.parametrize("call", ["refresh", "cancel", "kill", "stop"])
def test_what_a_server_asks_to_wait_ends_no_later_than_all_attempts_may(
    manual_kit: Kit, call: str
) -> None:
    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        manual_kit.simulator.faults.add("Task/*", faults.rate_limited(seconds=100), times=None)
        with pytest.raises(RateLimitError):
            await got(getattr(task, call)())

    manual_kit.run(flow, timeout=30, max_retries=4)
    # Five attempts of 30 s: a second delay of 100 s would be too long.
    assert manual_kit.time.slept == [100]


@pytest.mark.parametrize(
    "fault",
    [faults.hang(), faults.drip(0.1), faults.slow(60)],
    ids=["hangs", "drips", "slow"],
)
def test_a_server_cannot_stretch_the_deadline(kind: Any, instant: Any, fault: Any) -> None:
    kit = Kit(kind, instant)
    instant.faults.add("Task/Detail", fault, times=None)

    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        begin.append(time.monotonic())
        await got(task.wait(timeout=0.6))

    begin: list[float] = []
    with pytest.raises(TaskTimeout) as caught:
        kit.run(flow, timing=Timing(), poll=PollSchedule.every(0.05), timeout=30)
    # Far from both the deadline and the half a minute that a request may take.
    assert time.monotonic() - begin[0] < 15
    assert looks(kit)
    assert caught.value.task_id == instant.runs[0].taskid


def test_a_request_that_is_cut_by_the_time_of_its_task_is_no_lost_connection(
    kind: Any, instant: Any
) -> None:
    kit = Kit(kind, instant)
    instant.faults.add("Task/Detail", faults.hang(), times=None)
    # Ahead of the event loop's, so that the limit of the request always comes before the task's.
    timing = Timing(clock=lambda: 1.5 * time.monotonic())

    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        await got(task.wait(timeout=0.6))

    with pytest.raises(TaskTimeout):
        kit.run(flow, timing=timing, poll=PollSchedule.every(0.05), timeout=30)


@pytest.mark.parametrize("fault", [faults.hang(), faults.drip(0.1)], ids=["hangs", "drips"])
def test_a_server_cannot_stretch_a_single_request(kind: Any, instant: Any, fault: Any) -> None:
    kit = Kit(kind, instant)
    instant.faults.add("Task/Detail", fault, times=None)

    async def flow(client: AnyClient) -> None:
        await got(client.task("1").refresh())

    begin = time.monotonic()
    with pytest.raises(ConnectionFailed, match="in time"):
        kit.run(flow, timeout=0.3, max_retries=1)
    assert 0.5 < time.monotonic() - begin < 15


def test_cancel_takes_a_task_out_of_the_queue(manual_kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        assert await got(task.cancel()) is True
        assert await got(task.kill()) is False
        await got(task.wait())

    with pytest.raises(TaskCancelled) as caught:
        manual_kit.run(flow)
    assert caught.value.task_id == manual_kit.simulator.runs[0].taskid
    assert caught.value.detail is not None
    assert caught.value.detail.cancelled


def test_a_task_that_is_known_by_its_token_is_cancelled(manual_kit: Kit) -> None:
    async def flow(client: AnyClient) -> bool:
        return await got(client.task((await submit(client)).token).cancel())

    assert manual_kit.run(flow) is True
    assert manual_kit.simulator.status(manual_kit.simulator.runs[0].taskid) == "task_cancel"


@pytest.mark.parametrize(
    "fault",
    [faults.status(500), faults.status(403), faults.status(400), faults.error(98, "sign in")],
    ids=nameless,
)
def test_an_order_that_fails_is_no_refusal_and_names_its_task(manual_kit: Kit, fault: Any) -> None:
    manual_kit.simulator.faults.add("Task/Cancel", fault, times=None)

    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        with pytest.raises(ApiError) as caught:
            await got(task.cancel())
        assert caught.value.task_id == task.id

    manual_kit.run(flow)


def test_a_cancel_whose_answer_was_lost_still_counts(manual_kit: Kit) -> None:
    manual_kit.simulator.faults.add("Task/Cancel", faults.reset(acts=True))

    async def flow(client: AnyClient) -> bool:
        return await got((await submit(client)).cancel())

    assert manual_kit.run(flow) is True


def test_a_cancel_that_is_lost_and_then_refused_has_done_nothing(manual_kit: Kit) -> None:
    manual_kit.simulator.faults.add("Task/Cancel", faults.reset())

    async def flow(client: AnyClient) -> bool:
        task = await submit(client)
        manual_kit.simulator.step(task.id, 6)
        return await got(task.cancel())

    assert manual_kit.run(flow) is False


def test_a_running_task_is_killed_not_cancelled(manual_kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        manual_kit.simulator.step(task.id, 6)
        assert await got(task.cancel()) is False
        assert await got(task.kill()) is True
        await got(task.wait())

    with pytest.raises((TaskCancelled, TaskFailed)):
        manual_kit.run(flow)


@pytest.mark.parametrize("steps", [0, 5, 6, 8])
def test_stop_does_whichever_fits(manual_kit: Kit, steps: int) -> None:
    async def flow(client: AnyClient) -> bool:
        task = await submit(client)
        manual_kit.simulator.step(task.id, steps)
        return await got(task.stop())

    assert manual_kit.run(flow) is True


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_stop_waits_while_wiro_prepares_a_task(manual_kit: Kit, steps: int) -> None:
    simulator = manual_kit.simulator
    refused: list[str] = []

    def go_on(request: Any, _status: int) -> None:
        # It runs when both have been tried twice.
        if request.path in ("/v1/Task/Kill", "/v1/Task/Cancel"):
            refused.append(request.path)
            if len(refused) == 4:
                simulator.step(simulator.runs[0].taskid, 6 - steps)

    simulator.on_response(go_on)

    async def flow(client: AnyClient) -> bool:
        task = await submit(client)
        simulator.step(task.id, steps)
        return await got(task.stop())

    assert manual_kit.run(flow) is True
    assert simulator.status(simulator.runs[0].taskid) == "task_cancel"


def test_a_task_that_wiro_prepares_for_long_is_not_called_ended(manual_kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        manual_kit.simulator.step(task.id, 2)
        with pytest.raises(TaskTimeout, match=r"goes on: Wiro stops none that it prepares") as late:
            await got(task.stop())
        assert late.value.task_id == task.id

    manual_kit.run(flow, timeout=1, max_retries=1)


def test_stop_of_an_ended_task_says_that_there_was_nothing_to_stop(kit: Kit) -> None:
    async def flow(client: AnyClient) -> bool:
        return await got(client.task((await submit(client)).id).stop())

    assert kit.run(flow) is False


def test_stop_handles_a_task_that_leaves_the_queue_meanwhile(manual_kit: Kit) -> None:
    simulator = manual_kit.simulator
    moved: list[int] = []

    def listen(request: Any, _status: int) -> None:
        # The look says "queued"; by the time the order arrives the task runs.
        if request.path == "/v1/Task/Detail" and not moved:
            moved.append(1)
            for task in simulator._state.tasks.values():
                for _ in range(6):
                    simulator._state.step(task)

    simulator.on_response(listen)

    async def flow(client: AnyClient) -> bool:
        return await got((await submit(client)).stop())

    try:
        assert manual_kit.run(flow) is True
    finally:
        simulator.on_response(lambda _request, _status: None)
    assert moved


def test_the_files_of_an_ended_task_can_be_deleted_twice(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        await got(task.wait())
        await got(task.delete_files())
        await got(client.task(task.id).delete_files())

    kit.run(flow)
    assert [r.path for r in kit.simulator.requests].count("/v1/Task/InputOutputDelete") == 2


def test_the_text_of_an_llm_tool(kit: Kit) -> None:
    kit.simulator.plan(Scenario.talking("Forty-two.", thinking="Hm."))

    async def flow(client: AnyClient) -> None:
        result = await got(client.run("wiro/writer", {"prompt": "x"}))
        assert result.text == "Forty-two."
        assert result.outputs[0].text == "Forty-two."
        assert await got(result.outputs[0].read()) == b"Forty-two."

    kit.run(flow)


@pytest.mark.parametrize("choice", ["leave", "stop"])
def test_ctrl_c_leaves_the_task_running_or_stops_it(manual: Any, choice: Any) -> None:
    kit = Kit("sync", manual)

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    kit.time.on_sleep = interrupt
    with pytest.raises(KeyboardInterrupt) as caught:
        kit.run(run, on_interrupt=choice)
    task_id = manual.runs[0].taskid
    (note,) = caught.value.__notes__
    if choice == "stop":
        assert manual.status(task_id) == "task_cancel"
        assert note == f"task {task_id} was stopped"
    else:
        assert manual.status(task_id) == "task_queue"
        assert f"client.task('{task_id}').wait()" in note


def test_an_interrupted_wait_says_how_to_go_on(manual_kit: Kit) -> None:
    """Also that for a task which this client did not submit."""

    def interrupt(_seconds: float) -> None:
        raise KeyboardInterrupt

    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        manual_kit.time.on_sleep = interrupt
        await got(client.task(task.id).wait())

    with pytest.raises(KeyboardInterrupt) as caught:
        manual_kit.run(flow)
    task_id = manual_kit.simulator.runs[0].taskid
    assert any(f"client.task('{task_id}').wait()" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("fault", [faults.status(500), faults.status(404)], ids=nameless)
def test_an_interruption_is_raised_though_its_task_cannot_be_stopped(
    manual_kit: Kit, fault: Any
) -> None:
    def interrupt(_seconds: float) -> None:
        manual_kit.time.on_sleep = lambda _seconds: None
        manual_kit.simulator.faults.add("Task/*", fault, times=None)
        raise KeyboardInterrupt

    manual_kit.time.on_sleep = interrupt
    with pytest.raises(KeyboardInterrupt) as caught:
        manual_kit.run(run, on_interrupt="stop")
    task_id = manual_kit.simulator.runs[0].taskid
    assert any(f"client.task('{task_id}').wait()" in note for note in caught.value.__notes__)


@pytest.mark.parametrize("choice", ["leave", "stop"])
def test_a_cancelled_coroutine_leaves_the_task_running_or_stops_it(
    manual: Any, choice: Any
) -> None:
    kit = Kit("async", manual)

    async def flow(client: AnyClient) -> None:
        waiting = asyncio.ensure_future(got(client.run(TOOL, PROMPT)))
        while not looks(kit):  # noqa: ASYNC110 - the simulator has no event to wait for
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    kit.run(flow, on_interrupt=choice, timing=Timing(), poll=PollSchedule.every(0.05))
    assert manual.status(manual.runs[0].taskid) == (
        "task_cancel" if choice == "stop" else "task_queue"
    )


@pytest.mark.parametrize("call", ["run", "submit"])
@pytest.mark.parametrize("pause", [0.0, 0.1], ids=["at once", "while it is stopped"])
def test_a_second_cancellation_does_not_keep_the_task_from_being_stopped(
    manual: Any, call: str, pause: float
) -> None:
    """A timeout around a group of tasks cancels each of them twice."""
    kit = Kit("async", manual)
    manual.faults.add("Run/*", faults.slow(0.3 if call == "submit" else 0))
    manual.faults.add("Task/Cancel", faults.slow(0.3))

    async def flow(client: AnyClient) -> None:
        made = client.run(TOOL, PROMPT) if call == "run" else client.submit(TOOL, PROMPT)
        waiting = asyncio.ensure_future(got(made))
        while not (looks(kit) if call == "run" else manual.runs):  # noqa: ASYNC110 - the simulator has no event to wait for
            await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.sleep(pause if call == "run" else 0.3 + pause)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await waiting
        assert caught.value.__notes__ == [f"task {manual.runs[0].taskid} was stopped"]

    kit.run(flow, on_interrupt="stop", timing=Timing(), poll=PollSchedule.every(0.05))
    assert manual.status(manual.runs[0].taskid) == "task_cancel"


@pytest.mark.parametrize(
    "answer",
    [b"[" * 100_000, b'{"a":' * 50_000, b'{"tasklist": [' + b"9" * 10_000 + b"]}", b"\xff\xfe{}"],
    ids=["deep", "deeper", "huge number", "not utf-8"],
)
def test_hostile_json_is_a_typed_error(kit: Kit, answer: bytes) -> None:
    kit.simulator.faults.add("Task/Detail", faults.status(200, answer), times=None)
    with pytest.raises((UnexpectedAnswer, NotFoundError)) as caught:
        kit.run(run)
    assert caught.value.task_id == kit.simulator.runs[0].taskid


def test_the_state_of_another_task_is_not_taken_for_ones_own(kit: Kit) -> None:
    kit.simulator.faults.add("Task/Detail", faults.task_field("id", "999999"), times=None)

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT))

    with pytest.raises(UnexpectedAnswer, match="another task") as caught:
        kit.run(flow)
    assert caught.value.task_id == kit.simulator.runs[0].taskid


def test_a_response_that_was_overtaken_takes_no_end_back(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        task = await submit(client)
        await got(task.wait())
        kit.simulator.faults.add("Task/Detail", faults.task_field("status", "task_start"))
        assert (await got(task.refresh())).terminal
        assert task.status == "task_postprocess_end"

    kit.run(flow)


def test_a_cut_response_to_a_cancellation_is_no_refusal(manual_kit: Kit) -> None:
    async def flow(client: AnyClient) -> bool:
        task = await submit(client)
        manual_kit.simulator.faults.add("Task/Cancel", faults.status(200, b"{"), times=1)
        return await got(task.cancel())

    assert manual_kit.run(flow)
