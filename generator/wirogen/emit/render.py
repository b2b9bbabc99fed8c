"""Plan + templates → files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import chain

from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.emit.data.catalogue import catalogue_text, entry_text
from wirogen.emit.data.openapi import openapi_text, operation_text
from wirogen.emit.data.tool_calls import tool_calls
from wirogen.emit.escape import link
from wirogen.emit.pages.guides import topics_of
from wirogen.emit.pages.listing import listing_line
from wirogen.emit.pages.pages import Remember, shared_pages, tool_pages
from wirogen.emit.python.validators import Validator, validators_of
from wirogen.emit.templates import Renderer
from wirogen.overlay.schema import overlay_json_schema
from wirogen.plan import ModulePlan, ToolPlan, ToolSummary, published_schema
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.specs import Json, spec_json_schema

_TOOL = "python/wiro_tools/[owner]/[project].py.jinja"
_VALIDATOR = "python/wiro_tools/_validators/[owner]/[project].py.jinja"
_PACKAGE = "python/wiro_tools/__init__.py.jinja"
_PACKAGE_STUB = "python/wiro_tools/__init__.pyi.jinja"
_CATALOGUE = "python/wiro_tools/catalogue.py.jinja"
_CATALOGUE_STUB = "python/wiro_tools/catalogue.pyi.jinja"
_OWNER = "python/wiro_tools/[owner]/__init__.py.jinja"
_OWNER_STUB = "python/wiro_tools/[owner]/__init__.pyi.jinja"


def render_tool(
    plan: ToolPlan, renderer: Renderer, validator: Validator | None = None
) -> dict[str, str]:
    """Every file that one tool alone decides, by path below ``generated/``. ``validator`` is that
    of :func:`validators_of`, if it is known."""
    validator = validator or validators_of([plan])[0]
    owner, project = plan.module.owner, plan.module.project
    folder = f"python/{plan.module.package}"
    return {
        f"{folder}/{owner}/{project}.py": renderer.python(_TOOL, tool=plan),
        f"{folder}/_validators/{owner}/{project}.py": _validator(plan, renderer, validator),
        **tool_pages(plan, renderer),
        f"schemas/tools/{owner}/{project}.json": _json(published_schema(plan)),
        f"schemas/calls/{owner}/{project}.json": _json(tool_calls(plan)),
    }


def summary_of(plan: ToolPlan) -> ToolSummary:
    """What other files need to know of a tool."""
    return ToolSummary(
        spec=replace(
            plan.spec, inputs=(), examples=(), sections=(), source=None, dynamicprice=None
        ),
        module=plan.module,
        diagnostics=plan.diagnostics,
        operation=operation_text(plan),
        entry=entry_text(plan),
        listing=listing_line(plan, link),
        required_inputs=len(plan.example),
        guide_topics=topics_of(plan),
    )


def _validator(plan: ToolPlan, renderer: Renderer, validator: Validator) -> str:
    try:
        return renderer.python(_VALIDATOR, tool=plan, validator=validator)
    except InputError as error:
        if renderer.overridden:
            raise
        message = "the validator that is made of it cannot be imported"
        path = f"specs/tools/{plan.module.spec_path}.yaml"
        found = Diagnostic(code="G003", message=f"{message}: {error.__cause__}", path=path)
        raise InputError(found) from error


def render_shared(
    summaries: Iterable[ToolSummary],
    plan_of: Callable[[str], ToolPlan],
    renderer: Renderer,
    package: Identifier = DEFAULT_PACKAGE,
    remember: Remember | None = None,
) -> dict[str, str]:
    """The files that list tools: packages, catalogue, OpenAPI, pages. ``plan_of`` gives the whole
    plan of a tool by its id, for the few that guides show."""
    by_owner: defaultdict[str, list[ToolSummary]] = defaultdict(list)
    for tool in sorted(summaries, key=lambda tool: (tool.module.owner, tool.module.project)):
        by_owner[tool.module.owner].append(tool)
    owners: Mapping[str, list[ToolSummary]] = dict(by_owner)
    modules: dict[str, list[ModulePlan]] = {
        owner: [tool.module for tool in tools] for owner, tools in owners.items()
    }
    root = f"python/{package}"
    files = {
        f"{root}/__init__.py": renderer.python(_PACKAGE, package=package),
        f"{root}/__init__.pyi": renderer.python(_PACKAGE_STUB, owners=modules),
        f"{root}/catalogue.py": renderer.python(_CATALOGUE),
        f"{root}/catalogue.pyi": renderer.python(_CATALOGUE_STUB),
        f"{root}/catalogue.json": catalogue_text(chain.from_iterable(owners.values())),
        f"{root}/py.typed": "",
        f"{root}/_validators/__init__.py": "",
        **shared_pages(owners, plan_of, renderer, package, remember),
        "openapi.json": openapi_text(chain.from_iterable(owners.values())),
        "schemas/spec.json": _json(spec_json_schema()),
        "schemas/overlay.json": _json(overlay_json_schema()),
    }
    for owner, tools in modules.items():
        folder = f"{root}/{owner}"
        files[f"{folder}/__init__.py"] = renderer.python(_OWNER, owner=tools[0].owner)
        files[f"{folder}/__init__.pyi"] = renderer.python(_OWNER_STUB, tools=tools)
        files[f"{root}/_validators/{owner}/__init__.py"] = ""
    return files


def _json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
