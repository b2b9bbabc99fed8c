"""A blocking client of httpx2 as the ``http_client`` of :class:`Wiro`."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import httpx2

from wiro_runtime.http.loop import run_in_thread, start_in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class _Body(httpx2.AsyncByteStream):
    def __init__(self, response: httpx2.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._response.is_stream_consumed:
            # A response of a transport for tests has its content already.
            yield self._response.content
            return
        pieces = self._response.iter_raw()
        while piece := await run_in_thread(lambda: next(pieces, b"")):
            yield piece

    async def aclose(self) -> None:
        await run_in_thread(self._response.close)


async def send_in_thread(client: httpx2.Client, request: httpx2.Request) -> httpx2.Response:
    """Send ``request`` with a blocking client, in a thread."""
    content = await request.aread()
    url, headers = request.url, dict(request.headers)
    arrived: list[httpx2.Response] = []
    abandoned = threading.Event()

    def work() -> httpx2.Response:
        if request.method == "GET":
            # A file. Its host gets none of the client's headers, cookies and credentials.
            limits = {"timeout": client.timeout.as_dict()}
            message = httpx2.Request("GET", url, headers=headers, extensions=limits)
            auth: dict[str, Any] = {"auth": None}
        else:
            message = client.build_request(request.method, url, headers=headers, content=content)
            auth = {}
        arrived.append(client.send(message, stream=True, follow_redirects=False, **auth))
        if abandoned.is_set():
            arrived[0].close()
        return arrived[0]

    try:
        response = await run_in_thread(work)
    except asyncio.CancelledError:
        # The thread goes on. A response that nothing reads would keep its connection taken.
        abandoned.set()
        if arrived:
            start_in_thread(arrived[0].close)
        raise
    return httpx2.Response(response.status_code, headers=response.headers, stream=_Body(response))
