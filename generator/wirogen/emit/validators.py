"""JSON Schema → the validator module.

Tools share many inputs, so each distinct field is made only once, those of many tools together,
and put together into a class per tool.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from wirogen.plan.model import Code, InputPlan, ToolPlan
from wirogen.store import Store, key_of

_STRING: Final = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_IMPORTS: Final[Mapping[str, Sequence[str]]] = {
    "collections.abc": ("Mapping", "Sequence"),
    "typing": ("Annotated", "Any", "Literal"),
    "pydantic": ("ConfigDict", "Field"),
    "wiro_runtime.generated": ("FileLike", "LoraChoice", "LoraOption", "ToolInputs"),
}
_MOST_REMEMBERED: Final = 20_000
_NO_STORE: Final = Store(None)


class ValidatorError(Exception):
    """The generated validator is not what the plan asked for: a defect of the generator."""


@dataclass(frozen=True, slots=True)
class FieldKey:
    """All that a field depends on."""

    name: str
    wire_name: str
    schema: str
    required: bool


_fields: dict[FieldKey, str] = {}


def prepare_validators(plans: Iterable[ToolPlan], store: Store = _NO_STORE) -> None:
    """Make the fields of these tools that are not known yet, all in one go."""
    if len(_fields) > _MOST_REMEMBERED:
        _fields.clear()
    tools = [[_key(item) for item in plan.inputs] for plan in plans]
    known = [_recall(keys, store) for keys in tools] if store.enabled else []
    for fields in known:
        _fields.update(fields)
    unknown = dict.fromkeys(key for keys in tools for key in keys if key not in _fields)
    if unknown:
        from wirogen.emit.fields import make_fields  # noqa: PLC0415 - slow to load

        _fields.update(make_fields(list(unknown)))
    for keys, fields in zip(tools, known, strict=False):
        if not fields:
            store.put("fields", _store_key(keys), [_fields[key] for key in keys])


def _recall(keys: Sequence[FieldKey], store: Store) -> dict[FieldKey, str]:
    """The fields of a tool whose fields were the same before, whatever else was not."""
    found: list[str] | None = store.get("fields", _store_key(keys))
    return {} if found is None else dict(zip(keys, found, strict=True))


def _store_key(keys: Sequence[FieldKey]) -> str:
    return key_of("fields", *map(repr, keys))


def validator_source(plan: ToolPlan) -> Code:
    """Source of the module with ``class Inputs``, not formatted yet."""
    prepare_validators([plan])
    fields = [_fields[_key(item)] for item in plan.inputs]
    bare = _STRING.sub("", "\n".join(fields))
    used = {"ConfigDict", "ToolInputs", *_NAME.findall(bare)}
    custom = bool(used & {"FileLike", "LoraChoice", "LoraOption"})
    imports = [
        f"from {module} import {', '.join(found)}"
        for module, names in _IMPORTS.items()
        if (found := [name for name in names if name in used])
    ]
    lines = [
        f"# Made by wirogen from {plan.module.spec_path}.yaml; do not edit.",
        "",
        *imports,
        "",
        "",
        "class Inputs(ToolInputs):",
        "    model_config = ConfigDict(",
        '        extra="forbid",',
        *(["        arbitrary_types_allowed=True,"] if custom else []),
        "    )",
        *fields,
    ]
    return Code("\n".join(lines) + "\n")


def _key(item: InputPlan) -> FieldKey:
    schema = json.dumps(item.schema, ensure_ascii=False)
    return FieldKey(str(item.name), item.spec.name, schema, item.required)
