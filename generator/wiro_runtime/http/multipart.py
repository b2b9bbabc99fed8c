"""Bodies with files: multipart/form-data, streamed from the disk, its length known beforehand."""

from __future__ import annotations

import io
import json
import os
import re
import secrets
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from wiro_runtime.errors import InvalidInputs
from wiro_runtime.inputs.files import is_local_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wiro_runtime.inputs.files import LocalFile
    from wiro_runtime.inputs.model import Json

FILE_LIMIT: Final = 100 * 2**20
"""Bytes of the largest file that Wiro takes."""

CHUNK: Final = 256 * 1024

_IN_MEMORY: Final = 2**20
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f"\\]')


def describe(value: Any) -> Json:
    """A value of a body as JSON, files as ``"<file NAME>"``."""
    if isinstance(value, list):
        return [describe(item) for item in cast("list[Any]", value)]
    return f"<file {file_name(value)}>" if is_local_file(value) else value


def file_name(value: Any) -> str:
    """The name under which a file is sent: its own, never its folder."""
    if isinstance(value, PathLike):
        return Path(cast("PathLike[str]", value)).name or "file"
    name = getattr(value, "name", None)
    return Path(name).name if isinstance(name, str) and name else "file"


def has_files(body: Mapping[str, Any]) -> bool:
    return any(
        is_local_file(item)
        for value in body.values()
        for item in (cast("list[Any]", value) if isinstance(value, list) else [value])
    )


class _File:
    """One file, opened and measured. A stream that cannot be rewound is copied first, so that a
    request can be sent again and its length is known."""

    def __init__(self, name: str, value: LocalFile, filename: str | None) -> None:
        self.name = name
        self.filename = _UNSAFE.sub("_", filename or file_name(value))
        self.opened: IO[bytes] | None = None
        self.start = 0
        try:
            if isinstance(value, bytes):
                self.stream = self.opened = io.BytesIO(value)
            elif isinstance(value, PathLike):
                self.stream = self.opened = Path(value).open("rb")  # noqa: SIM115 - until close()
            else:
                self._adopt(cast("IO[bytes]", value))
            self.size = self.stream.seek(0, os.SEEK_END) - self.start
        except (OSError, ValueError) as error:
            self.close()
            reason = getattr(error, "strerror", None) or str(error)
            raise _problem(name, f"cannot read {self.filename}: {reason}") from None
        except BaseException:
            self.close()
            raise
        if self.size <= 0:
            self.close()
            raise _problem(name, f"{self.filename} is empty")
        if self.size > FILE_LIMIT:
            self.close()
            raise _problem(
                name, f"{self.filename} has {self.size} bytes; Wiro takes {FILE_LIMIT} at most"
            )

    def _adopt(self, stream: IO[bytes]) -> None:
        seekable = getattr(stream, "seekable", None)
        if seekable is not None and seekable():
            self.stream = stream
            self.start = stream.tell()
            return
        import tempfile  # noqa: PLC0415 - slow to import, rarely needed

        self.stream = self.opened = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - until close()
        copied = 0
        while copied <= FILE_LIMIT and (chunk := stream.read(CHUNK)):
            if not isinstance(chunk, bytes):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' objects
                raise _problem(self.name, "the file is open as text; open it with 'rb'")
            copied += self.stream.write(chunk)

    def chunks(self) -> Iterator[bytes]:
        """Exactly the bytes that were announced, whatever happens to the file meanwhile."""
        self.stream.seek(self.start)
        left = self.size
        while left:
            try:
                chunk = self.stream.read(min(CHUNK, left))
            except (OSError, ValueError) as error:
                # The disk is gone, or somebody closed the file. Wiro has not got all of it.
                raise _problem(self.name, f"cannot read {self.filename}: {error}") from None
            if not chunk:
                raise _problem(self.name, f"{self.filename} became shorter while it was sent")
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        if self.opened is not None:
            self.opened.close()


class Form:
    """A body of fields and files, in the order of ``body``. Opens the files, so close it.

    Lists are repeated parts, an empty list is one empty part; numbers and truth values are the
    text that JSON has for them. ``names`` are file names to use instead of the files' own.
    """

    def __init__(
        self, body: Mapping[str, Any], *, names: Mapping[str, str | None] | None = None
    ) -> None:
        self._names = names or {}
        self._boundary = secrets.token_hex(16)
        self._parts: list[tuple[bytes, bytes | _File]] = []
        self._files: list[_File] = []
        try:
            for name, value in body.items():
                items = cast("list[Any]", value) if isinstance(value, list) else [value]
                for item in items or [""]:
                    self._add(name, item)
        except BaseException:
            self.close()
            raise
        self._end = f"--{self._boundary}--\r\n".encode()

    @property
    def content_type(self) -> str:
        return f"multipart/form-data; boundary={self._boundary}"

    @property
    def length(self) -> int:
        """Bytes of the whole body."""
        sizes = (
            len(head) + (data.size if isinstance(data, _File) else len(data)) + 2
            for head, data in self._parts
        )
        return sum(sizes) + len(self._end)

    def chunks(self) -> Iterator[bytes]:
        """The body, from its beginning. Reads from the disk as it goes."""
        for head, data in self._parts:
            yield head
            if isinstance(data, _File):
                yield from data.chunks()
            elif data:
                yield data
            yield b"\r\n"
        yield self._end

    def close(self) -> None:
        for file in self._files:
            file.close()

    def _add(self, name: str, value: Any) -> None:
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
        if not is_local_file(value):
            text = value if isinstance(value, str) else json.dumps(value)
            data = text.encode(errors="replace")
            self._parts.append((f"{head}\r\n\r\n".encode(), data))
            return
        file = _File(name, value, self._names.get(name))
        self._files.append(file)
        import mimetypes  # noqa: PLC0415 - slow to import, needed for files only

        kind = mimetypes.guess_type(file.filename)[0] or "application/octet-stream"
        head += f'; filename="{file.filename}"\r\nContent-Type: {kind}\r\n\r\n'
        self._parts.append((head.encode(errors="replace"), file))


def _quoted(name: str) -> str:
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", name)


def _problem(name: str, text: str) -> InvalidInputs:
    return InvalidInputs(f"{name}: {text}", problems={name: text})
