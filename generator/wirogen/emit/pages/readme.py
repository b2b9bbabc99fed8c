"""The readme of a tool's owner, which is HTML of a stranger → paragraphs of plain text.

Nothing of its markup is kept: no link, no picture, no style. What a browser would run or not show
is left out with its contents. The paragraphs are text like any other and are escaped as such.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from wirogen.common.text import beginning

README_READ: Final = 20_000
"""Characters of HTML that are read."""
README_SHOWN: Final = 4_000
"""Characters of text that a page shows."""
_MARKUP: Final = re.compile(
    r"<!--.*?(?:-->|\Z)|<[!?][^<>]*>|<(/?[A-Za-z][A-Za-z0-9-]*)(?:[\s/][^<>]*)?>|<", re.DOTALL
)
_HIDDEN: Final = frozenset(
    "script style template noscript iframe object svg math head title textarea select".split()
)
_BLOCKS: Final = frozenset(
    "address article aside blockquote br dd div dl dt figcaption figure footer h1 h2 h3 h4 h5 h6 "
    "header hr li main nav ol p pre section table td th tr ul".split()
)


class _Texts(HTMLParser):
    """Collects text by paragraph."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.paragraphs: list[list[str]] = [[]]
        self._hidden = ""
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - none is used
        if self._hidden:
            self._depth += tag == self._hidden
        elif tag in _HIDDEN:
            self._hidden, self._depth = tag, 1
        elif tag in _BLOCKS:
            self.paragraphs.append([])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HIDDEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden:
            self._depth -= tag == self._hidden
            if not self._depth:
                self._hidden = ""
        elif tag in _BLOCKS:
            self.paragraphs.append([])

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.paragraphs[-1].append(data)


def _plain(match: re.Match[str]) -> str:
    """A tag without attributes, nothing for a comment, and an entity for a ``<`` that opens none.

    Python's parser takes long over attributes that do not end, and not every version reads
    comments and declarations alike.
    """
    if match[0] == "<":
        return "&lt;"
    if match[1] is None:
        return ""
    return f"<{match[1]}/>" if match[0].endswith("/>") else f"<{match[1]}>"


def paragraphs(readme: str) -> list[str]:
    """The text of ``readme``, each paragraph on one line, up to ``README_SHOWN`` characters."""
    if not readme:
        return []
    parser = _Texts()
    parser.feed(_MARKUP.sub(_plain, readme[:README_READ]))
    parser.close()
    found: list[str] = []
    left = README_SHOWN
    for pieces in parser.paragraphs:
        text = " ".join("".join(pieces).split())
        if not text:
            continue
        found.append(beginning(text, left))
        left -= len(found[-1])
        if left <= 0:
            break
    return found
