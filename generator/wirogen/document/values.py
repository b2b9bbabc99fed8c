"""The text of a value, and how the document spells it."""

from __future__ import annotations

from collections.abc import Iterator

from wirogen.common.text import WHITE
from wirogen.document.layout import Layout
from wirogen.document.source_map import Form
from wirogen.merge.wire import fold


def value_of(
    layout: Layout, start: int, end: int, column: int = 0, shown: str | None = None
) -> tuple[str, Form, int]:
    """The value in ``[start, end)``, its form and the indentation of its further lines.

    Where keys stand one to a line, line ends become line feeds, and indentation that all further
    lines share and that reaches the ``column`` of the keys is layout, not text; unless ``shown``
    (the value in the Run Command) has it as text. The flat form has folded its white space: where
    ``shown`` is the same text with its line breaks, it is the value.
    """
    raw = layout.text[start:end]
    if layout.flat:
        if shown and "\n" in shown and fold(shown) == raw:
            return shown.strip(WHITE), Form.FOLDED, 0
        return raw, Form.TEXT, 0
    if "\n" not in raw:
        return raw, Form.TEXT, 0
    text = raw.replace("\r\n", "\n") if layout.newline == "\r\n" else raw
    indent = 0 if text == shown else _indent(text, column, shown)
    return text.replace("\n" + " " * indent, "\n"), Form.LINES, indent


def _indent(text: str, column: int, shown: str | None) -> int:
    """How much indentation of the further lines of ``text`` is layout."""
    lines = text.split("\n")[1:]
    if any(line and not line.strip(" ") for line in lines):
        return 0
    shared = min((_lead(line) for line in lines if line), default=0)
    if shown is not None and shown.count("\n") == len(lines):
        wanted = shown.split("\n")[1:]
        indent = next(
            (_lead(line) - _lead(other) for line, other in zip(lines, wanted, strict=True) if line),
            0,
        )
        if 0 < indent <= shared and text.replace("\n" + " " * indent, "\n") == shown:
            return indent
    return shared if shared >= max(column, 1) else 0


def _lead(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def spell_lines(value: str, newline: str, indent: int) -> str:
    """The document's spelling of ``value`` in :attr:`Form.LINES`."""
    first, *others = value.split("\n")
    return newline.join([first, *(" " * indent + line if line else line for line in others)])


def spellings(layout: Layout, shown: str) -> Iterator[str]:
    """How the value ``shown`` in the Run Command may be spelled as a default."""
    yield shown
    other = fold(shown) if layout.flat else shown.replace("\n", layout.newline)
    if other not in {shown, ""}:
        yield other


def shown_end(layout: Layout, start: int, shown: str) -> int:
    """Where the value ``shown`` in the Run Command ends when it stands at ``start``, or -1."""
    for spelling in spellings(layout, shown):
        if layout.text.startswith(spelling, start):
            return start + len(spelling)
    return -1
