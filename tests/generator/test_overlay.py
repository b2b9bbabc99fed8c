"""Overlays: corrections that are made, and one line with its place for each that is not."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from generator.project import PAGE, Project, input_of
from wirogen.cli.app import run
from wirogen.common.text import did_you_mean
from wirogen.diagnostics.model import InputError
from wirogen.document import parse_document
from wirogen.merge.wire import wire_value
from wirogen.overlay.apply import apply_overlay
from wirogen.overlay.read import load_overlay
from wirogen.pipeline.build import build_project
from wirogen.plan import plan_modules, plan_tool
from wirogen.specs import UNSENT, Json, Option, ToolSpec, dump_spec, load_spec
from wirogen.specs.fields import INPUT, OPTION, TOOL
from wirogen.specs.yaml_writer import quote

SPEC = parse_document(PAGE.text(), path="x", document="x.txt").spec
ADDED = 'label: "", help: "", type: "text", default: null, required: false, wire: {type: "string"}'
HEAD = f'overlay: 1\ntool: "{PAGE.tool}"\ncorrections:\n'


def corrected(*corrections: str) -> tuple[ToolSpec, list[str]]:
    """The spec after some corrections, each the lines of one item, and the errors."""
    text = HEAD + "".join(f'  - reason: "because"\n    {each}\n' for each in corrections)
    spec, errors = apply_overlay(SPEC, load_overlay(text, path="o.yaml"))
    assert load_spec(dump_spec(spec), path="x.yaml") == spec
    return spec, [str(error) for error in errors]


def fine(*corrections: str) -> ToolSpec:
    spec, errors = corrected(*corrections)
    assert errors == []
    return spec


def refused(*corrections: str) -> str:
    spec, errors = corrected(*corrections)
    assert len(errors) == 1
    assert spec == SPEC
    return errors[0]


def first_model(spec: ToolSpec) -> Option:
    return next(iter(input_of(spec, "selectedModel").options or ()))


def names(spec: ToolSpec) -> list[str]:
    modules, _ = plan_modules([spec.tool])
    return [str(item.name) for item in plan_tool(spec, modules[spec.tool]).inputs]


def test_every_kind_of_value_can_be_set() -> None:
    spec = fine(
        'input: "steps"\n    set: {minimum: "1", maximum: "60", step: "1", label: "Steps"}',
        'input: "steps"\n    set: {help: "How long.", example: 20}',
        'input: "scheduler"\n    set: {open: true}',
        'input: "width"\n    set: {wire: {type: "string", sent: "512"}, type: "text"}',
        'set: {description: "Paints.", cover: null, tags: ["new"], name: "Painter"}',
        'input: "selectedModel"\n    option: "VALUE"\n    set: {label: "Best"}'.replace(
            "VALUE", first_model(SPEC).value
        ),
    )
    steps = input_of(spec, "steps")
    assert (steps.minimum, steps.maximum, steps.step, steps.label) == ("1", "60", "1", "Steps")
    assert (steps.help, steps.example) == ("How long.", 20)
    assert input_of(spec, "scheduler").open is True
    assert input_of(spec, "width").wire.sent == "512"
    assert (spec.description, spec.cover, spec.tags, spec.name) == (
        "Paints.", None, ("new",), "Painter",
    )  # fmt: skip
    assert first_model(spec).label == "Best"


def test_a_corrected_default_is_what_is_sent_in_its_type() -> None:
    assert input_of(fine('input: "steps"\n    set: {default: "7"}'), "steps").wire.sent == 7
    assert input_of(fine('input: "scale"\n    set: {default: "7.25"}'), "scale").wire.sent == "7.25"
    assert input_of(fine('input: "steps"\n    set: {default: null}'), "steps").wire.sent is UNSENT
    assert "not a number" in refused('input: "steps"\n    set: {default: "many"}')


def test_what_is_made_required_is_no_longer_sent_and_its_default_is_the_example() -> None:
    item = input_of(fine('input: "steps"\n    set: {required: true}'), "steps")
    assert item.required
    assert item.wire.sent is UNSENT
    assert item.example == input_of(SPEC, "steps").wire.sent


def test_what_follows_from_a_correction_is_not_done_where_it_says_it_itself() -> None:
    item = input_of(fine('input: "steps"\n    set: {required: true, example: 9}'), "steps")
    assert (item.wire.sent, item.example) == (UNSENT, 9)
    wire = 'wire: {type: "number", sent: 3}'
    item = input_of(fine(f'input: "steps"\n    set: {{default: "7", {wire}}}'), "steps")
    assert (item.default, item.wire.sent) == ("7", 3)
    item = input_of(fine('input: "prompt"\n    set: {default: "a house"}'), "prompt")
    assert (item.wire.sent, item.example) == (UNSENT, "a house")
    item = input_of(fine('input: "prompt"\n    set: {default: "x", example: "y"}'), "prompt")
    assert (item.default, item.example) == ("x", "y")


def test_hidden_and_added_inputs_and_options() -> None:
    spec = fine(
        'input: "clipSkip"\n    hide: true',
        'input: "scheduler"\n    option: "Karras"\n    add: {label: "Karras"}',
        'input: "scheduler"\n    option: "DDIMScheduler"\n    hide: true',
        'input: "tiling"\n    add: {label: "", help: "", type: "text", default: null,'
        ' required: false, wire: {type: "string"}}',
    )
    assert "clipSkip" not in [item.name for item in spec.inputs]
    options = [option.value for option in input_of(spec, "scheduler").options or ()]
    assert "Karras" in options
    assert "DDIMScheduler" not in options
    assert input_of(spec, "tiling").wire.type == "string"


def test_a_rename_is_for_python_alone() -> None:
    spec = fine('input: "clipSkip"\n    rename: "skip"')
    assert "skip" in names(spec)
    assert "clip_skip" not in names(spec)
    assert input_of(spec, "clipSkip").python_name == "skip"


def test_names_cannot_be_swapped() -> None:
    """Validators take Wiro's names as well, so ``width=`` would set Wiro's width."""
    spec, errors = corrected(
        'input: "width"\n    rename: "height"', 'input: "height"\n    rename: "width"'
    )
    assert names(spec) == names(SPEC)
    assert ["is already the name of the input" in error for error in errors] == [True, True]


@pytest.mark.parametrize(
    ("correction", "code", "said"),
    [
        ('input: "stpes"\n    hide: true', "O002", "did you mean 'steps'"),
        ('input: "steps"\n    set: {type: "number"}', "O002", "type is already"),
        ('input: "clipSkip"\n    rename: "clip_skip"', "O002", "already called"),
        ('input: "scheduler"\n    option: "DDIM"\n    hide: true', "O002", "no option 'DDIM'"),
        ('input: "steps"\n    option: "1"\n    hide: true', "O002", "has no options"),
        ('input: "steps"\n    rename: "class"', "O003", "cannot be a name"),
        ('input: "steps"\n    rename: "client"', "O003", "cannot be a name"),
        ('input: "steps"\n    rename: "a-b"', "O003", "cannot be a name"),
        ('input: "steps"\n    rename: "width"', "O003", "name of the input 'width'"),
        ('input: "steps"\n    set: {minimum: "9", maximum: "1"}', "O003", "minimum must not"),
        ('input: "steps"\n    set: {open: true}', "O003", "open is for selects"),
        (
            'input: "steps"\n    set: {options: [{value: "1", label: "1"}]}',
            "O003",
            "options are for selects",
        ),
        ('input: "prompt"\n    hide: true', "O003", "cannot be hidden"),
        (f'input: "steps"\n    add: {{{ADDED}}}', "O002", "has an input 'steps' already"),
        (
            f'input: "new"\n    add: {{{ADDED}, options: [{{value: "1", label: "1"}}]}}',
            "O003",
            "options are for selects",
        ),
        (
            'input: "scheduler"\n    option: "DDIMScheduler"\n    add: {label: "x"}',
            "O002",
            "has the option 'DDIMScheduler' already",
        ),
        ('input: "steps"\n    set: {default: "true"}', "O003", "'true' is not a number"),
    ],
)
def test_a_correction_that_does_not_apply_or_makes_no_sense(
    correction: str, code: str, said: str
) -> None:
    error = refused(correction)
    assert code in error
    assert said in error
    assert error.startswith(("o.yaml:4:", "o.yaml:5:", "o.yaml:6:"))
    assert f"{code} [{correction.split(chr(34))[1]}]" in error
    assert "\n" not in error


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "1:1", "empty"),
        ('overlay: 2\ntool: "a/b"\ncorrections: []\n', "1:10", "must be 1"),
        ("reason: x\n", "1:1", "lacks overlay, tool, corrections"),
        ('overlay: 1\ntool: "x"\ncorrections: []\n', "2:7", "owner/project"),
        ('overlay: 1\ntool: "a/b"\ncorrections: []\n', "3:14", "empty"),
        (HEAD + '  - input: "steps"\n    hide: true\n', "4:5", "reason is missing"),
        (HEAD + '  - input: "steps"\n    reason: ""\n    hide: true\n', "5:13", "say why"),
        (HEAD + '  - reason: "x"\n', "4:13", "exactly one of"),
        (HEAD + '  - reason: "x"\n    input: "steps"\n    hide: false\n', "6:11", "must be true"),
        (HEAD + '  - reason: "x"\n    hide: true\n', "5:11", "inputs and options"),
        (HEAD + '  - reason: "x"\n    option: "1"\n    hide: true\n', "5:13", "needs the input"),
        (HEAD + '  - reason: "x"\n    input: "a"\n    set: {step: "x"}\n', "6:17", "decimal"),
        (HEAD + '  - reason: "x"\n    input: "a"\n    set: {nme: "x"}\n', "6:16", "cannot be set"),
        (HEAD + '  - reason: "x"\n    input: "a"\n    set: {}\n', "6:10", "at least one"),
        (HEAD + '  - reason: "x"\n    input: "a"\n    add: "b"\n', "6:10", "mapping"),
        (HEAD + '  - reason: "x"\n    inptu: "a"\n    hide: true\n', "5:5", "unknown key 'inptu'"),
        (HEAD + '  - reason: "x"\n    reason: "y"\n', "5:5", "there twice"),
        (HEAD + '  - reason: "x"\n    input: "a"\n    set: {step: 5x}\n', "6:17", "decimal"),
        (HEAD + '  - reason: "x"\n    input: "a"\n    set: {label: null}\n', "6:18", "text"),
        (
            HEAD + '  - reason: "x"\n    input: "a"\n    add: {name: "b"}\n',
            "6:17",
            "outside of add",
        ),
        (
            HEAD + '  - reason: "x"\n    input: "a"\n    option: "1"\n    set: {help: "x"}\n',
            "7:17",
            "cannot be set",
        ),
        (
            HEAD + '  - reason: "x"\n    input: "a"\n    option: "1"\n    rename: "b"\n',
            "7:13",
            "named after their labels",
        ),
        ('overlay: true\ntool: "a/b"\ncorrections: []\n', "1:10", "must be 1"),
        (HEAD + '  - &a {reason: "x"}\n  - *a\n', "4:5", "anchors"),
        (HEAD + '  - !!map {reason: "x"}\n', "4:5", "tags"),
    ],
)
def test_an_overlay_that_cannot_be_read_is_one_line_with_its_place(
    text: str, place: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        load_overlay(text, path="o.yaml")
    line = str(caught.value)
    assert line.startswith(f"o.yaml:{place}: error: O001")
    assert said in line
    assert "\n" not in line


def test_the_build_applies_overlays_to_what_is_generated_and_not_to_specs(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.document(PAGE)
    project.write(
        "overlays/a/tool.yaml",
        HEAD + '  - reason: "x"\n    input: "clipSkip"\n    rename: "skip"\n'
        '  - reason: "y"\n    input: "steps"\n    set: {minimum: "1", maximum: "60"}\n',
    )
    assert run(["build", "--root", str(tmp_path)]) == 0
    files = project.snapshot()
    client = next(text for path, text in files.items() if path.endswith(".py") and "/_v" not in path
                  and "def run(" in text)  # fmt: skip
    assert "    skip: int = 4," in client
    validator = next(text for path, text in files.items() if "/_validators/" in path and text)
    assert "ge=1" in validator
    assert "le=60" in validator
    assert input_of(project.specs()[PAGE.tool], "steps").minimum is None
    assert not build_project(tmp_path).stale


def test_the_build_reports_overlays_of_unknown_tools_and_two_of_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = Project(tmp_path)
    project.document(PAGE)
    good = HEAD + '  - reason: "x"\n    input: "clipSkip"\n    hide: true\n'
    project.write("overlays/a.yaml", good)
    project.write("overlays/b.yaml", good)
    project.write("overlays/c.yaml", good.replace(PAGE.tool, f"{PAGE.tool}x"))
    assert run(["build", "--root", str(tmp_path)]) == 1
    errors = [line for line in capsys.readouterr().err.splitlines() if "overlays/" in line]
    assert len(errors) == 2
    assert "b.yaml:2:7: error: O004" in errors[0]
    assert "c.yaml:2:7: error: O002" in errors[1]
    assert f"did you mean '{PAGE.tool}'" in errors[1]


def test_the_overlay_that_the_guide_shows_is_one() -> None:
    root = Path(__file__).parents[2]
    guide = root / "templates" / "docs" / "guides" / "overlays.md.jinja"
    (example,) = re.findall(r"```yaml\n(.*?)```", guide.read_text("utf-8"), re.DOTALL)
    overlay = load_overlay(example, path="guide")
    assert {each.action for each in overlay.corrections} == {"set", "hide", "rename", "add"}
    spec, errors = apply_overlay(SPEC, overlay)
    assert [error.subject for error in errors] == []
    assert spec != SPEC


@pytest.mark.parametrize("key", ["minimum", "maximum", "step"])
@pytest.mark.parametrize("name", ["prompt", "scheduler", "selectedModel"])
def test_a_limit_for_what_is_no_number_is_refused(name: str, key: str) -> None:
    assert f"{key} does not apply" in refused(f'input: "{name}"\n    set: {{{key}: "1"}}')


@pytest.mark.parametrize("change", ['type: "select", open: true', 'wire: {type: "array"}'])
def test_a_limit_for_what_another_correction_makes_no_number_is_refused(change: str) -> None:
    limit, other = 'input: "steps"\n    set: {maximum: "60"}', 'input: "steps"\n    set: '
    for corrections in ([limit, f"{other}{{{change}}}"], [f"{other}{{{change}}}", limit]):
        spec, errors = corrected(*corrections)
        assert ["maximum does not apply" in each for each in errors] == [True]
        assert input_of(spec, "steps").maximum is None


def test_a_limit_of_an_added_input_that_is_no_number_is_refused() -> None:
    assert "step does not apply" in refused(f'input: "x"\n    add: {{{ADDED}, step: "1"}}')


def test_nothing_near_is_looked_for_beside_a_huge_name() -> None:
    # Texts of 150 letters in turn, which keep difflib busy for a minute.
    huge = "".join(chr(0x4E00 + number % 150) for number in range(200_000))
    assert did_you_mean(huge, [huge[1:]]) == ""
    assert did_you_mean("promt", [huge, "prompt"]) == "; did you mean 'prompt'?"


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("a, b", "array", ["a", "b"]),
        (" a ,b", "array", ["a", "b"]),
        ("", "array", []),
        ("  ", "array", []),
        ("a", "array", ["a"]),
        ('[1, "a, b"]', "array", [1, "a, b"]),
        ("[verse], b", "array", ["[verse]", "b"]),
        ('{"a": [1]}', "object", {"a": [1]}),
        ("7", "number", 7),
        ("7.50", "number", 7.5),
        (" 7 ", "number", 7),
        ("True", "boolean", True),
        ("false", "boolean", False),
        ("a, b", "string", "a, b"),
    ],
)
def test_documents_and_overlays_turn_a_default_into_the_same_value(
    text: str, kind: str, value: object
) -> None:
    assert wire_value(text, kind) == value
    spec = fine(
        f'input: "steps"\n    set: {{wire: {{type: "{kind}"}}}}',
        f'input: "steps"\n    set: {{default: {quote(text)}}}',
    )
    assert input_of(spec, "steps").wire.sent == value


def test_a_default_of_an_object_is_json() -> None:
    _, errors = corrected(
        'input: "steps"\n    set: {wire: {type: "object"}}',
        'input: "steps"\n    set: {default: "{a}"}',
    )
    assert len(errors) == 1
    assert "O003" in errors[0]
    assert "'{a}' is not a JSON object" in errors[0]


def test_a_list_of_which_one_option_has_a_comma_is_not_split() -> None:
    options = (Option(value="Impasto, oil", label="x"), Option(value="b", label="b"))
    assert wire_value("Impasto, oil", "array", options) == ["Impasto, oil"]
    assert wire_value("Impasto, b", "array", options) == ["Impasto", "b"]


def test_what_a_correction_requires_is_not_called_inferred() -> None:
    required = 'input: "seed"\n    set: {required: true, default: null, example: "1"}'
    added = (
        'input: "ours"\n    add: {label: "", help: "", type: "text", default: null, '
        'required: true, wire: {type: "string"}}'
    )
    spec = fine(required, added)
    modules, _ = plan_modules([spec.tool])
    planned = {item.spec.name: item for item in plan_tool(spec, modules[spec.tool]).inputs}
    for name in ("seed", "ours"):
        assert planned[name].required
        assert not planned[name].inferred


def test_what_a_correction_does_not_say_stays() -> None:
    """Whether an input is required is still inferred, and other options keep their texts."""
    inferred = next(item for item in SPEC.inputs if item.required and item.name != "prompt")
    spec = fine(f'input: "{inferred.name}"\n    set: {{label: "Other"}}')
    assert input_of(spec, inferred.name).stated == inferred.stated
    first, second = list(input_of(SPEC, "scheduler").options or ())[:2]
    spec = fine(f'input: "scheduler"\n    option: "{first.value}"\n    set: {{label: "Best"}}')
    changed = list(input_of(spec, "scheduler").options or ())
    assert (changed[0].label, changed[1]) == ("Best", second)


def test_what_was_inferred_can_be_confirmed() -> None:
    inferred = next(item for item in SPEC.inputs if item.required and item.name != "prompt")
    assert inferred.stated is None
    say = 'input: "NAME"\n    set: {required: true}'
    confirmed = input_of(fine(say.replace("NAME", inferred.name)), inferred.name)
    assert confirmed == replace(inferred, stated=True)
    assert "already" in refused(say.replace("NAME", "prompt"))
    assert "already" in refused(say.replace("NAME", "steps").replace("true", "false"))


def test_a_renamed_input_is_known_by_its_new_name() -> None:
    again = 'input: "clipSkip"\n    rename: "skip"'
    _, errors = corrected(again, again)
    assert ["already called 'skip'" in error for error in errors] == [True]
    spec, errors = corrected(again, 'input: "width"\n    rename: "skip"')
    assert ["already the name of the input 'width'" in error for error in errors] == [True]
    assert input_of(spec, "clipSkip").python_name is None


def test_the_guide_names_all_that_can_be_set(root: Path) -> None:
    guide = (root / "templates" / "docs" / "guides" / "overlays.md.jinja").read_text("utf-8")
    line = next(line for line in guide.splitlines() if line.startswith("- `set`"))
    of_input, of_option, of_tool = line.split("`set`")[1].split(";")
    for text, record in ((of_input, INPUT), (of_option, OPTION), (of_tool, TOOL)):
        assert set(re.findall(r"`(\w+)`", text)) == set(record.settable)


RATES: list[Json] = [{"inputs": {"steps": 9}, "price": 0.1, "priceMethod": "cpr"}]


def test_a_price_may_be_written_as_tool_detail_writes_it() -> None:
    spec = fine(f"set: {{dynamicprice: {quote(json.dumps(RATES))}}}")
    assert spec.dynamicprice == RATES
    assert spec == fine(f"set: {{dynamicprice: {json.dumps(RATES)}}}")
    error = refused('set: {dynamicprice: "5 cents"}')
    assert "o.yaml:5:11: error: O003 dynamicprice is not JSON" in error


@pytest.mark.parametrize(
    ("target", "first", "second", "key"),
    [
        ('input: "steps"\n    ', 'default: "7"', 'label: "x", default: "8"', "default"),
        (
            'input: "scheduler"\n    option: "DDIMScheduler"\n    ',
            'label: "x"',
            'label: "y"',
            "label",
        ),
        ("", 'description: "x"', 'description: "y"', "description"),
    ],
)
def test_what_is_set_twice_is_an_error(target: str, first: str, second: str, key: str) -> None:
    spec, errors = corrected(f"{target}set: {{{first}}}", f"{target}set: {{{second}}}")
    assert spec == fine(f"{target}set: {{{first}}}")
    assert len(errors) == 1
    assert f"{key} is set by a correction before; remove one" in errors[0]


def test_corrections_of_other_targets_are_no_conflict() -> None:
    spec = fine(
        'input: "scheduler"\n    set: {label: "x"}',
        'input: "scheduler"\n    option: "DDIMScheduler"\n    set: {label: "y"}',
        'input: "steps"\n    set: {label: "z"}',
        'input: "steps"\n    set: {default: "7"}',
    )
    assert input_of(spec, "steps").default == "7"


def test_specs_and_overlays_may_end_in_yml(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.write("tools/mine.yml", dump_spec(replace(SPEC, source=None)))
    text = HEAD + '  - reason: "because"\n    input: "steps"\n    set: {label: "Ours"}\n'
    overlay = project.write("overlays/mine.yml", text)
    assert list(build_project(tmp_path).tools) == [SPEC.tool]
    (page,) = tmp_path.glob("generated/docs/tools/*/*.md")
    assert "Ours" in page.read_text("utf-8")
    project.write("overlays/mine.yaml", text)
    (error,) = build_project(tmp_path).errors
    assert (error.code, "mine.yml" in error.path) == ("O004", True)
    overlay.unlink()
    assert run(["lint", "--root", str(tmp_path), "--severity", "error"]) == 0
