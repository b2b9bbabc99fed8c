"""Spec → JSON values → YAML, in canonical order.

Every string is double-quoted and every character that a screen would hide or reorder is escaped,
so that no YAML reader retypes a text and no reviewer misses one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Final

from wirogen.common.text import visible
from wirogen.specs.checks import PLAIN_KEY, RETYPED_KEYS
from wirogen.specs.model import SPEC_VERSION, Input, Json, Option, ToolSpec, Unsent

_PLAIN_KEY: Final = re.compile(rf"{PLAIN_KEY}\Z")

# Values of these keys are short and read best on one line.
_ON_ONE_LINE: Final = frozenset({"wire", "triggerwords", "example", "sent", "dynamicprice"})


def spec_to_json(spec: ToolSpec) -> dict[str, Json]:
    """The spec as JSON values, keys in canonical order. Optional keys are left out when empty."""
    out: dict[str, Json] = {
        "spec": SPEC_VERSION,
        "tool": spec.tool,
        "name": spec.name,
        "description": spec.description,
        "cover": spec.cover,
        "categories": list(spec.categories),
    }
    if spec.tags:
        out["tags"] = list(spec.tags)
    out["endpoints"] = dict(spec.endpoints)
    if spec.extra:
        out["extra"] = dict(spec.extra)
    out["inputs"] = [_input_to_json(item) for item in spec.inputs]
    if spec.examples:
        out["examples"] = [dict(example) for example in spec.examples]
    if spec.sections:
        out["sections"] = [
            {"title": section.title, "text": section.text} for section in spec.sections
        ]
    if spec.dynamicprice is not None:
        out["dynamicprice"] = spec.dynamicprice
    if spec.source is not None:
        source: dict[str, Json] = {
            "document": spec.source.document,
            "sha256": spec.source.sha256,
        }
        if spec.source.detail is not None:
            source["detail"] = spec.source.detail
            source["detail_sha256"] = spec.source.detail_sha256
        if spec.source.findings:
            source["findings"] = [
                {"code": finding.code, "subject": finding.subject, "message": finding.message}
                for finding in spec.source.findings
            ]
        out["source"] = source
    return out


def _input_to_json(item: Input) -> dict[str, Json]:
    out: dict[str, Json] = {
        "name": item.name,
        "label": item.label,
        "help": item.help,
        "type": item.type,
        "default": item.default,
        "required": item.required,
    }
    if item.example is not None:
        out["example"] = item.example
    wire: dict[str, Json] = {"type": item.wire.type}
    if not isinstance(item.wire.sent, Unsent):
        wire["sent"] = item.wire.sent
    out["wire"] = wire
    if item.open is not None:
        out["open"] = item.open
    limits = {"minimum": item.minimum, "maximum": item.maximum, "step": item.step}
    out |= {key: limit for key, limit in limits.items() if limit is not None}
    if item.python_name is not None:
        out["python_name"] = item.python_name
    if item.extra:
        out["extra"] = dict(item.extra)
    if item.options is not None:
        out["options"] = [_option_to_json(option) for option in item.options]
    return out


def _option_to_json(option: Option) -> dict[str, Json]:
    out: dict[str, Json] = {"value": option.value, "label": option.label}
    if option.description is not None:
        out["description"] = option.description
    if option.triggerwords is not None:
        out["triggerwords"] = list(option.triggerwords)
    if option.generatesettings is not None:
        out["generatesettings"] = [dict(setting) for setting in option.generatesettings]
    if option.extra:
        out["extra"] = dict(option.extra)
    if option.seen is not None:
        out["seen"] = option.seen
    return out


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
    return json.dumps(value, allow_nan=False)


@lru_cache(1024)
def _key(key: str, indent: str) -> str:
    if _PLAIN_KEY.match(key) and key.lower() not in RETYPED_KEYS:
        return key
    # YAML readers stop looking for the colon of a plain "key: value" after 1,024 characters.
    quoted = quote(key)
    return quoted if len(quoted) < 1000 else f"? {quoted}\n{indent}"


def quote(text: str) -> str:
    """``text`` as a YAML double-quoted scalar on one line, with nothing invisible in it."""
    quoted = encode_basestring(text)
    return quoted if quoted.isprintable() else visible(quoted)
