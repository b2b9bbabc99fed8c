"""Text from the command line → values for the validator.

Only what certainly reads as the wanted type is converted. Everything else stays text, and the
validator says what is wrong with it in its own words.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.cli.console import CommandError, read_stdin
from wiro_runtime.errors import InvalidInputs, UndocumentedOption
from wiro_runtime.http.json_text import parse_inputs
from wiro_runtime.inputs.files import is_address
from wiro_runtime.inputs.messages import shorten
from wiro_runtime.inputs.options import Options

if TYPE_CHECKING:
    from wiro_runtime.cli.view import Choice, Field, ToolView
    from wiro_runtime.inputs.model import ToolInputs

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,40}\Z")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\Z")
_BEGINS_JSON: Final = re.compile(r"""\s*(\{|\[\s*[{["])""")
"""How JSON begins, also where it was cut. Of other texts in its place, some begin ``[verse]``."""

_MAX_TEXT: Final = 16 * 1024 * 1024


def read_inputs(
    view: ToolView,
    given: Mapping[str, Sequence[str]],
    loras: Sequence[str],
    base: Mapping[str, Any],
    validator: type[ToolInputs] | None = None,
) -> tuple[ToolInputs, list[str]]:
    """The validated inputs, and remarks on what is legal but odd.

    ``given`` are texts by field name, ``loras`` those of ``--lora``; both replace what ``base``
    says. ``validator`` is another one than the tool's. Raises :class:`InvalidInputs`, whose
    problems are named by option.
    """
    fields = {field.name: field for field in view.fields}
    by_wire = {field.wire_name: field.name for field in view.fields}
    values: dict[str, Any] = {by_wire.get(key, key): value for key, value in base.items()}
    problems: dict[str, str] = {}
    texts = {name: list(each) for name, each in given.items() if each}
    if loras and view.lora is not None:
        texts.setdefault(view.lora.name, []).extend(loras)
    for name, each in texts.items():
        try:
            values[name] = _read(fields[name], each)
        except (CommandError, InvalidInputs) as error:
            problems[name] = str(error)
            values.pop(name, None)
    checked = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UndocumentedOption)
        try:
            checked = (validator or view.inputs)(**values)
        except InvalidInputs as error:
            problems = {**error.problems, **problems}
    if checked is not None and not problems:
        return checked, [_remark(fields, each.message) for each in caught]
    raise _named_by_option(fields, problems)


def _remark(fields: Mapping[str, Field], warning: Warning | str) -> str:
    if isinstance(warning, UndocumentedOption):
        option = f"--{fields[warning.input].option}"
        return f"{option}: {shorten(repr(warning.value))} is not documented; it is sent as it is"
    return str(warning)


def _named_by_option(fields: Mapping[str, Field], problems: Mapping[str, str]) -> InvalidInputs:
    order = {name: place for place, name in enumerate(fields)}
    named: dict[str, str] = {}
    for name in sorted(problems, key=lambda name: order.get(name.partition("[")[0], len(order))):
        head, bracket, index = name.partition("[")
        field = fields.get(head)
        shown = f"--{field.option}{bracket}{index}" if field else shorten(name)
        named[shown] = problems[name]
    lines = "\n".join(f"{name}: {text}" for name, text in named.items())
    return InvalidInputs(lines, problems=named)


def read_base(source: str | None) -> dict[str, Any]:
    """The JSON object that ``--input-json`` names: a file, or ``-`` for the standard input."""
    if source is None:
        return {}
    try:
        text = _read_text(source)
    except CommandError as error:
        raise CommandError(f"--input-json: {error}") from None
    try:
        value = parse_inputs(text)
    except ValueError as error:
        place = f"line {error.lineno}: {error.msg}" if isinstance(error, _JsonError) else str(error)
        raise CommandError(f"--input-json: {source} is not JSON ({place})") from None
    if not isinstance(value, dict):
        raise CommandError(f"--input-json: {source} holds no JSON object")
    return cast("dict[str, Any]", value)


_JsonError: Final = json.JSONDecodeError


def _read(field: Field, texts: list[str]) -> Any:
    if field.many:
        if len(texts) == 1 and (whole := _json_list(field, texts[0])) is not None:
            return whole
        return [_one(field, text) for text in texts]
    if len(texts) > 1:
        raise CommandError(f"takes one value, got {len(texts)}")
    return _one(field, texts[0])


def _json_list(field: Field, text: str) -> list[Any] | None:
    """A whole list given at once, as JSON; of files and LoRAs, only the empty one."""
    if text == "[]":
        return []
    if field.shape in ("file", "lora") or not text.startswith("["):
        return None
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("list[object]", value) if isinstance(value, list) else None


def _one(field: Field, text: str) -> Any:
    if field.shape == "file":
        return _file(text)
    text = _from_file(text)
    if field.shape == "boolean" or isinstance(field.default, bool):
        # Some numbers are documented as `false`.
        value = {"true": True, "false": False}.get(text)
        if value is not None:
            return value
    match field.shape:
        case "integer":
            return int(text) if _INTEGER.match(text) else text
        case "number":
            return _number(text)
        case "lora":
            return _lora(field, text)
        case "object" | "any":
            return _json(text, strict=field.shape == "object")
        case _:
            return text


def _number(text: str) -> int | float | str:
    if _INTEGER.match(text):
        return int(text)
    return float(text) if _NUMBER.match(text) else text


def _json(text: str, *, strict: bool) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        if strict or _BEGINS_JSON.match(text):
            raise CommandError(f"is not JSON: {shorten(repr(text))}") from None
        return text


def _options(field: Field) -> Options:
    return Options({choice.value: choice.label for choice in field.choices}, field.closed)


def _find(field: Field, text: str) -> Choice | None:
    """The LoRA that ``text`` means, by the rules of the validator; its constant names it too.
    Raises :class:`CommandError` for a text that fits several."""
    found = _options(field).find(text)
    if len(found) > 1:
        raise CommandError(_options(field).several(text, found))
    return next((choice for choice in field.choices if choice.value in found), None)


def _lora(field: Field, text: str) -> Any:
    """``ID``, ``ID:SCALE`` or ``ID:SETTING=SCALE,…``, where ID may be a label or a part of one."""
    choice, scale = _find(field, text), None
    if choice is None and ":" in text:
        head, _, scale = text.rpartition(":")
        choice = _find(field, head) if head else None
        if choice is None and head and _scales(scale) is not None:
            raise CommandError(
                f"{shorten(repr(head))} is not a documented LoRA, so its scale cannot be sent"
                f"{_options(field).nearest(head)}"
            )
    if choice is None:
        return text
    if choice.lora is None:
        return choice.value
    if scale is None:
        return choice.lora
    wanted = _scales(scale)
    if wanted is None:
        raise CommandError(f"{shorten(repr(scale))} is no scale; write {choice.value}:NUMBER")
    return choice.lora(wanted) if not isinstance(wanted, dict) else choice.lora(scales=wanted)


def _scales(text: str) -> float | dict[str, float] | None:
    if isinstance(number := _number(text), int | float):
        return number
    scales: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = part.rpartition("=")
        number = _number(value)
        if not name or isinstance(number, str):
            return None
        scales[name.strip()] = number
    return scales


def _file(text: str) -> Any:
    """``@FILE`` is a file to send, ``@-`` the standard input, everything else an address."""
    if text.startswith("@@"):
        return text[1:]
    if text == "@-":
        return read_stdin()
    if text.startswith("@"):
        path = Path(text[1:])
        try:
            if not path.exists():
                raise CommandError(f"{text[1:]}: no such file")
            if path.is_fifo() or path.is_char_device():
                # A pipe, as of <(command), has no size and is read once.
                return path.read_bytes()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "not a file"
            raise CommandError(f"{text[1:]}: {reason.lower()}") from None
        if not path.is_file():
            raise CommandError(f"{path}: not a file")
        return path
    if text and not is_address(text):
        hint = f"; to send the file, write @{text}" if Path(text).is_file() else ""
        raise CommandError(f"expected @FILE or an address, got {shorten(repr(text))}{hint}")
    return text


def _from_file(text: str) -> str:
    """``@FILE`` is what the file says, ``@-`` the standard input; ``@@`` stands for one ``@``."""
    if not text.startswith("@"):
        return text
    if text.startswith("@@"):
        return text[1:]
    if text == "@":
        # As of `@$FILE` where the variable is empty.
        raise CommandError("names no file (a single @ is written @@)")
    try:
        return _read_text(text[1:]).removesuffix("\n")
    except CommandError as error:
        raise CommandError(f"{error} (a text that begins with @ is written @@…)") from None


def _read_text(source: str) -> str:
    try:
        if source == "-":
            data = read_stdin(_MAX_TEXT + 1)
        else:
            with Path(source).open("rb") as file:
                data = file.read(_MAX_TEXT + 1)
        if len(data) > _MAX_TEXT:
            raise CommandError(f"{source}: more than {_MAX_TEXT // 1024**2} MB of text")
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise CommandError(f"{source}: {(error.strerror or str(error)).lower()}") from None
    except ValueError:
        raise CommandError(f"{source}: not a text in UTF-8") from None
