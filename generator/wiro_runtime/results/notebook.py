"""How results show themselves in a notebook: HTML in which every text is text.

Nothing is fetched to make it. What has been saved is part of the page, up to a size, and stays when
Wiro's links have gone. Other images are fetched by the browser when they come into view, audio and
video when they are played, all without telling where the page is.
"""

from __future__ import annotations

import base64
import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from wiro_runtime.inputs.messages import escape_controls
from wiro_runtime.price import dollars
from wiro_runtime.results.saving import file_stamp

if TYPE_CHECKING:
    from typing import Any

    from wiro_runtime.results.output import BaseOutput
    from wiro_runtime.results.result import BaseResult

_EMBEDDED: Final = 8 * 2**20
"""Bytes of a saved file that becomes part of the page."""
_MEDIA: Final = re.compile(r"(?:image|audio|video)/[a-z0-9.+-]+", re.IGNORECASE)
_LONGEST: Final = 20_000
"""Characters of a text that are shown."""


def result_html(result: BaseResult[Any]) -> str:
    parts = [f"task {_escape(result.task_id)}"]
    if result.elapsed is not None:
        parts.append(f"{result.elapsed:g} s")
    if result.cost is not None:
        parts.append(dollars(result.cost))
    shown = "".join(output_html(output) for output in result.outputs)
    if not result.outputs and result.text:
        shown = _text(result.text)
    return f"<div><p>{' · '.join(parts)}</p>{shown}</div>"


def output_html(output: BaseOutput) -> str:
    name = _escape(output.name)
    body = ""
    if output.text is not None:
        body = _text(output.text)
    if output.url is None or _scheme(output.url) not in ("http", "https"):
        return f"<figure>{body}<figcaption>{name}</figcaption></figure>"
    url = _escape(output.url)
    kind = output.content_type.partition("/")[0].lower()
    link = f'<a href="{url}" rel="noopener noreferrer" target="_blank">{name}</a>'
    saved = _saved(output)
    if saved is not None:
        path, data = saved
        url = data or url
        link = f"{link} (saved as {_escape(path)})"
    if kind == "image":
        body += (
            f'<img src="{url}" alt="{name}" loading="lazy" referrerpolicy="no-referrer" '
            'style="max-width:100%;max-height:512px">'
        )
    elif kind == "audio":
        body += f'<audio src="{url}" controls preload="none"></audio>'
    elif kind == "video":
        body += f'<video src="{url}" controls preload="none" style="max-width:100%"></video>'
    return f"<figure>{body}<figcaption>{link}</figcaption></figure>"


def _saved(output: BaseOutput) -> tuple[str, str] | None:
    """Where the output was saved, and its bytes as an address (empty when they are too many)."""
    for folder, (name, stamp) in output.saved.items():
        path = Path(folder, name)
        try:
            if file_stamp(path) != stamp:
                continue
            small = stamp[1] <= _EMBEDDED and _MEDIA.fullmatch(output.content_type)
            data = base64.b64encode(path.read_bytes()).decode() if small else ""
        except OSError:
            continue
        here = Path.cwd()
        shown = str(path.relative_to(here) if path.is_relative_to(here) else path)
        return shown, f"data:{output.content_type};base64,{data}" if data else ""
    return None


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:
        return ""


def _text(text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return f'<pre style="white-space:pre-wrap">{_escape(shown)}</pre>'


def _escape(text: str) -> str:
    """``text`` as HTML; a page may be read in a terminal, too."""
    return html.escape(escape_controls(text))
