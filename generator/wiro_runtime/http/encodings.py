"""``Content-Encoding`` of files and responses: known codings are decoded, all others mean nothing.

Stores and proxies put much into this header: ``aws-chunked``, ``UTF-8``, ``none``, blanks. Such
files are as they should be already.
"""

from __future__ import annotations

import re
import zlib
from contextlib import suppress
from functools import partial
from io import BytesIO
from typing import IO, TYPE_CHECKING, Final

import httpx2

from wiro_runtime.errors import ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE: Final = 2**20
"""Bytes that one step decodes at most, whatever a small compressed piece stands for."""

_GZIP: Final = 31
"""``wbits`` of zlib for one member of a file in gzip."""

_HEAD: Final = 32
"""Bytes at the beginning of deflate without header, not all of which are those of a text."""

_TEXT: Final = re.compile(rb"[\t\n\r -~]+")

_GZIP_MAGIC: Final = b"\x1f\x8b"
_MAGIC: Final = {
    "gzip": _GZIP_MAGIC,
    "x-gzip": _GZIP_MAGIC,
    "zstd": bytes.fromhex("28b52ffd"),
}
"""How data begins to which a coding was applied. A .gz file that is called ``br`` is none."""

_OF_HTTPX2: Final = frozenset({"br", "zstd"})
_KNOWN: Final = frozenset({"gzip", "x-gzip", "deflate"}) | _OF_HTTPX2


def codings_of(header: str) -> list[str]:
    """The known codings of a ``Content-Encoding`` header, the last to be applied first."""
    names = [name.strip().lower() for name in header.split(",")]
    return [name for name in reversed(names) if name in _KNOWN]


def decode(file: IO[bytes], coding: str) -> Iterator[bytes]:
    """The pieces of what ``coding`` was applied to; those of ``file`` itself where it was not.

    Raises :class:`ConnectionFailed` when the data is damaged or its end is missing.
    """
    pieces = _by_httpx2(file, coding) if coding in _OF_HTTPX2 else _inflate(file, coding)
    begun = False
    try:
        for piece in pieces:
            begun = begun or piece != b""
            yield piece
    except (zlib.error, EOFError, httpx2.DecodingError) as error:
        file.seek(0)
        head = file.read(4)
        cut = isinstance(error, EOFError) and _has_zlib_header(head)
        if begun or cut or head.startswith(_MAGIC.get(coding, ())):
            raise ConnectionFailed(f"damaged {coding} data: {error}") from None
        file.seek(0)
        yield from _pieces(file)


def decode_part(data: bytes, coding: str, limit: int) -> bytes:
    """``data`` decoded as far as that goes, some more than ``limit`` bytes at most; ``data`` itself
    where ``coding`` was not applied to it."""
    decoded = bytearray()
    with suppress(ConnectionFailed):
        for piece in decode(BytesIO(data), coding):
            decoded += piece
            if len(decoded) > limit:
                break
    return bytes(decoded) or data


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    return iter(partial(file.read, _PIECE), b"")


def _has_zlib_header(head: bytes) -> bool:
    return head[:1] != b"" and head[0] & 15 == 8 and int.from_bytes(head[:2]) % 31 == 0


def _inflate(file: IO[bytes], coding: str) -> Iterator[bytes]:
    """Decode gzip or deflate. Unlike the decoders of httpx2, this one notices a missing end and
    reads all members of a file (as ``cat a.gz b.gz`` makes)."""
    wrapper = _GZIP
    if coding == "deflate":
        # Sent with the header of zlib and without it.
        head = file.read(_HEAD)
        file.seek(0)
        wrapper = 15 if _has_zlib_header(head) else -15
        if wrapper == -15 and _TEXT.fullmatch(head):
            # `{` and a line break would be 0xE5 and an end.
            raise zlib.error("it is text")
    decoder = zlib.decompressobj(wrapper)
    data, begun = b"", False
    while data := data or file.read(_PIECE):
        if decoder.eof:
            # Zeros that fill up a block may follow the last member.
            if wrapper != _GZIP or data[0] != 0x1F:
                return
            decoder = zlib.decompressobj(_GZIP)
        piece, given = decoder.decompress(data, _PIECE), len(data)
        data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
        if wrapper == -15 and decoder.eof and not begun and 2 * len(data) > given:
            # Without header and checksum, the first bytes of any file may look like all of it.
            raise zlib.error("more follows than was decoded")
        begun = True
        yield piece
    yield decoder.flush()
    if not decoder.eof:
        raise EOFError("its end is missing")


def _by_httpx2(file: IO[bytes], coding: str) -> Iterator[bytes]:
    headers = {"content-encoding": coding}
    return httpx2.Response(200, headers=headers, content=_pieces(file)).iter_bytes()
