"""Documents as a person pasted them: prose before them, deeper lists, addresses on lines below."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, get_args

import pytest

from document.build import codes, page, parse, text_input
from document.layouts import Page, flat, lines
from generated import imported
from wiro_runtime import InvalidInputs
from wirogen.diagnostics.model import InputError
from wirogen.document import ParsedDocument, verify
from wirogen.specs import Input, Option, dump_spec, load_spec

PROSE = (
    "You are an assistant that writes code against the Wiro API.\n"
    "Use the `tool` below; {{ never }} guess \u201cinputs\u201d.\n"
    "Here is its documentation:\n\n"
)
PASTED = """## Basic tool info

Model name: wiro/Poster Maker
Model description: Caf\u00c3\u00a9 \u00e2\u20ac\u201c posters.
Model cover: https://cdn.wiro.ai/a.webp
Model categories:
  - image
  - text-to-image
Model tags:
  - poster

Run Task Endpoint (POST):
https://api.wiro.ai/v1/Run/wiro/poster-maker
Get Task Detail Endpoint (POST):
https://api.wiro.ai/v1/Task/Detail

## Model Inputs: \n
  - name: prompt
    label: Prompt
    help: \n    type: textarea
    default: a boat

  - name: style
    label: Style
    help: style-help
    type: selectwithcover
    default: classic

  - name: inputImage
    label: Image
    help: Your picture
    type: combinefileinput
    default: sample.png

  - name: mood
    label: Mood
    help: \n    type: select
    default: \n    options:
      - value: ""
        label: Auto

      - value: "it's calm"
        label: It's calm

  - name: size
    label: Size
    help: \n    type: select
    default: 1k
    options:
      - value: "1k"
        label: 1K

## Integration Header Prepare

```bash
export YOUR_API_KEY="{{useSelectedProjectAPIKey}}";
```

## Run Command - Make HTTP Post Request

```bash
curl -X POST "https://api.wiro.ai/v1/Run/wiro/poster-maker" \\
-d '{
  "prompt": "a boat",
  "style": "classic",
  "inputImage": "sample.png",
  "mood": "",
  "size": "1k",
  "callbackUrl": "You can provide a callback URL"
}';
```

## Run Command - Response

```json
{"errors": [], "taskid": "2221", "socketaccesstoken": "eDc", "result": true}
```

## Kill Task - Make HTTP Post Request with Task ID

```bash
curl -X POST "https://api.wiro.ai/v1/Task/Kill" -d '{ "taskid": "2221" }';
```

## Kill Task - Make HTTP Post Request with Socket Access Token

```bash
curl -X POST "https://api.wiro.ai/v1/Task/Kill" -d '{ "socketaccesstoken": "eDc" }';
```

## Cancel Task - Make HTTP Post Request (For tasks on queue)

```bash
curl -X POST "https://api.wiro.ai/v1/Task/Cancel" -d '{ "taskid": "2221" }';
```

## Task Status Information

Here are the statuses.

### Completed Task Statuses (Polling can stop)
  - task_postprocess_end : Task completed successfully.
  - task_cancel : Task was cancelled.

### Running Task Statuses (Continue polling)
  - task_queue : Task is waiting in the queue.
  - task_warming : The machine is warming up.
  - task_output : Output is being generated.
"""


def folded(text: str) -> str:
    return re.sub(r"[ \t\r\n]+", " ", text).strip(" ")


def windows(text: str) -> str:
    return text.replace("\n", "\r\n")


def sound(parsed: ParsedDocument) -> ParsedDocument:
    assert verify(parsed) is None
    assert verify(parsed, load_spec(dump_spec(parsed.spec), path="x.yaml")) is None
    return parsed


@pytest.mark.parametrize("before", ["", PROSE], ids=["bare", "prose"])
@pytest.mark.parametrize("form", [str, folded, windows])
def test_a_pasted_document_is_read_whole(before: str, form: Callable[[Any], str]) -> None:
    text = form(before + PASTED)
    spec = sound(parse(text)).spec
    assert spec.tool == "wiro/poster-maker"
    assert spec.endpoints == {
        "run": "https://api.wiro.ai/v1/Run/wiro/poster-maker",
        "detail": "https://api.wiro.ai/v1/Task/Detail",
    }
    assert (spec.categories, spec.tags) == (("image", "text-to-image"), ("poster",))
    assert spec.description == "Caf\u00c3\u00a9 \u00e2\u20ac\u201c posters."
    named = {item.name: item for item in spec.inputs}
    assert list(named) == ["prompt", "style", "inputImage", "mood", "size"]
    assert named["style"].options is None
    assert (named["style"].open, named["style"].wire.sent) == (True, "classic")
    assert named["inputImage"].wire.type == "string"
    assert named["inputImage"].example == "sample.png"
    assert [each.value for each in named["mood"].options or ()] == ["", "it's calm"]
    assert [each.value for each in named["size"].options or ()] == ["1k"]
    assert (named["prompt"].help, named["inputImage"].help) == ("", "Your picture")
    kept = [section for section in spec.sections if section.title == "Preamble"]
    if before:
        assert [folded(each.text) for each in kept] == [folded(before)]
    else:
        assert kept == []


@pytest.mark.parametrize("form", [flat, lines])
def test_prose_before_the_first_heading_is_kept_and_said(form: Callable[[Any], str]) -> None:
    document = form(page(text_input()))
    for prose in ("Tool documentation: ", "# Wiro\n\nRead ## Basic tool info\nbelow:\n"):
        before = prose if form is lines else folded(prose) + " "
        before = before if form is flat else prose.rstrip() + "\n\n"
        parsed = sound(parse(before + document))
        assert parsed.spec.sections[0].title == "Preamble"
        assert codes(parsed)[0] == "D113"
        plain = parse(document).spec
        assert (parsed.spec.tool, parsed.spec.inputs) == (plain.tool, plain.inputs)


@pytest.mark.parametrize(
    "before", ["<html><body>\n", "x" * 9000 + "\n", "x", "Tool name: ## Basic tool info\n## "]
)
def test_what_is_no_prose_before_a_document_is_refused(before: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(before + lines(page(text_input())))
    assert caught.value.diagnostic.code == "D001"


@pytest.mark.parametrize("kind", ["select", "multiselect", "selectwithcover"])
@pytest.mark.parametrize("sent", ["", "zz"])
def test_a_choice_keeps_its_options_whatever_their_texts_say(kind: str, sent: str) -> None:
    told = "Takes a type: text default: b as it is"
    options = (
        Option(value="a", label="A", description="x", triggerwords=(), generatesettings=()),
        Option(value="b", label="B", description=told, triggerwords=(), generatesettings=()),
        Option(value="c", label="C", description="y", triggerwords=(), generatesettings=()),
    )
    chosen: Input = text_input("selectedModel", "a", type=kind, options=options)
    made = page(chosen, text_input("seed", "1"), body={"selectedModel": sent, "seed": "1"})
    for form in (flat, lines):
        parsed = sound(parse(form(made)))
        first, second = parsed.spec.inputs
        assert (first.name, first.type, first.default) == ("selectedModel", kind, "a")
        assert [option.value for option in first.options or ()] == ["a", "b", "c"]
        assert (second.name, second.default) == ("seed", "1")


def test_a_help_that_quotes_a_type_still_leaves_the_last_one() -> None:
    item = text_input("scale", "4.5", type="float", help="Was type: number default: 3 before.")
    parsed = sound(parse(flat(page(item, body={"scale": "9"}))))
    assert (parsed.spec.inputs[0].type, parsed.spec.inputs[0].default) == ("float", "4.5")


def deeper(made: Page) -> str:
    """Every list two columns further right, with a blank line before each of its items."""
    head, inputs, tail = re.split(
        r"(?=## Tool Inputs:)|(?=## Integration)", lines(made), maxsplit=2
    )
    rows = [f"  {row}" if row.startswith((" ", "- ")) else row for row in inputs.splitlines()]
    return head + re.sub(r"\n( +- )", r"\n\n\1", "\n".join(rows)) + "\n\n" + tail


@pytest.mark.parametrize("write", [flat, lines, deeper])
def test_a_long_list_of_odd_values_is_read_whole_and_can_be_called(
    write: Callable[[Page], str],
) -> None:
    values = [f"Driver's seat {number}, \u00ab{number * 3} mm\u00bb" for number in range(60)]
    options = tuple(Option(value=value, label=f"Seat: {value} (new)") for value in values)
    effect = text_input("effect", values[7], type="select", options=options)
    only = text_input("only", None, type="select", options=(Option(value="", label="Auto"),))
    made = page(text_input("prompt", "a boat"), effect, only, text_input("last", "1"))
    parsed = parse(write(made))
    assert verify(parsed) is None
    assert [code for code in codes(parsed) if code.startswith("D2")] == []
    read = {item.name: item for item in parsed.spec.inputs}
    assert list(read) == ["prompt", "effect", "only", "last"]
    assert read["effect"].options == options
    assert (read["only"].default, read["only"].options) == (None, only.options)
    assert load_spec(dump_spec(parsed.spec), path="x.yaml") == parsed.spec
    with imported(parsed.spec) as module:
        assert module.Inputs(prompt="p").wire()["effect"] == values[7]
        assert module.Inputs(prompt="p", effect=values[59]).wire()["effect"] == values[59]
        assert set(values) <= set(get_args(module.EffectValue))
        with pytest.raises(InvalidInputs):
            module.Inputs(prompt="p", effect="Driver")
