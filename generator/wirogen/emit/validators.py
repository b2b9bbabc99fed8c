"""JSON Schema → the validator module, by datamodel-code-generator in process.

Tools share many inputs and each call of the library has a price of its own, so the fields of many
tools are made in one call, each distinct one only once, and put together into a class per tool.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from datamodel_code_generator import generate
from datamodel_code_generator.enums import DataModelType, InputFileType
from datamodel_code_generator.format import PythonVersion
from datamodel_code_generator.parser import LiteralType

from wirogen.plan.model import Code, InputPlan, ToolPlan
from wirogen.spec import Json

_EXTRA_KEYS: Final = frozenset({"x-wire", "x-file-field", "x-lora-prompt", "x-options", "x-step"})
_STRING: Final = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_CLASS: Final = re.compile(r"class (C\d+)\(ToolInputs\):")
_FIELD: Final = re.compile(r"    ([a-z_]\w*): ")
_IMPORTS: Final[Mapping[str, Sequence[str]]] = {
    "collections.abc": ("Mapping", "Sequence"),
    "typing": ("Annotated", "Any", "Literal"),
    "pydantic": ("ConfigDict", "Field"),
    "wiro_runtime.generated": ("FileLike", "LoraChoice", "LoraOption", "ToolInputs"),
}
_MOST_REMEMBERED: Final = 20_000


class ValidatorError(Exception):
    """The generated validator is not what the plan asked for: a defect of the generator."""


@dataclass(frozen=True, slots=True)
class _Key:
    """All that a field depends on."""

    name: str
    wire_name: str
    schema: str
    required: bool


_fields: dict[_Key, str] = {}


def prepare_validators(plans: Iterable[ToolPlan]) -> None:
    """Make the fields of these tools that are not known yet, all in one go."""
    if len(_fields) > _MOST_REMEMBERED:
        _fields.clear()
    unknown = dict.fromkeys(
        key for plan in plans for item in plan.inputs if (key := _key(item)) not in _fields
    )
    if unknown:
        _fields.update(_make(list(unknown)))


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


def _key(item: InputPlan) -> _Key:
    schema = json.dumps(item.schema, ensure_ascii=False)
    return _Key(str(item.name), item.spec.name, schema, item.required)


def _make(keys: Sequence[_Key]) -> dict[_Key, str]:
    groups = _without_clashes(keys)
    definitions: dict[str, Json] = {}
    aliases: dict[str, str] = {}
    for number, group in enumerate(groups):
        required: list[Json] = [key.wire_name for key in group if key.required]
        definitions[f"C{number}"] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {key.wire_name: json.loads(key.schema) for key in group},
            **({"required": required} if required else {}),
        }
        aliases |= {f"C{number}.{key.wire_name}": key.name for key in group}
    found = _read(_generate(definitions, aliases))
    made: dict[_Key, str] = {}
    for number, group in enumerate(groups):
        lines = found.get(f"C{number}", {})
        if sorted(lines) != sorted(key.name for key in group):
            odd = sorted(set(lines) ^ {key.name for key in group}) or ["a duplicate"]
            raise ValidatorError(f"fields of the validators differ: {', '.join(odd)}")
        made |= {key: lines[key.name] for key in group}
    return made


def _without_clashes(keys: Sequence[_Key]) -> list[list[_Key]]:
    """The keys in as few groups as have no name twice, be it in Python or on the wire."""
    groups: list[list[_Key]] = []
    taken: list[tuple[set[str], set[str]]] = []
    for key in keys:
        free = (
            index
            for index, (names, wires) in enumerate(taken)
            if key.name not in names and key.wire_name not in wires
        )
        index = next(free, len(groups))
        if index == len(groups):
            groups.append([])
            taken.append((set(), set()))
        groups[index].append(key)
        taken[index][0].add(key.name)
        taken[index][1].add(key.wire_name)
    return groups


def _generate(definitions: Mapping[str, Json], aliases: Mapping[str, str]) -> str:
    source = generate(
        json.dumps({"$defs": dict(definitions)}),
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType.PydanticV2BaseModel,
        target_python_version=PythonVersion.PY_311,
        base_class="wiro_runtime.generated.ToolInputs",
        aliases=aliases,
        custom_file_header="#",
        disable_timestamp=True,
        disable_future_imports=True,
        enum_field_as_literal=LiteralType.All,
        extra_fields=None,
        field_constraints=True,
        field_extra_keys=set(_EXTRA_KEYS),
        formatters=[],
        strict_nullable=True,
        use_annotated=True,
        use_double_quotes=True,
        use_generic_container_types=True,
        use_standard_collections=True,
        use_union_operator=True,
    )
    if not isinstance(source, str):
        raise ValidatorError("the validators are not one module")
    return source


def _read(source: str) -> dict[str, dict[str, str]]:
    """The line of each field, by class and name. A string never spans lines."""
    classes: dict[str, dict[str, str]] = {}
    fields: dict[str, str] = {}
    for line in source.split("\n"):
        if found := _CLASS.match(line):
            fields = classes.setdefault(found[1], {})
        elif found := _FIELD.match(line):
            if found[1] in fields:
                raise ValidatorError(f"the field {found[1]} is there twice")
            fields[found[1]] = line
    return classes
