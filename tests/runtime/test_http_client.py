"""One's own httpx2 client: every response is closed, so that its connection goes back to its pool,
however the call ends, and what waits in that pool is not sent."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import httpcore2
import httpx2
import pytest

from runtime.kit import TOOL, AnyClient, ClientKind, got
from wiro_runtime import AsyncWiro, ConnectionFailed, PollSchedule, Timeouts, Wiro, WiroError
from wiro_runtime.http.exchange import Exchange
from wiro_runtime.http.loop import WORKERS
from wiro_runtime.http.loop import run as run_in_background

T = TypeVar("T")

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


@contextmanager
def listening(handle: Callable[[socket.socket], None]) -> Generator[str]:
    """A server that handles each connection in a thread; its host and port."""
    with socket.create_server(("127.0.0.1", 0), backlog=200) as server:

        def serve(connection: socket.socket) -> None:
            with connection, suppress(OSError):
                handle(connection)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=[server.accept()[0]], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield "{}:{}".format(*server.getsockname())
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


class Slow:
    """Accepts each run after ``seconds``, over one connection each; counts what was sent."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.sent = 0

    def __call__(self, connection: socket.socket) -> None:
        body = b""
        while not body.endswith(b"}"):
            piece = connection.recv(65536)
            if not piece:
                return
            body += piece
        self.sent += 1
        time.sleep(self.seconds)
        content = json.dumps(ACCEPTED).encode()
        head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content)


@asynccontextmanager
async def own_client(
    kind: ClientKind, blocking: bool, **options: Any
) -> AsyncGenerator[httpx2.Client | httpx2.AsyncClient]:
    if blocking:
        with httpx2.Client(**options) as client:
            yield client
        return
    own = httpx2.AsyncClient(**options)
    yield own
    await on_loop(kind, own.aclose())


async def on_loop(kind: ClientKind, work: Coroutine[Any, Any, T]) -> T:
    """Do ``work`` of a client of httpx2 on the event loop of a client of this kind."""
    return await work if kind == "async" else run_in_background(work)


@asynccontextmanager
async def using(kind: ClientKind, **settings: Any) -> AsyncGenerator[AnyClient]:
    if kind == "sync":
        with Wiro("key", **settings) as client:
            yield client
    else:
        async with AsyncWiro("key", **settings) as client:
            yield client


async def submitted(client: AnyClient, count: int) -> list[str]:
    """The ids of so many runs, submitted at once."""
    if isinstance(client, AsyncWiro):
        runs = (client.submit(TOOL, {"prompt": "x"}) for _ in range(count))
        return [task.id for task in await asyncio.gather(*runs)]
    with ThreadPoolExecutor(count) as threads:
        calls = [threads.submit(client.submit, TOOL, {"prompt": "x"}) for _ in range(count)]
        return [call.result().id for call in calls]


@pytest.mark.parametrize("blocking", [False, True])
def test_a_run_that_waits_for_a_connection_of_ones_own_pool_is_not_sent(
    kind: ClientKind, blocking: bool, tmp_path: Path
) -> None:
    """The pool waits by the time limit of the request, and gives up first."""

    def hold(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
        connection.recv(65536)

    async def flow(host: str) -> None:
        limits = httpx2.Limits(max_connections=1)
        async with own_client(kind, blocking, limits=limits, timeout=30) as own:
            taken = own.build_request("GET", f"http://{host}/")
            if isinstance(own, httpx2.Client):
                own.send(taken, stream=True)
            else:
                await on_loop(kind, own.send(taken, stream=True))
            settings: dict[str, Any] = {"max_retries": 0, "journal": tmp_path / "journal"}
            url = f"http://{host}/v1"
            async with using(
                kind, base_url=url, http_client=own, timeout=1.2, **settings
            ) as client:
                with pytest.raises(ConnectionFailed) as caught:
                    await got(client.submit(TOOL, {"prompt": "x"}))
                assert not caught.value.maybe_sent
                assert list(client.resume()) == []

    with listening(hold) as host:
        asyncio.run(flow(host))


@pytest.mark.parametrize(
    ("blocking", "places", "pool", "count", "seconds", "limit"),
    [
        (False, 32, 1, 6, 0.4, 1.85),
        (True, 32, 1, 6, 0.4, 1.85),
        (True, 2 * WORKERS, 100, WORKERS + 4, 1, 1.9),
    ],
)
def test_the_time_of_a_run_begins_with_its_connection_of_ones_own_pool(
    kind: ClientKind,
    blocking: bool,
    places: int,
    pool: int,
    count: int,
    seconds: float,
    limit: float,
) -> None:
    """With one place the fifth run ends after its limit, and the sixth is tried again."""
    server = Slow(seconds)

    async def flow(host: str) -> None:
        limits = httpx2.Limits(max_connections=pool)
        async with own_client(kind, blocking, limits=limits, timeout=30) as own:
            settings: dict[str, Any] = {"max_retries": 10, "max_concurrency": places}
            url = f"http://{host}/v1"
            async with using(
                kind, base_url=url, http_client=own, timeout=limit, **settings
            ) as client:
                assert await submitted(client, count) == ["7"] * count

    with listening(server) as host:
        asyncio.run(flow(host))
    assert server.sent == count


@pytest.mark.parametrize("blocking", [False, True])
@pytest.mark.parametrize("said", [b"", b"220 mail ESMTP\r\n", b"HTTP/1.1 502 No\r\n\r\n", None])
def test_a_proxy_of_ones_own_that_opens_no_tunnel_has_sent_nothing(
    kind: ClientKind, blocking: bool, said: bytes | None
) -> None:
    ended = threading.Event()

    def refuse(connection: socket.socket) -> None:
        if said is None:
            ended.wait(30)
            return
        connection.recv(65536)
        connection.sendall(said)

    async def flow(host: str) -> None:
        async with own_client(kind, blocking, proxy=f"http://{host}") as own:
            timeout = 0.3 if said is None else 10
            settings: dict[str, Any] = {"http_client": own, "max_retries": 0, "timeout": timeout}
            async with using(kind, base_url="https://wiro.example/v1", **settings) as client:
                with pytest.raises(ConnectionFailed) as caught:
                    await got(client.submit(TOOL, {"prompt": "x"}))
                assert not caught.value.maybe_sent

    with listening(refuse) as host:
        asyncio.run(flow(host))
    ended.set()


def test_a_request_that_is_given_up_while_its_first_byte_leaves_may_have_been_sent() -> None:
    """The caller of a blocking client gives up in another thread than that which sends."""
    exchange = Exchange({}, None)
    exchange.follow("connection.connect_tcp.started", {})
    seen: list[bool] = []

    def give_up() -> None:
        exchange.give_up()
        seen.append(exchange.maybe_sent)

    exchange.on_begin = give_up
    request = httpcore2.Request("POST", "https://wiro.example/v1")
    exchange.follow("http11.send_request_headers.started", {"request": request})
    assert seen == [True]


LIMITS = httpx2.Timeout(connect=3, read=4, write=5, pool=6)


@pytest.mark.parametrize(
    ("error", "own", "ours"),
    [
        (httpx2.ConnectTimeout, 3, 10),
        (httpx2.ReadTimeout, 4, 60),
        (httpx2.WriteTimeout, 5, 60),
        (httpx2.PoolTimeout, 6, 54),
    ],
)
@pytest.mark.parametrize("blocking", [False, True])
def test_a_message_names_the_time_limit_that_ended_a_request(
    kind: ClientKind, blocking: bool, error: type[httpx2.TimeoutException], own: int, ours: int
) -> None:
    """A blocking client has its own limits."""

    def respond(request: httpx2.Request) -> httpx2.Response:
        raise error("", request=request)

    async def flow() -> None:
        transport = httpx2.MockTransport(respond)
        async with own_client(kind, blocking, transport=transport, timeout=LIMITS) as http_client:
            settings: dict[str, Any] = {"http_client": http_client, "max_retries": 0}
            async with using(kind, base_url=BASE_URL, **settings) as client:
                seconds = own if blocking else ours
                with pytest.raises(ConnectionFailed, match=rf"in time \({seconds} s\)"):
                    await got(client.post("/Tool/Explore"))

    asyncio.run(flow())
