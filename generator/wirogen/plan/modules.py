"""All specs → where each tool's files lie and what its module is called."""

from __future__ import annotations

from collections.abc import Iterable

from wirogen.diagnostics.model import Diagnostic
from wirogen.plan.identifiers import (
    DEFAULT_PACKAGE,
    OWNER_RESERVED,
    PROJECT_RESERVED,
    Identifier,
    snake,
    with_suffix,
)
from wirogen.plan.model import ModulePlan
from wirogen.specs.names import apart, tool_paths


def plan_modules(
    tools: Iterable[str], package: Identifier = DEFAULT_PACKAGE
) -> tuple[dict[str, ModulePlan], list[Diagnostic]]:
    """The module of each tool id, in ``package``, and what had to be renamed.

    Owners that differ only in case or punctuation share a package. Where several tools want one
    module, the one whose id is already written like its path keeps the name.
    """
    paths = tool_paths(tools)
    wanted = {tool: _module_name(tool) for tool in paths}
    canonical = [tool for tool, path in paths.items() if tool == path]
    # Whose own words are the name comes first: acme/tool-3d before acme/3d, which gets a prefix.
    canonical.sort(key=lambda tool: "/".join(wanted[tool]).replace("_", "-") != tool)
    named = apart(wanted, canonical, lambda each, mark: (each[0], with_suffix(each[1], mark)))
    plans: dict[str, ModulePlan] = {}
    diagnostics: list[Diagnostic] = []
    for tool, path in paths.items():
        owner, project = named[tool]
        if named[tool] != wanted[tool]:
            diagnostics.append(
                Diagnostic(
                    code="N103",
                    message=f"is the module {owner}.{project}: another tool has the plain name",
                    path=f"specs/tools/{path}.yaml",
                    subject=tool,
                )
            )
        plans[tool] = ModulePlan(
            tool=tool, owner=owner, project=project, spec_path=path, package=package
        )
    return plans, diagnostics


def _module_name(tool: str) -> tuple[Identifier, Identifier]:
    owner, _, project = tool.partition("/")
    return (
        snake(owner, prefix="owner", split_camel=False, reserved=OWNER_RESERVED),
        snake(project, prefix="tool", split_camel=False, reserved=PROJECT_RESERVED),
    )
