"""``Content-Encoding`` of files: known codings are decoded, all others mean nothing.

Stores and proxies put much into this header: ``aws-chunked``, ``UTF-8``, ``none``, blanks. Such
files are as they should be already.
"""

from __future__ import annotations

import zlib
from functools import cache
from typing import TYPE_CHECKING, Final

import httpx2

from wiro_runtime.errors import ConnectionFailed, DownloadError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

_PIECE: Final = 2**20
"""Bytes that one step decodes at most, whatever a small compressed piece stands for."""

_WRAPPERS: Final = {"gzip": (31,), "x-gzip": (31,), "deflate": (15, -15)}
"""``wbits`` of zlib. Servers send ``deflate`` with and without its header."""

_EMPTY: Final = {"br": b"\x3b", "zstd": bytes.fromhex("28b52ffd2000010000")}
"""Nothing, compressed: shows whether httpx2 has the package that decodes it."""


class NotEncoded(Exception):  # noqa: N818 - says what was found
    """The body is not what its header says; nothing of it was decoded."""


def codings_of(header: str) -> list[str]:
    """The known codings of a ``Content-Encoding`` header, the last to be applied first."""
    names = [name.strip().lower() for name in header.split(",")]
    return [name for name in reversed(names) if name in _WRAPPERS or name in _EMPTY]


def decode(body: AsyncIterator[bytes], codings: Sequence[str]) -> AsyncIterator[bytes]:
    """The bytes that ``codings`` were applied to.

    Raises :class:`NotEncoded` when they were not, :class:`ConnectionFailed` when the body is
    damaged or its end is missing, :class:`DownloadError` when a package for it is missing.
    """
    for coding in codings:
        body = _inflate(body, coding) if coding in _WRAPPERS else _by_httpx2(body, coding)
    return body


async def _inflate(body: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    """Decode gzip or deflate. Unlike the decoders of httpx2, this one notices a missing end and
    reads all members of a file (as ``cat a.gz b.gz`` makes)."""
    wrappers = list(_WRAPPERS[coding])
    decoder = zlib.decompressobj(wrappers.pop(0))
    begun = False
    head = b""
    async for received in body:
        data = received
        if not begun:
            head += data
        while data:
            if decoder.eof:
                # Zeros that fill up a block may follow the last member.
                if coding == "deflate" or data[0] != 0x1F:
                    break
                decoder = zlib.decompressobj(31)
            try:
                piece = decoder.decompress(data, _PIECE)
            except zlib.error as error:
                if begun:
                    raise ConnectionFailed(f"damaged {coding} data: {error}") from None
                if not wrappers:
                    raise NotEncoded from None
                decoder, data = zlib.decompressobj(wrappers.pop(0)), head
                continue
            data = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            while piece:
                begun = True
                yield piece
                # zlib gives what it keeps inside without new data.
                full = len(piece) == _PIECE and not decoder.eof and not data
                piece = decoder.decompress(b"", _PIECE) if full else b""
    if head and not begun and head[0] != 0x1F:
        raise NotEncoded
    if head and not decoder.eof:
        raise ConnectionFailed(f"the end of the {coding} data is missing")


async def _by_httpx2(body: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    if not _can_decode(coding):
        package = {"br": "brotli", "zstd": "backports.zstd"}[coding]
        raise DownloadError(f"the server compressed it with {coding}: install {package}")
    begun = False
    response = httpx2.Response(200, headers={"content-encoding": coding}, content=body)
    try:
        async for piece in response.aiter_bytes():
            begun = True
            yield piece
    except httpx2.DecodingError as error:
        if begun:
            raise ConnectionFailed(f"damaged {coding} data: {error}") from None
        raise NotEncoded from None


@cache
def _can_decode(coding: str) -> bool:
    empty = _EMPTY[coding]
    return not httpx2.Response(200, headers={"content-encoding": coding}, content=empty).content
