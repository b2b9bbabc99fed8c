"""Plan + templates → files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

import jinja2

from wirogen.diagnostics.model import Diagnostic, InputError
from wirogen.emit.data.catalogue import catalogue_text, entry_text
from wirogen.emit.data.openapi import openapi_file, operation_text
from wirogen.emit.data.tool_calls import tool_calls
from wirogen.emit.pages.builder import request_data
from wirogen.emit.pages.categories import input_kinds, purpose_of
from wirogen.emit.pages.guides import topics_of
from wirogen.emit.pages.listing import listing_line
from wirogen.emit.pages.pages import shared_pages, tool_values
from wirogen.emit.pages.snippets import snippet_texts
from wirogen.emit.python.validators import Validator, validators_of
from wirogen.emit.template_tree import Scope, output_of
from wirogen.emit.templates import Renderer
from wirogen.emit.values import by_name
from wirogen.overlay.schema import overlay_json_schema
from wirogen.plan import ToolPlan, ToolSummary, published_schema
from wirogen.plan.identifiers import DEFAULT_PACKAGE, Identifier
from wirogen.specs import Json, ToolSpec, dump_spec, spec_json_schema

_VALIDATOR = "python/wiro_tools/_validators/[owner]/[project].py.jinja"


def render_tool(
    plan: ToolPlan, renderer: Renderer, validator: Validator | None = None
) -> dict[str, str]:
    """Every file that one tool alone decides, by path below ``generated/``. ``validator`` is that
    of :func:`validators_of`, if it is known."""
    owner, project = plan.module.owner, plan.module.project
    if validator is None and renderer.makes(_VALIDATOR):
        (validator,) = validators_of([plan])
    snippets = snippet_texts(plan, renderer)
    values = by_name(tool_values(plan, snippets, validator))
    files = {
        output_of(name, plan.module.package, owner=owner, project=project): (
            _validator(plan, renderer, values)
            if name == _VALIDATOR
            else renderer.file(name, **values)
        )
        for name in renderer.names(Scope.TOOL)
    }
    files |= {
        f"docs/tools/{owner}/{project}.json": request_data(plan, snippets),
        f"docs/tools/{owner}/{project}.yaml": dump_spec(plan.spec),
        f"schemas/tools/{owner}/{project}.json": _json(published_schema(plan)),
        f"schemas/calls/{owner}/{project}.json": _json(tool_calls(plan)),
    }
    return {path: text for path, text in files.items() if renderer.makes(path)}


def summary_of(plan: ToolPlan) -> ToolSummary:
    """What other files need to know of a tool."""
    spec = plan.spec
    return ToolSummary(
        spec=ToolSpec(
            tool=spec.tool,
            name=spec.name,
            description=spec.description,
            cover=spec.cover,
            categories=spec.categories,
            tags=spec.tags,
            endpoints=spec.endpoints,
            extra=spec.extra,
            inputs=(),
        ),
        module=plan.module,
        diagnostics=plan.diagnostics,
        operation=operation_text(plan),
        entry=entry_text(plan),
        listing=listing_line(plan),
        purpose=purpose_of(plan.spec, input_kinds(plan.inputs)),
        required_inputs=len(plan.smallest),
        guide_topics=topics_of(plan),
    )


def _validator(plan: ToolPlan, renderer: Renderer, values: Mapping[str, Any]) -> str:
    try:
        return renderer.file(_VALIDATOR, **values)
    except InputError as error:
        if renderer.overridden or isinstance(error.__cause__, jinja2.TemplateError):
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
    examples: Mapping[str, str] | None = None,
) -> dict[str, str | bytes]:
    """The files that list tools: packages, catalogue, OpenAPI, pages. ``plan_of`` gives the whole
    plan of a tool by its id, for the few that guides show: those in ``examples``, by topic."""
    by_owner: defaultdict[str, list[ToolSummary]] = defaultdict(list)
    for tool in sorted(summaries, key=lambda tool: (tool.module.owner, tool.module.project)):
        by_owner[tool.module.owner].append(tool)
    owners: Mapping[str, list[ToolSummary]] = dict(by_owner)
    root = f"python/{package}"
    files: dict[str, str | bytes] = {
        f"{root}/catalogue.json": catalogue_text(chain.from_iterable(owners.values())),
        f"{root}/py.typed": "",
        f"{root}/_validators/__init__.py": "",
        **shared_pages(owners, plan_of, renderer, package, examples),
        "openapi.json": openapi_file(chain.from_iterable(owners.values())),
        "schemas/spec.json": _json(spec_json_schema()),
        "schemas/overlay.json": _json(overlay_json_schema()),
    }
    for owner in owners:
        files[f"{root}/_validators/{owner}/__init__.py"] = ""
    return {path: text for path, text in files.items() if renderer.makes(path)}


def _json(value: Json) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
