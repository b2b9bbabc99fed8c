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
_SIZE: Final = f'width="{WIDTH}" height="{HEIGHT}"'


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
    shown = picture(cover.source, name)
    if cover.video:
        shown = (
            f'<video src="{_from_page(cover.source)}" {_SIZE} preload="none" controls muted loop '
            f'playsinline aria-label="{name}"></video>'
        )
    return f"{box}{shown}</div>"


def picture(source: str, name: str) -> str:
    """A picture, below the site or elsewhere, in a page two folders deep."""
    return (
        f'<img src="{_from_page(source)}" alt="{name}" {_SIZE} loading="lazy" decoding="async" '
        'referrerpolicy="no-referrer">'
    )


def _from_page(source: str) -> str:
    return html.escape(source if "://" in source else f"../../{source}")


def hue(text: str) -> int:
    """A colour for a name, as degrees of the colour circle: always the same one, and none of the
    greens and browns that make poor drawings."""
    return (160 + zlib.crc32(text.encode()) % 230) % 360
