"""Connections for files. They never carry a credential, nor any other header of ours."""

from __future__ import annotations

import socket
from contextlib import closing, contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

import httpx2

from wiro_runtime.errors import ConnectionFailed
from wiro_runtime.http.deadlines import Deadline, DeadlineTransport, as_httpx2
from wiro_runtime.http.httpx_common import (
    FAILURES,
    connection_failed,
    limits,
    lowered,
    pool_limits,
    quiet,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from wiro_runtime.settings import Settings


_PIECE: Final = 512 * 1024
"""Bytes that are asked for at once: a quarter less work than with pieces of 128 kB."""

_LONG: Final = 2**20
"""Bytes of a body for which a connection may be spent: it is not used again."""


class Stream:
    """The answer to a GET whose body is still coming. Header names are in lower case."""

    def __init__(self, response: httpx2.Response, deadline: Deadline) -> None:
        self._deadline = deadline
        self.status = response.status_code
        self.headers = lowered(response.headers)
        self._chunks = response.iter_raw()
        self._left = _plain_length(response)
        self._network: Any = None if self._left is None else response.extensions["network_stream"]
        self._begun = False
        self._stream: Any = response.extensions["network_stream"]

    def abort(self) -> None:
        """Wake up, from another thread, the one that waits for a piece: it finds nothing more."""
        with suppress(OSError, AttributeError):
            connection: Any = self._stream.get_extra_info("socket")
            # Not by the method of an encrypted one, which would touch what is being read.
            socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def chunk(self, within: float) -> bytes:
        """The next piece of the body, ``b""`` at its end, ``within`` seconds at most.

        A long body of known length is read past the HTTP parser, which would cost more than all
        the rest: its first piece takes along what the parser has already read.
        """
        try:
            with self._deadline.within(within):
                if self._left is None or not self._begun:
                    self._begun = True
                    piece = next(self._chunks, b"")
                elif self._left == 0:
                    return b""
                else:
                    with as_httpx2():
                        piece = self._network.read(min(_PIECE, self._left), within)
        except FAILURES as error:
            raise connection_failed(error) from None
        if self._left is not None:
            if not piece:
                raise ConnectionFailed("connection lost")
            self._left -= len(piece)
        return piece


def _plain_length(response: httpx2.Response) -> int | None:
    """Bytes of a long body that follows as it is on its own connection, ``None`` for others."""
    text = response.headers.get("content-length", "")
    plain = response.extensions.get("http_version") in (b"HTTP/1.1", b"HTTP/1.0")
    if not plain or "transfer-encoding" in response.headers or not text.isdecimal():
        return None
    length = int(text)
    return length if length >= _LONG else None


class FileClient:
    """GET, from any thread. Raises :class:`ConnectionFailed` for whatever the network does."""

    def __init__(self, settings: Settings) -> None:
        self._timeouts = settings.timeouts
        self._deadline = Deadline()
        self._client = httpx2.Client(
            transport=DeadlineTransport(
                self._deadline,
                pool_limits(settings.max_concurrency),
                proxied=not settings.local,
            )
        )

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def get(
        self, url: str, headers: Mapping[str, str], within: float
    ) -> Generator[Stream, None, None]:
        """The head of the answer, in ``within`` seconds; redirects are not followed."""
        try:
            message = self._client.build_request(
                "GET", url, headers=dict(headers), timeout=limits(self._timeouts, within)
            )
            # A CDN has no business knowing one download from the next.
            self._client.cookies.clear()
            with self._deadline.within(within), quiet():
                response = self._client.send(message, stream=True, follow_redirects=False)
        except FAILURES as error:
            raise connection_failed(error) from None
        with closing(response):
            yield Stream(response, self._deadline)
