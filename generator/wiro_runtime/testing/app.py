"""The ASGI application: records, spoils, checks and dispatches every request."""

from __future__ import annotations

import asyncio
import contextlib
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from wiro_runtime.testing import api, records
from wiro_runtime.testing.catalogue import PAGE_NAMES
from wiro_runtime.testing.errors import ResponseError
from wiro_runtime.testing.faults import Fault
from wiro_runtime.testing.files import refuse_credentials, serve_file, upload
from wiro_runtime.testing.records import read_body
from wiro_runtime.testing.server import reset, transport_of, until_disconnected
from wiro_runtime.testing.sockets import serve_socket

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import Receive, Scope, Send

    from wiro_runtime.testing.records import Body
    from wiro_runtime.testing.signature import SignatureCheck
    from wiro_runtime.testing.state import SimulatorState

API: Final = "/v1/"
RUN: Final = "Run/"
UPLOAD: Final = "File/Upload"
SOCKETS: Final = ("/v1", "/v1/socket")


class App:
    """The simulator as an ASGI application. ``on_response`` hears of every request that was
    answered: the record and the status."""

    def __init__(self, state: SimulatorState, signature: SignatureCheck) -> None:
        self.state = state
        self.signature = signature
        self.on_response: Callable[[records.Request, Response], None] = lambda _request, _: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A request that is under way when the server stops is cancelled, and a client may hang up
        # before it has sent all: neither is an error.
        with contextlib.suppress(asyncio.CancelledError, ClientDisconnect):
            if scope["type"] == "websocket":
                await self._websocket(scope, receive, send)
            elif scope["type"] == "http":
                await self._http(scope, receive, send)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] not in SOCKETS or scope["query_string"]:
            await receive()
            await send({"type": "websocket.close", "code": 1000})
            return
        fault = self.state.faults.take("socket")
        if isinstance(fault, Fault):
            await receive()
            await apply_fault(fault, lambda: Response(status_code=503), scope, receive, send)
        else:
            await serve_socket(self.state, fault, scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        raw_path: str = scope["raw_path"].decode("ascii")
        path: str = scope["path"]
        if raw_path.startswith(API):
            name = path.removeprefix(API)
            body = await read_body(request)
            record = _record(request, path, body.recorded, body.raw)
            self.state.requests.append(record)

            def respond() -> Response:
                return self._api(request, raw_path.removeprefix(API), body)

        else:
            name = path.removeprefix("/")
            record = _record(request, path)
            self.state.downloads.append(record)

            def respond() -> Response:
                return self._file(request, path)

        fault = self.state.faults.take(name)
        if isinstance(fault, Fault):
            await apply_fault(fault, respond, scope, receive, send)
            return
        response = respond()
        self.on_response(record, response)
        await response(scope, receive, send)

    def _api(self, request: Request, path: str, body: Body) -> Response:
        headers = {"date": formatdate(usegmt=True)}
        try:
            content = self._dispatch(request, path, body)
        except ResponseError as error:
            return JSONResponse(error.body(), error.status, headers)
        return JSONResponse(content, headers=headers)

    def _dispatch(self, request: Request, path: str, body: Body) -> api.ResponseBody:
        """Checks a request in Wiro's order (address, credentials, body) and acts on it."""
        endpoint = api.ENDPOINTS.get(path)
        run = path.startswith(RUN)
        if endpoint is None and not run and path != UPLOAD:
            raise ResponseError("Error parsing url.", status=404)
        if request.method != "POST":
            raise ResponseError("Error parsing url. Only POST is allowed.", status=405)
        if request.url.query:
            # Addresses end up in logs; nothing of a request belongs into one.
            raise ResponseError("Request parameters belong into the body.", status=400)
        if request.headers.get("content-encoding", "identity") != "identity":
            raise ResponseError("The body must not be compressed.", status=415)
        self.signature.check(request.headers.raw)
        tool = api.find_tool(self.state, path.removeprefix(RUN)) if run else None
        if body.problem is not None:
            raise body.problem
        if endpoint is not None:
            return endpoint(self.state, api.json_object(body))
        return upload(self.state, body) if tool is None else api.run(self.state, tool, body)

    def _file(self, request: Request, path: str) -> Response:
        served = path.startswith("/cdn/") or path.rsplit("/", 1)[-1] in PAGE_NAMES
        if request.method == "POST" and not served:
            lost = ResponseError("Error parsing url. Paths of the API begin with /v1/.", status=404)
            return JSONResponse(lost.body(), lost.status)
        refused = refuse_credentials(request, self.signature.secrets)
        if refused is not None:
            return refused
        # A page's address may have its blanks and dots encoded either way.
        return serve_file(request, self.state.file(unquote(path)))


def _record(request: Request, path: str, body: Any = None, raw: bytes = b"") -> records.Request:
    return records.Request(
        method=request.method,
        path=path,
        headers=dict(request.headers),
        content_type=request.headers.get("content-type", ""),
        body=body,
        raw=raw,
        at=time.time(),
    )


async def apply_fault(
    fault: Fault, respond: Callable[[], Response], scope: Scope, receive: Receive, send: Send
) -> None:
    """Responds to a request that ``respond`` would have handled, or does not. A WebSocket is
    refused: its handshake is reset, never answered, or answered with an HTTP status."""
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
    if (fault.cut is None and fault.drip is None) or scope["type"] == "websocket":
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
