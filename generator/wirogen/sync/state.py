"""What sync remembers, in the project's hidden folder ``.wirogen/``: validators of each page, and,
while a run is under way, what it has done, line by line, so that the next one can go on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Final, cast

from wirogen.output.publication import write_file
from wirogen.sync.pages import Validators

FOLDER: Final = ".wirogen"
_VERSION: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is known about one tool's page: its validators, and the hash and path (below
    ``specs/documents/``) of the document that was written from it."""

    validators: Validators
    sha256: str
    document: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> Entry | None:
        """``None`` for anything that this class did not write."""
        try:
            fields = cast("Mapping[str, Any]", value)
            return cls(
                validators=Validators(**fields["validators"]),
                sha256=str(fields["sha256"]),
                document=str(fields["document"]),
            )
        except (TypeError, KeyError, ValueError):
            return None


class State:
    """The memory of one project. A file that cannot be read counts as no memory: everything is
    then asked for again, which costs time and nothing else."""

    def __init__(self, root: Path) -> None:
        self._file = root / FOLDER / "sync.json"
        self._journal = root / FOLDER / "sync.journal"
        self._open: IO[str] | None = None
        self.entries: dict[str, Entry] = {}
        self.done: dict[str, str] = {}
        self._load()

    def _load(self) -> None:
        saved = _json(_text(self._file))
        if isinstance(saved, dict):
            tools = cast("dict[str, object]", saved).get("tools")
            for tool, value in cast("dict[str, object]", tools or {}).items():
                self._remember(tool, value)

    def _remember(self, tool: str, value: object) -> None:
        entry = Entry.from_json(value)
        if entry is not None:
            self.entries[tool] = entry

    def begin(self, run: Mapping[str, Any]) -> None:
        """Go on with the journal of an interrupted run like ``run``, or begin a new one. What an
        interrupted run of another kind has learnt is kept as well."""
        lines = [_json(line) for line in _text(self._journal).splitlines()]
        same = bool(lines) and lines[0] == {"version": _VERSION, **run}
        for line in lines[1:]:
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
        # A line that a killed process left half written ends here.
        self._line("" if same else json.dumps({"version": _VERSION, **run}))

    def record(self, tool: str, verdict: str, entry: Entry | None) -> None:
        """Remember that ``tool`` is done; it is on disk when this returns."""
        self.done[tool] = verdict
        if entry is not None:
            self.entries[tool] = entry
        value = None if entry is None else entry.as_json()
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
        """The run is complete: keep what it has learnt, forget how it went."""
        self.pause()
        self.save()
        self._journal.unlink(missing_ok=True)

    def save(self) -> None:
        tools = {tool: entry.as_json() for tool, entry in sorted(self.entries.items())}
        write_file(self._file, json.dumps({"version": _VERSION, "tools": tools}, indent=1) + "\n")


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _json(text: str) -> object:
    try:
        return cast("object", json.loads(text))
    except (ValueError, RecursionError):
        return None
