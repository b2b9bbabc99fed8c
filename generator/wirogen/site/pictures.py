"""The place of a cover on a tool's page, and what is put there.

``generated/docs/`` holds the place with a link; whether a picture can stand there is known when
the site is built. Its size never changes, so nothing moves when the picture comes.
"""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Callable
from typing import Final

from wirogen.site.covers import HEIGHT, WIDTH, Cover

_PLACE: Final = re.compile(
    r'<div class="wt-cover" data-makes="([a-z0-9]+)">(?:<a href="([^"<>]*)">Cover</a>)?</div>'
)
SIZE: Final = f'width="{WIDTH}" height="{HEIGHT}"'


def placed(text: str, fill: Callable[[str, str], str]) -> str:
    """``text`` with its places filled by ``fill(makes, address)``; the address is empty when the
    tool has no cover."""
    return _PLACE.sub(lambda match: fill(match[1], html.unescape(match[2] or "")), text)


def as_link(_makes: str, address: str) -> str:
    """A cover in Markdown, as a paragraph."""
    return f"[Cover]({address})\n" if address else ""


def figure(tool: str, makes: str, address: str, cover: Cover | None) -> str:
    """A cover in a page two folders deep: its picture, or a drawing with a link to it."""
    name = html.escape(f"Cover of {tool}")
    box = f'<div class="wt-cover wt-drawn wt-makes-{makes}" style="--hue:{hue(tool)}">'
    if cover is None:
        more = (
            f'<a class="wt-elsewhere" rel="noreferrer" href="{html.escape(address)}">'
            "Cover on Wiro&#x27;s server</a>"
            if address
            else ""
        )
        return f"{box}{more}</div>"
    source = cover.source if "://" in cover.source else f"../../{cover.source}"
    source = html.escape(source)
    if cover.video:
        shown = (
            f'<video src="{source}" {SIZE} preload="none" controls muted loop playsinline '
            f'aria-label="{name}"></video>'
        )
    else:
        shown = (
            f'<img src="{source}" alt="{name}" {SIZE} loading="lazy" decoding="async" '
            'referrerpolicy="no-referrer">'
        )
    return f"{box}{shown}</div>"


def hue(text: str) -> int:
    """A colour for a name, as degrees of the colour circle: always the same one, and none of the
    greens and browns that make poor drawings."""
    return (160 + zlib.crc32(text.encode()) % 230) % 360
