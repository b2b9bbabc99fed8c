"""Whatever a document says, what is made of it parses, imports, and says the same."""

from __future__ import annotations

import ast
import doctest
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any, cast

import black
import jsonschema
import pytest
from hypothesis import example, given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

import wiro_runtime
from emit.strategies import HOSTILE, specs
from generated import imported, plan, prompt, render, select, text, tool
from wirogen.common.text import is_visible, visible
from wirogen.diagnostics.model import RULES
from wirogen.specs import UNSENT, Option, ToolSpec, Unsent, Wire, spec_json_schema, spec_to_json

pytestmark = pytest.mark.slow


def python_files(files: dict[str, str]) -> dict[str, str]:
    return {path: source for path, source in files.items() if path.endswith((".py", ".pyi"))}


# One test, because a tool takes long to make.
@settings(max_examples=15)
@given(specs())
@example(tool(prompt(), text("a"), description="<script>alert(1)</script>"))
def test_whatever_a_tool_is_called_and_says(spec: ToolSpec) -> None:
    parses_and_is_visible(spec)
    has_blacks_form(spec)
    with imported(spec) as module:
        keeps_every_text(spec, module)
        has_every_input_and_its_default(spec, module)
    is_what_its_schemas_say(spec)
    page_holds_no_markup_of_the_document(spec)


def test_doctest_runs_no_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    # It would be billed: `pytest --doctest-modules` tries every docstring that it finds.
    monkeypatch.setenv("WIRO_API_KEY", "k")
    monkeypatch.setattr(wiro_runtime, "Wiro", None)
    for spec in (tool(prompt(default="a")), tool(prompt(), categories=("llm",))):
        with imported(spec) as module:
            assert module.run.__doc__.count(">>> with Wiro() as client:") == 1
            found = doctest.DocTestFinder().find(module.run, "run", module)
            assert [len(each.examples) for each in found] == [3]
            failed = [doctest.DocTestRunner().run(each, out=print).failed for each in found]
            assert failed == [0]


@pytest.mark.parametrize("code", [">>> exit()", ">>>exit()", ">>> >>> >>>exit() and more"])
def test_doctest_runs_no_text_of_a_document(code: str) -> None:
    # Wherever a line is broken, no text comes to stand at the beginning of one.
    for width in range(40, 88, 3):
        said = f"{'x' * width} {code} {'word ' * 12}{code}"
        spec = tool(prompt(help=said), description=said)
        with imported(spec) as module:
            found = doctest.DocTestFinder().find(module, "module", module)
            examples = [each for test in found for each in test.examples]
            assert [each.source.split()[0] for each in examples] == ["from", "from", "with"]
            assert said in " ".join(module.__doc__.split())


def parses_and_is_visible(spec: ToolSpec) -> None:
    for source in python_files(render(spec)).values():
        ast.parse(source)
        assert is_visible(source.replace("\n", ""))


def has_blacks_form(spec: ToolSpec) -> None:
    for source in python_files(render(spec)).values():
        assert black.format_str(source, mode=black.Mode()) == source


def keeps_every_text(spec: ToolSpec, module: Any) -> None:
    for item in plan(spec).inputs:
        if item.constants is None:
            continue
        constants = getattr(module, item.constants.name)
        for value in item.constants.values:
            constant = getattr(constants, value.name)
            if item.constants.lora:
                assert constant.label == value.option.label
                assert constant.triggerwords == (value.option.triggerwords or ())
                assert [each.id for each in constant.settings] == [
                    each.id for each in value.settings
                ]
                constant = constant.value
            assert constant == value.option.value
    sent = module.Inputs(prompt="x").wire()
    expected = {
        item.name: item.wire.sent
        for item in spec.inputs
        if item.name != "prompt" and not isinstance(item.wire.sent, Unsent)
    }
    del sent["prompt"]
    assert json.dumps(sent) == json.dumps(expected)


def has_every_input_and_its_default(spec: ToolSpec, module: Any) -> None:
    inputs = plan(spec).inputs
    for function in (module.run, module.submit):
        parameters = inspect.signature(function).parameters
        for item in inputs:
            parameter = parameters[item.name]
            assert parameter.kind is inspect.Parameter.KEYWORD_ONLY
            assert (parameter.default is inspect.Parameter.empty) == item.required
    assert set(inspect.signature(module.price).parameters) == {item.name for item in inputs}
    assert module.price().basis
    assert spec.tool == module.TOOL
    assert sorted(module.__all__) == module.__all__
    assert all(hasattr(module, name) for name in module.__all__)


def is_what_its_schemas_say(spec: ToolSpec) -> None:
    jsonschema.validate(spec_to_json(spec), cast("dict[str, Any]", spec_json_schema()))
    path = f"schemas/tools/{plan(spec).module.owner}/{plan(spec).module.project}.json"
    schema = json.loads(render(spec)[path])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate({"prompt": "x"}, schema)


def page_holds_no_markup_of_the_document(spec: ToolSpec) -> None:
    planned = plan(spec)
    page = render(spec)[f"docs/tools/{planned.module.owner}/{planned.module.project}.md"]
    assert is_visible(re.sub("\n|(?<=[^\x00-\u02ff])[\u200c\u200d](?=[^\x00-\u02ff])", "", page))
    for token in _tokens(MarkdownIt("commonmark").enable("table").parse(page)):
        if token.type in {"html_inline", "html_block"}:
            bare = re.sub(
                r'<(/?a( id="(input|options)-[a-z0-9_]+")?|/?code|br|/?div|'
                r'div class="wt-[a-z-]+"( data-(makes|input|example)="[a-z0-9_]+")?'
                r'( markdown="1")?|'
                r'div class="wt-builder" data-tool="[a-z0-9_]+\.json"|a href="https?://[^"<>]*")>',
                "",
                token.content,
            )
            assert "<" not in bare, token.content
        if token.type == "link_open":
            href = str(token.attrs["href"])
            own = {f"{planned.module.project}.{suffix}" for suffix in ("json", "yaml")}
            assert href in own or href.startswith(("#", "http://", "https://", "../"))
        assert token.type != "image"


def _tokens(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _tokens(token.children or [])


@pytest.mark.parametrize("hostile", HOSTILE, ids=repr)
def test_docstrings_say_what_the_document_says(hostile: str) -> None:
    spec = tool(prompt(help=hostile, label=""), description=hostile)
    said = " ".join(hostile.split())
    shown = visible(said)
    with imported(spec) as module:
        assert shown in " ".join(module.__doc__.split())
        if plan(spec).inputs[0].help == hostile.strip():
            assert shown in " ".join(module.run.__doc__.split())


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("\U0001f469\u200d\U0001f4bb codes", "\U0001f469\u200d\U0001f4bb codes"),
        ("\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f3f3\ufe0f\u200d\U0001f308"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",) * 2,
        ("pay\u200dload", "pay\\u200dload"),
        ("\u0645\u200c", "\u0645\\u200c"),
        ("\u0645\u202e\u200d\u0645", "\u0645\\u202e\\u200d\u0645"),
        ("\u0645\u200d\u200d\u0645", "\u0645\\u200d\\u200d\u0645"),
    ],
)
def test_pages_keep_joiners_that_words_and_emoji_are_spelt_with(said: str, shown: str) -> None:
    spec = tool(prompt(help=said), description=said, categories=("llm",))
    planned = plan(spec).module
    page = render(spec)[f"docs/tools/{planned.owner}/{planned.project}.md"]
    text = page.replace("\\\\", "\\")
    assert f"\n{shown}\n" in text
    assert text.count(shown) > 1  # the help of the input


def test_every_finding_that_concerns_callers_is_an_item_of_its_own(
    project_specs: dict[str, ToolSpec],
) -> None:
    for spec in project_specs.values():
        module = plan(spec).module
        page = render(spec)[f"docs/tools/{module.owner}/{module.project}.md"]
        section = page.partition("## What the document gets wrong")[2].partition("\n## ")[0]
        items = [line for line in section.splitlines() if line.startswith("- ")]
        assert spec.source is not None
        wrong = [each for each in spec.source.findings if RULES[each.code].concerns_callers]
        assert len(items) == len(wrong) > 1, items


def test_thousands_of_options_and_a_very_long_default() -> None:
    options = [Option(value=str(number), label=f"owner/Model {number}") for number in range(3_000)]
    long = "a 'quoted' \"word\" \\ " * 3_000
    spec = tool(
        prompt(),
        select("selectedModel", *options, open=True),
        text("negativePrompt", default=long, wire=Wire(type="string", sent=long)),
    )
    with imported(spec) as module:
        assert module.SelectedModel.OWNER_MODEL_2999 == "2999"
        assert module.Inputs(prompt="x").wire()["negativePrompt"] == long


def test_a_lora_whose_prompt_is_missing_sends_its_id_only() -> None:
    lora = Option(
        value="7",
        label="A",
        triggerwords=("w",),
        generatesettings=({"id": "A", "type": "float", "minvalue": "0", "maxvalue": "1"},),
    )
    picker = select("selectedLoraModel", lora, open=True, wire=Wire(type="array", sent=[]))
    spec = tool(text("words", required=True, wire=Wire(type="string", sent=UNSENT)), picker)
    assert [each.code for each in plan(spec).diagnostics] == ["N104"]
    with imported(spec) as module:
        sent = module.Inputs(words="x", selected_lora_model=[module.Lora.A(scale=1)]).wire()
    assert sent == {"words": "x", "selectedLoraModel": ["7"]}
