"""Live events: typed, none twice, over a WebSocket that may break at any moment."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from runtime.kit import TOOL, TOOLS, AnyClient, ClientKind, Kit, each, got, nameless, socket_server
from wiro_runtime import (
    ApiError,
    BinaryFrame,
    Event,
    LogLine,
    OutputsReady,
    PollSchedule,
    Progress,
    StatusChanged,
    TaskCancelled,
    TaskEnded,
    TaskFailed,
    TaskTimeout,
    TextDelta,
    ThinkingDelta,
    Timeouts,
)
from wiro_runtime.settings import Timing
from wiro_runtime.testing import Scenario, Simulator, faults

PROMPT = {"prompt": "a lighthouse", "samples": 2}

STATES = [
    "task_queue", "task_accept", "task_preprocess_start", "task_preprocess_end", "task_assign",
    "task_start", "task_output", "task_output_full", "task_end", "task_postprocess_start",
    "task_postprocess_end",
]  # fmt: skip


@pytest.fixture(scope="module")
def quick_simulator() -> Iterator[Simulator]:
    # A task lasts 9 s at speed 1, so 0.1 s here.
    with Simulator(tools=TOOLS, speed=90) as simulator:
        yield simulator


@pytest.fixture
def quick(kind: ClientKind, quick_simulator: Simulator) -> Kit:
    quick_simulator.clear()
    return Kit(kind, quick_simulator)


def follow(kit: Kit, tool: str = TOOL, **options: Any) -> list[Event]:
    async def flow(client: AnyClient) -> list[Event]:
        inputs = PROMPT if tool == TOOL else {"prompt": "x"}
        return await each((await got(client.submit(tool, inputs))).events())

    settings: dict[str, Any] = {"timing": Timing(), "poll": PollSchedule.every(0.05)}
    return kit.run(flow, **{**settings, **options})


def unhurried(kit: Kit, scenario: Scenario | None = None, *, listened: bool = True) -> None:
    """The next task leaves the queue when its client listens, or unless ``listened`` polls."""
    queue = 1_000_000.0
    kit.simulator.plan(replace(scenario or Scenario(), queue=queue))

    def release() -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if kit.simulator.subscriptions or (looks(kit) and not listened):
                kit.simulator.advance(queue)
                return
            time.sleep(0.002)

    threading.Thread(target=release, daemon=True).start()


def statuses(events: list[Event]) -> list[str]:
    return [event.status for event in events if isinstance(event, StatusChanged)]


def check_end(kit: Kit, events: list[Event]) -> None:
    task_id = kit.simulator.runs[0].taskid
    assert isinstance(events[-1], TaskEnded)
    assert events[-1].detail.terminal
    assert events[-1].detail.id == task_id
    assert [isinstance(event, TaskEnded) for event in events].count(True) == 1
    assert {event.task_id for event in events} == {task_id}
    assert len(statuses(events)) == len(set(statuses(events)))


def looks(kit: Kit) -> int:
    return sum(request.path == "/v1/Task/Detail" for request in kit.simulator.requests)


@pytest.mark.parametrize("frames", ["id", "tasktoken"])
def test_a_whole_task_over_one_socket(quick: Kit, frames: Any) -> None:
    quick.simulator.frames = frames
    unhurried(quick)
    events = follow(quick, poll=PollSchedule.every(20))
    check_end(quick, events)
    assert statuses(events) == STATES
    progress = [event for event in events if isinstance(event, Progress)]
    assert [event.percentage for event in progress] == [40, 60, 80, 100]
    assert [(event.step, event.steps) for event in progress][-1] == (5, 5)
    assert all(isinstance(event.remaining, float) for event in progress)
    outputs = [event for event in events if isinstance(event, OutputsReady)]
    assert [output.name for output in outputs[0].outputs] == ["0.png", "1.png"]
    lines = [(event.text, event.error) for event in events if isinstance(event, LogLine)]
    assert ("Loading the model", False) in lines
    assert lines.count(("warning: the simulator has no graphics card", True)) == 1
    assert looks(quick) == 1, "the socket tells it all; one look at the end"
    assert len(quick.simulator.subscriptions) == 1
    assert all(str(event) for event in events)


def test_no_credential_goes_to_the_socket(quick: Kit) -> None:
    follow(quick)
    said = str(quick.simulator.subscriptions)
    assert quick.simulator.api_key not in said
    assert str(quick.simulator.api_secret) not in said


@pytest.mark.parametrize(
    "fault",
    [faults.drop(after=n) for n in (0, 1, 4, 9)] + [faults.close(after=n) for n in (0, 5)],
    ids=nameless,
)
def test_a_socket_that_breaks_is_opened_once_more(quick: Kit, fault: Any) -> None:
    quick.simulator.faults.add("socket", fault)
    events = follow(quick)
    check_end(quick, events)
    assert len(quick.simulator.subscriptions) <= 2
    assert statuses(events)[-1] == "task_postprocess_end"
    order = [STATES.index(status) for status in statuses(events)]
    assert order == sorted(order)
    percentages = [event.percentage for event in events if isinstance(event, Progress)]
    assert percentages == sorted(set(percentages), key=lambda p: p or 0)


@pytest.mark.parametrize(
    "fault",
    [faults.drop(after=2), faults.close(after=0), faults.status(403), faults.reset()],
    ids=nameless,
)
def test_a_socket_that_never_works_falls_back_to_polling(quick: Kit, fault: Any) -> None:
    unhurried(quick, listened=False)
    quick.simulator.faults.add("socket", fault, times=None)
    events = follow(quick)
    check_end(quick, events)
    assert looks(quick) >= 1


def test_a_socket_that_never_opens_falls_back_to_polling(quick: Kit) -> None:
    quick.simulator.faults.add("socket", faults.hang(), times=None)
    check_end(quick, follow(quick, timeouts=Timeouts(connect=0.2)))


def test_without_any_socket_the_task_is_polled(quick: Kit) -> None:
    events = follow(quick, socket_url="ws://127.0.0.1:1/nobody")
    check_end(quick, events)
    assert statuses(events)[-1] == "task_postprocess_end"


def test_a_socket_that_falls_silent_is_found_out(quick: Kit) -> None:
    quick.simulator.faults.add("socket", faults.silence(after=3), times=None)
    events = follow(quick, timeouts=Timeouts(socket_idle=0.1))
    check_end(quick, events)


@pytest.mark.parametrize(("frames", "lines"), [("id", 2), ("tasktoken", 3)])
@pytest.mark.parametrize("after", [1, 6, 7, 10])
def test_a_message_that_comes_twice_is_given_once(
    quick: Kit, after: int, frames: Any, lines: int
) -> None:
    quick.simulator.frames = frames
    unhurried(quick)
    quick.simulator.faults.add("socket", faults.repeat(after=after))
    events = follow(quick, poll=PollSchedule.every(20))
    check_end(quick, events)
    assert [e.percentage for e in events if isinstance(e, Progress)] == [40, 60, 80, 100]
    assert len([e for e in events if isinstance(e, LogLine)]) == lines


@pytest.mark.parametrize(
    "frame",
    [
        "", "not json", "[]", "null", "7", '"x"', "{}", "[" * 100_000, '{"type": 7}',
        '{"type": "task_postprocess_end", "id": "1", "tasktoken": "another"}',
        '{"type": "task_output", "message": {"percentage": {}, "raw": []}}',
    ],
    ids=nameless,
)  # fmt: skip
def test_a_frame_that_means_nothing_is_passed_over(quick: Kit, frame: str) -> None:
    quick.simulator.faults.add("socket", faults.insert(frame, after=3))
    unhurried(quick)
    events = follow(quick, poll=PollSchedule.every(20))
    check_end(quick, events)
    assert statuses(events) == STATES


def test_binary_frames_are_passed_on(quick: Kit) -> None:
    unhurried(quick, Scenario(binary=b"\x00\xff"))
    events = follow(quick, poll=PollSchedule.every(20))
    frames = [event.data for event in events if isinstance(event, BinaryFrame)]
    assert frames == [b"\x00\xff"] * 5


@pytest.mark.parametrize("frames", ["id", "tasktoken"])
@pytest.mark.parametrize("shape", ["segments", "fields"])
def test_the_text_of_an_llm_arrives_piece_by_piece(quick: Kit, shape: Any, frames: Any) -> None:
    answer = "A lighthouse stands on the cliff."
    quick.simulator.frames = frames
    unhurried(quick, replace(Scenario.talking(answer, thinking="Hm."), text_shape=shape))
    events = follow(quick, "wiro/writer", poll=PollSchedule.every(20))
    deltas = [event for event in events if isinstance(event, TextDelta)]
    assert len(deltas) > 2
    assert "".join(str(delta) for delta in deltas) == deltas[-1].answer == answer
    assert [delta.start for delta in deltas[:2]] == [0, len(deltas[0].text)]
    assert [e.text for e in events if isinstance(e, ThinkingDelta)] == ["Hm."]
    assert answer not in "".join(e.text for e in events if isinstance(e, LogLine))
    assert looks(quick) == 1


@pytest.mark.parametrize("frames", ["id", "tasktoken"])
def test_the_text_of_a_log_is_the_answer(quick: Kit, frames: Any) -> None:
    quick.simulator.frames = frames
    scenario = Scenario(answer="Paris.", thinking="Hm.", text_shape="log")
    quick.simulator.plan(scenario, tool="wiro/writer")
    events = follow(quick, "wiro/writer", socket_url="")
    assert "".join(str(e) for e in events if isinstance(e, TextDelta)) == "Paris."
    assert "Paris" not in "".join(e.text for e in events if isinstance(e, LogLine))


def test_the_last_event_tells_failure_and_cancellation(quick: Kit) -> None:
    quick.simulator.plan(Scenario.failing("out of memory"))
    last = follow(quick)[-1]
    assert isinstance(last, TaskEnded)
    assert not last.detail.succeeded
    assert "failed" in str(last)


def test_a_task_that_is_cancelled_meanwhile(manual_kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        task = await got(client.submit(TOOL, PROMPT))
        await got(task.cancel())
        await got(client.task(task.token).wait(on_update=seen.append))

    seen: list[Event] = []
    with pytest.raises(TaskCancelled):
        manual_kit.run(flow)
    assert isinstance(seen[-1], TaskEnded)
    assert seen[-1].detail.cancelled


def test_events_of_a_task_known_by_its_id_and_of_one_that_has_ended(kit: Kit) -> None:
    async def flow(client: AnyClient) -> list[Event]:
        task = await got(client.submit(TOOL, PROMPT))
        events = await each(client.task(task.id).events())
        again = await each(client.task(task.token).events())
        assert [type(event) for event in again] == [type(event) for event in events]
        return events

    events = kit.run(flow)
    assert [type(event) for event in events][-2:] == [OutputsReady, TaskEnded]


def test_wait_tells_every_event_and_an_async_callback_is_awaited(quick: Kit) -> None:
    seen: list[Event] = []
    unhurried(quick)

    async def note(event: Event) -> None:
        await asyncio.sleep(0)
        seen.append(event)

    async def flow(client: AnyClient) -> None:
        callback: Any = seen.append if quick.kind == "sync" else note
        await got(client.run(TOOL, PROMPT, on_update=callback))

    quick.run(flow, timing=Timing())
    check_end(quick, seen)
    assert statuses(seen) == STATES


def test_an_error_in_the_callback_reaches_its_owner(quick: Kit) -> None:
    def fail(_event: Event) -> None:
        raise LookupError("mine")

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT, on_update=fail))

    with pytest.raises(LookupError, match="mine") as caught:
        quick.run(flow, timing=Timing())
    task_id = quick.simulator.runs[0].taskid
    assert any(f"client.task('{task_id}').wait()" in note for note in caught.value.__notes__)


def test_another_server_without_a_socket_of_its_own_is_polled(
    quick: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WIRO_SOCKET_URL", raising=False)
    check_end(quick, follow(quick, socket_url=None))
    assert quick.client(socket_url=None)._settings.socket_url is None


def test_events_can_be_left_early(quick: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        task: Any = await got(client.submit(TOOL, PROMPT))
        if quick.kind == "sync":
            for _ in task.events():
                break
        else:
            async for _ in task.events():
                break
        await got(task.wait())

    quick.run(flow, timing=Timing(), poll=PollSchedule.every(0.05))


def test_a_silent_socket_cannot_stretch_the_deadline(manual: Simulator, kind: ClientKind) -> None:
    kit = Kit(kind, manual)

    async def flow(client: AnyClient) -> None:
        task = await got(client.submit(TOOL, PROMPT))
        await got(task.wait(timeout=0.4, on_update=print))

    with pytest.raises(TaskTimeout):
        kit.run(flow, timing=Timing())


def test_a_failed_task_raises_after_its_events(quick: Kit) -> None:
    quick.simulator.failing()

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT, on_update=print))

    with pytest.raises(TaskFailed):
        quick.run(flow, timing=Timing())


def test_a_socket_that_only_chatters_does_not_hide_the_end(quick: Kit) -> None:
    def chatter(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                connection.send('{"type": "ping"}')
                time.sleep(0.02)

    with socket_server(chatter) as url:
        events = follow(quick, socket_url=url, timeouts=Timeouts(socket_idle=0.3, wait=60))
    assert isinstance(events[-1], TaskEnded)


def test_a_redirected_socket_is_not_told_the_token(quick: Kit) -> None:
    heard: list[str | bytes] = []

    def listen(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed, TimeoutError):
            heard.append(connection.recv(timeout=1))

    with socket_server(listen) as elsewhere:

        def redirect(connection: ServerConnection, _request: object) -> Any:
            response = connection.respond(302, "")
            response.headers["Location"] = elsewhere
            return response

        with socket_server(lambda _connection: None, process_request=redirect) as url:
            events = follow(quick, socket_url=url)
    assert isinstance(events[-1], TaskEnded)
    assert heard == []


@pytest.mark.parametrize("late", [[], None, ""])
@pytest.mark.parametrize("pexit", [True, False])
def test_the_outputs_of_the_last_frame_count_where_the_task_has_none(
    kit: Kit, late: Any, pexit: bool
) -> None:
    def spoil(body: dict[str, Any]) -> None:
        body["tasklist"][0]["outputs"] = late
        if not pexit:
            del body["tasklist"][0]["pexit"]

    kit.simulator.faults.add("Task/Detail", faults.edit(spoil), times=None)
    outputs = [{"name": "0.png", "url": "https://cdn.wiro.ai/0.png"}]

    def last(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed, TimeoutError):
            connection.recv(timeout=5)
            task_id = kit.simulator.runs[-1].taskid
            body = {"type": "task_postprocess_end", "id": task_id, "message": outputs}
            connection.send(json.dumps(body))
            connection.recv(timeout=5)

    events: list[Event] = []

    async def flow(client: AnyClient) -> list[str]:
        task = await got(client.submit(TOOL, PROMPT))
        result = await got(task.wait(10, events.append))
        return [output.name for output in (*result.outputs, *(await got(task.wait())).outputs)]

    with socket_server(last) as url:
        poll = PollSchedule.every(5)
        assert kit.run(flow, timing=Timing(), socket_url=url, poll=poll) == ["0.png", "0.png"]
    assert any(isinstance(event, OutputsReady) for event in events)


@pytest.mark.parametrize("follow", ["events", "stream", "wait"])
@pytest.mark.parametrize(
    "fault", [faults.status(500), faults.status(401), faults.html(), "refused"]
)
def test_an_error_while_a_task_is_followed_says_how_to_get_back_to_it(
    manual_kit: Kit, follow: str, fault: Any
) -> None:
    simulator = manual_kit.simulator

    async def flow(client: AnyClient) -> None:
        task = await got(client.submit(TOOL, PROMPT))
        fail = faults.error(0, "the database is away") if fault == "refused" else fault
        simulator.faults.add("Task/Detail", fail, times=None)
        await (got(task.wait()) if follow == "wait" else each(getattr(task, follow)()))

    options: dict[str, Any] = {"poll": PollSchedule.every(0.05), "max_retries": 1}
    with pytest.raises(ApiError) as caught:
        manual_kit.run(flow, socket_url="", **options)
    task_id = simulator.runs[-1].taskid
    assert caught.value.task_id == task_id
    assert str(caught.value).endswith(f"it goes on; resume with client.task('{task_id}').wait()")
