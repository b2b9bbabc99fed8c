"""Plan → the validator module: a class whose fields have been made before wherever possible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from wirogen.emit.python.limits import with_limits
from wirogen.emit.python.shapes import FieldForm, FieldShape, shape_of
from wirogen.plan.model import Code, ToolPlan

_STRING: Final = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_IMPORTS: Final[Mapping[str, Sequence[str]]] = {
    "collections.abc": ("Mapping", "Sequence"),
    "typing": ("Annotated", "Any", "Literal"),
    "pydantic": ("ConfigDict", "Field"),
    "wiro_runtime.generated": ("FileLike", "LoraChoice", "LoraOption", "ToolInputs"),
}
_MOST_REMEMBERED: Final = 20_000


_forms: dict[FieldShape, FieldForm] = {}


def prepare_validators(plans: Iterable[ToolPlan]) -> None:
    """Find out how the fields of these tools are written: what nobody knows yet in one go."""
    if len(_forms) > _MOST_REMEMBERED:
        _forms.clear()
    shapes = dict.fromkeys(shape_of(item)[0] for plan in plans for item in plan.inputs)
    unknown = [shape for shape in shapes if shape not in _forms]
    if unknown:
        from wirogen.emit.python.fields import make_forms  # noqa: PLC0415 - slow to load

        _forms.update(make_forms(unknown))


def validator_source(plan: ToolPlan) -> Code:
    """Source of the module with ``class Inputs``, not formatted yet."""
    prepare_validators([plan])
    fields: list[str] = []
    for item in plan.inputs:
        shape, texts = shape_of(item)
        fields.append(with_limits(_forms[shape].filled(texts), item.schema))
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
