"""Every variation that has been seen in tool documents, written in both layouts and read back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import jsonschema
import pytest
import yaml

from document.build import as_documented, codes, page, parse, text_input, tool, without_source
from document.layouts import Page, flat, lines
from generated import imported
from wirogen.document import ParsedDocument, verify
from wirogen.specs import UNSENT, Input, Json, Option, dump_spec, load_spec, spec_json_schema
from wirogen.specs.model import FILE_TYPES

SLIDER: dict[str, Json] = {
    "type": "float", "template": "", "id": "App-Icons-v2.0", "placeholder": "App-Icons-v2.0 scale",
    "label": "App-Icons-v2.0 scale", "minvalue": "0.00", "maxvalue": "1", "value": "0.5",
    "defaultvalue": "0.5", "incrementby": "0.1", "options": [], "note": "",
}  # fmt: skip


def both(made: Page, *, exact: bool = True) -> ParsedDocument:
    """Reads the page in both layouts: the same spec, which is what was written."""
    one, other = parse(flat(made)), parse(lines(made))
    for parsed in (one, other, parse(lines(made, "\r\n"))):
        assert verify(parsed) is None
        assert verify(parsed, load_spec(dump_spec(parsed.spec), path="x.yaml")) is None
    assert without_source(one).inputs == without_source(other).inputs
    if exact:
        assert without_source(one) == without_source(other)
        assert as_documented(one.spec) == as_documented(made.spec)
    return one


def choice(name: str, default: str | None, *values: str, **changes: object) -> Input:
    options = tuple(Option(value=value, label=value or "Auto") for value in values)
    item = text_input(name, default, type="select", options=options)
    return replace(item, **changes)  # any field of an input


@pytest.mark.parametrize("word", ["Tool", "Model"])
def test_either_word(word: str) -> None:
    made = page(text_input(), word=word)  # the two literals
    assert f"{word} Inputs:" in flat(made)
    both(made)


def test_head_fields() -> None:
    made = page(text_input())
    spec = replace(
        made.spec,
        description="Vintage: Rustica (MoE) — “old” [x] {{ y }}. Two sentences: - so.",
        cover="https://cdn.wiro.ai/uploads/models/other-name.mp4",
        categories=("lora-wan2.1", "wiroEcommerce", "H200", "Image to Image"),
        tags=("text generation", "flat 2d", "lora-wan2.1"),
    )
    parsed = both(replace(made, spec=spec))
    assert parsed.spec.tags[0] == "text generation"


def test_no_cover() -> None:
    made = page(text_input())
    assert "cover: No cover" in flat(made)
    assert both(made).spec.cover is None


@pytest.mark.parametrize(
    ("name", "path", "tool_id", "differs"),
    [
        ("civitai/2D Game Icon Mix v1.0", "civitai/2D Game Icon Mix v1.0", None, False),
        ("google/veo3.1", "google/veo3-1", "google/veo3-1", False),
        ("ByteDance/seedream-v4-5", "bytedance/seedream-v4-5", None, False),
        ("wiro/kokoro_tts", "wiro/kokoro_tts", "wiro/kokoro_tts", False),
        ("wiro/Animated Logo", "wiro/Animated%20Logo", "wiro/Animated Logo", False),
        ("wiro/3D", "wiro/3D", "wiro/3D", False),
        ("reve/Générate", "reve/generate", None, False),
        ("wiro/old-name", "wiro/new-name", "wiro/new-name", True),
    ],
)
def test_name_and_run_path(name: str, path: str, tool_id: str | None, differs: bool) -> None:
    made = page(text_input())
    endpoints = {**made.spec.endpoints, "run": f"https://api.wiro.ai/v1/Run/{path}"}
    spec = replace(made.spec, name=name, endpoints=endpoints, tool=tool_id or path)
    parsed = both(replace(made, spec=spec))
    assert parsed.spec.tool == (tool_id or path)
    assert ("D110" in codes(parsed)) is differs


@pytest.mark.parametrize(
    "help_",
    [
        "",
        "selct-model-help",
        "allow_adult: Allow … dont_allow: Disallow …",
        "Minimum: 1.5, maximum: 10, default: 4.5. Higher = stronger",
        "Used for: -Single Generation Swap -Multi Generation Swap - and more",
        "(e.g. [Pan left] or [Zoom in]) ....|.....|. '[NC] …' # ## x",
        "Width and height (px) > 14, (1/3, 3), (width*height), 4*n + 1, 2560×1440",
        "label: help: type: options: - value: - name: x and default: 3",
        "- name: foo label: bar",
        "type: of a car default: none",
    ],
)
def test_helps(help_: str) -> None:
    before, after = text_input("first", "a"), text_input("last", "b")
    number = text_input("guidance", "4.5", type="float", label="Reference Audio/Song URL (x)")
    both(page(before, replace(number, help=help_), after))


@pytest.mark.parametrize(
    "default",
    [
        None,
        ", photo of a cat",
        "a dagger,",
        "[Push in]Close up of @image2 and @image3",
        "(text:1.2), (((missing arms))), (detailed window …:0.7), *name*",
        "with text:\"STOP …!\" and 'single' “curly”",
        "a baker\\'s hands … \\\"Where\\'s the yeast?\\\"",
        "Audio: low. Color palette: red. Mood: calm. default: 4.5 type: text label: x",
        "open … | boil … | work …",
        "wiro_192x192.png,google-nano-banana-sample-13.png",
        'a - b - name: c - value: "d" ## not a heading',
        "3572004920",
        "{{ 7 * 7 }} {% raw %} ${HOME} `id` $(id) \"\"\" '''",
        'options: - value: "x" label: y',
        "- name: x label: y help: z type: text default: w",
    ],
)
@pytest.mark.parametrize("last", [False, True])
def test_defaults_of_texts(default: str | None, last: bool) -> None:
    item = text_input("negativePrompt", default, type="textarea")
    after = [] if last else [text_input("seed", "5")]
    parsed = both(page(text_input("first", "a"), item, *after))
    assert parsed.spec.inputs[1].wire.sent == (default or "")


def test_verse_keeps_its_lines() -> None:
    lyrics = "[verse]\nline one\n  indented\n\n[chorus]\nlabel: la\n  la: la"
    item = text_input("lyrics", lyrics, type="textarea")
    made = page(item, text_input("seed", "5"))
    for indent in ("", "    "):
        for newline in ("\n", "\r\n"):
            parsed = parse(lines(made, newline, indent))
            assert parsed.spec.inputs[0].default == lyrics
            assert parsed.spec.inputs[0].wire.sent == lyrics
            assert verify(parsed) is None
    # On one line, the Run Command still has the line breaks (but runs of blanks are folded).
    folded = parse(flat(made))
    assert "default: [verse] line one indented [chorus] label: la la: la" in folded.text
    assert folded.spec.inputs[0].default == lyrics.replace("  ", " ")
    assert folded.spec.inputs[0].wire.sent == lyrics.replace("  ", " ")
    assert verify(folded) is None
    assert verify(folded, load_spec(dump_spec(folded.spec), path="x.yaml")) is None
    unknown = parse(flat(replace(made, body={"seed": "5"})))
    assert unknown.spec.inputs[0].default == "[verse] line one indented [chorus] label: la la: la"


@pytest.mark.parametrize("indent", ["", "  ", "    "])
def test_verse_without_a_run_command_to_compare(indent: str) -> None:
    lyrics = "[verse]\nline one\n\n- item\n[chorus] two"
    item = text_input("lyrics", lyrics, type="textarea")
    made = page(item, text_input("seed", "5"), body={"seed": "5"})
    parsed = parse(lines(made, indent=indent))
    assert parsed.spec.inputs[0].default == lyrics
    assert [found.name for found in parsed.spec.inputs] == ["lyrics", "seed"]


def test_choices() -> None:
    made = page(
        choice("aspectRatio", "16:9", "16:9", "832*480", "#A6E1F9,#4BC7CE", "1280:720"),
        choice("voice", "v2/en_speaker_0", "v2/en_speaker_0", "3d_animation"),
        choice("swapPosition", "None", "None", "True"),
        choice("duration", "5", "5"),
        choice("ratio", None, "", "match_input_image"),
        choice("list", None),
        choice("cover", "a", "a", type="selectwithcover"),
        choice("genre", "pop", "pop", "rock", type="multiselect"),
        choice("sampler", "dpmsolver", "dpmsolver", "dpmsolver++", "dpmsolver"),
        body={"genre": ["pop"], "aspectRatio": "16:9"},
    )
    parsed = both(made)
    inputs = {item.name: item for item in parsed.spec.inputs}
    assert inputs["list"].open is True
    assert inputs["genre"].open is False
    assert (inputs["genre"].wire.type, inputs["genre"].wire.sent) == ("array", ["pop"])
    assert codes(parsed).count("D202") == 1


def test_model_options() -> None:
    options = (
        Option(
            value="966",
            label="StableDiffusionVN/SDVN7 - Niji: Style & XL",
            description='It\'s for M4RV3LS & DUNGEONS (Anime): "x" - y',
            triggerwords=("portrait+ style", "Impasto,digital art", "(skin:1.2)", 'a "b" ]'),
            generatesettings=(SLIDER,),
        ),
        Option(value="5", label="_CHEYENNE_", description="", triggerwords=(), generatesettings=()),
        Option(
            value="6",
            label="two sliders",
            description="triggerwords: [] generatesettings: []",
            triggerwords=("triggerwords: []", ' ## x - value: "q" label: z'),
            generatesettings=(SLIDER, {**SLIDER, "id": "other", "note": 'é \\ " ## y'}),
        ),
    )
    item = text_input("selectedLoraModel", "966", type="multiselect", options=options)
    made = page(
        item, text_input("seed", "1"), body={item.name: [], "seed": "1"}, quoted={item.name}
    )
    parsed = both(made)
    assert parsed.spec.inputs[0].wire.sent == []
    assert parsed.spec.inputs[0].open is True


def test_json_of_an_option_that_spells_out_an_input() -> None:
    hostile = 'a - name: x label: y help: z type: text default: w ## Z - value: "q" label: l'
    options = (Option(value="1", label="one", triggerwords=(hostile,), generatesettings=()),)
    item = text_input("selectedModel", None, type="select", options=options)
    parsed = both(page(item, text_input("seed", "1"), body={item.name: "", "seed": "1"}))
    assert [found.name for found in parsed.spec.inputs] == ["selectedModel", "seed"]
    both(page(text_input("seed", "1"), item, body={item.name: "", "seed": "1"}))


@pytest.mark.parametrize("default", [None, "", "79"])
def test_defaults_of_choices_may_be_quoted(default: str | None) -> None:
    quoted = frozenset({"selectedModel"} if default else ())
    item = choice("selectedModel", default, "79", "80")
    made = page(item, text_input("seed"), quoted=quoted, body={"selectedModel": "", "seed": "1"})
    parsed = both(made)
    assert parsed.spec.inputs[0].default == default
    if default:
        assert 'default: "79"' in flat(made)
        blank = both(replace(made, quoted=frozenset[str]()))
        assert blank.spec.inputs[0].default == "79"


def test_quotes_stay_in_defaults_of_texts() -> None:
    parsed = both(page(text_input("title", '"Fish out of Water"')))
    assert parsed.spec.inputs[0].default == '"Fish out of Water"'


def test_odd_defaults_and_types() -> None:
    made = page(
        text_input("width", "0", type="number"),
        text_input("generateAudio", "false", type="number"),
        text_input("scale", "7", type="float"),
        text_input("preprocess", "--id_mix", type="checkbox"),
        text_input("color", "#ffffff", type="color"),
        text_input("range", "3", type="range"),
        text_input("file", None, type="fileinput"),
        text_input("files", None, type="multifileinput"),
        text_input("mixed", "a.png,b.png", type="combinefileinput"),
        text_input("strange", "x", type="brush-size"),
        body={
            "width": 0, "generateAudio": False, "scale": "7", "preprocess": "--id_mix",
            "mixed": ["a.png", "b.png"],
        },
    )  # fmt: skip
    parsed = both(made)
    inputs = {item.name: item for item in parsed.spec.inputs}
    assert inputs["generateAudio"].wire.sent is False
    assert inputs["mixed"].example == ["a.png", "b.png"]
    assert (inputs["mixed"].required, inputs["mixed"].wire.sent) == (False, UNSENT)
    assert inputs["strange"].type == "brush-size"
    assert {"D105", "D207"} <= set(codes(parsed))


@pytest.mark.parametrize(
    "type_", ["dropdown", "Select", "number", "color", "checkbox", *sorted(FILE_TYPES)]
)
def test_a_spec_with_options_of_another_type_can_be_read_again(type_: str) -> None:
    options = (Option(value="a", label="A"), Option(value="b", label="B"))
    spec = both(page(text_input("mode", "a", type=type_, options=options)), exact=False).spec
    assert spec.inputs[0].options == options
    assert load_spec(dump_spec(spec), path="x.yaml") == spec
    jsonschema.validate(yaml.safe_load(dump_spec(spec)), spec_json_schema())
    with imported(spec) as module:
        assert module.run


def test_two_inputs_with_one_label_or_name() -> None:
    first = text_input("inputImageUrl", None, label="input-image-url")
    second = text_input("inputImage2Url", None, label="input-image-url")
    both(page(first, second))
    again = replace(first, help="another")
    parsed = both(page(first, again, text_input("seed", "1")), exact=False)
    assert [item.name for item in parsed.spec.inputs] == ["inputImageUrl", "seed"]
    assert "help: another" in " ".join(parsed.spec.sections[0].text.split())
    assert "D206" in codes(parsed)


def test_hundreds_of_options() -> None:
    names = [f"Effect {number} - name: {number}" for number in range(300)]
    both(page(choice("effect", names[7], *names)))


def test_inspires_become_examples() -> None:
    inputs = [
        text_input("inputImageUrl", None),
        text_input("prompt", "x", type="textarea"),
        text_input("negativePrompt", None, type="textarea"),
        text_input("steps", "30", type="number"),
    ]
    examples = (
        {"prompt": "a - b: c - note: d ## e", "inputImageUrl": "https://cdn.wiro.ai/x.jpg"},
        {"inputImageUrl": "", "negativePrompt": "", "steps": "5"},
        {"steps": "6", "prompt": "last"},
    )
    made = page(*inputs, stems=frozenset({"inputImageUrl"}))
    made = replace(made, spec=replace(made.spec, examples=examples))
    assert "- inputImage: https" in flat(made)
    both(made)
    both(replace(made, word="Model"))


def test_inspires_after_a_choice_and_with_two_spellings_of_one_key() -> None:
    made = page(
        text_input("inputImage", None), text_input("inputImageUrl", None), choice("a", "b", "b")
    )
    examples = ({"inputImage": "f", "inputImageUrl": "g", "a": "b"},)
    both(replace(made, spec=replace(made.spec, examples=examples)))


def test_example_of_an_input_that_is_gone() -> None:
    made = page(text_input("prompt", "x"))
    examples = ({"oldInput": "5", "prompt": "y"},)
    assert "D111" in codes(both(replace(made, spec=replace(made.spec, examples=examples))))


@pytest.mark.parametrize("tail", ["old", "new"])
def test_both_tails(tail: str) -> None:
    parsed = both(page(text_input(), tail=tail))  # the two literals
    assert ("D301" in codes(parsed)) is True
    assert "D007" not in codes(parsed)


def test_unknown_keys_of_the_head_are_kept() -> None:
    made = page(text_input())
    extra = {"Kill Task Endpoint (POST)": "https://api.wiro.ai/v1/Task/Kill", "Tool license": "MIT"}
    parsed = both(replace(made, spec=replace(made.spec, extra=extra)))
    assert dict(parsed.spec.extra) == extra
    assert codes(parsed).count("D101") == 2


def test_unknown_keys_of_inputs_and_options_are_kept() -> None:
    item = text_input("steps", "4", type="number", extra={"min": "1", "max": "8"})
    options = (
        Option(
            value="1", label="a", triggerwords=(), generatesettings=(),
            extra={"cover": "https://cdn.wiro.ai/a b.png"},
        ),
    )  # fmt: skip
    picker = text_input("selectedModel", None, type="select", options=options)
    parsed = both(page(item, picker, text_input("seed", "1")))
    assert parsed.spec.inputs[0].extra == {"min": "1", "max": "8"}
    assert codes(parsed).count("D102") == 2
    assert codes(parsed).count("D103") == 1


@pytest.mark.parametrize(
    ("place", "layout"),
    [
        ("before label", "flat"),
        ("before label", "lines"),
        ("after default", "flat"),
        ("after default", "lines"),
        # On one line, that could not be told from the label of the last option.
        ("after options", "lines"),
    ],
)
def test_unknown_keys_in_other_places(place: str, layout: str) -> None:
    seed, ratio = text_input("seed", "123"), choice("ratio", "a", "a")
    text = lines(page(seed, ratio, text_input("last", "x")))
    if place == "before label":
        text = text.replace("- name: seed\n", "- name: seed\n  required: true\n")
    elif place == "after default":
        text = text.replace("  default: 123\n", "  default: 123\n  required: true\n")
    else:
        text = text.replace("      label: a\n", "      label: a\n  required: true\n")
    parsed = parse(text if layout == "lines" else " ".join(text.split()))
    found = parsed.spec.inputs[1 if place == "after options" else 0]
    assert found.extra == {"required": "true"}
    assert found.default == ("a" if place == "after options" else "123")
    assert codes(parsed).count("D102") == 1
    assert verify(parsed) is None


@pytest.mark.parametrize("layout", ["flat", "lines"])
def test_an_input_without_its_default_takes_nothing_of_the_next(layout: str) -> None:
    made = page(text_input("seed", "1"), text_input("steps", "30"), text_input("last", "x"))
    text = lines(made).replace("  default: 30\n", "  note: 30\n")
    parsed = parse(text if layout == "lines" else " ".join(text.split()))
    found = {item.name: item for item in parsed.spec.inputs}
    assert (found["last"].default, found["last"].type) == ("x", "text")
    assert not any("last" in f"{item.extra}" for item in parsed.spec.inputs)
    assert {"D106", "D305"} <= set(codes(parsed))
    assert verify(parsed) is None


@pytest.mark.parametrize(
    "between",
    [
        "### Advanced",
        "## Advanced",
        "<!-- advanced -->",
        "---",
        "The others are optional.",
        "Note: x",
    ],
)
@pytest.mark.parametrize("last", [True, False])
def test_what_stands_between_inputs_is_no_label(between: str, last: bool) -> None:
    ratio = choice("ratio", "a", "a", "b")
    made = page(*([text_input("seed", "1"), ratio] if last else [ratio, text_input("seed", "1")]))
    text = lines(made)
    label = "      label: b\n"
    assert label in text
    parsed = parse(text.replace(label, f"{label}\n{between}\n"))
    found = next(item for item in parsed.spec.inputs if item.name == "ratio")
    assert [option.label for option in found.options or ()] == ["a", "b"]
    assert {"D103", "D104"} & set(codes(parsed))
    assert verify(parsed) is None


@pytest.mark.parametrize("layout", [flat, lines])
def test_examples_may_come_in_two_sections(layout: Callable[[Page], str]) -> None:
    made = Page(
        tool(text_input("seed", "1"), text_input("x", "1"), examples=({"seed": "2"}, {"x": "3"})),
        {"seed": "1", "x": "1"},
    )
    heading = "## Tool Parameter Inspires:"
    parsed = parse(
        layout(made).replace(
            "- x: 3", f"{heading} - x: 3" if layout is flat else f"\n{heading}\n\n- x: 3"
        )
    )
    assert parsed.spec.examples == ({"seed": "2"}, {"x": "3"})
    assert verify(parsed) is None


@pytest.mark.parametrize("layout", [flat, lines])
def test_tags_may_stand_before_categories(layout: Callable[[Page], str]) -> None:
    made = page(text_input("seed", "1"))
    text = layout(replace(made, spec=replace(made.spec, tags=("one", "two words"))))
    start, middle = text.index("Tool categories:"), text.index("Tool tags:")
    end = text.index("Run Task Endpoint")
    parsed = parse(text[:start] + text[middle:end] + text[start:middle] + text[end:])
    before = parse(text).spec
    for name in ("cover", "categories", "tags"):
        assert getattr(parsed.spec, name) == getattr(before, name)
    assert verify(parsed) is None


def test_unknown_sections_are_kept() -> None:
    section = "## Pricing\nEach run costs 5 cents: see `x` - and more."
    code = '## Extra Sample - Response\n```json\n{ "a": 1 }\n```'
    choices = (text_input("seed", "1"), choice("ratio", "a", "a"))
    made = page(*choices, after_head=section, after_inputs=section, after_tail=code)
    one, other = parse(flat(made)), parse(lines(made))
    for parsed in (one, other):
        assert verify(parsed) is None
        assert [found.title for found in parsed.spec.sections] == [
            "Pricing", "Pricing", "Extra Sample - Response",
        ]  # fmt: skip
        assert parsed.spec.sections[1].text == "Each run costs 5 cents: see `x` - and more."
        assert codes(parsed).count("D104") == 3
        assert as_documented(parsed.spec).inputs == as_documented(made.spec).inputs


def test_a_section_after_a_text_is_told_by_the_run_command() -> None:
    made = page(text_input("seed", "some text"), after_inputs="## Pricing\nEach run is free.")
    parsed = parse(flat(made))
    assert parsed.spec.inputs[0].default == "some text"
    assert parsed.spec.sections[0].title == "Pricing"
    unsettled = parse(flat(replace(made, body={})))
    assert unsettled.spec.inputs[0].default == "some text ## Pricing Each run is free."
    assert "D106" in codes(unsettled)


def test_a_run_command_in_two_ways() -> None:
    """Newer pages show the request as JSON and as multipart, with a note beside the title."""
    title = "## Run Command - Make HTTP Post Request"
    text = lines(page(text_input("seed", "1"))).replace(title, f"{title} (JSON)")
    multipart = f'{title} (Multipart)\n```bash\ncurl -X POST "x" \\\n  -F "seed=5";\n```\n\n'
    for made in (
        text.replace("## Run Command - Response", f"{multipart}## Run Command - Response"),
        text.replace(f"{title} (JSON)", f"{multipart}{title} (JSON)"),
    ):
        for parsed in (parse(made), parse(" ".join(made.split()))):
            assert parsed.spec.inputs[0].wire.sent == "1"
            assert {found.text for found in parsed.spec.sections} == {"(JSON)", "(Multipart)"}
            assert not {"D308", "D309"} & set(codes(parsed))
            assert verify(parsed) is None


def test_a_section_behind_the_last_one_is_no_cut() -> None:
    assert "D007" not in codes(parse(flat(page(text_input(), after_tail="## News\nNone."))))


def test_text_beside_code_is_kept() -> None:
    text = lines(page(text_input())).replace(
        "## Run Command - Response", "Note: be kind.\n\n## Run Command - Response"
    )
    for parsed in (parse(text), parse(" ".join(text.split()))):
        assert [found.text for found in parsed.spec.sections] == ["Note: be kind."]
        assert "D107" in codes(parsed)
        assert verify(parsed) is None


def test_no_inputs_at_all() -> None:
    parsed = both(page(body={}))
    assert parsed.spec.inputs == ()


def test_the_callback_is_never_an_input() -> None:
    made = page(text_input("callbackUrl", None), text_input("seed", "1"))
    for parsed in (parse(flat(made)), parse(lines(made))):
        assert [item.name for item in parsed.spec.inputs] == ["seed"]
        assert verify(parsed) is None
        assert "D211" in codes(parsed)
    assert [item.name for item in both(page(text_input())).spec.inputs] == ["seed"]
    assert tool().inputs == ()


BROKEN = {
    "help": "- name: b label: B type: number default: 2",
    "label": "- name: b help: h type: number default: 2",
    "type": "- name: b label: B help: h default: 2",
    "default": "- name: b label: B help: h type: number",
    "options": '- name: b label: B help: h type: select options: - value: "x" label: X',
    "everything": "- name: b",
    "one word as its type": "- name: b label: B help: h type: a b default: 2",
    "its order": "- name: b label: B help: h default: 2 type: number",
}


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("write", [flat, lines])
def test_an_input_that_lacks_a_key_leaves_its_neighbours_alone(
    write: Callable[[Page], str], broken: str, place: int
) -> None:
    one, two = text_input("a", "1", type="number"), text_input("z", "9 - lives")
    body: dict[str, Json] = {"a": 1, "b": 2, "z": "9 - lives"}
    written = write(page(one, two, body=body))
    if write is lines:
        broken = broken.replace(" ", "\n  ").replace("-\n  ", "- ").replace(":\n  ", ": ")
    at = [written.index("- name: a"), written.index("- name: z"), written.index("## Integration")]
    parsed = parse(f"{written[: at[place]]}{broken}\n{written[at[place] :]}")
    assert verify(parsed) is None
    first, second, third = parsed.spec.inputs
    expected = parse(written).spec.inputs
    assert (first, second) == expected[:2]
    assert (third.name, third.type, third.wire.sent) == ("b", "number", 2)
    assert ("D106", "b") in [(each.code, each.subject) for each in parsed.diagnostics]
    assert [section.title for section in parsed.spec.sections] == ["Input b"]


@pytest.mark.parametrize("count", [2, 400])
def test_an_input_that_lacks_a_key_again_and_again_is_one(count: int) -> None:
    made = page(text_input("a"), text_input("z"), body={"a": "1", "b": 2, "z": "1"})
    text = flat(made).replace("- name: z", "- name: b label: B " * count + "- name: z")
    parsed = parse(text)
    assert [item.name for item in parsed.spec.inputs] == ["a", "z", "b"]
    assert [section.title for section in parsed.spec.sections] == ["Input b"]
    assert [item.default for item in parsed.spec.inputs] == ["1", "1", None]


def test_what_the_run_command_has_as_text_is_no_input_that_lacks_a_key() -> None:
    verse = "first line - name: seed and more"
    made = page(text_input("prompt", verse), text_input("x"), body={"prompt": verse, "seed": "1"})
    assert [parse(write(made)).spec.inputs[0].default for write in (flat, lines)] == [verse] * 2
