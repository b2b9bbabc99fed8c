"""``wirogen docs serve``: on this machine only, up to date, and gone without a trace."""

from __future__ import annotations

import os
import re
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import fork_server
from wirogen.site.server import Server

pytestmark = pytest.mark.slow

PAGE = "tools/wiro/nothing"


class Served:
    """A running command and what it has printed so far."""

    def __init__(self, docs: Path, folder: Path) -> None:
        command = [sys.executable, "-u", "-m", "wirogen", "docs", "serve", "--port", "0"]
        command += ["--covers", "none", "--docs", str(docs), "--out", str(folder / "site")]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.output = ""
        self._ready = selectors.DefaultSelector()
        assert self.process.stdout is not None
        self._ready.register(self.process.stdout, selectors.EVENT_READ)

    def says(self, pattern: str) -> re.Match[str]:
        """Waits until the command has printed something like this."""
        deadline = time.monotonic() + 60
        while (match := re.search(pattern, self.output)) is None:
            assert time.monotonic() < deadline, self.output
            assert self.process.stdout is not None
            if self._ready.select(timeout=1):
                self.output += os.read(self.process.stdout.fileno(), 65536).decode()
        return match

    def close(self) -> None:
        self._ready.close()
        self.process.kill()
        self.process.communicate()


def read(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 - our own address
        return answer.read().decode()


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.fixture
def docs(generated: Path, tmp_path: Path) -> Path:
    shutil.copytree(generated / "docs", tmp_path / "generated" / "docs")
    return tmp_path / "generated" / "docs"


@pytest.fixture
def served(docs: Path, tmp_path: Path) -> Iterator[Served]:
    running = Served(docs, tmp_path)
    yield running
    running.close()


def test_it_shows_the_site_follows_changes_and_ends(served: Served, docs: Path) -> None:
    url = served.says(r"(http://127\.0\.0\.1:(\d+)/) \(Ctrl-C ends it\)")
    assert "wiro/nothing" in read(f"{url[1]}{PAGE}.html")
    for elsewhere in ("127.0.0.2", "::1"):
        with pytest.raises(OSError, match=r"refused|assign|family|unreachable"):
            socket.create_connection((elsewhere, int(url[2])), timeout=2).close()

    page = docs / f"{PAGE}.md"
    page.write_text(page.read_text("utf-8") + "\nA line more.\n", "utf-8")
    served.says("1 page made again")
    eventually(lambda: "A line more." in read(f"{url[1]}{PAGE}.html"))

    listed = (docs / "tools.json").read_bytes()
    (docs / "tools.json").write_text("{", "utf-8")
    served.says("S004")
    assert "A line more." in read(f"{url[1]}{PAGE}.html")
    (docs / "tools.json").write_bytes(listed)
    served.says("0 pages made again")

    # Another command, which writes the source, has removed a file since it was listed.
    (page.parent / "gone.md").symlink_to("nowhere")
    (docs / "tools.json").touch()
    served.says(r"gone\.md: No such file")
    (page.parent / "gone.md").unlink()
    (docs / "tools.json").touch()
    served.says(r"gone\.md(?s:.*)0 pages made again")

    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(timeout=60) in {0, 130}
    served.says("$")
    assert "Traceback" not in served.output
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(url[2])), timeout=2).close()


def test_a_port_that_is_taken_is_one_line(docs: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        arguments = ["--port", port, "--docs", docs, "--out", tmp_path / "site"]
        done = fork_server.run(
            "wirogen", "docs", "serve", "--covers", "none", *arguments, cwd=tmp_path, env=os.environ
        )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert port in done.stderr


@pytest.mark.parametrize("path", ["/%00", "/large"])
def test_no_request_makes_a_traceback(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "large").write_bytes(bytes(20_000_000))
    with Server(tmp_path) as server:
        with socket.create_connection(("127.0.0.1", server.server_port)) as hasty:
            hasty.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            assert hasty.recv(12) == (b"HTTP/1.0 404" if "%" in path else b"HTTP/1.0 200")
            hasty.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        time.sleep(0.3)
    assert capsys.readouterr().err == ""
