"""Which inputs say how much of something is made, and the prices of generated modules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from generated import imported, number, prompt, select, text, tool
from wiro_runtime import InvalidInputs, Wiro
from wiro_runtime.price.inputs import PricedInput, tariff_data
from wirogen.specs import Wire

PROMPT = PricedInput("prompt")
IMAGE = PricedInput("inputImage", file=True)
KEYS = ["inputImage", "inputImageUrl"]


def roles(method: str, *inputs: PricedInput, wanted: str = "", **more: Any) -> dict[str, Any]:
    rate = {"inputs": {wanted: "QUANTITY:1"} if wanted else {}, "price": 1, "priceMethod": method}
    data = tariff_data([PROMPT, *inputs], dynamicprice=[rate], **more)
    assert data is not None
    return {key: value for key, value in data.items() if key != "rates"}


@pytest.mark.parametrize(
    ("name", "label", "found"),
    [
        ("samples", "", {"outputs": "samples"}),
        ("num_images", "", {"outputs": "num_images"}),
        ("numberOfImages", "", {"outputs": "numberOfImages"}),
        ("n", "", {"outputs": "n"}),
        ("maxImages", "", {"outputs": "maxImages", "most": True}),
        ("max_images", "Maximum number of output images", {"outputs": "max_images", "most": True}),
        ("limit", "Maximum number of output images", {"outputs": "limit", "most": True}),
        ("steps", "How many steps", {}),
        ("count", "", {}),
    ],
)
def test_inputs_that_count_outputs(name: str, label: str, found: dict[str, Any]) -> None:
    assert roles("cpo", PricedInput(name, label)) == found


@pytest.mark.parametrize(
    ("item", "found"),
    [
        (PricedInput("size"), {"size": ["size"]}),
        (PricedInput("resolution", values=["832*480", "auto"]), {"size": ["resolution"]}),
        (PricedInput("ratio", values=["1280:720", "720:1280"]), {"size": ["ratio"]}),
        (PricedInput("ratio", values=["16:9", "1:1"]), {}),
        (PricedInput("width"), {"width": "width"}),
        (IMAGE, {"images": ["inputImage"], "files": {"inputImage": KEYS}}),
        (PricedInput("inputVideo", file=True), {}),
    ],
)  # fmt: skip
def test_inputs_that_say_how_large_outputs_are(item: PricedInput, found: dict[str, Any]) -> None:
    assert roles("cp-pixel", item) == found


def test_inputs_that_say_how_long_something_is() -> None:
    assert roles("cp-promptlength") == {"prompt": "prompt"}
    assert roles("cp-outputVideoLength", PricedInput("seconds")) == {"duration": "seconds"}
    voice = PricedInput("inputVoiceUrl", file=True)
    keys = ["inputVoice", "inputVoiceUrl"]
    heard = {"audio": ["inputVoiceUrl"], "files": {"inputVoiceUrl": keys}}
    assert roles("cp-audiosecondslength", voice, IMAGE) == heard
    only = roles("cp-audiosecondslength", PricedInput("input", file=True))
    assert only["audio"] == ["input"]
    assert "audio" not in roles("cp-audiosecondslength", IMAGE, PricedInput("b", file=True))
    for time, seconds in (("8s", ["8", "8"]), ("1-2 minutes", ["60", "120"]), ("soon", None)):
        assert roles("cps", computingtime=time).get("seconds") == seconds


def test_files_are_counted_by_either_name() -> None:
    pages = PricedInput("inputDocumentMultiple", file=True, many=True)
    for name in ("inputDocumentMultiple", "inputDocumentUrlMultiple"):
        found = roles("cpr", pages, wanted=name)
        assert list(found["files"]) == [name]
        assert found["many"] == ["inputDocumentMultipleUrl", "inputDocumentUrlMultiple"]


def test_without_a_price_there_is_no_tariff() -> None:
    assert tariff_data([PROMPT]) is None
    assert tariff_data([PROMPT], cps="NaN", approximatelycost="-1") is None
    data = tariff_data([PROMPT], cps="0.5", computingtime="5", as_of="2026-11-02")
    assert data == {"cps": "0.5", "seconds": ["5", "5"], "as_of": "2026-11-02"}


def test_a_generated_module_knows_its_price() -> None:
    spec = tool(
        prompt(),
        select("resolution", "720p", "4k", wire=Wire(type="string", sent="")),
        number("samples", 2),
        text("inputImage", type="combinefileinput", wire=Wire(type="array")),
        dynamicprice=[
            {"inputs": {"resolution": "720p"}, "price": 0.05, "priceMethod": "cpo"},
            {"inputs": {"inputImage": "QUANTITY:1"}, "price": 0.2, "priceMethod": "cpr"},
            {"inputs": {}, "price": 0.1, "priceMethod": "cpr"},
        ],
    )
    with imported(spec) as module:
        assert str(module.price(resolution="720p", samples=3)) == "$0.15"
        assert str(module.price(resolution="4k")) == "$0.10"
        assert str(module.price(resolution="4k", input_image=["https://a.b/c.png"])) == "$0.20"
        assert str(module.price()) == "$0.10"
        with pytest.raises(InvalidInputs, match="resolution: '8k' is not an option"):
            module.price(resolution="8k")
        with Wiro("k", "s") as client:
            inputs = module.Inputs(prompt="a", resolution="720p")
            assert client.price("wiro/painter", inputs).low == Decimal("0.1")
            with pytest.raises(InvalidInputs, match="no tool"):
                client.price("wiro/none", {})
