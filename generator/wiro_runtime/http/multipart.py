"""Bodies with files: multipart/form-data, streamed from a copy, its length known beforehand."""

from __future__ import annotations

import io
import json
import os
import re
from contextlib import suppress
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final, cast

from wiro_runtime.errors import InvalidInputs
from wiro_runtime.inputs.files import is_local_file, lock_of
from wiro_runtime.inputs.messages import HALF, SURROGATE, invalid, shorten

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from wiro_runtime.inputs.files import BinaryReader, LocalFile
    from wiro_runtime.inputs.model import Json

FILE_LIMIT: Final = 100 * 2**20
"""Bytes of the largest file that Wiro takes."""

CHUNK: Final = 256 * 1024

_IN_MEMORY: Final = 2**20
_LONGEST: Final = 300
"""Characters of a path in a message."""
_UNABLE: Final = (AttributeError, NotImplementedError, OSError, ValueError)
"""What file objects raise that cannot tell their position, or go to another one."""

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
        sent = _UNSAFE.sub("_", filename or file_name(value))
        self.filename = sent.encode(errors="replace").decode()
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
            self._check_size(self._copy.seek(0, os.SEEK_END))
        except BaseException as error:
            self.close()
            if isinstance(error, InvalidInputs) or not isinstance(error, OSError | ValueError):
                raise
            reason = getattr(error, "strerror", None) or str(error)
            raise invalid(name, f"cannot read {self._shown}: {reason}") from None

    def read(self, size: int) -> bytes:
        return self._copy.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._copy.seek(offset, whence)

    def tell(self) -> int:
        return self._copy.tell()

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
        position = 0
        with lock_of(stream):
            with suppress(*_UNABLE):
                position = file.tell()
            if not _rewind(file):
                if position:
                    raise self._problem("was read before, and cannot be read from its beginning")
                self._fill(file)
                return
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


def _rewind(file: IO[bytes]) -> bool:
    """Go to the beginning of a file object; ``False`` for one that cannot, such as a pipe."""
    # A map of memory (mmap) can seek, and does not say so before Python 3.13.
    seekable = getattr(file, "seekable", None)
    if seekable is not None and not seekable():
        return False
    try:
        file.seek(0)
    except _UNABLE:
        return False
    return True


class Form:
    """A body of fields and files, in the order of ``body``. Opens the files, so close it.

    Lists are repeated parts, an empty list is one empty part; numbers and truth values are the
    text that JSON has for them. ``names`` are file names to use instead of the files' own.
    ``length`` is that of the whole body, ``read_whole``: its last chunk was taken; without it the
    server has no whole body.
    """

    def __init__(
        self, body: Mapping[str, Any], *, names: Mapping[str, str | None] | None = None
    ) -> None:
        import httpx2  # noqa: PLC0415 - checking inputs does not need it

        self._names = names or {}
        self._files: list[_File] = []
        self.read_whole = False
        try:
            parts: list[tuple[str, Any]] = [
                (name, self._part(name, item))
                for name, value in body.items()
                for item in _items(value) or [""]
            ]
            encoded = httpx2.Request("POST", "https://wiro.invalid", files=parts)
        except BaseException:
            self.close()
            raise
        self.content_type = encoded.headers["content-type"]
        self.length = int(encoded.headers["content-length"])
        self._stream = cast("Iterable[bytes]", encoded.stream)

    def chunks(self) -> Iterator[bytes]:
        """The body, from its beginning. Reads from the disk as it goes."""
        left = self.length
        for chunk in self._stream:
            left -= len(chunk)
            self.read_whole = left == 0
            if chunk:
                yield chunk

    def close(self) -> None:
        for file in self._files:
            file.close()

    def _part(self, name: str, value: Any) -> tuple[str | None, bytes | _File]:
        """The name of a file, and what is sent."""
        if is_local_file(value):
            self._files.append(_File(name, value, self._names.get(name)))
            return self._files[-1].filename, self._files[-1]
        text = value if isinstance(value, str) else json.dumps(value, allow_nan=False)
        if SURROGATE.search(text):
            raise invalid(name, HALF)
        return None, text.encode()


def _items(value: Any) -> list[Any]:
    return list(cast("list[Any]", value)) if isinstance(value, list | tuple) else [value]
