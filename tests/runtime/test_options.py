"""An option is taken by id, by label, or by the part of a label that fits only one."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from wiro_runtime import AsyncWiro, InvalidInputs, NotFoundError, UndocumentedOption, Wiro
from wiro_runtime.generated import LoraChoice, LoraOption, ToolInputs
from wiro_runtime.inputs.options import Options
from wiro_runtime.testing import Simulator
from wirogen.specs import load_spec, spec_to_json

SD = "wiro/text-to-image-sd-lora"

VOICES = {
    "21m00": "Rachel (female, calm)",
    "AZnzl": "Domi (female, strong)",
    "TxGEq": "Josh (male)",
    "ErXwo": "José (male, old)",
    "pNInz": "Female Choir",
}
NUMBERS = {"5": "5", "10": "10", "-1": "-1", "0.1": "0.1"}


def options(labels: dict[str, str] | Sequence[str], *, closed: bool = True) -> Options:
    return Options(labels if isinstance(labels, dict) else {x: x for x in labels}, closed)


@pytest.mark.parametrize(
    ("labels", "given", "found"),
    [
        (VOICES, "21m00", ["21m00"]),
        (VOICES, "Rachel (female, calm)", ["21m00"]),
        (VOICES, "rachel", ["21m00"]),
        (VOICES, "RACH", ["21m00"]),
        (VOICES, "jose", ["ErXwo"]),
        (VOICES, "  José ", ["ErXwo"]),
        (VOICES, "male", ["TxGEq", "ErXwo"]),
        (VOICES, "male old", ["ErXwo"]),
        (VOICES, "choir", ["pNInz"]),
        (VOICES, "oir", []),
        (VOICES, "ra", []),
        (VOICES, "", []),
        (VOICES, "()", []),
        ({"a": "b", "b": "c"}, "b", ["b"]),
        ({"1": "Rachel", "2": "rachel", "3": "Rachel II"}, "RACHEL", ["1", "2"]),
        ({"901": "KandooAI/Juggernaut", "7": "Juggernaut XL"}, "juggernaut", ["901"]),
        ({"901": "KandooAI/Juggernaut v9.1"}, "juggernaut v9", []),
        ({"901": "KandooAI/Juggernaut v9.1"}, "KANDOOAI_JUGGERNAUT_V9_1", []),
        ({"901": "KandooAI/Juggernaut"}, "KANDOOAI_JUGGERNAUT", ["901"]),
        (["EulerDiscrete", "LMSDiscrete"], "EULER_DISCRETE", ["EulerDiscrete"]),
        (["EulerDiscrete", "LMSDiscrete"], "lms", ["LMSDiscrete"]),
        (["GPT-4o", "GPT-4.1"], "gpt 4o", ["GPT-4o"]),
        (["GPT-4o", "GPT-4.1"], "gpt4.1", ["GPT-4.1"]),
        (["dpmsolver", "dpmsolver++"], "DPMSolver", ["dpmsolver"]),
        (["Normal", "High"], "no", []),
        (["5s", "10s", "15s"], "5S", ["5s"]),
        (["5 seconds", "15 seconds"], "5 sec", ["5 seconds"]),
        (["1:1", "16:9"], "169", []),
        (["1:1", "16:9"], "1", []),
        (NUMBERS, "1", []),
        (NUMBERS, "10", ["10"]),
        (["Straße"], "STRASSE", ["Straße"]),
        (["日本語 (標準)"], "日本語", ["日本語 (標準)"]),
    ],
)  # fmt: skip
def test_which_options_a_text_means(
    labels: dict[str, str] | list[str], given: str, found: list[str]
) -> None:
    assert list(options(labels).find(given)) == found


def test_ids_of_an_open_list_are_not_searched_for_parts() -> None:
    assert options(["flux-dev"], closed=False).find("flux") == ()
    assert options({"flux-dev": "FLUX dev"}, closed=False).find("flux") == ("flux-dev",)
    assert options({"flux-dev": "FLUX dev"}, closed=False).find("FLUX-DEV") == ("flux-dev",)


MODELS: dict[str, Any] = {"901": "KandooAI/Juggernaut", "482": "SG/Realistic Vision"}
SLIDER = LoraOption(value="62", label="Ostris/Happy Slider")


class Inputs(ToolInputs):
    prompt: Annotated[str, Field(json_schema_extra={"x-wire": "string"})] = "a"
    voice: Annotated[
        Literal["21m00", "AZnzl", "TxGEq"] | None,
        Field(json_schema_extra={"x-wire": "string", "x-options": dict[str, Any](VOICES)}),
    ] = None
    styles: Annotated[
        Sequence[Literal["oil paint", "ink"]], Field(json_schema_extra={"x-wire": "array"})
    ] = ["ink"]
    model: Annotated[
        str,
        Field(alias="selectedModel", json_schema_extra={"x-wire": "string", "x-options": MODELS}),
    ] = "1"
    models: Annotated[Sequence[str], Field(json_schema_extra={"x-options": MODELS})] = []
    slug: Annotated[str, Field(json_schema_extra={"x-options": {"flux-dev": "FLUX dev"}})] = ""
    loras: Annotated[
        Sequence[str | LoraChoice | LoraOption],
        Field(json_schema_extra={"x-wire": "array", "x-options": {"62": "Ostris/Happy Slider"}}),
    ] = []
    free: Annotated[str, Field(json_schema_extra={"x-wire": "string"})] = ""


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"voice": "Rachel"}, {"voice": "21m00"}),
        ({"styles": ("oil", "INK")}, {"styles": ["oil paint", "ink"]}),
        ({"selectedModel": "juggernaut"}, {"selectedModel": "901"}),
        ({"models": ["vision", "901"]}, {"models": ["482", "901"]}),
        ({"loras": ["happy", SLIDER]}, {"loras": ["62", "62"]}),
        ({"slug": "flux"}, {"slug": "flux-dev"}),
        ({"free": "901"}, {"free": "901"}),
    ],
)
def test_a_label_is_sent_as_its_id(given: dict[str, Any], sent: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UndocumentedOption)
        wire = Inputs(**given).wire()
        assert {key: wire[key] for key in sent} == sent
        assert Inputs.model_validate(given).wire() == wire


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"voice": "Domi and Josh"}, "voice: 'Domi and Josh' is not an option; one of: "),
        ({"voice": "female"}, "voice: 'female' fits several options: 'Rachel (female, calm)' "
                              "(id '21m00'), 'Domi (female, strong)' (id 'AZnzl')"),
        ({"voice": 5}, "voice: 5 is not an option; one of: 'Rachel (female, calm)' (id '21m00'), "),
        ({"voice": 10**5000}, "voice: a number that is too large is not an option; one of: "),
        ({"styles": ["ink", "inc"]}, "styles[1]: 'inc' is not an option; nearest: 'ink'"),
        ({"styles": "ink"}, "styles: expected a list, got 'ink' (text)"),
        ({"model": "Jugernaut"}, "model (selectedModel): 'Jugernaut' is neither an id nor a label; "
                                 "nearest: 'KandooAI/Juggernaut' (id '901')"),
        ({"models": ["1", "x", "y"]}, "models[1]: 'x' is neither an id nor a label; one of: "
                                      "'KandooAI/Juggernaut' (id '901')"),
        ({"loras": ["happi slider"]}, "loras[0]: 'happi slider' is neither an id nor a label; "
                                      "nearest: 'Ostris/"),
    ],
)  # fmt: skip
def test_what_means_no_option_or_several_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputs) as caught:
        Inputs(**given)
    assert str(caught.value).splitlines()[0].startswith(message)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"model": "4711"}, "model: '4711' is not documented; it is sent as it is"),
        ({"slug": "my-model"}, "slug: 'my-model' is not documented; it is sent as it is"),
        ({"models": ["901", "7"]}, "models: '7' is not documented; it is sent as it is"),
        ({"loras": ["7", SLIDER]}, "loras: '7' is not documented; it is sent as it is"),
    ],
)
def test_an_id_that_is_not_listed_is_sent_with_one_warning(
    given: dict[str, Any], text: str
) -> None:
    with pytest.warns(UndocumentedOption) as caught:
        wire = Inputs(**given).wire()
    (warning,) = caught
    assert str(warning.message) == text
    assert warning.filename == __file__
    assert "7" in str(wire) or "my-model" in str(wire)


@pytest.mark.parametrize(
    "given", [{}, {"model": "1"}, {"model": ""}, {"model": "901"}, {"free": "x"}]
)
def test_defaults_and_documented_ids_warn_of_nothing(given: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Inputs(**given)


def test_runs_of_both_clients_warn_of_the_line_that_calls_them() -> None:
    def run() -> None:
        with Wiro() as client, suppress(NotFoundError):
            client.run("wiro/x", lambda: Inputs(model="4711"))

    async def run_async() -> None:
        async with AsyncWiro() as client:
            with suppress(NotFoundError):
                await client.run("wiro/x", lambda: Inputs(model="4711"))

    with Simulator() as simulator, pytest.MonkeyPatch.context() as patch:
        for name, value in simulator.env().items():
            patch.setenv(name, value)
        with pytest.warns(UndocumentedOption) as caught:
            run()
        with pytest.warns(UndocumentedOption) as caught_async:
            asyncio.run(run_async())
    assert [each.filename for each in (*caught, *caught_async)] == [__file__] * 2


def test_tool_calls_prices_and_mappings_take_labels() -> None:
    given = {"prompt": "a", "scheduler": "lms", "selectedModel": "Juggernaut"}
    path = Path(__file__).parents[2] / "specs" / "tools" / f"{SD}.yaml"
    spec = spec_to_json(load_spec(path.read_text("utf-8"), path=str(path)))
    with Simulator([spec]) as simulator, pytest.MonkeyPatch.context() as patch:
        for name, value in simulator.env().items():
            patch.setenv(name, value)
        with Wiro() as client:
            client.run(SD, given)
            client.submit(SD, given)
            client.price(SD, given)
        bodies = [run.body for run in simulator.runs]
    assert [(each["scheduler"], each["selectedModel"]) for each in bodies] == [
        ("LMSDiscreteScheduler", "901"),
    ] * 2
