"""The proxies of the environment are used, for everything but this computer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager

import pytest

from wiro_runtime.downloads import Files, Options, Source, Transfer
from wiro_runtime.parts import Memory
from wiro_runtime.settings import Settings, load_settings


@contextmanager
def proxy() -> Generator[tuple[int, list[str]], None, None]:
    """Answers one request itself."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(5)

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
        thread.join(5)


def fetch(settings: Settings, url: str) -> bytes:
    sink = Memory()
    files = Files(settings)
    source = Source(url=url, size=None, task_id=None)
    with files.client() as client:
        Transfer(client, settings, source, sink, Options()).run()
    files.close()
    return sink.data


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
        assert fetch(load_settings(api_key="key"), "http://cdn.example/0.png") == b"ok"
    assert heard[0].startswith("GET http://cdn.example/0.png HTTP/1.1")
    assert ("authorization: basic" in heard[0].lower()) == ("user" in form)


def test_no_proxy_is_honoured(environment: pytest.MonkeyPatch) -> None:
    with proxy() as (port, heard):
        environment.setenv("http_proxy", "http://127.0.0.1:1")
        environment.setenv("no_proxy", "127.0.0.1")
        url = f"http://127.0.0.1:{port}/direct"
        assert fetch(load_settings(api_key="key"), url) == b"ok"
    assert heard[0].startswith("GET /direct HTTP/1.1")


def test_a_simulated_wiro_is_reached_without_proxy(environment: pytest.MonkeyPatch) -> None:
    with proxy() as (port, heard):
        environment.setenv("http_proxy", "http://127.0.0.1:1")
        settings = load_settings(api_key="key", base_url="http://127.0.0.1:9/v1")
        assert fetch(settings, f"http://127.0.0.1:{port}/direct") == b"ok"
    assert heard[0].startswith("GET /direct HTTP/1.1")
