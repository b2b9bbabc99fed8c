"""What the guides show: one real tool of the project for each thing that a guide is about."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from wirogen.emit.pages.snippets import first_snippets, snippet_texts
from wirogen.plan import ToolPlan, ToolSummary
from wirogen.plan.kinds import Kind
from wirogen.plan.literals import source
from wirogen.plan.model import ArgumentPlan, Code, ConstantPlan, ConstantsPlan, InputPlan

if TYPE_CHECKING:
    from wirogen.emit.templates import Renderer

_WIDTH: Final = 68
_LONG_TEXT: Final = 48
_SHORT: Final = "a lighthouse"
_CALLBACK: Final = '"https://example.org/wiro"'


@dataclass(frozen=True, slots=True, kw_only=True)
class FileExample:
    """A tool that takes a file, and the input that takes it."""

    tool: ToolPlan
    """The tool."""
    input: InputPlan
    """The input that takes the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoraExample:
    """A tool that takes LoRAs, and one with a slider."""

    tool: ToolPlan
    """The tool."""
    input: InputPlan
    """The input that takes LoRAs."""
    constants: ConstantsPlan
    """Its constants."""
    option: ConstantPlan
    """A LoRA with a slider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """The tools that guides show."""

    simple: ToolPlan
    """A tool that asks for as little as possible."""
    snippets: dict[str, str]
    """Its snippets: ``python async shell curl json``."""
    file: FileExample | None
    """A tool that takes a file, if there is one."""
    lora: LoraExample | None
    """A tool that takes LoRAs, if there is one."""


TOPICS: Final = ("simple", "file", "lora")
"""What guides show a tool for: most of them, files, LoRAs."""


def shown_tools(
    summaries: Sequence[ToolSummary], examples: Mapping[str, str] | None = None
) -> dict[str, ToolSummary]:
    """The tool that guides show for each topic, as far as the project has one: that of
    ``examples``, so that a new tool changes no guide, or else the one that asks for least."""
    if not summaries:
        return {}

    def needs(tool: ToolSummary) -> tuple[bool, int, str]:
        return not tool.required_inputs, tool.required_inputs, tool.module.tool

    shown = {"simple": min(summaries, key=needs)}
    for topic in TOPICS[1:]:
        fitting = (tool for tool in summaries if topic in tool.guide_topics)
        if tool := next(fitting, None):
            shown[topic] = tool
    known = {tool.module.tool: tool for tool in summaries}
    for topic, name in (examples or {}).items():
        if can_show(known.get(name), topic):
            shown[topic] = known[name]
    return shown


def can_show(tool: ToolSummary | None, topic: str) -> bool:
    """Whether a tool can be the example of a topic."""
    return tool is not None and (topic == TOPICS[0] or topic in tool.guide_topics)


def guide_values(
    shown: Mapping[str, ToolSummary], plan_of: Callable[[str], ToolPlan], renderer: Renderer
) -> Examples | None:
    """The examples of a project; ``None`` when it has no tool to show anything with."""
    if not shown:
        return None
    plans = {topic: plan_of(tool.module.tool) for topic, tool in shown.items()}
    simple = plans["simple"]
    return Examples(
        simple=simple,
        snippets=first_snippets(simple, snippet_texts(simple, renderer), _arguments(simple)),
        file=_file(plans["file"]) if "file" in plans else None,
        lora=_lora(plans["lora"]) if "lora" in plans else None,
    )


def topics_of(plan: ToolPlan) -> frozenset[str]:
    """The guides that can show this tool as their example."""
    examples = {"file": _file(plan), "lora": _lora(plan)}
    return frozenset(topic for topic, example in examples.items() if example is not None)


def calls(examples: Examples) -> dict[str, Code]:
    """Source of the calls that the guides show, most of them beginning with their imports."""
    simple = examples.simple
    given = _given(simple)
    found = {
        "import": _tool_import(simple),
        "run": _call(simple, "run", given),
        "nested": _call(simple, "run", given, indent=8),
        "start": f"{_client(simple)}\n    result = {_call(simple, 'run', given)}",
        "submit": f"{_client(simple)}\n    task = {_call(simple, 'submit', given)}",
        "nested_submit": _call(simple, "submit", given, indent=8),
        "start_one": _call(simple, "submit", given),
        "deep": _call(simple, "run", given, indent=12),
        "callback": _call(simple, "submit", [*given, f"callback_url={_CALLBACK}"]),
        "mapping": str(source({str(each.name): each.constant for each in _arguments(simple)})),
        "try": f"{_imports(simple)}\n\ntry:\n    with Wiro() as client:\n"
        f"        result = {_call(simple, 'run', given, indent=8)}",
        "batch": _batch(simple),
        "price": _wrapped(f"{simple.module.project}.price", given, indent=0),
    }
    # Nothing is a ceiling for a price that is not known.
    unknown = [] if simple.tariff else ["allow_unknown=True"]
    found["capped"] = _call(simple, "run", [*given, 'max_cost="0.10"', *unknown], indent=8)
    found["within"] = _call(simple, "run", [*given, *unknown])
    if examples.file:
        tool, item = examples.file.tool, examples.file.input
        with_file = [each for each in _given(tool) if not each.startswith(f"{item.name}=")]
        with_file.append(f'{item.name}=Path("photo.jpg")')
        call = _call(tool, "run", with_file)
        found["file"] = f"from pathlib import Path\n\n{_client(tool)}\n    result = {call}"
    if examples.lora:
        tool, option = examples.lora.tool, examples.lora.option
        constant = f"{tool.module.project}.{examples.lora.constants.name}.{option.name}"
        scale = _python_number(option.settings[0].default or "1")
        with_lora = [*_given(tool), f"{examples.lora.input.name}=[{constant}(scale={scale})]"]
        found["lora"] = f"{_client(tool)}\n    result = {_call(tool, 'run', with_lora)}"
        inputs = _wrapped(f"{tool.module.project}.Inputs", with_lora, indent=0)
        found["wire"] = f'{_tool_import(tool)}\n\ninputs = {inputs}\nprint(inputs.wire()["prompt"])'
    found["typescript"] = _typescript(examples)
    found["tool"] = shlex.quote(simple.spec.tool)
    found["shell"] = _shell(examples)
    # Nothing is a ceiling for a price that is not known.
    found["limits"] = 'max_cost="0.10"' + ("" if simple.tariff else ", allow_unknown=True")
    pairs = (f"{source(str(each.name))}: {each.value}" for each in _arguments(simple))
    found["inputs"] = f"{{{', '.join(pairs)}}}"
    found["tool_literal"] = source(simple.spec.tool)
    found["ceiling"] = "--max-cost 0.10" + ("" if simple.tariff else " --allow-unknown")
    return {name: Code(text) for name, text in found.items()}


def _typescript(examples: Examples) -> str:
    """The call of a tool with the types of ``openapi.json``."""
    path = json.dumps(f"/Run/{quote(examples.simple.spec.tool)}")
    body = examples.snippets["json"].strip().replace("\n", "\n  ")
    return f"wiro.POST({path}, {{\n  body: {body},\n}})"


def _batch(plan: ToolPlan) -> str:
    """A batch of two rows."""
    rows = [_arguments(plan), [_other(each) for each in _arguments(plan)]]
    lines = [", ".join(f'"{each.name}": {each.value}' for each in row) for row in rows]
    return (
        f"from wiro_runtime.batch import Batch\n{_tool_import(plan)}\n\n"
        f"rows = [\n{''.join(f'    {{{line}}},{chr(10)}' for line in lines)}]\n"
        f'with Batch({plan.module.project}.TOOL, rows, out="batch") as batch:'
    )


def _other(argument: ArgumentPlan) -> ArgumentPlan:
    if argument.constant != _SHORT:
        return argument
    return replace(argument, constant="a harbour", value=source("a harbour"))


def _shell(examples: Examples) -> str:
    """The tool and its inputs as words of a shell, on one line."""
    words = shlex.split(examples.snippets["shell"].replace("\\\n", " "))
    return shlex.join(words[words.index("run") + 1 : words.index("--out")])


def _given(plan: ToolPlan) -> list[str]:
    return [f"{each.name}={each.value}" for each in _arguments(plan)]


def _arguments(plan: ToolPlan) -> list[ArgumentPlan]:
    """The smallest call, with a prompt of two words where the documented one is long."""
    kinds = {item.name: item.kind for item in plan.inputs}
    return [
        replace(each, constant=_SHORT, value=source(_SHORT))
        if kinds[each.name] is Kind.TEXT and len(str(each.constant)) > _LONG_TEXT
        else each
        for each in plan.smallest
    ]


def _call(plan: ToolPlan, function: str, given: list[str], indent: int = 4) -> str:
    return _wrapped(f"{plan.module.project}.{function}", ["client", *given], indent=indent)


def _wrapped(called: str, arguments: list[str], *, indent: int) -> str:
    """A call on one line, or with an argument a line where that would be long."""
    line = f"{called}({', '.join(arguments)})"
    if len(line) + indent < _WIDTH:
        return line
    margin = " " * indent
    return f"{called}(\n" + "".join(f"{margin}    {each},\n" for each in arguments) + f"{margin})"


def _tool_import(plan: ToolPlan) -> str:
    return f"from {plan.module.package}.{plan.module.owner} import {plan.module.project}"


def _imports(plan: ToolPlan) -> str:
    return f"from wiro_runtime import Wiro\n{_tool_import(plan)}"


def _client(plan: ToolPlan) -> str:
    return f"{_imports(plan)}\n\nwith Wiro() as client:"


def _python_number(text: str) -> str:
    number = float(text)
    return str(int(number)) if number.is_integer() and "." not in text else repr(number)


def _file(plan: ToolPlan) -> FileExample | None:
    for item in plan.parameters:
        if item.kind in {Kind.FILE, Kind.FILE_URL}:
            return FileExample(tool=plan, input=item)
    return None


def _lora(plan: ToolPlan) -> LoraExample | None:
    for item in plan.parameters:
        if item.constants is None or item.kind is not Kind.LORAS:
            continue
        for option in item.constants.values:
            # One slider, whose value is then called ``scale``.
            if len(option.settings) == 1 and option.settings[0].default:
                return LoraExample(tool=plan, input=item, constants=item.constants, option=option)
    return None
