"""Files as inputs: a path, bytes or a binary file object. Text is never a file but an address."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import TextIOBase
from os import PathLike
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias, runtime_checkable
from weakref import WeakValueDictionary

# A single letter before the colon is a drive of Windows, and `photo-10:20.png` is a file.
_ADDRESS: Final = re.compile(r"(?!file:)[a-z][a-z0-9+.-]+://[^/\s]|data:", re.IGNORECASE)


@runtime_checkable
class BinaryReader(Protocol):
    """An open binary file, or anything that reads like one."""

    def read(self, size: int = -1, /) -> bytes: ...


LocalFile: TypeAlias = PathLike[str] | bytes | BinaryReader

if TYPE_CHECKING:
    FileLike: TypeAlias = str | LocalFile
else:

    class FileLike:
        """What a file input takes: an address as text, a ``pathlib.Path``, bytes, a file object."""

        @classmethod
        def __get_pydantic_core_schema__(
            cls, _source: object, _handler: Callable[[object], Any]
        ) -> Any:
            from pydantic_core import core_schema  # noqa: PLC0415 - only the validators need it

            return core_schema.no_info_plain_validator_function(_checked)

        @classmethod
        def __get_pydantic_json_schema__(cls, _schema: object, _handler: object) -> dict[str, str]:
            return {"type": "string", "format": "uri-or-file"}


NOT_AN_ADDRESS: Final = "not_an_address"
"""The kind of the validation error for a text that is not an address."""


def is_address(text: str) -> bool:
    """Whether ``text`` begins with a scheme and a host, or with ``data:``. ``file:`` is none for
    Wiro, which cannot fetch it."""
    return _ADDRESS.match(text) is not None


def is_local_file(value: object) -> bool:
    """Whether ``value`` is content to be uploaded rather than text."""
    return isinstance(value, PathLike | bytes | BinaryReader) and not isinstance(value, TextIOBase)


_LOCKS: Final[WeakValueDictionary[int, Lock]] = WeakValueDictionary()
_LOCKS_LOCK: Final = Lock()


def lock_of(stream: object) -> Lock:
    """The lock of a file object: submissions that share it read it one after the other."""
    with _LOCKS_LOCK:
        return _LOCKS.setdefault(id(stream), Lock())


def _checked(value: object) -> object:
    from pydantic_core import PydanticCustomError  # noqa: PLC0415 - only the validators need it

    if is_local_file(value) or (isinstance(value, str) and (not value or is_address(value))):
        return value
    kind = NOT_AN_ADDRESS if isinstance(value, str) else "file_type"
    raise PydanticCustomError(
        kind, "expected an address (text), a pathlib.Path, bytes or a binary file"
    )
