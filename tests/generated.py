"""Specs → imported client modules, without touching the installed package."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

from wirogen.emit.render import render_tool
from wirogen.emit.templates import Renderer
from wirogen.plan import ToolPlan, plan_modules, plan_tool
from wirogen.specs import Input, Option, ToolSpec, Wire

RENDERER = Renderer()


def plan(spec: ToolSpec) -> ToolPlan:
    modules, _ = plan_modules([spec.tool])
    return plan_tool(spec, modules[spec.tool])


_last: Final[list[tuple[ToolSpec, dict[str, str]]]] = []


def render(spec: ToolSpec) -> dict[str, str]:
    """All files of a tool. Those of the last one are remembered: tests look at the same several
    times, and rendering takes the most of their time."""
    if not _last or _last[0][0] is not spec:
        _last[:] = [(spec, render_tool(plan(spec), RENDERER))]
    return _last[0][1]


@contextmanager
def imported(spec: ToolSpec) -> Generator[Any]:
    """The client module of ``spec``, as ``import`` would give it."""
    module = plan(spec).module
    files = render(spec)
    name = f"{module.owner}/{module.project}.py"
    validators = f"wiro_tools._validators.{module.owner}.{module.project}"
    client = f"wiro_tools.{module.owner}.{module.project}"
    before = {key: sys.modules.get(key) for key in (validators, client)}
    try:
        _execute(validators, files[f"python/wiro_tools/_validators/{name}"])
        yield _execute(client, files[f"python/wiro_tools/{name}"])
    finally:
        for key, old in before.items():
            sys.modules.pop(key, None)
            if old is not None:
                sys.modules[key] = old


def _execute(name: str, source: str) -> ModuleType:
    module = ModuleType(name)
    sys.modules[name] = module
    exec(compile(source, f"<{name}>", "exec"), module.__dict__)  # noqa: S102 - what import does
    return module


def tool(*inputs: Input, name: str = "wiro/painter", **more: Any) -> ToolSpec:
    values: dict[str, Any] = {
        "tool": name,
        "name": name,
        "description": "Paints.",
        "cover": None,
        "categories": (),
        "endpoints": {
            "run": f"https://api.wiro.ai/v1/Run/{name}",
            "detail": "https://api.wiro.ai/v1/Task/Detail",
        },
        "inputs": inputs,
    }
    return ToolSpec(**{**values, **more})


def prompt(**more: Any) -> Input:
    values: dict[str, Any] = {"required": True, "example": "a tree", "wire": Wire(type="string")}
    return text("prompt", **{**values, **more})


def text(name: str, **more: Any) -> Input:
    values: dict[str, Any] = {
        "label": name,
        "help": "",
        "type": "text",
        "default": None,
        "required": False,
        "wire": Wire(type="string", sent=""),
    }
    return Input(name=name, **{**values, **more})


def select(name: str, *options: Option | str, open: bool = False, **more: Any) -> Input:  # noqa: A002
    listed = tuple(
        Option(value=each, label=each) if isinstance(each, str) else each for each in options
    )
    first = listed[0].value if listed and not open else ""
    values: dict[str, Any] = {
        "type": "select",
        "open": open,
        "options": listed,
        "wire": Wire(type="string", sent=first),
    }
    return text(name, **{**values, **more})


def number(name: str, sent: Any, kind: str = "number", **more: Any) -> Input:
    wire = Wire(type="string" if isinstance(sent, str) else "number", sent=sent)
    return text(name, type=kind, default=str(sent), wire=wire, **more)
