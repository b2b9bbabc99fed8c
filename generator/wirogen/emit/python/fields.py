"""The fields of validators, by datamodel-code-generator in process.

Each call of the library has a price of its own, so many fields are made in one.
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

from wirogen.emit.python.black_style import normalize_literals
from wirogen.emit.python.shapes import EXTRA_KEYS, FieldForm, FieldShape, ValidatorError, form_of
from wirogen.specs import Json

_FIELD: Final = re.compile(r"    (f\d+): ")


def make_forms(shapes: Sequence[FieldShape]) -> dict[FieldShape, FieldForm]:
    """How fields of each shape are written."""
    named = {f"f{number}": shape for number, shape in enumerate(shapes)}
    required: list[Json] = [name for name, shape in named.items() if shape.required]
    schema: Json = {
        "title": "Fields",
        "type": "object",
        "additionalProperties": False,
        "properties": {name: json.loads(shape.schema) for name, shape in named.items()},
        **({"required": required} if required else {}),
    }
    # An alias is printed even when it is the name.
    source = normalize_literals(_generate(schema, {f"Fields.{name}": name for name in named}))
    # A string never spans lines.
    lines = {found[1]: line for line in source.split("\n") if (found := _FIELD.match(line))}
    if lines.keys() != named.keys():
        raise ValidatorError("datamodel-code-generator made other fields than it was asked for")
    return {shape: form_of(lines[name], name, shape) for name, shape in named.items()}


def _generate(schema: Json, aliases: Mapping[str, str]) -> str:
    source = generate(
        json.dumps(schema),
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
        field_extra_keys=set(EXTRA_KEYS),
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
