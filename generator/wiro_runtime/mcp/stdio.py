"""The server on the standard streams, as clients start it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, cast

import anyio
from anyio import TASK_STATUS_IGNORED
from anyio.from_thread import BlockingPortal
from mcp.server.stdio import stdio_server

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from anyio.abc import TaskStatus
    from mcp.server.lowlevel import Server

    from wiro_runtime.mcp.server import WiroServer

_CHUNK: Final = 65536
_LONGEST: Final = 16 * 1024 * 1024
"""Bytes of a message; a line that is longer ends the server."""


async def serve(server: WiroServer) -> int:
    """Serve requests until the standard input ends, or the process is told to end; returns the
    signal that told it, or 0.

    The SDK reads in a thread that nothing interrupts: Ctrl-C and SIGTERM would wait for a client
    that does not close its end. Here that thread is left behind.
    """
    lowlevel: Server[Any] = server._lowlevel_server  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - has no other name
    received: list[int] = []
    async with anyio.create_task_group() as group:
        # What Ctrl-C cancels by asyncio's own handler, the SDK can take for the end of a request.
        await group.start(_end_when_told, group.cancel_scope, received)
        async with BlockingPortal() as portal:
            lines = cast("Any", _lines(portal))
            async with stdio_server(stdin=lines) as (reading, writing):
                await lowlevel.run(reading, writing, lowlevel.create_initialization_options())
            await portal.stop(cancel_remaining=True)
        group.cancel_scope.cancel()
    return received[0] if received else 0


async def _end_when_told(
    scope: anyio.CancelScope,
    received: list[int],
    *,
    task_status: TaskStatus[None] = TASK_STATUS_IGNORED,
) -> None:
    """Cancel ``scope`` at the first signal to end, but at none that the parent has ignored."""
    signals = [
        each
        for each in (signal.SIGINT, signal.SIGTERM)
        if sys.platform != "win32" and signal.getsignal(each) is not signal.SIG_IGN
    ]
    with anyio.open_signal_receiver(*signals) as told:
        task_status.started()
        async for number in told:
            received.append(number)
            scope.cancel()


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
