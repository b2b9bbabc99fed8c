"""A blocking client of httpx2 as the ``http_client`` of :class:`Wiro`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import httpx2

from wiro_runtime.http.loop import run_in_thread, start_in_thread

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from wiro_runtime.http.exchange import Exchange


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


async def send_in_thread(
    client: httpx2.Client, request: httpx2.Request, exchange: Exchange
) -> httpx2.Response:
    """Send ``request`` with a blocking client, in a thread, by the client's own time limits."""
    content = await request.aread()
    url, headers = request.url, dict(request.headers)
    extensions = {"timeout": exchange.limits, "trace": exchange.follow}
    arrived: list[httpx2.Response] = []

    def work() -> httpx2.Response:
        if request.method == "GET":
            # A file. Its host gets none of the client's headers, cookies and credentials.
            message = httpx2.Request("GET", url, headers=headers, extensions=extensions)
            auth: dict[str, Any] = {"auth": None}
        else:
            message = client.build_request(
                request.method, url, headers=headers, content=content, extensions=extensions
            )
            auth = {}
        exchange.hand_over()
        arrived.append(client.send(message, stream=True, follow_redirects=False, **auth))
        if exchange.given_up:
            arrived[0].close()
        return arrived[0]

    try:
        response = await run_in_thread(work)
    except asyncio.CancelledError:
        # The thread goes on. A response that nothing reads would keep its connection taken.
        exchange.give_up()
        if arrived:
            start_in_thread(arrived[0].close)
        raise
    return httpx2.Response(response.status_code, headers=response.headers, stream=_Body(response))
