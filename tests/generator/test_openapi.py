"""``openapi.json`` and the definitions for tool calling: valid, complete, and true to the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from corpus import pages
from generated import imported, prompt, text, tool
from wirogen.document import parse_document
from wirogen.emit.data.openapi import openapi_file
from wirogen.emit.data.tool_calls import MAX_DESCRIPTION, tool_calls
from wirogen.emit.render import summary_of
from wirogen.pipeline.build import corrected_specs, read_project
from wirogen.plan import ToolPlan, plan_modules, plan_tool
from wirogen.specs import ToolSpec, Unsent

ROOT = Path(__file__).parents[2]


def document_of(plans: Sequence[ToolPlan]) -> Any:
    return json.loads(openapi_file(map(summary_of, plans)))


def plans_of(specs: Mapping[str, ToolSpec]) -> list[ToolPlan]:
    modules, _ = plan_modules(specs)
    return [plan_tool(spec, modules[tool]) for tool, spec in specs.items()]


def corpus_specs(count: int) -> dict[str, ToolSpec]:
    specs = [parse_document(page.text(full=True), path="x").spec for page in pages(count)]
    return {spec.tool: spec for spec in specs}


@cache
def known_plans() -> Sequence[ToolPlan]:
    return plans_of(corpus_specs(32))


def operation_of(document: Any, plan: ToolPlan) -> Any:
    wanted = f"run_{plan.module.owner}__{plan.module.project}"
    (found,) = [
        path["post"] for path in document["paths"].values() if path["post"]["operationId"] == wanted
    ]
    return found


def test_the_document_is_valid_and_has_every_tool_once() -> None:
    document = document_of(known_plans())
    OpenAPIV31SpecValidator(document).validate()
    runs = [path for path in document["paths"] if path.startswith("/Run/")]
    assert len(runs) == len(known_plans())
    assert {"/Task/Detail", "/Task/Cancel", "/Task/Kill"} <= set(document["paths"])
    names = [path["post"]["operationId"] for path in document["paths"].values()]
    assert len(set(names)) == len(names)


def test_the_committed_document_is_valid_and_is_what_the_specs_give() -> None:
    committed = json.loads((ROOT / "generated" / "openapi.json").read_text("utf-8"))
    OpenAPIV31SpecValidator(committed).validate()
    assert committed == document_of(plans_of(corrected_specs(ROOT, read_project(ROOT))))


def test_what_the_documents_send_fits_the_schema_of_the_body() -> None:
    document = document_of(known_plans())
    for plan in known_plans():
        content = operation_of(document, plan)["requestBody"]["content"]
        schema = content["application/json"]["schema"]
        body: dict[str, Any] = {}
        for item in plan.spec.inputs:
            sent = item.example if item.required else item.wire.sent
            if not isinstance(sent, Unsent):
                body[item.name] = sent
        jsonschema.validate(body, schema)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**body, "sampels": 1}, schema)


def test_files_can_go_along_in_a_form() -> None:
    document = document_of(known_plans())
    plan = next(
        plan for plan in known_plans() if any(item.spec.type == "fileinput" for item in plan.inputs)
    )
    content = operation_of(document, plan)["requestBody"]["content"]
    name = next(item.spec.name for item in plan.inputs if item.spec.type == "fileinput")
    form = content["multipart/form-data"]["schema"]["properties"][name]
    assert form["contentMediaType"] == "application/octet-stream"


def test_an_operation_has_the_price_list_of_its_tool() -> None:
    rates: Any = [{"inputs": {}, "price": 0.02, "priceMethod": "cpr"}]
    spec = replace(known_plans()[0].spec, dynamicprice=rates, cps=None, approximatelycost=None)
    (priced,) = plans_of({spec.tool: spec})
    document = document_of([priced])
    price = operation_of(document, priced)["x-price"]
    assert price["currency"] == "USD"
    assert price["summary"] == "$0.02"
    assert price["rates"] == rates
    OpenAPIV31SpecValidator(document).validate()
    without = replace(spec, dynamicprice=None)
    (unpriced,) = plans_of({spec.tool: without})
    assert "x-price" not in operation_of(document_of([unpriced]), unpriced)


def test_task_life_socket_and_callback_are_described() -> None:
    document = document_of(known_plans())
    (tasks,) = [tag for tag in document["tags"] if tag["name"] == "Tasks"]
    for status in ("task_queue", "task_postprocess_end", "task_cancel", "task_error"):
        assert status in tasks["description"]
    for way in ("send", "receive"):
        name = document["x-websocket"][way]["$ref"].rpartition("/")[2]
        assert name in document["components"]["schemas"]
    assert document["webhooks"]["taskEnded"]["post"]


def test_definitions_are_within_the_limits_of_all_three_and_name_each_tool_once() -> None:
    names: set[str] = set()
    for plan in known_plans():
        made: Any = tool_calls(plan)
        name = made["mcp"]["name"]
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name)
        assert made["openai"]["function"]["name"] == made["anthropic"]["name"] == name
        assert made["tool"] == plan.spec.tool
        names.add(name)
        schema = made["anthropic"]["input_schema"]
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema == made["openai"]["function"]["parameters"] == made["mcp"]["inputSchema"]
        assert len(made["mcp"]["description"]) <= MAX_DESCRIPTION
        assert all(re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", key) for key in schema["properties"])
        assert set(schema["required"]) <= set(schema["properties"])
        assert '"x-' not in json.dumps(schema)
    assert len(names) == len(known_plans())


def test_a_long_name_is_cut_and_stays_distinct_and_the_same() -> None:
    spec = known_plans()[0].spec
    long = [f"acme/{'very-' * 14}{end}" for end in ("one", "two")]
    made = plans_of({tool: _renamed(spec, tool) for tool in long})
    names = [plan.module.function_name for plan in made]
    assert len(set(names)) == 2
    assert all(len(name) <= 64 for name in names)
    alone = plans_of({long[0]: _renamed(spec, long[0])})
    assert alone[0].module.function_name == names[0]


def _renamed(spec: ToolSpec, tool: str) -> ToolSpec:
    return replace(spec, tool=tool)


@pytest.mark.parametrize(
    ("first", "renamed", "second", "keys"),
    [
        ("x y", "z", "z", ["x_y", "z"]),
        ("x y", None, "x_y", ["x_y_2", "x_y"]),
        ("a" * 70, None, "a" * 58, [f"{'a' * 58}_2", "a" * 58]),
        ("width", "height", "height", ["width", "height"]),
        ("größe", "width", "width", ["grosse", "width"]),
    ],
)
def test_no_two_inputs_share_a_key_or_take_each_others_value(
    first: str, renamed: str | None, second: str, keys: list[str]
) -> None:
    spec = tool(prompt(), text(first, python_name=renamed), text(second))
    (planned,) = plans_of({spec.tool: spec})
    made: Any = tool_calls(planned)
    assert list(made["mcp"]["inputSchema"]["properties"]) == ["prompt", *keys]
    with imported(spec) as module:
        for given in (keys, [item.name for item in planned.inputs][1:], [first, second]):
            values = dict(zip(given, ("one", "two"), strict=True))
            sent = module.Inputs(prompt="p", **values).wire()
            assert (sent[first], sent[second]) == ("one", "two")


def test_a_model_is_told_the_ids_of_an_open_list() -> None:
    plan = next(
        plan
        for plan in known_plans()
        if any(item.spec.name == "selectedModel" for item in plan.inputs)
    )
    made: Any = tool_calls(plan)
    item = next(item for item in plan.inputs if item.spec.name == "selectedModel")
    first = next(iter(item.spec.options or ()))
    text = made["mcp"]["inputSchema"]["properties"]["selectedModel"]["description"]
    assert f"{first.value} ({first.label})" in text
