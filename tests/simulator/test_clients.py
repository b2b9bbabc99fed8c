"""A generated client is as good as its spec: the same is accepted and the same refused."""

from __future__ import annotations

import importlib
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from pydantic import Field

from generated import imported, text
from generated import tool as made
from simulator.test_documents import TOOLS, run_command
from simulator.wire import detail, post
from wiro_runtime.inputs.model import ToolInputs
from wiro_runtime.testing import Simulator, SpecError
from wiro_runtime.testing.errors import ResponseError
from wiro_runtime.testing.tool_spec import Input, read_tool
from wiro_runtime.testing.validation import check_value
from wirogen.specs import Json, Wire, spec_to_json

if TYPE_CHECKING:
    from types import ModuleType

pytestmark = pytest.mark.slow


def client(tool: str) -> ModuleType:
    owner, project = tool.split("/")
    return importlib.import_module(f"wiro_tools.{owner}.{project.replace('-', '_')}")


@pytest.mark.parametrize("tool", TOOLS)
def test_the_documented_body_is_accepted(tool: str) -> None:
    body = run_command(tool)
    with Simulator([client(tool)]) as sim:
        assert sim.tools == [tool]
        answer = post(sim, f"Run/{tool}", body).json
        assert answer["result"] is True, answer
        assert detail(sim, answer["taskid"])["outputs"][0]["contenttype"] == "image/png"
        assert "[steps]" in post(sim, f"Run/{tool}", {**body, "steps": "30"}).error[1]
        assert "[scheduler]" in post(sim, f"Run/{tool}", {**body, "scheduler": "x"}).error[1]
        assert "[x]" in post(sim, f"Run/{tool}", {**body, "x": 1}).error[1]
        del body["prompt"]
        assert "[prompt] required" in post(sim, f"Run/{tool}", body).error[1]


def test_what_the_catalogue_knows_is_known() -> None:
    tool = read_tool(client(TOOLS[1]))
    assert "text-to-image" in tool.categories
    assert tool.description.startswith("A text-to-image tool")


class Inputs(ToolInputs):
    text: Annotated[str, Field(alias="aText", json_schema_extra={"x-wire": "string"})]
    whole: Annotated[int, Field(ge=1, le=4, json_schema_extra={"x-wire": "number"})] = 2
    share: Annotated[int | float, Field(json_schema_extra={"x-wire": "string", "x-step": "0.5"})]
    flag: Annotated[
        Literal["true", "false"] | None, Field(json_schema_extra={"x-wire": "boolean"})
    ] = None
    image: Annotated[str | None, Field(json_schema_extra={"x-wire": "file"})] = None
    images: Annotated[Sequence[str], Field(json_schema_extra={"x-wire": "files-mixed"})] = ()
    picker: Annotated[
        str, Field(json_schema_extra={"x-wire": "string", "x-options": {"1": "One"}})
    ] = ""
    number: Annotated[Literal["5", "8"], Field(json_schema_extra={"x-wire": "number"})] = "5"
    genre: Annotated[
        Sequence[Literal["a", "b", "c"]], Field(json_schema_extra={"x-wire": "string"})
    ] = ("a", "b")


def test_every_kind_of_field() -> None:
    module: Any = types.ModuleType("made_up")
    module.TOOL, module.Inputs = "a/b", Inputs
    tool = read_tool(module)
    kinds = {entry.name: (entry.type, entry.wire, entry.open) for entry in tool.inputs.values()}
    assert kinds == {
        "aText": ("text", "string", None),
        "whole": ("number", "number", None),
        "share": ("float", "string", None),
        "flag": ("select", "boolean", False),
        "image": ("fileinput", "string", None),
        "images": ("combinefileinput", "array", None),
        "picker": ("select", "string", True),
        "number": ("select", "number", False),
        "genre": ("multiselect", "string", False),
    }
    whole, number = tool.inputs["whole"], tool.inputs["number"]
    assert (whole.minimum, whole.maximum, whole.sent) == ("1", "4", 2)
    assert number.sent == 5
    assert tool.inputs["genre"].sent == "a,b"
    with Simulator([module]) as sim:
        for genre, wrong in (("a,b", False), ("c", False), ("c,a", False), ("a,x", True)):
            run = post(sim, "Run/a/b", {"aText": "a", "share": "0.5", "genre": genre})
            assert ("[genre]" in str(run.json)) is wrong
    assert tool.inputs["share"].step == "0.5"
    assert [entry.name for entry in tool.inputs.values() if entry.required] == ["aText", "share"]


def refusal(entry: Input, value: Json) -> str | None:
    try:
        check_value(entry, value)
    except ResponseError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    ("kind", "default", "wire"),
    [
        ("number", "auto", Wire(type="number", sent="auto")),
        ("number", "false", Wire(type="number", sent=False)),
        ("number", None, Wire(type="number", sent="")),
        ("number", "auto", Wire(type="string", sent="auto")),
        ("float", "auto", Wire(type="number", sent="auto")),
        ("range", "auto", Wire(type="string", sent="auto")),
        ("float", "5.5", Wire(type="number", sent=5.5)),
        ("checkbox", "true", Wire(type="boolean", sent="auto")),
    ],
)
@pytest.mark.parametrize("limits", [{}, {"minimum": "1", "maximum": "9.5"}, {"minimum": "0.5"}])
def test_a_default_of_another_kind_is_not_all_that_is_accepted(
    kind: str, default: str | None, wire: Wire, limits: dict[str, str]
) -> None:
    given = {} if kind == "checkbox" else limits
    spec = made(text("odd", type=kind, default=default, wire=wire, **given))
    with imported(spec) as module:
        client, document = (read_tool(each).inputs["odd"] for each in (module, spec_to_json(spec)))
    values: list[Json] = [5, 50, 5.5, -1, "5", "50", "5.5", "x", "", True, False, "auto"]
    for value in values:
        assert refusal(client, value) == refusal(document, value), value


@pytest.mark.parametrize(
    ("attributes", "message"),
    [({}, "has TOOL and Inputs"), ({"TOOL": "a/b", "Inputs": str}, "is no validator")],
)
def test_another_module_is_named(attributes: dict[str, Any], message: str) -> None:
    module = types.ModuleType("made_up")
    vars(module).update(attributes)
    with pytest.raises(SpecError, match=f"made_up: .*{message}"):
        Simulator([module])
