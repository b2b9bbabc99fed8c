"""Turns the flat form of the real documents into one field a line, without the parser's help.

It knows these documents, not tool documents in general: short patterns are enough.
"""

from __future__ import annotations

import json
import re


def unflatten(flat: str) -> str:
    head, rest = re.split(r" (?=## Tool Inputs:)", flat, maxsplit=1)
    inputs, tail = re.split(r" (?=## Integration Header Prepare)", rest, maxsplit=1)
    return "\n\n".join([_head(head), _inputs(inputs), *_tail(tail)]) + "\n"


def _head(text: str) -> str:
    text = re.sub(r" (?=Tool [a-z]+: |Run Task|Get Task)", "\n", text)
    lines = text.split("\n")
    return "\n".join(
        line.replace(" - ", "\n- ") if line.startswith("Tool categories:") else line
        for line in lines
    )


def _inputs(text: str) -> str:
    title, *inputs = re.split(r" - name: (?=\w+ label: )", text)
    return "\n".join([title, *map(_input, inputs)])


def _input(text: str) -> str:
    keys, *options = re.split(r" - value: (?=\"[^\"]*\" label: )", text)
    keys = re.sub(r" (?=label: |help: |type: \w+ |default:|options:)", "\n  ", keys)
    return "\n".join([f"- name: {keys}", *map(_option, options)])


def _option(text: str) -> str:
    keys = r" (?=label: |description: |triggerwords: \[|generatesettings: \[)"
    return "    - value: " + re.sub(keys, "\n      ", text)


def _tail(text: str) -> list[str]:
    return [_section(section) for section in re.split(r" (?=## )", text)]


def _section(text: str) -> str:
    match = re.fullmatch(r"(## [^`]*) ```(\w+) (.*) ```", text, re.DOTALL)
    if not match:
        return re.sub(r" (?=### |- task_)", "\n", text)
    title, language, code = match.groups()
    body = re.fullmatch(r"(?P<before>.* -d ')(?P<json>\{.*\})(?P<after>';)", code)
    if body:
        code = body["before"].replace(" -H ", "\n  -H ") + _pretty(body["json"]) + body["after"]
    elif language == "json":
        code = _pretty(code)
    else:
        code = re.sub(r" (?=export |# )", "\n", code)
    return f"{title}\n```{language}\n{code}\n```"


def _pretty(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return re.sub(r", (?=\")", ",\n  ", text)
