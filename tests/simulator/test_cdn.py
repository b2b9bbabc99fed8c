"""Outputs are real files, served in parts on request, and never in exchange for credentials."""

from __future__ import annotations

import hashlib
import struct
import zlib

import pytest

from simulator.wire import credentials, detail, get, run, send
from wiro_runtime.testing import Scenario, Simulator

pytestmark = pytest.mark.slow


@pytest.fixture
def url(sim: Simulator) -> str:
    return detail(sim, run(sim)["taskid"])["outputs"][0]["url"]


def read_png(data: bytes) -> tuple[int, int, bytes]:
    """Width, height and palette indices of a PNG, every checksum and the end of data checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at = 8
    chunks: dict[bytes, bytes] = {}
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert (
            struct.pack(">I", zlib.crc32(kind + body)) == data[at + 8 + length : at + 12 + length]
        )
        chunks[kind] = body
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    width, height, depth, colour = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colour, len(chunks[b"PLTE"])) == (8, 3, 768)
    pixels = zlib.decompress(chunks[b"IDAT"])
    assert len(pixels) == height * (width + 1)
    return width, height, pixels


def test_an_output_is_a_picture_of_the_promised_size(sim: Simulator) -> None:
    (output,) = detail(sim, run(sim)["taskid"])["outputs"]
    file = get(sim, output["url"])
    assert file.status == 200
    assert file.headers["content-type"] == "image/png"
    assert file.headers["content-length"] == output["size"] == str(len(file.data))
    _, _, pixels = read_png(file.data)
    assert len(set(pixels)) > 50


def test_width_and_height_are_those_asked_for(sim: Simulator) -> None:
    (output,) = detail(sim, run(sim, width=320, height=200)["taskid"])["outputs"]
    assert read_png(get(sim, output["url"]).data)[:2] == (320, 200)
    (output,) = detail(sim, run(sim, width=100_000, height=0)["taskid"])["outputs"]
    assert read_png(get(sim, output["url"]).data)[0] == 1024


def test_pictures_differ_by_prompt_and_number_only(sim: Simulator) -> None:
    def digests(prompt: str) -> list[str]:
        outputs = detail(sim, run(sim, prompt=prompt, samples=2)["taskid"])["outputs"]
        return [hashlib.sha256(get(sim, output["url"]).data).hexdigest() for output in outputs]

    first, second = digests("a lighthouse"), digests("a windmill")
    assert len({*first, *second}) == 4
    assert digests("a lighthouse") == first


def test_samples_says_how_many(sim: Simulator) -> None:
    assert len(detail(sim, run(sim, samples=3)["taskid"])["outputs"]) == 3
    sim.plan(Scenario(outputs=0))
    assert detail(sim, run(sim, samples=3)["taskid"])["outputs"] == []


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [("bytes=0-9", 0, 9), ("bytes=100-", 100, -1), ("bytes=-7", -7, -1), ("bytes=5-999999", 5, -1)],
)
def test_a_part_is_served(sim: Simulator, url: str, asked: str, first: int, last: int) -> None:
    whole = get(sim, url).data
    size = len(whole)
    first, last = first % size, last % size
    part = get(sim, url, {"range": asked})
    assert part.status == 206
    assert part.data == whole[first : last + 1]
    assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=9-5", "bytes=-0", "bytes=-"])
def test_a_part_that_is_not_there_is_416(sim: Simulator, url: str, asked: str) -> None:
    answer = get(sim, url, {"range": asked})
    assert answer.status == 416
    assert answer.headers["content-range"].startswith("bytes */")


def test_a_range_of_another_version_gets_the_whole(sim: Simulator, url: str) -> None:
    whole = get(sim, url)
    tag = whole.headers["etag"]
    assert get(sim, url, {"range": "bytes=1-", "if-range": tag}).status == 206
    assert get(sim, url, {"range": "bytes=1-", "if-range": '"old"'}).data == whole.data
    assert get(sim, url, {"if-none-match": tag}).status == 304
    assert get(sim, url, {"range": "lines=1-2"}).status == 200


@pytest.mark.parametrize("name", ["x-api-key", "x-signature", "x-nonce", "authorization", "cookie"])
def test_credentials_are_refused(sim: Simulator, url: str, name: str) -> None:
    answer = get(sim, url, {name: "secret"})
    assert answer.status == 400
    assert name in answer.error[1]
    assert sim.downloads[-1].headers[name] == "secret"


def test_a_signed_request_is_refused_too(sim: Simulator, url: str) -> None:
    path = url.removeprefix(sim.origin)
    assert send(sim, "GET", path, credentials(sim)).status == 400


def test_head_and_other_methods(sim: Simulator, url: str) -> None:
    path = url.removeprefix(sim.origin)
    size = str(len(get(sim, url).data))
    head = send(sim, "HEAD", path)
    assert (head.status, head.data, head.headers["content-length"]) == (200, b"", size)
    assert send(sim, "POST", path).status == 405
    assert get(sim, url + "x").status == 404
    assert get(sim, f"{sim.origin}/cdn/nowhere/0.png").status == 404
    assert get(sim, f"{sim.origin}/").status == 404


def test_an_output_is_served_when_the_task_has_ended_only(manual: Simulator) -> None:
    taskid = run(manual)["taskid"]
    manual.advance(100)
    url = detail(manual, taskid)["outputs"][0]["url"]
    assert get(manual, url).status == 200
    manual.clear()
    assert get(manual, url).status == 404


def test_a_large_file_is_served_whole_and_in_parts(sim: Simulator) -> None:
    size = 3_000_001
    sim.plan(Scenario(output_size=size))
    (output,) = detail(sim, run(sim)["taskid"])["outputs"]
    whole = get(sim, output["url"])
    assert output["size"] == whole.headers["content-length"] == str(size)
    assert len(whole.data) == size
    part = get(sim, output["url"], {"range": "bytes=262000-2900000"})
    assert part.status == 206
    assert part.data == whole.data[262000:2900001]
