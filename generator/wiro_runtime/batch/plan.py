"""From a table to checked and priced rows, before anything is sent."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.batch.records import ENDED, NewRow, divide_body, local_paths
from wiro_runtime.catalogue import open_catalogue
from wiro_runtime.cli.values import read_inputs
from wiro_runtime.cli.view import view_tool
from wiro_runtime.errors import ConfigurationError, InvalidInputs
from wiro_runtime.inputs.files import is_address
from wiro_runtime.inputs.messages import nearest, shorten
from wiro_runtime.price.estimate import price_run
from wiro_runtime.price.model import dollar_range, dollars

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from wiro_runtime.batch.records import Status, Terms
    from wiro_runtime.batch.table import Table, TableRow
    from wiro_runtime.cli.view import Field, ToolView
    from wiro_runtime.inputs.model import ToolInputs
    from wiro_runtime.price import Price

_SHOWN: Final = 8
"""Lines of refused rows that a summary names."""
# `1.000` is a thousand where a point groups digits.
_POINT_ZERO: Final = re.compile(r"\.00?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A row of the table that is not sent, the line where it begins, and why."""

    row: int
    line: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a batch would do. ``new`` rows are to be sent, ``known`` ones were sent before or wait
    already, ``again`` of those would be sent once more with ``force``. ``low`` and ``high`` are
    dollars for what is to be sent, ``high`` unknown for ``unpriced`` rows, of which at least
    ``unpriced_low`` is known. ``remarks`` are what is legal but odd."""

    tool: str
    table: str
    rows: tuple[NewRow, ...]
    refused: tuple[Refusal, ...]
    new: int
    known: int
    again: int
    low: Decimal
    high: Decimal
    unpriced: int
    unpriced_low: Decimal
    remarks: tuple[str, ...]

    @property
    def price(self) -> str:
        """What the rows to be sent cost, in words."""
        least = f"from {dollars(self.unpriced_low)}" if self.unpriced_low else ""
        if self.new and self.unpriced == self.new:
            return least or "price unknown"
        text = dollar_range(self.low - self.unpriced_low, self.high)
        if not self.unpriced:
            return text
        return f"{text} and {self.unpriced:,} of unknown price" + (f" ({least})" if least else "")

    def __str__(self) -> str:
        parts = [counted(self.new, "row"), self.price]
        if not self.new:
            parts = ["nothing to send"]
        if self.again:
            parts.append(f"{self.again:,} of them run again")
        if self.known:
            parts.append(f"{self.known:,} already there")
        if self.refused:
            lines = ", ".join(str(each.line) for each in self.refused[:_SHOWN])
            more = ", …" if len(self.refused) > _SHOWN else ""
            what = "line" if len(self.refused) == 1 else "lines"
            parts.append(f"{counted(len(self.refused), 'row')} refused: {what} {lines}{more}")
        return ", ".join(parts)


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class Planner:
    """Reads, checks and prices the rows of tables for one tool."""

    def __init__(
        self,
        tool: str,
        *,
        package: str,
        constants: Mapping[str, Any],
        columns: Mapping[str, str],
        terms: Terms,
    ) -> None:
        self.tool = tool
        self._view = view_tool(open_catalogue(package).get(tool))
        self._fields = {field.name: field for field in self._view.fields}
        self._names = {field.wire_name: field.name for field in self._view.fields}
        self._names |= {field.name: field.name for field in self._view.fields}
        self._terms = terms
        self._hashes: dict[Path, str] = {}
        self._columns = {column: self._field_of("map", name) for column, name in columns.items()}
        self._constants: dict[str, Any] = {}
        for name, value in constants.items():
            field = self._field_of("set", name)
            if field in self._constants:
                raise ConfigurationError(f"set: the input {field} is given twice")
            self._constants[field] = value

    def plan(self, table: Table, known: Mapping[str, Status], *, force: bool) -> Plan:
        """Check and price every row. Raises :class:`ConfigurationError` for a column that is no
        input, which all rows would have."""
        inputs = self._inputs_of(table)
        rows: list[NewRow] = []
        refused: list[Refusal] = []
        remarks: dict[str, None] = {}
        seen: Counter[str] = Counter()
        for each in table.rows:
            row, said = self._row(table, each, inputs)
            remarks.update(dict.fromkeys(said))
            # Equal rows are wanted as often as they are there.
            seen[row.key] += 1
            if (count := seen[row.key]) > 1:
                row = replace(row, key=f"{row.key}.{count}")
            rows.append(row)
            if row.error:
                refused.append(Refusal(row=each.number, line=each.line, reason=row.error))
        good = [row for row in rows if not row.error]
        again = [row for row in good if row.key in known and force and known[row.key] in ENDED]
        new = [*again, *(row for row in good if row.key not in known)]
        unpriced = [row for row in new if row.high is None]
        return Plan(
            tool=self.tool,
            table=table.name,
            rows=tuple(rows),
            refused=tuple(refused),
            new=len(new),
            known=len(good) - len(new),
            again=len(again),
            low=_lows(new),
            high=sum((row.high or Decimal(0) for row in new), Decimal(0)),
            unpriced=len(unpriced),
            unpriced_low=_lows(unpriced),
            remarks=tuple(remarks),
        )

    def _field_of(self, option: str, name: str) -> str:
        if option == "map" and not name:
            return ""
        found = self._names.get(name)
        if found is None:
            raise ConfigurationError(
                f"{option}: {self.tool} has no input {shorten(repr(name))}"
                f"{nearest(name, self._fields)}"
            )
        return found

    def _inputs_of(self, table: Table) -> dict[str, str]:
        """The input of each column; nothing for one that is not used."""
        columns = dict.fromkeys(name for row in table.rows for name in row.values)
        found: dict[str, str] = {}
        for column in columns:
            name = self._columns.get(column, self._names.get(column))
            if name is None:
                raise ConfigurationError(
                    f"{table.name}: {self.tool} has no input {shorten(repr(column))}"
                    f"{nearest(column, self._fields)} (map {column}=INPUT says which it is, "
                    f"{column}= that it is none)"
                )
            if name and name in found.values():
                raise ConfigurationError(f"{table.name}: two columns are the input {name}")
            found[column] = name
        missing = [column for column in self._columns if column not in columns]
        if missing and table.rows:
            raise ConfigurationError(
                f"map: {table.name} has no column {shorten(repr(missing[0]))}"
                f"{nearest(missing[0], columns)}"
            )
        return found

    def _row(
        self, table: Table, row: TableRow, inputs: Mapping[str, str]
    ) -> tuple[NewRow, list[str]]:
        values = {
            inputs[column]: value
            for column, value in row.values.items()
            if inputs[column] and not _is_blank(value, texts=table.texts)
        }
        try:
            checked, remarks = self._check(table, row, {**self._constants, **values})
            values_sent = checked.wire_values()
            body, files = divide_body(values_sent)
            price = price_run(self.tool, checked, values_sent)
            self._check_price(price)
            key = self._key(body, files)
        except InvalidInputs as error:
            reason = "; ".join(str(error).splitlines())
            key = _digest([self.tool, "refused", repr(sorted(values.items())), reason])
            return NewRow(row=row.number, key=key, error=reason), []
        return (
            NewRow(row=row.number, key=key, body=body, files=files, low=price.low, high=price.high),
            remarks,
        )

    def _check(
        self, table: Table, row: TableRow, values: Mapping[str, Any]
    ) -> tuple[ToolInputs, list[str]]:
        """The inputs of a row, read as those of ``wiro-tools run`` are, but for files: a text that
        is no address is the path of one, and no other text is read from a file."""
        if row.problem:
            raise InvalidInputs(row.problem)
        texts: dict[str, list[str]] = {}
        base: dict[str, Any] = {}
        for name, value in values.items():
            field = self._fields[name]
            typed = not table.texts and name not in self._constants
            given = _parts(field, value, typed=typed)
            if given is None or (typed and field.shape not in ("file", "lora", "choice")):
                base[name] = _whole(value) if field.shape == "integer" else value
            elif field.shape == "file":
                texts[name] = [_file_text(each, table.folder) for each in given]
            else:
                cells = [_cell(field, each) for each in given]
                texts[name] = [f"@{each}" if each.startswith("@") else each for each in cells]
        try:
            return read_inputs(self._view, texts, (), base)
        except InvalidInputs as error:
            raise _by_name(self._view, error) from None

    def _check_price(self, price: Price) -> None:
        terms = self._terms
        if terms.max_cost is None and terms.budget is None:
            return
        if price.high is None:
            if not terms.allow_unknown:
                raise InvalidInputs(f"its price is {price}, and no limit can hold ({price.basis})")
        elif terms.max_cost is not None and price.high > terms.max_cost:
            limit = dollars(terms.max_cost)
            raise InvalidInputs(f"its price is {price}, above max_cost of {limit}")

    def _key(self, body: Mapping[str, Any], files: Mapping[str, Any]) -> str:
        """What a row sends: files count by their content, wherever they lie."""
        return _digest([self.tool, body, [self._hash(path) for path in local_paths(files)]])

    def _hash(self, path: Path) -> str:
        found = self._hashes.get(path)
        if found is None:
            try:
                with path.open("rb") as file:
                    found = hashlib.file_digest(file, "sha256").hexdigest()
            except OSError as error:
                text = f"{path}: {(error.strerror or str(error)).lower()}"
                raise InvalidInputs(text) from None
            self._hashes[path] = found
        return found


def _lows(rows: Iterable[NewRow]) -> Decimal:
    return sum((row.low or Decimal(0) for row in rows), Decimal(0))


def _parts(field: Field, value: object, *, typed: bool) -> list[str] | None:
    """The texts that a value is; ``None`` for one that is not made of texts."""
    if isinstance(value, str):
        listed = value.lstrip().startswith("[") and field.many
        if listed and (not typed or field.shape == "file"):
            try:
                parsed: object = json.loads(value)
            except (ValueError, RecursionError):
                return [value]
            if _are_texts(parsed):
                return cast("list[str]", parsed)
        return [value]
    if isinstance(value, Path):
        return [str(value)] if field.shape == "file" else None
    if isinstance(value, list | tuple):
        each = cast("Sequence[object]", value)
        if each and all(isinstance(one, str | Path) for one in each):
            return [str(one) for one in each]
    return None


def _is_blank(value: object, *, texts: bool) -> bool:
    # A data frame has NaN where nothing is.
    return value is None or (texts and value == "") or (isinstance(value, float) and isnan(value))


def _whole(value: object) -> object:
    """A whole number as one: a data frame has floats in a column with a blank cell."""
    if isinstance(value, float | Decimal) and float(value).is_integer():
        return int(value)
    return value


def _cell(field: Field, text: str) -> str:
    """A number or a switch as spreadsheets and data frames write it: `` 30``, ``2.0``, ``TRUE``."""
    match field.shape:
        case "integer":
            return _POINT_ZERO.sub("", text.strip())
        case "number":
            return text.strip()
        case "boolean":
            return text.strip().lower()
        case _:
            return text


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in cast("Any", value))


def _file_text(text: str, folder: Path) -> str:
    """A file input as ``wiro-tools run`` takes it: an address, or ``@`` and a path."""
    if not text or is_address(text):
        return text
    return f"@{folder / text}"


def _by_name(view: ToolView, error: InvalidInputs) -> InvalidInputs:
    """The problems named by input, not by option."""
    names = {f"--{field.option}": field.name for field in view.fields}
    problems: dict[str, str] = {}
    for option, text in error.problems.items():
        head, bracket, index = option.partition("[")
        problems[f"{names.get(head, head)}{bracket}{index}"] = text
    return InvalidInputs("\n".join(f"{n}: {x}" for n, x in problems.items()), problems=problems)


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
