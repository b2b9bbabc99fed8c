"""What both ports share of WebSockets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wiro_runtime.errors import ConnectionFailed
from wiro_runtime.http.deadlines import ssl_context
from wiro_runtime.http.httpx_common import MAX_ANSWER

if TYPE_CHECKING:
    from wiro_runtime.settings import Settings


def socket_options(settings: Settings, url: str, within: float) -> dict[str, Any]:
    """Arguments of ``connect``: the limits, proxies and certificates of all other requests."""
    return {
        "open_timeout": within,
        "close_timeout": 1,
        "max_size": MAX_ANSWER,
        "proxy": None if settings.local else True,
        "ssl": ssl_context() if url.startswith("wss://") else None,
    }


def check_place(connection: Any, url: str) -> None:
    """Whether this is the server that was asked for: a redirect may have led to another one,
    which has no business with the token of a task."""
    from websockets.uri import parse_uri  # noqa: PLC0415 - it is imported by now

    asked, there = parse_uri(url), connection.protocol.uri
    if (there.secure, there.host, there.port) != (asked.secure, asked.host, asked.port):
        raise ConnectionFailed("WebSocket: redirected to another server")
