"""Plan → the validator module: a class whose fields have been made before wherever possible."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from wirogen.common.cache import Store, key_of
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
_NO_STORE: Final = Store(None)


_forms: dict[FieldShape, FieldForm] = {}


def prepare_validators(plans: Iterable[ToolPlan], store: Store = _NO_STORE) -> None:
    """Find out how the fields of these tools are written: what nobody knows yet in one go."""
    if len(_forms) > _MOST_REMEMBERED:
        _forms.clear()
    shapes = dict.fromkeys(shape_of(item)[0] for plan in plans for item in plan.inputs)
    unknown: list[FieldShape] = []
    for shape in shapes:
        if shape not in _forms:
            known: FieldForm | None = store.get("field", _store_key(shape))
            if known is None:
                unknown.append(shape)
            else:
                _forms[shape] = known
    if unknown:
        from wirogen.emit.python.fields import make_forms  # noqa: PLC0415 - slow to load

        for shape, form in make_forms(unknown).items():
            _forms[shape] = form
            store.put("field", _store_key(shape), form)


def _store_key(shape: FieldShape) -> str:
    return key_of("field", repr(shape))


def validator_source(plan: ToolPlan) -> Code:
    """Source of the module with ``class Inputs``, not formatted yet."""
    prepare_validators([plan])
    shaped = [shape_of(item) for item in plan.inputs]
    fields = [_forms[shape].filled(texts) for shape, texts in shaped]
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
