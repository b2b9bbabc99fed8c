"""Serve a studio on loopback."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import uvicorn

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.studio.access import HOST
from wiro_runtime.studio.app import application

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from wiro_runtime.studio.app import Studio


def listen(port: int) -> socket.socket:
    """A socket that listens on loopback; ``port`` 0 takes any free one. Raises
    :class:`ConfigurationError`."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigurationError(f"port {port}: {reason}; --port 0 takes any free one") from None


async def serve(
    studio: Studio, listening: socket.socket, token: str, announce: Callable[[int], None]
) -> None:
    """Serve until the process is told to end; ``announce`` is called with the port when it
    begins."""
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        application(studio, port, token),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="on",
        # Pages that watch a run keep their streams open.
        timeout_graceful_shutdown=1,
    )
    server = _Server(config, lambda: announce(port), studio.closing)
    await server.serve(sockets=[listening])


class _Server(uvicorn.Server):
    """Tells when it serves, and ends what pages watch before it ends."""

    def __init__(
        self, config: uvicorn.Config, announce: Callable[[], None], closing: asyncio.Event
    ) -> None:
        super().__init__(config)
        self._announce = announce
        self._closing = closing

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._closing.set()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()
