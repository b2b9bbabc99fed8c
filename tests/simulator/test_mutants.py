"""Clients that are wrong in one way: each is caught. What is right is let through."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runtime.kit import PROMPT, SAMPLES, tool
from simulator.wire import Answer, Part, credentials, multipart, post, send, sign
from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow


def entry(name: str, type_: str, wire: str, **more: Any) -> dict[str, Any]:
    base = {"name": name, "label": name, "help": "", "type": type_, "default": None}
    return {**base, "required": False, "wire": {"type": wire, **more.pop("sent", {})}, **more}


TOOL = tool(
    "a/t",
    PROMPT,
    SAMPLES,
    entry("scale", "float", "string", sent={"sent": "7.5"}),
    entry("mode", "select", "string", open=False, options=[{"value": "x", "label": "x"}]),
    entry("styles", "multiselect", "array", open=True, options=[]),
    entry("tiled", "checkbox", "boolean"),
    entry("inputImage", "fileinput", "string"),
    entry("inputImageUrl", "text", "string"),
    entry("inputDocumentMultiple", "multifileinput", "array"),
)
URL = "https://example.com/a.png"


@pytest.fixture(scope="module")
def one() -> Iterator[Simulator]:
    with Simulator([TOOL], speed="manual") as simulator:
        yield simulator


@pytest.fixture
def sim(one: Simulator) -> Simulator:
    one.clear()
    return one


def accepted(answer: Answer) -> bool:
    return answer.status == 200 and answer.json.get("result") is True


def run(sim: Simulator, **inputs: Any) -> Answer:
    return post(sim, "Run/a/t", {"prompt": "p", **inputs})


def forms(sim: Simulator, *parts: Part) -> Answer:
    kind, data = multipart([Part("prompt", "p"), *parts])
    return send(sim, "POST", "/v1/Run/a/t", [*credentials(sim), ("content-type", kind)], data)


IMAGE = Part("inputImage", b"\x89PNG", "a.png")
NO_URL = Part("inputImageUrl", "")


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"samples": 4, "scale": "6.5", "mode": "x", "styles": ["a"], "tiled": True},
        {"inputImage": "", "inputImageUrl": URL},
        {"inputImageUrl": URL},
        {"inputDocumentMultiple": "", "inputDocumentMultipleUrl": f"{URL},{URL}"},
        {"callbackUrl": "https://example.com/hook"},
    ],
)
def test_what_is_right_is_let_through(sim: Simulator, inputs: dict[str, Any]) -> None:
    assert accepted(run(sim, **inputs))
    assert accepted(forms(sim, IMAGE, NO_URL))


@pytest.mark.parametrize(
    "inputs",
    [
        {"samples": "4"},
        {"samples": 4.0},
        {"samples": True},
        {"scale": 7.5},
        {"scale": "7,5"},
        {"tiled": "true"},
        {"tiled": 1},
        {"styles": "a"},
        {"styles": [1]},
        {"mode": None},
        {"mode": "y"},
        {"zzz": 1},
        {"prompt": "  "},
        {"prompt": None},
        {"callbackUrl": ""},
        {"callbackUrl": "YOUR CALLBACK"},
        {"inputImage": URL},
        {"inputImage": URL, "inputImageUrl": ""},
        {"inputImage": URL, "inputImageUrl": URL},
        {"inputImage": []},
        {"inputDocumentMultiple": URL},
        {"inputDocumentMultiple": []},
        {"inputDocumentMultiple": [URL]},
    ],
)
def test_a_wrong_body(sim: Simulator, inputs: dict[str, Any]) -> None:
    assert not accepted(run(sim, **inputs))
    assert sim.runs == []


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [IMAGE],
        [IMAGE, Part("inputImageUrl", URL)],
        [IMAGE, NO_URL, Part("prompt", "q")],
        [IMAGE, NO_URL, Part("samples", "four")],
        [IMAGE, NO_URL, Part("samples", "04")],
        [IMAGE, NO_URL, Part("tiled", "1")],
        [IMAGE, NO_URL, IMAGE],
        [IMAGE, NO_URL, Part("inputDocumentMultiple", URL)],
        [IMAGE, NO_URL, Part("styles", '["a"]')],
        [Part("inputImage", b"", "a.png"), NO_URL],
        [Part("inputImage", b"\x89PNG", ""), NO_URL],
        [Part("inputImage", b"\x89PNG", "../a.png"), NO_URL],
        [Part("prompt", b"\x89PNG", "a.png")],
    ],
)
def test_a_wrong_form(sim: Simulator, parts: list[Part]) -> None:
    assert not accepted(forms(sim, *parts))
    assert sim.runs == []


def backwards(sim: Simulator, nonce: str) -> str:
    text = f"{nonce}{sim.api_secret}".encode()
    return hmac.new(sim.api_key.encode(), text, hashlib.sha256).hexdigest()


SIGNATURES: dict[str, Callable[[Simulator, str], str]] = {
    "upper case": lambda sim, nonce: sign(sim.api_key, str(sim.api_secret), nonce).upper(),
    "key and secret changed over": lambda sim, nonce: sign(str(sim.api_secret), sim.api_key, nonce),
    "nonce before secret": backwards,
    "another nonce": lambda sim, nonce: sign(sim.api_key, str(sim.api_secret), f"{nonce}1"),
    "nothing": lambda _sim, _nonce: "",
}


@pytest.mark.parametrize("made", SIGNATURES.values(), ids=list(SIGNATURES))
def test_a_wrong_signature(sim: Simulator, made: Callable[[Simulator, str], str]) -> None:
    nonce = dict(credentials(sim))["x-nonce"] + "0000"
    headers = [("x-api-key", sim.api_key), ("x-nonce", nonce), ("x-signature", made(sim, nonce))]
    headers.append(("content-type", "application/json"))
    answer = send(sim, "POST", "/v1/Run/a/t", headers, b'{"prompt": "p"}')
    assert answer.status == 401
    assert sim.runs == []


@pytest.mark.parametrize(
    ("path", "more", "data"),
    [
        ("Run/a/t?api_key=simulated-api-key", [], b'{"prompt": "p"}'),
        ("Run/a/t", [("content-encoding", "gzip")], b'{"prompt": "p"}'),
        ("Run/a/t", [("x-api-key", "simulated-api-key")], b'{"prompt": "p"}'),
        ("Run/a/t", [], b'{"prompt": "p", "prompt": "q"}'),
        ("Run/a/t", [], b'{"prompt": "p", "samples": NaN}'),
        ("Run/a/t", [], b'["p"]'),
        ("run/a/t", [], b'{"prompt": "p"}'),
        ("Run/a/t/", [], b'{"prompt": "p"}'),
    ],
)
def test_a_wrong_request(
    sim: Simulator, path: str, more: list[tuple[str, str]], data: bytes
) -> None:
    headers = [*credentials(sim), ("content-type", "application/json"), *more]
    assert not accepted(send(sim, "POST", f"/v1/{path}", headers, data))
    assert sim.runs == []


@pytest.mark.parametrize("kind", ["multipart/form-data", "text/plain", ""])
def test_a_wrong_content_type(sim: Simulator, kind: str) -> None:
    headers = [*credentials(sim), ("content-type", kind)]
    answer = send(sim, "POST", "/v1/Run/a/t", headers, b'{"prompt": "p"}')
    assert not accepted(answer)
    assert sim.runs == []


def test_a_nonce_that_was_used(sim: Simulator) -> None:
    headers = [*credentials(sim), ("content-type", "application/json")]
    answers = [
        send(sim, "POST", "/v1/Run/a/t", headers, b'{"prompt": "p"}').status for _ in range(2)
    ]
    assert answers == [200, 401]


def test_orders_that_do_not_fit_the_state_of_a_task(sim: Simulator) -> None:
    task = run(sim).json
    key = {"taskid": task["taskid"]}
    assert not accepted(post(sim, "Task/Kill", key))
    assert not accepted(post(sim, "Task/Detail", {"taskid": int(key["taskid"])}))
    assert not accepted(post(sim, "Task/Detail", {**key, "tasktoken": "x"}))
    sim.advance(4)
    assert not accepted(post(sim, "Task/Cancel", key))
    assert not accepted(
        post(sim, "Task/InputOutputDelete", {"tasktoken": task["socketaccesstoken"]})
    )
    sim.advance(60)
    assert not accepted(post(sim, "Task/Kill", key))
    assert not accepted(post(sim, "Task/Cancel", key))


@pytest.mark.parametrize(
    "name",
    ["x-api-key", "x-nonce", "x-signature", "authorization", "proxy-authorization", "cookie"],
)
def test_a_download_with_credentials(sim: Simulator, name: str) -> None:
    task = run(sim).json
    sim.advance(60)
    detail = post(sim, "Task/Detail", {"taskid": task["taskid"]}).task
    path = detail["outputs"][0]["url"].removeprefix(sim.origin)
    assert send(sim, "GET", path).status == 200
    assert send(sim, "GET", path, [(name, "1")]).status == 400
    assert send(sim, "GET", f"{path}?key={sim.api_key}").status == 400
