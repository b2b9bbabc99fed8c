"""``wiro-tools studio`` as it is typed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from fork_server import executable
from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

Studio = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def studio(root: Path, tmp_path: Path) -> Studio:
    """Starts the command in the project, for a user of whom nothing is known."""
    base = {name: value for name, value in os.environ.items() if not name.startswith("WIRO_")}
    base |= {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}

    def start(
        *arguments: str, cwd: Path = root, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        shown = () if env and "BROWSER" in env else ("--no-open",)
        command = [executable("wiro-tools-servers"), "studio", *shown, *arguments]
        return subprocess.Popen(
            command,
            cwd=cwd,
            env={**base, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
def test_it_serves_until_it_is_interrupted(studio: Studio, tmp_path: Path) -> None:
    tool = "wiro/text-to-image-sd-lora"
    process = studio(tool, "--simulate", "--port", "0", "--out", str(tmp_path / "runs"))
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    with httpx2.Client(follow_redirects=True, verify=False, timeout=60) as browser:
        page = browser.get(address)
        assert str(page.url).endswith("/tools/wiro/text_to_image_sd_lora.html")
        assert '<meta name="wt-studio" content="simulated">' in page.text
        # A page that watches a run is open.
        browser.headers["Origin"] = origin = address.partition("/tools")[0]
        run = {"id": "a" * 32, "tool": tool, "values": {"prompt": "a lighthouse"}, "form": {}}
        assert browser.post(f"{origin}/studio/runs", json=run).status_code == 201
        with browser.stream("GET", f"{origin}/studio/runs/{'a' * 32}/events") as events:
            next(events.iter_lines())
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert "ERROR" not in said
    assert address.rpartition("=")[2] not in said


def test_it_serves_while_the_browser_that_it_has_opened_runs(
    studio: Studio, tmp_path: Path
) -> None:
    """One in the terminal ends when its user does, and asks the studio before that."""
    seen = tmp_path / "seen"
    (tmp_path / "browser.py").write_text(
        "import pathlib, sys, urllib.request as web\n"
        "opener = web.build_opener(web.ProxyHandler({}), web.HTTPCookieProcessor())\n"
        f"part = pathlib.Path({str(seen)!r} + '.part')\n"
        "try:\n"
        "    part.write_text(str(opener.open(sys.argv[1], timeout=10).status))\n"
        "except OSError as error:\n"
        "    part.write_text(str(error))\n"
        f"part.rename({str(seen)!r})\n"
    )
    browser = {"BROWSER": f"{sys.executable} {tmp_path}/browser.py %s"}
    process = studio("--simulate", "--port", "0", "--out", str(tmp_path / "runs"), env=browser)
    deadline = time.monotonic() + 60
    while not seen.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.kill()
    process.communicate()
    assert seen.read_text() == "200"


@pytest.mark.skipif(sys.platform == "win32", reason="the lock of a folder tells no address there")
def test_a_folder_is_of_one_studio(studio: Studio, tmp_path: Path) -> None:
    options = ("--simulate", "--port", "0", "--out", str(tmp_path / "runs"))
    first = studio(*options)
    assert first.stdout is not None
    address = first.stdout.readline().partition("?")[0]
    second = studio(*options)
    _, said = second.communicate(timeout=60)
    assert second.returncode == 2
    assert f"a studio with these runs serves already at {address};" in said
    assert len(said.splitlines()) == 1
    first.kill()
    first.communicate()
    third = studio(*options)
    assert third.stdout is not None
    assert third.stdout.readline().startswith("http://127.0.0.1:")
    third.kill()
    third.communicate()


@contextmanager
def opened(process: subprocess.Popen[str]) -> Generator[httpx2.Client]:
    """A browser that has opened the printed address."""
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    origin = address.partition("/?")[0]
    with httpx2.Client(base_url=origin, follow_redirects=True, verify=False, timeout=60) as browser:
        browser.get(address)
        browser.headers["Origin"] = origin
        yield browser


@pytest.fixture
def wiro(project_tools: list[dict[str, Any]]) -> Iterator[Simulator]:
    """A Wiro that has the tools of the project."""
    with Simulator(project_tools) as running:
        yield running


def test_it_runs_with_the_key_of_this_computer(
    studio: Studio, wiro: Simulator, tmp_path: Path
) -> None:
    """Without --simulate: a key that wiro-tools login keeps, and what Wiro may refuse."""
    tool = "wiro/text-to-image-sd-lora"
    run = {"tool": tool, "values": {"prompt": "a lighthouse"}, "form": {}}
    served = {
        "WIRO_BASE_URL": wiro.base_url,
        "WIRO_SOCKET_URL": wiro.socket_url,
        "WIRO_CONFIG_DIR": str(tmp_path / "keys"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }
    login = [executable("wiro-tools"), "--profile", "work", "login"]
    said = subprocess.run(
        login,
        input=f"{wiro.api_key}\n{wiro.api_secret}\n",
        env={**os.environ, **served, "WIRO_API_KEY": "", "WIRO_API_SECRET": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    options = ("--port", "0", "--out", str(tmp_path / "runs"))
    process = studio(*options, env={**served, "WIRO_PROFILE": "work"})
    with opened(process) as browser:
        assert 'content="live"' in browser.get("/").text
        started = browser.post("/studio/runs", json={**run, "id": "a" * 32})
        assert started.status_code == 201, started.text
        assert browser.get(f"/studio/runs/{'a' * 32}/events").text.endswith(
            "event: end\ndata: {}\n\n"
        )
        assert browser.get(f"/studio/runs/{'a' * 32}").json()["state"] == "succeeded"
        wiro.out_of_balance()
        refused = browser.post("/studio/runs", json={**run, "id": "b" * 32})
        assert refused.status_code == 502
        assert refused.json()["error"].startswith("Insufficient balance; nothing was billed: add m")
        wiro.balance = None
        wiro.at_concurrency_limit()
        refused = browser.post("/studio/runs", json={**run, "id": "c" * 32})
        assert "concurrent task limit" in refused.json()["error"]
        assert len(browser.get("/studio/runs").json()["runs"]) == 1
    process.kill()
    _, err = process.communicate()
    assert wiro.api_key not in err
    wrong = {**served, "WIRO_API_KEY": "wrong", "WIRO_API_SECRET": "wrong"}
    process = studio(*options, env=wrong)
    with opened(process) as browser:
        refused = browser.post("/studio/runs", json={**run, "id": "d" * 32})
        assert "check key and secret" in refused.json()["error"]
    process.kill()
    process.communicate()
    assert len(wiro.runs) == 1


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "WIRO_API_KEY"),
        (("acme/nothing", "--simulate"), "has no tool 'acme/nothing'"),
        (("--simulate", "--out", "/dev/null/x"), "--out"),
    ],
)
def test_what_is_missing_is_one_line(studio: Studio, arguments: tuple[str, ...], text: str) -> None:
    _, said = studio(*arguments).communicate(timeout=60)
    assert text in said
    assert len(said.splitlines()) == 1


def test_a_taken_port_and_a_folder_without_a_project(studio: Studio, tmp_path: Path) -> None:
    options = ("--simulate", "--out", str(tmp_path / "runs"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = studio(*options, "--port", str(port))
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"port {port}: " in said
    process = studio(*options, cwd=tmp_path)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "no generated/docs here or above" in said
