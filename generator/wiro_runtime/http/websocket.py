"""WebSockets: bounded in memory and time, without credentials, whatever the server does.

Imported on first use: a client that only polls does not need the library below.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.uri import parse_uri

from wiro_runtime.errors import ConnectionFailed
from wiro_runtime.inputs.messages import shorten

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, MutableMapping

MAX_FRAME: Final = 8 * 2**20
"""Bytes of a frame beyond which the connection is given up. The longest known ones are texts."""

_MAX_PINGS: Final = 100
"""Pings at once, beyond one a second, after which the connection is given up. Each is answered, so
a flood of them takes all of the processor's time, and of the memory when its server never reads."""

_QUEUE: Final = 4
"""Frames that are read ahead of their reader."""

_CLOSING: Final = 0.1
"""Seconds that a server has to answer the closing handshake."""


class _Quiet(logging.LoggerAdapter[logging.Logger]):
    """Logger of the library: what ends a connection is no error here, and has no traceback."""

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        super().log(min(level, logging.INFO), msg, *args, **kwargs)

    def process(
        self, msg: Any, kwargs: MutableMapping[str, Any]
    ) -> tuple[Any, MutableMapping[str, Any]]:
        return msg, {**kwargs, "exc_info": None}


class _Connection(ClientConnection):
    """Connection that ends when its server floods it with pings."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._pings = 0
        self._made = self.loop.time()

    def process_event(self, event: Any) -> None:
        super().process_event(event)
        self._pings += isinstance(event, Frame) and event.opcode is Opcode.PING
        if self._pings > _MAX_PINGS + self.loop.time() - self._made:
            self.transport.abort()


@asynccontextmanager
async def open_websocket(
    url: str,
    timeout: float,  # noqa: ASYNC109 - to open it
    *,
    proxy: str | None,
    context: ssl.SSLContext | None,
) -> AsyncGenerator[ClientConnection, None]:
    """Open a WebSocket within ``timeout`` seconds, and close it at the end of the block.

    A redirect to another server is refused, as that one has no business with the token of a task.
    Raises :class:`ConnectionFailed` for whatever the network does, in the block too.
    """
    try:
        async with asyncio.timeout(timeout):
            connection = await connect(
                url,
                open_timeout=None,
                close_timeout=_CLOSING,
                max_size=MAX_FRAME,
                max_queue=_QUEUE,
                proxy=proxy,
                ssl=context,
                logger=_Quiet(logging.getLogger("websockets.client"), {}),
                create_connection=_Connection,
            )
    except TimeoutError:
        raise ConnectionFailed(f"no WebSocket at {url} within {timeout:g} s") from None
    except Exception as error:  # noqa: BLE001 - whatever a server makes of the libraries below
        raise _failed(url, error) from None
    try:
        asked, there = parse_uri(url), connection.protocol.uri
        if (there.secure, there.host, there.port) != (asked.secure, asked.host, asked.port):
            raise ConnectionFailed(f"no WebSocket at {url}: redirected to another server")
        yield connection
    except (ConnectionClosed, OSError) as error:
        raise _failed(url, error) from None
    finally:
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING):
                    await connection.close()
        finally:
            # Also when this is cancelled once more.
            connection.transport.abort()


def _failed(url: str, error: Exception) -> ConnectionFailed:
    return ConnectionFailed(f"no WebSocket at {url}: {shorten(str(error) or type(error).__name__)}")
