"""From a task to what its user asked for: files, paths, texts, JSON."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wiro_runtime.cli.console import (
    PROGRAM,
    CommandError,
    brief,
    exact,
    print_json,
    print_line,
    print_piece,
    print_text,
    say,
)
from wiro_runtime.cli.interrupts import INTERRUPTED
from wiro_runtime.cli.progress import downloading, watching
from wiro_runtime.errors import NotFoundError, PriceExceeded, TaskCancelled, TaskFailed, WiroError
from wiro_runtime.inputs.arguments import is_duration
from wiro_runtime.price import dollars
from wiro_runtime.tasks.events import TextDelta

if TYPE_CHECKING:
    from wiro_runtime.results.output import Output
    from wiro_runtime.results.result import Result
    from wiro_runtime.tasks.events import Event
    from wiro_runtime.tasks.task import Task


_GOES_ON = re.compile(r"; task \S+: it goes on$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What to do with the result of a task. ``out`` is ``None`` where no folder was named:
    files then go to the current one, and texts only to the standard output. ``stream``: a text is
    printed while it is written."""

    out: Path | None
    download: bool
    as_json: bool
    timeout: float | None
    stream: bool = False

    def check(self, *, wait: bool = True) -> None:
        """Find out before anything is sent that files could not be saved, or a limit is none."""
        if self.timeout is not None and not is_duration(self.timeout):
            raise CommandError(f"--timeout: expected seconds, more than 0, got {self.timeout:g}")
        if not wait:
            waiting = {"--stream": self.stream, "--out": self.out, "--timeout": self.timeout}
            for option, given in waiting.items():
                if given:
                    raise CommandError(
                        f"{option} is for the end of the run, which --no-wait does not wait for: "
                        "leave one of them out"
                    )
        if self.stream and self.as_json:
            raise CommandError("--stream prints a text and --json an object: leave one of them out")
        if self.download:
            check_out(self.out or Path())


def check_out(out: Path) -> Path:
    """The folder for files, from the root on. Raises :class:`CommandError` when none could be
    saved there."""
    folder = out.absolute()
    above = (folder, *folder.parents)
    # A link that leads nowhere is in the way, too.
    there = next(each for each in above if each.exists() or each.is_symlink())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        what = "cannot be written to" if there.is_dir() else "is not a folder"
        raise CommandError(f"--out: {there} {what}")
    return folder


def see_through(task: Task, delivery: Delivery, label: str) -> int:
    """Wait for a task and deliver what it made; the exit status."""
    text = _Stream()
    try:
        if delivery.stream:
            try:
                result = task.wait(delivery.timeout, on_update=text.take)
            finally:
                text.end()
        else:
            with watching(brief(label, 40)) as show:
                result = task.wait(delivery.timeout, on_update=show)
        say(_summary(result))
        paths = _save(result, delivery)
    except KeyboardInterrupt:
        say_interrupted(task.id or task.token)
        return INTERRUPTED
    except WiroError as error:
        if not isinstance(error, NotFoundError | TaskCancelled | TaskFailed):
            error.__notes__ = [resume_line(task.id or task.token)]
        raise
    if delivery.as_json:
        print_json(result_json(result, paths))
    else:
        _print(result, paths, delivery, streamed=bool(text.written))
    return 0


class _Stream:
    """Prints the answer of a language model while it is written."""

    written = 0
    """Characters of the answer that have been printed."""

    def take(self, event: Event) -> None:
        # What the end takes back without a replacement stays on the screen.
        if not isinstance(event, TextDelta) or not event.text:
            return
        new = event.text
        if event.start != self.written:
            # The model has replaced what it wrote before.
            new = f"\n{event.answer}"
        self.written = len(event.answer)
        print_piece(new)

    def end(self) -> None:
        if self.written:
            print_piece("\n")


def resume_line(task: str) -> str:
    return f"resume with: {PROGRAM} task wait {task}"


def say_interrupted(task: str) -> None:
    say(f"{PROGRAM}: interrupted; task {task} goes on")
    say(f"  {resume_line(task)}")


def _summary(result: Result) -> str:
    parts = [f"task {result.task_id}: done"]
    if result.elapsed is not None:
        parts.append(f"{result.elapsed:g} s")
    if result.cost is not None:
        parts.append(f"cost {dollars(result.cost)}")
    return ", ".join(parts)


def _is_text(output: Output) -> bool:
    return output.url is None and output.text is not None


def _save(result: Result, delivery: Delivery) -> list[Path | None]:
    """The path of each output, ``None`` for those that are not saved."""
    wanted = [
        output
        for output in result.outputs
        if delivery.download and (delivery.out is not None or not _is_text(output))
    ]
    if not wanted:
        return [None] * len(result.outputs)
    from wiro_runtime.results.saving import recall_saved  # noqa: PLC0415 - imports asyncio

    with downloading(len(wanted)) as progress:
        # By the task, so that no other run has these names.
        named = (replace(each, name=f"{result.task_id}-{each.name}") for each in wanted)
        outputs: Any = tuple(named)  # mypy sees the type variable of the base class
        part = replace(result, outputs=outputs)
        folder = delivery.out or Path()
        # What an earlier command has saved of this task is not fetched again.
        recall_saved(outputs, folder)
        saved = part.download(folder, progress=progress)
    paths = dict(zip(map(id, wanted), saved, strict=True))
    return [paths.get(id(output)) for output in result.outputs]


def _print(result: Result, paths: list[Path | None], delivery: Delivery, *, streamed: bool) -> None:
    if streamed and (not result.outputs or all(map(_is_text, result.outputs))):
        return
    if not result.outputs and result.text:
        # A tool without outputs has its text in its log.
        print_text(result.text)
    elif not result.outputs:
        say(f"task {result.task_id} made no outputs")
    for output, path in zip(result.outputs, paths, strict=True):
        if path is not None:
            print_line(str(path))
        elif output.text is not None and _is_text(output):
            print_text(output.text)
        elif output.url is not None and not delivery.download:
            print_line(output.url)


def result_json(result: Result, paths: list[Path | None]) -> dict[str, Any]:
    """A result as a program reads it: cost in dollars, as exact text, and elapsed in seconds."""
    outputs = [
        {**output.to_dict(), "path": None if path is None else str(path)}
        for output, path in zip(result.outputs, paths, strict=True)
    ]
    return {
        **result.to_dict(),
        "text": result.text or None,
        "outputs": outputs,
        "paths": [str(path) for path in paths if path is not None],
    }


def message_of(error: WiroError) -> str:
    """The message without advice on what to do in Python."""
    text = str(error).removesuffix(", or pass api_key=")
    text = text.partition("; resume with client.task")[0]
    return _GOES_ON.sub("", text)


def typed_message(error: WiroError) -> str:
    """The message in the words of the command line, where an argument is an option."""
    text = message_of(error)
    if isinstance(error, PriceExceeded):
        text = text.replace("; allow_unknown=True runs", "; --allow-unknown runs")
        text = text.replace(", above max_cost of ", ", above --max-cost of ")
    return text


def error_json(error: WiroError) -> dict[str, Any]:
    found: dict[str, Any] = {
        "task_id": error.task_id,
        "error": {
            "type": type(error).__name__,
            "message": typed_message(error),
            "retryable": error.retryable,
        },
    }
    problems = getattr(error, "problems", None)
    if problems:
        found["error"]["problems"] = problems
    if isinstance(error, PriceExceeded):
        found["error"]["price"] = None if error.price is None else error.price.to_dict()
        found["error"]["ceiling"] = exact(error.ceiling)
    if isinstance(error, TaskFailed | TaskCancelled) and error.detail is not None:
        found["status"] = error.detail.status
        found["cost"] = exact(error.detail.cost)
    return found
