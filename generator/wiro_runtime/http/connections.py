"""Connections that are used again, and the certificates of those of https."""

from __future__ import annotations

import os
import ssl
import time
from collections import deque
from functools import lru_cache
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx2

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.http.loop import run_in_thread

if TYPE_CHECKING:
    from wiro_runtime.http.proxies import Proxies

_IDLE: Final = 30.0
"""Seconds that an unused connection is kept: longer than the longest pause of the poll schedule."""


class Connections:
    """Transports of one connection each, by origin; the one used last is used next.

    The pool of httpcore2 looks at every connection for every request, so many places would make it
    slow.
    """

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self._idle: dict[str, deque[tuple[float, httpx2.AsyncHTTPTransport]]] = {}
        self.closed = False

    async def take(self, url: str, *, fresh: bool) -> httpx2.AsyncHTTPTransport:
        """A connection to the host of ``url``: one that is idle, unless it must be ``fresh``."""
        idle = self._idle.get(_origin(url))
        if idle and not fresh:
            return idle.pop()[1]
        context = await ssl_context() if urlsplit(url).scheme == "https" else _UNVERIFIED
        return httpx2.AsyncHTTPTransport(
            verify=context,
            trust_env=False,
            limits=httpx2.Limits(max_connections=1, keepalive_expiry=_IDLE),
            proxy=self._proxies.for_url(url),
        )

    async def give_back(
        self, url: str, transport: httpx2.AsyncHTTPTransport, *, keep: bool
    ) -> None:
        now = time.monotonic()
        old: list[httpx2.AsyncHTTPTransport] = []
        if keep and not self.closed:
            self._idle.setdefault(_origin(url), deque()).append((now, transport))
        else:
            old.append(transport)
        for origin, idle in list(self._idle.items()):
            while idle and now - idle[0][0] > _IDLE:
                old.append(idle.popleft()[1])
            if not idle:
                del self._idle[origin]
        for each in old:
            await each.aclose()

    async def aclose(self) -> None:
        self.closed = True
        while self._idle:
            for _, transport in self._idle.popitem()[1]:
                await transport.aclose()


_UNVERIFIED: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For plain connections, which do not use it: without certificates it is made at once."""


async def ssl_context() -> ssl.SSLContext:
    """The certificates of the system, or those that ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` name."""
    names = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        return await run_in_thread(lambda: _read_certificates(*names))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigurationError(
            f"the certificates for https cannot be read: {reason} (see SSL_CERT_FILE, SSL_CERT_DIR)"
        ) from None


@lru_cache(4)
def _read_certificates(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower()}"
