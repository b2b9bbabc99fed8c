"""Files that the simulator serves: outputs, uploads and the documents of tools."""

from __future__ import annotations

import hashlib
import re
import secrets
import string
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from wiro_runtime.testing.errors import (
    ResponseError,
    must,
    required,
    unknown_parameter,
    unreadable,
)
from wiro_runtime.testing.records import SentFile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from starlette.requests import Request

    from wiro_runtime.testing.records import Body
    from wiro_runtime.testing.state import SimulatorState
    from wiro_runtime.testing.tool_spec import Json

CREDENTIALS: Final = (
    "x-api-key", "x-signature", "x-nonce", "authorization", "proxy-authorization", "cookie",
)  # fmt: skip
STREAMED_ABOVE: Final = 1 << 20
_FILLING: Final = bytes(range(256)) * 1024
_LETTERS: Final = string.ascii_letters + string.digits
_RANGE: Final = re.compile(r"bytes=(\d*)-(\d*)")
_STATIC: Final = StaticFiles()


def new_token() -> str:
    """Thirty letters and digits, as Wiro's socket access tokens and access keys are."""
    return "".join(secrets.choice(_LETTERS) for _ in range(30))


def new_folder() -> str:
    """A folder of the CDN."""
    return "-".join(secrets.token_hex(4) for _ in range(8))


@dataclass(frozen=True, slots=True, kw_only=True)
class Artefact:
    """A file that is served. ``content`` makes its bytes, the same each time; without it the file
    is ``size`` bytes of filling. ``id`` is its validator, ``modified`` another in Unix seconds."""

    id: str = field(default_factory=lambda: secrets.token_hex(16))
    name: str
    content_type: str
    size: int
    folder: str
    access_key: str = field(default_factory=new_token)
    content: Callable[[], bytes] | None = field(repr=False)
    modified: int | None = None

    def parts(self, start: int, stop: int) -> Iterator[bytes]:
        """The bytes from ``start`` to ``stop``, in parts of at most 256 KiB."""
        data = None if self.content is None else self.content()
        while start < stop:
            if data is None:
                offset = start % len(_FILLING)
                part = _FILLING[offset : offset + stop - start]
            else:
                part = data[start : min(start + len(_FILLING), stop)]
            yield part
            start += len(part)

    @property
    def path(self) -> str:
        return f"/cdn/{self.folder}/{self.name}"

    def shown(self, origin: str, added: str) -> dict[str, Json]:
        """The file as Wiro lists it; ``added`` is a Unix time as text."""
        return {
            "id": self.id,
            "name": self.name,
            "contenttype": self.content_type,
            "parentid": hashlib.md5(self.folder.encode(), usedforsecurity=False).hexdigest(),
            "size": str(self.size),
            "addedtime": added,
            "modifiedtime": added,
            "accesskey": self.access_key,
            "foldercount": "0",
            "filecount": "0",
            "ispublic": 0,
            "expiretime": None,
            "url": origin + self.path,
        }


def upload(state: SimulatorState, body: Body) -> dict[str, Json]:
    """Answers File/Upload: exactly one part ``file``, and ``folderid`` if need be. A file that is
    too large to be kept is not served again."""
    if body.parts is None:
        raise unreadable("Expected multipart/form-data.")
    for name in body.parts:
        if name not in ("file", "folderid"):
            raise unknown_parameter(name)
    files = body.parts.get("file", [])
    if not files:
        raise required("file", "files")
    file = files[0]
    if len(files) != 1 or not isinstance(file, SentFile) or not file.filename:
        raise must("file", "be one file with a name")
    if file.size > state.upload_limit:
        raise ResponseError(f"Request files [file] must not exceed {state.upload_limit} bytes")
    data = file.data
    kept = Artefact(
        name=hashlib.sha256(file.filename.encode()).hexdigest()[:8] + _suffix(file.filename),
        content_type=file.content_type or "application/octet-stream",
        size=file.size,
        folder=new_folder(),
        content=None if data is None else lambda: data,
    )
    if data is not None:
        state.uploads[kept.path] = kept
    entry = {**kept.shown(state.origin, str(int(time.time()))), "name": file.filename}
    return {"result": True, "errors": [], "list": [entry]}


def refuse_credentials(request: Request, known: Sequence[str]) -> Response | None:
    """Return the refusal of a request that gives credentials to a file server, in its headers or
    in its address."""
    sent = [name for name in CREDENTIALS if name in request.headers]
    sent += ["one in the query" for secret in known if secret in request.url.query]
    if not sent:
        return None
    message = f"Credentials do not belong on a download: {', '.join(sent)}"
    return JSONResponse(ResponseError(message).body(), 400)


def serve_file(request: Request, file: Artefact | None) -> Response:
    """The whole file, the part that ``Range`` asks for, or 304, 404, 405 or 416."""
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
    if file.modified is not None:
        headers["last-modified"] = formatdate(file.modified, usegmt=True)
    if _STATIC.is_not_modified(Headers(headers), request.headers):
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


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix}" if stem and dot and suffix.isascii() and suffix.isalnum() else ""
