"""What a Run request may hold, and what is said about one that may not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from simulator import specs
from simulator.wire import credentials, post, run, send
from wiro_runtime.testing import Simulator, SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.slow

RUN = "Run/wiro/painter"


def refused(sim: Simulator, body: Any) -> str:
    answer = post(sim, RUN, body)
    assert answer.status == 200
    code, message = answer.error
    assert code == 0
    assert sim.runs == []
    return message


def test_a_run_is_accepted_and_recorded_with_its_exact_types(sim: Simulator) -> None:
    body: dict[str, Any] = {"prompt": "a", "samples": 4, "scale": "7.5", "selectedLoraModel": []}
    answer = post(sim, RUN, body).json
    assert list(answer) == ["errors", "taskid", "socketaccesstoken", "result"]
    assert answer["errors"] == []
    assert answer["result"] is True
    assert answer["taskid"].isdigit()
    assert len(answer["socketaccesstoken"]) == 30
    assert answer["socketaccesstoken"].isalnum()
    (recorded,) = sim.runs
    assert recorded.tool == "wiro/painter"
    assert recorded.taskid == answer["taskid"]
    assert json.dumps(recorded.body) == json.dumps(body)
    assert sim.requests[-1].content_type == "application/json"
    assert json.loads(sim.requests[-1].raw) == body


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"prompt": None}, "Request parameter [prompt] must be a string"),
        ({"prompt": ""}, "Request parameter [prompt] required"),
        ({"prompt": "  "}, "Request parameter [prompt] required"),
        ({"prompt": 3}, "Request parameter [prompt] must be a string"),
        ({"prompt": ["a"]}, "Request parameter [prompt] must be a string"),
        ({"samples": "4"}, "Request parameter [samples] must be integer or float"),
        ({"samples": True}, "Request parameter [samples] must be integer or float"),
        ({"samples": 4.0}, "Request parameter [samples] must be integer"),
        ({"samples": None}, "Request parameter [samples] must be integer or float"),
        ({"scale": 7.5}, "Request parameter [scale] must be a string"),
        ({"scale": "much"}, "Request parameter [scale] must be integer or float"),
        ({"scale": "1e"}, "Request parameter [scale] must be integer or float"),
        ({"scale": "NaN"}, "Request parameter [scale] must be integer or float"),
        ({"strength": 1.25}, "Request parameter [strength] must be between 0 and 1"),
        ({"strength": -0.25}, "Request parameter [strength] must be between 0 and 1"),
        ({"strength": 0.3}, "Request parameter [strength] must be a multiple of 0.25"),
        ({"stride": 1e300}, "Request parameter [stride] must be a multiple of 0.5"),
        ({"seed": 123456}, "Request parameter [seed] must be a string"),
        ({"tiled": "false"}, "Request parameter [tiled] must be true or false"),
        ({"tiled": 0}, "Request parameter [tiled] must be true or false"),
        ({"scheduler": "euler"}, "Request parameter [scheduler] must be one of 'Euler', 'DDIM'"),
        ({"scheduler": ""}, "Request parameter [scheduler] must be one of 'Euler', 'DDIM'"),
        ({"selectedModel": 2}, "Request parameter [selectedModel] must be a string"),
        ({"selectedLoraModel": "62"}, "Request parameter [selectedLoraModel] must be an array"),
        (
            {"selectedLoraModel": [62]},
            "Request parameter [selectedLoraModel] must be an array of strings",
        ),
        ({"languages": ["en", "de"]}, "Request parameter [languages] must be one of 'en', 'tr'"),
        ({"quality": 3}, "Request parameter [quality] must be one of '1', '2'"),
        ({"quality": "1"}, "Request parameter [quality] must be integer or float"),
        ({"upscale": "True"}, "Request parameter [upscale] must be true or false"),
        ({"settings": []}, "Request parameter [settings] must be an object"),
        ({"sampels": 4}, "Request parameter [sampels] is unknown"),
        ({"negative_prompt": ""}, "Request parameter [negative_prompt] is unknown"),
        ({"callbackUrl": ""}, "Request parameter [callbackUrl] must be an http or https address"),
        (
            {"callbackUrl": "You can provide a callback URL"},
            "Request parameter [callbackUrl] must be an http or https address",
        ),
        ({"projectid": 1}, "Request parameter [projectid] must be a string"),
    ],
)
def test_a_wrong_value_is_named(sim: Simulator, inputs: dict[str, Any], message: str) -> None:
    assert refused(sim, {"prompt": "a", **inputs}) == message


def test_what_is_required_is_missed(sim: Simulator) -> None:
    assert refused(sim, {"samples": 1}) == "Request parameter [prompt] required"


@pytest.mark.parametrize(
    "inputs",
    [
        {"samples": 1, "scale": "6", "strength": 0.75},
        {"strength": 1, "seed": "", "tiled": True},
        {"scheduler": "DDIM", "languages": ["tr", "en"]},
        {"selectedModel": "", "selectedLoraModel": []},
        {"selectedModel": "99999", "selectedLoraModel": ["62", "68"]},
        {"settings": {"a": [1]}, "projectid": "699", "quality": 2, "upscale": False},
        {"prompt": "\u202e{{ }} \U0001f600 \x00"},
    ],
)
def test_a_right_value_passes(sim: Simulator, inputs: dict[str, Any]) -> None:
    run(sim, **inputs)


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        ("multipart/form-data", "not multipart/form-data"),
        ("multipart/form-data; boundary=x", "not multipart/form-data"),
        ("application/x-www-form-urlencoded", "got 'application/x-www-form-urlencoded'"),
        ("text/plain", "got 'text/plain'"),
        ("", "got no content type"),
    ],
)
def test_json_must_be_called_json(sim: Simulator, content_type: str, message: str) -> None:
    named: Sequence[tuple[str, str]] = [("content-type", content_type)] if content_type else []
    data = b'{"prompt": "a"}'
    answer = send(sim, "POST", f"/v1/{RUN}", [*credentials(sim), *named], data)
    assert answer.error[0] == 0
    assert message in answer.error[1]
    assert sim.runs == []


def test_a_charset_does_no_harm(sim: Simulator) -> None:
    headers = [*credentials(sim), ("content-type", "Application/JSON; charset=utf-8")]
    assert send(sim, "POST", f"/v1/{RUN}", headers, b'{"prompt": "a"}').json["result"] is True


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'"prompt"',
        b'{"prompt": "a", "samples": NaN}',
        b'{"prompt": "a", "samples": Infinity}',
        b'{"prompt": "a", "prompt": "b"}',
        b'{"prompt": "\xff"}',
        b'{"prompt": "\\ud83d"}',
        b'{"prompt": "a", "samples": 1e999}',
        b'{"prompt": "a", "samples": ' + b"1" * 5000 + b"}",
        b'{"prompt": "a"} {}',
        b"[" * 100_000,
    ],
)
def test_what_is_not_a_json_object_is_refused(sim: Simulator, data: bytes) -> None:
    assert refused(sim, data).startswith("Request parameters are invalid.")


@pytest.mark.parametrize(
    "path",
    [
        "civitai/2D%20Game%20Icon%20Mix%20v1.0",
        "civitai/2D%20Game%20Icon%20Mix%20v1%2E0",
        "%63ivitai/2D%20Game%20Icon%20Mix%20v1.0",
    ],
)
def test_an_encoded_tool_is_found(sim: Simulator, path: str) -> None:
    assert post(sim, f"Run/{path}", {"prompt": "a"}).json["result"] is True
    assert sim.runs[-1].tool == "civitai/2D Game Icon Mix v1.0"
    assert sim.requests[-1].path == "/v1/Run/civitai/2D Game Icon Mix v1.0"


@pytest.mark.parametrize(
    "path",
    ["wiro/painters", "Wiro/painter", "wiro%2Fpainter", "wiro", "wiro/painter/", "wiro/painter/x"],
)
def test_another_tool_is_not_found(sim: Simulator, path: str) -> None:
    answer = post(sim, f"Run/{path}", {"prompt": "a"})
    assert answer.status == 200
    assert answer.error == (1, "slug-owner-project-not-exist")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({}, "tool: expected 'owner/project', got None"),
        ({"tool": "a/b/c", "inputs": []}, "tool: expected 'owner/project'"),
        ({"tool": "a/b"}, "a/b: inputs: expected a list"),
        ({"tool": "a/b", "inputs": [{"type": "text"}]}, "a/b: inputs: an input has no name"),
        ({"tool": "a/b", "inputs": [{"name": "x"}]}, "a/b: x: wire: expected a mapping"),
        (
            {"tool": "a/b", "inputs": [{"name": "x", "wire": {"type": "int"}}]},
            "a/b: x: wire.type: 'int' is not a JSON type",
        ),
    ],
)
def test_a_spec_that_is_none_is_named(spec: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        Simulator([spec])
    assert str(caught.value).startswith(message)


def test_a_tool_is_given_once() -> None:
    with pytest.raises(SpecError, match="wiro/painter: given twice"):
        Simulator([specs.PAINTER, specs.PAINTER])
