"""Only a request that is signed as Wiro wants it gets in."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from simulator.specs import PAINTER
from simulator.wire import credentials, post, send, sign
from wiro_runtime.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.wire import Answer

pytestmark = pytest.mark.slow

KEY, SECRET = "the-key", "the-secret"
BODY = json.dumps({"taskid": "1"}).encode()
JSON = ("content-type", "application/json")


@pytest.fixture
def project() -> Iterator[Simulator]:
    with Simulator([PAINTER], api_key=KEY, api_secret=SECRET) as simulator:
        yield simulator


def knock(sim: Simulator, *headers: tuple[str, str]) -> Answer:
    return send(sim, "POST", "/v1/Task/Detail", [*headers, JSON], BODY)


def signed(nonce: str, signature: str | None = None) -> list[tuple[str, str]]:
    signature = sign(KEY, SECRET, nonce) if signature is None else signature
    return [("x-api-key", KEY), ("x-nonce", nonce), ("x-signature", signature)]


def test_a_signed_request_gets_as_far_as_the_task_that_is_not_there(project: Simulator) -> None:
    answer = knock(project, *signed("1734513807"))
    assert answer.status == 200
    assert answer.error == (1, "There is no task yet.")


def test_the_signature_is_that_of_openssl(project: Simulator) -> None:
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", KEY],
        input=f"{SECRET}42".encode(),
        capture_output=True,
        check=True,
    )
    signature = made.stdout.decode().split()[-1]
    assert knock(project, *signed("42", signature)).status == 200


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ([], "not founded"),
        ([("x-api-key", "another"), *signed("5")[1:]], "not founded"),
        ([("x-api-key", KEY)], "requires signature"),
        (signed("5")[:2], "requires signature"),
        ([signed("5")[0], signed("5")[2]], "requires signature"),
        (signed("5", sign(KEY, SECRET, "6")), "is not valid"),
        (signed("5", sign(SECRET, KEY, "5")), "is not valid"),
        (signed("5", sign(KEY, SECRET, "5").upper()), "is not valid"),
        (signed("5", "(stdin)= " + sign(KEY, SECRET, "5")), "is not valid"),
        (signed("5", ""), "is not valid"),
        (signed("now"), "not an integer"),
        (signed("1.5"), "not an integer"),
        ([*signed("5"), ("x-nonce", "5")], "sent twice"),
        ([*signed("5"), ("x-api-key", KEY)], "sent twice"),
    ],
)
def test_anything_else_is_401(
    project: Simulator, headers: list[tuple[str, str]], message: str
) -> None:
    answer = knock(project, *headers)
    assert answer.status == 401
    code, said = answer.error
    assert code == 0
    assert message in said


def test_a_nonce_opens_the_door_once(project: Simulator) -> None:
    assert knock(project, *signed("7")).status == 200
    again = knock(project, *signed("7"))
    assert again.status == 401
    assert "used before" in again.error[1]
    project.clear()
    assert knock(project, *signed("7")).status == 401


def test_a_nonce_that_was_refused_is_not_used_up(project: Simulator) -> None:
    assert knock(project, *signed("8", "0" * 64)).status == 401
    assert knock(project, *signed("8")).status == 200


def test_a_project_without_a_secret_takes_the_key_and_no_signature() -> None:
    with Simulator([PAINTER], api_key=KEY, api_secret=None) as sim:
        assert knock(sim, ("x-api-key", KEY)).status == 200
        assert knock(sim, ("x-api-key", KEY), ("x-nonce", "1")).status == 401
        empty = ("x-signature", sign(KEY, "", "1"))
        assert knock(sim, ("x-api-key", KEY), ("x-nonce", "1"), empty).status == 401
        assert "WIRO_API_SECRET" not in sim.env()


def test_only_post_and_only_known_addresses(project: Simulator) -> None:
    get = send(project, "GET", "/v1/Task/Detail", signed("1"))
    assert get.status == 405
    assert "POST" in get.error[1]
    assert post(project, "Task/Details", {}).status == 404
    assert post(project, "task/detail", {}).status == 404


def test_credentials_come_before_the_body(project: Simulator) -> None:
    answer = send(project, "POST", "/v1/Task/Detail", [JSON], b"{")
    assert answer.status == 401
    assert post(project, "Task/Detail", b"{").status == 200


def test_a_refused_request_is_recorded_too(project: Simulator) -> None:
    knock(project)
    (request,) = project.requests
    assert (request.method, request.path) == ("POST", "/v1/Task/Detail")
    assert request.body == {"taskid": "1"}
    assert "x-api-key" not in request.headers


def test_the_environment_leads_to_the_simulator(project: Simulator) -> None:
    env = project.env()
    assert env["WIRO_API_KEY"] == KEY
    assert env["WIRO_API_SECRET"] == SECRET
    assert env["WIRO_BASE_URL"] == project.base_url
    assert env["WIRO_SOCKET_URL"].endswith("/v1/socket")
    assert credentials(project)[0] == ("x-api-key", KEY)
    assert KEY not in repr(project.requests)
