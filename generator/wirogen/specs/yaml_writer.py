"""Spec → YAML, in canonical order.

Every string is double-quoted and every character that a screen would hide or reorder is escaped,
so that no YAML reader retypes a text and no reviewer misses one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from json.encoder import encode_basestring
from typing import Final

from wirogen.common.text import visible
from wirogen.specs.fields import spec_to_json
from wirogen.specs.model import Json, ToolSpec

# Keys that need no quotes, unless some YAML reader takes them for something other than text.
_PLAIN_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}\Z")
_RETYPED: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})

_encoder: Final = json.JSONEncoder(allow_nan=False)

# Values of these keys are short and read best on one line.
_ON_ONE_LINE: Final = frozenset(
    {"wire", "triggerwords", "example", "sent", "dynamicprice", "taskstat"}
)


def dump_spec(spec: ToolSpec) -> str:
    """The canonical YAML text of a spec; ``load_spec(dump_spec(spec)) == spec``."""
    lines: list[str] = []
    _block_mapping(spec_to_json(spec), "", "", lines)
    return "".join(lines)


def _block_mapping(mapping: Mapping[str, Json], first: str, indent: str, lines: list[str]) -> None:
    """Writes ``mapping``: its first key behind ``first``, the others behind ``indent``."""
    before = first
    for key, value in mapping.items():
        start = f"{before}{_key(key, indent)}:"
        before = indent
        if isinstance(value, str):
            lines.append(f"{start} {quote(value)}\n")
        elif not isinstance(value, (dict, list)) or not value or key in _ON_ONE_LINE:
            lines.append(f"{start} {_flow(value)}\n")
        elif isinstance(value, dict):
            lines.append(f"{start}\n")
            _block_mapping(value, indent + "  ", indent + "  ", lines)
        else:
            lines.append(f"{start}\n")
            _block_list(key, value, indent, lines)


def _block_list(key: str, items: list[Json], indent: str, lines: list[str]) -> None:
    for item in items:
        if isinstance(item, dict) and item and key != "generatesettings":
            _block_mapping(item, f"{indent}  - ", indent + "    ", lines)
        else:
            lines.append(f"{indent}  - {_flow(item)}\n")


def _flow(value: Json) -> str:
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_key(key, ' ')}: {_flow(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    text = _encoder.encode(value)
    if isinstance(value, float) and "." not in text:
        # Readers of YAML 1.1 take a number that has an exponent and no point for text.
        return text.replace("e", ".0e")
    return text


def _key(key: str, indent: str) -> str:
    if _PLAIN_KEY.match(key) and key.lower() not in _RETYPED:
        return key
    # YAML readers stop looking for the colon of a plain "key: value" after 1,024 characters.
    quoted = quote(key)
    return quoted if len(quoted) < 1000 else f"? {quoted}\n{indent}"


def quote(text: str) -> str:
    """``text`` as a YAML double-quoted scalar on one line, with nothing invisible in it."""
    return visible(encode_basestring(text))
