"""Tools → ``openapi.json`` (OpenAPI 3.1): one operation for each tool, and those about tasks.

It describes requests as they travel, so a number that Wiro wants as text is text here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from urllib.parse import quote

import yaml

from wirogen.plan import ToolPlan, ToolSummary
from wirogen.plan.kinds import Kind
from wirogen.plan.model import InputPlan, price_summary
from wirogen.specs import Input, Json, Unsent
from wirogen.specs.model import FILE_TYPES
from wirogen.specs.tree import Loader

_SHARED: Final = Path(__file__).with_name("openapi.yaml")
"""What is the same for all tools."""
_FILE: Final[dict[str, Json]] = {
    "type": "string",
    "contentMediaType": "application/octet-stream",
}


def openapi_file(summaries: Iterable[ToolSummary]) -> bytes:
    """The whole document; tools in order of their ids. For thousands of tools it is so large that
    it is put together as bytes."""
    ordered = sorted(summaries, key=lambda summary: summary.spec.tool)
    owners = sorted({str(summary.module.owner) for summary in ordered})
    document = yaml.load(_SHARED.read_text("utf-8"), Loader=Loader)  # noqa: S506 - a safe one, in C
    document["tags"] = [*({"name": owner} for owner in owners), *document["tags"]]
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    head, mark, tail = text.partition('\n  "paths": {\n')
    tools = (part for summary in ordered for part in (summary.operation, ",\n"))
    return b"".join(part.encode() for part in (head, mark, *tools, tail, "\n"))


def operation_text(plan: ToolPlan) -> str:
    """The path of one tool as it stands in the document, without the comma behind it."""
    path = json.dumps(f"/Run/{quote(plan.spec.tool)}")
    post = json.dumps({"post": operation(plan)}, indent=2, ensure_ascii=False, allow_nan=False)
    return f"    {path}: " + post.replace("\n", "\n    ")


def operation(plan: ToolPlan) -> dict[str, Json]:
    """The operation that runs one tool. Its id is unique, as module names are."""
    spec, module = plan.spec, plan.module
    content: dict[str, Json] = {"application/json": {"schema": _body(plan, files=False)}}
    if any(item.spec.type in FILE_TYPES or "x-file-field" in item.schema for item in plan.inputs):
        content["multipart/form-data"] = {"schema": _body(plan, files=True)}
    return {
        "operationId": module.operation_id,
        "summary": _line(spec.name) or spec.tool,
        "description": spec.description,
        "tags": [str(module.owner)],
        **_price(plan),
        "requestBody": {"required": True, "content": content},
        "responses": {
            "200": {
                "description": "The task that was started, or errors.",
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/Started"}}
                },
            },
            "401": {"$ref": "#/components/responses/Refused"},
            "429": {"$ref": "#/components/responses/TooMany"},
        },
    }


def _price(plan: ToolPlan) -> dict[str, Json]:
    """``x-price``: the price list as Wiro gives it, in US dollars, and in words the least that a
    run costs. The first of ``rates`` counts whose ``inputs`` all equal what is sent."""
    spec, tariff = plan.spec, plan.tariff
    if tariff is None:
        return {}
    found: dict[str, Json] = {"currency": "USD", "summary": price_summary(tariff)}
    given = {
        "rates": spec.dynamicprice,
        "perSecond": spec.cps,
        "mean": spec.approximatelycost,
        "asOf": tariff.get("as_of"),
    }
    found |= {name: value for name, value in given.items() if value is not None}
    return {"x-price": found}


def _body(plan: ToolPlan, *, files: bool) -> dict[str, Json]:
    """The schema of the body: of JSON, or of a form when there is a file."""
    properties: dict[str, Json] = {}
    required: list[Json] = []
    for item in plan.inputs:
        stem = item.schema.get("x-file-field")
        properties[item.spec.name] = _value(item, files=files)
        if files and isinstance(stem, str):
            properties[stem] = dict(_FILE)
        elif item.required:
            required.append(item.spec.name)
    properties["callbackUrl"] = {
        "type": "string",
        "description": "Where Wiro posts the ended task.",
    }
    properties["projectid"] = {"type": "string", "description": "The project that pays."}
    schema: dict[str, Json] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    return schema


def _value(item: InputPlan, *, files: bool) -> dict[str, Json]:
    spec = item.spec
    schema: dict[str, Json] = dict(_wire(item))
    if files and spec.type in FILE_TYPES:
        many = spec.wire.type == "array" or spec.type != "fileinput"
        schema = dict(_FILE)
        if many:
            schema = {"type": "array", "items": schema}
    texts = [item.title if item.labelled else "", item.help]
    description = ": ".join(_line(text) for text in texts if text)
    if description:
        schema["description"] = description
    if not item.required and not isinstance(spec.wire.sent, Unsent):
        schema["default"] = spec.wire.sent
    if spec.example is not None and not files:
        schema["examples"] = [spec.example]
    return schema


def _wire(item: InputPlan) -> dict[str, Json]:
    spec = item.spec
    match spec.wire.type:
        case "number":
            whole = item.kind is Kind.INT and isinstance(item.odd, Unsent)
            number: dict[str, Json] = {"type": "integer" if whole else "number", **_limits(spec)}
            if isinstance(spec.wire.sent, (bool, str)):
                # Some documents send `false` for a number that is not set.
                return {"anyOf": [number, {"const": spec.wire.sent}]}
            return number
        case "boolean":
            return {"type": "boolean"}
        case "object":
            return {"type": "object", "additionalProperties": True}
        case "array":
            if item.literal_values:
                one: dict[str, Json] = {"type": "string", "enum": list(item.literal_values)}
            else:
                one = {} if item.kind is Kind.LIST else {"type": "string"}
            return {"type": "array", "items": one}
        case _:
            # Several choices are one text, with commas between them.
            if item.literal_values and item.kind is not Kind.CHOICES:
                return {"type": "string", "enum": list(item.literal_values)}
            return {"type": "string"}


def _limits(spec: Input) -> dict[str, Json]:
    limits = {"minimum": spec.minimum, "maximum": spec.maximum}
    return {
        key: float(text) if "." in text or "e" in text.lower() else int(text)
        for key, text in limits.items()
        if text is not None
    }


def _line(text: str) -> str:
    return " ".join(text.split())
