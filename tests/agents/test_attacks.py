"""Who has no token, and whatever comes from another site, gets nothing."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from agents.conftest import Connect
from agents.test_journey import TOKEN, served
from wiro_runtime.cli import app

pytestmark = pytest.mark.slow

CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
GOOD = {
    "Authorization": f"Bearer {TOKEN}",
    "Accept": "application/json, text/event-stream",
    "Content-Type": "application/json",
}


@pytest.fixture(scope="module")
def url(
    agent_package: Path, agents_simulator: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    environment = {
        **agents_simulator.env(),
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PYTHONPATH": str(agent_package),
        "WIRO_TOOLS_PACKAGE": "agent_tools",
        "WIRO_MCP_TOKEN": TOKEN,
    }
    with served(environment) as (_, (url,)):
        yield url


def ask(url: str, headers: Mapping[str, str], method: str = "POST") -> httpx2.Response:
    with httpx2.Client() as client:
        return client.request(method, url, headers=headers, json=CALL)


def test_the_right_request_is_served(url: str) -> None:
    response = ask(url, GOOD)
    assert response.status_code == 200
    assert "wiro-tools" in response.text
    assert urlsplit(url).hostname == "127.0.0.1"


def test_the_name_of_the_scheme_is_taken_in_any_case(url: str) -> None:
    """RFC 9110, 11.1: some clients write it in lower case."""
    assert ask(url, {**GOOD, "Authorization": f"bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize(
    "token",
    [None, "", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, f"bearer  {TOKEN}", "Bearer é"],
)
@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "OPTIONS"])
def test_without_the_token_nothing_is_told(url: str, token: str | None, method: str) -> None:
    headers = {name: value for name, value in GOOD.items() if name != "Authorization"}
    if token is not None:
        headers["Authorization"] = token.encode("utf-8")  # pyright: ignore[reportArgumentType] - raw bytes
    response = ask(url, headers, method)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1:1", "127.0.0.1.evil.example"]
)
def test_another_name_of_this_computer_is_refused(url: str, host: str) -> None:
    """A page of evil.example whose name leads to 127.0.0.1 by now (DNS rebinding)."""
    assert ask(url, {**GOOD, "Host": host}).status_code == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1:1"]
)
def test_a_page_of_another_site_is_refused(url: str, origin: str) -> None:
    response = ask(url, {**GOOD, "Origin": origin})
    assert response.status_code == 403
    assert "access-control-allow-origin" not in response.headers


def test_a_form_of_another_site_is_refused(url: str) -> None:
    assert ask(url, {**GOOD, "Content-Type": "text/plain"}).status_code == 400


def test_a_body_without_end_is_refused(url: str) -> None:
    with httpx2.Client() as client:
        response = client.post(url, headers=GOOD, content=b" " * (5 * 1024 * 1024))
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--http", "--host", "::"], "name one address"),
        (["--http", "--token-file", "missing"], "--token-file: missing: no such file"),
        (["--port", "0"], "--port is for --http"),
        (["--host", "127.0.0.1"], "--host is for --http"),
        (["--token-file", "here.txt"], "--token-file is for --http"),
        (["--out", "here.txt"], "is not a folder"),
        (["--out", "link/below"], "link is not a folder"),
        (["--budget", "much"], "--budget must be an amount of dollars"),
        (["--budget", "-1"], "--budget must be an amount of dollars"),
        (["--http", "--port", "{taken}"], "--port 0 takes any free port"),
    ],
)
def test_what_cannot_be_started_is_said_in_one_line(
    arguments: list[str],
    problem: str,
    simulator: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert simulator.tools
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "here.txt").write_text("not a database, and long enough to be none at all")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert app.run(["mcp", *(each.format(taken=port) for each in arguments)]) == 2
    out, err = capfd.readouterr()
    assert not out
    assert problem in err
    assert err.count("\n") == 1


def test_a_missing_extra_and_a_missing_key_are_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("WIRO_API_KEY", "WIRO_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "WIRO_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    assert app.run(["mcp"]) == 2
    err = capfd.readouterr().err
    assert "WIRO_API_KEY" in err
    assert err.count("\n") == 1

    def missing(_name: str) -> None:
        """No package is installed."""

    monkeypatch.setattr("wiro_runtime.cli.console.find_spec", missing)
    assert app.run(["mcp"]) == 2
    assert capfd.readouterr().err == (
        "wiro-tools: mcp: not installed; run: pip install 'wiro-tools[mcp]'\n"
    )


def test_a_journal_that_is_none_is_said_in_one_line(
    simulator: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert simulator.tools
    (tmp_path / "here.txt").write_text("not a database, and long enough to be none at all")
    monkeypatch.setenv("WIRO_JOURNAL", str(tmp_path / "here.txt"))
    assert app.run(["mcp"]) == 2
    err = capfd.readouterr().err
    assert "cannot open the journal" in err
    assert err.count("\n") == 1


def test_a_short_token_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WIRO_MCP_TOKEN", "secret")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert app.run(["mcp", "--http"]) == 2
    err = capfd.readouterr().err
    assert "16 ASCII characters" in err
    assert "secret" not in err


def test_a_task_id_names_no_other_folder(connect: Connect, tmp_path: Path) -> None:
    async def main() -> None:
        async with connect(folder=tmp_path / "out") as agent:
            for task in ("../../etc", "/etc", "..", "a/b", ""):
                await agent.refused("download_outputs", task_id=task)

    asyncio.run(main())
    assert not (tmp_path / "out").exists()
