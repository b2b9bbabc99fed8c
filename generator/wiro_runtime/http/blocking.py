"""The blocking port, for :class:`Wiro`. Threads may share one."""

from __future__ import annotations

import threading
import time
from contextlib import asynccontextmanager, closing, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar, cast

import httpx2

from wiro_runtime.errors import ConfigurationError, ConnectionFailed
from wiro_runtime.forks import renew_in_child
from wiro_runtime.http.deadlines import Deadline, DeadlineTransport
from wiro_runtime.http.httpx_common import (
    FAILURES,
    MAX_ANSWER,
    connection_failed,
    limits,
    lowered,
    pool_limits,
    quiet,
    usable_proxies,
)
from wiro_runtime.http.live import check_place, socket_options
from wiro_runtime.http.port import Answer, Request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from websockets.sync.client import ClientConnection

    from wiro_runtime.settings import Settings

T = TypeVar("T")


class _Socket:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        self._socket.send(text)

    async def receive(self, within: float) -> str | bytes | None:
        try:
            frame = self._socket.recv(timeout=within)
        except TimeoutError:
            return None
        return frame if isinstance(frame, str) else bytes(frame)


class BlockingPort:
    """See :class:`wiro_runtime.http.port.Port`."""

    interruptions: tuple[type[BaseException], ...] = (KeyboardInterrupt,)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        """Begin anew in a forked child: two processes that read from one connection would get each
        other's answers."""
        self._deadline = Deadline()
        self._api = self._client()
        # Connections of submissions are never used twice.
        self._submissions = self._client(keep=False)
        self._gate = threading.Lock()
        self._slots = threading.BoundedSemaphore(self._settings.max_concurrency)

    def _client(self, *, keep: bool = True) -> httpx2.Client:
        limits = pool_limits(self._settings.max_concurrency, keep=keep)
        with usable_proxies():
            transport = DeadlineTransport(self._deadline, limits, proxied=not self._settings.local)
        return httpx2.Client(transport=transport)

    @property
    def closed(self) -> bool:
        return self._api.is_closed

    def close(self) -> None:
        for client in (self._api, self._submissions):
            client.close()

    @contextmanager
    def _slot(self, within: float) -> Generator[float, None, None]:
        """A place among the requests in flight; gives what is left of ``within``."""
        begin = time.monotonic()
        if not self._slots.acquire(timeout=max(0.0, within)):
            raise ConnectionFailed("too many requests in flight", maybe_sent=False)
        try:
            yield within - (time.monotonic() - begin)
        finally:
            self._slots.release()

    async def send(self, request: Request, within: float, *, fresh: bool = False) -> Answer:
        client = self._submissions if fresh else self._api
        if client.is_closed:
            raise ConfigurationError("the client is closed")
        with self._slot(within) as left, self._deadline.within(left):
            return self._send(client, request, left)

    def _send(self, client: httpx2.Client, request: Request, within: float) -> Answer:
        message = client.build_request(
            "POST",
            request.url,
            headers=dict(request.headers),
            content=request.body if isinstance(request.body, bytes) else request.body.chunks(),
            timeout=limits(self._settings.timeouts, within),
        )
        try:
            with quiet():
                response = client.send(message, stream=True, follow_redirects=False)
            with closing(response):
                body = bytearray()
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise ConnectionFailed("the answer is too large", retryable=False)
        except FAILURES as error:
            raise connection_failed(error) from None
        return Answer(response.status_code, lowered(response.headers), bytes(body))

    @asynccontextmanager
    async def socket(self, url: str, within: float) -> AsyncGenerator[_Socket, None]:
        # Only those who follow a task live need it, and it takes a while to import.
        from websockets.exceptions import WebSocketException  # noqa: PLC0415 - see above
        from websockets.sync.client import connect  # noqa: PLC0415 - see above

        try:
            options = socket_options(self._settings, url, within)
            connection = cast("ClientConnection", connect(url, **options))
        except (OSError, WebSocketException, ImportError, ValueError) as error:
            # ImportError: a proxy for SOCKS needs a package of its own.
            raise ConnectionFailed(f"WebSocket: {error}") from None
        try:
            with connection as socket:
                check_place(socket, url)
                yield _Socket(socket)
        except (OSError, WebSocketException) as error:
            raise ConnectionFailed(f"WebSocket: {error}") from None

    @asynccontextmanager
    async def gate(self, within: float) -> AsyncGenerator[None, None]:
        if not self._gate.acquire(timeout=max(0.0, within)):
            raise TimeoutError
        try:
            yield
        finally:
            self._gate.release()

    async def sleep(self, seconds: float) -> None:
        self._settings.timing.sleep(seconds)

    async def offload(self, work: Callable[[], T]) -> T:
        return work()

    async def notify(self, callback: Callable[[Any], object], value: Any) -> None:
        callback(value)
