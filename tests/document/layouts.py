"""Writes tool documents, from specs, in both layouts. The opposite of the parser, and none of its
code: what it writes is what ``formats.md`` of the project's notes describes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from wirogen.specs import Input, Json, Option, ToolSpec

CALLBACK_SAMPLE = "You can provide a callback URL; Wiro will send a POST request to it."
_API = "https://api.wiro.ai/v1"
_HEADERS = (
    '-H "Content-Type: multipart/form-data" -H "x-api-key: ${YOUR_API_KEY}" '
    '-H "x-nonce: ${NONCE}" -H "x-signature: ${SIGNATURE}"'
)
_INTEGRATION = """## Integration Header Prepare
```bash
# Sign up Wiro dashboard and create project
export YOUR_API_KEY="{{useSelectedProjectAPIKey}}";
export YOUR_API_SECRET="XXXXXXXXX";
# unix time or any random integer value
export NONCE=$(date +%s);
# hmac-SHA256 (YOUR_API_SECRET+Nonce) with YOUR_API_KEY
export SIGNATURE="$(echo -n "$SECRET$NONCE" | openssl dgst -sha256 -hmac "$KEY")";
```"""
_STATUSES = """## Task Status Information
This section defines the possible task status values.
### Completed Task Statuses (Polling can stop)
- task_postprocess_end : Task completed successfully.
- task_cancel : Task was cancelled.
### Running Task Statuses (Continue polling)
- task_queue : Task is waiting in the queue.
- task_output : Output is being generated."""


@dataclass(frozen=True)
class Page:
    """A document to write. ``body`` is the Run Command's (``None``: no tail at all); ``quoted``
    names the inputs whose default stands in quotes; ``after_inputs`` and ``after_tail`` are
    sections to add as they are."""

    spec: ToolSpec
    body: Mapping[str, Json] | str | None
    word: Literal["Tool", "Model"] = "Tool"
    tail: Literal["old", "new"] = "new"
    quoted: frozenset[str] = frozenset()
    after_head: str = ""
    after_inputs: str = ""
    after_tail: str = ""
    callback: bool = True
    stems: frozenset[str] = field(default_factory=frozenset[str])


def flat(page: Page) -> str:
    """The document on one line, as a browser folds it."""
    return re.sub(r"[ \t\r\n]+", " ", lines(page)).strip(" ")


def lines(page: Page, newline: str = "\n", indent: str = "  ") -> str:
    """The document with one field a line; ``indent`` stands before further lines of a text."""
    spec = page.spec
    blocks = [_head(page)]
    if page.after_head:
        blocks.append(page.after_head)
    blocks.append(
        "\n".join(
            [f"## {page.word} Inputs:", *(_input(item, page, indent) for item in spec.inputs)]
        )
    )
    if spec.examples:
        items = [_example(name, text, page) for one in spec.examples for name, text in one.items()]
        blocks.append("\n".join([f"## {page.word} Parameter Inspires:", *items]))
    if page.after_inputs:
        blocks.append(page.after_inputs)
    if page.body is not None:
        blocks += _tail(page, page.body)
    return "\n\n".join(blocks).replace("\n", newline) + newline


def _head(page: Page) -> str:
    spec, word = page.spec, page.word
    found = [
        "## Basic tool info",
        f"{word} name: {spec.name}",
        f"{word} description: {spec.description}".rstrip(" "),
        f"{word} cover: {spec.cover or 'No cover'}",
        f"{word} categories:",
        *(f"- {item}" for item in spec.categories),
    ]
    if spec.tags:
        found += [f"{word} tags:", *(f"- {item}" for item in spec.tags)]
    found += [
        f"Run Task Endpoint (POST): {spec.endpoints['run']}",
        f"Get Task Detail Endpoint (POST): {spec.endpoints['detail']}",
    ]
    return "\n".join([*found, *(f"{key}: {text}" for key, text in spec.extra.items())])


def _field(indent: int, key: str, text: str, further: str = "") -> str:
    first, *others = text.split("\n")
    pad = " " * indent
    rest = [further + line if line else line for line in others]
    return "\n".join(
        [f"{pad}{key}: {first}".rstrip(" ") if not first else f"{pad}{key}: {first}", *rest]
    )


def _input(item: Input, page: Page, indent: str) -> str:
    default = item.default if item.default is not None else ""
    if item.default is not None and (item.name in page.quoted or item.default == ""):
        default = f'"{item.default}"'
    found = [
        f"- name: {item.name}",
        _field(2, "label", item.label),
        _field(2, "help", item.help),
        f"  type: {item.type}",
        *(_field(2, key, text) for key, text in item.extra.items()),
        _field(2, "default", default, indent),
    ]
    if item.options is not None:
        found += ["  options:", *map(_option, item.options)]
    return "\n".join(found)


def _option(option: Option) -> str:
    found = [f'    - value: "{option.value}"', _field(6, "label", option.label)]
    if option.description is not None:
        found.append(_field(6, "description", option.description))
    for key, value in (
        ("triggerwords", option.triggerwords),
        ("generatesettings", option.generatesettings),
    ):
        if value is not None:
            found.append(f"      {key}: {compact(list(value))}")
    return "\n".join([*found, *(_field(6, key, text) for key, text in option.extra.items())])


def _example(name: str, text: str, page: Page) -> str:
    key = name.removesuffix("Url") if name in page.stems else name
    return _field(0, f"- {key}", text, "  ")


def compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def body_text(body: Mapping[str, Json]) -> str:
    """A body as documents print it."""
    return json.dumps(body, ensure_ascii=False, indent=2)


def _curl(title: str, url: str, body: str) -> str:
    return f"## {title}\n```bash\ncurl -X POST \"{url}\" {_HEADERS} -d '{body}';\n```"


def _answer(title: str, body: str) -> str:
    return f"## {title}\n```json\n{body}\n```"


def _tail(page: Page, body: Mapping[str, Json] | str) -> Sequence[str]:
    if not isinstance(body, str):
        callback = {"callbackUrl": CALLBACK_SAMPLE} if page.callback else {}
        body = body_text({**body, **callback})
    found = [
        _INTEGRATION,
        _curl("Run Command - Make HTTP Post Request", page.spec.endpoints["run"], body),
        _answer("Run Command - Response", '{ "errors": [], "taskid": "1", "result": true }'),
    ]
    detail = "Get Task Detail - Make HTTP Post Request"
    if page.tail == "old":
        found.append(_curl(detail, f"{_API}/Task/Detail", "{\n  \"tasktoken\": 'eDc',\n}"))
        found.append(_answer("Get Task Detail - Response", '{ "tasklist": [] }'))
    else:
        token = '{ "tasktoken": "eDc" }'
        found += [
            _curl(f"{detail} with Task ID", f"{_API}/Task/Detail", '{ "taskid": "1" }'),
            _curl(f"{detail} with Socket Access Token", f"{_API}/Task/Detail", token),
            _answer("Get Task Detail - Response", '{ "tasklist": [] }'),
            _curl(
                "Kill Task - Make HTTP Post Request with Task ID",
                f"{_API}/Task/Kill",
                '{ "taskid": "1" }',
            ),
            _answer("Kill Task - Response", '{ "categories": "["tool","x"]" }'),
            _curl(
                "Cancel Task - Make HTTP Post Request (For tasks on queue)",
                f"{_API}/Task/Cancel",
                '{ "taskid": "1" }',
            ),
            _answer("Cancel Task - Response", '{ "errors": [] }'),
        ]
    return [*found, _STATUSES, *([page.after_tail] if page.after_tail else [])]
