"""Posts a task to its ``callbackUrl`` when it has ended, as Wiro does: unsigned, once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpx2

from wiro_runtime.settings import is_loopback
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
    while task.status(state.clock.now()) not in TERMINAL:
        await state.moved(task, task.position(state.clock.now()))
    body = json.dumps(task.detail(state.clock.now(), state.origin)).encode()
    status: int | None = None
    problem: str | None = None
    try:
        status = await _post(task.callback_url, body)
    except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
        problem = str(error) or type(error).__name__
    state.deliveries.append(
        Delivery(taskid=task.id, url=task.callback_url, status=status, problem=problem)
    )


async def _post(url: str, body: bytes) -> int:
    parts = urlsplit(url)
    if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
        raise ValueError("the simulator calls http addresses on loopback only")
    async with httpx2.AsyncClient(trust_env=False, timeout=_TIMEOUT) as client:
        headers = {"content-type": "application/json"}
        return (await client.post(url, content=body, headers=headers)).status_code
