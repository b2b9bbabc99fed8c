from __future__ import annotations

import io
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, field_validator

from wiro_runtime import InvalidInputs, WiroError
from wiro_runtime.generated import FileLike, LoraChoice, LoraOption, LoraSetting, ToolInputs

SLIDER = LoraOption(
    value="62",
    label="Ostris/Happy Slider",
    settings=(
        LoraSetting(id="Happy", kind="number", minimum="-5", maximum="5", default="5", step="1"),
    ),
)
FISH = LoraOption(
    value="61",
    label="Kairen92/Fish",
    triggerwords=("koi-fish", "reef-fish"),
    settings=(
        LoraSetting(id="Fish-v1.0", kind="float", minimum="0.00", maximum="1", default="0.3",
                    step="0.1"),
    ),
)  # fmt: skip
PLAIN = LoraOption(value="70", label="No sliders")


class Inputs(ToolInputs):
    prompt: Annotated[str, Field(json_schema_extra={"x-wire": "string"})]
    samples: Annotated[int, Field(json_schema_extra={"x-wire": "number"})] = 4
    scale: Annotated[float | int, Field(json_schema_extra={"x-wire": "string"})] = 7.5
    strength: Annotated[float | int, Field(json_schema_extra={"x-wire": "number"})] = 1
    seed: Annotated[int | str, Field(json_schema_extra={"x-wire": "string"})] = "123456"
    tiled: Annotated[bool, Field(json_schema_extra={"x-wire": "string"})] = False
    fast: Annotated[bool, Field(json_schema_extra={"x-wire": "boolean"})] = True
    selected_model: Annotated[str, Field(alias="selectedModel")] = ""
    selected_lora_model: Annotated[
        Sequence[str | LoraChoice],
        Field(
            alias="selectedLoraModel",
            json_schema_extra={"x-wire": "array", "x-lora-prompt": "prompt"},
        ),
    ] = []
    private: Annotated[
        Sequence[str | LoraChoice] | None,
        Field(alias="selectedLoraModelPrivate", json_schema_extra={"x-wire": "array"}),
    ] = None
    scheduler: Annotated[Literal["EulerDiscrete", "DDIM", "LMS or so"], Field()] = "DDIM"
    image: Annotated[
        FileLike | None, Field(alias="inputImage", json_schema_extra={"x-wire": "file"})
    ] = None


LORA_MODEL = "selected_lora_model (selectedLoraModel)"
IMAGE = "image (inputImage): expected an address (text)"


def wrong(**given: Any) -> str:
    with pytest.raises(InvalidInputs) as caught:
        Inputs(**given)
    return str(caught.value)


def test_only_what_is_required_sends_the_defaults_and_leaves_none_out() -> None:
    wire = Inputs(prompt="a lighthouse").wire()
    assert list(wire.items()) == [
        ("prompt", "a lighthouse"),
        ("samples", 4),
        ("scale", "7.5"),
        ("strength", 1),
        ("seed", "123456"),
        ("tiled", "false"),
        ("fast", True),
        ("selectedModel", ""),
        ("selectedLoraModel", []),
        ("scheduler", "DDIM"),
    ]


@pytest.mark.parametrize(
    ("given", "sent"),
    [(4, "4"), (4.0, "4.0"), (0.1, "0.1"), (1e21, "1e+21"), (-3, "-3"), (10**20, "1" + "0" * 20)],
)
def test_numbers_that_travel_as_text_keep_the_kind_they_were_given(given: float, sent: str) -> None:
    assert Inputs(prompt="x", scale=given).wire()["scale"] == sent


def test_numbers_that_travel_as_numbers_keep_the_kind_they_were_given() -> None:
    four = Inputs(prompt="x", strength=4).wire()["strength"]
    assert (four, type(four)) == (4, int)
    four = Inputs(prompt="x", strength=4.0).wire()["strength"]
    assert (four, type(four)) == (4.0, float)


def test_python_names_and_wiros_names_are_both_accepted() -> None:
    named = Inputs.model_validate({"prompt": "x", "selectedModel": "9"})
    assert named.wire() == Inputs(prompt="x", selected_model="9").wire()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "prompt: required"),
        ({"prompt": ""}, "prompt: required, got blank text"),
        ({"prompt": " \n"}, "prompt: required, got blank text"),
        ({"prompt": "a\ud800"}, "prompt: holds half a character (an unpaired surrogate)"),
        ({"image": "data:a\udfff"}, "image (inputImage): holds half a character"),
        ({"a\ud800": 4}, "inputs: holds half a character (an unpaired surrogate)"),
        ({"\udfff": 4, "scheduler": "x"}, "inputs: holds half a character"),
        (
            {"selected_model": "1", "selectedModel": "2"},
            "selected_model (selectedModel): given twice, as selected_model and as selectedModel",
        ),
        ({"prompt": 3}, "prompt: expected text, got 3 (whole number)"),
        ({"prompt": b"x"}, "prompt: expected text, got b'x' (bytes)"),
        ({"prompt": None}, "prompt: expected text, got nothing"),
        ({"samples": "4"}, "samples: expected a whole number, got '4' (text)"),
        ({"samples": 4.5}, "samples: expected a whole number, got 4.5 (number)"),
        ({"samples": 4.0}, "samples: expected a whole number, got 4.0 (number)"),
        ({"samples": True}, "samples: expected a whole number, got True (boolean)"),
        ({"samples": [4]}, "samples: expected a whole number, got [4] (list)"),
        ({"scale": "7.5"}, "scale: expected a number, got '7.5' (text)"),
        ({"scale": True}, "scale: expected a number, got True (boolean)"),
        ({"scale": float("nan")}, "scale: expected a finite number, got nan"),
        ({"scale": float("inf")}, "scale: expected a finite number, got inf"),
        ({"seed": [1]}, "seed: expected a whole number or text, got [1] (list)"),
        ({"fast": 1}, "fast: expected true or false, got 1 (whole number)"),
        ({"selected_lora_model": "62"}, f"{LORA_MODEL}: expected a list, got '62' (text)"),
        ({"private": 4}, "private (selectedLoraModelPrivate): expected a list, got 4"),
        (
            {"selected_lora_model": ["62", 68]},
            "selected_lora_model[1] (selectedLoraModel): expected text or a LoRA choice, got 68",
        ),
        (
            {"scheduler": "EulerDiscreet"},
            "scheduler: 'EulerDiscreet' is not an option; nearest: 'EulerDiscrete'",
        ),
        ({"scheduler": "lms NOR so"}, "scheduler: 'lms NOR so' is not an option; nearest: 'LMS or"),
        ({"scheduler": 3}, "scheduler: 3 is not an option; one of: 'EulerDiscrete', 'DDIM', "),
        ({"scheduler": ["DDIM"]}, "scheduler: expected text, got ['DDIM'] (list)"),
        (
            {"selected_lora_model": SLIDER(scale=3)},
            "selected_lora_model (selectedLoraModel): expected a list, got a LoRA choice",
        ),
        ({"samples": 10**5000}, "samples: has more than 300 digits"),
        ({"prompt": 10**5000}, "prompt: expected text, got a whole number that is"),
        ({"prompt": [10**5000]}, "prompt: expected text, got a list that is too large to show"),
        ({"sampels": 4}, "sampels: unknown input; did you mean samples?"),
        ({"zzz": 4}, "zzz: unknown input"),
        ({"selectedModle": "9"}, "selectedModle: unknown input; did you mean selected_model?"),
        ({"image": 4}, f"{IMAGE}, a path, bytes or a binary file, got 4"),
        ({"image": io.StringIO("x")}, f"{IMAGE}, a path, bytes"),
    ],
)  # fmt: skip
def test_what_is_refused_is_said_in_one_line(given: dict[str, Any], message: str) -> None:
    text = wrong(**({"prompt": "x", **given} if given else {}))
    assert text.startswith(message)
    assert "\n" not in text


def test_every_wrong_field_has_its_line_in_the_order_of_the_fields() -> None:
    with pytest.raises(InvalidInputs) as caught:
        Inputs(sampels=1, scheduler="x", samples="4")  # pyright: ignore[reportCallIssue] - wrong on purpose
    lines = str(caught.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "prompt", "samples", "scheduler", "sampels",
    ]  # fmt: skip
    assert list(caught.value.problems) == ["prompt", "samples", "scheduler", "sampels"]
    assert isinstance(caught.value, WiroError)
    assert isinstance(caught.value, ValueError)


def test_long_values_and_line_breaks_do_not_flood_the_message() -> None:
    text = wrong(prompt="x", scheduler="a\nb" * 5000)
    assert len(text) < 300
    assert "\n" not in text


class Rude:
    def __repr__(self) -> str:
        raise RuntimeError("a message must not run this")


def test_a_foreign_object_is_named_by_its_type_alone() -> None:
    assert wrong(prompt="x", samples=Rude()) == "samples: expected a whole number, got Rude"
    assert wrong(prompt="x", samples=[Rude()]) == "samples: expected a whole number, got a list"


def test_loras_send_their_ids_and_put_their_tags_in_front_of_the_prompt() -> None:
    wire = Inputs(
        prompt="a lighthouse",
        selected_lora_model=[SLIDER(scale=3), FISH(0.5), "68", PLAIN, SLIDER(-2, tag=False)],
    ).wire()
    assert wire["selectedLoraModel"] == ["62", "61", "68", "70", "62"]
    assert wire["prompt"] == "<lora:Happy:3>, <lora:Fish-v1.0:0.5>, a lighthouse"


def test_an_uncalled_lora_means_its_default_scale() -> None:
    wire = Inputs(prompt="a", selected_lora_model=[SLIDER, FISH]).wire()
    assert wire["prompt"] == "<lora:Happy:5>, <lora:Fish-v1.0:0.3>, a"


def test_a_prompt_that_begins_with_a_comma_gets_no_second_one() -> None:
    wire = Inputs(prompt=", photo of a man", selected_lora_model=[SLIDER]).wire()
    assert wire["prompt"] == "<lora:Happy:5>, photo of a man"


def test_wanted_trigger_words_follow_the_tag() -> None:
    wire = Inputs(prompt="a", selected_lora_model=[FISH(1, words=["koi-fish"])]).wire()
    assert wire["prompt"] == "<lora:Fish-v1.0:1.0>, koi-fish, a"


@pytest.mark.parametrize("scale", [0.1, 0.2, 0.3, 0.6, 0.7, 0.9, 1, 1.0, 0])
def test_steps_are_counted_in_decimals(scale: float) -> None:
    assert FISH(scale).value == "61"


@pytest.mark.parametrize(
    ("lora", "scale"),
    [(SLIDER, 6), (SLIDER, -6), (SLIDER, 3.5), (SLIDER, True), (SLIDER, "3"), (FISH, 1.1),
     (FISH, 0.55), (FISH, float("nan")), (FISH, float("inf"))],
)  # fmt: skip
def test_a_scale_off_the_slider_is_refused_with_the_lora_and_its_range(
    lora: LoraOption, scale: Any
) -> None:
    with pytest.raises(InvalidInputs) as caught:
        lora(scale)
    text = str(caught.value)
    setting = lora.settings[0]
    assert text.startswith(f"{lora.label}: expected a ")
    assert f"from {setting.minimum} to {setting.maximum} in steps of {setting.step}" in text


def test_a_scale_for_a_lora_without_sliders_is_refused() -> None:
    with pytest.raises(InvalidInputs, match="No sliders: scale does not apply"):
        PLAIN(1)
    with pytest.raises(InvalidInputs, match=r"no setting 'Fisch'; nearest: 'Fish-v1.0'"):
        FISH(scales={"Fisch": 1})
    with pytest.raises(InvalidInputs, match="'koi' is not a trigger word; nearest: 'koi-fish'"):
        FISH(words=["koi"])


def test_files_show_as_their_names_and_addresses_as_they_are(tmp_path: Path) -> None:
    photo = tmp_path / "photo.png"
    assert Inputs(prompt="x", image=photo).wire()["inputImage"] == "<file photo.png>"
    assert Inputs(prompt="x", image=b"\x89PNG").wire()["inputImage"] == "<file file>"
    url = "https://example.com/a.png"
    body = Inputs(prompt="x", image=url).wire()
    assert (body["inputImage"], body["inputImageUrl"]) == ("", url)


NO_ADDRESSES = [
    "photo.jpg",
    "./a b.png",
    "/srv/x",
    "C:\\photo.jpg",
    "c:/x",
    "//host/x",
    "=x:y",
    " https://a",
]


class Sent(ToolInputs):
    """Every kind of file input."""

    one: Annotated[FileLike, Field(alias="inputOne", json_schema_extra={"x-wire": "file"})] = ""
    many: Annotated[Sequence[FileLike], Field(json_schema_extra={"x-wire": "files"})] = []
    mixed: Annotated[
        FileLike | Sequence[FileLike], Field(json_schema_extra={"x-wire": "files-mixed"})
    ] = ""
    address: Annotated[FileLike | None, Field(json_schema_extra={"x-wire": "file-url"})] = None
    addresses: Annotated[
        Sequence[FileLike] | None, Field(json_schema_extra={"x-wire": "files-url"})
    ] = None


@pytest.mark.parametrize("text", NO_ADDRESSES)
@pytest.mark.parametrize("field", ["one", "many", "mixed", "address", "addresses"])
def test_text_that_is_no_address_is_refused_where_an_address_is_wanted(
    field: str, text: str
) -> None:
    listed = field in ("many", "addresses")
    with pytest.raises(InvalidInputs) as caught:
        cast("Any", Sent)(**{field: ["https://example.com/a.png", text] if listed else text})
    name = {"one": "one (inputOne)"}.get(field, f"{field}[1]" if listed else field)
    assert str(caught.value) == (
        f"{name}: expected an address or a file, got {text!r} (text); "
        f"to send the file, pass Path({text!r})"
    )


def test_what_is_wrong_in_a_list_of_files_is_said_by_place_alone() -> None:
    with pytest.raises(InvalidInputs) as caught:
        cast("Any", Sent)(mixed=["https://example.com/a.png", 5])
    assert list(caught.value.problems) == ["mixed[1]"]


@pytest.mark.parametrize(
    "text", ["", "https://example.com/a,b.png", "HTTP://x", "data:image/png;base64,AA", "s3://a/b"]
)
def test_an_address_of_any_scheme_is_taken(text: str) -> None:
    Sent(one=text, many=[text], mixed=text, address=text, addresses=[text])
    Sent(mixed=[text, Path("photo.jpg"), b"x"])


@pytest.mark.parametrize(
    "text",
    [
        "photo-10:20.png",
        "re:cat.jpg",
        "http:/x",
        "https:x.png",
        "https://",
        "https:///x",
        "x: // y",
    ],
)
def test_a_text_with_a_colon_is_no_address_by_that(text: str) -> None:
    for name, value in {"one": text, "mixed": [text], "address": text, "addresses": [text]}.items():
        with pytest.raises(InvalidInputs) as caught:
            cast("Any", Sent)(**{name: value})
        assert f"to send the file, pass Path({text!r})" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("file:///home/me/my%20photo.jpg", "/home/me/my photo.jpg"),
        ("FILE:photo.jpg", "photo.jpg"),
    ],
)
def test_the_address_of_a_file_of_this_computer_is_refused(text: str, path: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        Sent(address=text)
    assert str(caught.value).endswith(f"; to send the file, pass Path({path!r})")


def test_a_text_that_is_no_path_either_gets_no_advice_to_send_it() -> None:
    with pytest.raises(InvalidInputs) as caught:
        Sent(one="iVBORw0K\n" * 1000)
    assert "pass Path" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_inputs_are_frozen_and_survive_json_schema() -> None:
    inputs = Inputs(prompt="x")
    with pytest.raises(ValueError, match="frozen"):
        inputs.prompt = "y"
    assert Inputs.model_json_schema()["required"] == ["prompt"]


def test_what_floats_leave_behind_is_no_step_of_its_own() -> None:
    assert FISH(scale=0.1 * 3).prompt_prefix == "<lora:Fish-v1.0:0.3>, "
    with pytest.raises(InvalidInputs, match=r"in steps of 0\.1"):
        FISH(scale=0.3001)
    with pytest.raises(InvalidInputs, match="300 digits"):
        SLIDER(scale=10**5000)


class Job(BaseModel):
    """What an application might keep in its own models."""

    inputs: Inputs
    more: list[Inputs] = []


WAYS: dict[str, Callable[[dict[str, Any]], object]] = {
    "model_validate": Inputs.model_validate,
    "model_validate_json": lambda given: Inputs.model_validate_json(json.dumps(given)),
    "adapter": TypeAdapter(Inputs).validate_python,
    "adapter_json": lambda given: TypeAdapter(Inputs).validate_json(json.dumps(given)),
    "list": lambda given: TypeAdapter(list[Inputs]).validate_python([given]),
    "nested": lambda given: Job.model_validate({"inputs": given}),
    "nested in a list": lambda given: Job.model_validate(
        {"inputs": {"prompt": "x"}, "more": [given]}
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("prompt", "", "required, got blank text"),
        ("prompt", " \n", "required, got blank text"),
        ("samples", 10**400, "has more than 300 digits"),
        ("selected_lora_model", ["62", "\ud800"], "surrogate"),
        ("selectedModel", "\ud800", "u"),
        ("samples", "4", "valid integer"),
        ("zzz", 1, "not permitted"),
    ],
)
def test_every_way_of_validation_checks_the_same(
    way: Callable[[dict[str, Any]], object], field: str, value: Any, message: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        way({"prompt": "x", field: value})
    (error, *_) = caught.value.errors()
    # Half a character is no JSON to begin with.
    if error["type"] != "json_invalid":
        assert field in error["loc"]
        assert message in str(error)
    made: Callable[..., object] = cast("Any", Inputs)
    with pytest.raises(InvalidInputs):
        made(**{"prompt": "x", field: value})


@pytest.mark.parametrize("way", WAYS.values(), ids=list(WAYS))
def test_every_way_of_validation_takes_what_is_right(
    way: Callable[[dict[str, Any]], object],
) -> None:
    assert "lighthouse" in repr(way({"prompt": "a lighthouse", "selectedModel": "", "samples": 2}))


def test_an_option_may_be_blank_where_it_is_one() -> None:
    class Quiet(ToolInputs):
        mode: Annotated[Literal["", "loud"], Field(json_schema_extra={"x-wire": "string"})]

    assert Quiet(mode="").wire() == {"mode": ""}
    assert Quiet.model_validate({"mode": ""}).mode == ""


@pytest.mark.parametrize("given", ["1e400", "-1e999"])
def test_an_id_that_no_json_holds_as_a_number_is_sent_as_text(given: str) -> None:
    class Numbered(ToolInputs):
        model: Annotated[str, Field(json_schema_extra={"x-wire": "number"})]

    assert Numbered(model=given).wire() == {"model": given}
    assert Numbered(model="7.5").wire() == {"model": 7.5}


@pytest.mark.parametrize("error", [ValueError, AssertionError])
def test_what_a_validator_of_the_user_says_is_all_that_is_said(error: type[Exception]) -> None:
    class Own(Inputs):
        @field_validator("prompt")
        @classmethod
        def _check_length(cls, prompt: str) -> str:
            if len(prompt) > 3:
                raise error("Too long for us")
            return prompt

    with pytest.raises(InvalidInputs, match=r"^prompt: too long for us, got 'long' \(text\)$"):
        Own(prompt="long")
