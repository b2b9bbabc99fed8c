"""Short ways to make specs and documents for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from document.layouts import Page, flat
from wirogen.document import ParsedDocument, parse_document
from wirogen.specs import Input, Json, ToolSpec, Wire

DOCUMENTS = Path(__file__).parents[2] / "specs" / "documents" / "wiro"
NAMES = ("instant-id-lora", "text-to-image-sd-lora")


def real(name: str) -> str:
    return (DOCUMENTS / f"{name}.txt").read_text(encoding="utf-8")


def text_input(name: str = "seed", default: str | None = "1", **changes: Any) -> Input:
    """An input as documents have it; how it travels is for the parser to decide."""
    made = Input(
        name=name,
        label=name,
        help=f"{name}-help",
        type="text",
        default=default,
        required=False,
        wire=Wire(type="string"),
    )
    return replace(made, **changes)


def tool(*inputs: Input, **changes: Any) -> ToolSpec:
    made = ToolSpec(
        tool="wiro/test-tool",
        name="wiro/test-tool",
        description="A tool.",
        cover=None,
        categories=("tool", "image"),
        endpoints={
            "run": "https://api.wiro.ai/v1/Run/wiro/test-tool",
            "detail": "https://api.wiro.ai/v1/Task/Detail",
        },
        inputs=inputs,
    )
    return replace(made, **changes)


def body_of(*inputs: Input) -> dict[str, Json]:
    """The body of a Run Command that sends each default as text, as most documents do."""
    return {item.name: item.default or "" for item in inputs}


def page(*inputs: Input, body: Mapping[str, Json] | str | None = None, **changes: Any) -> Page:
    return Page(tool(*inputs), body_of(*inputs) if body is None else body, **changes)


def parse(document: str | bytes) -> ParsedDocument:
    return parse_document(document, path="tool.txt")


def parse_page(made: Page) -> ParsedDocument:
    return parse(flat(made))


def codes(parsed: ParsedDocument) -> list[str]:
    return [found.code for found in parsed.diagnostics]


def without_source(parsed: ParsedDocument) -> ToolSpec:
    return replace(parsed.spec, source=None)


def as_documented(spec: ToolSpec) -> ToolSpec:
    """The spec without what the rules add: to compare with what was written."""
    plain = [
        replace(item, required=False, wire=Wire(type="string"), example=None, open=None)
        for item in spec.inputs
    ]
    return replace(spec, inputs=tuple(plain), source=None)
