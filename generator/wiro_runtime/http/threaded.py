"""A blocking client of httpx2 as the ``http_client`` of :class:`Wiro`."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

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


class _Threaded(httpx2.AsyncBaseTransport):
    """Sends each request with a blocking client, in a thread."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        content = await request.aread()
        headers = dict(request.headers)

        arrived: list[httpx2.Response] = []
        abandoned = threading.Event()

        def send() -> httpx2.Response:
            client, url = self._client, request.url
            if request.method == "GET":
                # A file. Its host gets none of the client's headers, cookies and credentials.
                limits = {"timeout": client.timeout.as_dict()}
                message = httpx2.Request("GET", url, headers=headers, extensions=limits)
                return client.send(message, stream=True, auth=None, follow_redirects=False)
            message = client.build_request(request.method, url, headers=headers, content=content)
            return client.send(message, stream=True, follow_redirects=False)

        def work() -> httpx2.Response:
            arrived.append(send())
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
        return httpx2.Response(
            response.status_code, headers=response.headers, stream=_Body(response)
        )


class _AsyncClient(httpx2.AsyncClient):
    def __init__(self, client: httpx2.Client) -> None:
        super().__init__(transport=_Threaded(client), trust_env=False)
        self._blocking = client

    @property
    def is_closed(self) -> bool:
        return self._blocking.is_closed


def asynchronous(client: httpx2.Client) -> httpx2.AsyncClient:
    """A client for coroutines that sends with ``client``."""
    return _AsyncClient(client)
