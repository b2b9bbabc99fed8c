"""What a simulator receives, and what it remembers of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from python_multipart.exceptions import FormParserError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from wiro_runtime.http.json_text import parse_inputs
from wiro_runtime.testing.errors import ResponseError, unreadable

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

    from wiro_runtime.testing.tool_spec import Json

KEPT: Final = 1 << 20
"""Files up to this many bytes are kept; of larger ones only size and hash are known."""

_MAX_TEXT: Final = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SentFile:
    """A file in a multipart body. ``data`` is ``None`` when it is larger than 1 MiB."""

    filename: str
    content_type: str
    size: int
    sha256: str
    data: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, recorded before it was judged.

    ``path`` is percent-decoded. ``headers`` have lower-case names. ``body`` is the parsed JSON,
    or for a multipart body a mapping of names to lists of texts and :class:`SentFile`, or
    ``None`` for anything else. ``at`` is the Unix time of arrival.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(repr=False)
    content_type: str
    body: Any
    raw: bytes = field(repr=False)
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that the simulator accepted: the tool's id, the body as sent, the task's id."""

    tool: str
    body: Mapping[str, Any]
    taskid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A body as it was read. One of ``json`` and ``parts`` is set unless ``problem`` is."""

    raw: bytes = field(default=b"", repr=False)
    json: Json = None
    parts: dict[str, list[str | SentFile]] | None = None
    problem: ResponseError | None = None

    @property
    def recorded(self) -> Any:
        return self.json if self.parts is None else self.parts


async def read_body(request: HttpRequest) -> Body:
    """Reads and parses the body of a request by its content type; keeps what is wrong with it."""
    kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
    if kind == "multipart/form-data":
        try:
            return Body(parts=await _multipart(request))
        except (MultiPartException, FormParserError) as error:
            return Body(problem=unreadable(f"The body is not multipart/form-data: {error}"))
    raw = await request.body()
    if kind != "application/json":
        shown = repr(kind) if kind else "no content type"
        problem = unreadable(f"Expected application/json or multipart/form-data, got {shown}.")
        return Body(raw=raw, problem=problem)
    try:
        return Body(raw=raw, json=strict_json(raw))
    except ValueError as error:
        return Body(raw=raw, problem=unreadable(f"The body is not JSON: {error}"))


def strict_json(data: bytes) -> Json:
    """Parses JSON; refuses what Python's parser lets pass: numbers that are none, keys that come
    twice, half a surrogate pair.

    :raises ValueError: it is not JSON.
    """
    try:
        parsed = cast("Json", parse_inputs(data.decode()))
        # A response could not repeat NaN, 1e999 or half a character.
        json.dumps(parsed, allow_nan=False, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return parsed


async def _multipart(request: HttpRequest) -> dict[str, list[str | SentFile]]:
    parser = MultiPartParser(request.headers, request.stream(), max_part_size=_MAX_TEXT)
    form = await parser.parse()
    parts: dict[str, list[str | SentFile]] = {}
    if not form.multi_items():
        raise MultiPartException("it has no parts")
    try:
        for name, value in form.multi_items():
            read = await _file(value) if isinstance(value, UploadFile) else value
            parts.setdefault(name, []).append(read)
    finally:
        await form.close()
    return parts


async def _file(upload: UploadFile) -> SentFile:
    digest = hashlib.sha256()
    size = 0
    kept: list[bytes] = []
    while chunk := await upload.read(1 << 18):
        digest.update(chunk)
        size += len(chunk)
        if size <= KEPT:
            kept.append(chunk)
    return SentFile(
        filename=upload.filename or "",
        content_type=upload.content_type or "",
        size=size,
        sha256=digest.hexdigest(),
        data=b"".join(kept) if size <= KEPT else None,
    )


def parameter(value: Any) -> Json:
    """A value of a body as a task's ``parameters`` show it: files by their names."""
    if isinstance(value, list):
        return [parameter(item) for item in cast("list[object]", value)]
    return value.filename if isinstance(value, SentFile) else value
