"""A task is followed to its end in time, whatever its WebSocket does."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from runtime.kit import TOOL, TOOLS, AnyClient, Kit, each, got, nameless, socket_server
from wiro_runtime import (
    AsyncWiro,
    Event,
    LogLine,
    PollSchedule,
    StatusChanged,
    TaskCancelled,
    TaskEnded,
    TaskFailed,
    TaskTimeout,
    Timeouts,
)
from wiro_runtime.settings import Timing
from wiro_runtime.tasks.event_reader import MAX_SOCKETS, Resumable
from wiro_runtime.testing import Scenario, Simulator, faults

PROMPT = {"prompt": "a lighthouse"}


def wait(kit: Kit, timeout: float, on_update: Any = None, **options: Any) -> float:
    """Run a task to its end and return how many seconds that took."""

    async def flow(client: AnyClient) -> float:
        task = await got(client.submit(TOOL, PROMPT))
        begin = time.monotonic()
        try:
            await got(task.wait(timeout=timeout, on_update=on_update))
        finally:
            taken.append(time.monotonic() - begin)
        return taken[0]

    taken: list[float] = []
    settings: dict[str, Any] = {"timing": Timing(), "poll": PollSchedule.every(0.1)}
    try:
        return kit.run(flow, **{**settings, **options})
    finally:
        if taken:
            kit.time.slept.append(taken[0])


@pytest.mark.parametrize("frames", ["id", "tasktoken"])
@pytest.mark.parametrize("on_update", [None, str], ids=["wait", "on_update"])
def test_a_task_that_ends_at_once_is_told_at_once(kit: Kit, on_update: Any, frames: Any) -> None:
    kit.simulator.frames = frames
    wait(kit, 5)  # What is imported on first use has been.
    assert wait(kit, 5, on_update, poll=PollSchedule()) < 1.5


def test_run_tells_at_once_too(kit: Kit) -> None:
    async def flow(client: AnyClient) -> float:
        await got(client.run(TOOL, PROMPT))
        begin = time.monotonic()
        await got(client.run(TOOL, PROMPT))
        return time.monotonic() - begin

    assert kit.run(flow, timing=Timing(), poll=PollSchedule()) < 1.5


@pytest.mark.parametrize("on_update", [None, print], ids=["wait", "on_update"])
@pytest.mark.parametrize(
    "fault",
    [faults.silence(), faults.pings(), faults.drop(), faults.close(), faults.hang(),
     faults.status(403), faults.reset(), faults.silence(after=1)],
    ids=["silence", "pings", "drop", "close", "hang", "status", "reset", "silent later"],
)  # fmt: skip
def test_the_end_is_found_behind_any_socket(kit: Kit, fault: Any, on_update: Any) -> None:
    kit.simulator.faults.add("socket", fault, times=None)
    assert wait(kit, 8, on_update) < 7


@pytest.mark.parametrize("on_update", [None, print], ids=["wait", "on_update"])
@pytest.mark.parametrize(
    "fault", [faults.silence(), faults.pings(), faults.hang(), faults.pings(after=1)], ids=nameless
)
def test_no_socket_stretches_the_limit(manual_kit: Kit, fault: Any, on_update: Any) -> None:
    manual_kit.simulator.faults.add("socket", fault, times=None)
    with pytest.raises(TaskTimeout):
        wait(manual_kit, 0.4, on_update)
    assert manual_kit.time.slept[-1] < 5


def test_a_server_that_tells_of_nothing_but_progress_is_polled_beside(kit: Kit) -> None:
    def chatter(connection: ServerConnection) -> None:
        asked = json.loads(connection.recv())
        assert asked["type"] == "task_info"
        task_id = kit.simulator.runs[-1].taskid
        with suppress(ConnectionClosed):
            for number in range(100_000):
                body = {"type": "task_output", "id": task_id, "message": f"line {number}"}
                connection.send(json.dumps(body))
                time.sleep(0.01)

    with socket_server(chatter) as url:
        timeouts, poll = Timeouts(socket_idle=0.5), PollSchedule.every(30)
        assert wait(kit, 60, socket_url=url, timeouts=timeouts, poll=poll) < 20


@pytest.mark.parametrize("size", [9 * 2**20, 40 * 2**20])
def test_a_huge_frame_costs_the_socket_and_one_line(
    kit: Kit, size: int, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def huge(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed, TimeoutError):
            connection.recv(timeout=5)
            connection.send("x" * size)
            connection.recv(timeout=5)

    with socket_server(huge) as url, caplog.at_level(logging.INFO, logger="wiro_runtime"):
        timeouts, poll = Timeouts(socket_idle=0.5), PollSchedule.every(30)
        assert wait(kit, 60, socket_url=url, timeouts=timeouts, poll=poll) < 20
    told = [record for record in caplog.records if "WebSocket" in record.getMessage()]
    assert told
    # The server of this test has a logger of its own.
    ours = [record for record in caplog.records if record.name != "websockets.server"]
    assert not any(record.exc_info for record in ours)
    assert "Traceback" not in capfd.readouterr().err


def test_an_end_that_task_detail_does_not_know_yet_is_asked_for_again(kit: Kit) -> None:
    kit.simulator.faults.add("Task/Detail", faults.task_field("status", "task_end"), times=2)
    assert wait(kit, 30, poll=PollSchedule.every(20)) < 4


@pytest.mark.parametrize(("pexit", "fails"), [(None, True), ("0", False)])
def test_the_exit_code_of_the_last_frame_counts_where_the_task_has_none(
    kit: Kit, pexit: str | None, fails: bool
) -> None:
    kit.simulator.plan(Scenario(pexit="0"))
    if pexit is None:
        kit.simulator.faults.add("Task/Detail", faults.without("pexit"), times=None)

    def last(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed, TimeoutError):
            connection.recv(timeout=5)
            task_id = kit.simulator.runs[-1].taskid
            body = {"type": "task_postprocess_end", "id": task_id, "terminal": True, "exitCode": 3}
            connection.send(json.dumps(body))
            connection.recv(timeout=5)

    with socket_server(last) as url:
        if fails:
            with pytest.raises(TaskFailed, match="exit code 3"):
                wait(kit, 10, socket_url=url, poll=PollSchedule.every(5))
        else:
            wait(kit, 10, socket_url=url, poll=PollSchedule.every(5))


def test_few_tasks_are_listened_to_and_all_the_others_are_polled() -> None:
    count = 2 * MAX_SOCKETS
    with Simulator([{"tool": TOOL, "inputs": [PROMPT_INPUT]}], speed="manual") as simulator:

        async def main() -> int:
            options: dict[str, Any] = {
                "base_url": simulator.base_url,
                "socket_url": simulator.socket_url,
                "poll": PollSchedule.every(0.3),
            }
            async with AsyncWiro(simulator.api_key, simulator.api_secret, **options) as client:
                tasks = [await client.submit(TOOL, PROMPT) for _ in range(count)]
                waiting = asyncio.gather(*(task.wait(timeout=60) for task in tasks))
                until = time.monotonic() + 30
                while len(simulator.subscriptions) < MAX_SOCKETS and time.monotonic() < until:  # noqa: ASYNC110 - it waits for a server in a thread
                    await asyncio.sleep(0.1)
                await asyncio.sleep(0.3)
                opened = len(simulator.subscriptions)
                await asyncio.to_thread(simulator.advance, 100)
                results = await waiting
                assert len(results) == count
                # The places of those that have ended are free again.
                again = await client.run(TOOL, PROMPT) if simulator.step() else None
                assert again is None
                return opened

        assert asyncio.run(main()) == MAX_SOCKETS


PROMPT_INPUT = {"name": "prompt", "wire": {"type": "string"}, "required": True}


def test_a_task_is_asked_about_once_more_before_the_time_is_up(manual_kit: Kit) -> None:
    kit = manual_kit
    kit.time.on_sleep = kit.simulator.advance

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT, timeout=20))

    kit.run(flow, poll=PollSchedule.every(100))
    assert 18 < kit.time.now - 1000 < 20


def test_a_task_that_goes_on_is_asked_about_a_few_times_before_the_time_is_up(
    manual_kit: Kit,
) -> None:
    kit = manual_kit
    kit.time.on_sleep = kit.simulator.advance
    kit.simulator.plan(Scenario(stuck="task_start"))

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT, timeout=20))

    with pytest.raises(TaskTimeout):
        kit.run(flow, poll=PollSchedule.every(100))
    assert sum(request.path.endswith("/Detail") for request in kit.simulator.requests) < 5


def test_a_setback_is_shown_while_waiting(manual_kit: Kit) -> None:
    manual_kit.simulator.plan(Scenario(setback="no worker has the model", stuck="task_error"))
    seen: list[Event] = []

    async def flow(client: AnyClient) -> None:
        task = await got(client.submit(TOOL, PROMPT))
        manual_kit.simulator.step()
        await got(task.wait(timeout=0.5, on_update=seen.append))

    with pytest.raises(TaskTimeout, match="task_error: no worker has the model"):
        manual_kit.run(flow, timing=Timing(), poll=PollSchedule.every(0.1))
    reasons = [event.reason for event in seen if isinstance(event, StatusChanged)]
    assert reasons.count("no worker has the model") == 1
    lines = [event.text for event in seen if isinstance(event, LogLine) and event.error]
    assert "no worker has the model" in lines


@pytest.mark.parametrize(
    ("billed", "said"), [(True, r"cancelled \(billed: \$0"), (False, "cancelled$")]
)
def test_a_killed_task_says_what_it_was_billed(manual_kit: Kit, billed: bool, said: str) -> None:
    manual_kit.simulator.plan(Scenario(bill_killed=billed))

    async def flow(client: AnyClient) -> None:
        task = await got(client.submit(TOOL, PROMPT))
        manual_kit.simulator.advance(4)
        await got(task.kill())
        await got(task.wait())

    with pytest.raises(TaskCancelled, match=said) as caught:
        manual_kit.run(flow, timing=Timing())
    assert caught.value.detail is not None
    assert bool(caught.value.detail.cost) == billed


@pytest.mark.parametrize("shape", ["segments", "fields", "log"])
@pytest.mark.parametrize("socket_url", [None, ""], ids=["socket", "polled"])
def test_the_answer_is_streamed(kit: Kit, shape: Any, socket_url: str | None) -> None:
    answer = "A lighthouse stands on the cliff."
    kit.simulator.plan(Scenario(answer=answer, thinking="Hm.", text_shape=shape, kind="text"))

    async def flow(client: AnyClient) -> list[str]:
        return await each((await got(client.submit("wiro/writer", PROMPT))).stream())

    options: dict[str, Any] = {} if socket_url is None else {"socket_url": socket_url}
    pieces = kit.run(flow, timing=Timing(), poll=PollSchedule.every(0.05), **options)
    assert "".join(pieces) == answer


def test_a_stream_of_a_task_that_fails_raises(kit: Kit) -> None:
    kit.simulator.failing("out of memory")

    async def flow(client: AnyClient) -> list[str]:
        return await each((await got(client.submit("wiro/writer", PROMPT))).stream())

    with pytest.raises(TaskFailed, match="out of memory"):
        kit.run(flow, timing=Timing(), poll=PollSchedule.every(0.05))


@pytest.mark.parametrize("known_by", ["id", "token"])
def test_a_running_task_that_another_client_submitted_is_followed_to_its_end(
    manual_kit: Kit, known_by: str
) -> None:
    manual_kit.time.on_sleep = manual_kit.simulator.advance

    async def flow(client: AnyClient) -> str:
        task = await got(client.submit(TOOL, PROMPT))
        result = await got(client.task(getattr(task, known_by)).wait())
        assert result.task_id == task.id
        return task.status

    # Only what asks about a task learns that it has ended.
    assert manual_kit.run(flow) == "task_queue"


def test_events_of_a_task_that_does_not_end_are_over_at_the_limit(manual_kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        task = await got(client.submit(TOOL, PROMPT))
        with pytest.raises(TaskTimeout, match="has not ended within 20 s") as caught:
            await each(task.events())
        assert caught.value.task_id == task.id

    manual_kit.run(flow, timeouts=Timeouts(wait=20))


def test_events_are_closed_while_the_next_one_is_waited_for(manual: Simulator) -> None:
    async def main() -> None:
        options: dict[str, Any] = {"base_url": manual.base_url, "socket_url": ""}
        async with AsyncWiro(manual.api_key, manual.api_secret, **options) as client:
            events: Any = (await client.submit(TOOL, PROMPT)).events()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(events), 0.05)
            await events.aclose()
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


def test_events_go_on_after_one_call_was_cancelled(manual: Simulator) -> None:
    async def main() -> tuple[int, list[Event]]:
        options: dict[str, Any] = {
            "base_url": manual.base_url,
            "socket_url": "",
            "poll": PollSchedule.every(0.3),
        }
        async with AsyncWiro(manual.api_key, manual.api_secret, **options) as client:
            task = await client.submit(TOOL, PROMPT)
            events = task.events()
            seen: list[Event] = []
            cancelled = 0
            while not seen or not isinstance(seen[-1], TaskEnded):
                try:
                    seen.append(await asyncio.wait_for(anext(events), 0.05))
                except TimeoutError:
                    cancelled += 1
                    await asyncio.to_thread(manual.step)
            with pytest.raises(StopAsyncIteration):
                await anext(events)
            left: Any = client.task(task.id).events()
            with suppress(TimeoutError):
                await asyncio.wait_for(anext(left), 0)
            await left.aclose()
            return cancelled, seen

    cancelled, seen = asyncio.run(main())
    assert cancelled > 1
    assert len([event for event in seen if isinstance(event, StatusChanged)]) > 1


def test_events_that_are_dropped_leave_nothing_behind(manual: Simulator) -> None:
    async def main() -> None:
        options: dict[str, Any] = {"base_url": manual.base_url, "socket_url": manual.socket_url}
        async with AsyncWiro(manual.api_key, manual.api_secret, **options) as client:
            task = await client.submit(TOOL, PROMPT)

            async def follow() -> None:
                async for _ in task.events():
                    pass

            with pytest.raises(TimeoutError):
                await asyncio.wait_for(follow(), 0.2)
            await asyncio.sleep(0.3)
            assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(main())


@pytest.fixture
def quick() -> Iterator[Simulator]:
    with Simulator(tools=TOOLS, speed=90) as simulator:
        yield simulator


@pytest.mark.parametrize("method", ["events", "stream"])
@pytest.mark.parametrize("dropped", ["by the garbage collector", "at the end of the loop"])
def test_events_that_are_dropped_between_two_are_closed_in_order(
    quick: Simulator, caplog: pytest.LogCaptureFixture, method: str, dropped: str
) -> None:
    kept: list[object] = []

    async def main() -> None:
        options: dict[str, Any] = {"base_url": quick.base_url, "socket_url": quick.socket_url}
        client = AsyncWiro(quick.api_key, quick.api_secret, **options)
        quick.plan(Scenario.talking("one two three four five six seven"))
        task = await client.submit(TOOL, PROMPT)

        async def follow() -> AsyncIterator[object]:
            async for found in getattr(task, method)():
                yield found

        following = follow()
        cycle: list[object] = [following]
        cycle.append(cycle)
        await anext(following)
        # Frames wait to be read.
        await asyncio.sleep(0.3)
        if dropped == "by the garbage collector":
            del following, cycle
            gc.collect()
            await asyncio.sleep(0.3)
            assert asyncio.all_tasks() == {asyncio.current_task()}
        else:
            kept.append(following)
        await client.aclose()

    asyncio.run(main())
    kept.clear()
    gc.collect()
    assert [record.getMessage() for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.parametrize("read", [0, 1])
def test_closed_events_are_at_their_end(quick: Simulator, read: int) -> None:
    async def main() -> None:
        options: dict[str, Any] = {"base_url": quick.base_url, "socket_url": quick.socket_url}
        async with AsyncWiro(quick.api_key, quick.api_secret, **options) as client:
            events: Any = (await client.submit(TOOL, PROMPT)).events()
            for _ in range(read):
                await anext(events)
            await events.aclose()
            assert [each async for each in events] == []

    asyncio.run(main())


def test_events_that_are_closed_before_they_began_end_whoever_waits() -> None:
    async def values() -> AsyncGenerator[int, None]:
        yield 1

    async def main() -> None:
        resumable = Resumable(values())
        waiting = asyncio.create_task(anext(resumable, None))
        closing = asyncio.create_task(resumable.aclose())
        assert await asyncio.wait_for(waiting, 1) is None
        await closing

    asyncio.run(main())


def test_an_error_is_raised_at_whatever_moment_a_call_was_cancelled() -> None:
    async def values() -> AsyncGenerator[int, None]:
        for _ in range(5):
            await asyncio.sleep(0)
        raise TaskTimeout("late")
        yield 1

    async def main(steps: int) -> None:
        resumable = Resumable(values())
        waiting = asyncio.create_task(anext(resumable, None))
        for _ in range(steps):
            await asyncio.sleep(0)
        waiting.cancel()
        with suppress(asyncio.CancelledError, TaskTimeout):
            await waiting
        if waiting.cancelled():
            with pytest.raises(TaskTimeout):
                await anext(resumable)

    for steps in range(1, 20):
        asyncio.run(main(steps))


def test_the_address_that_cannot_be_reached_is_named(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="wiro_runtime"):
        wait(kit, 8, socket_url="ws://127.0.0.1:1/nobody")
    assert any("ws://127.0.0.1:1/nobody" in record.getMessage() for record in caplog.records)


def test_a_line_break_of_the_server_forges_no_log_line(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    fault = faults.task_field("status", "task_end\nERROR forged\x1b[2J")
    kit.simulator.faults.add("Task/Detail", fault, times=1)
    with caplog.at_level(logging.DEBUG):
        wait(kit, 8, socket_url="")
    told = [record.getMessage() for record in caplog.records if "forged" in record.getMessage()]
    assert told
    assert all(line.isprintable() for line in told)
