"""An agent that has only the tools of MCP finds a tool, prices it, runs it and saves its output."""

from __future__ import annotations

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from agents.conftest import PAINTER, WRITER, Agent, Connect, text_of
from fork_server import executable
from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

TOKEN = "a-token-of-the-user"


@contextmanager
def served(
    environment: dict[str, str], *arguments: str
) -> Generator[tuple[subprocess.Popen[str], list[str]]]:
    """``wiro-tools mcp --http``, and the lines that it prints when it listens."""
    command = [executable("wiro-tools-servers"), "mcp", "--http", "--port", "0"]
    with subprocess.Popen(
        [*command, *arguments], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip()]
        if "WIRO_MCP_TOKEN" not in environment and "--token-file" not in arguments:
            lines.append(process.stdout.readline().strip())
        try:
            yield process, lines
        finally:
            process.terminate()
            process.wait(30)


@asynccontextmanager
async def over_http(url: str, token: str, mode: str) -> AsyncGenerator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


async def journey(agent: Agent, folder: Path) -> None:
    found = await agent("search_tools", query="I want a picture of a lighthouse painted")
    name = found["tools"][0]["tool"]
    assert name == PAINTER
    assert found["tools"][0]["price"] == "from $0.02"
    tool = await agent("describe_tool", tool=name)
    assert tool["required"] == ["prompt"]
    assert tool["inputs"]["style"]["options"] == {"Oil on canvas": "7", "Ink": "9"}
    inputs = {**tool["example"], "style": "Ink", "samples": 2}
    price = await agent("estimate_price", tool=name, inputs=inputs)
    assert price["high"] == "0.04"
    done = await agent("run_tool", tool=name, inputs=inputs, max_cost=float(price["high"]))
    assert done["succeeded"]
    saved = await agent.call("download_outputs", task_id=done["task_id"])
    kinds = [each.type for each in saved.content]
    assert kinds == ["text", "resource_link", "resource_link", "image", "image"]
    paths = [Path(each) for each in json.loads(text_of(saved))["files"]]
    assert [path.parent.parent for path in paths] == [folder, folder]
    image: Any = saved.content[3]
    assert base64.b64decode(image.data) == paths[0].read_bytes()
    link: Any = saved.content[1]
    assert link.uri == paths[0].as_uri()
    assert link.mime_type == "image/png"
    again = await agent.call("download_outputs", task_id=done["task_id"])
    assert again.structured_content == saved.structured_content
    listed = await agent("list_tasks", limit=1)
    assert listed["tasks"][0]["task_id"] == done["task_id"]
    assert listed["tasks"][0]["tool"] == name
    assert "token" not in json.dumps([done, listed])


@pytest.mark.parametrize("tool", [PAINTER, WRITER])
def test_a_download_that_another_server_repeats_gives_the_same_files(
    connect: Connect, tmp_path: Path, tool: str
) -> None:
    out = tmp_path / "out"

    async def main() -> None:
        inputs = {"prompt": "a lighthouse"}
        async with connect(folder=out) as agent:
            task = (await agent("run_tool", tool=tool, inputs=inputs, max_cost=1))["task_id"]
            first = await agent("download_outputs", task_id=task)
        async with connect(folder=out) as agent:
            assert await agent("download_outputs", task_id=task) == first
            # What the user has made of it since is not written over, and not given for it.
            Path(first["files"][0]).write_bytes(b"edited")  # noqa: ASYNC240 - a test
            (again,) = (await agent("download_outputs", task_id=task))["files"]
        assert Path(first["files"][0]).read_bytes() == b"edited"  # noqa: ASYNC240 - a test
        assert again != first["files"][0]

    asyncio.run(main())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_over_standard_streams(
    environment: dict[str, str], simulator: Simulator, tmp_path: Path, mode: str
) -> None:
    command = [sys.executable, "-m", "wiro_runtime.cli"]
    if mode == "legacy":
        command = [str(executable("wiro-tools-servers"))]
    command += ["mcp", "--out", str(tmp_path / "out")]
    server = StdioServerParameters(command=command[0], args=command[1:], env=environment)

    async def main() -> None:
        async with Client(server, mode=mode) as client:
            await journey(Agent(client), tmp_path / "out")

    asyncio.run(main())
    assert len(simulator.runs) == 1
    assert (tmp_path / ".local" / "state" / "wiro-tools" / "mcp.sqlite").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_over_http(
    environment: dict[str, str], simulator: Simulator, tmp_path: Path, mode: str
) -> None:
    out = tmp_path / "out"

    async def main(url: str) -> None:
        async with over_http(url, TOKEN, mode) as client:
            await journey(Agent(client), out)

    with served({**environment, "WIRO_MCP_TOKEN": TOKEN}, "--out", str(out)) as (_, (url,)):
        asyncio.run(main(url))
    assert len(simulator.runs) == 1


def test_a_token_that_was_made_is_printed_once(environment: dict[str, str]) -> None:
    async def main(url: str, token: str) -> None:
        async with over_http(url, token, "auto") as client:
            assert (await client.list_tools()).tools

    with served(environment) as (_, (url, line)):
        token = line.removeprefix("Authorization: Bearer ")
        assert len(token) > 32
        asyncio.run(main(url, token))
