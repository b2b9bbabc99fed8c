"""The proxies of the environment are used, for everything but this computer."""

from __future__ import annotations

import os
import re
import socket
import ssl
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from wiro_runtime import AsyncWiro, ConfigurationError, Result, Wiro
from wiro_runtime.http import proxies
from wiro_runtime.http.signing import Credentials
from wiro_runtime.results.files import Files
from wiro_runtime.settings import Settings, load_settings
from wiro_runtime.tasks.detail import TaskDetail
from wiro_runtime.testing import Simulator, faults


@contextmanager
def proxy() -> Generator[tuple[int, list[str]], None, None]:
    """Answers one request itself."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)

        def serve() -> None:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(65536).decode())
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], heard
        server.close()
        thread.join(60)


def fetch(settings: Settings, url: str) -> bytes:
    raw = {"id": "1", "status": "task_postprocess_end", "outputs": [{"name": "a", "url": url}]}
    return Result.from_detail(TaskDetail.read(raw), "1", Files(settings)).outputs[0].read()


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    return monkeypatch


@pytest.mark.parametrize("form", ["http://user:pass@127.0.0.1:{}", "127.0.0.1:{}"])
@pytest.mark.parametrize("variable", ["http_proxy", "all_proxy"])
def test_downloads_go_through_the_proxy(
    environment: pytest.MonkeyPatch, form: str, variable: str
) -> None:
    with proxy() as (port, heard):
        environment.setenv(variable, form.format(port))
        settings = load_settings(credentials=Credentials("key", None), allow_hosts=["cdn.example"])
        assert fetch(settings, "http://cdn.example/0.png") == b"ok"
    assert heard[0].startswith("GET http://cdn.example/0.png HTTP/1.1")
    assert ("authorization: basic" in heard[0].lower()) == ("user" in form)


def test_no_proxy_is_honoured(environment: pytest.MonkeyPatch) -> None:
    with proxy() as (port, heard):
        environment.setenv("http_proxy", "http://127.0.0.1:1")
        environment.setenv("no_proxy", "127.0.0.1")
        url = f"http://127.0.0.1:{port}/direct"
        settings = load_settings(credentials=Credentials("key", None), allow_hosts=["127.0.0.1"])
        assert fetch(settings, url) == b"ok"
    assert heard[0].startswith("GET /direct HTTP/1.1")


def test_a_simulated_wiro_is_reached_without_proxy(environment: pytest.MonkeyPatch) -> None:
    with proxy() as (port, heard):
        environment.setenv("http_proxy", "http://127.0.0.1:1")
        settings = load_settings(
            credentials=Credentials("key", None), base_url="http://127.0.0.1:9/v1"
        )
        assert fetch(settings, f"http://127.0.0.1:{port}/direct") == b"ok"
    assert heard[0].startswith("GET /direct HTTP/1.1")


@pytest.mark.parametrize("address", ["socks5://u:hidden-pass@127.0.0.1:1", "foo://u:hidden-pass@x"])
@pytest.mark.parametrize("client", [Wiro, AsyncWiro])
def test_a_proxy_that_cannot_be_used_is_said_before_anything_is_sent(
    environment: pytest.MonkeyPatch, client: type[Wiro] | type[AsyncWiro], address: str
) -> None:
    if address.startswith("socks") and find_spec("socksio"):
        pytest.skip("SOCKS can be used here")
    environment.setenv("https_proxy", address)
    with pytest.raises(ConfigurationError, match="proxy of the environment") as caught:
        client("key")
    assert "hidden-pass" not in str(caught.value)
    shown = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    assert "hidden-pass" not in "".join(x for x in shown.format() if "wiro_runtime/" in x)


@pytest.mark.parametrize(
    "more",
    [{"no_proxy": "*"}, {"NO_PROXY": "wiro.ai"}, {"https_proxy": "http://127.0.0.1:9"}],
    ids=["all direct", "Wiro direct", "another for https"],
)
@pytest.mark.parametrize("client", [Wiro, AsyncWiro])
def test_a_proxy_that_cannot_be_used_disturbs_nobody_who_does_not_use_it(
    environment: pytest.MonkeyPatch, client: type[Wiro] | type[AsyncWiro], more: dict[str, str]
) -> None:
    environment.setenv("all_proxy", "socks://127.0.0.1:1/")
    for name, value in more.items():
        environment.setenv(name, value)
    client("key")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for wiro.example, signed by itself, with its key in the same file."""
    folder = tmp_path_factory.mktemp("certificate")
    key, made = folder / "key.pem", folder / "wiro.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=wiro.example",
         "-addext", "subjectAltName=DNS:wiro.example,DNS:socket.example",
         "-keyout", key, "-out", made],
        check=True, capture_output=True,
    )  # fmt: skip
    made.write_text(made.read_text() + key.read_text())
    return made


def pump(source: socket.socket, sink: socket.socket, seen: bytearray | None = None) -> None:
    """Pass everything on until one side closes."""
    with suppress(OSError):
        while data := source.recv(65536):
            if seen is not None:
                seen += data
            sink.sendall(data)
    for each in (source, sink):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


@contextmanager
def listening(handle: Callable[[socket.socket], None]) -> Generator[int, None, None]:
    """A server that handles each connection in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=handle, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


def both_ways(left: socket.socket, right: socket.socket, seen: bytearray | None = None) -> None:
    back = threading.Thread(target=pump, args=(right, left, seen), daemon=True)
    back.start()
    pump(left, right, seen)
    back.join()
    left.close()
    right.close()


SCRIPT = """
import asyncio, sys
from wiro_runtime import AsyncWiro, PollSchedule, TaskEnded, Wiro

options = {"poll": PollSchedule.every(0.01), "max_retries": 0}
tool, inputs = "wiro/painter", {"prompt": "x"}

def sync():
    with Wiro(**options) as client:
        task = client.submit(tool, inputs)
        events = list(task.events())
        assert isinstance(events[-1], TaskEnded)
        return [path.stat().st_size for path in task.wait().download(sys.argv[1])]

async def main():
    async with AsyncWiro(**options) as client:
        task = await client.submit(tool, inputs)
        events = [event async for event in task.events()]
        assert isinstance(events[-1], TaskEnded)
        return [path.stat().st_size for path in await (await task.wait()).download(sys.argv[1])]

print(sync(), asyncio.run(main()))
"""


@pytest.mark.slow
@pytest.mark.parametrize("trusted", [True, False])
def test_https_and_websockets_go_through_a_proxy_that_sees_nothing(
    instant: Simulator, certificate: Path, tmp_path: Path, trusted: bool
) -> None:
    """API, files and WebSockets of both clients, over CONNECT, with the certificate checked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    port = int(instant.origin.rpartition(":")[2])
    asked: list[str] = []
    seen = bytearray()

    def terminate(connection: socket.socket) -> None:
        try:
            plain = context.wrap_socket(connection, server_side=True)
        except OSError:
            connection.close()
            return
        both_ways(plain, socket.create_connection(("127.0.0.1", port)))

    def use_https(answer: dict[str, Any]) -> None:
        for output in answer["tasklist"][0]["outputs"]:
            output["url"] = output["url"].replace(instant.origin, "https://wiro.example")

    instant.faults.add("Task/Detail", faults.edit(use_https), times=None)
    with listening(terminate) as secure:

        def tunnel(connection: socket.socket) -> None:
            head = connection.recv(65536).decode()
            asked.append(head)
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            both_ways(connection, socket.create_connection(("127.0.0.1", secure)), seen)

        with listening(tunnel) as proxied:
            environment = {
                **{k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")},
                "https_proxy": f"http://user:pass@127.0.0.1:{proxied}",
                "WIRO_API_KEY": instant.api_key,
                "WIRO_API_SECRET": instant.api_secret or "",
                "WIRO_BASE_URL": "https://wiro.example/v1",
                "WIRO_SOCKET_URL": "wss://socket.example/v1/socket",
                **({"SSL_CERT_FILE": str(certificate)} if trusted else {}),
            }
            done = subprocess.run(
                [sys.executable, "-c", SCRIPT, tmp_path],
                env=environment, capture_output=True, text=True, timeout=60, check=False,
            )  # fmt: skip
    assert asked
    assert all(re.match(r"CONNECT (wiro|socket)\.example:443 HTTP/1\.1\r\n", x) for x in asked)
    assert all("authorization: basic" in head.lower() for head in asked)
    assert instant.api_key.encode() not in seen
    if not trusted:
        assert "ConnectionFailed: cannot connect to wiro.example: " in done.stderr
        assert "certificate verify failed" in done.stderr
        assert instant.requests == []
        return
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("[") == 2
    assert len(list(tmp_path.iterdir())) == 2
    assert len(instant.runs) == 2
    assert len(instant.downloads) == 2
    assert sum(head.startswith("CONNECT socket.example:443") for head in asked) == 2


def test_a_host_that_the_system_reaches_directly_has_no_proxy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Windows and macOS keep their exceptions elsewhere than in the environment."""
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setattr(proxies, "proxy_bypass", "intern.example:443".__eq__)
    found = proxies.Proxies()
    assert found.for_url("https://intern.example/x") is None
    assert found.for_url("https://wiro.ai/x") == "http://proxy.example:3128"
