"""How untrusted text becomes safe: in Python source, in Markdown, in a docstring.

A template may print only :class:`~wirogen.plan.identifiers.Safe` text, which names, source and
Markdown are; the environment refuses every other string, so that a forgotten filter fails the build
instead of letting text through.
"""

from __future__ import annotations

import html
import json
import re
import textwrap
import urllib.parse
from typing import Final

from wirogen.common.text import readable, visible
from wirogen.plan.identifiers import Safe
from wirogen.plan.model import Code

_MARKDOWN_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]()#+\-.!|<>&~$\"':@/^=]")
# Not every dialect knows a backslash before the last three, so they are written as entities.
_MARKDOWN: Final = str.maketrans(
    {"<": "&lt;", ">": "&gt;", "&": "&amp;", "~": "&#126;", "$": "&#36;"}
    | {char: f"\\{char}" for char in "\\`*_[]|"}
)
_LINE_START: Final = re.compile(r"(?m)^(\s*)([#+\-=>]|[0-9]{1,9}[.)])")
_LINE_LENGTH: Final = 88
_MARKUP: Final = re.compile(r"[<>&*_`\[\]!]")
_BACKTICKS: Final = re.compile(r"`+")


class Markdown(Safe):
    """Markdown that may be printed into a page as it is."""

    __slots__ = ()


def docstring(text: str, indent: int = 0, *, wrap: bool = True) -> Code:
    """A docstring literal whose text, once dedented and with its lines joined again, is ``text``.

    It stands ``indent`` columns deep. Lines are wrapped to black's width, code examples are not.
    """
    width = _LINE_LENGTH - indent
    lines = [line.rstrip() for line in str(text).strip("\n").split("\n")]
    if wrap:
        lines = [part for line in lines for part in _wrap(line, width)]
    body = visible("\n".join(lines).replace("\\", "\\\\"), keep_lines=True)
    body = body.replace('"""', '\\"\\"\\"').replace("\n", "\n" + " " * indent)
    body = "\n".join(line.rstrip() for line in body.split("\n"))
    # As black has it: a quote never stands next to the three that open or close.
    body = f" {body}" if body.startswith('"') else body
    body = f"{body} " if body.endswith('"') else body
    return Code(f'"""{body}\n{" " * indent}"""' if "\n" in body else f'"""{body}"""')


def _wrap(line: str, width: int) -> list[str]:
    margin = line[: len(line) - len(line.lstrip())]
    if len(line) <= width or line.lstrip().startswith((">>> ", "... ")):
        return [line]
    hanging = margin + "    " if margin else ""
    first, *rest = textwrap.wrap(
        line.strip(),
        width,
        initial_indent=margin,
        subsequent_indent=hanging,
        break_long_words=False,
        break_on_hyphens=False,
    )
    lines = [first]
    for each in rest:
        words = each.strip()
        while words.startswith(">>>"):
            # At the beginning of a line doctest would run what a document says.
            prompt, _, words = words.partition(" ")
            lines[-1] += f" {prompt}"
        if words:
            lines.append(hanging + words)
    return lines


class DocstringText(Safe):
    """Text that a surrounding ``{% filter docstring %}`` still escapes."""

    __slots__ = ()


def docstring_text(text: str) -> DocstringText:
    """``text`` on one line, for use inside ``{% filter docstring %}`` only."""
    return DocstringText(visible(" ".join(text.split())))


def markdown(text: str) -> Markdown:
    """``text`` as one line of Markdown that shows exactly these words and formats nothing."""
    out = readable(" ".join(text.split())).translate(_MARKDOWN)
    return Markdown(_LINE_START.sub(lambda match: f"{match[1]}{_mark(match[2])}", out))


def _mark(mark: str) -> str:
    return "&#61;" if mark == "=" else f"{mark[:-1]}\\{mark[-1]}"


def attribute(text: str) -> Markdown:
    """``text`` inside a quoted attribute of a block of HTML, which no Markdown is read in."""
    return Markdown(html.escape(readable(" ".join(text.split()))))


def front_matter(text: str) -> Markdown:
    """``text`` as a value in the head of a page: a JSON string is a YAML string too.

    Readers that know no head show it as Markdown, so nothing in it may look like markup.
    """
    quoted = json.dumps(readable(" ".join(text.split())))
    return Markdown(_MARKUP.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted))


def code_span(text: str) -> Markdown:
    """``text`` as a code span, for use inside table cells too; blank text shows as such."""
    if not text.strip():
        return Markdown("`\u2423`" if text else '`""`')
    body = visible(text)
    if "|" in body or "`" in body:
        # A backtick or a pipe inside a table cell cannot be escaped in a code span everywhere.
        return Markdown(f"<code>{_html_in_table(body)}</code>")
    padding = " " if body.startswith(" ") and body.endswith(" ") else ""
    return Markdown(f"`{padding}{body}{padding}`")


def _html_in_table(text: str) -> str:
    return "".join(
        f"&#{ord(char)};" if _MARKDOWN_SPECIAL.match(char) else html.escape(char) for char in text
    )


def fence(text: str, language: str = "text") -> Markdown:
    """``text`` as a fenced block whose fence is longer than any run of backticks inside."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    ticks = "`" * max(3, longest + 1)
    body = visible(text.replace("\r\n", "\n").replace("\r", "\n"), keep_lines=True)
    return Markdown(f"{ticks}{language}\n{body}\n{ticks}")


def link(text: str) -> Markdown | None:
    """``text`` as a link target when it is an http(s) address, else ``None``."""
    try:
        parts = urllib.parse.urlsplit(text.strip())
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        return None
    return Markdown(urllib.parse.quote(text.strip(), safe="/:?&=#%~,@;+"))


def tidy(text: str) -> str:
    """Outside fences, never two blank lines in a row; one line feed at the end."""
    lines: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = line[: len(line) - len(line.lstrip("`"))]
        if fence:
            fence = "" if line == fence else fence
        elif len(mark) >= len("```"):
            fence = mark
        elif not line.strip() and (not lines or not lines[-1].strip()):
            continue
        lines.append(line if fence or mark else line.rstrip())
    return "\n".join(lines).strip("\n") + "\n"
