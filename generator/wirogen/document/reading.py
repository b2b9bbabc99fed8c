"""From bytes to text, or to a clear refusal."""

from __future__ import annotations

import codecs
import hashlib

from wirogen.diagnostics.model import Diagnostic, InputError, Position, position_at


def _refuse(path: str, code: str, message: str, position: Position | None = None) -> InputError:
    return InputError(Diagnostic(code=code, message=message, path=path, position=position))


def read(data: bytes | str, path: str) -> tuple[str, str]:
    """The text of a document (without a byte order mark) and the SHA-256 of its bytes, in hex.

    Raises :class:`InputError` for anything that is not UTF-8 text, and for an empty file.
    """
    if isinstance(data, str):
        try:
            data = data.encode()
        except UnicodeEncodeError as error:
            raise _refuse(
                path, "D003", "holds a lone surrogate, which is not text",
                position_at(data, error.start),
            ) from None  # fmt: skip
    digest = hashlib.sha256(data).hexdigest()
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _refuse(path, "D003", "is UTF-16, not UTF-8", Position(line=1, column=1, offset=0))
    body = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        before = body[: error.start].decode()
        raise _refuse(
            path, "D003", f"is not UTF-8 text: byte 0x{body[error.start]:02x}",
            position_at(before, len(before)),
        ) from None  # fmt: skip
    zero = text.find("\0")
    if zero >= 0:
        raise _refuse(path, "D003", "is binary: it holds a zero byte", position_at(text, zero))
    if not text.strip():
        raise _refuse(path, "D002", "is empty")
    return text, digest
