"""Outputs saved into the user's folder, as a client of MCP shows them."""

from __future__ import annotations

import base64
import json
import mimetypes
from functools import partial
from typing import TYPE_CHECKING, Final

from mcp.types import CallToolResult, ContentBlock, ImageContent, ResourceLink, TextContent

from wiro_runtime.http.loop import run_in_thread
from wiro_runtime.results.filenames import safe_name
from wiro_runtime.results.saving import recall_saved

if TYPE_CHECKING:
    from pathlib import Path

    from wiro_runtime.results.result import AsyncResult

_INLINE_BYTES: Final = 512 * 1024
_INLINE_IMAGES: Final = 4
_INLINE_TYPES: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})


async def download(result: AsyncResult, folder: Path) -> CallToolResult:
    """Save all outputs of a task below ``folder``, in a folder of its own.

    Each is a link; the first small images are in the response, too. The same task again gives the
    same files, also by another server. Raises :class:`DownloadError`.
    """
    # The id comes from the network.
    folder /= safe_name(result.task_id, "task")
    await run_in_thread(partial(recall_saved, result.outputs, folder))
    paths = await result.download(folder)
    said = {"task_id": result.task_id, "files": [str(path) for path in paths]}
    content: list[ContentBlock] = [TextContent(type="text", text=json.dumps(said))]
    content += [_link(path) for path in paths]
    content += [_image(path) for path in list(filter(_is_small_image, paths))[:_INLINE_IMAGES]]
    return CallToolResult(content=content, structured_content=said)


def _link(path: Path) -> ResourceLink:
    return ResourceLink(
        type="resource_link",
        uri=path.as_uri(),
        name=path.name,
        mime_type=_type_of(path),
        size=path.stat().st_size,
    )


def _image(path: Path) -> ImageContent:
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return ImageContent(type="image", data=data, mime_type=_type_of(path))


def _is_small_image(path: Path) -> bool:
    return _type_of(path) in _INLINE_TYPES and path.stat().st_size <= _INLINE_BYTES


def _type_of(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
