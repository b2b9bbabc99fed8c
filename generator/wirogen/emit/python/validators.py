"""Plans → what the validators' template prints, by datamodel-code-generator in process."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from wirogen.emit.python.limits import with_limits, without_limits
from wirogen.plan import ToolPlan
from wirogen.plan.literals import STRING, imports_of, names_in, source
from wirogen.plan.model import Code, ImportPlan
from wirogen.specs import Json

_EXTRA_KEYS: Final = frozenset({"x-wire", "x-file-field", "x-lora-prompt", "x-options", "x-step"})
"""What goes into ``json_schema_extra``."""

_CLASS: Final = re.compile(r"class Tool(\d+)\(")
_LITERAL: Final = re.compile(rf"{STRING.pattern}|(?<=\d)e\+(?=\d)")
_FIELD: Final = re.compile(r"    (\w+): ")
_CUSTOM_TYPES: Final = frozenset({"FileLike", "LoraChoice", "LoraOption"})
_TYPES: Final = _CUSTOM_TYPES | {"Annotated", "Any", "Field", "Literal", "Mapping", "Sequence"}
"""What the types of fields may name."""


class ValidatorError(Exception):
    """The generated validator is not what the plan asked for: a defect of the generator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator:
    """The validator of one tool."""

    imports: tuple[ImportPlan, ...]
    """What its module imports."""
    fields: tuple[Code, ...]
    """A line of source for each field."""
    custom_types: bool
    """Whether fields have types that pydantic does not know."""


def validators_of(plans: Sequence[ToolPlan]) -> list[Validator]:
    """The validators of some tools. Each call of the library has a price of its own, so many
    tools are made in one."""
    definitions: dict[str, Json] = {}
    aliases: dict[str, str] = {}
    for number, plan in enumerate(plans):
        required: list[Json] = [item.spec.name for item in plan.inputs if item.required]
        definitions[f"Tool{number}"] = {
            "type": "object",
            "additionalProperties": False,
            "properties": {item.spec.name: without_limits(item.schema) for item in plan.inputs},
            **({"required": required} if required else {}),
        }
        # An alias is printed even when it is the name.
        aliases |= {f"Tool{number}.{item.spec.name}": item.name for item in plan.inputs}
    made = dict(_classes(_generate({"title": "All", "$defs": definitions}, aliases)))
    return [_validator(plan, made.get(number, {})) for number, plan in enumerate(plans)]


def _validator(plan: ToolPlan, made: Mapping[str, str]) -> Validator:
    names = [str(item.name) for item in plan.inputs]
    if list(made) != names:
        raise ValidatorError(f"{plan.spec.tool}: the validator has the fields {list(made)}")
    fields = [with_limits(made[item.name], item.schema) for item in plan.inputs]
    used = _TYPES & set[str]().union(*map(names_in, fields))
    more = {"ConfigDict", "ToolInputs", *(("ClassVar", "Tariff") if plan.tariff else ())}
    return Validator(
        imports=imports_of(used | more),
        fields=tuple(map(Code, fields)),
        custom_types=bool(used & _CUSTOM_TYPES),
    )


def _classes(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The fields of each class, by the number of the class: its lines by the fields' names. A
    string never spans lines."""
    number, fields = -1, dict[str, str]()
    for line in text.split("\n"):
        if line.startswith("class "):
            found = _CLASS.match(line)
            number, fields = int(found[1]) if found else -1, {}
            if found:
                yield number, fields
        elif number >= 0 and (field := _FIELD.match(line)):
            fields[field[1]] = _LITERAL.sub(_spelt, line.strip())


def _spelt(match: re.Match[str]) -> str:
    """A string or exponent as this project spells it, the same under every version of Python."""
    literal = match[0]
    if literal == "e+":
        return "e"
    return source(ast.literal_eval(literal) if "\\" in literal else literal[1:-1])


def _generate(schema: Json, aliases: Mapping[str, str]) -> str:
    from datamodel_code_generator import generate  # noqa: PLC0415 - slow to load
    from datamodel_code_generator.enums import DataModelType, InputFileType  # noqa: PLC0415 - slow to import
    from datamodel_code_generator.format import PythonVersion  # noqa: PLC0415 - slow to import
    from datamodel_code_generator.parser import LiteralType  # noqa: PLC0415 - slow to import

    made = generate(
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
        field_extra_keys=set(_EXTRA_KEYS),
        formatters=[],
        strict_nullable=True,
        use_annotated=True,
        use_double_quotes=True,
        use_generic_container_types=True,
        use_standard_collections=True,
        use_union_operator=True,
    )
    if not isinstance(made, str):
        raise ValidatorError("the validators are not one module")
    return made
