"""Files that tasks produce: small and real, pictures and sounds different for every prompt."""

from __future__ import annotations

import colorsys
import hashlib
import io
import math
import struct
import wave
import zlib
from functools import cache, lru_cache
from pathlib import Path
from typing import Final

MAX_SIDE: Final = 1024
_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"


@lru_cache(maxsize=512)
def png(seed: str, width: int, height: int) -> bytes:
    """A PNG of bands whose colours and slope follow from ``seed``; same seed, same bytes.

    Sides are limited to 1 to 1024 pixels; one that is 0 follows from ``seed``, too.
    """
    digest = hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()
    width = min(max(width or 256 + digest[5], 1), MAX_SIDE)
    height = min(max(height or 256 + digest[6], 1), MAX_SIDE)
    shades = (
        colorsys.hsv_to_rgb(
            (digest[0] + index / 3) / 256 % 1, 0.75 - index / 700, 0.4 + index / 450
        )
        for index in range(256)
    )
    palette = bytes(round(part * 255) for shade in shades for part in shade)
    lean = digest[1] - 128
    # There and back, so that no band has an edge.
    ramp = bytes((*range(256), *range(255, -1, -1))) * (width // 512 + 2)
    starts = ((y * lean // 96 + digest[2] * 2) % 512 for y in range(height))
    rows = b"".join(b"\0" + ramp[start : start + width] for start in starts)
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return b"".join((
        _SIGNATURE,
        _chunk(b"IHDR", header),
        _chunk(b"PLTE", palette),
        _chunk(b"IDAT", zlib.compress(rows, 1)),
        _chunk(b"IEND", b""),
    ))  # fmt: skip


@lru_cache(maxsize=64)
def wav(seed: str, seconds: float = 0.5) -> bytes:
    """A mono 8 kHz WAV file with a tone whose pitch follows from ``seed``."""
    pitch = 220 + hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()[0] * 2
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        count = int(8000 * seconds)
        file.writeframes(
            bytes(128 + int(60 * math.sin(i * pitch * math.tau / 8000)) for i in range(count))
        )
    return buffer.getvalue()


@cache
def film() -> bytes:
    """An MP4 file (H.264) of two seconds without sound, the same for every prompt."""
    return (Path(__file__).parent / "film.mp4").read_bytes()


@cache
def model() -> bytes:
    """A binary glTF 2.0 file of a coloured cube, the same for every prompt."""
    return (Path(__file__).parent / "cube.glb").read_bytes()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
