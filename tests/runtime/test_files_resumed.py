"""A download is one file or none: resumed by proof only, decoded, and ended without a trace."""

from __future__ import annotations

import asyncio
import errno
import gc
import gzip
import importlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import AsyncIterator, Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from runtime.kit import TOOL, ClientKind, Kit, got, nameless
from wiro_runtime import AsyncOutput, AsyncWiro, DownloadError, Output, Timeouts, Wiro
from wiro_runtime.http.signing import Credentials
from wiro_runtime.http.transport import StreamResponse
from wiro_runtime.results import download
from wiro_runtime.results.files import Files
from wiro_runtime.results.partial_file import PartialFile, Sink
from wiro_runtime.settings import Timing, load_settings
from wiro_runtime.tasks.detail import TaskDetail
from wiro_runtime.testing import Scenario, Simulator, faults

SIZE = 3_000_000
BATCH = 2**20
"""Bytes that are written at once here, so that a file of three megabytes takes several writes."""
CONTENT = random.Random(1).randbytes(SIZE)  # noqa: S311 - a file, not a secret
OTHER = bytes(SIZE)

Reply: TypeAlias = tuple[int, dict[str, str], bytes] | bytes
Answering: TypeAlias = Callable[[dict[str, str], int], Reply]


@contextmanager
def server(
    answer: Answering, hold: threading.Event | None = None
) -> Generator[tuple[str, list[dict[str, str]]], None, None]:
    """Sends each GET the status, headers and body that ``answer(headers, number)`` gives, or its
    bytes as they are, and closes, once ``hold`` is set; a body shorter than its length is a broken
    connection."""
    heard: list[dict[str, str]] = []

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            lines = connection.recv(65536).decode().split("\r\n")
            pairs = (line.partition(": ") for line in lines[1:] if line)
            asked = {name.lower(): value for name, _, value in pairs}
            heard.append(asked)
            reply = answer(asked, len(heard))
            if not isinstance(reply, bytes):
                status, headers, body = reply
                head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                reply = f"HTTP/1.1 {status} X\r\n{head}connection: close\r\n\r\n".encode() + body
            connection.sendall(reply)
            if hold is not None:
                hold.wait()

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/file.bin", heard
        listener.shutdown(socket.SHUT_RDWR)


def cdn(content: bytes, *, cut: dict[int, int] | None = None, **headers: str) -> Answering:
    """A file server that honours ranges; the body of request ``number`` ends at ``cut[number]``."""

    def answer(asked: dict[str, str], number: int) -> Reply:
        first = int(asked["range"][6:-1]) if "range" in asked else 0
        if asked.get("if-range", headers.get("etag")) != headers.get("etag"):
            first = 0
        body = content[first:]
        found = {**headers, "content-length": str(len(body))}
        if first:
            found["content-range"] = f"bytes {first}-{len(content) - 1}/{len(content)}"
        return (206 if first else 200), found, body[: (cut or {}).get(number, len(body))]

    return answer


def always(reply: Reply) -> Answering:
    return lambda _asked, _number: reply


def output_of(
    kind: ClientKind, url: str, size: object = SIZE, attempts: int = 5, **settings: Any
) -> Output | AsyncOutput:
    raw: dict[str, Any] = {"name": "file.bin", "url": url, "size": size}
    detail = TaskDetail.read({"id": "1", "status": "task_postprocess_end", "outputs": [raw]})
    known: dict[str, Any] = {
        "credentials": Credentials("key", None),
        "base_url": "http://127.0.0.1:9/v1",
        "max_retries": attempts - 1,
        "timing": Timing(sleep=lambda _seconds: asyncio.sleep(0.01)),
    }
    files = Files(load_settings(**{**known, **settings}), asynchronous=kind == "async")
    return files.result(detail, "1").outputs[0]


def save(kind: ClientKind, url: str, folder: Path, *options: Any, **more: Any) -> Path:
    async def main() -> Path:
        return await got(output_of(kind, url, *options, **more).save(folder))

    return asyncio.run(main())


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "_BATCH", BATCH)


def test_a_broken_download_goes_on_where_it_broke(kind: ClientKind, tmp_path: Path) -> None:
    cuts = {1: 1_000_000, 2: 10, 3: 900_000, 4: 0}
    with server(cdn(CONTENT, cut=cuts, etag='"one"')) as (url, heard):
        path = save(kind, url, tmp_path)
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]
    places = [0, 1_000_000, 1_000_010, 1_900_010, 1_900_010]
    assert [each.get("range") for each in heard] == [
        None, *(f"bytes={place}-" for place in places[1:]),
    ]  # fmt: skip
    assert {each.get("if-range") for each in heard[1:]} == {'"one"'}


def no_if_range(asked: dict[str, str], number: int) -> Reply:
    return cdn(OTHER, etag='"two"')({**asked, "if-range": '"two"'}, number)


def weak(asked: dict[str, str], number: int) -> Reply:
    return cdn(OTHER, etag='W/"one"')({**asked, "if-range": 'W/"one"'}, number)


def silent(asked: dict[str, str], number: int) -> Reply:
    asked.pop("if-range", None)
    return cdn(OTHER)(asked, number)


def other_place(asked: dict[str, str], number: int) -> Reply:
    if "range" not in asked:
        return cdn(OTHER)(asked, number)
    return 206, {"content-range": f"bytes 5-14/{SIZE}", "etag": '"one"'}, b"x" * 10


def other_size(asked: dict[str, str], number: int) -> Reply:
    if "range" not in asked:
        return cdn(OTHER)(asked, number)
    first = asked["range"][6:-1]
    head = {"content-range": f"bytes {first}-{SIZE}/{SIZE + 1}", "etag": '"one"'}
    return 206, head, b"x" * (SIZE + 1 - int(first))


def encoded(asked: dict[str, str], number: int) -> Reply:
    if "range" not in asked:
        return cdn(OTHER)(asked, number)
    head = {"content-range": f"bytes {asked['range'][6:]}{SIZE - 1}/{SIZE}", "etag": '"one"'}
    return 206, {**head, "content-encoding": "gzip"}, gzip.compress(OTHER, 1)


def impossible(asked: dict[str, str], number: int) -> Reply:
    return (416, {}, b"") if "range" in asked else cdn(OTHER)(asked, number)


@pytest.mark.parametrize(
    "second",
    [
        cdn(OTHER, etag='"two"'), cdn(OTHER), no_if_range, weak, silent, other_place, other_size,
        encoded, impossible,
    ],
    ids=[
        "another ETag", "no ranges", "If-Range ignored", "weak", "no proof", "another place",
        "another size", "encoded", "416",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [SIZE, None])
def test_files_are_never_mixed(
    kind: ClientKind, tmp_path: Path, second: Answering, size: int | None
) -> None:
    first = cdn(CONTENT, cut={1: 1_000_000}, etag='"one"')

    def answer(asked: dict[str, str], number: int) -> Reply:
        return (first if number == 1 else second)(asked, number)

    with server(answer) as (url, _):
        path = save(kind, url, tmp_path, size)
    assert path.read_bytes() == OTHER


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"etag": 'W/"one"'},
        {"etag": "one"},
        {"etag": '"'},
        {"etag": '"ü"'},
        {"last-modified": "Sat, 21 Nov 2026 10:00:00 GMT"},
    ],
    ids=nameless,
)
def test_without_a_strong_validator_a_file_is_begun_anew(
    kind: ClientKind, tmp_path: Path, headers: dict[str, str]
) -> None:
    with server(cdn(CONTENT, cut={1: 1_000_000}, **headers)) as (url, heard):
        assert save(kind, url, tmp_path).read_bytes() == CONTENT
    assert [each.get("range") for each in heard] == [None, None]


@pytest.mark.parametrize("second", [other_place, silent, impossible])
def test_a_file_is_begun_anew_a_limited_number_of_times(
    kind: ClientKind, tmp_path: Path, second: Answering
) -> None:
    """Each attempt gets further than the one before, and none may be gone on with."""

    def answer(asked: dict[str, str], number: int) -> Reply:
        if "range" in asked:
            return second(asked, number)
        return cdn(CONTENT, cut={number: 400_000 * number}, etag='"one"')(asked, number)

    with server(answer) as (url, heard), pytest.raises(DownloadError, match="gave up") as caught:
        save(kind, url, tmp_path, attempts=4)
    assert caught.value.retryable
    assert sum("range" not in each for each in heard) <= 4
    assert list(tmp_path.iterdir()) == []


def test_small_steps_are_no_progress(kind: ClientKind, tmp_path: Path) -> None:
    cuts = dict.fromkeys(range(1, 100), 10)
    with (
        server(cdn(CONTENT, cut=cuts, etag='"one"')) as (url, heard),
        pytest.raises(DownloadError, match="gave up"),
    ):
        save(kind, url, tmp_path)
    assert len(heard) == 5


HALF = CONTENT[: SIZE // 2]
PLAIN = b"HTTP/1.1 200 OK\r\n"
CHUNKED = PLAIN + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(HALF) + HALF


@pytest.mark.parametrize(
    ("reply", "size"),
    [
        (PLAIN + b"\r\n" + HALF, SIZE),
        (b"HTTP/1.0 200 OK\r\n\r\n" + HALF, SIZE),
        (CHUNKED, None),
        (CHUNKED + b"\r\n", SIZE),
        (CHUNKED + b"\r\n0\r\n\r\n", SIZE),
        (PLAIN + b"Content-Length: 3000000\r\n\r\n" + HALF, None),
        (PLAIN + b"Content-Length: 1500000\r\n\r\n" + HALF, SIZE),
        (PLAIN + b"Content-Length: 100\r\nContent-Length: 1500000\r\n\r\n" + HALF, None),
        (PLAIN + b"Content-Length: 9\r\n" + CHUNKED[len(PLAIN) :], None),
        (b"HTTP/1.1 206 X\r\nContent-Range: bytes 0-1499999/*\r\n\r\n" + HALF, None),
        (b"HTTP/1.1 204 X\r\n\r\n", None),
        (PLAIN + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(HALF, 0)[:-9], None),
        (PLAIN + b"Content-Encoding: deflate\r\n\r\n" + zlib.compress(HALF, 0)[:-9], None),
        (PLAIN + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(HALF, 0), SIZE),
        (b"nonsense\r\n\r\n", None),
        (b"", None),
    ],
    ids=nameless,
)
def test_a_cut_body_is_not_published(
    kind: ClientKind, tmp_path: Path, reply: bytes, size: int | None
) -> None:
    with server(always(reply)) as (url, _), pytest.raises(DownloadError):
        save(kind, url, tmp_path, size, 2)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [SIZE // 2, None, 0, -1])
@pytest.mark.parametrize(
    "reply", [PLAIN + b"\r\n" + HALF, CHUNKED + b"\r\n0\r\n\r\n"], ids=nameless
)
def test_a_body_without_a_length_is_a_file(
    kind: ClientKind,
    tmp_path: Path,
    reply: bytes,
    size: int | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with server(always(reply)) as (url, _):
        assert save(kind, url, tmp_path, size).read_bytes() == HALF
    # Where only the closed connection is its end, it may have been cut.
    told = any("may lack its end" in record.getMessage() for record in caplog.records)
    assert told == (b"chunked" not in reply and size != SIZE // 2)


@pytest.mark.parametrize("length", [True, False])
def test_brotli_without_a_length_may_be_cut(
    kind: ClientKind, tmp_path: Path, length: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """The decoder finds no end in it."""
    brotli = importlib.import_module("brotli")  # which has no types
    body: bytes = brotli.compress(CONTENT, quality=1)[: None if length else 1_000_000]
    headers = {"content-encoding": "br"} | ({"content-length": str(len(body))} if length else {})
    with server(always((200, headers, body))) as (url, _):
        data = save(kind, url, tmp_path, None).read_bytes()
    assert CONTENT.startswith(data)
    told = any("may lack its end" in record.getMessage() for record in caplog.records)
    assert told != length


RAW = zlib.compressobj(wbits=-15)
TEXT = b"hello world " * 1000
CODED = [
    ("gzip", gzip.compress(TEXT)),
    ("X-GZIP", gzip.compress(TEXT)),
    ("gzip", gzip.compress(TEXT[:99]) + gzip.compress(TEXT[99:]) + bytes(50)),
    ("deflate", zlib.compress(TEXT)),
    ("deflate", RAW.compress(TEXT) + RAW.flush()),
    ("deflate, gzip", gzip.compress(zlib.compress(TEXT))),
    ("aws-chunked,gzip", gzip.compress(TEXT)),
    *(
        (name, TEXT)
        for name in ("", " ", "identity", "Identity", "none", "UTF-8", "aws-chunked", "x, y", ",")
    ),
    *((name, TEXT) for name in ("gzip", "deflate", "compress", "gzip, deflate", "Gzip,none")),
]


@pytest.mark.parametrize(("name", "body"), CODED, ids=nameless)
def test_every_content_encoding_ends_in_the_right_bytes(
    kind: ClientKind, tmp_path: Path, name: str, body: bytes
) -> None:
    coded = {"content-encoding": name, "etag": '"one"'}
    for headers in (coded, {**coded, "content-length": str(len(body))}):
        with server(always((200, headers, body))) as (url, _):
            for size in (len(TEXT), None):
                path = save(kind, url, tmp_path, size, 1)
                assert path.read_bytes() == TEXT, (headers, size)
                path.unlink()


@pytest.mark.parametrize("length", [True, False])
def test_the_announced_size_says_that_a_file_is_itself_compressed(
    kind: ClientKind, tmp_path: Path, length: bool
) -> None:
    body = gzip.compress(TEXT)
    headers = {"content-encoding": "gzip"}
    if length:
        headers["content-length"] = str(len(body))
    with server(always((200, headers, body))) as (url, _):
        assert save(kind, url, tmp_path, len(body), 1).read_bytes() == body


def test_a_broken_encoded_body_is_begun_anew(kind: ClientKind, tmp_path: Path) -> None:
    content = gzip.compress(CONTENT, 0)
    answer = cdn(content, cut={1: 500_000}, etag='"one"', **{"content-encoding": "gzip"})
    with server(answer) as (url, heard):
        assert save(kind, url, tmp_path).read_bytes() == CONTENT
    assert [each.get("range") for each in heard] == [None, None]


def test_a_limit_holds_for_decoded_bytes(kind: ClientKind, tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50_000_000), 1)
    with server(always((200, {"content-encoding": "gzip"}, bomb))) as (url, _):
        output = output_of(kind, url, None)

        async def main() -> None:
            await got(output.save(tmp_path, max_bytes=1_000_000))

        with pytest.raises(DownloadError, match="limit of 1000000 bytes"):
            asyncio.run(main())
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_on_the_disk_before_it_has_its_name(
    kind: ClientKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def check(file: int) -> None:
        assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
        fsync(file)
        synced.append(os.fstat(file).st_size)

    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", check)
    with server(cdn(CONTENT)) as (url, _):
        save(kind, url, tmp_path)
    assert synced[-1] == SIZE


@pytest.mark.parametrize("method", ["sync", "publish"])
def test_a_disk_that_fails_makes_no_file(
    kind: ClientKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """The system tells of it once: the next call succeeds."""
    plain = getattr(PartialFile, method)

    def fail_once(file: PartialFile) -> object:
        if not failed:
            failed.append(file)
            raise OSError(errno.EIO, "Input/output error")
        return plain(file)

    failed: list[PartialFile] = []
    monkeypatch.setattr(PartialFile, method, fail_once)
    with server(cdn(CONTENT)) as (url, _), pytest.raises(DownloadError, match="Input/output error"):
        save(kind, url, tmp_path)
    assert failed
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a" * 251 + ".bin", "é" * 125 + ".bin", "a" * 255])
def test_a_name_as_long_as_the_disk_takes_is_saved(
    kind: ClientKind, tmp_path: Path, name: str
) -> None:
    with server(cdn(CONTENT)) as (url, _):
        assert save(kind, url, tmp_path / name).read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [tmp_path / name]


@pytest.mark.parametrize("path", ["a" * 300, "a" * 300 + "/x", "a/" * 3000, "file/x", "loop/x"])
def test_a_path_that_cannot_be_is_a_download_error(
    kind: ClientKind, tmp_path: Path, path: str
) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    with server(cdn(CONTENT)) as (url, heard), pytest.raises(DownloadError, match="cannot write"):
        save(kind, url, tmp_path / path)
    assert heard == []


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such files")
@pytest.mark.parametrize("target", ["pipe", "link to pipe"])
def test_only_a_file_is_replaced(kind: ClientKind, tmp_path: Path, target: str) -> None:
    """``/dev/null`` stays what it is, for ``root`` too."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link to pipe").symlink_to("pipe")
    with server(cdn(CONTENT)) as (url, heard), pytest.raises(DownloadError, match="not a file"):
        save(kind, url, tmp_path / target)
    assert heard == []
    assert (tmp_path / target).is_fifo()
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("target", [".", "x", "folder/"])
def test_a_folder_that_vanished_is_a_download_error(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()

    async def flow(client: Any) -> None:
        result = await got(client.run(TOOL, {"prompt": "x"}))
        monkeypatch.chdir(gone)
        gone.rmdir()
        for fetch in (result.download, result.outputs[0].save):
            with pytest.raises(DownloadError, match="cannot write"):
                await got(fetch(target))

    kit.run(flow)


@pytest.mark.parametrize("room", [0, 100_000, 2_000_000])
def test_a_full_disk_gets_its_room_back(kind: ClientKind, tmp_path: Path, room: int) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with server(cdn(CONTENT, etag='"one"')) as (url, heard):
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
        try:
            with pytest.raises(DownloadError, match="cannot write"):
                save(kind, url, tmp_path)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert len(heard) == 1
        assert list(tmp_path.iterdir()) == []
        assert save(kind, url, tmp_path).read_bytes() == CONTENT


def test_more_is_received_while_the_last_is_written(
    kind: ClientKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive, write = StreamResponse.aiter_raw, Sink.write
    received = threading.Condition()
    sizes = [0]

    async def counting(response: StreamResponse) -> AsyncIterator[bytes]:
        async for piece in receive(response):
            with received:
                sizes[0] += len(piece)
                received.notify_all()
            yield piece

    def waiting(sink: Sink, pieces: Sequence[bytes]) -> None:
        given[0] += sum(map(len, pieces))
        with received:
            more.append(received.wait_for(lambda: sizes[0] > given[0] or given[0] == SIZE, 5))
        write(sink, pieces)

    given = [0]
    more: list[bool] = []
    monkeypatch.setattr(StreamResponse, "aiter_raw", counting)
    monkeypatch.setattr(Sink, "write", waiting)
    with server(cdn(CONTENT)) as (url, _):
        assert save(kind, url, tmp_path).read_bytes() == CONTENT
    assert len(more) > 1
    assert all(more)


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("cut", [SIZE, 1_500_000])
def test_a_write_that_fails_late_fails_the_download(
    kind: ClientKind,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    number: int,
    cut: int,
) -> None:
    write = Sink.write
    written: list[int] = []

    def failing(sink: Sink, pieces: Sequence[bytes]) -> None:
        written.append(sum(map(len, pieces)))
        if len(written) == number:
            time.sleep(0.2)
            raise OSError(errno.ENOSPC, "No space left on device")
        write(sink, pieces)

    monkeypatch.setattr(Sink, "write", failing)
    with server(cdn(CONTENT, etag='"one"', cut={1: cut})) as (url, _):
        with pytest.raises(DownloadError, match=rf"cannot write {tmp_path}.*: No space left"):
            save(kind, url, tmp_path)
        gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert [record for record in caplog.records if record.name == "asyncio"] == []


def test_what_is_being_written_is_dropped_with_the_rest(
    kind: ClientKind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = Sink.write

    def slowly(sink: Sink, pieces: Sequence[bytes]) -> None:
        time.sleep(0.1)
        write(sink, pieces)

    monkeypatch.setattr(Sink, "write", slowly)
    with server(cdn(CONTENT, cut={1: 1_500_000})) as (url, heard):
        assert save(kind, url, tmp_path).read_bytes() == CONTENT
    assert len(heard) == 2


@pytest.mark.parametrize("received", [1_500_000, SIZE])
@pytest.mark.parametrize("fails", [False, True])
def test_a_download_is_cancelled_while_it_writes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fails: bool,
    received: int,
) -> None:
    write, begun, released = Sink.write, threading.Event(), threading.Event()

    def slowly(sink: Sink, pieces: Sequence[bytes]) -> None:
        begun.set()
        time.sleep(0.2)
        write(sink, pieces)
        if fails:
            raise OSError(errno.EIO, "Input/output error")

    def stalling(asked: dict[str, str], number: int) -> Reply:
        return 200, {"content-length": str(SIZE)}, CONTENT[:received]

    async def main(url: str) -> None:
        task = asyncio.ensure_future(got(output_of("async", url).save(tmp_path)))
        await asyncio.to_thread(begun.wait)
        await asyncio.sleep(0.3 if received < SIZE else 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    monkeypatch.setattr(Sink, "write", slowly)
    with server(stalling, hold=released) as (url, _):
        asyncio.run(main(url))
        released.set()
    gc.collect()
    assert list(tmp_path.iterdir()) == []
    assert [record for record in caplog.records if record.name == "asyncio"] == []


@pytest.mark.parametrize(
    "target",
    [
        "http://localhost:{port}/x",
        "https://localhost:{port}/x",
        "http://127.0.0.2:{port}/x",
        "https://[::1]:{port}/x",
        "http://2130706433:{port}/x",
        "//localhost:{port}/x",
        "http://user:pw@127.0.0.1:{port}/x",
        "http://cdn.wiro.ai/x",
        "file:///etc/passwd",
        "http://[",
    ],
)
def test_redirects_obey_the_rules_of_addresses(
    kind: ClientKind, tmp_path: Path, target: str
) -> None:
    https = {"base_url": "https://api.wiro.ai/v1", "allow_hosts": ["127.0.0.1"]}
    places: list[str] = []

    def answer(_asked: dict[str, str], number: int) -> Reply:
        return 302, {"location": places[number - 1], "content-length": "0"}, b""

    with server(answer) as (url, heard):
        port = url.split(":")[2].partition("/")[0]
        places += [f"http://127.0.0.1:{port}/again", target.format(port=port)]
        with pytest.raises(DownloadError, match=r"file\.bin: "):
            save(kind, url, tmp_path, **https)
    assert len(heard) == 2


def test_a_client_of_https_fetches_nothing_from_this_computer(
    kind: ClientKind, tmp_path: Path
) -> None:
    with server(cdn(CONTENT)) as (url, heard):
        with pytest.raises(DownloadError, match=r"allow_hosts=\['127.0.0.1'\]"):
            save(kind, url, tmp_path, base_url="https://api.wiro.ai/v1")
        assert heard == []
        https = {"base_url": "https://api.wiro.ai/v1", "allow_hosts": ["127.0.0.1"]}
        assert save(kind, url, tmp_path, **https).read_bytes() == CONTENT


def test_no_cookie_goes_from_one_download_to_another(kit: Kit, tmp_path: Path) -> None:
    with server(always((200, {"set-cookie": "seen=1; Path=/"}, b"x"))) as (url, heard):
        outputs: Any = [{"name": "a", "url": url}, {"name": "b", "url": url}]
        kit.simulator.faults.add("Task/Detail", faults.task_field("outputs", outputs), times=None)

        async def flow(client: Any) -> None:
            result = await got(client.run(TOOL, {"prompt": "x"}))
            await got(result.download(tmp_path, concurrency=1))
            await got(result.outputs[0].read())

        kit.run(flow)
    assert len(heard) == 3
    assert not any("cookie" in headers for headers in heard)


@contextmanager
def slow() -> Generator[tuple[str, threading.Event], None, None]:
    """The address of a file of which one half comes, then nothing."""
    begun, over = threading.Event(), threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(PLAIN + b"Content-Length: 3000000\r\n\r\n" + HALF)
            begun.set()
            over.wait(60)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    threading.Thread(target=serve, args=listener.accept()[:1], daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/file.bin", begun
        over.set()
        listener.shutdown(socket.SHUT_RDWR)


def test_a_silent_server_is_given_up(kind: ClientKind, tmp_path: Path) -> None:
    with slow() as (url, _), pytest.raises(DownloadError, match=r"no data within 0.2 s"):
        save(kind, url, tmp_path, attempts=1, timeouts=Timeouts(read=0.2))
    assert list(tmp_path.iterdir()) == []


def test_a_transfer_has_a_limit(kind: ClientKind, tmp_path: Path) -> None:
    begin = time.monotonic()
    with slow() as (url, _), pytest.raises(DownloadError, match=r"not whole after 0.3 s"):
        save(kind, url, tmp_path, timeouts=Timeouts(transfer=0.3))
    assert time.monotonic() - begin < 10
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("twice", [False, True])
def test_a_cancelled_download_leaves_nothing(tmp_path: Path, twice: bool) -> None:
    async def main(url: str, begun: threading.Event) -> float:
        output = output_of("async", url)
        task = asyncio.ensure_future(got(output.save(tmp_path)))
        await asyncio.to_thread(begun.wait)
        await asyncio.sleep(0.1)
        assert len(await asyncio.to_thread(os.listdir, tmp_path)) == 1
        begin = time.monotonic()
        task.cancel()
        if twice:
            await asyncio.sleep(0)
            task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - begin

    with slow() as (url, begun):
        assert asyncio.run(main(url, begun)) < 2
    assert list(tmp_path.iterdir()) == []


def test_closing_the_client_ends_its_downloads(kit: Kit, tmp_path: Path) -> None:
    with slow() as (url, begun):
        outputs: Any = [{"name": "a", "url": url}, {"name": "b", "url": url}]
        kit.simulator.faults.add("Task/Detail", faults.task_field("outputs", outputs), times=None)

        async def flow() -> None:
            client = kit.client()
            result = await got(client.run(TOOL, {"prompt": "x"}))
            if isinstance(client, Wiro):
                threading.Timer(0.5, client.close).start()
                await asyncio.to_thread(result.download, tmp_path)
            else:
                download = asyncio.ensure_future(got(result.download(tmp_path)))
                await asyncio.to_thread(begun.wait)
                await client.aclose()
                await download

        begin = time.monotonic()
        with pytest.raises(DownloadError, match="the client was closed") as caught:
            asyncio.run(flow())
        assert time.monotonic() - begin < 10
        assert caught.value.retryable
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("samples", [1, 4])
def test_ctrl_c_ends_a_download_at_once(instant: Simulator, tmp_path: Path, samples: int) -> None:
    script = """
import sys, time
from wiro_runtime import PollSchedule, Wiro

with Wiro(poll=PollSchedule.every(0.01)) as client:
    result = client.run("wiro/painter", {"prompt": "x", "samples": int(sys.argv[2])})
    try:
        result.download(sys.argv[1])
    except KeyboardInterrupt:
        print("interrupted")
"""
    instant.plan(Scenario(output_size=SIZE), times=None)
    instant.faults.add("cdn/*", faults.drip(1), times=None)
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path, str(samples)],
        env={**os.environ, **instant.env()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 60
        while len(instant.downloads) < samples and time.monotonic() < deadline:
            time.sleep(0.01)
        begin = time.monotonic()
        process.send_signal(signal.SIGINT)
        try:
            assert process.communicate(timeout=30) == ("interrupted\n", "")
        finally:
            process.kill()
    assert time.monotonic() - begin < 10
    assert len(instant.downloads) == samples
    assert list(tmp_path.iterdir()) == []


def test_a_result_of_an_open_client_may_be_fetched_on_another_loop(
    instant: Simulator, tmp_path: Path
) -> None:
    client = Kit("async", instant).client()
    assert isinstance(client, AsyncWiro)
    with asyncio.Runner() as runner:
        result = runner.run(client.run(TOOL, {"prompt": "x"}))
        with asyncio.Runner() as other:
            assert other.run(result.download(tmp_path)) == [tmp_path / "0.png"]
        runner.run(client.aclose())
