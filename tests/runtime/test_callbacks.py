"""Posts to a callback are believed only as far as Wiro confirms them."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import tracemalloc
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn

from runtime.kit import TOOL, Kit, nameless
from wiro_runtime import AsyncResult, AsyncTask, AsyncWiro, TaskFailed, Wiro
from wiro_runtime.testing import Simulator, faults
from wiro_runtime.webhooks import MAX_POSTS, CallbackReceiver, CallbackRefused

PROMPT = {"prompt": "x"}


def wiro(simulator: Simulator, **options: Any) -> Wiro:
    client = Kit("sync", simulator).client(**options)
    assert isinstance(client, Wiro)
    return client


def post(simulator: Simulator, client: Wiro) -> dict[str, Any]:
    """The body that Wiro posts when a task has ended."""
    task = client.submit(TOOL, PROMPT)
    task.wait()
    assert task.detail is not None
    return dict(task.detail.raw)


def test_a_confirmed_task_is_given_with_what_wiro_says_not_the_post(instant: Simulator) -> None:
    with wiro(instant) as client:
        body = post(instant, client)
        forged = {**body, "outputs": [{"name": "evil", "url": "http://evil.example/x"}]}
        task = CallbackReceiver(client).receive(json.dumps(forged).encode())
        before = len(instant.requests)
        assert [output.name for output in task.wait().outputs] == ["0.png"]
        assert len(instant.requests) == before


@pytest.mark.parametrize("shape", ["id", "taskid", "tasktoken", "socketaccesstoken", "tasklist"])
def test_every_shape_of_a_post_is_understood(instant: Simulator, shape: str) -> None:
    with wiro(instant) as client:
        body = post(instant, client)
        token, task_id = body["socketaccesstoken"], body["id"]
        posted = {
            "id": {"id": task_id},
            "taskid": {"taskid": int(task_id)},
            "tasktoken": {"tasktoken": token},
            "socketaccesstoken": {"socketaccesstoken": token},
            "tasklist": {"tasklist": [{"id": task_id}]},
        }[shape]
        assert CallbackReceiver(client).receive(json.dumps(posted).encode()).id == task_id


@pytest.mark.parametrize(
    "body",
    [
        b"", b"not json", b"[]", b"null", b"7", b"{}", b"\xff\xfe", b"[" * 100_000,
        b'{"id": null}', b'{"id": "../x"}', b'{"id": ["1"]}', b'{"id": "%s"}' % (b"1" * 1000),
        b'{"id": "\xc2\xb2"}',
    ],
    ids=nameless,
)  # fmt: skip
def test_malformed_posts_are_refused_and_nothing_is_asked(instant: Simulator, body: bytes) -> None:
    with wiro(instant) as client, pytest.raises(CallbackRefused) as caught:
        CallbackReceiver(client).receive(body)
    assert caught.value.status == 400
    assert instant.requests == []


def test_forged_oversized_early_and_replayed_posts_are_refused(manual: Simulator) -> None:
    with wiro(manual) as client:
        receiver = CallbackReceiver(client, max_bytes=1000)

        def refused(body: bytes) -> int:
            with pytest.raises(CallbackRefused) as caught:
                receiver.receive(body)
            return caught.value.status

        assert refused(b'{"id": "1"}') == 403
        assert refused(b'{"id": "1"}' + b" " * 1000) == 413
        task = client.submit(TOOL, PROMPT)
        body = json.dumps({"id": task.id}).encode()
        assert refused(body) == 409
        manual.advance(60)
        given = receiver.receive(body)
        assert given.id == task.id
        assert refused(body) == 409
        assert refused(json.dumps({"tasktoken": task.token}).encode()) == 409
        receiver.again(given)
        assert receiver.receive(body).id == task.id


def test_when_wiro_cannot_be_asked_the_post_may_come_again(instant: Simulator) -> None:
    with wiro(instant) as client:
        body = json.dumps(post(instant, client)).encode()
        instant.faults.add("Task/Detail", faults.status(500), times=None)
        with pytest.raises(CallbackRefused) as caught:
            CallbackReceiver(client).receive(body)
    assert caught.value.status == 503
    assert caught.value.retryable


@contextmanager
def serve(app: Any) -> Generator[str, None, None]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        finally:
            server.should_exit = True
            thread.join(60)


def test_the_whole_way_from_run_to_handler_over_sockets(instant: Simulator) -> None:
    got_it = threading.Event()
    results: list[AsyncResult] = []

    async def handle(task: AsyncTask) -> None:
        results.append(await task.wait())
        got_it.set()

    receiver_client = Kit("async", instant).client()
    assert isinstance(receiver_client, AsyncWiro)
    with serve(CallbackReceiver(receiver_client, handle)) as url, wiro(instant) as client:
        task = client.submit(TOOL, PROMPT, callback_url=url)
        assert got_it.wait(10)
        assert results[0].task_id == task.id
        assert asyncio.run(ask(url, "GET", b"")) == 405
        assert asyncio.run(ask(url, "POST", b"nonsense")) == 400
        assert asyncio.run(ask(url, "POST", json.dumps({"id": task.id}).encode())) == 409


def test_a_handler_that_fails_lets_the_task_come_again(instant: Simulator) -> None:
    instant.failing()
    tries: list[str] = []

    async def handle(task: AsyncTask) -> None:
        tries.append(task.id)
        await task.wait()

    async def main() -> list[int]:
        client = Kit("async", instant).client()
        assert isinstance(client, AsyncWiro)
        app = CallbackReceiver(client, handle)
        async with client:
            task = await client.submit(TOOL, PROMPT)
            return [await direct(app, json.dumps({"id": task.id}).encode()) for _ in range(2)]

    assert asyncio.run(main()) == [500, 500]
    assert len(tries) == 2


async def direct(app: Any, body: bytes) -> int:
    """Posts to an ASGI application as a server would."""
    sent: list[dict[str, Any]] = []
    parts = [
        {"type": "http.request", "body": body[:5], "more_body": True},
        {"type": "http.request", "body": body[5:]},
    ]

    async def receive() -> dict[str, Any]:
        return parts.pop(0)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    with pytest.raises(TaskFailed):
        await app({"type": "http", "method": "POST"}, receive, send)
    return sent[0]["status"]


async def ask(url: str, method: str, body: bytes) -> int:
    host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"{method} /hook HTTP/1.1\r\nhost: x\r\nconnection: close\r\n"
    writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
    line = await reader.readline()
    await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(line.split()[1])


def test_a_post_that_comes_again_has_wiro_asked_no_more(instant: Simulator) -> None:
    with wiro(instant) as client:
        receiver = CallbackReceiver(client)
        body = json.dumps(post(instant, client)).encode()
        receiver.receive(body)
        before = len(instant.requests)
        for _ in range(3):
            with pytest.raises(CallbackRefused) as caught:
                receiver.receive(body)
            assert caught.value.status == 409
        assert len(instant.requests) == before


def test_a_key_that_wiro_refuses_is_not_the_fault_of_the_post(instant: Simulator) -> None:
    with wiro(instant) as client, wiro(instant, api_secret="wrong-secret") as other:
        body = json.dumps(post(instant, client)).encode()
        with pytest.raises(CallbackRefused) as caught:
            CallbackReceiver(other).receive(body)
    assert caught.value.status == 503


def test_whoever_posts_slowly_or_wrongly_learns_nothing(instant: Simulator) -> None:
    async def slow(url: str) -> bytes:
        host, _, port = url.removeprefix("http://").partition("/")[0].partition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /hook HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{")
        answer = await asyncio.wait_for(reader.readuntil(b"}"), 60)
        writer.close()
        await writer.wait_closed()
        return answer

    client = Kit("async", instant).client(max_retries=0)
    with serve(CallbackReceiver(client, patience=0.2)) as url:
        answer = asyncio.run(slow(url))
        assert answer.startswith(b"HTTP/1.1 408")
        instant.faults.add("Task/Detail", faults.html(502), times=None)
        assert asyncio.run(ask(url, "POST", b'{"id": "12345"}')) == 503
        assert b"12345" not in answer


def test_a_bounded_number_of_posts_is_read_at_a_time(instant: Simulator) -> None:
    async def main() -> None:
        client = Kit("async", instant).client()
        assert isinstance(client, AsyncWiro)
        handled: list[str] = []
        async with client:
            app = CallbackReceiver(client, lambda task: handled.append(task.id))
            task = await client.submit(TOOL, PROMPT)
            strangers = [asyncio.create_task(begun(app)) for _ in range(MAX_POSTS + 3)]
            done, reading = await asyncio.wait(strangers, timeout=0.5)
            assert [each.result() for each in done] == [503] * 3
            # Those who hang up make room.
            for each in reading:
                each.cancel()
            await asyncio.wait(reading)
            body = json.dumps({"id": task.id}).encode()
            assert await begun(app, {"type": "http.request", "body": body}) == 200
            assert handled == [task.id]

    asyncio.run(main())


async def begun(app: Any, *parts: dict[str, Any]) -> int:
    """The status of a post that never ends behind its ``parts``."""
    left = [*parts]
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        statuses.append(message.get("status", 0))

    await app({"type": "http", "method": "POST"}, receive, send)
    return statuses[0]


HUGE: dict[str, Callable[[], bytes]] = {
    "objects": lambda: b'{"a":[' + b"{}," * 1_300_000 + b"1]}",
    "numbers": lambda: b'{"a":[' + b"1," * 2_000_000 + b"1]}",
    "keys": lambda: b"{" + b",".join(b'"%d":1' % number for number in range(350_000)) + b"}",
    "depth": lambda: b"[" * 4_000_000,
    "depth of objects": lambda: b'{"a":' * 700_000,
    "digits": lambda: b'{"id":' + b"9" * 4_000_000 + b"}",
    "wide text": lambda: b'{"id":"' + b"x" * 4_000_000 + "\U0001f600".encode() + b'"}',
    "half characters": lambda: b'{"id":"' + b"\\ud800" * 600_000 + b'"}',
    "too long": lambda: b'{"id":"' + b"x" * 17_000_000 + b'"}',
}


@pytest.mark.parametrize("huge", HUGE.values(), ids=list(HUGE))
def test_a_strangers_post_takes_little_memory(huge: Callable[[], bytes]) -> None:
    body = huge()
    with Wiro(api_key="a-key", base_url="http://127.0.0.1:9/v1") as client:
        receiver = CallbackReceiver(client)
        tracemalloc.start()
        try:
            with pytest.raises(CallbackRefused) as caught:
                receiver.receive(body)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert caught.value.status in (400, 413)
    assert peak < 80 * 2**20
