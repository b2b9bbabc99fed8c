"""The server on the standard streams, as clients start it."""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
from anyio.from_thread import BlockingPortal
from mcp.server.stdio import stdio_server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from mcp.server.lowlevel import Server

    from wiro_runtime.mcp.server import WiroServer

_CHUNK: Final = 65536
_LONGEST: Final = 16 * 1024 * 1024
"""Bytes of a message; a line that is longer ends the server."""


async def serve(server: WiroServer) -> None:
    """Serve requests until the standard input ends, or this is cancelled.

    The SDK reads in a thread that nothing interrupts: Ctrl-C and SIGTERM would wait for a client
    that does not close its end. Here that thread is left behind.
    """
    lowlevel = cast("Server[Any]", server._lowlevel_server)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - has no other name
    async with BlockingPortal() as portal:
        lines = cast("Any", _lines(portal))
        async with stdio_server(stdin=lines) as (reading, writing):
            await lowlevel.run(reading, writing, lowlevel.create_initialization_options())
        await portal.stop(cancel_remaining=True)


async def _lines(portal: BlockingPortal) -> AsyncGenerator[str]:
    """The lines of the standard input."""
    send, receive = anyio.create_memory_object_stream[str](100)
    descriptor = sys.stdin.fileno()

    def read() -> None:
        rest = b""
        try:
            # Not by way of sys.stdin, whose lock Python wants when it ends.
            while data := os.read(descriptor, _CHUNK):
                *whole, rest = (rest + data).split(b"\n")
                for line in whole:
                    portal.call(send.send, line.decode(errors="replace"))
                if len(rest) > _LONGEST:
                    break
            portal.call(send.aclose)
        except (OSError, RuntimeError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            # The server has ended.
            return

    threading.Thread(target=read, name="wiro-mcp-stdin", daemon=True).start()
    async with receive:
        async for line in receive:
            yield line
