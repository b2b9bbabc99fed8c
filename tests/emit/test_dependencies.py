"""Files of one tool are rendered by the templates that are said to be theirs, and by no others."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import wirogen
from corpus import documents
from wirogen.common.cache import Store
from wirogen.document import parse_document
from wirogen.emit.dependencies import templates_of_tools, tool_look
from wirogen.emit.render import render_tool
from wirogen.emit.templates import Renderer
from wirogen.plan import plan_modules, plan_tool
from wirogen.template_folders import template_folders


def test_no_other_template_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    specs = [parse_document(text, path="x").spec for _, text in documents(12)]
    modules, _ = plan_modules(spec.tool for spec in specs)
    plans = [plan_tool(spec, modules[spec.tool]) for spec in specs]
    wanted = [render_tool(plan, Renderer()) for plan in plans]
    (shipped,) = template_folders()
    package = tmp_path / "wirogen"
    for name in templates_of_tools([shipped]):
        (package / "templates" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(shipped / name, package / "templates" / name)
    monkeypatch.setattr(wirogen, "__file__", str(package / "__init__.py"))
    assert [render_tool(plan, Renderer()) for plan in plans] == wanted


def test_a_template_that_is_chosen_while_rendering_may_be_any(tmp_path: Path) -> None:
    page = tmp_path / "docs/tools/[owner]/[project].md.jinja"
    page.parent.mkdir(parents=True)
    folders = template_folders(tmp_path)
    (tmp_path / "docs/guides").mkdir()
    (tmp_path / "docs/guides/mine.md.jinja").write_text("one", "utf-8")

    def look() -> str:
        return tool_look(folders, Store(None))

    def changes_with_the_guide() -> bool:
        (tmp_path / "docs/guides/mine.md.jinja").write_text("one", "utf-8")
        before = look()
        (tmp_path / "docs/guides/mine.md.jinja").write_text("two", "utf-8")
        return look() != before

    page.write_text("{% include 'docs/guides/index.md.jinja' %}", "utf-8")
    assert not changes_with_the_guide()
    page.write_text("{% include 'docs/guides/mine.md.jinja' %}", "utf-8")
    assert changes_with_the_guide()
    page.write_text("{% include 'docs/guides/' ~ tool.module.project %}", "utf-8")
    assert changes_with_the_guide()
