"""Reads a spec in exactly the form that :mod:`wirogen.specs.yaml_writer` writes, many times
quicker than YAML can be read.

It declines whatever differs in the least: another order of keys, a comment, another way to quote,
a key that needs quotes, a value that breaks a rule. What it takes, the full reader takes for the
same; what it declines is left to the full reader, which also says what is wrong and where.
"""

from __future__ import annotations

import re
from typing import Final, NoReturn, cast

from wirogen.common.text import is_visible
from wirogen.specs.checks import (
    ENDPOINTS,
    PLAIN_KEY,
    RETYPED_KEYS,
    SEEN,
    SHA256,
    input_problem,
    is_decimal,
)
from wirogen.specs.model import (
    UNSENT,
    WIRE_TYPES,
    Finding,
    Input,
    Json,
    Option,
    Section,
    Source,
    ToolSpec,
    Wire,
)
from wirogen.specs.names import tool_name_problem

_MOST_DIGITS: Final = 300
_MAX_DEPTH: Final = 20

_TEXT: Final = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_PAIR: Final = f"{PLAIN_KEY}: {_TEXT}"
_ARRAY: Final = r"\[.*\]"
_FLAG: Final = "true|false"


def _field(indent: int, key: str, value: str = _TEXT) -> str:
    return rf"{' ' * indent}{key}: ({value})\n"


def _texts(key: str) -> str:
    return rf"{key}:(?: \[\]|((?:\n  - {_TEXT})+))\n"


def _mapping(indent: int, key: str) -> str:
    return rf"{' ' * indent}{key}:((?:\n{' ' * indent}  {_PAIR})+)\n"


def _rows(indent: int, *keys: str) -> str:
    """A list of mappings with these keys."""
    lines = rf"\n{' ' * indent}  ".join(f"{key}: {_TEXT}" for key in keys)
    return rf"((?:\n{' ' * indent}- {lines})+)\n"


_HEAD: Final = re.compile(
    r"spec: 1\n"
    + "".join(_field(0, key) for key in ("tool", "name", "description"))
    + _field(0, "cover", f"{_TEXT}|null")
    + _texts("categories")
    + f"(?:{_texts('tags')})?"
    + _mapping(0, "endpoints")
    + f"(?:{_mapping(0, 'extra')})?"
    + r"inputs:( \[\])?\n"
)
_INPUT: Final = re.compile(
    rf"  - name: ({_TEXT})\n"
    + "".join(_field(4, key) for key in ("label", "help", "type"))
    + _field(4, "default", f"{_TEXT}|null")
    + _field(4, "required", _FLAG)
    + f"(?:{_field(4, 'example', '.+')})?"
    + rf"    wire: \{{type: ({_TEXT})(?:, sent: (.+))?\}}\n"
    + f"(?:{_field(4, 'open', _FLAG)})?"
    + "".join(f"(?:{_field(4, key)})?" for key in ("minimum", "maximum", "step", "python_name"))
    + f"(?:{_mapping(4, 'extra')})?"
    + r"(?:    options:( \[\]|)\n)?"
)
_OPTION: Final = re.compile(
    rf"      - value: ({_TEXT})\n"
    + _field(8, "label")
    + f"(?:{_field(8, 'description')})?"
    + f"(?:{_field(8, 'triggerwords', _ARRAY)})?"
    + r"(?:        generatesettings:( \[\]|(?:\n          - \{.*\})+)\n)?"
    + f"(?:{_mapping(8, 'extra')})?"
    + f"(?:{_field(8, 'seen')})?"
)
_TAIL: Final = re.compile(
    rf"(?:examples:((?:\n  - {_PAIR}(?:\n    {_PAIR})*)+)\n)?"
    + f"(?:sections:{_rows(2, 'title', 'text')})?"
    + f"(?:{_field(0, 'dynamicprice', '.+')})?"
    + rf"(?:source:\n{_field(2, 'document')}{_field(2, 'sha256')}"
    + f"(?:{_field(2, 'detail')}{_field(2, 'detail_sha256')})?"
    + f"(?:  findings:{_rows(4, 'code', 'subject', 'message')})?)?"
    + r"\Z"
)
_ONE_TEXT: Final = re.compile(_TEXT)
_ONE_PAIR: Final = re.compile(rf"({PLAIN_KEY}): ({_TEXT})")
_SETTING: Final = re.compile(rf"({PLAIN_KEY}): ({_TEXT}|\[\])")
_ONE_KEY: Final = re.compile(f"({PLAIN_KEY}): ")
_PLAIN: Final = re.compile(
    r"(?:(null|true|false)|(-?(?:0|[1-9][0-9]*))|(-?(?:0|[1-9][0-9]*)"
    r"(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?))(?=[,\]}]|\Z)"
)
_ESCAPE: Final = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8})|(.))")
_ESCAPED: Final = {'"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_CONSTANTS: Final[dict[str, Json]] = {"null": None, "true": True, "false": False}


def read_canonical(text: str) -> ToolSpec | None:
    """The spec in ``text``, or ``None`` when that takes the full reader."""
    plain = text.replace("\n", "")
    if not plain.isprintable() and not is_visible(plain):
        return None
    try:
        return _spec(text)
    except _DeclinedError:
        return None


class _DeclinedError(Exception):
    """The text is not in the canonical form, or says what no spec may say."""


def _decline() -> NoReturn:
    raise _DeclinedError


def _spec(text: str) -> ToolSpec:
    head = _HEAD.match(text) or _decline()
    tool, name, description, cover, categories, tags, endpoints, extra, nothing = head.groups()
    tool = _text(tool)
    addresses = _pairs(endpoints)
    if tool_name_problem(tool) or not all(key in addresses for key in ENDPOINTS):
        _decline()
    inputs, at = ([], head.end()) if nothing else _inputs(text, head.end())
    tail = _TAIL.match(text, at) or _decline()
    examples, sections, price, *source = tail.groups()
    return ToolSpec(
        tool=tool,
        name=_text(name),
        description=_text(description),
        cover=_optional(cover),
        categories=tuple(_list(categories)),
        endpoints=addresses,
        inputs=tuple(inputs),
        tags=tuple(_list(tags)),
        examples=tuple(map(_pairs, examples.split("\n  - ")[1:])) if examples else (),
        sections=tuple(Section(title=title, text=body) for title, body in _rows_of(sections, 2)),
        extra=_pairs(extra),
        dynamicprice=None if price is None else _flow(price),
        source=_source(*source),
    )


def _source(
    document: str | None,
    sha256: str,
    detail: str | None,
    detail_sha256: str | None,
    findings: str | None,
) -> Source | None:
    if document is None:
        return None
    source = Source(
        document=_text(document),
        sha256=_text(sha256),
        detail=_optional(detail),
        detail_sha256=_optional(detail_sha256),
        findings=tuple(
            Finding(code=code, subject=subject, message=message)
            for code, subject, message in _rows_of(findings, 3)
        ),
    )
    if not all(
        SHA256.match(each) for each in (source.sha256, source.detail_sha256) if each is not None
    ):
        _decline()
    return source


def _inputs(text: str, at: int) -> tuple[list[Input], int]:
    found: list[Input] = []
    names: set[str] = set()
    while match := _INPUT.match(text, at):
        at = match.end()
        options: list[Option] | None = None
        if match[16] is not None:
            options, at = ([], at) if match[16] else _options(text, at)
        item = _input(match, None if options is None else tuple(options))
        if item.name in names:
            _decline()
        names.add(item.name)
        found.append(item)
    return found or _decline(), at


def _input(match: re.Match[str], options: tuple[Option, ...] | None) -> Input:
    (
        name, label, help_, type_, default, required, example, kind, sent, open_,
        minimum, maximum, step, python_name, extra, _,
    ) = match.groups()  # fmt: skip
    limits = [_optional(each) for each in (minimum, maximum, step)]
    wire = Wire(type=_text(kind), sent=UNSENT if sent is None else _flow(sent))
    item = Input(
        name=_text(name),
        label=_text(label),
        help=_text(help_),
        type=_text(type_),
        default=_optional(default),
        required=required == "true",
        wire=wire,
        example=None if example is None else _flow(example),
        open=None if open_ is None else open_ == "true",
        minimum=limits[0],
        maximum=limits[1],
        step=limits[2],
        options=options,
        python_name=_optional(python_name),
        extra=_pairs(extra),
    )
    if not item.name or wire.type not in WIRE_TYPES:
        _decline()
    if not all(is_decimal(each) for each in limits if each is not None) or input_problem(item):
        _decline()
    return item


def _options(text: str, at: int) -> tuple[list[Option], int]:
    found: list[Option] = []
    while match := _OPTION.match(text, at):
        at = match.end()
        value, label, description, words, settings, extra, seen = match.groups()
        option = Option(
            value=_text(value),
            label=_text(label),
            description=_optional(description),
            triggerwords=None if words is None else tuple(_array(words)),
            generatesettings=None if settings is None else tuple(_settings(settings)),
            extra=_pairs(extra),
            seen=_optional(seen),
        )
        if option.seen is not None and not SEEN.match(option.seen):
            _decline()
        found.append(option)
    return found or _decline(), at


def _settings(lines: str) -> list[dict[str, Json]]:
    found: list[dict[str, Json]] = []
    for line in lines.split("\n          - ")[1:]:
        pairs: list[tuple[str, str]] = _SETTING.findall(line)
        if line == "{" + ", ".join([f"{key}: {value}" for key, value in pairs]) + "}":
            setting: Json = {key: [] if value == "[]" else _text(value) for key, value in pairs}
            if len(setting) < len(pairs) or not _are_keys(setting):
                _decline()
        else:
            setting = _flow(line)
        found.append(cast("dict[str, Json]", setting))
    return found


def _array(line: str) -> list[str]:
    quoted: list[str] = _ONE_TEXT.findall(line)
    return [_text(each) for each in quoted] if line == f"[{', '.join(quoted)}]" else _decline()


def _list(lines: str | None) -> list[str]:
    return [] if lines is None else [_text(each) for each in _ONE_TEXT.findall(lines)]


def _rows_of(lines: str | None, size: int) -> list[list[str]]:
    texts = [] if lines is None else [_text(value) for _, value in _ONE_PAIR.findall(lines)]
    return [texts[at : at + size] for at in range(0, len(texts), size)]


def _pairs(lines: str | None) -> dict[str, str]:
    if lines is None:
        return {}
    pairs: list[tuple[str, str]] = _ONE_PAIR.findall(lines)
    found = {key: _text(value) for key, value in pairs}
    return found if len(found) == len(pairs) and _are_keys(found) else _decline()


def _are_keys(keys: dict[str, str] | dict[str, Json]) -> bool:
    return all(key.lower() not in RETYPED_KEYS for key in keys)


def _optional(quoted: str | None) -> str | None:
    return None if quoted is None or quoted == "null" else _text(quoted)


def _text(quoted: str) -> str:
    body = quoted[1:-1]
    return _ESCAPE.sub(_unescape, body) if "\\" in body else body


def _unescape(match: re.Match[str]) -> str:
    if match[4]:
        return _ESCAPED.get(match[4]) or _decline()
    code = int(match[1] or match[2] or match[3], 16)
    return _decline() if 0xD800 <= code <= 0xDFFF or code > 0x10FFFF else chr(code)


def _flow(text: str) -> Json:
    """A value on one line."""
    value, end = _value(text, 0, 0)
    return value if end == len(text) else _decline()


def _value(text: str, at: int, depth: int) -> tuple[Json, int]:
    match = _ONE_TEXT.match(text, at)
    if match:
        return _text(match[0]), match.end()
    match = _PLAIN.match(text, at)
    if match:
        return _plain(match), match.end()
    opening = text[at : at + 1]
    if opening not in {"[", "{"} or depth > _MAX_DEPTH:
        _decline()
    closing = "]" if opening == "[" else "}"
    items: list[Json] = []
    keys: dict[str, Json] = {}
    at += 1
    if text.startswith(closing, at):
        return (items if opening == "[" else keys), at + 1
    while True:
        key = ""
        if opening == "{":
            match = _ONE_KEY.match(text, at) or _decline()
            key, at = match[1], match.end()
        value, at = _value(text, at, depth + 1)
        items.append(value)
        keys[key] = value
        if text.startswith(closing, at):
            break
        if not text.startswith(", ", at):
            _decline()
        at += 2
    if opening == "[":
        return items, at + 1
    if len(keys) < len(items) or not _are_keys(keys):
        _decline()
    return keys, at + 1


def _plain(match: re.Match[str]) -> Json:
    constant, integer, number = match.groups()
    if constant:
        return _CONSTANTS[constant]
    if len(match[0]) > _MOST_DIGITS:
        _decline()
    if integer:
        return int(integer)
    value = float(number)
    return _decline() if value in {float("inf"), float("-inf")} else value
