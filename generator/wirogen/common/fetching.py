"""One GET request with a limit for everything: seconds, bytes, encodings.

A server may send a byte a second, a body without end, or a kilobyte that unpacks to a gigabyte.
Read and connect timeouts limit a single wait only, so the whole request is cancelled when its time
is over, and bodies are unpacked piece by piece here instead of by the client.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx2

ACCEPT_ENCODING: Final = "gzip"
"""What a client of :func:`get` must send as ``accept-encoding``; other encodings are refused."""

_GZIP: Final = 16 + zlib.MAX_WBITS


class DownloadError(Exception):
    """A resource that cannot be used; the text is one line.

    ``unreachable``: no complete response came, so the next request to the same server will hardly
    fare better.
    """

    def __init__(self, message: str, *, unreachable: bool = False) -> None:
        super().__init__(message)
        self.unreachable = unreachable


class DownloadTimeoutError(DownloadError):
    """A response that was not complete in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A complete response. Names of ``headers`` are lower case; ``redirect`` is the address that
    it leads to, ``None`` when it leads nowhere or the client has followed it."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    redirect: str | None


async def get(
    client: httpx2.AsyncClient,
    url: str,
    *,
    seconds: float,
    max_bytes: int,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response to ``GET url``. Raises :class:`DownloadError` when it is not complete
    after ``seconds``, has more than ``max_bytes`` (unpacked), or never comes."""
    try:
        async with (
            asyncio.timeout(seconds),
            client.stream("GET", url, headers=dict(headers or {})) as response,
        ):
            return Response(
                status=response.status_code,
                headers={name.lower(): value for name, value in response.headers.items()},
                body=await _body(response, max_bytes),
                redirect=str(response.next_request.url) if response.next_request else None,
            )
    except TimeoutError:
        message = f"no complete response within {seconds:g} s"
        raise DownloadTimeoutError(message, unreachable=True) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, ValueError) as error:
        message = f"no response ({str(error) or type(error).__name__})"
        raise DownloadError(message, unreachable=True) from None


async def _body(response: httpx2.Response, max_bytes: int) -> bytes:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", ""}:
        raise DownloadError("the body has an encoding that was not asked for")
    unpack = zlib.decompressobj(_GZIP) if encoding == "gzip" else None
    body = bytearray()
    async for chunk in response.aiter_raw():
        try:
            body += unpack.decompress(chunk, max_bytes + 1 - len(body)) if unpack else chunk
        except zlib.error:
            raise DownloadError("the body is not the gzip that it says it is") from None
        if len(body) > max_bytes:
            raise DownloadError(f"larger than {max_bytes / 2**20:g} MiB")
    if unpack is not None and body and not unpack.eof:
        raise DownloadError("the body ends early", unreachable=True)
    return bytes(body)
