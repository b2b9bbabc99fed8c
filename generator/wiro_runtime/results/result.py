"""What a task made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Generic, TypeVar, cast

from wiro_runtime.http.json_values import as_mappings
from wiro_runtime.inputs.messages import shorten
from wiro_runtime.price import dollars, plain
from wiro_runtime.results.output import AsyncOutput, BaseOutput, Output, warn_deprecated
from wiro_runtime.tasks.detail import TaskDetail
from wiro_runtime.tasks.task import run
from wiro_runtime.tasks.text import ModelText, parse_log, parse_outputs

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping
    from decimal import Decimal
    from os import PathLike
    from pathlib import Path
    from typing import Self

    from wiro_runtime.results.files import Files
    from wiro_runtime.results.output import Progress
    from wiro_runtime.tasks.text import Segment, ToolCall, Usage

OutputT = TypeVar("OutputT", bound=BaseOutput)

_LINE: Final = 100
"""Characters of the line that ``print(result)`` gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseResult(Generic[OutputT]):
    """A task that ended well. ``cost`` is in dollars, ``elapsed`` in seconds; ``None`` where Wiro
    said nothing. ``raw`` is all that Wiro sent, ``access`` the way to the files."""

    task_id: str
    outputs: tuple[OutputT, ...]
    detail: TaskDetail = field(repr=False)
    access: Files = field(repr=False, compare=False)

    _output_type: ClassVar[type[BaseOutput]]

    @classmethod
    def from_detail(cls, detail: TaskDetail, task_id: str, files: Files) -> Self:
        """The result that a task detail tells of. Nothing in it is an error."""
        outputs = tuple(
            cls._output_type.from_raw(raw, number, task_id, files)
            for number, raw in enumerate(as_mappings(detail.raw.get("outputs")))
        )
        return cls(
            task_id=task_id,
            outputs=cast("tuple[OutputT, ...]", outputs),
            detail=detail,
            access=files,
        )

    @property
    def cost(self) -> Decimal | None:
        """Dollars, exactly as Wiro says."""
        return self.detail.cost

    @property
    def elapsed(self) -> float | None:
        """Seconds that the task ran."""
        return self.detail.elapsed

    @property
    def raw(self) -> Mapping[str, Any]:
        """The task detail as Wiro sent it."""
        return self.detail.raw

    @property
    def text(self) -> str:
        """The answer of a language model, without its thoughts; the texts of all outputs, one
        below the other. What a tool without outputs printed is its text too."""
        return self._said.text

    @property
    def thinking(self) -> str:
        """The thoughts of a language model; empty where Wiro does not tell them."""
        return self._said.thinking

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Thoughts, answers and calls in their order, for tools that tell it."""
        return self._said.segments

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The functions that a language model waits for: completed calls, and only when
        ``finish_reason`` is ``"tool_calls"``. Every other call is in ``segments``.

        Give the outputs back with ``previous=result`` and ``tool_outputs=``.
        """
        return self._said.tool_calls

    @property
    def finish_reason(self) -> str | None:
        """Why a language model ended: ``"stop"``, ``"tool_calls"``, ``"length"``,
        ``"content_filter"`` or ``"error"``; ``None`` where Wiro said nothing."""
        return self._said.finish_reason

    @property
    def usage(self) -> Usage | None:
        """The tokens that a language model used, which are not what is billed."""
        return self._said.usage

    @property
    def _said(self) -> ModelText:
        raw = self.detail.raw
        return parse_outputs(raw) or parse_log(raw) or ModelText()

    def to_dict(self) -> dict[str, Any]:
        """The result as values of JSON; ``cost`` is text, because a float is not exact."""
        return {
            "task_id": self.task_id,
            "status": self.detail.status,
            "cost": None if self.cost is None else plain(self.cost),
            "elapsed": self.elapsed,
            "text": self.text,
            "outputs": [output.to_dict() for output in self.outputs],
        }

    def __str__(self) -> str:
        """One line: state, cost, time and files."""
        state = "succeeded" if self.detail.succeeded else self.detail.status
        parts = [f"task {self.task_id}: {state}"]
        if self.cost is not None:
            parts.append(dollars(self.cost))
        if self.elapsed is not None:
            parts.append(f"{self.elapsed:g} s")
        names = ", ".join(output.name for output in self.outputs)
        parts.append(names or "no outputs")
        line = "".join(char if char.isprintable() else " " for char in ", ".join(parts))
        return shorten(line, _LINE)

    def adownload(
        self, folder: str | PathLike[str], **options: Any
    ) -> Coroutine[Any, Any, list[Path]]:
        """Deprecated: a result of ``AsyncWiro`` has a ``download`` that is awaited."""
        warn_deprecated("adownload", "download")
        return self._download(folder, **options)

    def _download(
        self,
        folder: str | PathLike[str],
        concurrency: int = 4,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> Coroutine[Any, Any, list[Path]]:
        from wiro_runtime.results.saving import save_outputs  # noqa: PLC0415 - imports asyncio

        return save_outputs(self, folder, concurrency, progress, max_bytes)

    def _repr_html_(self) -> str:
        from wiro_runtime.results.notebook import result_html  # noqa: PLC0415 - only in notebooks

        return result_html(self)


class Result(BaseResult[Output]):
    __slots__ = ()
    __doc__ = BaseResult.__doc__

    _output_type = Output

    def download(
        self,
        folder: str | PathLike[str],
        *,
        concurrency: int = 4,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> list[Path]:
        """Save every output into ``folder`` (made when missing), ``concurrency`` at a time.

        Return the paths in the order of the outputs. Existing files are kept: a name that is taken
        gets a number. What this result has saved there before is not fetched again. ``max_bytes``
        limits each file; ``progress`` is called with the bytes of all outputs so far and in all.

        Raises :class:`DownloadError` when some could not be saved; all others are then.
        """
        return run(self._download(folder, concurrency, progress, max_bytes))


class AsyncResult(BaseResult[AsyncOutput]):
    """:class:`Result` for :class:`AsyncWiro`; its files are fetched with ``await``."""

    __slots__ = ()

    _output_type = AsyncOutput

    async def download(
        self,
        folder: str | PathLike[str],
        *,
        concurrency: int = 4,
        progress: Progress | None = None,
        max_bytes: int | None = None,
    ) -> list[Path]:
        """See :meth:`Result.download`; ``progress`` may be a coroutine function."""
        return await self._download(folder, concurrency, progress, max_bytes)
