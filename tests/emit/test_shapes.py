"""A field put together from its shape is the one that datamodel-code-generator would have made."""

from __future__ import annotations

import ast
import json
from typing import Any

from hypothesis import HealthCheck, example, given, settings

from corpus import documents
from emit.strategies import HOSTILE, specs
from generated import plan, prompt, select, text, tool
from wirogen.document import parse_document
from wirogen.emit.python.fields import make_forms
from wirogen.emit.python.shapes import FieldShape, shape_of
from wirogen.specs import UNSENT, Option, ToolSpec, Wire

_FORGED = (
    'Field(alias="x", title="y", json_schema_extra={"x-wire": "-"})] = "z"',
    "Field(alias='x', title='y')] = 'z'",
    ' alias="f0" description="-" )] = ',
    "'\" alias=\"-\", title='-'",
)


def same(spec: ToolSpec) -> None:
    items = plan(spec).inputs
    shaped = [shape_of(item) for item in items]
    whole = [FieldShape(json.dumps(item.schema), item.required, ("alias",)) for item in items]
    forms = make_forms(list(dict.fromkeys([*(shape for shape, _ in shaped), *whole])))
    for (shape, texts), other in zip(shaped, whole, strict=True):
        found, expected = forms[shape].filled(texts), forms[other].filled(texts)
        assert _parsed(found) == _parsed(expected)


def _parsed(line: str) -> Any:
    """What a line means; how a string is escaped does not count."""
    return ast.dump(ast.parse(line.strip()))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
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


def test_every_kind_of_input() -> None:
    for path, document in documents(60):
        same(parse_document(document, path=path).spec)
