"""One output of a task: what it is, and methods that fetch it."""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote, urlsplit

from wiro_runtime.http.json_values import as_int, as_text
from wiro_runtime.tasks.task import run
from wiro_runtime.tasks.text import parse_content

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from os import PathLike
    from pathlib import Path
    from typing import Self

    from wiro_runtime.results.files import Files

    Progress: TypeAlias = Callable[[int, int | None], object]

Stamp: TypeAlias = tuple[int, int, int]
"""What shows that a file is as it was saved: its inode, size and time of change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseOutput:
    """One thing that a task made: a file at ``url``, a text, or both.

    ``size`` is in bytes (``None``: not known), ``content_type`` as Wiro says, ``text`` the text of
    an LLM tool. ``raw`` is all that Wiro sent about it, ``access`` the way to the file.
    """

    name: str
    url: str | None
    size: int | None
    content_type: str
    text: str | None
    raw: Mapping[str, Any] = field(repr=False)
    task_id: str = field(repr=False)
    access: Files = field(repr=False, compare=False)
    saved: dict[str, tuple[str, Stamp]] = field(
        default_factory=dict[str, tuple[str, Stamp]], repr=False, compare=False
    )
    """By folder: the name under which it was saved there."""

    @classmethod
    def from_raw(cls, raw: Mapping[str, Any], number: int, task_id: str, files: Files) -> Self:
        """Read output ``number`` (from 0) of a task. Nothing in ``raw`` is an error."""
        url = as_text(raw.get("url")) or None
        said = parse_content(raw.get("content"))
        text = None if said is None else said.text
        name = as_text(raw.get("name"))
        if not name and url is not None:
            with suppress(ValueError):
                name = unquote(PurePosixPath(urlsplit(url).path).name)
        size = as_int(raw.get("size")) or 0
        return cls(
            name=name or (f"{number}.txt" if text is not None else str(number)),
            url=url,
            # 0 and -1 are what Wiro says of a size that it does not know.
            size=size if 0 < size < 2**63 else None,
            content_type=as_text(raw.get("contenttype")),
            text=text,
            raw=raw,
            task_id=task_id,
            access=files,
        )

    def to_dict(self) -> dict[str, Any]:
        """The output as values of JSON."""
        return {
            "name": self.name,
            "url": self.url,
            "size": self.size,
            "content_type": self.content_type,
            "text": self.text,
        }

    def asave(self, path: str | PathLike[str], **options: Any) -> Coroutine[Any, Any, Path]:
        """Deprecated: an output of ``AsyncWiro`` has a ``save`` that is awaited."""
        warn_deprecated("asave", "save")
        return self._save(path, **options)

    def aread(self, **options: Any) -> Coroutine[Any, Any, bytes]:
        """Deprecated: an output of ``AsyncWiro`` has a ``read`` that is awaited."""
        warn_deprecated("aread", "read")
        return self._read(**options)

    def _save(
        self,
        path: str | PathLike[str],
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> Coroutine[Any, Any, Path]:
        from wiro_runtime.results.saving import save_output  # noqa: PLC0415 - imports asyncio

        return save_output(self, path, progress, max_bytes)

    def _read(self, max_bytes: int | None = None) -> Coroutine[Any, Any, bytes]:
        from wiro_runtime.results.saving import read_output  # noqa: PLC0415 - imports asyncio

        return read_output(self, max_bytes)

    def _repr_html_(self) -> str:
        from wiro_runtime.results.notebook import output_html  # noqa: PLC0415 - only in notebooks

        return output_html(self)


class Output(BaseOutput):
    __slots__ = ()
    __doc__ = BaseOutput.__doc__

    def save(
        self,
        path: str | PathLike[str],
        *,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> Path:
        """Write the file to ``path``, and replace what is there; into it, under the output's own
        name, when it is a folder or ends with a slash.

        ``progress`` is called with bytes so far and bytes in all (``None``: not known). Raises
        :class:`DownloadError`.
        """
        return run(self._save(path, progress, max_bytes))

    def read(self, *, max_bytes: int | None = None) -> bytes:
        """Return the whole file; the text, encoded as UTF-8, when there is no file."""
        return run(self._read(max_bytes))


class AsyncOutput(BaseOutput):
    """:class:`Output` for :class:`AsyncWiro`; the same methods, awaited."""

    __slots__ = ()

    async def save(
        self,
        path: str | PathLike[str],
        *,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> Path:
        """See :meth:`Output.save`; ``progress`` may be a coroutine function."""
        return await self._save(path, progress, max_bytes)

    async def read(self, *, max_bytes: int | None = None) -> bytes:
        """See :meth:`Output.read`."""
        return await self._read(max_bytes)


def warn_deprecated(old: str, new: str) -> None:
    warnings.warn(f"{old}() is deprecated: use {new}()", DeprecationWarning, stacklevel=3)
