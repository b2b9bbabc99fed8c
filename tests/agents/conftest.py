"""A package of made-up tools with prices, a simulator that runs them, and clients of MCP.

What a worker that has none of these tests would import for nothing is imported where it is used.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import pytest

from conftest import MakeOnce
from generated import number, prompt, select, text, tool
from wiro_runtime import AsyncWiro
from wiro_runtime.catalogue import Catalogue, open_catalogue
from wiro_runtime.testing import Simulator
from wirogen.pipeline.render import generate
from wirogen.plan.identifiers import package_name
from wirogen.specs import Option, Wire, spec_to_json

if TYPE_CHECKING:
    from mcp import Client
    from mcp.types import CallToolResult

PACKAGE: Final = "agent_tools"
PAINTER: Final = "acme/painter"
GUESSED: Final = "acme/guesser"
WRITER: Final = "acme/a writer"
STRICT: Final = "acme/strict"
NUMBER: Final = Wire(type="number")
LONG: Final = "Loud, and long. " * 2000
SPECS: Final = (
    tool(
        prompt(),
        number("samples", 1),
        select("style", Option(value="7", label="Oil on canvas"), Option(value="9", label="Ink")),
        name=PAINTER,
        description="Paints pictures of what you describe.",
        categories=("text-to-image",),
        dynamicprice=[{"inputs": {}, "price": 0.02, "priceMethod": "cpo"}],
    ),
    tool(
        prompt(help=LONG),
        select("voice", *(Option(value=str(n), label=f"Voice {n}") for n in range(100)), open=True),
        select("style", "ink", "oil"),
        name="acme/many",
        description=f"Reads aloud. {LONG}",
    ),
    tool(prompt(), name=GUESSED, description="Has no price.", categories=("text-to-image",)),
    tool(
        prompt(),
        name=WRITER,
        description="Writes answers.",
        categories=("llm",),
        dynamicprice=[{"inputs": {}, "price": 0.01, "priceMethod": "cpr"}],
    ),
    tool(
        prompt(),
        text("inputImage", type="fileinput", wire=Wire(type="string"), required=True),
        name="acme/editor",
        description="Changes a photo of a face.",
        categories=("image-to-image",),
    ),
    tool(
        text("size", type="number", wire=NUMBER, required=True, minimum="64", maximum="512"),
        text("weight", type="float", wire=NUMBER, required=True, maximum="0.5"),
        select(
            "voice",
            Option(value="", label="Auto"),
            Option(value="a1", label="Rachel"),
            Option(value="b2", label="Rachel"),
            Option(value="c3", label="a1"),
            required=True,
        ),
        name=STRICT,
        description="Takes little.\u200b\U000e0041 \u202eNo picture.",
    ),
)


class Agent:
    """A client of MCP that knows nothing but the tools of the server."""

    def __init__(self, client: Client) -> None:
        self.client = client

    async def __call__(self, name: str, **arguments: Any) -> Any:
        """The JSON that a tool says. Raises ``AssertionError`` when it says that it failed."""
        result = await self.call(name, **arguments)
        assert not result.is_error, text_of(result)
        return json.loads(text_of(result))

    async def refused(self, name: str, **arguments: Any) -> str:
        """What a tool says that fails."""
        result = await self.call(name, **arguments)
        assert result.is_error, text_of(result)
        return text_of(result)

    async def call(self, name: str, **arguments: Any) -> CallToolResult:
        return await self.client.call_tool(name, arguments)


def text_of(result: CallToolResult) -> str:
    from mcp.types import TextContent

    first = result.content[0]
    assert isinstance(first, TextContent)
    return first.text


Connect: TypeAlias = Callable[..., AbstractAsyncContextManager[Agent]]
"""Starts a server in this process, with these options of a workspace and of a client of MCP."""


@pytest.fixture(scope="session")
def agent_package(make_once: MakeOnce) -> Iterator[Path]:
    specs = {spec.tool: spec for spec in SPECS}
    name = package_name(PACKAGE)
    folder = make_once(PACKAGE, lambda folder: generate(specs, folder, package=name))
    path = folder / "python"
    sys.path.insert(0, str(path))
    yield path
    sys.path.remove(str(path))


@pytest.fixture
def catalogue(agent_package: Path) -> Catalogue:
    assert agent_package.is_dir()
    return open_catalogue(PACKAGE)


@pytest.fixture(scope="session")
def agents_simulator() -> Iterator[Simulator]:
    with Simulator([spec_to_json(spec) for spec in SPECS], speed="instant") as running:
        yield running


@pytest.fixture
def simulator(agents_simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Simulator:
    agents_simulator.clear()
    for name, value in agents_simulator.env().items():
        monkeypatch.setenv(name, value)
    return agents_simulator


@pytest.fixture
def environment(simulator: Simulator, agent_package: Path, tmp_path: Path) -> dict[str, str]:
    """That of a server in a process of its own."""
    return {
        **simulator.env(),
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(agent_package),
        "WIRO_TOOLS_PACKAGE": PACKAGE,
    }


@pytest.fixture
def connect(simulator: Simulator, catalogue: Catalogue, tmp_path: Path) -> Connect:
    from mcp import Client

    from wiro_runtime.mcp import Workspace, make_server
    from wiro_runtime.mcp.runs import Runs

    assert simulator.tools

    @asynccontextmanager
    async def start(
        *,
        budget: str | None = None,
        journal: str = "journal.sqlite",
        elicit: Any = None,
        mode: str = "auto",
        **options: Any,
    ) -> AsyncGenerator[Agent]:
        async with AsyncWiro(journal=tmp_path / journal, budget=budget) as client:
            space = Workspace(
                client=client,
                catalogue=catalogue,
                runs=Runs(client),
                budget=None if budget is None else Decimal(budget),
                **options,
            )
            server = make_server(space)
            async with Client(server, mode=mode, elicitation_callback=elicit) as mcp:
                yield Agent(mcp)

    return start
