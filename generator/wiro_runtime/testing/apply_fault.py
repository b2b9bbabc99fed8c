"""Carries a fault out on a request."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.responses import Response, StreamingResponse

from wiro_runtime.testing.server import reset, transport_of, until_disconnected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import Receive, Scope, Send

    from wiro_runtime.testing.faults import Fault


async def apply_fault(
    fault: Fault, respond: Callable[[], Response], scope: Scope, receive: Receive, send: Send
) -> None:
    """Responds to a request that ``respond`` would have handled, or does not."""
    response = respond() if fault.acts else None
    if fault.delay:
        await asyncio.sleep(fault.delay)
    if fault.hang:
        await until_disconnected(receive)
        return
    if fault.reset:
        reset(transport_of(scope))
        await until_disconnected(receive)
        return
    if fault.status is not None or response is None:
        headers = dict(fault.headers)
        if fault.retry_in is not None:
            headers["retry-after"] = formatdate(time.time() + fault.retry_in, usegmt=True)
        response = Response(fault.body, fault.status or 500, headers)
    if fault.mangle is not None:
        body = b"".join([part async for part in _parts(response)])
        headers = {k: v for k, v in response.headers.items() if k != "content-length"}
        response = Response(fault.mangle(body), response.status_code, headers)
    if fault.cut is None and fault.drip is None:
        await response(scope, receive, send)
        return
    await send({
        "type": "http.response.start",
        "status": response.status_code,
        "headers": response.raw_headers,
    })  # fmt: skip
    if fault.drip is not None:
        await _drip(response, fault.drip, send)
        return
    left = fault.cut or 0
    async for part in _parts(response):
        await send({"type": "http.response.body", "body": part[:left], "more_body": True})
        left -= len(part)
        if left <= 0:
            break
    transport_of(scope).close()
    await until_disconnected(receive)


async def _drip(response: Response, seconds: float, send: Send) -> None:
    async for part in _parts(response):
        for index in range(len(part)):
            body = part[index : index + 1]
            await send({"type": "http.response.body", "body": body, "more_body": True})
            await asyncio.sleep(seconds)
    await send({"type": "http.response.body", "body": b""})


async def _parts(response: Response) -> AsyncIterator[bytes]:
    if isinstance(response, StreamingResponse):
        async for part in response.body_iterator:
            yield part.encode() if isinstance(part, str) else bytes(part)
    else:
        yield bytes(response.body)
