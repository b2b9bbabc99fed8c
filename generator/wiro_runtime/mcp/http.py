"""Streamable HTTP on this computer, for those who have the token."""

from __future__ import annotations

import hmac
import logging
import socket
from typing import TYPE_CHECKING, Final

import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from wiro_runtime.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from starlette.types import ASGIApp, Receive, Scope, Send

    from wiro_runtime.mcp.server import WiroServer

PATH: Final = "/mcp"
_LOOPBACK: Final = ("127.0.0.1", "localhost", "[::1]")
_ENDING: Final = 3
"""Seconds that calls have to end when the server is told to."""


class BearerToken:
    """An application that is reached with one token only."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_allowed(Headers(scope=scope)):
            refused = PlainTextResponse(
                "A bearer token is needed.\n", 401, headers={"WWW-Authenticate": "Bearer"}
            )
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_allowed(self, headers: Headers) -> bool:
        given = headers.getlist("authorization")
        scheme, _, token = (given[0] if len(given) == 1 else "").partition(" ")
        encoded = token.encode("latin-1", "replace")
        return scheme.lower() == "bearer" and hmac.compare_digest(encoded, self._token)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises :class:`ConfigurationError`."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        found = socket.create_server(address[:2], family=family)
    except OSError as error:
        reason = error.strerror or str(error)
        text = f"cannot listen on {host}:{port}: {reason}; --port 0 takes any free port"
        raise ConfigurationError(text) from None
    return found


def application(server: WiroServer, host: str, port: int, token: str) -> ASGIApp:
    """The server as an application that only serves requests with the token which name it by its
    own address, and that come from no page of another site."""
    names = {f"[{host}]" if ":" in host else host}
    if names & {*_LOOPBACK}:
        names |= {*_LOOPBACK}
    security = TransportSecuritySettings(
        allowed_hosts=[f"{name}:{port}" for name in sorted(names)],
        allowed_origins=[f"http://{name}:{port}" for name in sorted(names)],
    )
    return BearerToken(
        server.streamable_http_app(streamable_http_path=PATH, transport_security=security), token
    )


async def serve(
    server: WiroServer,
    listening: socket.socket,
    host: str,
    token: str,
    announce: Callable[[], None],
) -> None:
    """Serve requests until the process is told to end; ``announce`` is called when it begins."""
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        application(server, host, port, token),
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=_ENDING,
    )
    await _Announced(config, announce).serve(sockets=[listening])


class _Announced(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # A call that is cut off is not an error to show with its traceback. Streams end as soon as
        # the signal is seen, up to 0.1 s before the server shuts down.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        super().handle_exit(sig, frame)
