"""One GET request with a limit for everything: seconds, bytes, encodings, redirects.

A server may send a byte a second, a body without end, a kilobyte that unpacks to a gigabyte, or
lead into a network that only this machine reaches.
Read and connect timeouts limit a single wait only, so the whole request is cancelled when its time
is over, and bodies are unpacked piece by piece here instead of by the client.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import httpx2

ACCEPT_ENCODING: Final = "gzip"
"""What a client of :func:`get` must send as ``accept-encoding``; other encodings are refused."""

_GZIP: Final = 16 + zlib.MAX_WBITS
_REDIRECTS: Final = 3


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
    """A complete response. Names of ``headers`` are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


async def get(
    client: httpx2.AsyncClient,
    url: str,
    *,
    seconds: float,
    max_bytes: int,
    allowed: Callable[[str], object],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the response to ``GET url``, or that of the address where it leads; bodies of
    redirects are not read. ``allowed`` raises :class:`DownloadError` for an address that may not
    be asked.

    Raises :class:`DownloadError` when the response is not complete after ``seconds``, has more than
    ``max_bytes`` (unpacked), or never comes.
    """
    try:
        async with asyncio.timeout(seconds):
            for _ in range(_REDIRECTS + 1):
                allowed(url)
                given = dict(headers or {})
                async with client.stream(
                    "GET", url, headers=given, follow_redirects=False
                ) as response:
                    if response.next_request is None:
                        return Response(
                            status=response.status_code,
                            headers={key.lower(): text for key, text in response.headers.items()},
                            body=await _body(response, max_bytes),
                        )
                    url = str(response.next_request.url)
            raise DownloadError(f"more than {_REDIRECTS} redirects")
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
    packed = encoding == "gzip"
    unpack = zlib.decompressobj(_GZIP)
    body = bytearray()
    received = 0
    async for chunk in response.aiter_raw():
        received += len(chunk)
        rest = chunk if packed else b""
        body += b"" if packed else chunk
        while rest and len(body) <= max_bytes:
            if unpack.eof:  # A body may be several packed files, one behind the other.
                unpack = zlib.decompressobj(_GZIP)
            try:
                body += unpack.decompress(rest, max_bytes + 1 - len(body))
            except zlib.error:
                raise DownloadError("the body is not the gzip that it says it is") from None
            rest = unpack.unused_data
        if max(received, len(body)) > max_bytes:
            raise DownloadError(f"larger than {max_bytes / 2**20:g} MiB")
    if packed and body and not unpack.eof:
        raise DownloadError("the body ends early", unreachable=True)
    return bytes(body)
