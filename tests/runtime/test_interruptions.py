"""Ctrl-C, SIGTERM and cancellation at every step of a submission: the task is known, or nothing
was sent."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from runtime.kit import TOOL, AnyClient, Kit, got
from wiro_runtime import (
    ApiError,
    AsyncWiro,
    ConnectionFailed,
    Hooks,
    PollSchedule,
    SubmissionUncertain,
    TaskTimeout,
    Wiro,
    WiroError,
)
from wiro_runtime.http import connections, transport
from wiro_runtime.http.api import Api
from wiro_runtime.http.exchange import Exchange
from wiro_runtime.http.loop import _Call
from wiro_runtime.http.transport import Transport
from wiro_runtime.settings import Timing
from wiro_runtime.tasks import submitter
from wiro_runtime.tasks.concurrency import ConcurrencyTracker
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.tasks.recorder import Recorder
from wiro_runtime.testing import Simulator, faults

pytestmark = pytest.mark.slow

PROMPT = {"prompt": "x"}
PAUSE = 0.03
HANDLED = threading.Event()
"""Set by the handlers of signals."""

MOST_STEPS = 60


class Terminated(BaseException):
    """What the handler of SIGTERM raises."""


def interrupt(_number: int, _frame: object) -> None:
    HANDLED.set()
    raise KeyboardInterrupt


def terminate(_number: int, _frame: object) -> None:
    HANDLED.set()
    raise Terminated


def send_signal(number: int) -> None:
    """Send a signal to this process; return when the main thread has raised its exception."""
    HANDLED.clear()
    os.kill(os.getpid(), number)
    assert HANDLED.wait(10)


class Steps:
    """Counts the steps of a call and interrupts it at one of them."""

    def __init__(self, at: int, interrupt: Callable[[], object]) -> None:
        self.at = at
        self.count = 0
        self._interrupt = interrupt

    def _due(self) -> bool:
        self.count += 1
        if self.count - 1 != self.at:
            return False
        self._interrupt()
        return True

    def in_thread(self) -> None:
        if self._due():
            time.sleep(PAUSE)

    async def in_loop(self) -> None:
        if self._due():
            await asyncio.sleep(PAUSE)


@contextmanager
def stepping(monkeypatch: pytest.MonkeyPatch, steps: Steps) -> Generator[Hooks, None, None]:
    """A transport, a journal and hooks that take a step before and after all that they do."""
    with monkeypatch.context() as patch:
        send = Transport.send

        async def stepping_send(
            self: Transport, *given: Any, on_sent: Callable[[], object] | None = None, **more: Any
        ) -> Any:
            def sent() -> None:
                if on_sent is not None:
                    on_sent()
                steps.in_thread()

            await steps.in_loop()
            response = await send(self, *given, on_sent=sent, **more)
            await steps.in_loop()
            return response

        patch.setattr(Transport, "send", stepping_send)
        for name in ("begin", "accepted", "settled", "uncertain", "ended"):
            patch.setattr(Journal, name, _stepping(getattr(Journal, name), steps))

        def hook(_info: object) -> None:
            steps.in_thread()

        yield Hooks(request=hook, response=hook, retry=hook, task=hook)


def _stepping(method: Callable[..., Any], steps: Steps) -> Callable[..., Any]:
    def call(*given: Any, **more: Any) -> Any:
        steps.in_thread()
        result = method(*given, **more)
        steps.in_thread()
        return result

    return call


class Case:
    """One call of a client, interrupted at one step."""

    def __init__(
        self,
        kind: str,
        simulator: Simulator,
        journal: Path | None,
        choice: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.kind = kind
        self.simulator = simulator
        self.journal = journal
        self.monkeypatch = monkeypatch
        self.options: dict[str, Any] = {
            "poll": PollSchedule.every(0.01),
            "timing": Timing(),
            "journal": journal,
            "on_interrupt": choice,
        }

    def interrupted_at(self, step: int, call: str) -> BaseException | None:
        """What came out of the call, ``None`` when it had fewer steps."""
        if self.kind == "async":
            return asyncio.run(self._cancelled(step, call))
        number = signal.SIGTERM if self.kind == "sigterm" else signal.SIGINT
        steps = Steps(step, lambda: send_signal(number))
        with stepping(self.monkeypatch, steps) as hooks, slow(self.monkeypatch, self.kind):
            client = Kit("sync", self.simulator).client(**self.options, hooks=hooks)
            assert isinstance(client, Wiro)
            try:
                getattr(client, call)(TOOL, PROMPT)
            except (KeyboardInterrupt, Terminated) as error:
                return error
            finally:
                steps.at = -1
                client.close()
        return None

    async def _cancelled(self, step: int, call: str) -> BaseException | None:
        loop = asyncio.get_running_loop()
        steps = Steps(step, lambda: loop.call_soon_threadsafe(work.cancel))
        with stepping(self.monkeypatch, steps) as hooks:
            client = Kit("async", self.simulator).client(**self.options, hooks=hooks)
            assert isinstance(client, AsyncWiro)
            work = asyncio.ensure_future(getattr(client, call)(TOOL, PROMPT))
            try:
                await work
            except asyncio.CancelledError as error:
                return error
            finally:
                steps.at = -1
                await client.aclose()
        return None

    def known(self) -> list[str]:
        """The ids that the journal knows, and the reason of each lost submission."""
        assert self.journal is not None
        journal = Journal(self.journal)
        tasks, lost = journal.unfinished()
        tasks = [*journal.ended_tasks(), *tasks]
        journal.close()
        return [*(each.id for each in tasks), *(f"lost: {each.reason}" for each in lost)]


@contextmanager
def slow(monkeypatch: pytest.MonkeyPatch, kind: str) -> Generator[None, None, None]:
    """A main thread that is slow to say that it was interrupted: much happens in between."""
    cancel: Any = vars(_Call)["interrupt"]

    def interrupt_late(self: Any, interruption: BaseException) -> None:
        time.sleep(2 * PAUSE)
        cancel(self, interruption)

    with monkeypatch.context() as patch:
        if kind == "slow sigint":
            patch.setattr(_Call, "interrupt", interrupt_late)
        yield


@pytest.fixture
def _handlers() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, terminate), signal.signal(signal.SIGINT, interrupt)
    yield
    for number, handler in zip((signal.SIGTERM, signal.SIGINT), before, strict=True):
        signal.signal(number, handler)


@pytest.mark.usefixtures("_handlers")
@pytest.mark.parametrize(
    ("kind", "call", "choice", "journaled"),
    [
        *(
            (kind, "submit", choice, journaled)
            for kind in ("sigint", "async")
            for choice in ("leave", "stop")
            for journaled in (True, False)
        ),
        *((kind, "run", "leave", True) for kind in ("sigint", "sigterm", "async")),
        *((kind, "run", "stop", False) for kind in ("sigint", "async")),
        ("sigterm", "submit", "stop", True),
        ("slow sigint", "submit", "leave", False),
        ("slow sigint", "submit", "stop", True),
    ],
)
def test_every_step_of_a_submission_may_be_interrupted(
    kind: str,
    call: str,
    journaled: bool,
    choice: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert threading.current_thread() is threading.main_thread()
    simulator: Simulator = request.getfixturevalue("manual" if call == "submit" else "instant")
    for step in range(MOST_STEPS):
        simulator.clear()
        journal = tmp_path / f"journal-{step}" if journaled else None
        case = Case(kind, simulator, journal, choice, monkeypatch)
        error = case.interrupted_at(step, call)
        runs = [each.taskid for each in simulator.runs]
        assert len(runs) <= 1, step
        if error is None:
            assert step >= 5
            return
        if not runs:
            assert not journaled or case.known() == [], step
            continue
        assert any(runs[0] in note for note in getattr(error, "__notes__", [])), step
        assert not journaled or case.known() == runs, step
        if call == "submit":
            expected = "task_cancel" if choice == "stop" else "task_queue"
            deadline = time.monotonic() + 5
            while simulator.status(runs[0]) != expected and time.monotonic() < deadline:
                time.sleep(0.02)
            assert simulator.status(runs[0]) == expected, step
    raise AssertionError("the call never ended by itself")


def test_a_task_is_stopped_when_its_submission_is_interrupted_as_it_ends(
    manual: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    take: Any = vars(_Call)["next"]
    interrupted: list[bool] = []

    def interrupt_first_end(self: Any) -> Any:
        found = take(self)
        if found is None and not interrupted:
            interrupted.append(True)
            raise KeyboardInterrupt
        return found

    client = Kit("sync", manual).client(on_interrupt="stop")
    assert isinstance(client, Wiro)
    with client:
        monkeypatch.setattr(_Call, "next", interrupt_first_end)
        with pytest.raises(KeyboardInterrupt) as caught:
            client.submit(TOOL, PROMPT)
    (run,) = manual.runs
    assert manual.status(run.taskid) == "task_cancel"
    assert f"task {run.taskid} was stopped" in caught.value.__notes__


@pytest.mark.parametrize("call", ["run", "submit"])
def test_an_interruption_after_the_end_of_a_call_names_its_task(
    instant: Simulator, call: str
) -> None:
    """Until it has returned; signals are seen as a function begins, and as one in C returns."""
    client = Kit("sync", instant).client()
    assert isinstance(client, Wiro)
    left = 0
    ended = False

    def profile(frame: FrameType, event: str, _value: object) -> None:
        nonlocal left, ended
        ended = ended or (event == "call" and frame.f_code is _Call[object].result.__code__)
        if ended and event in ("call", "c_return"):
            left -= 1
            if left == 0:
                sys.setprofile(None)
                raise KeyboardInterrupt

    with client:
        for step in range(1, 100):
            left, ended = step, False
            sys.setprofile(profile)
            try:
                getattr(client, call)(TOOL, PROMPT)
            except KeyboardInterrupt as error:
                notes = getattr(error, "__notes__", [])
                assert any(instant.runs[-1].taskid in note for note in notes), step
            finally:
                sys.setprofile(None)
            if left > 0:
                return
    raise AssertionError("the call never ended by itself")


def test_a_run_whose_time_is_up_while_it_is_recorded_is_not_sent(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Journal.begin

    def begin_slowly(self: Journal, *given: Any) -> str:
        time.sleep(0.5)
        return begin(self, *given)

    monkeypatch.setattr(Journal, "begin", begin_slowly)

    async def flow(client: AnyClient) -> None:
        with pytest.raises(ConnectionFailed, match="was not sent in time"):
            await got(client.run(TOOL, PROMPT, timeout=0.1))

    kit.run(flow, journal=tmp_path / "journal", timing=Timing())
    assert kit.simulator.requests == []
    assert Case("sigint", kit.simulator, tmp_path / "journal", "leave", monkeypatch).known() == []


@pytest.mark.parametrize("reached", [False, True], ids=["before", "after"])
def test_a_run_that_is_interrupted_as_it_is_recorded_leaves_no_entry(
    kit: Kit, tmp_path: Path, reached: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was sent, so nothing is lost; it was told as a run that may be billed."""
    write, record = Recorder.write, Journal.begin
    interrupted: list[bool] = []

    def record_slowly(self: Journal, *given: Any) -> str:
        time.sleep(0.2)
        return record(self, *given)

    def interrupt_first(self: Recorder, work: Callable[[Any], None], *, begins: bool) -> Any:
        assert begins
        if not interrupted:
            interrupted.append(True)
            if reached:
                write(self, work, begins=begins)
            raise Terminated
        return write(self, work, begins=begins)

    monkeypatch.setattr(Journal, "begin", record_slowly)
    monkeypatch.setattr(Recorder, "write", interrupt_first)

    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, PROMPT))

    with pytest.raises(Terminated):
        kit.run(flow, journal=tmp_path / "journal")
    assert kit.simulator.requests == []
    assert Case("sigint", kit.simulator, tmp_path / "journal", "leave", monkeypatch).known() == []


@pytest.mark.parametrize("reached", [False, True], ids=["before", "after"])
def test_an_accepted_run_is_recorded_when_its_way_to_the_journal_is_interrupted(
    kit: Kit, tmp_path: Path, reached: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal handler raises in whatever the event loop is doing."""
    write = Recorder.write
    interrupted: list[bool] = []

    def interrupt_first(
        self: Recorder, work: Callable[[Any], None], *, begins: bool = False
    ) -> Any:
        if not begins and not interrupted:
            interrupted.append(True)
            if reached:
                write(self, work)
            raise Terminated
        return write(self, work, begins=begins)

    monkeypatch.setattr(Recorder, "write", interrupt_first)

    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, PROMPT))

    with pytest.raises(Terminated) as caught:
        kit.run(flow, journal=tmp_path / "journal")
    (run,) = kit.simulator.runs
    assert any(run.taskid in note for note in caught.value.__notes__)
    case = Case("sigint", kit.simulator, tmp_path / "journal", "leave", monkeypatch)
    assert case.known() == [run.taskid]


@pytest.mark.parametrize("raised", [Terminated, ValueError])
@pytest.mark.parametrize(
    ("place", "name"),
    [
        (transport, "_lowered"),
        (connections.Connections, "give_back"),
        (Api, "_compare_clocks"),
        (Exchange, "body"),
        (Transport, "_redact"),
        (submitter, "find_task"),
        (submitter, "TaskState"),
        (ConcurrencyTracker, "accepted"),
    ],
    ids=["read", "closing", "read whole", "decoded", "redacted", "parsed", "known", "counted"],
)
def test_a_response_that_has_arrived_is_recorded_though_a_handler_raises(
    kit: Kit,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
    raised: type[BaseException],
) -> None:
    """A signal handler raises in whatever the event loop is doing."""
    work = getattr(place, name)
    interrupted: list[bool] = []

    def interrupt_first() -> None:
        if not interrupted:
            interrupted.append(True)
            raise raised

    async def awaited(outcome: Coroutine[Any, Any, Any]) -> Any:
        await outcome
        interrupt_first()

    def interrupting(*arguments: Any, **options: Any) -> Any:
        outcome = work(*arguments, **options)
        if asyncio.iscoroutine(outcome):
            return awaited(outcome)
        interrupt_first()
        return outcome

    async def flow(client: AnyClient) -> None:
        monkeypatch.setattr(place, name, interrupting)
        await got(client.submit(TOOL, PROMPT))

    with suppress(raised):
        kit.run(flow, journal=tmp_path / "journal")
    assert interrupted
    (run,) = kit.simulator.runs
    case = Case("sigint", kit.simulator, tmp_path / "journal", "leave", monkeypatch)
    assert case.known() == [run.taskid]


@contextmanager
def stalling() -> Generator[tuple[str, threading.Event], None, None]:
    """A server that reads the head of a request and no more, and says when it has."""
    begun = threading.Event()
    connections: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            connections.append(connection)
            connection.recv(100)
            begun.set()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", begun
        thread.join()
    for connection in connections:
        connection.close()


@pytest.mark.usefixtures("_handlers")
@pytest.mark.parametrize("how", ["Ctrl-C", "cancelled", "timeout", "closed"])
def test_an_upload_that_stalls_is_not_waited_for(how: str, tmp_path: Path) -> None:
    """Without its end nobody has got a request, so no response to it will come."""
    big = {"image": bytes(30_000_000)}
    more: dict[str, Any] = {"timeout": 2.0} if how == "timeout" else {}

    async def submit(begun: threading.Event) -> None:
        async with AsyncWiro("a-key", base_url=url, journal=tmp_path / "journal") as client:
            work = asyncio.ensure_future(client.run(TOOL, big, **more))
            await asyncio.to_thread(begun.wait)
            if how == "cancelled":
                work.cancel()
            elif how == "closed":
                await client.aclose()
            await work

    with stalling() as (url, begun):
        begin = time.monotonic()
        if how == "Ctrl-C":
            threading.Thread(target=lambda: begun.wait() and send_signal(signal.SIGINT)).start()
            with (
                Wiro("a-key", base_url=url, journal=tmp_path / "journal") as client,
                pytest.raises(KeyboardInterrupt),
            ):
                client.submit(TOOL, big)
        else:
            with pytest.raises((asyncio.CancelledError, WiroError)):
                asyncio.run(submit(begun))
        # The upload alone may take an hour.
        assert time.monotonic() - begin < 30
    journal = Journal(tmp_path / "journal")
    tasks, lost = journal.unfinished()
    journal.close()
    assert (len(tasks), len(lost)) == (0, 1)


@pytest.mark.parametrize("group", [False, True], ids=["timeout", "task group"])
def test_no_answered_id_is_lost_when_the_time_of_many_is_up(
    instant: Simulator, tmp_path: Path, group: bool
) -> None:
    instant.faults.add("Run/*", faults.slow(0.05), times=None)
    kit = Kit("async", instant)

    async def flow(client: Any) -> list[str]:
        returned: list[str] = []

        async def one() -> None:
            returned.append((await client.submit(TOOL, PROMPT)).id)

        async def fail() -> None:
            await asyncio.sleep(0.4)
            raise LookupError

        async def grouped() -> None:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(300):
                    tasks.create_task(one())
                tasks.create_task(fail())

        async def limited() -> None:
            async with asyncio.timeout(0.4):
                await asyncio.gather(*(one() for _ in range(300)))

        with pytest.raises(ExceptionGroup if group else TimeoutError):
            await (grouped() if group else limited())
        return returned

    journal = tmp_path / "journal"
    kit.run(flow, journal=journal, timing=Timing())
    case = Case("sigint", instant, journal, "leave", pytest.MonkeyPatch())
    assert sorted(case.known()) == sorted(run.taskid for run in instant.runs)


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_run_ends_in_time_and_its_late_response_is_recorded(
    kind: Any, instant: Simulator, tmp_path: Path
) -> None:
    instant.faults.add("Run/*", faults.slow(2.5), times=None)
    kit = Kit(kind, instant)
    journal = tmp_path / "journal"

    async def flow(client: AnyClient) -> None:
        begin = time.monotonic()
        with pytest.raises(SubmissionUncertain, match="may have been accepted"):
            await got(client.run(TOOL, PROMPT, timeout=0.2))
        assert time.monotonic() - begin < 2.4

    kit.run(flow, journal=journal, timing=Timing())
    case = Case("sigint", instant, journal, "leave", pytest.MonkeyPatch())
    assert case.known() == [run.taskid for run in instant.runs]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_run_names_the_task_that_is_being_recorded_when_its_time_is_up(
    kind: Any, manual: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is accepted and paid for; called uncertain, it might be sent, and paid for, again."""
    accepted = Journal.accepted

    def accept_slowly(self: Journal, *given: str) -> None:
        time.sleep(0.6)
        accepted(self, *given)

    monkeypatch.setattr(Journal, "accepted", accept_slowly)
    kit = Kit(kind, manual)

    async def flow(client: AnyClient) -> None:
        with pytest.raises(TaskTimeout) as caught:
            await got(client.run(TOOL, PROMPT, timeout=0.4))
        assert caught.value.task_id == manual.runs[0].taskid

    kit.run(flow, journal=tmp_path / "journal", timing=Timing())
    case = Case("sigint", manual, tmp_path / "journal", "leave", monkeypatch)
    assert case.known() == [run.taskid for run in manual.runs]


@pytest.mark.parametrize(
    "hides",
    [
        faults.hang(),
        faults.hang(acts=True),
        faults.drip(0.05),
        faults.slow(30),
    ],
    ids=["hangs", "accepts and hangs", "drips", "slow"],
)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_run_ends_in_time_whatever_the_server_does(
    kind: Any, instant: Simulator, hides: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submitter, "_FAREWELL", 0.2)
    instant.faults.add("*", hides, times=None)
    kit = Kit(kind, instant)

    async def flow(client: AnyClient) -> float:
        begin = time.monotonic()
        with pytest.raises(WiroError):
            await got(client.run(TOOL, PROMPT, timeout=0.2))
        return time.monotonic() - begin

    assert kit.run(flow, timing=Timing(), timeout=20) < 5


NAMES = {"taskid": "705", "socketaccesstoken": "tok"}


@pytest.mark.parametrize(
    ("status", "body"),
    [
        *((status, NAMES) for status in (200, 202, 400, 401, 404, 408, 429, 500, 503, 504)),
        (200, {**NAMES, "result": False}),
        (200, {**NAMES, "result": "0"}),
        (200, {**NAMES, "message": "Task queued"}),
        (200, {**NAMES, "errors": [{"code": 96, "message": "a warning"}]}),
        (200, {"result": True, "data": NAMES}),
        (500, {"result": False, "data": {"task": [NAMES]}}),
        (200, [NAMES]),
        (200, {"taskid": 705, "socketaccesstoken": None}),
    ],
)
def test_a_response_that_names_a_task_is_an_accepted_run(
    kit: Kit, tmp_path: Path, status: int, body: Any
) -> None:
    kit.simulator.faults.add("Run/*", faults.status(status, json.dumps(body)), times=None)

    async def flow(client: AnyClient) -> str:
        return (await got(client.submit(TOOL, PROMPT))).id

    assert kit.run(flow, journal=tmp_path / "journal") == "705"
    assert len(kit.simulator.requests) == 1
    case = Case("sigint", kit.simulator, tmp_path / "journal", "leave", pytest.MonkeyPatch())
    assert case.known() == ["705"]


def test_a_response_that_is_too_large_to_be_read_whole_names_its_task_all_the_same(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_RESPONSE", 1000)
    text = json.dumps({**NAMES, "result": True, "log": "x" * 2000})
    kit.simulator.faults.add("Run/*", faults.status(200, text), times=None)

    async def flow(client: AnyClient) -> str:
        return (await got(client.submit(TOOL, PROMPT))).id

    assert kit.run(flow) == "705"
    assert len(kit.simulator.requests) == 1


def test_what_repeats_the_inputs_names_no_task(kit: Kit) -> None:
    """An error may quote the token of an earlier task, which was sent as an input."""
    text = json.dumps({"result": False, "errors": [{"code": 0, "tasktoken": "an-earlier-one"}]})
    kit.simulator.faults.add("Run/*", faults.status(200, text), times=None)

    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, PROMPT))

    with pytest.raises(ApiError, match="refused without a reason"):
        kit.run(flow)
