"""A blocking transport whose requests end when they have to.

httpx2 limits every single read, so a server that sends one byte now and then holds a request up
for ever. Here each read and write of a thread is also bounded by what is left of that thread's
deadline. An event loop needs none of this: there a timeout cancels the whole request.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies, proxy_bypass

import httpcore2
import httpx2

if TYPE_CHECKING:
    import ssl
    from collections.abc import Generator, Iterable


class Deadline(threading.local):
    """When the request of this thread has to end, in seconds of the monotonic clock."""

    at: float | None = None

    @contextmanager
    def within(self, seconds: float) -> Generator[None, None, None]:
        self.at = time.monotonic() + seconds
        try:
            yield
        finally:
            self.at = None

    def bound(self, timeout: float | None, late: type[Exception]) -> float | None:
        """The shorter of ``timeout`` and what is left; raises ``late`` when nothing is."""
        if self.at is None:
            return timeout
        left = self.at - time.monotonic()
        if left <= 0:
            raise late("the deadline has passed")
        return left if timeout is None else min(timeout, left)


class _Open:
    """The streams of one transport that are open: whatever the pool loses sight of, for instance
    because it was closed while a thread was connecting, is closed with the rest."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: set[httpcore2.NetworkStream] = set()
        self._closed = False

    def add(self, stream: httpcore2.NetworkStream) -> None:
        with self._lock:
            late = self._closed
            if not late:
                self._streams.add(stream)
        if late:
            stream.close()
            raise httpcore2.ConnectError("the client was closed meanwhile")

    def discard(self, stream: httpcore2.NetworkStream) -> None:
        with self._lock:
            self._streams.discard(stream)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            streams = list(self._streams)
            self._streams.clear()
        for stream in streams:
            stream.close()


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline, opened: _Open) -> None:
        self._stream = stream
        self._deadline = deadline
        self._open = opened
        opened.add(stream)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        bound = self._deadline.bound(timeout, httpcore2.ReadTimeout)
        return self._stream.read(max_bytes, bound)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        bound = self._deadline.bound(timeout, httpcore2.WriteTimeout)
        self._stream.write(buffer, bound)

    def close(self) -> None:
        self._open.discard(self._stream)
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        bound = self._deadline.bound(timeout, httpcore2.ConnectTimeout)
        inner = self._stream.start_tls(ssl_context, server_hostname, bound)
        self._open.discard(self._stream)
        return _Stream(inner, self._deadline, self._open)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Backend(httpcore2.SyncBackend):
    def __init__(self, deadline: Deadline, opened: _Open) -> None:
        self._deadline = deadline
        self._open = opened

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        bound = self._deadline.bound(timeout, httpcore2.ConnectTimeout)
        stream = super().connect_tcp(host, port, bound, local_address, socket_options)
        return _Stream(stream, self._deadline, self._open)


@contextmanager
def as_httpx2() -> Generator[None, None, None]:
    """httpx2's exceptions have the names of those below them."""
    try:
        yield
    except (
        httpcore2.TimeoutException,
        httpcore2.NetworkError,
        httpcore2.ProtocolError,
        httpcore2.ProxyError,
        httpcore2.UnsupportedProtocol,
    ) as error:
        raise getattr(httpx2, type(error).__name__)(str(error)) from None


class _Body(httpx2.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        with as_httpx2():
            yield from self._stream

    def close(self) -> None:
        self._stream.close()


@cache
def ssl_context() -> ssl.SSLContext:
    """One for the process; reading the certificates takes 20 ms."""
    return httpx2.create_ssl_context()


def _proxy(address: str) -> httpx2.Proxy:
    return httpx2.Proxy(address if "://" in address else f"http://{address}")


def _usable(proxies: dict[str, str]) -> dict[str, str]:
    """Those of ``proxies`` that requests may take. Raises :class:`ValueError` or
    :class:`ImportError` for one that cannot be used."""
    found = {name: proxies[name] for name in ("http", "https", "all") if proxies.get(name)}
    for address in found.values():
        if _proxy(address).url.scheme.startswith("socks") and find_spec("socksio") is None:
            raise ImportError("socksio")
    return found


class DeadlineTransport(httpx2.BaseTransport):
    """Connections that honour ``deadline``; ``proxied``: by the proxies of the environment."""

    def __init__(self, deadline: Deadline, limits: httpx2.Limits, *, proxied: bool) -> None:
        self._deadline = deadline
        self._limits = limits
        self._proxies = _usable(getproxies()) if proxied else {}
        self._pools: dict[tuple[str, str | None], httpcore2.ConnectionPool] = {}
        self._lock = threading.Lock()
        self._open = _Open()
        # For those who never close their client.
        weakref.finalize(self, self._open.close)

    def _pool(self, url: httpx2.URL) -> httpcore2.ConnectionPool:
        proxy = self._proxies.get(url.scheme) or self._proxies.get("all")
        if proxy is not None and proxy_bypass(url.host):
            proxy = None
        key = (url.scheme, proxy)
        with self._lock:
            if key not in self._pools:
                self._pools[key] = self._new_pool(url.scheme, proxy)
            return self._pools[key]

    def _new_pool(self, scheme: str, address: str | None) -> httpcore2.ConnectionPool:
        proxy = None
        if address is not None:
            parsed = _proxy(address)
            proxy = httpcore2.Proxy(str(parsed.url), auth=parsed.raw_auth)
        return httpcore2.ConnectionPool(
            ssl_context=ssl_context() if scheme == "https" else None,
            proxy=proxy,
            max_connections=self._limits.max_connections,
            max_keepalive_connections=self._limits.max_keepalive_connections,
            keepalive_expiry=self._limits.keepalive_expiry,
            network_backend=_Backend(self._deadline, self._open),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        with as_httpx2():
            answer: Any = self._pool(url).handle_request(
                httpcore2.Request(
                    method=request.method,
                    url=httpcore2.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx2.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    def close(self) -> None:
        with self._lock:
            pools = list(self._pools.values())
            self._pools.clear()
        for pool in pools:
            pool.close()
        self._open.close()
