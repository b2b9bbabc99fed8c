"""Many tasks at once, from threads and coroutines, over few connections."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from runtime.kit import TOOL, TOOLS, AnyClient, ClientKind, Kit, got
from wiro_runtime import AsyncWiro, PollSchedule, Wiro
from wiro_runtime.settings import Timing
from wiro_runtime.tasks.concurrency import ConcurrencyTracker
from wiro_runtime.tasks.state import TaskState
from wiro_runtime.testing import Scenario, Simulator, faults

pytestmark = pytest.mark.slow

PROMPT = {"prompt": "x"}


@pytest.fixture(scope="module")
def quick_simulator() -> Iterator[Simulator]:
    with Simulator(tools=TOOLS, speed=10) as simulator:
        yield simulator


@pytest.fixture
def quick(quick_simulator: Simulator) -> Simulator:
    quick_simulator.clear()
    return quick_simulator


def together(client: AnyClient, count: int) -> Any:
    """``count`` runs at once: in threads or in coroutines."""
    if isinstance(client, Wiro):
        calls = [asyncio.to_thread(client.run, TOOL, PROMPT) for _ in range(count)]
    else:
        calls = [client.run(TOOL, PROMPT) for _ in range(count)]
    return asyncio.gather(*calls)


def test_never_more_requests_in_flight_than_allowed(kind: ClientKind, instant: Simulator) -> None:
    instant.faults.add("Task/Detail", faults.slow(0.05), times=None)
    kit = Kit(kind, instant)

    async def flow(client: AnyClient) -> None:
        await together(client, 12)

    begin = time.monotonic()
    kit.run(flow, max_concurrency=3)
    # Twelve looks of 50 ms, three at a time.
    assert time.monotonic() - begin > 0.05 * 12 / 3


def test_two_hundred_tasks_in_threads_share_one_client(quick: Simulator) -> None:
    with Wiro(
        quick.api_key,
        quick.api_secret,
        base_url=quick.base_url,
        poll=PollSchedule.every(0.5),
    ) as client:
        results: list[str] = []
        errors: list[BaseException] = []

        def work() -> None:
            try:
                results.append(client.run(TOOL, PROMPT).task_id)
            except BaseException as error:  # noqa: BLE001 - handed to the test
                errors.append(error)

        threads = [threading.Thread(target=work) for _ in range(200)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    assert len(set(results)) == 200 == len(quick.runs)


def test_a_hundred_tasks_in_coroutines_share_three_connections(quick: Simulator) -> None:
    async def main() -> set[str]:
        async with AsyncWiro(
            quick.api_key,
            quick.api_secret,
            base_url=quick.base_url,
            poll=PollSchedule.every(0.5),
            max_concurrency=3,
        ) as client:
            return {result.task_id for result in await together(client, 100)}

    assert len(asyncio.run(main())) == 100 == len(quick.runs)


def test_a_run_takes_the_place_of_a_task_when_it_ends(kind: ClientKind, quick: Simulator) -> None:
    quick.concurrency_limit = 1
    quick.plan(Scenario.lasting(1), times=None)

    async def flow(client: AnyClient) -> None:
        await together(client, 4)

    begin = time.monotonic()
    Kit(kind, quick).run(flow, timing=Timing(), poll=PollSchedule.every(10))
    assert time.monotonic() - begin < 15
    assert len(quick.runs) == 4


def test_one_client_serves_a_mix_of_calls(kind: ClientKind, quick: Simulator) -> None:
    quick.plan(Scenario.lasting(2), times=None)
    kit = Kit(kind, quick)

    async def flow(client: AnyClient) -> None:
        results = await together(client, 5)
        assert len({result.task_id for result in results}) == 5
        task = await got(client.submit(TOOL, PROMPT))
        await got(task.refresh())
        await got(task.wait())

    kit.run(flow, timing=Timing(), poll=PollSchedule.every(0.1))


def test_tasks_that_are_never_asked_about_do_not_pile_up() -> None:
    tracker = ConcurrencyTracker()
    for number in range(11_000):
        tracker.accepted(TaskState(id=str(number), token="", born=0.0))
    for number in (999, 1000):
        before = tracker.changes
        tracker.ended(TaskState(id=str(number), token="", born=0.0))
        assert tracker.changes - before == (number == 1000)
