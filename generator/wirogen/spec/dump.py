"""Spec → JSON values → YAML, in canonical order.

Every string is double-quoted and every character that a screen would hide or reorder is escaped,
so that no YAML reader retypes a text and no reviewer misses one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Final, cast

from wirogen.spec.model import SPEC_VERSION, UNSENT, Input, Json, Option, ToolSpec, Unsent
from wirogen.text import visible

_PLAIN_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}\Z")
_RETYPED_KEYS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})

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
    return "".join(_block_mapping(spec_to_json(spec), ""))


def _block_mapping(mapping: Mapping[str, Json], indent: str) -> Iterator[str]:
    for key, value in mapping.items():
        yield f"{indent}{_key(key, indent)}:"
        yield from _block_value(key, value, indent)


def _block_value(key: str, value: Json, indent: str) -> Iterator[str]:
    if not isinstance(value, (dict, list)) or not value or key in _ON_ONE_LINE:
        yield f" {_flow(value)}\n"
    elif isinstance(value, dict):
        yield "\n"
        yield from _block_mapping(value, indent + "  ")
    else:
        yield "\n"
        for item in value:
            if isinstance(item, dict) and item and key != "generatesettings":
                lines = _block_mapping(item, indent + "    ")
                yield f"{indent}  - {next(lines).lstrip(' ')}"
                yield from lines
            else:
                yield f"{indent}  - {_flow(item)}\n"


def _flow(value: Json) -> str:
    if isinstance(value, dict):
        return (
            "{" + ", ".join(f"{_key(key, ' ')}: {_flow(item)}" for key, item in value.items()) + "}"
        )
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    if isinstance(value, str):
        return quote(value)
    return json.dumps(value, allow_nan=False)


def _key(key: str, indent: str) -> str:
    if _PLAIN_KEY.match(key) and key.lower() not in _RETYPED_KEYS:
        return key
    # YAML readers stop looking for the colon of a plain "key: value" after 1,024 characters.
    quoted = quote(key)
    return quoted if len(quoted) < 1000 else f"? {quoted}\n{indent}"


def quote(text: str) -> str:
    """``text`` as a YAML double-quoted scalar on one line, with nothing invisible in it."""
    return visible(json.dumps(text, ensure_ascii=False))


def json_is_same(left: Json | Unsent, right: Json | Unsent) -> bool:
    """Equality that, unlike ``==``, tells ``1`` from ``1.0`` and from ``True``."""
    if left is UNSENT or right is UNSENT:
        return left is right
    return json.dumps(cast("Json", left)) == json.dumps(cast("Json", right))
