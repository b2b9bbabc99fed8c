"""A document that is being read: its text, the report about it, its layout, and its values with the
way in which the document spells them."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NoReturn

from wirogen.common.text import WHITE, is_visible, shorten
from wirogen.diagnostics.model import Diagnostic, Position, input_error, position_at
from wirogen.document.layout import Layout
from wirogen.document.source_map import Form, SourceMap, SpecPath
from wirogen.merge.wire import fold


def read(data: bytes | str, path: str) -> tuple[str, str]:
    """The text of a document (without a byte order mark) and the SHA-256 of its bytes, in hex.

    Raises :class:`InputError` for anything that is not UTF-8 text, and for an empty file.
    """
    if isinstance(data, str):
        try:
            data = data.encode()
        except UnicodeEncodeError as error:
            message, place = "holds a lone surrogate, which is not text", error.start
            raise input_error("D003", message, path, position_at(data, place)) from None
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise input_error("D003", "is UTF-16, not UTF-8", path, position_at("", 0))
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        before = body[: error.start].decode()
        message = f"is not UTF-8 text: byte 0x{body[error.start]:02x}"
        raise input_error("D003", message, path, position_at(before, len(before))) from None
    zero = text.find("\0")
    if zero >= 0:
        raise input_error("D003", "is binary: it holds a zero byte", path, position_at(text, zero))
    if not text.strip():
        raise input_error("D002", "is empty", path)
    return text, digest


_SUBJECT: Final = 100


class Report:
    """The diagnostics of one document. ``path`` is what they say they are about."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path
        self._found: list[tuple[int, str, str, str]] = []

    def add(self, code: str, offset: int, subject: str, message: str) -> None:
        """Adds one. ``subject`` may be any text of the document; what cannot be printed is
        escaped."""
        if len(subject) > _SUBJECT or not is_visible(subject):
            subject = subject[:_SUBJECT].encode("unicode_escape").decode()
        self._found.append((offset, code, subject, message))

    def fail(self, code: str, offset: int, message: str) -> NoReturn:
        position = position_at(self.text, min(offset, len(self.text)))
        raise input_error(code, message, self.path, position)

    def finish(self) -> tuple[Diagnostic, ...]:
        """All of them, in the order of the text."""
        made: list[Diagnostic] = []
        line, begin, done = 1, 0, 0
        for offset, code, subject, message in sorted(self._found):
            feeds = self.text.count("\n", done, offset)
            if feeds:
                line += feeds
                begin = self.text.rindex("\n", done, offset) + 1
            done = offset
            position = Position(line, offset - begin + 1)
            made.append(
                Diagnostic(
                    code=code, message=message, path=self.path, position=position, subject=subject
                )
            )
        return tuple(made)


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


@dataclass(frozen=True, slots=True)
class Page:
    """A document that is being read."""

    layout: Layout
    source_map: SourceMap
    report: Report

    @property
    def text(self) -> str:
        return self.layout.text

    def value(self, start: int, end: int, place: SpecPath, column: int = 0) -> str:
        """The value in ``[start, end)``, added to the source map. ``column`` as for
        :func:`value_of`."""
        begin, stop = self.layout.trim(start, end)
        value, form, indent = value_of(self.layout, begin, stop, column)
        self.source_map.value(begin, stop, place, form, indent)
        return value

    def keep(
        self,
        keys: list[tuple[int, int]],
        end: int,
        place: SpecPath,
        extra: dict[str, str],
        *,
        code: str,
        subject: str,
    ) -> None:
        """Keeps unknown keys, the last of which ends at ``end``, in ``extra`` (a key that comes
        again is numbered). Each is given by where its key begins and where its value does."""
        for number, (at, stop) in enumerate(keys):
            limit = keys[number + 1][0] if number + 1 < len(keys) else end
            key, slot = self.text[at : stop - 1], len(extra)
            self.report.add(code, at, subject, f"has an unknown key {shorten(key)}")
            form = Form.NUMBERED if key in extra else Form.TEXT
            self.source_map.value(at, stop - 1, (*place, "extra", slot, "key"), form)
            self.source_map.syntax(stop - 1, ":")
            value = self.value(stop, limit, (*place, "extra", slot, "value"))
            extra[key if key not in extra else f"{key} {slot}"] = value
