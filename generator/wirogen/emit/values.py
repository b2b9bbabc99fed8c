"""The values that templates may use, by what they are rendered for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from wirogen.emit.escape import Markdown
from wirogen.emit.pages.categories import Category, Purpose
from wirogen.emit.pages.facts import Fact, Sample
from wirogen.emit.pages.guides import Examples
from wirogen.emit.python.validators import Validator
from wirogen.emit.template_tree import Guide, Scope
from wirogen.plan import ToolPlan, ToolSummary
from wirogen.plan.identifiers import Identifier
from wirogen.plan.model import Code, InputPlan

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolValues:
    """For templates whose path holds ``[project]``."""

    tool: ToolPlan
    """The plan of the tool."""
    validator: Validator | None
    """The source of its validator; for templates below ``python/`` only."""
    snippets: Mapping[str, str]
    """The snippets of the smallest request: ``python async shell curl json``."""
    categories: Sequence[Category]
    """Its categories, each once."""
    topics: Sequence[Category]
    """Its categories and tags, each once."""
    cover: Markdown | None
    """The address of its cover, if it is one of http(s)."""
    makes: Code
    """What it makes: ``image video audio text 3d other``."""
    takes: Sequence[Code]
    """What a caller brings: ``text image video audio document lora``."""
    count: InputPlan | None
    """The input that says how many outputs are made."""
    findings: Sequence[Mapping[str, str | None]]
    """What is wrong in its document: ``code subject message summary page``."""
    price: str | None
    """What Tool/Detail says about the price, as JSON text."""
    facts: Sequence[Fact]
    """What it costs, how long it takes and how often it has run: ``name value``."""
    samples: Sequence[Sample]
    """Sample outputs with a checked address: ``name address kind``."""
    readme: Sequence[str]
    """The paragraphs of its owner's text, without markup."""
    options_shown: int
    """How many options of an input a page shows."""
    examples_shown: int
    """How many examples a page shows."""
    body_shown: int
    """How many characters of a JSON body a page shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerValues:
    """For templates whose path holds ``[owner]`` alone."""

    package: Identifier
    """The import package."""
    owner: Identifier
    """The package of the owner in it."""
    tools: Sequence[ToolSummary]
    """The owner's tools, by module."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryValues:
    """For templates whose path holds ``[category]``."""

    category: Category
    """The category."""
    tools: Sequence[ToolSummary]
    """The tools in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectValues:
    """For guides, the templates below ``docs/guides/``, and all others."""

    package: Identifier
    """The import package."""
    guides: Sequence[Guide]
    """All guides in the order of reading; none when there is no tool."""
    example: Examples | None
    """The tools that guides show, ``None`` when there is no tool."""
    call: Mapping[str, Code]
    """Source of example calls: ``import run nested start submit try file lora wire
    nested_submit start_one deep callback mapping``."""
    owners: Mapping[str, Sequence[ToolSummary]]
    """The tools by the package of their owner."""
    tools: Sequence[ToolSummary]
    """All tools, by module."""
    categories: Sequence[tuple[Category, Sequence[ToolSummary]]]
    """Each category with its tools."""
    purposes: Sequence[tuple[Purpose, Sequence[ToolSummary]]]
    """What people come for, each with its tools: ``heading anchor``."""
    rules: Sequence[Mapping[str, str]]
    """Every diagnostic: ``code name severity summary explanation fix anchor``."""


VALUES_OF: Mapping[Scope, type[DataclassInstance]] = {
    Scope.TOOL: ToolValues,
    Scope.OWNER: OwnerValues,
    Scope.CATEGORY: CategoryValues,
    Scope.GUIDE: ProjectValues,
    Scope.PROJECT: ProjectValues,
}
"""The class of the values of each scope; partials have those of what includes them."""


def by_name(values: DataclassInstance) -> dict[str, Any]:
    """The values as a template gets them."""
    return {field.name: getattr(values, field.name) for field in fields(values)}
