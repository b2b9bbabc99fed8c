"""Makes a spec out of a generated client, so that an application is tested with what it imports."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import ModuleType, NoneType
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast, get_args, get_origin

from wiro_runtime.catalogue import open_catalogue
from wiro_runtime.errors import WiroError
from wiro_runtime.inputs.model import ToolInputs
from wiro_runtime.inputs.options import leaf_types
from wiro_runtime.price.estimate import tariff_of
from wiro_runtime.testing.tool_spec import SpecError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


ToolSource: TypeAlias = "Mapping[str, Any] | ModuleType"
"""A spec in the JSON form of its YAML file, or a generated client module."""

_FILES: Final[Mapping[str, tuple[str, str]]] = {
    "file": ("fileinput", "string"),
    "files": ("multifileinput", "array"),
    "files-mixed": ("combinefileinput", "array"),
    "file-url": ("text", "string"),
    "files-url": ("text", "string"),
}


def spec_from_client(source: ToolSource) -> Mapping[str, Any]:
    """The spec of a tool: ``source`` itself, or what a generated client says about its tool.

    :raises SpecError: a module is no generated client.
    """
    if not isinstance(source, ModuleType):
        return source
    tool, inputs = getattr(source, "TOOL", None), getattr(source, "Inputs", None)
    if not isinstance(tool, str) or not isinstance(inputs, type):
        raise SpecError(f"{source.__name__}: a generated client has TOOL and Inputs")
    if not issubclass(inputs, ToolInputs):
        raise SpecError(f"{source.__name__}: Inputs is no validator of a generated client")
    return {
        "tool": tool,
        "name": tool,
        "inputs": [_input(name, info) for name, info in inputs.model_fields.items()],
        "tariff": tariff_of(inputs),
        **_catalogued(source, tool),
    }


def _catalogued(client: ModuleType, tool: str) -> dict[str, Any]:
    """What the package's catalogue adds: the categories decide what a tool makes."""
    package = client.__name__.partition(".")[0]
    try:
        entry = open_catalogue(package).get(tool)
    except (ImportError, WiroError):
        return {}
    return {
        "name": entry.name,
        "description": entry.description,
        "cover": entry.cover,
        "categories": entry.categories,
        "tags": entry.tags,
    }


def _input(name: str, info: FieldInfo) -> dict[str, Any]:
    extra = info.json_schema_extra
    notes = cast("dict[str, Any]", extra) if isinstance(extra, dict) else {}
    wire = str(notes.get("x-wire", "string"))
    kinds = _kinds(info.annotation)
    choices = [value for kind in kinds for value in _literals(kind)]
    if wire in _FILES:
        kind, wire = _FILES[wire]
    elif choices or "x-options" in notes:
        kind = "multiselect" if leaf_types(info.annotation)[1] else "select"
    elif float in kinds:
        kind = "float"
    else:
        kind = "number" if kinds == [int] else "text"
    listed = choices or list(cast("dict[str, str]", notes.get("x-options", {})))
    entry: dict[str, Any] = {
        "name": info.alias or name,
        "label": info.title or name,
        "help": info.description or "",
        "type": kind,
        "default": None,
        "required": info.is_required(),
        "wire": {"type": wire},
        "open": not choices if kind in ("select", "multiselect") else None,
        "options": [{"value": str(value), "label": str(value)} for value in listed],
        **_limits(info, notes),
    }
    if not info.is_required() and info.default is not None:
        entry["wire"]["sent"] = _sent(wire, info.default)
    return entry


def _kinds(annotation: Any) -> list[Any]:
    """The types that a field takes; those of its items for a list."""
    if isinstance(annotation, type) or get_origin(annotation) is Literal:
        return [annotation]
    inside = [part for part in get_args(annotation) if part is not NoneType]
    return [kind for part in inside for kind in _kinds(part)]


def _literals(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if get_origin(kind) is Literal else ()


def _limits(info: FieldInfo, notes: Mapping[str, Any]) -> dict[str, str]:
    limits = {"minimum": None, "maximum": None, "step": notes.get("x-step")}
    for mark in info.metadata:
        limits["minimum"] = getattr(mark, "ge", limits["minimum"])
        limits["maximum"] = getattr(mark, "le", limits["maximum"])
    return {name: str(value) for name, value in limits.items() if value is not None}


def _sent(wire: str, default: Any) -> Any:
    """A default as JSON, in the type that travels."""
    if wire == "string" and isinstance(default, tuple):
        return ",".join(cast("tuple[str, ...]", default))
    if wire == "string" and not isinstance(default, str):
        return json.dumps(default)
    if isinstance(default, str) and wire in ("number", "boolean"):
        return json.loads(default)
    if isinstance(default, Sequence) and not isinstance(default, str):
        return list(cast("Sequence[object]", default))
    return default
