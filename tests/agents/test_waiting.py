"""Long runs: watched, come back to, stopped; and how a server ends."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.conftest import PAINTER, SPECS, WRITER, Connect
from agents.test_journey import TOKEN, over_http, served
from fork_server import executable, start
from wiro_runtime.testing import Scenario, Simulator, faults
from wirogen.specs import spec_to_json

pytestmark = pytest.mark.slow

INPUTS = {"prompt": "a lighthouse"}


@pytest.fixture
def simulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """Its tasks stand still until a test moves them."""
    with Simulator([spec_to_json(spec) for spec in SPECS], speed="manual") as running:
        for name, value in running.env().items():
            monkeypatch.setenv(name, value)
        yield running


def test_a_run_is_watched_and_come_back_to(connect: Connect, simulator: Simulator) -> None:
    seen: list[tuple[float, str]] = []

    async def report(progress: float, total: float | None, message: str | None) -> None:
        assert total == 100
        seen.append((progress, message or ""))

    async def main() -> None:
        async with connect(budget="1") as agent:
            begun = await agent("run_tool", tool=PAINTER, inputs=INPUTS, wait=0.2)
            assert not begun["ended"]
            assert "get_task" in begun["next"]
            task = begun["task_id"]
            assert (await agent("get_task", task_id=task))["status"] == "task_queue"
            said = await agent.refused("download_outputs", task_id=task)
            assert "without --out" in said or "Unknown tool" in said
            waiting = asyncio.create_task(
                agent.client.call_tool(
                    "get_task", {"task_id": task, "wait": 60}, progress_callback=report
                )
            )
            while not waiting.done():
                await asyncio.to_thread(simulator.step)
                await asyncio.sleep(0.02)
            found: Any = (await waiting).structured_content
            assert found["succeeded"]
            assert found["outputs"][0]["name"] == "0.png"
        assert len(simulator.runs) == 1
        grown = [progress for progress, _ in seen]
        assert len(grown) > 3
        assert grown == sorted(set(grown))
        assert all(task in message for _, message in seen)

    asyncio.run(main())


def test_a_task_is_stopped_in_the_queue(connect: Connect, simulator: Simulator) -> None:
    async def main() -> None:
        async with connect(budget="1") as agent:
            task = (await agent("run_tool", tool=PAINTER, inputs=INPUTS, wait=0))["task_id"]
            stopped = await agent("stop_task", task_id=task)
            assert stopped["stopped"]
            assert stopped["status"] == "task_cancel"
            again = await agent("stop_task", task_id=task)
            assert not again["succeeded"]
            assert simulator.status(task) == "task_cancel"

    asyncio.run(main())


def test_the_text_of_a_model_is_in_the_result_once(connect: Connect, simulator: Simulator) -> None:
    answer = "Forty-two. " * 5000
    simulator.plan(Scenario(kind="text", answer=answer), tool=WRITER)

    async def main() -> None:
        async with connect(budget="1") as agent:
            waiting = asyncio.create_task(agent("run_tool", tool=WRITER, inputs=INPUTS))
            while not waiting.done():
                await asyncio.to_thread(simulator.step)
                await asyncio.sleep(0.02)
            found = await waiting
            assert str(found).count("Forty-two.") == 50_000 // 11
            assert found["text"].endswith("(5000 more characters; download the output)")
            assert found["outputs"][0]["name"]

    asyncio.run(main())


def test_a_call_that_is_given_up_leaves_its_run_to_the_next(
    connect: Connect, simulator: Simulator
) -> None:
    async def main() -> None:
        async with connect(budget="1") as agent:
            call = agent.client.call_tool("run_tool", {"tool": PAINTER, "inputs": INPUTS})
            waiting = asyncio.create_task(call)
            while not simulator.runs:  # noqa: ASYNC110 - another thread fills it
                await asyncio.sleep(0.01)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            found = await agent("run_tool", tool=PAINTER, inputs=INPUTS, wait=0)
            assert found["repeated"]
            assert found["task_id"] == simulator.runs[0].taskid
        assert len(simulator.runs) == 1

    asyncio.run(main())


@pytest.mark.parametrize("arguments", [[], ["--http", "--port", "0"]])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_when_it_is_told_to(
    environment: dict[str, str], arguments: list[str], number: signal.Signals
) -> None:
    command = [executable("wiro-tools-servers"), "mcp", *arguments]
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        if not arguments:
            process.stdin.write('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
            process.stdin.flush()
        assert process.stdout.readline()
        process.send_signal(number)
        process.wait(30)
        assert process.returncode == 128 + number
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_server_that_ends_during_a_call_shows_no_traceback(
    environment: dict[str, str],
    simulator: Simulator,
    tmp_path: Path,
    mode: str,
    number: signal.Signals,
) -> None:
    async def main(url: str) -> None:
        async with over_http(url, TOKEN, mode) as client:
            arguments = {"tool": PAINTER, "inputs": INPUTS, "max_cost": 1}
            call = asyncio.create_task(client.call_tool("run_tool", arguments))
            while not simulator.runs:  # noqa: ASYNC110 - another thread fills it
                await asyncio.sleep(0.01)
            process.send_signal(number)
            assert await asyncio.to_thread(process.wait, 30) == 128 + number
            await asyncio.gather(call, return_exceptions=True)

    process = start(
        "wiro-tools-servers", "mcp", "--http", "--port", "0",
        cwd=tmp_path,
        env={**environment, "WIRO_MCP_TOKEN": TOKEN},
        before="from wiro_runtime.mcp import http\nhttp._ENDING = 1\n",
    )  # fmt: skip
    while not (url := process.read()[0]).endswith("\n"):
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    asyncio.run(main(url.strip()))
    said = process.communicate()[1]
    assert "ERROR" not in said
    assert "Traceback" not in said
    assert "it goes on" in said


def test_a_server_ends_with_its_client(environment: dict[str, str]) -> None:
    command = [executable("wiro-tools-servers"), "mcp"]
    done = subprocess.run(
        command, env=environment, input="", capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_server_that_is_killed_while_it_sends_pays_once(
    environment: dict[str, str], simulator: Simulator
) -> None:
    """The run was accepted, its response is never read, and the agent calls the next server."""
    simulator.faults.add("Run/*", faults.hang(acts=True), times=1)
    environment = {**environment, "WIRO_MCP_TOKEN": TOKEN}
    call = {"tool": PAINTER, "inputs": INPUTS, "max_cost": 1, "wait": 0}

    async def first(url: str, process: subprocess.Popen[str]) -> None:
        with contextlib.suppress(Exception):
            async with over_http(url, TOKEN, "auto") as client:
                waiting = asyncio.create_task(client.call_tool("run_tool", call))
                while not simulator.runs:  # noqa: ASYNC110 - another thread fills it
                    await asyncio.sleep(0.01)
                process.kill()
                await waiting

    async def second(url: str) -> Any:
        async with over_http(url, TOKEN, "auto") as client:
            return (await client.call_tool("run_tool", call)).structured_content

    with served(environment) as (process, (url,)):
        asyncio.run(first(url, process))
    with served(environment) as (_, (url,)):
        found = asyncio.run(second(url))
    assert found["task_id"] == simulator.runs[0].taskid
    assert found["repeated"]
    assert len(simulator.runs) == 1
