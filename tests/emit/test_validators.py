"""Every field of a validator says what its plan says, whatever a tool's texts are like."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from corpus import documents
from emit.strategies import HOSTILE, specs
from generated import plan, prompt, select, text, tool
from wirogen.document import parse_document
from wirogen.emit.python.validators import validators_of
from wirogen.specs import UNSENT, Option, ToolSpec, Wire

_FORGED = (
    'Field(alias="x", title="y", json_schema_extra={"x-wire": "-"})] = "z"',
    "Field(alias='x', title='y')] = 'z'",
    ' alias="f0" description="-" )] = ',
    "'\" alias=\"-\", title='-'",
)


def same(spec: ToolSpec) -> None:
    (validator,) = validators_of([made := plan(spec)])
    for item, line in zip(made.inputs, validator.fields, strict=True):
        field = ast.parse(line).body[0]
        assert isinstance(field, ast.AnnAssign)
        assert isinstance(field.target, ast.Name)
        assert field.target.id == item.name
        said = _field(field.annotation)
        about = {"title": item.schema.get("title"), "description": item.schema.get("description")}
        extra = {key: value for key, value in item.schema.items() if key.startswith("x-")}
        assert said["alias"] == item.spec.name
        assert said["json_schema_extra"] == extra
        assert {key: said.get(key) for key in about} == about
        if not item.required and isinstance(item.schema.get("default"), str):
            assert field.value is not None
            assert ast.literal_eval(field.value) == item.schema["default"]


def _field(annotation: ast.expr) -> dict[str, Any]:
    """The keyword arguments of the Field of an annotation."""
    assert isinstance(annotation, ast.Subscript)
    assert isinstance(annotation.slice, ast.Tuple)
    call = annotation.slice.elts[-1]
    assert isinstance(call, ast.Call)
    return {str(each.arg): ast.literal_eval(each.value) for each in call.keywords}


def test_validators_of_several_tools_are_kept_apart() -> None:
    one, other = plan(tool(prompt(), text("a"))), plan(tool(prompt(), text("a", help="Other.")))
    alone = [validators_of([each])[0] for each in (one, other)]
    assert validators_of([one, other]) == alone
    assert alone[0] != alone[1]


@pytest.mark.slow
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(specs())
@example(tool(prompt(), *(text(f"t{n}", help=each) for n, each in enumerate(HOSTILE))))
@example(
    tool(
        prompt(default=_FORGED[0], help=_FORGED[1]),
        select("closed", *(Option(value=each, label=each) for each in _FORGED)),
        select("open", *(Option(value=each, label=each) for each in _FORGED), open=True),
        select(
            "many",
            *(Option(value=each, label="-") for each in _FORGED),
            type="multiselect",
            wire=Wire(type="array", sent=[_FORGED[0]]),
        ),
        *(
            text(f"t{n}", label=each, help=each, wire=Wire(type="string", sent=each))
            for n, each in enumerate(_FORGED)
        ),
        text("file", type="combinefileinput", wire=Wire(type="array", sent=UNSENT)),
    )
)
def test_whatever_a_tool_says(spec: ToolSpec) -> None:
    same(spec)


@pytest.mark.slow
def test_every_kind_of_input() -> None:
    for path, document in documents(60):
        same(parse_document(document, path=path).spec)
