"""Posts a task to its ``callbackUrl`` when it has ended, as Wiro does: unsigned, once."""

from __future__ import annotations

import asyncio
import ipaddress
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from wiro_runtime.testing.scenario import TERMINAL

if TYPE_CHECKING:
    from wiro_runtime.testing.state import SimulatorState
    from wiro_runtime.testing.tasks import Task

_TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One callback. ``status`` is the receiver's response; ``problem`` says why there is none."""

    taskid: str
    url: str
    status: int | None
    problem: str | None = None


async def deliver(state: SimulatorState, task: Task) -> None:
    """Waits for the end of a task and posts its detail. Only loopback is ever called."""
    while (now := state.clock.now(), task.status(now))[1] not in TERMINAL:
        position = task.position(now) + 1
        delay = None
        if position < len(task.steps):
            delay = state.clock.real_delay(task.steps[position].at - task.elapsed(now))
        await state.changed(delay)
    body = json.dumps(task.detail(state.clock.now(), state.origin)).encode()
    status: int | None = None
    problem: str | None = None
    try:
        async with asyncio.timeout(_TIMEOUT):
            status = await _post(task.callback_url, body)
    except (OSError, ValueError, TimeoutError) as error:
        problem = str(error) or type(error).__name__
    state.deliveries.append(
        Delivery(taskid=task.id, url=task.callback_url, status=status, problem=problem)
    )


async def _post(url: str, body: bytes) -> int:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "http" or not is_loopback(host):
        raise ValueError("the simulator calls http addresses on loopback only")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    head = (
        f"POST {path} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection(host, parts.port or 80)
    try:
        writer.write(head.encode("ascii") + body)
        await writer.drain()
        line = await reader.readline()
        await reader.read()
        words = line.split()
        if len(words) < 2 or not words[1].isdigit():
            raise ValueError("the receiver does not speak HTTP")
        return int(words[1])
    finally:
        writer.close()
        await writer.wait_closed()


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own, seen from itself."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
