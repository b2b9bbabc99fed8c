"""Bodies with files: multipart/form-data, streamed from a copy, its length known beforehand."""

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
from wiro_runtime.inputs.files import is_local_file, lock_of
from wiro_runtime.inputs.messages import invalid, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from wiro_runtime.inputs.files import BinaryReader, LocalFile
    from wiro_runtime.inputs.model import Json

FILE_LIMIT: Final = 100 * 2**20
"""Bytes of the largest file that Wiro takes."""

CHUNK: Final = 256 * 1024

_IN_MEMORY: Final = 2**20
_LONGEST: Final = 300
"""Characters of a path in a message."""
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f"\\]')


def describe(value: Any) -> Json:
    """A value of a body as JSON, files as ``"<file NAME>"``."""
    if isinstance(value, list | tuple):
        return [describe(item) for item in cast("list[Any]", value)]
    return f"<file {file_name(value)}>" if is_local_file(value) else value


def file_name(value: Any) -> str:
    """The name under which a file is sent: its own, never its folder."""
    if isinstance(value, PathLike):
        return Path(cast("PathLike[str]", value)).name or "file"
    name = getattr(value, "name", None)
    return Path(name).name if isinstance(name, str) and name else "file"


def has_files(body: Mapping[str, Any]) -> bool:
    return any(is_local_file(item) for value in body.values() for item in _items(value))


class _File:
    """A copy of one file, made before anything is sent.

    The copy is what makes a request right: the file on the disk may change meanwhile, a file object
    may serve several submissions at once, and a stream can be read only once although a request
    may have to be sent twice. Copies of more than 1 MiB are on the disk.
    """

    def __init__(self, name: str, value: LocalFile, filename: str | None) -> None:
        self.name = name
        self.filename = _UNSAFE.sub("_", filename or file_name(value))
        path = os.fspath(value) if isinstance(value, PathLike) else self.filename
        self._shown = shorten(path, _LONGEST)
        if isinstance(value, bytes):
            self._copy: IO[bytes] = io.BytesIO(value)
        else:
            import tempfile  # noqa: PLC0415 - slow to import, needed for files only

            self._copy = cast("IO[bytes]", tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115 - until close()
        try:
            if isinstance(value, PathLike):
                self._copy_path(Path(value))
            elif not isinstance(value, bytes):
                self._copy_stream(value)
            self.size = self._copy.seek(0, os.SEEK_END)
            self._check_size(self.size)
        except BaseException as error:
            self.close()
            if isinstance(error, InvalidInputs) or not isinstance(error, OSError | ValueError):
                raise
            reason = getattr(error, "strerror", None) or str(error)
            raise invalid(name, f"cannot read {self._shown}: {reason}") from None

    def chunks(self) -> Iterator[bytes]:
        self._copy.seek(0)
        while chunk := self._copy.read(CHUNK):
            yield chunk

    def close(self) -> None:
        self._copy.close()

    def _copy_path(self, path: Path) -> None:
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            # Before 100 MB of it are copied. A pipe, such as <(command) in a shell, says 0.
            self._check_size(before.st_size or 1)
            self._fill(file)
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise self._problem("was written to while it was read; try again")

    def _copy_stream(self, stream: BinaryReader) -> None:
        """Copy a file object from its beginning, and leave its position as it was."""
        file = cast("IO[bytes]", stream)
        seekable = getattr(stream, "seekable", None)
        with lock_of(stream):
            if seekable is None or not seekable():
                self._fill(file)
                return
            position = file.tell()
            file.seek(0)
            try:
                self._fill(file)
            finally:
                file.seek(position)

    def _fill(self, file: BinaryReader) -> None:
        copied = 0
        while copied <= FILE_LIMIT and (chunk := cast("object", file.read(CHUNK))) != b"":
            if not isinstance(chunk, bytes):
                kind = type(chunk).__name__
                raise self._problem(f"read() returns {kind}, not bytes; open the file with 'rb'")
            copied += self._copy.write(chunk)

    def _check_size(self, size: int) -> None:
        if size == 0:
            raise self._problem("is empty")
        if size > FILE_LIMIT:
            raise self._problem(f"has more than {FILE_LIMIT} bytes, the most that Wiro takes")

    def _problem(self, text: str) -> InvalidInputs:
        return invalid(self.name, f"{self._shown} {text}")


class Form:
    """A body of fields and files, in the order of ``body``. Opens the files, so close it.

    Lists are repeated parts, an empty list is one empty part; numbers and truth values are the
    text that JSON has for them. ``names`` are file names to use instead of the files' own.
    ``read_whole``: its last chunk was taken; without it the server has no whole body.
    """

    def __init__(
        self, body: Mapping[str, Any], *, names: Mapping[str, str | None] | None = None
    ) -> None:
        self._names = names or {}
        self._boundary = secrets.token_hex(16)
        self.read_whole = False
        self._parts: list[tuple[bytes, bytes | _File]] = []
        self._files: list[_File] = []
        try:
            for name, value in body.items():
                for item in _items(value) or [""]:
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
        self.read_whole = False
        for head, data in self._parts:
            yield head
            if isinstance(data, _File):
                yield from data.chunks()
            elif data:
                yield data
            yield b"\r\n"
        self.read_whole = True
        yield self._end

    def close(self) -> None:
        for file in self._files:
            file.close()

    def _add(self, name: str, value: Any) -> None:
        head = f'--{self._boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
        if not is_local_file(value):
            text = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
            try:
                data = text.encode()
            except UnicodeEncodeError:
                raise invalid(name, "holds half a character (an unpaired surrogate)") from None
            self._parts.append((f"{head}\r\n\r\n".encode(errors="replace"), data))
            return
        file = _File(name, value, self._names.get(name))
        self._files.append(file)
        import mimetypes  # noqa: PLC0415 - slow to import, needed for files only

        kind = mimetypes.guess_type(file.filename)[0] or "application/octet-stream"
        head += f'; filename="{file.filename}"\r\nContent-Type: {kind}\r\n\r\n'
        self._parts.append((head.encode(errors="replace"), file))


def _items(value: Any) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple) else [value]


def _quoted(name: str) -> str:
    return _UNSAFE.sub(lambda match: f"%{ord(match[0]):02X}", name)
