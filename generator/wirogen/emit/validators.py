"""JSON Schema → the validator module, by datamodel-code-generator in process."""

from __future__ import annotations

import ast
import json
from typing import Final

from datamodel_code_generator import generate
from datamodel_code_generator.enums import DataModelType, InputFileType
from datamodel_code_generator.format import PythonVersion
from datamodel_code_generator.parser import LiteralType

from wirogen.plan.model import Code, ToolPlan
from wirogen.plan.schema import validator_schema

_EXTRA_KEYS: Final = frozenset({"x-wire", "x-file-field", "x-lora-prompt", "x-options", "x-step"})


class ValidatorError(Exception):
    """The generated validator is not what the plan asked for: a defect of the generator."""


def validator_source(plan: ToolPlan) -> Code:
    """Source of the module with ``class Inputs``, not formatted yet."""
    source = generate(
        json.dumps(validator_schema(plan)),
        input_file_type=InputFileType.JsonSchema,
        output_model_type=DataModelType.PydanticV2BaseModel,
        target_python_version=PythonVersion.PY_311,
        base_class="wiro_runtime.generated.ToolInputs",
        class_name="Inputs",
        aliases={f"Inputs.{item.spec.name}": str(item.name) for item in plan.inputs},
        additional_imports=[],
        custom_file_header=f"# Made by wirogen from {plan.module.spec_path}.yaml; do not edit.",
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
        raise ValidatorError(f"{plan.spec.tool}: the validator is not one module")
    _check(plan, source)
    return Code(source)


def _check(plan: ToolPlan, source: str) -> None:
    """The class has exactly the planned fields: a renamed or lost one must never ship."""
    classes = [node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    if [node.name for node in classes] != ["Inputs"]:
        raise ValidatorError(f"{plan.spec.tool}: unexpected classes in the validator")
    fields = [
        node.target.id
        for node in classes[0].body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    ]
    planned = [str(item.name) for item in plan.inputs]
    if sorted(fields) != sorted(planned):
        odd = sorted(set(fields) ^ set(planned)) or ["a duplicate"]
        raise ValidatorError(f"{plan.spec.tool}: fields of the validator differ: {', '.join(odd)}")
