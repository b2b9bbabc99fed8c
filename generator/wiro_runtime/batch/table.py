"""Tables of inputs: CSV, JSON lines, Parquet, and rows that Python gives."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.http.json_text import parse_inputs
from wiro_runtime.inputs.messages import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike
    from typing import TypeAlias

    TableSource: TypeAlias = "str | PathLike[str] | Iterable[Mapping[str, Any]]"
    """A file, or the rows themselves."""

_LONGEST_CELL: Final = 16 * 1024 * 1024
_ZIP: Final = b"PK\x03\x04"
"""How the files of spreadsheets begin."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row as it was read. ``number`` counts rows from 1, ``line`` is where the row begins in its
    file; ``problem`` says why it cannot be read."""

    number: int
    line: int
    values: Mapping[str, Any]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, where their files lie, and ``texts``: whether every value is a text, as in CSV."""

    name: str
    folder: Path
    rows: tuple[TableRow, ...]
    texts: bool


def read_table(source: TableSource) -> Table:
    """Read a whole table. Raises :class:`ConfigurationError` for one that is none."""
    if isinstance(source, str) or not isinstance(source, Iterable):
        path = Path(source)
        data = b""
        if path.suffix.lower() != ".parquet":
            try:
                data = path.read_bytes()
            except OSError as error:
                raise ConfigurationError(f"{path}: {_reason(error)}") from None
        return parse_table(str(path), path.suffix.lower(), data, path.absolute().parent)
    rows = [_given_row(number, each) for number, each in enumerate(source, 1)]
    return Table("rows", Path.cwd(), tuple(rows), texts=False)


def list_rows(rows: Any) -> list[Any]:
    """The rows that a program gives: a generator is read once, and a batch may be run twice."""
    if not isinstance(rows, Iterable):
        raise ConfigurationError(f"rows must be a file or mappings, not {shown(rows)}")
    return [*rows]


def _given_row(number: int, values: object) -> TableRow:
    if isinstance(values, Mapping):
        return TableRow(number, number, dict(cast("Mapping[str, Any]", values)))
    return TableRow(number, number, {}, f"expected a mapping by names, got {shown(values)}")


def parse_table(name: str, suffix: str, data: bytes, folder: Path) -> Table:
    """The table in ``data``; without a known ``suffix`` it is what it looks like."""
    if suffix == ".parquet":
        return Table(name, folder, tuple(_read_parquet(name)), texts=False)
    if data.startswith(_ZIP):
        raise ConfigurationError(f"{name}: a table is read from text; save the spreadsheet as CSV")
    try:
        text = data.decode("utf-8-sig")
    except ValueError:
        text = "\0"
    if "\0" in text:
        raise ConfigurationError(f"{name}: not a text in UTF-8; save it as such")
    if suffix in (".jsonl", ".ndjson") or (suffix != ".csv" and text.lstrip()[:1] == "{"):
        return Table(name, folder, tuple(_read_json_lines(text)), texts=False)
    if suffix == ".json":
        raise ConfigurationError(f"{name}: write one JSON object a line and name it .jsonl")
    return Table(name, folder, tuple(_read_csv(name, text)), texts=True)


def _read_json_lines(text: str) -> Iterator[TableRow]:
    number = 0
    # Not splitlines(), which splits at characters that JSON allows in texts.
    for line, each in enumerate(text.split("\n"), 1):
        if not each.strip():
            continue
        number += 1
        try:
            value = parse_inputs(each)
        except ValueError as error:
            yield TableRow(number, line, {}, f"not JSON ({getattr(error, 'msg', error)})")
            continue
        if isinstance(value, dict):
            yield TableRow(number, line, cast("dict[str, Any]", value))
        else:
            yield TableRow(number, line, {}, "not a JSON object")


def _read_csv(name: str, text: str) -> Iterator[TableRow]:
    csv.field_size_limit(_LONGEST_CELL)
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        header = [each.strip() for each in next(reader, list[str]())]
        if not any(header):
            raise ConfigurationError(f"{name}: the first line must name the columns")
        doubled = {each for each in header if each and header.count(each) > 1}
        if doubled:
            raise ConfigurationError(f"{name}: two columns are called {min(doubled)!r}")
        line = reader.line_num + 1
        number = 0
        for cells in reader:
            begin, line = line, reader.line_num + 1
            if not any(cell.strip() for cell in cells):
                continue
            number += 1
            problem = ""
            if len(cells) > len(header):
                problem = f"{len(cells)} cells, and only {len(header)} columns"
            values = {key: cell for key, cell in zip(header, cells, strict=False) if key}
            yield TableRow(number, begin, values, problem)
    except csv.Error as error:
        if "end of data" in str(error):
            error = csv.Error("a quotation mark is not closed")
        raise ConfigurationError(f"{name}: line {line}: {error}") from None


def _read_parquet(name: str) -> Iterator[TableRow]:
    if find_spec("pyarrow") is None:
        raise ConfigurationError(
            f"{name}: Parquet needs pyarrow: pip install 'wiro-tools[parquet]'"
        )
    # Large, rarely needed, and without types.
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    try:
        # pyarrow words errors of the disk in its own way.
        with Path(name).open("rb") as data, parquet.ParquetFile(data) as file:
            number = 0
            for batch in file.iter_batches(batch_size=1000):
                for values in batch.to_pylist():
                    number += 1
                    yield TableRow(number, number, values)
    except (OSError, arrow.ArrowException) as failure:
        error: Exception = failure
        text = str(error).strip().splitlines()
        reason = _reason(error) if isinstance(error, OSError) else (text or ["not Parquet"])[0]
        raise ConfigurationError(f"{name}: {reason}") from None


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
