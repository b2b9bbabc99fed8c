"""The border between logic and I/O: requests to Wiro, downloads and WebSockets.

Everything above it is coroutines that never see httpx2 or websockets. Every time limit is a
cancellation (:func:`asyncio.timeout`), so it holds whatever the server, the proxy or the name
server does.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, AnyStr, Final
from urllib.parse import urlsplit

import httpcore2
import httpx2

from wiro_runtime.errors import ConfigurationError, ConnectionFailed, WiroError
from wiro_runtime.http.connections import Connections, ssl_context
from wiro_runtime.http.encodings import codings_of
from wiro_runtime.http.exchange import Exchange
from wiro_runtime.http.loop import WORKERS, run_in_thread
from wiro_runtime.http.proxies import Proxies
from wiro_runtime.http.threaded import send_in_thread
from wiro_runtime.inputs.messages import shown
from wiro_runtime.version import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping

    from websockets.asyncio.client import ClientConnection

    from wiro_runtime.http.multipart import Form
    from wiro_runtime.settings import Settings

MAX_RESPONSE: Final = 32 * 2**20
"""Bytes beyond which a response of the API is refused. The longest known are texts of LLMs."""

USER_AGENT: Final = (
    f"wiro-tools/{__version__} (Python {'.'.join(map(str, sys.version_info[:2]))}; {sys.platform})"
)

_NOT_SENT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
    httpx2.InvalidURL,
)
"""Errors of a transport without traces that come before the first byte of a request leaves."""

_STEPS: Final[Mapping[type[Exception], str]] = {
    httpx2.ConnectTimeout: "connect",
    httpx2.PoolTimeout: "pool",
    httpx2.ReadTimeout: "read",
    httpx2.WriteTimeout: "write",
}
"""Errors of a time limit of httpx2, and the step that it is for."""

_POOL: Final = 0.9
"""How much of the time limit of a request the pool of a caller's ``http_client`` has to find a
connection for it. Only a pool that gives up before the limit ends tells that nothing was sent."""

_PIECE: Final = 2**18
"""Bytes of a file that are read at once: as many as asyncio asks the system for."""


@dataclass(frozen=True, slots=True)
class Request:
    """One POST to Wiro, without credentials: the transport signs what it sends."""

    url: str
    headers: Mapping[str, str]
    body: bytes | Form

    def __repr__(self) -> str:
        return f"<Request POST {self.url}>"


@dataclass(frozen=True, slots=True)
class Response:
    """A whole response. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class StreamResponse:
    """The response to a GET whose body is still coming. Header names are in lower case; ``url`` is
    the address that was asked."""

    def __init__(
        self, response: httpx2.Response, url: str, read_timeout: float, *, direct: bool
    ) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = _lowered(response)
        self.url = url
        self._response = response
        self._read_timeout = read_timeout
        self._left = _plain_length(response) if direct else None

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        """The pieces of the body as they come, not decoded. Raises :class:`ConnectionFailed` when
        one does not come within the read timeout, or the connection breaks."""
        pieces = _raw_pieces(self._response)
        network: Any = self._response.extensions.get("network_stream")
        left, begun = self._left, False
        while left != 0:
            try:
                async with asyncio.timeout(self._read_timeout):
                    if left is None or not begun:
                        # The first piece takes along what the parser has read so far.
                        piece = await anext(pieces, b"")
                    else:
                        # Past the parser, which costs as much as all the rest together.
                        piece = await network.read(min(_PIECE, left))
            except TimeoutError:
                reason = f"no data within {self._read_timeout:g} s"
                raise ConnectionFailed(reason) from None
            except (httpx2.HTTPError, httpx2.StreamError, httpcore2.NetworkError, OSError) as error:
                raise ConnectionFailed(f"connection lost: {error}".rstrip(": ")) from None
            if not piece:
                if left is not None:
                    raise ConnectionFailed(f"connection lost, {left} bytes before the end")
                return
            begun = True
            left = None if left is None else left - len(piece)
            yield piece


def _raw_pieces(response: httpx2.Response) -> AsyncIterator[bytes]:
    """The pieces of a body as they come, not decoded. A response of a transport for tests has its
    content already."""
    return response.aiter_bytes() if response.is_stream_consumed else response.aiter_raw()


def _plain_length(response: httpx2.Response) -> int | None:
    """Bytes of a long body that comes as it is over a connection of its own; ``None`` for others,
    whose end only the parser finds."""
    text = response.headers.get("content-length", "")
    plain = response.extensions.get("http_version") == b"HTTP/1.1"
    if not plain or "transfer-encoding" in response.headers or not text.isdecimal():
        return None
    return int(text) if 6 < len(text) < 20 else None


class Transport:
    """All I/O of one client, on the event loop of its first use.

    Every method raises :class:`ConnectionFailed` for whatever the network does; its ``maybe_sent``
    is true only when the first byte of the request may have left. No response of the API and no
    error holds the credentials. ``http_client`` is used instead
    of own connections, for the API and for downloads.
    """

    def __init__(
        self,
        settings: Settings,
        http_client: httpx2.AsyncClient | httpx2.Client | None = None,
    ) -> None:
        self._settings = settings
        if not isinstance(http_client, httpx2.AsyncClient | httpx2.Client | None):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
            raise ConfigurationError(
                "http_client must be a Client or an AsyncClient of httpx2, "
                f"not {shown(http_client)}"
            )
        self._client = http_client
        self._proxies = Proxies(used=not settings.local)
        if http_client is None:
            # A proxy that cannot be used is said at once.
            self._proxies.for_url(settings.base_url)
        self._connections = Connections(self._proxies)
        places = settings.max_concurrency
        if isinstance(http_client, httpx2.Client):
            # More would wait for a thread.
            places = min(places, WORKERS)
        self._places = asyncio.Semaphore(places)
        self._download_places = asyncio.Semaphore(settings.max_concurrency)
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def closed(self) -> bool:
        return self._connections.closed

    async def aclose(self) -> None:
        """Close all connections but those of ``http_client``."""
        await self._connections.aclose()

    def check_loop(self) -> None:
        """Raise :class:`ConfigurationError` when closed, or on another loop than the first."""
        if self.closed:
            raise ConfigurationError("the client is closed; make another one")
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise ConfigurationError(
                "AsyncWiro needs an event loop of asyncio; with another one, use Wiro in a thread"
            ) from None
        self._loop = self._loop or loop
        if self._loop is not loop:
            raise ConfigurationError(
                "an AsyncWiro belongs to the event loop in which it was first used; make one for "
                "each asyncio.run()"
            )

    async def send(
        self,
        request: Request,
        timeout: float,  # noqa: ASYNC109 - begins later than the call
        *,
        within: float | None = None,
        fresh: bool = False,
        on_sent: Callable[[], object] | None = None,
        on_body: Callable[[bytes], object] | None = None,
    ) -> Response:
        """Sign and send ``request``; redirects are not followed.

        ``timeout`` seconds begin when the request has its place among ``max_concurrency`` others,
        those of ``within`` at once. ``fresh``: over a new connection, because an idle one may be
        closed by the server at the moment it is used, and then it is unknown whether the request
        was read. ``on_sent`` is called when the first byte is about to leave, ``on_body`` with what
        has arrived of the response, whole or not, however the request ends; once more where it
        raises.
        """
        self.check_loop()
        exchange = Exchange(self._limits(timeout * _POOL), on_sent)
        limiting = asyncio.timeout(within)
        try:
            async with limiting, self._places:
                try:
                    outcome = await self._send(request, timeout, fresh, exchange)
                finally:
                    if exchange.raw and on_body is not None:
                        try:
                            on_body(self._redact(exchange.body(MAX_RESPONSE)))
                        except BaseException:
                            # A signal handler has raised here, where the response was in hand.
                            on_body(self._redact(exchange.body(MAX_RESPONSE)))
                            raise
                # Raised here and not where it arose: the frames of the libraries hold the
                # credentials.
                if isinstance(outcome, BaseException):
                    raise outcome
                return outcome
        except TimeoutError:
            # Another one may come out of a signal handler.
            if not limiting.expired():
                raise
        reason = f"no response in time ({within:g} s)"
        raise ConnectionFailed(reason, maybe_sent=exchange.maybe_sent)

    async def _send(
        self, request: Request, limit: float, fresh: bool, exchange: Exchange
    ) -> Response | BaseException:
        try:
            message = self._message(request, exchange)
            sending = self._response(message, exchange, fresh=fresh)
            limiting = asyncio.timeout(limit)
            if self._client is not None:
                exchange.on_begin = _restarting(limiting, limit)
            async with limiting, sending as response:
                if not response.is_stream_consumed:
                    exchange.codings = codings_of(response.headers.get("content-encoding", ""))
                async for chunk in _raw_pieces(response):
                    exchange.raw += chunk
                    if len(exchange.raw) > MAX_RESPONSE:
                        break
                body = self._redact(exchange.body(MAX_RESPONSE))
                if len(body) > MAX_RESPONSE:
                    return ConnectionFailed(
                        f"the response is larger than {MAX_RESPONSE} bytes",
                        retryable=False,
                        partial=body,
                    )
                headers = {name: self._redact(text) for name, text in _lowered(response).items()}
                return Response(response.status_code, headers, body)
        except BaseException as error:  # noqa: BLE001 - returned, to be raised without its frames
            return self._failure(request.url, limit, error, exchange)

    def _limits(self, pool: float | None) -> dict[str, float | None]:
        """Seconds for each step of httpx2; ``pool`` of them at most to find a connection."""
        if isinstance(self._client, httpx2.Client):
            # It runs in a thread, where no cancellation reaches it.
            limits = self._client.timeout.as_dict()
            limits["pool"] = min(filter(None, (limits["pool"], pool)), default=None)
            return limits
        connect = self._settings.timeouts.connect
        return {"connect": connect, "read": None, "write": None, "pool": pool}

    def _message(self, request: Request, exchange: Exchange) -> httpx2.Request:
        """The signed message of ``request``."""
        settings = self._settings
        content = request.body if isinstance(request.body, bytes) else _chunks(request.body)
        client = self._client
        build = client.build_request if isinstance(client, httpx2.AsyncClient) else httpx2.Request
        return build(
            "POST",
            request.url,
            headers={
                "user-agent": USER_AGENT,
                "accept-encoding": "gzip, deflate",
                **request.headers,
                **(settings.credentials.headers() if settings.credentials else {}),
            },
            content=content,
            extensions={"timeout": exchange.limits, "trace": exchange.trace},
        )

    @asynccontextmanager
    async def _response(
        self, message: httpx2.Request, exchange: Exchange, *, fresh: bool = False
    ) -> AsyncGenerator[httpx2.Response, None]:
        """Send ``message``; the body of the response is still to come."""
        url, transport = str(message.url), None
        if self._client is None:
            transport = await self._connections.take(url, fresh=fresh)
            send = transport.handle_async_request
        else:
            if self._client.is_closed:
                raise ConfigurationError("the http_client is closed")
            # Whether a transport that is not ours tells of its steps is not known.
            if isinstance(self._client, httpx2.Client):
                send = partial(send_in_thread, self._client, exchange=exchange)
            else:
                exchange.hand_over()
                # The host of a file gets no credentials of the client.
                auth: dict[str, Any] = {"auth": None} if message.method == "GET" else {}
                send = partial(self._client.send, stream=True, follow_redirects=False, **auth)
        whole = False
        try:
            response = await send(message)
            try:
                yield response
                whole = True
            finally:
                await response.aclose()
        finally:
            if transport is not None:
                await self._connections.give_back(url, transport, keep=whole and not fresh)

    def _failure(
        self, url: str, limit: float, error: BaseException, exchange: Exchange
    ) -> BaseException:
        """The error to raise for one of the libraries below."""
        if isinstance(error, WiroError) or not isinstance(error, Exception):
            error.__context__ = error.__cause__ = None
            return error.with_traceback(None)
        sent = exchange.maybe_sent
        if not exchange.traced:
            sent = sent and not isinstance(error, _NOT_SENT)
        host = urlsplit(url).netloc
        said = self._redact(str(error)) or type(error).__name__
        if isinstance(error, TimeoutError | httpx2.TimeoutException):
            what = "response from" if sent else "connection to"
            limit = exchange.limits.get(_STEPS.get(type(error), "")) or limit
            reason = f"no {what} {host} in time ({limit:g} s)"
        elif sent:
            reason = f"connection to {host} lost: {said}"
        else:
            reason = f"cannot connect to {host}: {said}; wiro-tools doctor finds the cause"
        partial = self._redact(exchange.body(MAX_RESPONSE))
        return ConnectionFailed(reason, maybe_sent=sent, partial=partial)

    def _redact(self, data: AnyStr) -> AnyStr:
        """``data`` without the key and the secret, should a server or a library have echoed them:
        what arrives is kept in variables that error reporters send."""
        credentials = self._settings.credentials
        return data if credentials is None else credentials.redact(data)

    @asynccontextmanager
    async def stream(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        timeout: float,  # noqa: ASYNC109 - of the head
        read_timeout: float,
    ) -> AsyncGenerator[StreamResponse, None]:
        """GET ``url``: without credentials, cookies or headers of the client; redirects are not
        followed. ``timeout`` seconds until the head has come, ``read_timeout`` for each piece."""
        self.check_loop()
        exchange = Exchange(self._limits(None), None)
        message = httpx2.Request(
            "GET",
            url,
            headers={"user-agent": USER_AGENT, **headers},
            extensions={"timeout": exchange.limits, "trace": exchange.trace},
        )
        async with self._download_places, AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(timeout):
                    response = await stack.enter_async_context(self._response(message, exchange))
            except Exception as error:  # noqa: BLE001 - whatever a server makes of the libraries
                raise self._failure(url, timeout, error, exchange) from None
            yield StreamResponse(response, url, read_timeout, direct=self._client is None)

    @asynccontextmanager
    async def open_socket(self, url: str, timeout: float) -> AsyncGenerator[ClientConnection, None]:  # noqa: ASYNC109 - to open it
        """Open a WebSocket within ``timeout`` seconds; see :func:`open_websocket`."""
        from wiro_runtime.http.websocket import open_websocket  # noqa: PLC0415 - rarely needed

        self.check_loop()
        context = await ssl_context() if url.lower().startswith("wss:") else None
        proxy = self._proxies.for_url(url)
        async with open_websocket(url, timeout, proxy=proxy, context=context) as socket:
            yield socket


def _restarting(limiting: asyncio.Timeout, limit: float) -> Callable[[], object]:
    """A function, to be called in any thread, that begins the ``limit`` of ``limiting`` anew."""
    loop = asyncio.get_running_loop()

    def restart() -> None:
        with suppress(RuntimeError):  # It is over.
            limiting.reschedule(loop.time() + limit)

    return partial(loop.call_soon_threadsafe, restart)


async def _chunks(form: Form) -> AsyncGenerator[bytes, None]:
    chunks = form.chunks()
    while chunk := await run_in_thread(lambda: next(chunks, b"")):
        yield chunk


def _lowered(response: httpx2.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}
