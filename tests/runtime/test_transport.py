"""The border to the network: what was sent and what was not, one's own httpx2 client, and no key
in what an error shows."""

from __future__ import annotations

import asyncio
import os
import pickle
import queue
import socket
import threading
import time
import traceback
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from runtime.kit import TOOL, AnyClient, ClientKind, Kit, got
from wiro_runtime import (
    AsyncWiro,
    ConcurrencyLimitError,
    ConfigurationError,
    ConnectionFailed,
    DownloadError,
    Hooks,
    InvalidInputs,
    SubmissionUncertain,
    TaskTimeout,
    Timeouts,
    Wiro,
    WiroError,
)
from wiro_runtime.http.loop import call_back, iterate, run
from wiro_runtime.http.proxies import Proxies
from wiro_runtime.settings import Timing
from wiro_runtime.testing import Simulator, faults
from wiro_tools.wiro import text_to_image_sd_lora as sd

PROMPT = {"prompt": "x"}
KEY, SECRET = "a-key-of-the-tests", "a-secret-of-the-tests"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


def submitting(kind: ClientKind, **options: Any) -> WiroError:
    """The error of a submission by a client with these options."""
    settings: dict[str, Any] = {
        "max_retries": 0,
        "timeout": 3,
        **options,
    }

    async def flow() -> None:
        if kind == "sync":
            with Wiro(KEY, SECRET, **settings) as client:
                client.submit(TOOL, PROMPT)
            return
        async with AsyncWiro(KEY, SECRET, **settings) as client:
            await client.submit(TOOL, PROMPT)

    with pytest.raises(WiroError) as caught:
        asyncio.run(flow())
    return caught.value


@contextmanager
def proxy(response: bytes) -> Generator[str, None, None]:
    """The address of a proxy that says ``response`` to whatever it is asked and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(response)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("response", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 407 No\r\n\r\n", b"\0\0"])
def test_a_proxy_that_opens_no_tunnel_has_sent_nothing(
    kind: ClientKind, environment: pytest.MonkeyPatch, response: bytes
) -> None:
    with proxy(response) as address:
        environment.setenv("https_proxy", address)
        error = submitting(kind, base_url="https://api.example/v1")
    assert isinstance(error, ConnectionFailed)
    assert not error.maybe_sent
    assert "api.example" in str(error)


@pytest.mark.parametrize("host", ["a..example", "\U0001f600.example", "x" * 70 + ".example", "-"])
def test_a_name_that_cannot_be_looked_up_has_sent_nothing(
    kind: ClientKind, environment: pytest.MonkeyPatch, host: str
) -> None:
    del environment
    error = submitting(kind, base_url=f"https://{host}/v1")
    assert isinstance(error, ConnectionFailed)
    assert not error.maybe_sent


@pytest.mark.parametrize("what", ["missing", "folder", "no certificate"])
def test_certificates_that_cannot_be_read_have_sent_nothing(
    kind: ClientKind, environment: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    file = tmp_path / "ca.pem"
    if what == "folder":
        file.mkdir()
    elif what == "no certificate":
        file.write_text("root:x:0:0\n")
    environment.setenv("SSL_CERT_FILE", str(file))
    error = submitting(kind, base_url="https://127.0.0.1:1/v1")
    assert isinstance(error, ConfigurationError)
    assert "SSL_CERT_FILE" in str(error)


def test_an_event_loop_that_is_not_asyncios_is_refused() -> None:
    client = AsyncWiro(KEY, SECRET)
    submission = client.submit(TOOL, PROMPT)
    with pytest.raises(ConfigurationError, match="asyncio"):
        submission.send(None)


WAITING: dict[str, Callable[[Any, str], Any]] = {
    "submit": lambda client, _: client.submit(TOOL, PROMPT),
    "refresh": lambda client, task: client.task(task).refresh(),
    "cancel": lambda client, task: client.task(task).cancel(),
    "stop": lambda client, task: client.task(task).stop(),
    "delete_files": lambda client, task: client.task(task).delete_files(),
    "upload": lambda client, _: client.upload(b"text", name="a.txt"),
    "post": lambda client, _: client.post("/Tool/Explore"),
}


def test_the_wait_for_a_place_is_not_the_time_of_a_request(
    kind: ClientKind, instant: Simulator
) -> None:
    kit = Kit(kind, instant)

    async def flow(client: AnyClient) -> None:
        task = (await got(client.submit(TOOL, PROMPT))).id
        instant.faults.add("*", faults.slow(0.3), times=None)

        async def one(call: str) -> None:
            if isinstance(client, Wiro):
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(threads, WAITING[call], client, task)
            else:
                await WAITING[call](client, task)

        # Three rounds at two places take longer than one request may; all other calls come behind.
        ahead = [asyncio.create_task(one("post")) for _ in range(6)]
        await asyncio.sleep(0.1)
        await asyncio.gather(*ahead, *map(one, WAITING))

    limits = Timeouts(request=0.8, transfer=0.05)
    with ThreadPoolExecutor(6 + len(WAITING)) as threads:
        kit.run(flow, max_concurrency=2, timeouts=limits, max_retries=0, timing=Timing())


def test_a_name_server_that_does_not_respond_ends_no_limit(
    kind: ClientKind, environment: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    ended = threading.Event()
    asked: list[bool] = []

    def slow(host: Any, *given: Any, **more: Any) -> Any:
        if host in ("api.example", b"api.example"):
            asked.append(ended.wait(30))
        return look_up("127.0.0.1" if host == "api.example" else host, *given, **more)

    environment.setattr(socket, "getaddrinfo", slow)

    async def flow() -> None:
        client = (Wiro if kind == "sync" else AsyncWiro)(KEY, base_url="https://api.example/v1")
        begin = time.monotonic()
        with pytest.raises(WiroError):
            await got(client.run(TOOL, PROMPT, timeout=0.5))
        # The limit to connect, 10 s, is another one.
        assert time.monotonic() - begin < 8
        assert not asked
        ended.set()

    asyncio.run(flow())


@pytest.mark.parametrize("call", ["submit", "refresh", "upload"])
def test_a_message_names_the_time_that_was_waited_to_connect(
    kind: ClientKind, environment: pytest.MonkeyPatch, call: str
) -> None:
    ended = threading.Event()

    def slow(*_given: Any, **_more: Any) -> Any:
        ended.wait(30)
        raise socket.gaierror(-3, "Temporary failure in name resolution")

    environment.setattr(socket, "getaddrinfo", slow)

    async def flow() -> None:
        client = (Wiro if kind == "sync" else AsyncWiro)(
            KEY,
            base_url="https://api.example/v1",
            max_retries=0,
            timeouts=Timeouts(connect=0.3, request=20),
        )
        with pytest.raises(ConnectionFailed, match=r"api\.example in time \(0\.3 s\)"):
            await got(WAITING[call](client, "1"))
        ended.set()

    asyncio.run(flow())


@pytest.mark.parametrize("timeout", [0, 3])
def test_submit_waits_at_the_limit_no_longer_than_told(manual_kit: Kit, timeout: float) -> None:
    manual_kit.simulator.concurrency_limit = 1

    async def flow(client: AnyClient) -> None:
        await got(client.submit(TOOL, PROMPT))
        with pytest.raises(ConcurrencyLimitError):
            await got(client.submit(TOOL, PROMPT, timeout=timeout))

    manual_kit.run(flow)
    assert manual_kit.time.now - 1000 <= timeout
    assert len(manual_kit.simulator.runs) == 1


def test_a_timeout_of_a_task_is_a_timeout_error() -> None:
    error = TaskTimeout("late", task_id="5")
    assert isinstance(error, TimeoutError)
    assert (str(error), error.task_id) == ("late", "5")


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"a b": "c"}, "'a b' is not the name of a header"),
        ({"": "c"}, "'' is not the name of a header"),
        ({"x:y": "c"}, "'x:y' is not the name of a header"),
        ({"Content-Length": "5"}, "the client itself sets content-length"),
        ({"host": "example.com"}, "the client itself sets host"),
        ({"Transfer-Encoding": "chunked"}, "the client itself sets transfer-encoding"),
        ({"x": "a\nb"}, "printable ASCII"),
    ],
)
def test_default_headers_that_would_break_a_request_are_refused(
    kind: ClientKind, headers: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        (Wiro if kind == "sync" else AsyncWiro)(KEY, SECRET, default_headers=headers)


def responding(request: httpx2.Request) -> httpx2.Response:
    if "/Run/" in request.url.path:
        assert request.headers["x-api-key"] == KEY
        assert request.headers["x-team"] == "blue"
        assert request.headers["user-agent"].startswith("wiro-tools/")
        return httpx2.Response(200, json={"result": True, "taskid": "7", "socketaccesstoken": "t"})
    return httpx2.Response(200, json={"result": True, "errors": [], "explore": [{"id": "1"}]})


@pytest.mark.parametrize("blocking", [False, True])
def test_ones_own_client_of_httpx2_sends_everything(kind: ClientKind, blocking: bool) -> None:
    transport = httpx2.MockTransport(responding)
    own: Any = (
        httpx2.Client(transport=transport) if blocking else httpx2.AsyncClient(transport=transport)
    )

    async def flow() -> tuple[str, Any]:
        options: dict[str, Any] = {"http_client": own, "default_headers": {"X-Team": "blue"}}
        client = Wiro(KEY, SECRET, **options) if kind == "sync" else AsyncWiro(KEY, **options)
        task = await got(client.submit(TOOL, PROMPT))
        return task.id, await got(client.post("/Tool/Explore", {}))

    task_id, body = asyncio.run(flow())
    assert task_id == "7"
    assert body["explore"] == [{"id": "1"}]


@pytest.mark.parametrize("blocking", [False, True])
def test_ones_own_client_of_httpx2_fetches_files(kind: ClientKind, blocking: bool) -> None:
    """Their host gets none of that client's headers, cookies and credentials."""
    output = {"name": "a.bin", "url": "https://cdn.wiro.ai/a.bin", "size": "5"}
    task = {"id": "7", "status": "task_postprocess_end", "pexit": "0", "outputs": [output]}

    def respond(request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            assert not {"x-api-key", "x-own", "authorization", "cookie"} & {*request.headers}
            return httpx2.Response(200, content=b"bytes", headers={"set-cookie": "seen=1"})
        assert request.headers["x-own"] == "1"
        assert request.headers["cookie"] == "own=1"
        assert request.headers["authorization"].startswith("Basic ")
        return httpx2.Response(200, json={"result": True, "tasklist": [task]})

    transport = httpx2.MockTransport(respond)
    own: Any = (httpx2.Client if blocking else httpx2.AsyncClient)(
        transport=transport, headers={"x-own": "1"}, cookies={"own": "1"}, auth=("user", "password")
    )

    async def flow() -> bytes:
        options: dict[str, Any] = {"http_client": own, "socket_url": ""}
        client = Wiro(KEY, SECRET, **options) if kind == "sync" else AsyncWiro(KEY, **options)
        (file,) = (await got(client.task("7").wait())).outputs
        await got(file.read())
        return await got(file.read())

    assert asyncio.run(flow()) == b"bytes"


@pytest.mark.parametrize("blocking", [False, True])
def test_a_closed_client_of_httpx2_sends_nothing(kind: ClientKind, blocking: bool) -> None:
    output = {"name": "a.bin", "url": "https://cdn.wiro.ai/a.bin", "size": "5"}
    task = {"id": "7", "status": "task_postprocess_end", "pexit": "0", "outputs": [output]}
    transport = httpx2.MockTransport(
        lambda _request: httpx2.Response(200, json={"result": True, "tasklist": [task]})
    )
    own: Any = (httpx2.Client if blocking else httpx2.AsyncClient)(transport=transport)

    async def flow() -> None:
        options: dict[str, Any] = {"http_client": own, "socket_url": ""}
        client = Wiro(KEY, SECRET, **options) if kind == "sync" else AsyncWiro(KEY, **options)
        (file,) = (await got(client.task("7").wait())).outputs
        await got(own.close() if blocking else own.aclose())
        with pytest.raises(ConfigurationError, match="the http_client is closed"):
            await got(client.submit(TOOL, PROMPT))
        with pytest.raises(DownloadError, match="the http_client is closed") as caught:
            await got(file.read())
        assert not caught.value.retryable

    asyncio.run(flow())


def test_connections_that_stay_unused_are_closed(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    async def flow(client: AnyClient) -> tuple[int, int]:
        many = [
            asyncio.to_thread(client.post, "/Tool/Explore")
            if isinstance(client, Wiro)
            else client.post("/Tool/Explore")
            for _ in range(5)
        ]
        await asyncio.gather(*many)
        (idle,) = client.service.transport._connections._idle.values()
        before = len(idle)
        monkeypatch.setattr("wiro_runtime.http.connections._IDLE", 0.0)
        await got(client.post("/Tool/Explore"))
        return before, len(idle)

    kit.simulator.faults.add("Tool/Explore", faults.slow(0.1), times=5)
    before, after = kit.run(flow)
    assert before > 1
    assert after <= 1


@pytest.mark.parametrize(
    ("error", "uncertain"),
    [(httpx2.ConnectError("no"), False), (httpx2.ReadTimeout("no"), True)],
)
def test_what_ones_own_transport_raises(
    kind: ClientKind, error: Exception, uncertain: bool
) -> None:
    def fail(_request: httpx2.Request) -> httpx2.Response:
        raise error

    own = httpx2.AsyncClient(transport=httpx2.MockTransport(fail))
    caught = submitting(kind, http_client=own)
    assert isinstance(caught, SubmissionUncertain if uncertain else ConnectionFailed)


def test_post_starts_no_runs_and_is_not_repeated(kit: Kit) -> None:
    kit.simulator.faults.add("Tool/Explore", faults.status(500), times=None)

    async def flow(client: AnyClient) -> None:
        with pytest.raises(ConfigurationError, match="starts no runs"):
            await got(client.post("/Run/wiro/painter", PROMPT))
        with pytest.raises(WiroError, match="HTTP 500"):
            await got(client.post("/Tool/Explore", {}))

    kit.run(flow)
    assert len(kit.simulator.requests) == 1


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("Tool/Explore", {}, "a path begins with /"),
        ("/Tool/Expl\nore", {}, "a path begins with /"),
        (5, {}, "a path begins with /"),
        ("/../v2/Task/List", {}, "a path begins with / and has no . or .. between slashes"),
        ("/Tool/%2e%2E/Task/List", {}, "a path begins with /"),
        ("/Tool/../Run/wiro/painter", {}, "a path begins with /"),
        ("//Run/wiro/painter", {}, "starts no runs"),
        ("/%52un/wiro/painter", {}, "starts no runs"),
        ("/Tool/Explore", {"limit": float("nan")}, "is not JSON"),
        ("/Tool/Explore", {"limit": b"5"}, "is not JSON"),
        ("/Tool/Explore", 5, "is not JSON"),
    ],
)
def test_a_call_that_makes_no_sense_is_not_sent(kit: Kit, path: Any, body: Any, text: str) -> None:
    async def flow(client: AnyClient) -> None:
        await got(client.post(path, body))

    with pytest.raises(ConfigurationError, match=text):
        kit.run(flow)
    assert kit.simulator.requests == []


def test_the_error_of_a_call_has_its_status_and_body(kit: Kit) -> None:
    key = kit.simulator.api_key
    kit.simulator.faults.add("*", faults.status(418, f'{{"errors": ["teapot {key}"]}}'), times=None)

    async def flow(client: AnyClient) -> None:
        await got(client.task("5").refresh())

    with pytest.raises(WiroError) as caught:
        kit.run(flow)
    error: Any = caught.value
    assert error.status_code == 418
    assert error.body == '{"errors": ["teapot ***"]}'


def test_a_bad_input_raises_inside_its_coroutine(instant: Simulator) -> None:
    async def flow(client: AnyClient) -> list[Any]:
        assert isinstance(client, AsyncWiro)
        wrong: Any = "many"
        each = [
            sd.submit(client, prompt="x"),
            sd.submit(client, prompt="x", samples=wrong),
            sd.submit(client, prompt="x"),
        ]
        return await asyncio.gather(*each, return_exceptions=True)

    instant.faults.add("Run/*", faults.status(200, '{"result": true, "taskid": "9"}'), times=None)
    first, second, third = Kit("async", instant).run(flow)
    assert isinstance(second, InvalidInputs)
    assert first.id == third.id == "9"


def test_a_mapping_is_checked_like_the_arguments_of_its_tool(kit: Kit) -> None:
    wrong = {"prompt": "x", "sampels": 2}

    async def flow(client: AnyClient) -> None:
        for call in (client.submit, client.run):
            with pytest.raises(InvalidInputs, match="samples"):
                await got(call(sd.TOOL, wrong))
        assert kit.simulator.requests == []
        with pytest.raises(WiroError):
            await got(client.submit(sd.TOOL, wrong, validate=False))
        assert len(kit.simulator.requests) == 1

    kit.run(flow)


def test_no_key_is_in_the_frames_of_an_error(kind: ClientKind, environment: Any) -> None:
    """Error reporters send the variables of every frame."""
    del environment
    errors = [
        submitting(kind, base_url="https://127.0.0.1:1/v1"),
        submitting(kind, base_url="https://a..example/v1"),
    ]
    with pytest.raises(ConfigurationError) as caught:
        (Wiro if kind == "sync" else AsyncWiro)(KEY, SECRET, max_concurrency=0)
    errors.append(caught.value)
    for error in errors:
        shown = traceback.TracebackException.from_exception(error, capture_locals=True)
        inner = [line for line in shown.format() if "wiro_runtime/" in line or "httpx2" in line]
        assert inner
        assert not [line for line in inner if KEY in line or SECRET in line]


def raised(error: Exception) -> httpx2.Response:
    raise error


ECHO = f"bad key {KEY}, bad secret {SECRET}"
ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in ECHO)


class Cut(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A response whose connection breaks in the middle."""

    def __iter__(self) -> Iterator[bytes]:
        yield ECHO.encode()
        raise httpx2.ReadError("cut")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for each in self:
            yield each


@pytest.mark.parametrize(
    "respond",
    [
        lambda: httpx2.Response(401, json={"errors": [{"code": 99, "message": ECHO}]}),
        lambda: httpx2.Response(200, json={"result": False, "errors": [ECHO]}),
        lambda: httpx2.Response(200, text=f'{{"result": false, "errors": ["{ESCAPED}"]}}'),
        lambda: httpx2.Response(500, text=ECHO, headers={"content-type": ECHO}),
        lambda: httpx2.Response(302, headers={"location": f"https://127.0.0.1/?{KEY}"}),
        lambda: httpx2.Response(200, content=ECHO.encode() + bytes(2**16)),
        lambda: httpx2.Response(200, stream=Cut()),
        lambda: raised(httpx2.ConnectError(ECHO)),
        lambda: raised(RuntimeError(ECHO)),
    ],
    ids=[
        "refused",
        "no result",
        "escaped",
        "error page",
        "redirect",
        "too long",
        "cut",
        "not sent",
        "odd",
    ],
)
@pytest.mark.parametrize("call", ["submit", "refresh", "upload"])
def test_an_echo_of_the_key_reaches_no_frame_and_no_error(
    kind: ClientKind,
    call: str,
    respond: Callable[[], httpx2.Response],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wiro_runtime.http.transport.MAX_RESPONSE", 2**16)
    transport = httpx2.MockTransport(lambda _request: respond())
    options: dict[str, Any] = {
        "base_url": "http://127.0.0.1:1/v1",
        "max_retries": 0,
        "http_client": (httpx2.Client if kind == "sync" else httpx2.AsyncClient)(
            transport=transport
        ),
    }

    async def flow() -> None:
        client = (Wiro if kind == "sync" else AsyncWiro)(KEY, SECRET, **options)
        calls: dict[str, Callable[[], Any]] = {
            "submit": lambda: client.submit("a/b", {"prompt": "x"}),
            "refresh": lambda: client.task("5").refresh(),
            "upload": lambda: client.upload(b"x"),
        }
        await got(calls[call]())

    with pytest.raises(WiroError) as caught:
        asyncio.run(flow())
    error = caught.value
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    inner = [line for line in shown.format() if "wiro_runtime/" in line]
    everything = "".join([*inner, str(error), repr(vars(error)), repr(pickle.dumps(error))])
    assert KEY not in everything
    assert SECRET not in everything


class Endless(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    """A response without end. ``pieces`` of it have been read, of 1 KiB each."""

    pieces = 0

    def __iter__(self) -> Iterator[bytes]:
        while self.pieces < 1000:
            self.pieces += 1
            yield bytes(1024)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for each in self:
            yield each


def test_a_response_without_end_is_read_no_further_than_the_limit(
    kind: ClientKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wiro_runtime.http.transport.MAX_RESPONSE", 2**16)
    body = Endless()
    transport = httpx2.MockTransport(lambda _request: httpx2.Response(200, stream=body))
    http_client = (httpx2.Client if kind == "sync" else httpx2.AsyncClient)(transport=transport)

    async def flow() -> None:
        client = (Wiro if kind == "sync" else AsyncWiro)(
            KEY, SECRET, base_url="http://127.0.0.1:1/v1", max_retries=0, http_client=http_client
        )
        await got(client.task("5").refresh())

    with pytest.raises(ConnectionFailed, match="larger than"):
        asyncio.run(flow())
    assert body.pieces == 65


@pytest.mark.parametrize(
    ("entry", "url", "direct"),
    [
        ("wiro.ai", "https://api.wiro.ai/v1", True),
        (".wiro.ai", "https://api.wiro.ai/v1", True),
        ("*.wiro.ai", "https://api.wiro.ai/v1", True),
        ("iro.ai", "https://api.wiro.ai/v1", False),
        ("10.0.0.0/8", "https://10.1.2.3/v1", True),
        ("10.0.0.0/8", "https://11.1.2.3/v1", False),
        ("api.wiro.ai:443", "https://api.wiro.ai/v1", True),
        ("api.wiro.ai:8443", "https://api.wiro.ai/v1", False),
        ("https://api.wiro.ai", "https://api.wiro.ai/v1", True),
        ("*", "wss://socket.wiro.ai/v1", True),
        ("wiro.ai", "wss://socket.wiro.ai/v1", True),
        ("", "wss://socket.wiro.ai/v1", False),
    ],
)
def test_one_reading_of_no_proxy(
    environment: pytest.MonkeyPatch, entry: str, url: str, direct: bool
) -> None:
    environment.setenv("HTTPS_PROXY", "HTTP://proxy.corp:3128")
    environment.setenv("NO_PROXY", entry)
    assert Proxies().for_url(url) == (None if direct else "http://proxy.corp:3128")


def test_callbacks_are_called_in_the_thread_that_waits(kit: Kit) -> None:
    threads: set[threading.Thread] = set()

    def note(_value: object) -> None:
        threads.add(threading.current_thread())

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT, on_update=note))

    kit.run(flow, hooks=Hooks(request=note, response=note, task=note), timing=Timing())
    assert threads == {threading.current_thread()}


def test_an_iterator_that_is_left_ends_its_coroutine() -> None:
    ended: queue.SimpleQueue[str] = queue.SimpleQueue()

    async def numbers() -> AsyncGenerator[int, None]:
        try:
            for number in range(100):
                await call_back(lambda: None)
                yield number
        finally:
            ended.put("ended")

    for number in iterate(numbers()):
        if number == 2:
            break
    assert ended.get(timeout=10) == "ended"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_has_a_loop_of_its_own() -> None:
    async def value() -> int:
        return 5

    assert run(value()) == 5
    child = os.fork()
    if child == 0:
        os._exit(run(value()))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
    assert run(value()) == 5
