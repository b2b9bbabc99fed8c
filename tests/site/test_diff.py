"""A change of one tool changes its own pages and the lists that name it, and no other page."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from corpus import documents
from generated import number, prompt, select, tool
from site_tools import write_generated
from wirogen.document import parse_document
from wirogen.specs import ToolSpec

pytestmark = pytest.mark.slow

NEW = tool(
    prompt(),
    number("steps", 20, minimum="1", maximum="50"),
    select("ratio", "1:1", "16:9"),
    name="wiro/newcomer",
    description="Comes later.",
    categories=("text-to-image", "Brand new"),
)
OWN = {f"tools/wiro/newcomer.{ending}" for ending in ("md", "json", "yaml")}
LISTS = {
    "tools.json", "llms.txt", "tools/index.md", "categories/text-to-image.md",
    "categories/brand-new.md",
}  # fmt: skip
NAMES = {"index.md", "categories/index.md"}
"""What says how many tools or categories there are."""


@pytest.fixture(scope="module")
def others(project_specs: dict[str, ToolSpec]) -> dict[str, ToolSpec]:
    made = {spec.tool: spec for name, text in documents(12)
            if (spec := parse_document(text, path=name).spec)}  # fmt: skip
    return {**made, **project_specs}


def pages(specs: dict[str, ToolSpec], folder: Path) -> dict[str, str]:
    docs = write_generated(specs, folder, pages_only=True) / "docs"
    return {
        os.fspath(path.relative_to(docs)): path.read_text("utf-8")
        for path in docs.rglob("*")
        if path.is_file() and path.suffix in {".md", ".json", ".yaml", ".txt"}
    }


def different(one: dict[str, str], other: dict[str, str]) -> set[str]:
    return {path for path in one.keys() | other.keys() if one.get(path) != other.get(path)}


def test_only_pages_of_a_tool_and_its_lists_change(
    others: dict[str, ToolSpec], tmp_path: Path
) -> None:
    without = pages(others, tmp_path / "0")
    before = pages({**others, NEW.tool: NEW}, tmp_path / "1")
    assert different(without, before) == OWN | LISTS | NAMES

    worded = replace(NEW, description="Comes later, in other words.")
    after = pages({**others, NEW.tool: worded}, tmp_path / "2")
    assert different(before, after) == OWN - {"tools/wiro/newcomer.json"} | LISTS

    steps = replace(NEW.inputs[1], maximum="60")
    limited = replace(NEW, inputs=(NEW.inputs[0], steps, NEW.inputs[2]))
    after = pages({**others, NEW.tool: limited}, tmp_path / "3")
    assert different(before, after) == OWN

    lines = [each["tools.json"].splitlines() for each in (before, after, without)]
    assert lines[0] == lines[1]
    assert len(set(lines[0]) - set(lines[2])) <= 2
