"""A project folder in a temporary place, and the commands that are run on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corpus import Page, pages
from wirogen.specs import Input, ToolSpec, load_spec

PAGE = next(
    page for page in pages(60) if any(len(each.options or ()) >= 20 for each in page.fields)
)
"""A tool with long lists of models and every kind of number."""


class Project:
    """``specs/`` below a folder, written file by file."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "specs").mkdir(parents=True, exist_ok=True)

    def write(self, path: str, content: str | Mapping[str, Any]) -> Path:
        file = self.root / "specs" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
        return file

    def document(self, page: Page, name: str = "a/tool", **how: Any) -> Path:
        return self.write(f"documents/{name}.txt", page.text(**how))

    def specs(self) -> dict[str, ToolSpec]:
        files = sorted((self.root / "specs" / "tools").rglob("*.yaml"))
        specs = [load_spec(file.read_text("utf-8"), path=str(file)) for file in files]
        return {spec.tool: spec for spec in specs}

    def snapshot(self) -> dict[str, str]:
        """Every file below the project with its text."""
        return {
            path.relative_to(self.root).as_posix(): path.read_text("utf-8")
            for path in sorted(self.root.rglob("*"))
            if path.is_file()
        }


def input_of(spec: ToolSpec, name: str) -> Input:
    return next(item for item in spec.inputs if item.name == name)


def values(spec: ToolSpec, name: str = "selectedLoraModel") -> list[str]:
    return [option.value for option in input_of(spec, name).options or ()]


def detail(tool: str, *items: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """An answer of Tool/Detail about ``tool``."""
    owner, project = tool.split("/")
    found = {
        "title": "A tool",
        "slugowner": owner,
        "slugproject": project,
        "cleanslugowner": owner,
        "cleanslugproject": project,
        "description": "Does things",
        "image": "https://cdn.wiro.ai/cover.png",
        "categories": ["tool"],
        "tags": [],
        "dynamicprice": '[{"inputs":{},"price":0.003,"priceMethod":"cpr"}]',
        "parameters": [{"title": "", "items": list(items)}],
        **more,
    }
    return {"result": True, "errors": [], "tool": [found]}
