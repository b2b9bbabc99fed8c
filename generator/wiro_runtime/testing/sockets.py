"""The WebSocket: tells what happens to the tasks that a client asks about.

A client sends ``{"type": "task_info", "tasktoken": …}``, for as many tasks as it likes, and hears
the state that each is in and every later one, the last with the outputs. The connection stays
open after that, as Wiro's does.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Final

from starlette.websockets import WebSocket, WebSocketDisconnect

from wiro_runtime.testing.records import strict_json
from wiro_runtime.testing.scenario import CANCELLED, FINISHED, TERMINAL
from wiro_runtime.testing.server import transport_of

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from wiro_runtime.testing.faults import SocketFault
    from wiro_runtime.testing.state import SimulatorState
    from wiro_runtime.testing.tasks import Task

POLICY_VIOLATION: Final = 1008
_PINGS: Final = (b"\x89\x7d" + b"x" * 125) * 100
_FLOOD: Final = 1 << 20


async def serve_socket(
    state: SimulatorState, fault: SocketFault | None, scope: Scope, receive: Receive, send: Send
) -> None:
    """Serves one connection until one side ends it, or ``fault`` does."""
    socket = WebSocket(scope, receive, send)
    await socket.accept()
    session = _Session(state, socket, fault, scope)
    try:
        await session.listen()
    except (WebSocketDisconnect, ConnectionError):
        pass
    finally:
        await session.end()


class _Session:
    def __init__(
        self, state: SimulatorState, socket: WebSocket, fault: SocketFault | None, scope: Scope
    ) -> None:
        self.state = state
        self.socket = socket
        self.fault = fault
        self.scope = scope
        self.sent = 0
        self.last = ""
        self.closed = False
        self.watchers: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        await self.socket.send_text(json.dumps({"type": "connected", "version": "1.0"}))
        await self._spoil()
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text: str | None = message.get("text")
            token = None if text is None else _token(text)
            self.state.subscriptions.append(text if text is not None else message.get("bytes"))
            if self.closed:
                continue
            task = None if token is None else self.state.by_token.get(token)
            if task is None:
                reason = "Expected task_info with a known tasktoken"
                self.closed = True
                await self.socket.close(POLICY_VIOLATION, reason)
                continue
            watcher = asyncio.create_task(self._watch(task))
            self.watchers.add(watcher)
            watcher.add_done_callback(self.watchers.discard)

    async def end(self) -> None:
        watchers = set(self.watchers)
        for watcher in watchers:
            watcher.cancel()
        if watchers:
            await asyncio.wait(watchers)

    async def _watch(self, task: Task) -> None:
        """Sends the state that a task is in, and every later one as it begins."""
        try:
            now = self.state.clock.now()
            next_step = task.position(now)
            while True:
                now = self.state.clock.now()
                position = task.position(now)
                for step in task.steps[next_step : position + 1]:
                    if step.status not in TERMINAL:
                        await self._tell(task, step.status, step.message)
                        if step.status == "task_output" and task.scenario.binary is not None:
                            await self._send_bytes(task.scenario.binary)
                next_step = max(next_step, position + 1)
                status = task.status(now)
                if status in TERMINAL:
                    detail = task.detail(now, self.state.origin)
                    message = detail["outputs"] if status == FINISHED else None
                    await self._tell(task, status, message)
                    return
                await self.state.moved(task, next_step - 1)
        except (WebSocketDisconnect, ConnectionError, RuntimeError):
            # The client has gone; Starlette says so with a RuntimeError once it knows.
            return

    async def _tell(self, task: Task, status: str, message: Any) -> None:
        body = _frame(task, status, message, old=self.state.frames == "tasktoken")
        if not self.closed:
            self.last = json.dumps(body)
            await self.socket.send_text(self.last)
            self.sent += 1
            await self._spoil()

    async def _send_bytes(self, data: bytes) -> None:
        if not self.closed:
            await self.socket.send_bytes(data)

    async def _spoil(self) -> None:
        fault = self.fault
        if fault is None or self.sent < fault.after:
            return
        self.fault = None
        if fault.then == "insert":
            if isinstance(fault.frame, bytes):
                await self.socket.send_bytes(fault.frame)
            else:
                await self.socket.send_text(fault.frame)
        elif fault.then == "repeat":
            await self.socket.send_text(self.last)
        else:
            self.closed = True
            if fault.then == "pings":
                await self._ping()
            elif fault.then == "drop":
                # Not by a reset: it could overtake the messages that were sent before it.
                transport_of(self.scope).abort()
            elif fault.then == "close":
                await self.socket.close(fault.code)

    async def _ping(self) -> None:
        """Sends pings until the connection is gone, and reads nothing."""
        transport = transport_of(self.scope)
        transport.pause_reading()
        while not transport.is_closing():
            if transport.get_write_buffer_size() < _FLOOD:
                transport.write(_PINGS)
            await asyncio.sleep(0)


def _frame(task: Task, status: str, message: Any, *, old: bool) -> dict[str, Any]:
    """A frame about a task, in the shape that names its token or in the one that does not."""
    going = status != CANCELLED
    if old:
        body = {"type": status, "id": task.id, "tasktoken": task.token, "result": going}
        return body if message is None else {**body, "message": message}
    terminal = status in TERMINAL
    pexit = (task.scenario.pexit or "") if status == FINISHED else ""
    return {
        "type": status,
        "id": task.id,
        # The whole logs are bare signals by now.
        "message": None if status.endswith("_full") else message,
        "result": going,
        "success": going and (not terminal or task.scenario.succeeds),
        "terminal": terminal,
        "exitCode": int(pexit) if pexit.isdecimal() else None,
    }


def _token(text: str) -> str | None:
    try:
        message = strict_json(text.encode())
    except ValueError:
        return None
    if not isinstance(message, dict) or message.keys() != {"type", "tasktoken"}:
        return None
    token = message["tasktoken"]
    return token if isinstance(token, str) and message["type"] == "task_info" else None
