"""The ASGI application: records, checks and dispatches every request."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wiro_runtime.testing import api, records
from wiro_runtime.testing.cdn import refuse_credentials, serve_file
from wiro_runtime.testing.records import JsonError, strict_json
from wiro_runtime.testing.refusals import RefusalError, unreadable

if TYPE_CHECKING:
    from wiro_runtime.testing.contract import Json
    from wiro_runtime.testing.signature import SignatureCheck
    from wiro_runtime.testing.world import World

API: Final = "/v1/"
_ALL: Final = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class App:
    """Binds the routes to a world."""

    def __init__(self, world: World, signature: SignatureCheck) -> None:
        self.world = world
        self.signature = signature
        self.asgi = Starlette(
            routes=[
                Route("/v1/{path:path}", self.api, methods=_ALL),
                Route("/cdn/{folder}/{name}", self.cdn, methods=_ALL),
            ]
        )

    async def api(self, request: Request) -> Response:
        raw = await request.body()
        content_type = request.headers.get("content-type", "")
        parsed, problem = _parse(content_type, raw)
        self.world.requests.append(_record(request, content_type, parsed, raw))
        try:
            answer = self.answer(request, parsed, problem)
        except RefusalError as refusal:
            return JSONResponse(refusal.answer(), refusal.status)
        return JSONResponse(answer)

    def answer(self, request: Request, parsed: Json, problem: RefusalError | None) -> api.Answer:
        """Checks the request in Wiro's order (credentials, address, body) and acts on it."""
        self.signature.check(request.headers.raw)
        path = _raw_path(request).removeprefix(API)
        if not path.startswith("Run/") and path not in api.ENDPOINTS:
            raise RefusalError("Error parsing url.", status=404)
        if request.method != "POST":
            raise RefusalError("Error parsing url. Only POST is allowed.", status=405)
        if problem is not None:
            raise problem
        if not isinstance(parsed, dict):
            raise unreadable("The body is not a JSON object.")
        if path.startswith("Run/"):
            tool = api.find_tool(self.world, path.removeprefix("Run/"))
            return api.run(self.world, tool, parsed)
        return api.ENDPOINTS[path](self.world, parsed)

    async def cdn(self, request: Request) -> Response:
        self.world.downloads.append(_record(request, "", None, b""))
        refused = refuse_credentials(request)
        if refused is not None:
            return refused
        now = self.world.clock.now()
        for task in self.world.tasks.values():
            for file in task.artefacts or ():
                if file.path == request.url.path and file in task.outputs(now):
                    return serve_file(request, file)
        return serve_file(request, None)


def _parse(content_type: str, raw: bytes) -> tuple[Json, RefusalError | None]:
    kind = content_type.split(";", 1)[0].strip().lower()
    if kind != "application/json":
        shown = f"{kind!r}" if kind else "no content type"
        return None, unreadable(f"Expected application/json, got {shown}.")
    try:
        return strict_json(raw), None
    except JsonError as error:
        return None, unreadable(str(error))


def _record(request: Request, content_type: str, body: Json, raw: bytes) -> records.Request:
    return records.Request(
        method=request.method,
        path=request.url.path if not request.scope.get("path") else request.scope["path"],
        headers=dict(request.headers),
        content_type=content_type,
        body=body,
        raw=raw,
        at=time.time(),
    )


def _raw_path(request: Request) -> str:
    return request.scope["raw_path"].decode("ascii")
