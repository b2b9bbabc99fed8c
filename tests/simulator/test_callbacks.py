"""A task that has ended is posted to its callback address, once and unsigned."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from simulator.wire import post, run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from wiro_runtime.testing import Delivery, Simulator

pytestmark = pytest.mark.slow


class Receiver(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.posts: list[tuple[str, dict[str, str], Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/wiro?x=1"


class Handler(BaseHTTPRequestHandler):
    server: Receiver  # pyright: ignore[reportIncompatibleVariableOverride]  (it is one)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.posts.append((self.path, headers, json.loads(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (named so above)
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def eventually(look: Callable[[], list[Delivery]]) -> list[Delivery]:
    deadline = time.monotonic() + 60
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return found


def test_the_detail_is_posted_when_the_task_has_ended(
    manual: Simulator, receiver: Receiver
) -> None:
    taskid = run(manual, callbackUrl=receiver.url)["taskid"]
    manual.step(times=5)
    assert manual.deliveries == []
    manual.advance(100)
    (delivery,) = eventually(lambda: manual.deliveries)
    assert (delivery.taskid, delivery.status, delivery.problem) == (taskid, 204, None)
    ((path, headers, task),) = receiver.posts
    assert path == "/wiro?x=1"
    assert headers["content-type"] == "application/json"
    assert not any(name.startswith("x-") for name in headers)
    assert task == post(manual, "Task/Detail", {"taskid": taskid}).task
    assert task["callbackurl"] == receiver.url


def test_a_cancelled_task_is_posted_too(manual: Simulator, receiver: Receiver) -> None:
    taskid = run(manual, callbackUrl=receiver.url)["taskid"]
    post(manual, "Task/Cancel", {"taskid": taskid})
    eventually(lambda: manual.deliveries)
    assert receiver.posts[0][2]["status"] == "task_cancel"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:1/", "failed"),
        ("https://127.0.0.1/", "on loopback only"),
        ("http://192.0.2.1/", "on loopback only"),
        ("http://wiro.ai/", "on loopback only"),
    ],
)
def test_nothing_but_loopback_is_called(sim: Simulator, url: str, problem: str) -> None:
    run(sim, callbackUrl=url)
    (delivery,) = eventually(lambda: sim.deliveries)
    assert delivery.status is None
    assert problem in (delivery.problem or "")
