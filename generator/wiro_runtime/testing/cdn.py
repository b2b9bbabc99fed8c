"""The route that serves files: ranges, validators, and no credentials."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from starlette.responses import JSONResponse, Response, StreamingResponse

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.requests import Request

    from wiro_runtime.testing.tasks import Artefact

CREDENTIALS: Final = (
    "x-api-key", "x-signature", "x-nonce", "authorization", "proxy-authorization", "cookie",
)  # fmt: skip
STREAMED_ABOVE: Final = 1 << 20
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")


def refuse_credentials(request: Request, secrets: Sequence[str]) -> Response | None:
    """Return the refusal of a request that gives credentials to a file server, in its headers or
    in its address."""
    sent = [name for name in CREDENTIALS if name in request.headers]
    sent += ["one in the query" for secret in secrets if secret in request.url.query]
    if not sent:
        return None
    message = f"Credentials do not belong on a download: {', '.join(sent)}"
    return JSONResponse({"result": False, "errors": [{"code": 0, "message": message}]}, 400)


def serve_file(request: Request, file: Artefact | None) -> Response:
    """The whole file, the part that ``Range`` asks for, or 404, 405 or 416."""
    if request.method not in ("GET", "HEAD"):
        return Response(status_code=405, headers={"allow": "GET, HEAD"})
    if file is None:
        return Response("Not found", 404, media_type="text/plain")
    headers = {
        "etag": f'"{file.id}"',
        "accept-ranges": "bytes",
        "content-disposition": "inline",
        "cache-control": "private, max-age=0",
    }
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    fresh = request.headers.get("if-range", headers["etag"]) == headers["etag"]
    if wanted is not None and fresh and (match := _RANGE.fullmatch(wanted)):
        span = _span(match[1], match[2], file.size)
        if span is None:
            headers["content-range"] = f"bytes */{file.size}"
            return Response(status_code=416, headers=headers)
        headers["content-range"] = f"bytes {span.start}-{span.stop - 1}/{file.size}"
        return _response(file, span, 206, headers)
    return _response(file, range(file.size), 200, headers)


def _response(file: Artefact, span: range, status: int, headers: dict[str, str]) -> Response:
    if len(span) <= STREAMED_ABOVE:
        data = b"".join(file.parts(span.start, span.stop))
        return Response(data, status, headers, media_type=file.content_type)

    async def parts() -> AsyncIterator[bytes]:
        for part in file.parts(span.start, span.stop):
            yield part

    headers["content-length"] = str(len(span))
    return StreamingResponse(parts(), status, headers, media_type=file.content_type)


def _span(first: str, last: str, size: int) -> range | None:
    """The bytes that ``first-last`` asks for; ``None`` when there are none."""
    if not first:
        count = int(last) if last else 0
        return range(max(size - count, 0), size) if count and size else None
    start = int(first)
    stop = min(int(last) + 1, size) if last else size
    return range(start, stop) if start < stop else None
