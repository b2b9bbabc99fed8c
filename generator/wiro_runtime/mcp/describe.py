"""A tool as an agent reads it: its inputs as JSON Schema, options by label, price and example."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from unicodedata import category

from wiro_runtime.cli.view import view_tool
from wiro_runtime.inputs.messages import shorten
from wiro_runtime.inputs.options import fold

if TYPE_CHECKING:
    from pathlib import Path

    from wiro_runtime.catalogue import Entry
    from wiro_runtime.cli.view import Choice, Field, ToolView
    from wiro_runtime.inputs.lora import LoraSetting

OPTIONS_SHOWN: Final = 40
TEXT_SHOWN: Final = 1000
_KEPT: Final = ("type", "enum", "items", "anyOf", "minimum", "maximum", "description")
_HIDDEN: Final = frozenset({"Cc", "Cf", "Co", "Cs"})
_FILE: Final = "The address (URL) of a file."


def summary_json(entry: Entry) -> dict[str, Any]:
    """A tool in a list: enough to choose one by."""
    found: dict[str, Any] = {
        "tool": entry.tool,
        "description": shorten(_visible(entry.description), 300),
    }
    if entry.price:
        found["price"] = entry.price
    found |= {"makes": entry.makes, "categories": list(entry.categories)}
    found["required_inputs"] = [each.name for each in entry.inputs if each.required]
    return found


def tool_json(
    entry: Entry, query: str = "", *, files: Path | None = None, page: str = ""
) -> dict[str, Any]:
    """All that is needed to run a tool. Of long lists of options those are shown that have all
    words of ``query``, :data:`OPTIONS_SHOWN` at most. ``files`` is the folder whose files may be
    inputs, ``page`` the address at which descriptions are whole: without one they are so here."""
    view = view_tool(entry)
    schema = view.inputs.model_json_schema(by_alias=False)
    properties = {name: _bounded(each) for name, each in schema.get("properties", {}).items()}
    return {
        "tool": entry.tool,
        "name": _visible(entry.name),
        "description": _description(entry.description, page),
        "categories": list(entry.categories),
        "price": entry.price or "not known",
        "inputs": {
            field.name: _input_json(field, properties.get(field.name, {}), query, files, page)
            for field in view.fields
        },
        "required": [field.name for field in view.fields if field.required],
        "example": _example(view, properties),
    }


def page_markdown(entry: Entry) -> str:
    """The same as a page of Markdown, for people and models that read resources."""
    found = tool_json(entry)
    choices = {field.name: field.choices for field in view_tool(entry).fields}
    example = json.dumps(found["example"], ensure_ascii=False, indent=2)
    lines = [f"# {_line(entry.tool)}", "", _line(found["description"]), ""]
    lines += [f"Price of a run: {found['price']}", "", "## Inputs", ""]
    for name, values in found["inputs"].items():
        marks = [_kind(values)]
        if name in found["required"]:
            marks.append("required")
        if "default" in values:
            marks.append(f"default {json.dumps(values['default'], ensure_ascii=False)}")
        text = _line(values.get("description", ""))
        lines.append(f"- `{name}` ({', '.join(marks)}): {text}".rstrip(": "))
        lines += [
            f"    - {_line(each.label)}: `{_line(each.value)}`"
            for each in choices[name][:OPTIONS_SHOWN]
        ]
        if "more_options" in values:
            lines.append(f"    - {values['more_options']}")
    lines += ["", "## Example", "", "```json", example, "```", ""]
    return "\n".join(lines)


def _input_json(
    field: Field, schema: Mapping[str, Any], query: str, files: Path | None, page: str
) -> dict[str, Any]:
    found = {key: schema[key] for key in _KEPT if key in schema}
    if field.help and field.help != found.get("description"):
        found["description"] = field.help
    if "description" in found:
        found["description"] = _description(str(found["description"]), page)
    if field.shape == "file":
        kinds = _FILE if files is None else f"{_FILE[:-1]}, or its path in {files}."
        said = str(found.get("description", "")).rstrip()
        stop = "" if not said or said.endswith((".", "!", "?", ":")) else "."
        found["description"] = f"{said}{stop} {_visible(kinds)}".strip()
    if field.default not in (None, "", [], ()):
        found["default"] = field.default
    if field.choices:
        shown = _matching(field.choices, query)[:OPTIONS_SHOWN]
        # In the place of the schema's own list, which has all values and labels.
        for name in ("enum", "items", "anyOf"):
            found.pop(name, None)
        found["type"] = "array" if field.many else "string"
        found["options"] = _options_json(field.choices, shown)
        if len(shown) < len(field.choices):
            hidden = len(field.choices) - len(shown)
            found["more_options"] = (
                f"{hidden} more; call describe_tool with a query to see those that match it"
            )
        if not field.closed:
            found["other_values"] = True
    return found


def _description(text: str, page: str) -> str:
    """``text`` with what people do not see; the end of a long one is left to ``page``."""
    text = _visible(text)
    if not page or len(text) <= TEXT_SHOWN:
        return text
    return f"{text[:TEXT_SHOWN]}… ({len(text) - TEXT_SHOWN:,} more characters: {page})"


def _visible(text: str) -> str:
    """``text`` with an escape for each character that people do not see: a model reads them, and
    follows what a stranger has hidden in a description."""
    return "".join(
        repr(char)[1:-1] if char not in "\n\t" and category(char) in _HIDDEN else char
        for char in text
    )


def _matching(choices: tuple[Choice, ...], query: str) -> list[Choice]:
    words = fold(query).split()
    return [each for each in choices if all(word in fold(_searched(each)) for word in words)]


def _searched(choice: Choice) -> str:
    words = choice.lora.triggerwords if choice.lora is not None else ()
    return " ".join((choice.value, choice.label, *words))


def _options_json(choices: tuple[Choice, ...], shown: list[Choice]) -> dict[str, Any]:
    """The options by what chooses each: its label, or its value where the label is also that of
    another one, or the value of another one."""
    labels = Counter(each.label for each in choices)
    values = {each.value for each in choices}
    found: dict[str, Any] = {}
    for each in shown:
        ambiguous = labels[each.label] > 1 or (each.label in values and each.label != each.value)
        found[each.value if ambiguous else each.label] = _option_json(each, labelled=ambiguous)
    return found


def _option_json(choice: Choice, *, labelled: bool) -> Any:
    """The value; for a LoRA also how the prompt calls it, and which words it asks for.
    ``labelled``: with its label."""
    if choice.lora is None and not labelled:
        return choice.value
    found: dict[str, Any] = {"value": choice.value}
    if labelled:
        found["label"] = choice.label
    if choice.lora is None:
        return found
    if choice.lora.settings:
        found["prompt_tags"] = {
            f"<lora:{each.id}:{each.default or 1}>": _scale(each) for each in choice.lora.settings
        }
    if choice.lora.triggerwords:
        found["trigger_words"] = list(choice.lora.triggerwords)
    return found


def _scale(setting: LoraSetting) -> str:
    return f"{setting.minimum or '…'} to {setting.maximum or '…'}"


def _example(view: ToolView, properties: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Inputs that the tool takes: the required ones, with made-up values where that can be."""
    return {
        field.name: _sample(field, properties.get(field.name, {}))
        for field in view.fields
        if field.required
    }


def _sample(field: Field, schema: Mapping[str, Any]) -> Any:
    if field.choices:
        # A blank one is no value of a required input.
        sample: Any = next((each.value for each in field.choices if each.value), "")
    else:
        samples: dict[str, Any] = {
            "integer": _within(1, schema),
            "number": _within(1.0, schema),
            "boolean": True,
            "file": "https://example.com/input.png",
            "object": {},
        }
        sample = samples.get(field.shape, "a lighthouse at dusk")
    return [sample] if field.many else sample


def _bounded(schema: Mapping[str, Any]) -> dict[str, Any]:
    """``schema`` with its bounds by their names in JSON Schema: pydantic names those of a union as
    its own arguments."""
    names = {"ge": "minimum", "le": "maximum"}
    return {names.get(key, key): value for key, value in schema.items()}


def _within(number: float, schema: Mapping[str, Any]) -> float:
    """``number``, or the bound of the schema that is nearest to it."""
    low: float = schema.get("minimum", number)
    high: float = schema.get("maximum", number)
    return min(max(number, low), high)


def _kind(values: Mapping[str, Any]) -> str:
    kinds = [each.get("type") for each in values.get("anyOf", ())]
    return str(values.get("type") or " or ".join(str(each) for each in kinds if each) or "any")


def _line(text: str) -> str:
    return " ".join(text.split())
