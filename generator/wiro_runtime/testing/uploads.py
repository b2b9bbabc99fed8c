"""File/Upload: takes one file and gives an address that serves it again."""

from __future__ import annotations

import hashlib
import secrets
import time
from typing import TYPE_CHECKING

from wiro_runtime.testing.errors import (
    ResponseError,
    must,
    required,
    unknown_parameter,
    unreadable,
)
from wiro_runtime.testing.records import SentFile
from wiro_runtime.testing.tasks import Artefact, new_token

if TYPE_CHECKING:
    from wiro_runtime.testing.bodies import Body
    from wiro_runtime.testing.state import SimulatorState
    from wiro_runtime.testing.tool_spec import Json


def upload(state: SimulatorState, body: Body) -> dict[str, Json]:
    """Answers File/Upload: exactly one part ``file``, and ``folderid`` if need be."""
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
    kept = store(file)
    if kept is not None:
        state.uploads[kept.path] = kept
    return {"result": True, "errors": [], "list": [_shown(state, file, kept)]}


def store(file: SentFile) -> Artefact | None:
    """The file to be served again; ``None`` when it was too large to be kept."""
    data = file.data
    if data is None:
        return None
    return Artefact(
        id=secrets.token_hex(16),
        name=hashlib.sha256(file.filename.encode()).hexdigest()[:8] + _suffix(file.filename),
        content_type=file.content_type or "application/octet-stream",
        size=file.size,
        folder="-".join(secrets.token_hex(4) for _ in range(8)),
        access_key=new_token(),
        content=lambda: data,
    )


def _shown(state: SimulatorState, file: SentFile, kept: Artefact | None) -> dict[str, Json]:
    path = kept.path if kept else f"/cdn/{secrets.token_hex(8)}/too-large{_suffix(file.filename)}"
    return {
        "id": secrets.token_hex(16),
        "name": file.filename,
        "contenttype": file.content_type,
        "size": str(file.size),
        "parentid": secrets.token_hex(16),
        "url": state.origin + path,
        "addedtime": str(int(time.time())),
        "accesskey": new_token(),
    }


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f".{suffix}" if stem and dot and suffix.isascii() and suffix.isalnum() else ""
