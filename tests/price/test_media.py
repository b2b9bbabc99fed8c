"""The length of audio and video files, of which none is trusted."""

from __future__ import annotations

import io
import struct
import time
from decimal import Decimal
from pathlib import Path

import pytest

from wiro_runtime.inputs.media import media_seconds
from wiro_runtime.price import Tariff

FRAME = b"\xff\xfb\x90\x00" + b"\0" * 413
"""Of an MP3 file: 1,152 samples, 44.1 kHz, 128 kbit/s."""


def box(kind: bytes, content: bytes, size: int | None = None) -> bytes:
    return struct.pack(">I", 8 + len(content) if size is None else size) + kind + content


def mvhd(scale: int, duration: int, *, version: int = 0) -> bytes:
    times = struct.pack(">IIII" if not version else ">QQIQ", 0, 0, scale, duration)
    return box(b"mvhd", bytes([version, 0, 0, 0]) + times + b"\0" * 80)


START = box(b"ftyp", b"isom\0\0\2\0isom")
DATA = box(b"mdat", b"\0" * 4_000_000)


def mp4(header: bytes, data: bytes = DATA) -> bytes:
    return START + box(b"moov", header) + data


def xing(frames: int, size: int) -> bytes:
    told = b"Xing" + struct.pack(">III", 3, frames, size)
    return FRAME[:36] + told + FRAME[36 + len(told) :]


def flac(rate: int, samples: int, data: bytes = b"\0" * 50_000) -> bytes:
    told = (rate << 44 | 1 << 41 | 15 << 36 | samples).to_bytes(8)
    return b"fLaC\x80\0\0\x22" + b"\0" * 10 + told + b"\0" * 16 + data


def page(granule: int, kind: int, data: bytes) -> bytes:
    sizes = [255] * (len(data) // 255) + [len(data) % 255]
    head = b"OggS\0" + bytes([kind]) + struct.pack("<qIIIB", granule, 7, 0, 0, len(sizes))
    return head + bytes(sizes) + data


def opus(samples: int) -> bytes:
    head = b"OpusHead\1\1" + struct.pack("<HIhB", 0, 48000, 0, 0)
    tags = b"OpusTags" + struct.pack("<II", 0, 0)
    return page(0, 2, head) + page(0, 0, tags) + page(samples, 4, b"\0" * 5000)


LENGTHS = {
    "mp3 without a header": (FRAME * 400, "10.448980"),
    "mp3 with one": (xing(400, 400 * 417) + FRAME * 400, "10.448980"),
    "mp4": (mp4(mvhd(1000, 7500)), "7.500000"),
    "mp4 of 64 bits": (mp4(mvhd(1000, 7500, version=1)), "7.500000"),
    "mp4 whose last box has no size": (
        mp4(mvhd(1, 9), box(b"mdat", b"x" * 1000, 0)),
        "9.000000",
    ),
    "mp4 with its data first": (START + DATA + box(b"moov", mvhd(600, 1200)), "2.000000"),
    "flac": (flac(44100, 441000), "10.000000"),
    "opus": (opus(48000 * 3), "3.000000"),
}

WITHOUT = {
    "nothing": b"",
    "an image": b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
    "webm": b"\x1aE\xdf\xa3" + b"\0" * 100,
    "fragments of mp4, of which the header has the first": mp4(
        mvhd(1000, 7500), DATA + box(b"moof", b"\0" * 100) + DATA
    ),
    "no time scale": mp4(mvhd(0, 100)),
    "no length": mp4(mvhd(1000, 0)),
    "ten hours": mp4(mvhd(1000, 36_000_000)),
    "the longest of all": mp4(mvhd(1, 2**64 - 1, version=1)),
    "cut mp4": mp4(mvhd(1000, 7500))[:-1],
    "cut header": mp4(mvhd(1000, 7500))[:60],
    "a box larger than the file": START + box(b"moov", mvhd(1000, 7500), 2**31) + DATA,
    "boxes of no size": START + box(b"moov", mvhd(1000, 7500), 7) + DATA,
    "more time than data": mp4(mvhd(1000, 7_500_000), b""),
    "cut mp3": (xing(400, 400 * 417) + FRAME * 400)[:-9000],
    "a tag larger than the file": b"ID3\4\0\0\x7f\x7f\x7f\x7f" + FRAME,
    "flac without a rate": flac(0, 441000),
    "flac of more than it holds": flac(8000, 2**36 - 1),
    "ogg without audio": page(0, 2, b"x" * 5000),
    "ogg cut in a page": opus(48000)[:70],
}


def nested() -> bytes:
    inner = mvhd(1000, 7500)
    for kind in (b"trak", b"mdia", b"moov") * 2000:
        inner = box(kind, inner)
    return START + inner


SLOW = {
    "nested": nested(),
    "boxes without end": START + box(b"free", b"") * 500_000,
    "headers without end": START + box(b"moov", mvhd(1000, 7500)) * 50_000,
    "no frame": b"\xff\xfb" * 2_000_000,
    "pages without end": page(0, 2, b"") * 500_000,
}


@pytest.mark.parametrize("name", LENGTHS)
def test_a_file_tells_how_long_it_is(name: str, tmp_path: Path) -> None:
    data, length = LENGTHS[name]
    (tmp_path / "any name").write_bytes(data)
    opened = io.BytesIO(data)
    opened.seek(3)
    for file in (data, tmp_path / "any name", opened):
        assert media_seconds(file) == (Decimal(length), False)
    assert opened.tell() == 3
    # A price by it is an estimate.
    tariff = Tariff({
        "audio": ["a"], "rates": [{"inputs": {}, "method": "cp-audiosecondslength", "price": "1"}],
    })  # fmt: skip
    price = tariff.price({"a": data})
    assert (price.low, price.high, price.exact) == (Decimal(length), Decimal(length), False)


@pytest.mark.parametrize("name", WITHOUT)
def test_an_odd_file_has_no_length(name: str) -> None:
    opened = io.BytesIO(WITHOUT[name])
    opened.seek(1)
    assert media_seconds(opened) is None
    assert opened.tell() == 1


@pytest.mark.parametrize("name", SLOW)
def test_a_file_that_takes_long_to_read_has_no_length(name: str) -> None:
    begin = time.process_time()
    assert media_seconds(SLOW[name]) is None
    assert time.process_time() - begin < 5


@pytest.mark.parametrize("name", LENGTHS)
def test_a_damaged_file_never_fails(name: str) -> None:
    data, _ = LENGTHS[name]
    for place in range(min(len(data), 300)):
        for value in (0, 0x7F, 0xFF):
            found = media_seconds(data[:place] + bytes([value]) + data[place + 1 : 60_000])
            assert found is None or 0 < found[0] < 36_000
