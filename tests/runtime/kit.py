"""Drives a client of either kind with one text, on a clock that passes no real time."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from collections.abc import (
    AsyncIterable,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
)
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar, cast

from websockets.sync.server import ServerConnection, serve

from wiro_runtime import AsyncTask, AsyncWiro, Task, Wiro
from wiro_runtime.settings import Timing
from wiro_runtime.testing import Simulator

T = TypeVar("T")
ClientT = TypeVar("ClientT", bound=Wiro | AsyncWiro)
ClientKind: TypeAlias = Literal["sync", "async"]
AnyClient: TypeAlias = Wiro | AsyncWiro
AnyTask: TypeAlias = Task | AsyncTask

TOOL = "wiro/painter"


def _input(name: str, type_: str, wire: str, **more: Any) -> dict[str, Any]:
    entry = {"name": name, "label": name, "help": "", "type": type_, "default": None}
    return {**entry, "required": False, "wire": {"type": wire}, **more}


def tool(name: str, *inputs: dict[str, Any], categories: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "spec": 1,
        "tool": name,
        "name": name,
        "description": "",
        "cover": None,
        "categories": [*categories],
        "endpoints": {
            "run": f"https://api.wiro.ai/v1/Run/{name}",
            "detail": "https://api.wiro.ai/v1/Task/Detail",
        },
        "inputs": [*inputs],
    }


PROMPT = _input("prompt", "textarea", "string", required=True)
SAMPLES = _input("samples", "number", "number")

TOOLS = [
    tool(TOOL, PROMPT, SAMPLES, categories=("text-to-image",)),
    tool("wiro/Animated Logo", PROMPT, categories=("text-to-image",)),
    tool("wiro/writer", PROMPT, categories=("llm",)),
    tool(
        "wiro/files",
        PROMPT,
        SAMPLES,
        _input("inputImage", "fileinput", "string"),
        _input("inputImageUrl", "text", "string"),
        _input("inputDocumentMultiple", "multifileinput", "array"),
        _input("inputDocumentMultipleUrl", "text", "string"),
        _input("inputImageClothes", "combinefileinput", "array"),
        _input("styles", "multiselect", "array", open=True, options=[]),
        categories=("text-to-image",),
    ),
]


@dataclass
class FakeTime:
    """A clock that moves when somebody sleeps; ``on_sleep`` is told for how long."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list[float])
    on_sleep: Callable[[float], object] = lambda _seconds: None

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        self.on_sleep(seconds)

    async def _pause(self, seconds: float) -> None:
        self.sleep(seconds)
        await asyncio.sleep(0)

    def timing(self) -> Timing:
        return Timing(clock=self.clock, sleep=self._pause, random=lambda: 0.5)


def nameless(_value: object) -> str:
    """The id of a parameter whose own text would fill the line."""
    return ""


async def got(value: Awaitable[T] | T) -> T:
    """What a method of either client gives."""
    return await cast("Awaitable[T]", value) if inspect.isawaitable(value) else cast("T", value)


async def each(events: Iterable[T] | AsyncIterable[T]) -> list[T]:
    """All that an iterable of either client gives."""
    if isinstance(events, AsyncIterable):
        return [event async for event in events]
    return list(events)


def timed(kind: type[ClientT], timing: Timing) -> type[ClientT]:
    """A client of this kind that takes its time, sleep and randomness from ``timing``."""
    return cast("type[ClientT]", type(kind.__name__, (kind,), {"_timing": timing}))


class Kit:
    """``kit.run(flow)`` runs ``flow(client)``, a coroutine function, to its end."""

    def __init__(self, kind: ClientKind, simulator: Simulator) -> None:
        self.kind = kind
        self.simulator = simulator
        self.time = FakeTime()

    def client(self, **options: Any) -> AnyClient:
        settings: dict[str, Any] = {
            "api_key": self.simulator.api_key,
            "api_secret": self.simulator.api_secret,
            "base_url": self.simulator.base_url,
            # On the fake clock no real time passes while a WebSocket is waited for.
            "socket_url": self.simulator.socket_url if "timing" in options else "",
        }
        timing = options.pop("timing", None) or self.time.timing()
        kind = timed(Wiro if self.kind == "sync" else AsyncWiro, timing)
        return kind(**{**settings, **options})

    def run(self, flow: Callable[[AnyClient], Coroutine[Any, Any, T]], /, **options: Any) -> T:
        async def main() -> T:
            client = self.client(**options)
            if isinstance(client, Wiro):
                with client:
                    return await flow(client)
            async with client:
                return await flow(client)

        return asyncio.run(main())


class WrongTime:
    """:mod:`time`, as a computer has it whose clock is wrong."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def time(self) -> float:
        return time.time() + self._seconds


@contextmanager
def socket_server(
    handle: Callable[[ServerConnection], None], **options: Any
) -> Generator[str, None, None]:
    """A WebSocket server that handles each connection with ``handle``."""
    with serve(handle, "127.0.0.1", 0, compression=None, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/v1"
        server.shutdown()
        thread.join()
