"""The simulator accepts exactly what the two real documents say, and takes each apart."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from simulator.wire import detail, post
from wiro_runtime.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

SPECS = Path(__file__).parents[2] / "specs"
TOOLS = ["wiro/instant-id-lora", "wiro/text-to-image-sd-lora"]


def run_command(tool: str) -> dict[str, Any]:
    """The JSON body in a document's Run Command, the placeholder of the callback left out."""
    text = (SPECS / "documents" / f"{tool}.txt").read_text("utf-8")
    match = re.search(r"## Run Command.*? -d '(\{.*?\})'", text, re.DOTALL)
    assert match is not None
    body = json.loads(match[1])
    del body["callbackUrl"]
    return body


@pytest.fixture(scope="module")
def wiro() -> Iterator[Simulator]:
    specs = [yaml.safe_load((SPECS / "tools" / f"{tool}.yaml").read_text()) for tool in TOOLS]
    with Simulator(specs) as simulator:
        yield simulator


@pytest.mark.parametrize("tool", TOOLS)
def test_the_documented_body_is_accepted(wiro: Simulator, tool: str) -> None:
    body = run_command(tool)
    answer = post(wiro, f"Run/{tool}", body).json
    assert answer["result"] is True, answer
    assert json.dumps(wiro.runs[-1].body) == json.dumps(body)
    outputs = detail(wiro, answer["taskid"])["outputs"]
    assert len(outputs) == body["samples"]


@pytest.mark.parametrize("tool", TOOLS)
def test_every_value_of_another_type_is_refused(wiro: Simulator, tool: str) -> None:
    body = run_command(tool)
    for name, value in body.items():
        for other in ("x", 1, 1.5, True, ["x"], {"x": 1}, None):
            if type(other) is type(value):
                continue
            code, message = post(wiro, f"Run/{tool}", {**body, name: other}).error
            assert code == 0
            assert f"[{name}]" in message


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_required_is_required(wiro: Simulator, tool: str) -> None:
    body = run_command(tool)
    needed = [name for name in ("prompt", "inputImageUrl") if name in body]
    for name in needed:
        rest = {key: value for key, value in body.items() if key != name}
        message = f"Request parameter [{name}] required"
        assert post(wiro, f"Run/{tool}", rest).error == (0, message)
    minimal = {name: body[name] for name in needed}
    assert post(wiro, f"Run/{tool}", minimal).json["result"] is True


def test_a_picker_is_open_and_a_scheduler_is_not(wiro: Simulator) -> None:
    body = run_command("wiro/text-to-image-sd-lora")
    path = "Run/wiro/text-to-image-sd-lora"
    assert post(wiro, path, {**body, "selectedModel": "987654"}).json["result"] is True
    assert "[scheduler]" in post(wiro, path, {**body, "scheduler": "Euler"}).error[1]
