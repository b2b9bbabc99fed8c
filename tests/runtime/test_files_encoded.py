"""Files that are encoded, and files that are not although their header says so."""

from __future__ import annotations

import gzip
import importlib
import io
import random
import struct
import sys
import threading
import zlib
from collections.abc import Callable
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from runtime.kit import nameless
from wiro_runtime import ConnectionFailed, TaskDetail, Wiro
from wiro_runtime.http.encodings import decode

FILE = gzip.compress(random.Random(5).randbytes(2**20) * 4, 0)  # noqa: S311 - a file, not a secret


class Handler(BaseHTTPRequestHandler):
    """Sends a .gz file as if it were another file in gzip, and parts of it without an ETag."""

    protocol_version = "HTTP/1.1"
    requests = 0

    def do_GET(self) -> None:
        Handler.requests += 1
        wanted = self.headers.get("range")
        data = FILE
        if wanted:
            start = int(wanted.removeprefix("bytes=").partition("-")[0])
            data = FILE[start:]
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(FILE) - 1}/{len(FILE)}")
        else:
            self.send_response(200)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for offset in range(0, len(data), 2**16):
            piece = data[offset : offset + 2**16]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as it is called
        pass


def test_a_file_that_is_not_encoded_after_all_is_fetched_once(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        output = {"name": "a.gz", "url": f"{base}/a.gz", "size": str(len(FILE))}
        detail = TaskDetail.read({"id": "1", "status": "task_postprocess_end", "outputs": [output]})
        with Wiro("key", base_url=f"{base}/v1") as client:
            (path,) = client.service.files.result(detail, "1").download(tmp_path)
        server.shutdown()
    assert path.read_bytes() == FILE
    assert Handler.requests == 1


def deflated(data: bytes, wbits: int = 15) -> bytes:
    compressor = zlib.compressobj(1, wbits=wbits)
    return compressor.compress(data) + compressor.flush()


@cache
def encodings(content: bytes) -> list[tuple[str, bytes]]:
    return [
        ("gzip", gzip.compress(content, 1)),
        ("gzip", gzip.compress(content[:1000], 1) + gzip.compress(content[1000:], 1)),
        ("deflate", deflated(content)),
        *([("deflate", deflated(content, -15))] if len(content) > 1 else []),
    ]


@pytest.mark.parametrize("size", [0, 1, 2**20, 3 * 2**20])
@pytest.mark.parametrize("data", [bytes(3 * 2**20), random.Random(7).randbytes(3 * 2**20)])  # noqa: S311 - no secret
@pytest.mark.parametrize("end", [b"", bytes(512), b"some lines of a log"])
def test_all_of_it_is_decoded_a_part_at_a_time(size: int, data: bytes, end: bytes) -> None:
    content = data[:size]
    for coding, body in encodings(content):
        pieces = list(decode(io.BytesIO(body + end), coding))
        assert b"".join(pieces) == content
        assert max(map(len, pieces)) <= 2**20


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_damage_is_no_end(coding: str) -> None:
    content = random.Random(9).randbytes(3 * 2**20)  # noqa: S311 - no secret
    whole = gzip.compress(content, 1) if coding == "gzip" else deflated(content)
    middle = len(whole) // 2
    for body in (whole[:-1], whole[:middle], whole[:middle] + b"#" * 99 + whole[middle + 99 :]):
        with pytest.raises(ConnectionFailed):
            list(decode(io.BytesIO(body), coding))


@pytest.mark.parametrize("size", [3, 20, 40])
@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_is_cut_before_it_gives_anything_is_damaged(coding: str, size: int) -> None:
    content = b"hello world " * 1000
    whole = gzip.compress(content) if coding == "gzip" else deflated(content)
    with pytest.raises(ConnectionFailed):
        list(decode(io.BytesIO(whole[:size]), coding))


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"plain text" * 1000,
        b"\x89PNG" + bytes(3 * 2**20),
        b"{\n",
        b'{\n  "taskid": "705"\n}',
        b'{"taskid":65770}',
        b"cartoon",
        b"[\n  705\n]\n" * 200_000,
        b"\x93NUMPY\x01\0" + bytes(range(256)),
        struct.pack("<Q", 1_002_299) + b'{"__metadata__":{}}' + bytes(range(256)),
    ],
    ids=nameless,
)
def test_what_is_not_encoded_stays_as_it_is(coding: str, body: bytes) -> None:
    assert b"".join(decode(io.BytesIO(body), coding)) == body


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("size", [0, 1000, 2**20])
def test_a_compressed_file_that_is_called_compressed_otherwise_stays_as_it_is(
    coding: str, size: int
) -> None:
    content = random.Random(11).randbytes(size)  # noqa: S311 - no secret
    files = {"zstd": in_zstd(content), "gzip": gzip.compress(content, mtime=0)}
    for name, file in files.items():
        if name != coding.removeprefix("x-"):
            assert b"".join(decode(io.BytesIO(file), coding)) == file


# Neither has types.
BROTLI = importlib.import_module("brotli")
ZSTD = importlib.import_module(
    "backports.zstd" if sys.version_info < (3, 14) else "compression.zstd"
)


def in_br(data: bytes) -> bytes:
    return BROTLI.compress(data, quality=1)


def in_zstd(data: bytes) -> bytes:
    return ZSTD.compress(data)


def in_two_frames(data: bytes) -> bytes:
    return in_zstd(data[:500]) + in_zstd(data[500:])


@pytest.mark.parametrize("size", [0, 1, 1000, 3 * 2**20])
@pytest.mark.parametrize("data", [bytes(3 * 2**20), random.Random(7).randbytes(3 * 2**20)])  # noqa: S311 - no secret
@pytest.mark.parametrize(
    ("coding", "compress"), [("br", in_br), ("zstd", in_zstd), ("zstd", in_two_frames)]
)
def test_br_and_zstd_are_decoded_a_part_at_a_time(
    coding: str, compress: Callable[[bytes], bytes], data: bytes, size: int
) -> None:
    pieces = list(decode(io.BytesIO(compress(data[:size])), coding))
    assert b"".join(pieces) == data[:size]
    assert max(map(len, pieces), default=0) <= 2**20


@pytest.mark.parametrize("size", [10, 20, 100])
def test_cut_zstd_is_damaged(size: int) -> None:
    whole = in_zstd(random.Random(9).randbytes(1000))  # noqa: S311 - no secret
    with pytest.raises(ConnectionFailed):
        list(decode(io.BytesIO(whole[:size]), "zstd"))
