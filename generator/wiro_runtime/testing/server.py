"""The web server below the simulator: uvicorn in a thread, started and stopped without a trace."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope

T = TypeVar("T")

_TRANSPORT: Final = "wiro_transport"


class _Protocol(H11Protocol):
    """Puts the transport into the request's state, for faults that break the connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.app_state = {**self.app_state, _TRANSPORT: transport}
        super().connection_made(cast("asyncio.Transport", transport))


def transport_of(scope: Scope) -> asyncio.Transport:
    """The connection that a request came in on."""
    return cast("asyncio.Transport", scope["state"][_TRANSPORT])


def reset(transport: asyncio.Transport) -> None:
    """Ends a connection with a TCP reset, as a crashed server does."""
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None:
        with contextlib.suppress(OSError):
            form = "hh" if sys.platform == "win32" else "ii"
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(form, 1, 0))
    transport.abort()


async def until_disconnected(receive: Receive) -> None:
    """Returns when the client's connection is gone."""
    while (await receive())["type"] not in ("http.disconnect", "websocket.disconnect"):
        pass


class _Uvicorn(uvicorn.Server):
    """Waits on an event where uvicorn polls every 0.1 s, and closes without grace periods."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.stop_event = asyncio.Event()
        self._ready = ready

    async def main_loop(self) -> None:
        await self.on_tick(0)
        self._ready()
        await self.stop_event.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        # Some turns of the loop: for a connection that was just accepted, for connection_lost, and
        # for the selector to let go. What waits for its client ends by that; the rest is cancelled.
        for _ in range(3):
            for connection in list(self.server_state.connections):
                transport = cast("Any", connection).transport
                if transport is not None:
                    transport.abort()
            await asyncio.sleep(0)
        tasks = set(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for server in self.servers:
            await server.wait_closed()


class ServerThread:
    """Serves one ASGI application on a loopback socket, in a thread of its own.

    Everything that the application holds is touched on that thread only: use :meth:`call`.
    """

    def __init__(self, app: ASGIApp, *, host: str, port: int) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._server: _Uvicorn | None = None
        self._started = threading.Event()
        # Held while a call is under way, so that the loop does not end before its response.
        self._calls = threading.Lock()
        self._failure: BaseException | None = None

    def start(self) -> int:
        """Starts serving and returns the port.

        :raises OSError: the address is in use or not allowed.
        """
        if self._thread is not None:
            raise RuntimeError("the simulator is already running")
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family, backlog=2048)
        # Accepted sockets inherit it. asyncio sets it only for sockets that name their protocol;
        # without it every response waits some 40 ms for the client's acknowledgement.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        port: int = listener.getsockname()[1]
        self._started.clear()
        self._failure = None
        self._thread = threading.Thread(
            target=self._run, args=(listener,), name=f"wiro-simulator-{port}", daemon=True
        )
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            self._thread = None
            raise RuntimeError("the simulator did not start") from self._failure
        return port

    def stop(self) -> None:
        """Stops serving: breaks every connection, ends the thread. Does nothing when stopped."""
        with self._calls:
            thread, loop, server = self._thread, self._loop, self._server
            if thread is None or loop is None or server is None:
                return
            loop.call_soon_threadsafe(server.stop_event.set)
            thread.join()
            self._thread = self._loop = self._server = None

    def call(self, function: Callable[[], T]) -> T:
        """Runs ``function`` on the server's thread and returns what it returns."""
        if threading.current_thread() is self._thread:
            return function()

        async def run() -> T:
            return function()

        with self._calls:
            if self._loop is None:
                return function()
            return asyncio.run_coroutine_threadsafe(run(), self._loop).result()

    def spawn(self, work: Awaitable[Any]) -> None:
        """Starts background work on the server's loop; call it on the server's thread."""
        if self._server is None:
            raise RuntimeError("the simulator is not running")
        task = asyncio.ensure_future(work)
        self._server.server_state.tasks.add(cast("asyncio.Task[None]", task))
        task.add_done_callback(self._server.server_state.tasks.discard)

    def _run(self, listener: socket.socket) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(self._serve(listener))
        except BaseException as error:  # noqa: BLE001  (handed to the thread that waits in start)
            self._failure = error
        finally:
            listener.close()
            self._started.set()

    async def _serve(self, listener: socket.socket) -> None:
        self._loop = asyncio.get_running_loop()
        config = uvicorn.Config(
            self._app,
            http=_Protocol,
            ws="websockets-sansio",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            ws_max_size=1 << 20,
            timeout_keep_alive=75,
        )
        self._server = _Uvicorn(config, self._started.set)
        await self._server.serve(sockets=[listener])
