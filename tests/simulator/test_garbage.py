"""Whatever is sent, the answer is one of Wiro's: a refusal with a reason, never a crash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator import specs
from simulator.wire import credentials, get, send
from wiro_runtime.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow

PATHS = [
    "Run/wiro/painter",
    "Run/wiro/editor",
    "Task/Detail",
    "Task/Cancel",
    "Task/Kill",
    "Task/InputOutputDelete",
    "File/Upload",
    "Tool/List",
    "Tool/Detail",
]
NAMES = sorted(
    {entry["name"] for spec in (specs.PAINTER, specs.EDITOR) for entry in spec["inputs"]}
    | {"taskid", "tasktoken", "file", "limit", "start", "search", "slugowner", "inputImageUrl"}
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
BODIES = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=5).map(
    lambda body: json.dumps(body).encode()
) | st.binary(max_size=200)
TYPES = st.sampled_from(
    ["application/json", "multipart/form-data; boundary=x", "multipart/form-data", "text/x", "\xff"]
)
FORMS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.booleans(), st.binary(max_size=20)), max_size=5
)


@pytest.fixture(scope="module")
def server() -> Iterator[Simulator]:
    with Simulator(specs.ALL) as simulator:
        yield simulator


def form(parts: list[tuple[str, bool, bytes]]) -> bytes:
    lines: list[bytes] = []
    for name, is_file, value in parts:
        file = '; filename="a.bin"' if is_file else ""
        head = f'content-disposition: form-data; name="{name}"{file}'.encode()
        lines += [b"--x", head, b"", value]
    return b"\r\n".join([*lines, b"--x--", b""])


def check(server: Simulator, path: str, content_type: str, body: bytes) -> None:
    headers = [*credentials(server), ("content-type", content_type)]
    answer = send(server, "POST", f"/v1/{path}", headers, body)
    assert answer.status == 200
    said: Any = answer.json
    assert isinstance(said["result"], bool)
    if not said["result"]:
        ((code, message),) = [(error["code"], error["message"]) for error in said["errors"]]
        assert code in (0, 1)
        assert message


@given(path=st.sampled_from(PATHS), content_type=TYPES, body=BODIES)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_body_is_answered(server: Simulator, path: str, content_type: str, body: bytes) -> None:
    check(server, path, content_type, body)


@given(path=st.sampled_from(PATHS), parts=FORMS)
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_form_is_answered(
    server: Simulator, path: str, parts: list[tuple[str, bool, bytes]]
) -> None:
    check(server, path, "multipart/form-data; boundary=x", form(parts))


@given(
    path=st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Zs"]), max_size=30),
    asked=st.text(st.sampled_from("bytes=-,0123456789"), max_size=20),
)
@settings(max_examples=50, deadline=None)
def test_any_address_is_answered(server: Simulator, path: str, asked: str) -> None:
    for root in ("/v1/", "/cdn/", "/models/", "/"):
        url = server.origin + root + path.replace("#", "%23")
        assert get(server, url, {"range": asked}).status in (200, 400, 404, 405, 416)
