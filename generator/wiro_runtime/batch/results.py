"""The results of a batch as files: ``results.jsonl`` and ``results.csv``.

They are made from the database. While a batch runs a line is added for each row that has ended;
when it begins and when it ends, both files are written anew, in the order of the table, and put in
place at once. So a line that a crash has cut is whole again after the next run.
"""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.batch.records import ENDED
from wiro_runtime.price import plain
from wiro_runtime.results.partial_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from wiro_runtime.batch.records import Row

JSONL: Final = "results.jsonl"
CSV: Final = "results.csv"
# What a spreadsheet takes for a formula, also one that separates cells by semicolons.
_FORMULA: Final = re.compile(r"((?:^|[;\t\r\n])[^\S\t\r\n]*)(?=[=+\-@＝＋－＠])")
COLUMNS: Final = ("row", "status", "task", "files", "cost", "seconds", "error")


def result_of(row: Row) -> dict[str, Any]:
    """A row as its line tells of it; ``cost`` is text, because a float is not exact."""
    return {
        "row": row.row,
        "status": row.status,
        "task": row.task or None,
        "files": list(row.saved),
        "cost": None if row.cost is None else plain(row.cost),
        "seconds": row.seconds,
        "error": row.error or None,
    }


class Results:
    """The two files in the folder of a batch. What cannot be written raises :class:`OSError`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._written: set[tuple[int, int, str]] = set()

    def write(self, rows: Iterable[Row]) -> None:
        """Write both files anew: a line for each row, also for those that have not ended."""
        lines = [result_of(row) for row in rows]
        write_whole(self._folder / JSONL, b"".join(map(_json_line, lines)))
        write_whole(self._folder / CSV, _csv_text(lines, header=True))

    def begin(self, rows: Iterable[Row]) -> None:
        """Write both files anew with the rows that have ended, to be added to."""
        ended = [row for row in rows if row.status in ENDED]
        self.write(ended)
        self._written = {_key(row) for row in ended}

    def add(self, rows: Iterable[Row]) -> None:
        """Add the rows that are not there yet."""
        new = [row for row in rows if _key(row) not in self._written]
        if not new:
            return
        lines = [result_of(row) for row in new]
        self._append(JSONL, b"".join(map(_json_line, lines)))
        self._append(CSV, _csv_text(lines, header=False))
        self._written.update(map(_key, new))

    def _append(self, name: str, data: bytes) -> None:
        with (self._folder / name).open("ab") as file:
            file.write(data)


def _key(row: Row) -> tuple[int, int, str]:
    return row.id, row.attempt, row.status


def _json_line(line: dict[str, Any]) -> bytes:
    return json.dumps(line, ensure_ascii=False).encode(errors="replace") + b"\n"


def _csv_text(lines: Iterable[dict[str, Any]], *, header: bool) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if header:
        writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([_cell(line[name]) for name in COLUMNS])
    return text.getvalue().encode(errors="replace")


def _cell(value: object) -> str:
    if value is None:
        return ""
    items = cast("list[object]", value) if isinstance(value, list) else [value]
    text = " ".join(map(str, items))
    return _FORMULA.sub(r"\1'", text)
