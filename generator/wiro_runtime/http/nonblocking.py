"""The asynchronous port, for :class:`AsyncWiro`. Imported only when one is made."""

from __future__ import annotations

import asyncio
import inspect
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from wiro_runtime.errors import ConfigurationError, ConnectionFailed
from wiro_runtime.http.deadlines import ssl_context
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
    from collections.abc import AsyncGenerator, Callable

    from websockets.asyncio.client import ClientConnection

    from wiro_runtime.http.multipart import Form
    from wiro_runtime.settings import Settings

T = TypeVar("T")


class _Socket:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, text: str) -> None:
        await self._socket.send(text)

    async def receive(self, within: float) -> str | bytes | None:
        try:
            async with asyncio.timeout(within):
                frame = await self._socket.recv()
        except TimeoutError:
            return None
        return frame if isinstance(frame, str) else bytes(frame)


async def _chunks(form: Form) -> AsyncGenerator[bytes, None]:
    chunks = form.chunks()
    while chunk := await asyncio.to_thread(next, chunks, b""):
        yield chunk


class AsyncPort:
    """See :class:`wiro_runtime.http.port.Port`."""

    interruptions: tuple[type[BaseException], ...] = (KeyboardInterrupt, asyncio.CancelledError)

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api = self._client()
        # Connections of submissions are never used twice.
        self._submissions = self._client(keep=False)
        self._gate = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._slots = asyncio.Semaphore(settings.max_concurrency)

    def _client(self, *, keep: bool = True) -> httpx2.AsyncClient:
        with usable_proxies():
            return httpx2.AsyncClient(
                limits=pool_limits(self._settings.max_concurrency, keep=keep),
                verify=ssl_context(),
                trust_env=not self._settings.local,
            )

    @property
    def closed(self) -> bool:
        return self._api.is_closed

    async def aclose(self) -> None:
        for client in (self._api, self._submissions):
            await client.aclose()

    async def send(self, request: Request, within: float, *, fresh: bool = False) -> Answer:
        client = self._submissions if fresh else self._api
        if client.is_closed:
            raise ConfigurationError("the client is closed")
        loop = asyncio.get_running_loop()
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise ConfigurationError(
                "an AsyncWiro belongs to the event loop in which it was first used; make one for "
                "each asyncio.run()"
            )
        started = False
        try:
            async with asyncio.timeout(within), self._slots:
                started = True
                return await self._send(client, request, within)
        except TimeoutError:
            raise ConnectionFailed("no answer in time", maybe_sent=started) from None

    async def _send(self, client: httpx2.AsyncClient, request: Request, within: float) -> Answer:
        message = client.build_request(
            "POST",
            request.url,
            headers=dict(request.headers),
            content=request.body if isinstance(request.body, bytes) else _chunks(request.body),
            timeout=limits(self._settings.timeouts, within),
        )
        try:
            with quiet():
                response = await client.send(message, stream=True, follow_redirects=False)
            try:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise ConnectionFailed("the answer is too large", retryable=False)
            finally:
                await response.aclose()
        except FAILURES as error:
            raise connection_failed(error) from None
        return Answer(response.status_code, lowered(response.headers), bytes(body))

    @asynccontextmanager
    async def socket(self, url: str, within: float) -> AsyncGenerator[_Socket, None]:
        # Only those who follow a task live need it, and it takes a while to import.
        from websockets.asyncio.client import connect  # noqa: PLC0415 - see above
        from websockets.exceptions import WebSocketException  # noqa: PLC0415 - see above

        try:
            options = socket_options(self._settings, url, within)
            connection = await connect(url, **options)
        except (OSError, WebSocketException, ImportError, ValueError) as error:
            # ImportError: a proxy for SOCKS needs a package of its own.
            raise ConnectionFailed(f"WebSocket: {error}") from None
        try:
            async with connection as socket:
                check_place(socket, url)
                yield _Socket(socket)
        except (OSError, WebSocketException) as error:
            raise ConnectionFailed(f"WebSocket: {error}") from None

    @asynccontextmanager
    async def gate(self, within: float) -> AsyncGenerator[None, None]:
        async with asyncio.timeout(within):
            await self._gate.acquire()
        try:
            yield
        finally:
            self._gate.release()

    async def sleep(self, seconds: float) -> None:
        await self._settings.timing.async_sleep(seconds)

    async def offload(self, work: Callable[[], T]) -> T:
        return await asyncio.to_thread(work)

    async def notify(self, callback: Callable[[Any], object], value: Any) -> None:
        outcome = callback(value)
        if inspect.isawaitable(outcome):
            await outcome
