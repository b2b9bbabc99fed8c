"""One's own httpx2 client: every response is closed, so that its connection goes back to its pool,
however the call ends."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from runtime.kit import TOOL, AnyClient, ClientKind, got
from wiro_runtime import AsyncWiro, PollSchedule, Timeouts, Wiro, WiroError

BASE_URL = "http://127.0.0.1:1/v1"
FILE = b"\x89PNG\r\n\x1a\n" + bytes(5000)
DETAIL = {
    "id": "7",
    "socketaccesstoken": "t",
    "status": "task_postprocess_end",
    "pexit": "0",
    "outputs": [{"name": "0.png", "url": "https://cdn.example/0.png", "size": str(len(FILE))}],
}
ACCEPTED = {"result": True, "taskid": "7", "socketaccesstoken": "t", "tasklist": [DETAIL]}


class Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """The body of a response, which breaks before its end when it is ``broken``."""

    def __init__(self, content: bytes, broken: bool) -> None:
        self.content = content
        self.broken = broken
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        yield self.content[:20]
        if self.broken:
            raise httpx2.ReadError("connection reset by peer")
        yield self.content[20:]

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            await asyncio.sleep(0)
            yield piece

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


class Server(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Answers as Wiro and its file hosts do; ``status`` and ``broken`` say what goes wrong."""

    def __init__(self, status: int = 200, *, broken: bool = False) -> None:
        self.status = status
        self.broken = broken
        self.bodies: list[Body] = []
        self.proceed = threading.Event()
        self.proceed.set()

    def respond(self, request: httpx2.Request) -> httpx2.Response:
        content = FILE if request.method == "GET" else json.dumps(ACCEPTED).encode()
        self.bodies.append(Body(content, self.broken))
        return httpx2.Response(self.status, stream=self.bodies[-1])

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        assert self.proceed.wait(10)
        return self.respond(request)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        await asyncio.to_thread(self.proceed.wait, 10)
        return self.respond(request)

    def all_closed(self) -> bool:
        until = time.monotonic() + 5
        while not all(body.closed for body in self.bodies) and time.monotonic() < until:
            time.sleep(0.01)
        return all(body.closed for body in self.bodies)


def client_of(kind: ClientKind, server: Server, blocking: bool, **options: Any) -> AnyClient:
    own = httpx2.Client(transport=server) if blocking else httpx2.AsyncClient(transport=server)
    settings: dict[str, Any] = {
        "base_url": BASE_URL,
        "http_client": own,
        "max_retries": 0,
        "poll": PollSchedule.every(0.01),
        **options,
    }
    return Wiro("key", "secret", **settings) if kind == "sync" else AsyncWiro("key", **settings)


CALLS: dict[str, Callable[[AnyClient, Path], Any]] = {
    "submit": lambda client, _folder: client.submit(TOOL, {"prompt": "x"}),
    "post": lambda client, _folder: client.post("/Tool/Explore"),
    "upload": lambda client, _folder: client.upload(b"x", name="x.txt"),
    "refresh": lambda client, _folder: client.task("7").refresh(),
    "wait": lambda client, _folder: client.task("7").wait(),
    "cancel": lambda client, _folder: client.task("7").cancel(),
}


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("status", "broken"), [(200, False), (200, True), (404, False)])
def test_every_response_of_a_call_is_closed(
    kind: ClientKind, blocking: bool, call: str, status: int, broken: bool, tmp_path: Path
) -> None:
    server = Server(status, broken=broken)

    async def flow() -> None:
        client = client_of(kind, server, blocking)
        with suppress(WiroError):
            await got(CALLS[call](client, tmp_path))

    asyncio.run(flow())
    assert server.bodies
    assert server.all_closed()


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize(("status", "broken"), [(200, False), (200, True), (404, False)])
def test_every_response_of_a_download_is_closed(
    kind: ClientKind, blocking: bool, status: int, broken: bool, tmp_path: Path
) -> None:
    server = Server()

    async def flow() -> None:
        client = client_of(kind, server, blocking)
        result = await got(client.task("7").wait())
        server.status, server.broken = status, broken
        with suppress(WiroError):
            await got(result.download(tmp_path))

    asyncio.run(flow())
    assert len(server.bodies) > 1
    assert server.all_closed()


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("call", CALLS)
def test_a_response_that_comes_after_its_call_has_ended_is_closed(
    kind: ClientKind, blocking: bool, call: str, tmp_path: Path
) -> None:
    """A blocking client goes on in its thread when the time is up; its connection would stay taken
    for ever."""
    server = Server()
    server.proceed.clear()

    async def flow() -> None:
        limits = Timeouts(request=0.1, transfer=0.1, wait=0.1)
        client = client_of(kind, server, blocking, timeouts=limits)
        with pytest.raises(WiroError):
            await got(CALLS[call](client, tmp_path))
        server.proceed.set()

    asyncio.run(flow())
    if blocking:
        until = time.monotonic() + 5
        while not server.bodies and time.monotonic() < until:
            time.sleep(0.01)
        assert server.bodies
    assert server.all_closed()
