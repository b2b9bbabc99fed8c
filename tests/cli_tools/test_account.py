"""Keys that are kept: ``login``, ``logout``, ``whoami``, and every command that uses them."""

from __future__ import annotations

import http.server
import json
import os
import stat
import sys
import threading
import webbrowser
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection

from cli_tools.kit import AT_ONCE, Shell
from runtime.kit import socket_server
from wiro_runtime import AuthenticationError, ConfigurationError, Wiro
from wiro_runtime.cli.tools import has_browser
from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

KEYRING = """
import json, pathlib
from keyring.backend import KeyringBackend
FILE = pathlib.Path(__file__).with_name("ring.json")
class Ring(KeyringBackend):
    priority = 1
    def _all(self): return json.loads(FILE.read_text()) if FILE.exists() else {}
    def get_password(self, service, name): return self._all().get(f"{service} {name}")
    def set_password(self, service, name, value):
        FILE.write_text(json.dumps({**self._all(), f"{service} {name}": value}))
    def delete_password(self, service, name):
        found = self._all(); del found[f"{service} {name}"]; FILE.write_text(json.dumps(found))
"""


@pytest.fixture
def pair(simulator: Simulator) -> bytes:
    return f"{simulator.api_key}\n{simulator.api_secret}\n".encode()


@pytest.fixture
def bare(shell: Shell) -> Shell:
    """A shell without a key."""
    env = {name: value for name, value in shell.env.items() if "_API_" not in name}
    return Shell(folder=shell.folder, env=env)


def kept(shell: Shell) -> Path:
    return shell.folder / ".config" / "wiro-tools" / "credentials.json"


def test_a_key_is_checked_kept_for_its_owner_alone_and_used(
    bare: Shell, simulator: Simulator, pair: bytes
) -> None:
    assert bare.run("wiro/painter", "--prompt", "a").code == 2
    done = bare("login", stdin=pair)
    assert done.code == 0, done.err
    assert [request.path for request in simulator.requests] == ["/v1/Task/List"]
    assert stat.S_IMODE(kept(bare).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept(bare).parent.stat().st_mode) == 0o700
    assert [path.name for path in kept(bare).parent.iterdir()] == ["credentials.json"]
    run = bare("-v", "run", "wiro/painter", "--prompt", "a", "--no-download")
    assert run.code == 0, run.err
    who = bare("whoami", "--json")
    assert who.json["works"] is True
    assert who.json["signed"] is True
    assert who.json["last_task"] == simulator.runs[-1].taskid
    shown = "".join(each.out + each.err for each in (done, run, who))
    assert simulator.api_key not in shown
    assert str(simulator.api_secret) not in shown


def test_what_wiro_refuses_is_not_kept(bare: Shell, pair: bytes) -> None:
    for given in (b"wrong-key\n", b"", b"\n\n", pair.replace(b"\n", b" ")):
        done = bare("login", stdin=given)
        assert done.code == 2
        assert len(done.err.splitlines()) == 1
        assert "whoami" not in done.err
    assert not kept(bare).exists()
    done = bare("login", stdin=pair, before=AT_ONCE, WIRO_BASE_URL="http://127.0.0.1:9")
    assert done.code == 1
    assert not kept(bare).exists()


def test_a_key_is_no_argument_and_is_not_repeated(bare: Shell) -> None:
    for arguments in (("abcdef123456",), ("--api-key", "abcdef123456"), ("--key=abcdef123456",)):
        done = bare("login", *arguments)
        assert done.code == 2
        assert "a key is no argument" in done.err
        assert "abcdef" not in done.err


def test_a_terminal_asks_and_does_not_echo(bare: Shell, simulator: Simulator) -> None:
    with bare.terminal("login") as screen:
        screen.read_until("API key")
        os.write(screen._master, f"{simulator.api_key}\n".encode())
        screen.read_until("API secret")
        os.write(screen._master, f"{simulator.api_secret}\n".encode())
        screen.read_until("kept in")
        assert screen.wait() == 0
        assert simulator.api_key not in screen.text
        assert str(simulator.api_secret) not in screen.text


def test_ctrl_d_at_the_question_is_one_line(bare: Shell) -> None:
    with bare.terminal("login") as screen:
        screen.read_until("API key")
        os.write(screen._master, b"\x04")
        screen.read_until("no key was given")
        assert screen.wait() == 2
        assert "Traceback" not in screen.text


def test_profiles_are_apart_and_the_environment_wins(
    bare: Shell, simulator: Simulator, pair: bytes
) -> None:
    assert bare("login", "--profile", "work", stdin=pair).code == 0
    assert bare("whoami").code == 2
    for arguments in (("--profile", "work", "whoami"), ("whoami", "--profile", "work")):
        done = bare(*arguments)
        assert done.code == 0
        assert "the profile work, in " in done.out
    assert bare("whoami", WIRO_PROFILE="work").code == 0
    other = bare("whoami", "--profile", "home")
    assert other.code == 2
    assert "wiro-tools login --profile home" in other.err
    assert bare("whoami", "--profile", "../x").code == 2
    done = bare("whoami", "--profile", "work", "--json", WIRO_API_KEY="other-key")
    assert done.code == 1
    assert done.json["from"] == "WIRO_API_KEY"
    assert "wins over the profile work" in done.err
    assert "whoami" not in done.json["problem"]
    assert bare("logout", "--profile", "work").code == 0
    assert bare("logout", "--profile", "work").code == 1
    assert simulator.api_key not in kept(bare).read_text()


def test_a_key_goes_to_no_other_server(bare: Shell, pair: bytes) -> None:
    assert bare("login", stdin=pair).code == 0
    done = bare("whoami", WIRO_BASE_URL="http://127.0.0.1:9")
    assert done.code == 2
    assert "no API key" in done.err


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (None, 0o644, "chmod 600"),
        ("not json", 0o600, "is damaged; remove it"),
        ('{"profiles": []}', 0o600, "is damaged; remove it"),
        ('{"profiles": {"default": {"base_url": "URL", "key": 5}}}', 0o600, "holds no key"),
    ],
)
def test_a_store_that_cannot_be_used_is_one_line(
    bare: Shell, simulator: Simulator, pair: bytes, content: str | None, mode: int, says: str
) -> None:
    assert bare("login", stdin=pair).code == 0
    if content is not None:
        kept(bare).write_text(content.replace("URL", simulator.base_url))
    kept(bare).chmod(mode)
    done = bare("whoami")
    assert done.code == 2
    assert says in done.err
    assert len(done.err.splitlines()) == 1


def test_a_keyring_keeps_the_key_where_there_is_one(
    bare: Shell, simulator: Simulator, pair: bytes, tmp_path: Path
) -> None:
    (tmp_path / "ring.py").write_text(KEYRING)
    path = os.pathsep.join((str(tmp_path), bare.env["PYTHONPATH"]))
    shell = Shell(
        folder=bare.folder,
        env={**bare.env, "PYTHONPATH": path, "PYTHON_KEYRING_BACKEND": "ring.Ring"},
    )
    done = shell("login", stdin=pair)
    assert done.code == 0, done.err
    assert "kept in the keyring" in done.err
    assert simulator.api_key not in kept(shell).read_text()
    assert simulator.api_key in (tmp_path / "ring.json").read_text()
    assert shell("whoami").code == 0
    assert shell("logout").code == 0
    assert (tmp_path / "ring.json").read_text() == "{}"
    assert shell("whoami").code == 2


def test_clients_in_python_use_the_key_too(
    bare: Shell, simulator: Simulator, pair: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bare("login", stdin=pair).code == 0
    monkeypatch.setenv("WIRO_CONFIG_DIR", str(kept(bare).parent))
    for name in ("WIRO_API_KEY", "WIRO_API_SECRET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WIRO_BASE_URL", simulator.base_url)
    with Wiro() as client:
        assert list(client.tasks(limit=1)) == []
    with pytest.raises(ConfigurationError, match="no API key"):
        Wiro(base_url="https://example.com")
    with pytest.raises(ConfigurationError, match="no API key"):
        Wiro("")
    with Wiro("other") as client, pytest.raises(AuthenticationError):
        client.post("/Task/List", {})


def checks(shell: Shell, **env: str) -> dict[str, Any]:
    done = Shell(folder=shell.folder, env={**shell.env, **env})("doctor", "--json")
    found = json.loads(done.out)
    assert done.code == (0 if found["ok"] else 1)
    return {each["name"]: each for each in found["checks"]}


def test_doctor_says_that_all_is_well(shell: Shell) -> None:
    done = shell("doctor")
    assert done.code == 0, done.out
    assert done.out.endswith("all is well\n")
    assert all(each["ok"] is not False for each in checks(shell).values())


def test_doctor_says_what_to_do(shell: Shell, bare: Shell, simulator: Simulator) -> None:
    found = checks(bare)
    assert found["key"]["ok"] is False
    assert "wiro-tools login" in found["key"]["advice"]
    assert found["network"]["ok"] is True
    found = checks(shell, WIRO_API_SECRET="wrong")
    assert found["key"]["ok"] is False
    assert "wiro-tools" not in found["key"]["found"]
    found = checks(shell, WIRO_BASE_URL="http://127.0.0.1:9")
    assert found["network"]["ok"] is False
    assert checks(shell, WIRO_BASE_URL="ftp://x")["address"]["ok"] is False
    away = {"WIRO_BASE_URL": "https://wiro.invalid/v1", "no_proxy": ""}
    found = checks(shell, https_proxy="http://user:hidden-word@127.0.0.1:9", **away)
    assert found["network"]["ok"] is False
    assert "127.0.0.1:9" in found["network"]["advice"]
    assert "hidden-word" not in json.dumps(found)
    assert checks(shell, https_proxy="nonsense://x", **away)["proxy"]["ok"] is False
    assert checks(shell, SSL_CERT_FILE="/nowhere")["certificates"]["advice"]


@contextmanager
def server_at(year: int) -> Generator[str]:
    """A server whose clock shows a year."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response_only(200)
            self.send_header("date", f"Tue, 01 Jan {year} 00:00:00 GMT")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None: ...  # noqa: A002 - its name

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()


def test_doctor_sees_a_wrong_clock(shell: Shell) -> None:
    with server_at(2019) as address:
        clock = checks(shell, WIRO_BASE_URL=address)["clock"]
    assert clock["ok"] is False
    assert "ahead of" in clock["found"]


def test_an_upload_prints_an_address_that_inputs_take(shell: Shell, simulator: Simulator) -> None:
    (shell.folder / "face.png").write_bytes(b"\x89PNG")
    done = shell("upload", "face.png")
    assert done.code == 0, done.err
    url = done.out.strip()
    assert url.startswith(simulator.base_url.removesuffix("/v1"))
    assert shell.run("wiro/editor", "--prompt", "a", "--input-image", url).code == 0
    assert shell("upload", "-", "--name", "a.txt", "--json", stdin=b"hello").json["url"]
    for arguments, says in ((("-",), "--name"), (("no.png",), "no such file"), ((".",), "not a")):
        done = shell("upload", *arguments)
        assert done.code == 2
        assert says in done.err


@pytest.mark.parametrize(
    ("tool", "address"),
    [
        ("wiro/painter", "https://wiro.ai/models/wiro/painter"),
        ("openai/A Writer", "https://wiro.ai/models/openai/a-writer"),
        ("google/veo3.1", "https://wiro.ai/models/google/veo3-1"),
        ("$(touch x)/`y`", "https://wiro.ai/models/touch-x/y"),
    ],
)
def test_open_knows_the_page_of_a_tool(shell: Shell, tool: str, address: str) -> None:
    done = shell("open", tool, "--print")
    assert (done.code, done.out) == (0, f"{address}\n")
    browser = 'import sys, pathlib; pathlib.Path("seen").write_text(sys.argv[1])'
    (shell.folder / "browser.py").write_text(browser)
    shell("open", tool, BROWSER=f"{sys.executable} {shell.folder}/browser.py %s")
    assert (shell.folder / "seen").read_text() == address


@pytest.mark.parametrize(
    ("name", "wanted", "there"),
    [("firefox", None, True), ("/usr/bin/lynx", None, False), ("lynx", "lynx", True)],
)
def test_a_browser_in_the_terminal_is_none_unless_the_user_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, wanted: str | None, there: bool
) -> None:
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser(name))
    monkeypatch.delenv("BROWSER", raising=False)
    if wanted is not None:
        monkeypatch.setenv("BROWSER", wanted)
    assert has_browser() is there


def test_open_refuses_what_is_no_tool(shell: Shell) -> None:
    for tool in ("painter", "a/b/c", "/x", "a/"):
        assert shell("open", tool, "--print").code == 2


def test_task_list_shows_the_newest_first(shell: Shell, simulator: Simulator) -> None:
    assert shell("task", "list").code == 1
    for tool in ("wiro/painter", "openai/A Writer"):
        assert shell.run(tool, "--prompt", "a", "--no-wait").code == 0
    simulator.advance(30)
    first, second = (run.taskid for run in simulator.runs)
    rows = [line.split("\t") for line in shell("task", "list").out.splitlines()]
    assert [(row[0], row[1], row[2]) for row in rows] == [
        (second, "succeeded", "openai/A Writer"),
        (first, "succeeded", "wiro/painter"),
    ]
    assert rows[0][4] == "$0.00351"
    found = shell("task", "list", "--json", "--tool", "wiro/painter", "--limit", "1").json
    assert [each["task_id"] for each in found] == [first]
    assert "token" not in found[0]


def test_a_text_whose_end_is_taken_back_is_printed_once(shell: Shell, simulator: Simulator) -> None:
    def answer(connection: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            connection.recv(timeout=5)
            task_id = simulator.runs[-1].taskid
            message = {"segments": [{"type": "answer", "text": f"{result.rstrip()} \n"}]}
            frame = {"type": "task_output", "id": task_id, "message": message}
            connection.send(json.dumps(frame))
            connection.recv(timeout=5)

    result = shell.run("openai/A Writer", "--prompt", "a").out
    with socket_server(answer) as url:
        done = shell.run("openai/A Writer", "--prompt", "a", "--stream", WIRO_SOCKET_URL=url)
    assert done.out.split() == result.split()


def test_a_text_is_printed_while_it_is_written(shell: Shell, simulator: Simulator) -> None:
    done = shell.run("openai/A Writer", "--prompt", "a", "--stream")
    assert done.code == 0, done.err
    plain = shell.run("openai/A Writer", "--prompt", "a")
    assert plain.code == 0
    assert done.out.strip()
    assert shell.run("openai/A Writer", "--prompt", "a", "--stream", "--json").code == 2
    assert len(simulator.runs) == 2
    images = shell.run("wiro/painter", "--prompt", "a", "--stream")
    assert images.out == f"{simulator.runs[2].taskid}-0.png\n"
    for options in (
        ["--stream", "--no-wait"],
        ["--no-wait", "--stream", "--json"],
        ["--out", ".", "--no-wait"],
        ["--no-wait", "--timeout", "9"],
    ):
        refused = shell.run("openai/A Writer", "--prompt", "a", *options)
        assert (refused.code, refused.out) == (2, "")
        option = next(each for each in options if each in ("--stream", "--out", "--timeout"))
        assert refused.err.startswith(f"wiro-tools: {option} is for the end of the run")
        assert len(refused.err.splitlines()) == 1
    assert len(simulator.runs) == 3
