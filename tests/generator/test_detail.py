"""Tool/Detail: read, filled into what the document says, or a tool on its own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from corpus import Page
from document.build import page as made
from document.build import text_input
from document.layouts import lines
from generated import plan, text, tool
from generator.project import PAGE, Project, detail, input_of
from wirogen.detail.read import Detail, read_detail
from wirogen.diagnostics.model import InputError
from wirogen.document import parse_document
from wirogen.merge.detail import merge_detail, spec_from_detail
from wirogen.merge.snapshots import accumulate
from wirogen.pipeline.build import build_project
from wirogen.specs import UNSENT, TaskStat, ToolSpec, dump_spec, load_spec

PRICE: list[dict[str, Any]] = [{"inputs": {}, "price": 0.003, "priceMethod": "cpr"}]


def read(*items: dict[str, Any], **more: Any) -> Detail:
    return read_detail(json.dumps(detail("wiro/painter", *items, **more)).encode(), path="d.json")


def document() -> ToolSpec:
    return parse_document(PAGE.text(), path="x", document="x.txt").spec


def merged(*items: dict[str, Any], **more: Any) -> ToolSpec:
    return merge_detail(document(), read(*items, **more), document="d.json")[0]


def codes(*items: dict[str, Any], **more: Any) -> list[str]:
    found = merge_detail(document(), read(*items, **more), document="d.json")[1]
    return [each.code for each in found]


def test_limits_of_numbers_are_filled_in() -> None:
    steps = input_of(merged({"id": "steps", "min": 1, "max": "50", "step": "1"}), "steps")
    assert (steps.minimum, steps.maximum, steps.step) == ("1", "50", "1")
    assert input_of(merged({"id": "steps", "min": "", "max": None}), "steps").minimum is None
    prompt = input_of(merged({"id": "prompt", "min": 1, "max": 50}), "prompt")
    assert prompt.minimum is None


@pytest.mark.parametrize(
    "named", [["inputImage"], ["inputImageUrl"], ["inputImage", "inputImageUrl"]]
)
def test_a_file_or_its_address_will_do_whichever_is_required(named: list[str]) -> None:
    kinds = {"inputImage": "fileinput", "inputImageUrl": "text"}
    items = [{"id": name, "type": kind, "required": name in named} for name, kind in kinds.items()]
    alone = spec_from_detail(read(*items), document="d.json")
    inputs = [text_input(name, None, type=kind) for name, kind in kinds.items()]
    page = parse_document(lines(made(*inputs)), path="x", document="x.txt").spec
    both = merge_detail(page, read(*items), document="d.json")[0]
    for spec in (alone, both):
        assert [item.required for item in spec.inputs] == [False, False]


@pytest.mark.parametrize(
    "item", [{"min": "many"}, {"min": 5, "max": 1}, {"step": 0}, {"max": "1e999x"}]
)
def test_limits_that_make_no_sense_are_left_out_and_reported(item: dict[str, Any]) -> None:
    item = {"id": "steps", **item}
    steps = input_of(merged(item), "steps")
    assert (steps.minimum, steps.maximum, steps.step) == (None, None, None)
    assert codes(item) == ["T102"]


def test_required_counts_where_the_document_sends_nothing() -> None:
    blank = input_of(document(), "selectedLoraModelPrivateUrl")
    assert blank.wire.sent == ""
    required = input_of(merged({"id": "selectedLoraModelPrivateUrl", "required": True}), blank.name)
    assert required.required
    assert required.wire.sent is UNSENT
    for name in ("steps", "selectedLoraModel"):
        assert not input_of(merged({"id": name, "required": True}), name).required
    assert input_of(merged({"id": "prompt", "required": False}), "prompt").required


def test_a_sample_alone_does_not_make_an_input_required_when_wiro_says_otherwise() -> None:
    page = document()
    sampled = next((item for item in page.inputs if item.name == "inputImageUrl"), None)
    if sampled is None:
        pytest.skip("the page has no sample address")
    assert sampled.required
    item = input_of(merged({"id": "inputImageUrl", "required": False}), "inputImageUrl")
    assert not item.required
    assert item.wire.sent is UNSENT


def test_options_are_added_behind_those_of_the_document() -> None:
    options = [{"value": "77777", "text": "New/Model"}, {"value": 88888, "text": "Other"}]
    before = input_of(document(), "selectedLoraModel").options or ()
    after = input_of(
        merged({"id": "selectedLoraModel", "options": options}), "selectedLoraModel"
    ).options
    assert after
    assert after[: len(before)] == before
    assert [(each.value, each.label) for each in after[len(before) :]] == [
        ("77777", "New/Model"),
        ("88888", "Other"),
    ]
    closed = {"id": "scheduler", "options": [{"value": "Karras", "text": "Karras"}]}
    assert codes(closed) == ["T104"]


def test_inputs_of_tool_detail_alone_are_added_and_reported() -> None:
    item = {"id": "tiling", "type": "checkbox", "label": "Tiling", "value": "true"}
    assert input_of(merged(item), "tiling").label == "Tiling"
    assert codes(item) == ["T101"]


def test_the_price_is_kept_as_json_or_as_the_text_that_it_is() -> None:
    assert merged().dynamicprice == PRICE
    assert merged(dynamicprice="3 cents").dynamicprice == "3 cents"
    assert codes(dynamicprice="3 cents") == ["T103"]


def test_a_merged_spec_survives_its_file() -> None:
    spec = merged({"id": "steps", "min": 1}, {"id": "tiling", "type": "checkbox"})
    assert spec.source
    assert spec.source.detail == "d.json"
    assert load_spec(dump_spec(spec), path="x.yaml") == spec


def test_a_tool_without_a_document_is_made_from_tool_detail() -> None:
    answer = read(
        {"id": "prompt", "type": "textarea", "required": True, "value": "a cat"},
        {"id": "steps", "type": "number", "value": "30", "min": 1, "max": 60, "step": 1},
        {"id": "size", "type": "select", "options": [{"value": "1:1", "text": "square"}]},
    )
    spec = spec_from_detail(answer, document="wiro/painter.json")
    assert spec.tool == "wiro/painter"
    assert spec.endpoints["run"].endswith("/Run/wiro/painter")
    assert input_of(spec, "prompt").required
    assert input_of(spec, "steps").wire.sent == 30
    assert input_of(spec, "size").open is False
    assert load_spec(dump_spec(spec), path="x.yaml") == spec


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"result": false, "errors": [{"code": 1, "message": "x"}]}',
        b'{"tool": []}',
        b'{"tool": [{"slugowner": "a", "slugproject": "b", "parameters": {}}]}',
        b'{"tool": [7]}',
        b'{"x": "\\ud800"}',
        b'{"tool": [{"slugowner": "..", "slugproject": "b", "parameters": []}]}',
        b'{"tool": [{"slugowner": "a", "slugproject": "b", "parameters": [{"items": [{}]}]}]}',
        b"[" * 5000,
        b"[" * 5000 + b"]" * 5000,
        b"[" * 70 + b"]" * 70,
        b'{"x": NaN}',
        "{\u00e9".encode("latin-1"),
    ],
)
def test_what_is_no_answer_of_tool_detail_is_one_line(data: bytes) -> None:
    with pytest.raises(InputError) as caught:
        read_detail(data, path="d.json")
    assert caught.value.diagnostic.code == "T001"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("parameters", [{"parameters": None}, {}, {"parameters": []}])
def test_an_answer_without_parameters_brings_its_price(parameters: dict[str, Any]) -> None:
    answer = detail("wiro/test-tool")
    del answer["tool"][0]["parameters"]
    answer["tool"][0] |= parameters
    read = read_detail(json.dumps(answer).encode(), path="d.json")
    assert read.items == ()
    assert read.spec.dynamicprice == PRICE
    assert read.diagnostics == ()


@pytest.mark.parametrize("price", ['"1e400"', "1e400", '"[{\\"price\\": 1e400}]"', "9" * 2000])
def test_a_price_that_no_number_holds_is_kept_as_text(price: str) -> None:
    answer = json.dumps(detail("wiro/test-tool", dynamicprice="@")).replace('"@"', price)
    read = read_detail(answer.encode(), path="d.json")
    assert isinstance(read.spec.dynamicprice, str)
    assert [each.code for each in read.diagnostics] == ["T103"]


@pytest.mark.parametrize("limit", ["1e400", "-1e400", "1e-400", "9" * 2000, '"auto"', '"1_0"'])
@pytest.mark.parametrize("key", ["min", "max", "step"])
def test_a_limit_that_no_number_holds_is_left_out(key: str, limit: str) -> None:
    answer = json.dumps(detail("wiro/test-tool", {"id": "x", "type": "number", key: "@"}))
    read = read_detail(answer.replace('"@"', limit).encode(), path="d.json")
    assert (read.items[0].minimum, read.items[0].maximum, read.items[0].step) == (None,) * 3
    assert [each.code for each in read.diagnostics] == ["T102"]


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ([{"id": 3, "name": "a"}], None),
        (["a", "b"], None),
        ([{"value": {"id": 1}}], None),
        ([{"value": None, "text": "a"}], None),
        ([{"title": "Group", "items": [{"value": "a"}]}], None),
        ({"a": "b"}, None),
        ([{"value": "a", "text": "A"}, {"id": 3}], ("a",)),
    ],
)
def test_options_of_another_shape_are_a_finding(options: Any, values: Any) -> None:
    answer = detail("wiro/test-tool", {"id": "x", "type": "multiselect", "options": options})
    read = read_detail(json.dumps(answer).encode(), path="d.json")
    (item,) = read.items
    assert values == (item.options and tuple(each.value for each in item.options))
    assert [each.code for each in read.diagnostics] == ["T106"]
    (made,) = spec_from_detail(read, document="d.json").inputs
    assert made.open is True
    assert all(option.value for option in made.options or ())


@pytest.mark.parametrize("options", [None, [], [{"value": "", "text": "Auto"}, {"value": 5}]])
def test_options_that_can_be_read_are_no_finding(options: Any) -> None:
    answer = detail("wiro/test-tool", {"id": "x", "type": "select", "options": options})
    assert read_detail(json.dumps(answer).encode(), path="d.json").diagnostics == ()


def test_a_tool_of_which_no_input_is_known_is_reported(tmp_path: Path) -> None:
    project = Project(tmp_path)
    answer = detail("wiro/test-tool")
    answer["tool"][0]["parameters"] = None
    project.write("documents/wiro/test-tool.json", answer)
    built = build_project(tmp_path)
    assert "T107" in [each.code for each in built.diagnostics]


def test_example_inputs_and_texts_of_an_answer_are_kept() -> None:
    given = [{"prompt": "a boat", "steps": 3, "x": None}, "odd", {}]
    items = (
        {"id": "a", "type": "text", "placeholder": "Type here", "default": "b"},
        {"id": "b", "type": "text", "description": "What it is", "placeholder": "p", "value": "c"},
        {"id": "c", "type": "text", "note": "A note", "description": "d"},
    )
    answer = detail("wiro/test-tool", *items, inspire=given)
    read = read_detail(json.dumps(answer).encode(), path="d.json")
    assert read.spec.examples == ({"prompt": "a boat", "steps": "3"},)
    assert [item.help for item in read.items] == ["Type here", "What it is", "A note"]
    assert [item.default for item in read.items] == ["b", "c", None]
    spec = spec_from_detail(read, document="d.json")
    assert spec.examples == read.spec.examples
    assert load_spec(dump_spec(spec), path="x") == spec


@pytest.mark.parametrize(
    ("help_text", "shown"),
    [("How it looks.", "How it looks."), ("style-help", "A note."), ("", "A note.")],
)
def test_every_text_about_an_input_is_kept_beside_that_of_the_document(
    help_text: str, shown: str
) -> None:
    said = {"note": "A note.", "description": "What it is.", "placeholder": "such as oil"}
    document = replace(tool(text("style", help=help_text)), tool="wiro/painter")
    answer = read({"id": "style", "type": "text", **said}, {"id": "more", **said})
    spec, _ = merge_detail(document, answer, document="d.json")
    kept, added = (input_of(spec, name) for name in ("style", "more"))
    assert kept.help == (help_text or "A note.")
    assert dict(kept.extra) == {key: text for key, text in said.items() if text != kept.help}
    assert added.help == "A note."
    assert sorted(added.extra) == ["description", "placeholder"]
    assert [each.help for each in plan(spec).inputs] == [shown, "A note."]


def test_a_placeholder_is_shown_where_nothing_else_says_what_an_input_is() -> None:
    document = tool(text("style", help="style-help"), text("seed", help="seed-help"))
    items = ({"id": name, "placeholder": "such as oil"} for name in ("style", "seed"))
    spec, _ = merge_detail(document, read(*items), document="d.json")
    style, seed = plan(spec).inputs
    assert style.help == "such as oil"
    assert seed.help.startswith("Start value of the random numbers")


FACTS: dict[str, Any] = {
    "samples": ["https://cdn.wiro.ai/a.png", "https://cdn.wiro.ai/b.mp4?x=1"],
    "readme": "<p>Paints <b>boats</b>.</p>",
    "computingtime": "10 seconds",
    "cps": "0.0001",
    "approximatelycost": 0.0025,
    "taskstat": {
        "runcount": 672,
        "successcount": "254",
        "errorcount": "198",
        "lastruntime": "1774007585",
    },
}


def test_samples_readme_times_costs_and_counts_are_kept() -> None:
    counts = TaskStat(runcount=672, successcount=254, errorcount=198, lastruntime=1_774_007_585)
    alone = spec_from_detail(read(**FACTS), document="d.json")
    for spec in (merged(**FACTS), alone):
        assert spec.samples == tuple(FACTS["samples"])
        assert spec.readme == FACTS["readme"]
        assert (spec.computingtime, spec.cps, spec.approximatelycost) == (
            "10 seconds",
            "0.0001",
            "0.0025",
        )
        assert spec.taskstat == counts
        assert load_spec(dump_spec(spec), path="x") == spec
    assert codes(**FACTS) == []


@pytest.mark.parametrize("nothing", [None, "", "  ", "absent"])
def test_an_answer_without_them_adds_no_key(nothing: Any) -> None:
    facts = {} if nothing == "absent" else dict.fromkeys(FACTS, nothing)
    if isinstance(nothing, str):
        facts |= {"samples": [], "taskstat": {}}
    assert codes(**facts) == []
    assert not any(f"\n{key}:" in dump_spec(merged(**facts)) for key in FACTS)


_NO_NUMBER: list[Any] = [
    "NaN", "Infinity", "-1", -1, -0.5, "1e400", "9" * 2000, "1e9", "many", True, [], {}, "1_0", "½",
    "0x10", "-0",
]  # fmt: skip


@pytest.mark.parametrize("odd", _NO_NUMBER, ids=lambda each: repr(each)[:20])
@pytest.mark.parametrize(
    "key", ["cps", "approximatelycost", "computingtime", "runcount", "successcount", "lastruntime"]
)
def test_a_number_that_makes_no_sense_is_a_finding_and_left_out(key: str, odd: Any) -> None:
    counted = key.endswith(("count", "time")) and key != "computingtime"
    answer = read(**({"taskstat": {key: odd}} if counted else {key: odd}))
    assert [each.code for each in answer.diagnostics] == ["T108"]
    assert "\n" not in str(answer.diagnostics[0])
    assert len(str(answer.diagnostics[0])) < 300
    plain = spec_from_detail(answer, document="d.json")
    assert (plain.cps, plain.approximatelycost, plain.computingtime) == (None,) * 3
    assert plain.taskstat is None


@pytest.mark.parametrize(
    "odd",
    [
        "http://cdn.wiro.ai/a.png", "javascript:alert(1)", "data:text/html,x", "//cdn.wiro.ai/a",
        "https://", "https://u:p@cdn.wiro.ai/a", "https://[x/", "https://h:99999999/", "a.png",
        "https://h/a b", "https://h/\u202egnp.exe", 'https://h/"onload=x', "https://h\\@e.example/",
        f"https://h/{'a' * 3000}", 7, None, True, ["https://h/a"], {"url": "https://h/a"},
    ],
    ids=lambda each: repr(each)[:24],
)  # fmt: skip
def test_a_sample_without_a_good_address_is_left_out(odd: Any) -> None:
    answer = read(samples=["https://h/a.png", odd, "https://h/a.png"])
    assert answer.spec.samples == ("https://h/a.png",)
    assert [each.code for each in answer.diagnostics] == ([] if odd is None else ["T108"])


@pytest.mark.parametrize("odd", ["https://h/a.png", {"a": "https://h/a.png"}, 7, True])
def test_samples_of_another_shape_are_a_finding(odd: Any) -> None:
    answer = read(samples=odd, taskstat=["odd"])
    assert answer.spec.samples == ()
    assert [each.code for each in answer.diagnostics] == ["T108", "T108"]


@pytest.mark.parametrize("odd", ["x" * 100_001, ["<p>"], {"a": 1}, False])
def test_a_readme_that_is_no_text_or_too_long_is_left_out(odd: Any) -> None:
    answer = read(readme=odd)
    assert answer.spec.readme is None
    assert [each.code for each in answer.diagnostics] == ["T108"]


@pytest.mark.parametrize("time", ["5", 5, 0.5, "8s", "10 seconds", "1-2 minutes", "2 Hours"])
def test_a_time_has_a_number_and_perhaps_a_unit(time: Any) -> None:
    assert read(computingtime=time).spec.computingtime == str(time)


@pytest.mark.parametrize("time", ["2026-03-20", "2026-03-20T00:00:00Z", 1773964800, "1773964800"])
def test_the_time_of_the_last_run_is_read_however_it_is_written(time: Any) -> None:
    assert read(taskstat={"lastruntime": time}).spec.taskstat == TaskStat(lastruntime=1_773_964_800)


def test_a_newer_document_keeps_what_tool_detail_alone_knows() -> None:
    known, new = merged(**FACTS), document()
    kept = accumulate(known, new)
    assert all(getattr(kept, key) == getattr(known, key) for key in FACTS)


@pytest.mark.parametrize("says", [None, True, False, "true", "odd"])
@pytest.mark.parametrize("sample", ["a.jpg", None, "unreadable"])
def test_an_input_is_required_by_inference_unless_tool_detail_says_so(
    says: Any, sample: str | None
) -> None:
    """However the document's sample looks, and with a newer document that comes without one."""
    page = made(
        text_input("prompt", "a boat"), text_input("x", None), body={"prompt": "a", "x": sample}
    )
    text = lines(page).replace('"unreadable"', "1e400")
    first = parse_document(text, path="x", document="x.txt").spec
    item = {"id": "x", "type": "text"} | ({} if says is None else {"required": says})
    spec = merge_detail(first, read(item), document="d.json")[0]
    assert load_spec(dump_spec(spec), path="x.yaml") == spec
    newer = accumulate(spec, parse_document(text + "\n", path="x", document="x.txt").spec)
    for each in (spec, newer):
        planned = plan(each).inputs[1]
        stated = says in (True, "true")
        assert planned.required is (stated or (sample is not None and says is not False))
        assert planned.inferred is (planned.required and not stated)


@pytest.mark.parametrize("page", [PAGE, None])
def test_the_day_of_prices_is_that_on_which_the_answer_was_first_read(
    page: Page | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = Project(tmp_path)
    tool = page.path if page else "a/tool"
    if page:
        project.document(page)

    def built(day: int, price: float) -> str | None:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", str(day * 86_400))
        rates = json.dumps([{**PRICE[0], "price": price}])
        project.write("documents/a/tool.json", detail(tool, dynamicprice=rates))
        build_project(tmp_path)
        (spec,) = project.specs().values()
        assert spec.source is not None
        return spec.source.detail_read

    assert built(1, 0.1) == "1970-01-02"
    assert built(2, 0.1) == "1970-01-02"
    assert built(3, 0.2) == "1970-01-04"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (True, True), (1, True), ("1", True), ("True", True),
        (False, False), (0, False), ("0", False), ("false", False),
        (None, None), ("", None), (2, None), ("maybe", None), ([], None), ({"a": 1}, None),
    ],
)  # fmt: skip
def test_required_is_read_as_a_flag_a_number_or_a_text(said: Any, meant: bool | None) -> None:
    answer = json.dumps(detail("a/b", {"id": "x", "required": said})).encode()
    assert read_detail(answer, path="d.json").items[0].required is meant


NO_TEXT: list[Any] = [False, True, 0, 7, 1.5, ["a note"], {"en": "a note"}, [], {}]


@pytest.mark.parametrize("odd", NO_TEXT, ids=repr)
@pytest.mark.parametrize(
    "key", ["label", "note", "help", "description", "placeholder", "type", "text", "options"]
)
def test_what_is_no_text_is_a_finding_and_never_shown(key: str, odd: Any) -> None:
    plain: dict[str, Any] = {"id": "x", "type": "select", "options": [{"value": "a", "text": "A"}]}
    item: dict[str, Any] = {**plain, key: odd}
    if key in {"text", "options"}:
        item = {**plain, "options": [{"value": "a", "text": odd, "label": odd, "description": odd}]}
    answer = read(item)
    assert {each.code for each in answer.diagnostics} == {"T108"}
    assert {each.subject for each in answer.diagnostics} == {"x"}
    assert all(json.dumps(odd) in each.message for each in answer.diagnostics)
    (made,) = spec_from_detail(answer, document="d.json").inputs
    assert (made.label, made.help) == ("", "")
    assert made.type == ("text" if key == "type" else "select")
    for option in made.options or ():
        assert (option.value, option.label, option.description) == (
            "a", "" if key in {"text", "options"} else "A", None
        )  # fmt: skip


@pytest.mark.parametrize("odd", NO_TEXT, ids=repr)
@pytest.mark.parametrize("key", ["title", "description", "image", "categories", "tags", "readme"])
def test_a_fact_of_the_tool_that_is_no_text_is_left_out(key: str, odd: Any) -> None:
    listed = key in {"categories", "tags"}
    answer = read(**{key: ["a", odd] if listed else odd})
    plain = read(**{key: ["a"] if listed else None})
    assert answer.spec == plain.spec
    assert [each.code for each in answer.diagnostics] == ["T108"]
    assert answer.diagnostics[0].subject == key


@pytest.mark.parametrize("odd", ["a", 7, True, {"a": "b"}])
@pytest.mark.parametrize("key", ["categories", "tags"])
def test_categories_that_are_no_list_of_texts(key: str, odd: Any) -> None:
    answer = read(**{key: odd})
    assert getattr(answer.spec, key) == (("a",) if odd == "a" else ())
    assert [each.code for each in answer.diagnostics] == ([] if odd == "a" else ["T108"])


@pytest.mark.parametrize("blank", [None, ""])
def test_a_text_that_is_not_there_is_no_finding(blank: str | None) -> None:
    keys = ("label", "note", "help", "description", "placeholder", "type", "value", "default")
    answer = read(
        {"id": "x", **dict.fromkeys(keys, blank)},
        **dict.fromkeys(("title", "description", "image", "categories", "tags"), blank),
    )
    assert answer.diagnostics == ()
    assert (answer.items[0].type, answer.items[0].default) == ("text", None)


@pytest.mark.parametrize("key", ["value", "default"])
@pytest.mark.parametrize("type_", ["multiselect", "combinefileinput", "multifileinput"])
@pytest.mark.parametrize(
    ("given", "means"), [(["a"], ["a"]), (["a", "b c"], ["a", "b c"]), ([5, "6"], ["5", "6"])]
)
def test_a_list_is_the_default_of_an_input_that_takes_one(
    key: str, type_: str, given: list[Any], means: list[str]
) -> None:
    answer = read({"id": "x", "type": type_, key: given, "options": [{"value": "a"}]})
    assert answer.diagnostics == ()
    (made,) = spec_from_detail(answer, document="d.json").inputs
    assert made.default == ",".join(means)
    assert (made.example if type_ != "multiselect" else made.wire.sent) == means


@pytest.mark.parametrize(
    ("type_", "odd"),
    [
        ("multiselect", ["a,b"]), ("multiselect", ["a", ""]), ("multiselect", [" a"]),
        ("multiselect", [None]), ("multiselect", [{"value": "a"}]), ("multiselect", {"a": 1}),
        ("select", ["a"]), ("text", ["a"]), ("number", [5]), ("checkbox", {"a": True}),
    ],
)  # fmt: skip
def test_a_default_that_cannot_be_read_is_a_finding(type_: str, odd: Any) -> None:
    for key in ("value", "default"):
        answer = read({"id": "x", "type": type_, key: odd})
        assert [each.code for each in answer.diagnostics] == ["T108"]
        assert answer.items[0].default is None


@pytest.mark.parametrize("type_", ["number", "float", "text", "multiselect", "select"])
def test_a_default_of_blanks_is_none(type_: str) -> None:
    answer = read({"id": "x", "type": type_, "value": "  ", "default": " 5"})
    assert answer.items[0].default == " 5"
    answer = read({"id": "x", "type": type_, "value": "\n", "default": " "})
    assert answer.items[0].default is None


def test_an_option_whose_value_is_a_list_is_a_finding() -> None:
    answer = read({"id": "x", "type": "multiselect", "options": [{"value": ["a"]}]})
    assert [each.code for each in answer.diagnostics] == ["T106"]


def test_lists_in_example_inputs_are_arguments_of_the_example_call() -> None:
    item = {"id": "styles", "type": "multiselect", "options": [{"value": "a"}, {"value": "b"}]}
    answer = read(item, inspire=[{"styles": ["a", "b"], "odd": [{}], "other": {}}])
    spec = spec_from_detail(answer, document="d.json")
    assert spec.examples == ({"styles": '["a", "b"]'},)
    ((argument,),) = plan(spec).samples
    assert argument.constant == ["a", "b"]


@pytest.mark.parametrize("odd", [True, False, None, [], {}])
def test_an_id_is_a_text_or_a_number(odd: Any) -> None:
    with pytest.raises(InputError, match="without an id"):
        read({"id": odd})
    assert read({"id": 5}).items[0].name == "5"


@pytest.mark.parametrize("odd", ["yes", "on", "required", 2, [True], {"a": 1}])
def test_a_required_that_is_neither_true_nor_false_is_a_finding(odd: Any) -> None:
    answer = read({"id": "x", "type": "text", "required": odd})
    assert [item.required for item in answer.items] == [None]
    assert [(each.code, each.subject) for each in answer.diagnostics] == [("T108", "x")]
    for plain in ("", None, "true", "1", 1, True, "False", "0", 0, False):
        assert not read({"id": "x", "type": "text", "required": plain}).diagnostics


def test_a_parameter_whose_case_differs_is_the_input_of_the_document() -> None:
    page = parse_document(lines(made(text_input("Steps", "5", type="number"))), path="x").spec
    items = {"id": "steps", "type": "number", "value": "9", "min": 1, "max": 10}
    spec, found = merge_detail(page, read(items), document="d.json")
    (item,) = spec.inputs
    assert (item.name, item.default, item.minimum, item.maximum) == ("Steps", "5", "1", "10")
    assert [(each.code, each.subject) for each in found] == [("T101", "steps")]
    both = read({"id": "Steps", "max": 7}, items, {"id": "STEPS"})
    spec, found = merge_detail(page, both, document="d.json")
    assert [(each.name, each.maximum) for each in spec.inputs] == [
        ("Steps", "7"), ("steps", "10"), ("STEPS", None),
    ]  # fmt: skip
    assert [each.subject for each in found] == ["steps", "STEPS"]


ITEM: dict[str, Any] = {"id": "x", "type": "text"}


@pytest.mark.parametrize(
    ("groups", "count"),
    [
        ([ITEM], 0),
        ([{"title": "", "parameters": [ITEM]}], 0),
        ([{"title": "", "items": {"0": ITEM}}], 0),
        ([{"title": "", "items": [ITEM, "y"]}], 1),
        ([{"title": "", "items": [ITEM]}, "more"], 1),
        ([{"title": "", "items": [ITEM]}, {"title": "empty"}], 1),
    ],
)
def test_parameters_in_a_shape_that_is_not_known_are_a_finding(groups: Any, count: int) -> None:
    answer = read(parameters=groups)
    assert len(answer.items) == count
    assert [(each.code, each.subject) for each in answer.diagnostics] == [("T108", "parameters")]


def test_a_parameter_in_two_groups_is_one() -> None:
    groups: list[Any] = [{"items": [ITEM]}, {"items": []}, None, {"items": [ITEM]}]
    answer = read(parameters=groups)
    assert ([item.name for item in answer.items], answer.diagnostics) == (["x"], ())
    other = read(parameters=[*groups, {"items": [{**ITEM, "required": True}]}])
    assert other.items == answer.items
    assert [(each.code, each.subject) for each in other.diagnostics] == [("T108", "x")]


def test_lists_and_objects_may_be_json_in_text_as_the_price_is() -> None:
    given: dict[str, Any] = {
        "categories": ["llm", "tool"], "tags": ["a"], "samples": ["https://h/a.png"],
        "inspire": [{"prompt": "a [cat]"}], "taskstat": {"runcount": "5"},
        "parameters": [{"items": [ITEM]}],
    }  # fmt: skip
    plain = read(**given)
    text = read(**{key: json.dumps(value) for key, value in given.items()})
    assert (text.spec, text.items, text.diagnostics) == (plain.spec, plain.items, ())
    assert read(categories="[beta] tool").spec.categories == ("[beta] tool",)


@pytest.mark.parametrize("odd", ["a cat", ["a cat"], {"prompt": "a cat"}, [{"prompt": "a"}, 5]])
def test_examples_in_a_shape_that_is_not_known_are_a_finding(odd: Any) -> None:
    answer = read(inspire=odd)
    assert answer.spec.examples == (
        ({"prompt": "a"},) if isinstance(odd, list) and 5 in odd else ()
    )
    assert [(each.code, each.subject) for each in answer.diagnostics] == [("T108", "inspire")]
