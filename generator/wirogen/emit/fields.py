"""The fields of validators, by datamodel-code-generator in process.

Each call of the library has a price of its own, so the fields of many tools are made in one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from datamodel_code_generator import generate
from datamodel_code_generator.enums import DataModelType, InputFileType
from datamodel_code_generator.format import PythonVersion
from datamodel_code_generator.parser import LiteralType

from wirogen.emit.layout import normalize_literals
from wirogen.emit.validators import FieldKey, ValidatorError
from wirogen.spec import Json

_EXTRA_KEYS: Final = frozenset({"x-wire", "x-file-field", "x-lora-prompt", "x-options", "x-step"})
_CLASS: Final = re.compile(r"class (C\d+)\(ToolInputs\):")
_FIELD: Final = re.compile(r"    ([a-z_]\w*): ")


def make_fields(keys: Sequence[FieldKey]) -> dict[FieldKey, str]:
    """The line of each field in its class."""
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
    found = _read(normalize_literals(_generate(definitions, aliases)))
    made: dict[FieldKey, str] = {}
    for number, group in enumerate(groups):
        lines = found.get(f"C{number}", {})
        if sorted(lines) != sorted(key.name for key in group):
            odd = sorted(set(lines) ^ {key.name for key in group}) or ["a duplicate"]
            raise ValidatorError(f"fields of the validators differ: {', '.join(odd)}")
        made |= {key: lines[key.name] for key in group}
    return made


def _without_clashes(keys: Sequence[FieldKey]) -> list[list[FieldKey]]:
    """The keys in as few groups as have no name twice, be it in Python or on the wire."""
    groups: list[list[FieldKey]] = []
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
