"""The state of sync in the project's hidden folder ``.wirogen/``.

``sync.json`` has the validators of each page. ``sync.journal`` lists the tools that the current
run is done with, a line each, so that a run that was interrupted is resumed by the next one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Annotated, Any, Final, cast

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError

from wirogen.common.files import read_text, write_file
from wirogen.common.paths import UnsafePathError, inside, path_problem
from wirogen.diagnostics.model import input_error
from wirogen.sync.pages import Validators

FOLDER: Final = ".wirogen"
_VERSION: Final = 1


def _document(path: str) -> str:
    if path_problem(path) or not path.endswith(".txt"):
        raise ValueError("is no path of a document")
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known about one tool's page: its validators, and the hash and path (below
    ``specs/documents/``) of the document that was written from it."""

    validators: Validators
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    document: Annotated[str, AfterValidator(_document)]


_ENTRY: Final = TypeAdapter(Entry)


class State:
    """The state of one project. A file that cannot be read counts as absent: every page is then
    downloaded again, which costs time and nothing else."""

    def __init__(self, root: Path) -> None:
        folder = root / FOLDER
        try:
            self._file = inside(folder, "sync.json")
            self._journal = inside(folder, "sync.journal")
        except UnsafePathError as error:
            raise input_error("S004", f"holds a file that {error}", folder) from None
        for file in (self._file, self._journal):
            if file.exists() and not file.is_file():
                message = "is no file, but state of sync is kept there; remove it"
                raise input_error("S004", message, file)
        self._open: IO[str] | None = None
        self.entries: dict[str, Entry] = {}
        self.done: dict[str, str] = {}
        self._load()

    def _load(self) -> None:
        saved = _json(_text(self._file))
        tools = cast("dict[str, object]", saved).get("tools") if isinstance(saved, dict) else None
        if isinstance(tools, dict):
            for tool, value in cast("dict[str, object]", tools).items():
                self._remember(tool, value)

    def _remember(self, tool: str, value: object) -> None:
        """Take an entry; anything that is none is passed over."""
        with suppress(ValidationError):
            self.entries[tool] = _ENTRY.validate_python(value)

    def begin(self, run: Mapping[str, Any]) -> None:
        """Resume the journal of an interrupted run with the same options, or begin a new one. The
        validators in the journal of another run are kept as well."""
        head = json.dumps({"version": _VERSION, **run})
        first, *lines = _text(self._journal).splitlines() or [""]
        same = first == head
        for line in map(_json, lines):
            if isinstance(line, dict):
                fields = cast("dict[str, Any]", line)
                tool = str(fields.get("tool", ""))
                self._remember(tool, fields.get("entry"))
                if same:
                    self.done[tool] = str(fields.get("verdict", ""))
        if not same:
            self.save()
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        self._open = self._journal.open("a" if same else "w", encoding="utf-8")
        # This ends a line that a killed process left half written.
        self._line("" if same else head)

    def record(self, tool: str, verdict: str, entry: Entry | None) -> None:
        """Note that ``tool`` is done; the note is in the file when this returns."""
        self.done[tool] = verdict
        if entry is not None:
            self.entries[tool] = entry
        value = None if entry is None else asdict(entry)
        self._line(json.dumps({"tool": tool, "verdict": verdict, "entry": value}))

    def _line(self, text: str) -> None:
        if self._open is not None:
            self._open.write(f"{text}\n")
            self._open.flush()

    def pause(self) -> None:
        """Close the journal and leave it to the next run."""
        if self._open is not None:
            self._open.close()
            self._open = None

    def finish(self) -> None:
        """Keep the validators of a complete run and remove its journal."""
        self.pause()
        self.save()
        self._journal.unlink(missing_ok=True)

    def save(self) -> None:
        tools = {tool: asdict(entry) for tool, entry in sorted(self.entries.items())}
        write_file(self._file, json.dumps({"version": _VERSION, "tools": tools}, indent=1) + "\n")


def _text(file: Path) -> str:
    try:
        return read_text(file)
    except (OSError, UnicodeDecodeError):
        return ""


def _json(text: str) -> object:
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return None
