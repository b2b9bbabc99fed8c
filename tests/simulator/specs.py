"""Specs that these tests run, each as small as its purpose allows."""

from __future__ import annotations

from typing import Any, Final


def field(name: str, kind: str, wire: str, **more: Any) -> dict[str, Any]:
    sent = {"sent": more.pop("sent")} if "sent" in more else {}
    return {
        "name": name,
        "label": name,
        "help": "",
        "type": kind,
        "default": None,
        "required": False,
        "wire": {"type": wire, **sent},
        **more,
    }


def options(*values: str) -> list[dict[str, str]]:
    return [{"value": value, "label": value} for value in values]


def tool(name: str, *inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "spec": 1,
        "tool": name,
        "name": name,
        "description": "",
        "cover": None,
        "categories": [],
        "inputs": list(inputs),
        **more,
    }


PROMPT: Final = field("prompt", "textarea", "string", required=True)

PAINTER: Final = tool(
    "wiro/painter",
    PROMPT,
    field("negativePrompt", "textarea", "string", sent=""),
    field("samples", "number", "number", sent=4),
    field("scale", "float", "string", sent="7.5"),
    field("strength", "float", "number", minimum="0", maximum="1", step="0.25"),
    field("stride", "float", "number", step="0.5"),
    field("seed", "text", "string", sent="123456"),
    field("tiled", "checkbox", "boolean", sent=False),
    field(
        "scheduler", "select", "string", sent="Euler", open=False, options=options("Euler", "DDIM")
    ),
    field("selectedModel", "select", "string", sent="", open=True, options=options("1", "2")),
    field("selectedLoraModel", "multiselect", "array", sent=[], open=True, options=options("62")),
    field("languages", "multiselect", "array", open=False, options=options("en", "tr")),
    field("quality", "select", "number", open=False, options=options("1", "2")),
    field("upscale", "select", "boolean", open=False, options=options("True", "False")),
    field("settings", "text", "object"),
    field("width", "number", "number"),
    field("height", "number", "number"),
    categories=["text-to-image", "lora-sd"],
    tags=["art"],
    description="Paints what it is told",
)

WRITER: Final = tool("openai/writer", PROMPT, categories=["llm"], tags=["text"])

SINGER: Final = tool("wiro/singer", PROMPT, categories=["text-to-speech"])
FILMER: Final = tool("wiro/filmer", PROMPT, categories=["tool", "image-to-video"])
SCULPTOR: Final = tool("wiro/sculptor", PROMPT, categories=["Text to 3D", "image"])
LISTENER: Final = tool("wiro/listener", PROMPT, categories=["speech-to-text", "video"])

EDITOR: Final = tool(
    "wiro/editor",
    field("prompt", "textarea", "string", sent=""),
    field("samples", "number", "number", sent=1),
    field("sharp", "checkbox", "boolean", sent=False),
    field("size", "select", "number", open=False, options=options("1024", "2048")),
    field("inputImage", "fileinput", "string", required=True),
    field("documents", "multifileinput", "array"),
    field("clothes", "combinefileinput", "array"),
    field("maskUrl", "text", "string"),
    field("styles", "multiselect", "array", sent=[], open=False, options=options("oil", "ink")),
    categories=["image-to-image"],
)

ODD_NAME: Final = tool("civitai/2D Game Icon Mix v1.0", PROMPT, categories=["model", "workflow"])

ALL: Final = [PAINTER, WRITER, SINGER, FILMER, SCULPTOR, LISTENER, EDITOR, ODD_NAME]
