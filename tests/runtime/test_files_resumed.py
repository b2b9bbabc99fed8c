"""A download that did not end is taken up by the next one, and never mixed with something else."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from runtime.kit import Kit
from wiro_runtime import DownloadError, Output, PollSchedule, Result, Retries, Wiro, stopping
from wiro_runtime.results.download import Files
from wiro_runtime.settings import load_settings
from wiro_runtime.stopping import Stop, run_each
from wiro_runtime.tasks.detail import TaskDetail
from wiro_runtime.testing import Scenario, Simulator, faults

SIZE = 5_000_000
OVERLAP = 64 * 1024
CONTENT = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(SIZE // 32 + 1))[
    :SIZE
]


Reply: TypeAlias = tuple[int, dict[str, str], bytes]
Answering: TypeAlias = Callable[[dict[str, str], int], Reply]


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob(".*.part"))


@contextmanager
def server(
    answer: Answering,
) -> Generator[tuple[str, list[dict[str, str]]], None, None]:
    """Answers each GET with the status, headers and body that ``answer(headers, number)`` gives,
    and closes; a body shorter than its length is a broken connection."""
    heard: list[dict[str, str]] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    lines = connection.recv(65536).decode().split("\r\n")
                    if not lines[0]:
                        return
                    pairs = (line.partition(": ") for line in lines[1:] if line)
                    asked = {name.lower(): value for name, _, value in pairs}
                    heard.append(asked)
                    status, headers, body = answer(asked, len(heard))
                    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                    text = f"HTTP/1.1 {status} X\r\n{head}connection: close\r\n\r\n"
                    try:
                        connection.sendall(text.encode() + body)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/file.bin", heard
        socket.create_connection(listener.getsockname()).close()
        thread.join(60)


def cdn(content: bytes, *, cut: dict[int, int] | None = None, **headers: str) -> Answering:
    """A file server that honours ranges; the body of request ``number`` ends at ``cut[number]``."""

    def answer(asked: dict[str, str], number: int) -> Reply:
        first = int(asked["range"][6:-1]) if "range" in asked else 0
        validator = headers.get("etag") or headers.get("last-modified")
        if asked.get("if-range", validator) != validator:
            first = 0
        body = content[first:]
        found = {**headers, "content-length": str(len(body))}
        if first:
            found["content-range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        return (206 if first else 200), found, body[: (cut or {}).get(number, len(body))]

    return answer


def output(url: str, attempts: int = 1) -> Output:
    raw: dict[str, Any] = {"name": "file.bin", "url": url, "size": str(SIZE)}
    detail = TaskDetail.read({"id": "1", "status": "task_postprocess_end", "outputs": [raw]})
    settings = load_settings(
        api_key="key",
        base_url="http://127.0.0.1:9/v1",
        retries=Retries(attempts=attempts, initial_delay=0.01),
    )
    return Result.read(detail, "1", Files(settings)).outputs[0]


def broken(url: str, folder: Path) -> None:
    with pytest.raises(DownloadError, match="gave up") as caught:
        output(url).save(folder)
    assert caught.value.retryable
    assert not (folder / "file.bin").exists()


@pytest.mark.parametrize("headers", [{"etag": '"one"'}, {"last-modified": "Sat, 21 Nov 2026"}])
def test_a_later_download_goes_on_where_it_broke(tmp_path: Path, headers: dict[str, str]) -> None:
    with server(cdn(CONTENT, cut={1: 3_000_000}, **headers)) as (url, heard):
        broken(url, tmp_path)
        (part,) = parts(tmp_path)
        there = part.stat().st_size
        assert there > 2_000_000
        path = output(url).save(tmp_path)
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]
    # One look at what the content is, then the rest of it.
    assert [each.get("range") for each in heard] == [None, None, f"bytes={there - OVERLAP}-"]
    assert heard[2]["if-range"] in headers.values()


def test_a_download_that_was_killed_goes_on(tmp_path: Path) -> None:
    script = """
import sys
from wiro_runtime import Retries
from wiro_runtime.tasks.detail import TaskDetail
from wiro_runtime.results.download import Files
from wiro_runtime.results.result import Result
from wiro_runtime.settings import load_settings

raw = {"name": "file.bin", "url": sys.argv[1], "size": sys.argv[2]}
detail = TaskDetail.read({"id": "1", "status": "task_postprocess_end", "outputs": [raw]})
settings = load_settings(api_key="key", base_url="http://127.0.0.1:9/v1")
Result.read(detail, "1", Files(settings)).outputs[0].save(sys.argv[3])
"""

    def answer(asked: dict[str, str], number: int) -> Reply:
        found = cdn(CONTENT, etag='"one"')(asked, number)
        if number == 1:
            return found[0], found[1], found[2][:3_000_000]
        if number == 2:
            os.kill(process.pid, signal.SIGKILL)
        return found

    with server(answer) as (url, heard):
        command = [sys.executable, "-c", script, url, str(SIZE), str(tmp_path)]
        process = subprocess.Popen(command)
        assert process.wait(60) == -signal.SIGKILL
        (part,) = parts(tmp_path)
        assert part.read_bytes() == CONTENT[: part.stat().st_size]
        path = output(url).save(tmp_path)
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]
    assert "range" in heard[-1]


OTHER = bytes(SIZE)


def no_ranges(_asked: dict[str, str], number: int) -> Reply:
    return cdn(OTHER, etag='"one"')({}, number)


def no_if_range(asked: dict[str, str], number: int) -> Reply:
    if "range" in asked:
        return cdn(OTHER, etag='"two"')({"range": asked["range"]}, number)
    return cdn(OTHER, etag='"one"')(asked, number)


@pytest.mark.parametrize(
    "second",
    [
        cdn(OTHER, etag='"two"'),
        cdn(OTHER, etag='"one"'),
        cdn(OTHER),
        cdn(OTHER, etag='W/"one"'),
        no_ranges,
        no_if_range,
    ],
    ids=[
        "another file under the same address",
        "another file that claims to be the same",
        "another file that says nothing about itself",
        "a file that is only like the other",
        "a server without ranges",
        "a server that ignores If-Range",
    ],
)
def test_contents_are_never_mixed(tmp_path: Path, second: Answering) -> None:
    first = cdn(CONTENT, cut={1: 3_000_000}, etag='"one"')

    def answer(asked: dict[str, str], number: int) -> Reply:
        return (first if number == 1 else second)(asked, number)

    with server(answer) as (url, _):
        broken(url, tmp_path)
        assert len(parts(tmp_path)) == 1
        path = output(url, attempts=5).save(tmp_path)
    assert path.read_bytes() == OTHER


def test_a_part_of_another_address_or_length_is_left_alone(tmp_path: Path) -> None:
    with server(cdn(CONTENT, cut={1: 3_000_000}, etag='"one"')) as (url, heard):
        broken(url, tmp_path)
        before = parts(tmp_path)
        path = output(url + "?other").save(tmp_path)
        assert path.read_bytes() == CONTENT
        assert parts(tmp_path) == before
        assert "range" not in heard[-1]


@pytest.mark.parametrize(
    ("headers", "cut"),
    [({}, 3_000_000), ({"etag": 'W/"one"'}, 3_000_000), ({"etag": '"o"'}, 9_000)],
)
def test_what_cannot_be_told_from_another_or_is_small_leaves_nothing(
    tmp_path: Path, headers: dict[str, str], cut: int
) -> None:
    with server(cdn(CONTENT, cut={1: cut}, **headers)) as (url, _):
        broken(url, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_two_at_once_do_not_write_into_one_part(tmp_path: Path) -> None:
    with server(cdn(CONTENT, cut={1: 3_000_000}, etag='"one"')) as (url, _):
        broken(url, tmp_path)
        paths: list[Path] = []
        threads = [
            threading.Thread(target=lambda: paths.append(output(url).save(tmp_path)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert len(paths) == 4
    assert (tmp_path / "file.bin").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file.bin"]


@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_what_somebody_else_put_in_the_place_of_a_part_is_not_touched(
    tmp_path: Path, kind: str
) -> None:
    with server(cdn(CONTENT, cut={1: 3_000_000}, etag='"one"')) as (url, _):
        broken(url, tmp_path)
        (part,) = parts(tmp_path)
        part.unlink()
        victim = tmp_path / "victim"
        victim.write_text("precious")
        if kind == "link":
            part.symlink_to(victim)
        elif kind == "folder":
            part.mkdir()
        else:
            os.mkfifo(part)
        assert output(url).save(tmp_path).read_bytes() == CONTENT
    assert victim.read_text() == "precious"
    assert (part.is_symlink(), part.is_dir(), part.is_fifo()).count(True) == 1


@pytest.mark.parametrize("room", [0, 100_000, 2_000_000])
def test_a_full_disk_gets_its_room_back(tmp_path: Path, room: int) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with server(cdn(CONTENT, etag='"one"')) as (url, _):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        try:
            with pytest.raises(DownloadError, match="cannot write"):
                output(url).save(tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert list(tmp_path.iterdir()) == []
        assert output(url).save(tmp_path).read_bytes() == CONTENT


def test_ctrl_c_ends_a_download_of_several_files_at_once(
    instant: Simulator, tmp_path: Path
) -> None:
    """Threads that wait for a slow server must not keep the process."""
    script = """
import sys
from wiro_runtime import PollSchedule, Wiro

with Wiro(poll=PollSchedule.every(0.01)) as client:
    result = client.run("wiro/painter", {"prompt": "x", "samples": 4})
    try:
        result.download(sys.argv[1])
    except KeyboardInterrupt:
        print("interrupted")
"""
    instant.faults.add("cdn/*", faults.drip(1), times=None)
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path],
        env={**os.environ, **instant.env()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60
        while len(instant.downloads) < 4 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        try:
            assert process.communicate(timeout=30) == ("interrupted\n", "")
        finally:
            process.kill()
    assert len(instant.downloads) == 4
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_gives_every_thread_time_to_clean_up() -> None:
    """The one waited for when it came, too."""
    script = """
import os, signal, threading, time
from functools import partial
from wiro_runtime.stopping import Stop, run_each

stop, begun, cleaned = Stop(), [], []

def job(number):
    asleep = threading.Event()
    with stop.waking(asleep.set):
        begun.append(number)
        if len(begun) == 3:
            threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        asleep.wait()
    time.sleep(0.5 * (number == 0))
    cleaned.append(number)

try:
    run_each([partial(job, number) for number in range(3)], 3, stop)
except KeyboardInterrupt:
    print(sorted(cleaned))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert (done.stdout, done.stderr) == ("[0, 1, 2]\n", "")


def test_ctrl_c_before_all_threads_have_begun_waits_for_those_that_have(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = threading.Thread.start
    begun = threading.Event()
    stop, cleaned = Stop(), list[int]()

    def start_one(thread: threading.Thread) -> None:
        if begun.is_set():
            raise KeyboardInterrupt
        start(thread)
        begun.wait()

    def job(number: int) -> None:
        asleep = threading.Event()
        with stop.waking(asleep.set):
            begun.set()
            asleep.wait()
        cleaned.append(number)

    monkeypatch.setattr(threading.Thread, "start", start_one)
    monkeypatch.setattr(stopping, "_FAREWELL", 60)
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_each([partial(job, number) for number in range(3)], 3, stop)
    assert cleaned == [0]
    assert time.monotonic() - begin < 30


def test_an_error_stops_the_other_files_too(kit: Kit, tmp_path: Path) -> None:
    kit.simulator.plan(Scenario(output_size=SIZE), times=None)
    kit.simulator.faults.add("cdn/*", faults.status(404))
    kit.simulator.faults.add("cdn/*", faults.drip(0.01), times=None)
    with Wiro(
        kit.simulator.api_key,
        kit.simulator.api_secret,
        base_url=kit.simulator.base_url,
        poll=PollSchedule.every(0.01),
    ) as client:
        result = client.run("wiro/painter", {"prompt": "x", "samples": 3})
        begin = time.monotonic()
        with pytest.raises(DownloadError, match="HTTP 404"):
            result.download(tmp_path, concurrency=3)
    # Not by waiting for the others, which take hours.
    assert time.monotonic() - begin < 20
    assert list(tmp_path.iterdir()) == []
