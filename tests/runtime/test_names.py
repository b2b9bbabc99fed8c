"""Errors of a run call its inputs as Python does, with Wiro's names in brackets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from runtime.kit import TOOL, AnyClient, Kit, got
from wiro_runtime import ApiError, InvalidInputs
from wiro_runtime.catalogue import open_catalogue
from wiro_runtime.inputs.messages import name_inputs
from wiro_runtime.testing import Simulator, faults

FACE = "wiro/instant-id-lora"
NAMES: Mapping[str, str] = {"inputImage": "input_image", "scale": "guidance"}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Request parameter [inputImage] required", "[input_image (inputImage)] required"),
        ("[scale] must be between 1 and 2", "[guidance (scale)] must be between 1 and 2"),
        ("Request parameter [other] required", "Request parameter [other] required"),
        ("the inputImage of [inputImages] is wrong", "the inputImage of [inputImages] is wrong"),
    ],
)
def test_what_wiro_says_of_an_input_is_said_of_the_python_one(text: str, named: str) -> None:
    error = ApiError(text, code=0)
    name_inputs(error, NAMES)
    name_inputs(error, NAMES)
    assert str(error).endswith(named)
    assert error.message == text


def test_a_problem_with_a_file_is_filed_under_the_python_name() -> None:
    text = "inputImage[1]: no such file: /x\nscale: odd\nother: odd"
    error = InvalidInputs(text, problems={"inputImage[1]": "no such file", "scale": "odd"})
    name_inputs(error, NAMES)
    assert str(error).splitlines() == [
        "input_image[1] (inputImage): no such file: /x",
        "guidance (scale): odd",
        "other: odd",
    ]
    assert error.problems == {"input_image[1]": "no such file", "guidance": "odd"}


def test_other_errors_are_left_alone() -> None:
    error = ValueError("inputImage: x")
    name_inputs(error, NAMES)
    assert str(error) == "inputImage: x"


@pytest.mark.parametrize("goes_on", [False, True], ids=["first", "goes on"])
def test_a_run_that_fails_names_inputs_in_python(
    kit: Kit, instant: Simulator, tmp_path: Path, goes_on: bool
) -> None:
    check = open_catalogue().get(FACE).check

    async def flow(client: AnyClient) -> None:
        more: Any = {}
        if goes_on:
            more["previous"] = await got(client.run(TOOL, {"prompt": "x"}))
            instant.clear()
        missing = check({"prompt": "x", "inputImageUrl": tmp_path / "no.png"})
        with pytest.raises(InvalidInputs, match=r"^input_image\w* \(inputImage\w*\): .*no.png"):
            await got(client.submit(FACE, missing, **more))
        instant.faults.add("Run/*", faults.error(0, "Request parameter [inputImageUrl] required"))
        fine = check({"prompt": "x", "inputImageUrl": "https://example.com/a.png"})
        with pytest.raises(ApiError, match=r"\[input_image_url \(inputImageUrl\)\] required"):
            await got(client.submit(FACE, fine, **more))

    kit.run(flow)
    assert instant.runs == []
