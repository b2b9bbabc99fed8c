"""Calls that come when what they are about has ended."""

from __future__ import annotations

import asyncio
import time

import pytest

from runtime.kit import TOOL, AnyClient, ClientKind, Kit, got
from wiro_runtime import ConcurrencyLimitError, PollSchedule, Wiro
from wiro_runtime.http.loop import call_back, run
from wiro_runtime.settings import Timing
from wiro_runtime.testing import Simulator, faults

PROMPT = {"prompt": "x"}


@pytest.mark.parametrize("order", ["cancel", "kill"])
def test_no_order_is_sent_to_a_task_that_has_been_seen_to_end(
    kind: ClientKind, instant: Simulator, order: str
) -> None:
    kit = Kit(kind, instant)

    async def flow(client: AnyClient) -> None:
        task = await got(client.submit(TOOL, PROMPT))
        await got(task.wait())
        for path in ("Task/Cancel", "Task/Kill", "Task/Detail"):
            instant.faults.add(path, faults.status(500), times=None)
        asked = len(instant.requests)
        assert await got(getattr(task, order)()) is False
        assert len(instant.requests) == asked

    kit.run(flow, timing=Timing(), poll=PollSchedule.every(0.01))


def test_a_client_whose_tasks_have_ended_does_not_wait_for_those_of_others(
    kind: ClientKind, manual: Simulator
) -> None:
    manual.concurrency_limit = 1
    kit = Kit(kind, manual)

    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, PROMPT))
        manual.step(manual.runs[0].taskid, 20)
        with Wiro(manual.api_key, manual.api_secret, base_url=manual.base_url) as other:
            await asyncio.to_thread(other.submit, TOOL, PROMPT)
        begin = time.monotonic()
        with pytest.raises(ConcurrencyLimitError):
            await got(client.submit(TOOL, PROMPT, timeout=30))
        assert time.monotonic() - begin < 15

    kit.run(flow, timing=Timing(), poll=PollSchedule.every(0.1))


def test_a_callback_that_is_no_longer_waited_for_is_not_called() -> None:
    called: list[str] = []

    async def late() -> None:
        async with asyncio.timeout(0.05):
            await call_back(called.append, "late")

    async def main() -> None:
        slow = asyncio.create_task(call_back(time.sleep, 0.3))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await late()
        await slow

    run(main())
    assert called == []
