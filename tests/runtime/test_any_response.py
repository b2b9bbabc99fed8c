"""No response of a server makes anything but a WiroError come out."""

from __future__ import annotations

import asyncio
import json
import time
import tracemalloc
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from runtime.kit import got, timed
from wiro_runtime import (
    ApiError,
    AsyncResult,
    AsyncWiro,
    LogLine,
    PollSchedule,
    Result,
    SubmissionUncertain,
    TaskTimeout,
    Wiro,
    WiroError,
)
from wiro_runtime.settings import Timing

pytestmark = pytest.mark.slow

NO_WAIT = Timing(sleep=lambda _seconds: asyncio.sleep(0))
RUN: dict[str, Any] = {"result": True, "errors": [], "taskid": "7", "socketaccesstoken": "tok"}
DETAIL = {"id": "7", "socketaccesstoken": "tok", "status": "task_postprocess_end", "pexit": "0"}

ODD: st.SearchStrategy[Any] = st.sampled_from([
    "http://[x", "http://a..b/x", "https://" + "a" * 70 + "/x.png", "//", "https://\x00/", "ftp://x",
    "\ud83d", "a\nb", "1e400", "NaN", "-1", "9" * 400, "9" * 5000, "../../etc/passwd", "", " ", "0",
    1e308, -1, 10**300, True, None, [], {}, "data:,x", "http://user:pw@host/x", "https://host:99999/",
])  # fmt: skip
SCALARS: st.SearchStrategy[Any] = (
    ODD | st.none() | st.booleans() | st.integers() | st.floats() | st.text()
)
NAMES = st.sampled_from([
    "result", "errors", "code", "message", "taskid", "socketaccesstoken", "tasklist", "id",
    "status", "pexit", "outputs", "url", "name", "size", "contenttype", "content", "segments",
    "raw", "answer", "usage", "finishreason", "totalcost", "elapsedseconds", "createtime",
    "debugoutput", "debugerror", "parameters", "total", "data",
])  # fmt: skip
VALUES: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: st.dictionaries(NAMES, inner, max_size=6) | st.lists(inner, max_size=3),
    max_leaves=16,
)
OUTPUTS = st.lists(st.dictionaries(NAMES, VALUES, max_size=6), max_size=3)
BODIES = st.binary(max_size=50) | st.sampled_from([
    b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5000, b"\xff\xfe", b'{"result": true}', b"null",
])  # fmt: skip
STATUSES = st.sampled_from([200, 200, 200, 204, 302, 400, 401, 404, 429, 500, 503])
HEADERS = st.dictionaries(
    st.sampled_from(["retry-after", "retry-after-ms", "date", "content-type", "location"]),
    st.sampled_from([
        "0", "-1", "1e400", "nan", "9" * 400, "Mon, 01 Jan 99999999999999999999 00:00:00 GMT",
        "Mon, 01 Jan 2024 00:00:00 +99999999999999", "soon", "", "http://[x",
    ]),
    max_size=2,
)  # fmt: skip


def spelt(value: object) -> bytes:
    return json.dumps(value).encode()


def use(kind: type[Wiro] | type[AsyncWiro], run: Any, detail: Any) -> None:
    """Run a tool whose two responses are given, and look at all of the result."""

    def respond(request: httpx2.Request) -> httpx2.Response:
        status, headers, body = run if "/Run/" in request.url.path else detail
        return httpx2.Response(status, headers=headers, content=body)

    client_kind = httpx2.Client if kind is Wiro else httpx2.AsyncClient
    options: dict[str, Any] = {
        "http_client": client_kind(transport=httpx2.MockTransport(respond)),
        "base_url": "http://127.0.0.1:1/v1",
        "socket_url": "",
        "poll": PollSchedule.every(0.001),
        "max_retries": 1,
    }
    try:
        if kind is Wiro:
            with timed(Wiro, NO_WAIT)("k" * 10, "s" * 10, **options) as client:
                look(client.run("a/b", {"prompt": "x"}, timeout=0.3))
        else:
            asyncio.run(use_async(options))
    except WiroError as error:
        str(error).encode()


async def use_async(options: dict[str, Any]) -> None:
    async with timed(AsyncWiro, NO_WAIT)("k" * 10, "s" * 10, **options) as client:
        look(await client.run("a/b", {"prompt": "x"}, timeout=0.3))


def look(result: Result | AsyncResult) -> None:
    """All that a caller may read without the network."""
    shown = [result.text, result.thinking, str(result), repr(result), str(result.cost)]
    shown += [str(result.tool_calls), str(result.usage), str(result.segments), str(result.elapsed)]
    shown += [f"{output.name}{output.size}{output.text}{output!r}" for output in result.outputs]
    "".join(shown).encode()


KINDS = pytest.mark.parametrize("kind", [Wiro, AsyncWiro])
FUZZ = settings(
    max_examples=35, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@KINDS
@FUZZ
@given(STATUSES, HEADERS, BODIES | VALUES.map(spelt), st.dictionaries(NAMES, VALUES, max_size=6))
def test_no_response_to_a_run(
    kind: Any, status: int, headers: dict[str, str], body: bytes, more: dict[str, Any]
) -> None:
    detail: Any = (200, {}, spelt({"result": True, "tasklist": [DETAIL]}))
    use(kind, (status, headers, body), detail)
    use(kind, (status, headers, spelt({**RUN, **more})), detail)


@KINDS
@FUZZ
@given(STATUSES, HEADERS, BODIES | VALUES.map(spelt))
def test_no_response_to_a_poll(
    kind: Any, status: int, headers: dict[str, str], body: bytes
) -> None:
    use(kind, (200, {}, spelt(RUN)), (status, headers, body))


@KINDS
@FUZZ
@given(st.dictionaries(NAMES, VALUES, max_size=8), OUTPUTS)
@example({}, [{"url": "http://[x"}, {"content": "paid for", "name": "a.txt"}])
@example({}, [{"url": "https://host:99999/"}, {"url": "\ud83d"}, {"name": "\ud83d"}])
@example({}, [{"content": "hi \ud83d"}, {"content": {"segments": [{"type": "answer"}]}}])
@example({"totalcost": "1e400", "elapsedseconds": "9" * 5000}, [{"size": "1e400"}])
@example({"totalcost": "1e999999999", "createtime": 1e308}, [{"size": 10**300, "url": []}])
def test_no_detail_and_no_output(
    kind: Any, more: dict[str, Any], outputs: list[dict[str, Any]]
) -> None:
    detail = {**DETAIL, **more, "id": "7", "status": DETAIL["status"], "outputs": outputs}
    use(kind, (200, {}, spelt(RUN)), (200, {}, spelt({"result": True, "tasklist": [detail]})))


def test_a_task_that_is_named_is_never_lost_to_an_odd_response() -> None:
    def respond(_request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=b"[" * 100_000)

    client = httpx2.Client(transport=httpx2.MockTransport(respond))
    options: dict[str, Any] = {"http_client": client, "base_url": "http://127.0.0.1:1/v1"}
    with Wiro("k" * 10, "s" * 10, **options) as wiro, pytest.raises(SubmissionUncertain):
        wiro.submit("a/b", {"prompt": "x"})


@KINDS
@pytest.mark.parametrize("name", ["\0", "7\x1b[2J", "7\n8", "\u202e7", "\x9b7"])
def test_an_id_that_cannot_be_printed_is_in_no_message(kind: Any, name: str) -> None:
    def respond(request: httpx2.Request) -> httpx2.Response:
        if "/Run/" in request.url.path:
            return httpx2.Response(200, json={"taskid": name, "socketaccesstoken": "tok"})
        task = {"id": name, "socketaccesstoken": name, "status": "task_start"}
        return httpx2.Response(200, json={"result": True, "tasklist": [task]})

    client_kind = httpx2.Client if kind is Wiro else httpx2.AsyncClient
    client: Any = timed(kind, NO_WAIT)(
        "k" * 10,
        "s" * 10,
        http_client=client_kind(transport=httpx2.MockTransport(respond)),
        base_url="http://127.0.0.1:1/v1",
        socket_url="",
        poll=PollSchedule.every(0.001),
    )

    async def run() -> None:
        async with client:
            await client.run("a/b", {"prompt": "x"}, timeout=0.3)

    with pytest.raises(TaskTimeout) as raised:
        asyncio.run(run()) if kind is AsyncWiro else client.run("a/b", {}, timeout=0.3)
    notes = getattr(raised.value, "__notes__", [])
    assert f"{raised.value}{notes}{raised.value.task_id}".isprintable()
    if kind is Wiro:
        client.close()


def client_of(kind: Any, task: dict[str, Any], log: bytes = b"") -> Any:
    """A client of a server that has one ``task``, with ``log`` for each ``LOG`` in it, and refuses
    every call but Task/Detail."""
    refusal = spelt({"result": False, "errors": [{"code": 0, "message": "ab " * 1_000_000}]})
    detail = spelt({"result": True, "tasklist": [task]}).replace(b"LOG", log)

    def respond(request: httpx2.Request) -> httpx2.Response:
        asked = request.url.path.endswith("/Task/Detail")
        return httpx2.Response(200, content=detail if asked else refusal)

    own = httpx2.Client if kind is Wiro else httpx2.AsyncClient
    return kind(
        "k" * 10,
        "s" * 10,
        http_client=own(transport=httpx2.MockTransport(respond)),
        base_url="http://127.0.0.1:1/v1",
        socket_url="",
    )


@KINDS
@pytest.mark.parametrize("field", ["debugoutput", "debugerror"])
@pytest.mark.parametrize("status", ["task_start", "task_error"])
def test_millions_of_lines_of_a_log_hold_up_no_wait(kind: Any, field: str, status: str) -> None:
    events: list[Any] = []

    async def flow() -> None:
        # In JSON, for writing it as such takes longer than all the rest.
        lines = b"a\\n" * 10_000_000
        client = client_of(kind, {"id": "7", "status": status, field: "LOG"}, lines)
        with pytest.raises(TaskTimeout):
            await got(client.task("7").wait(timeout=1, on_update=events.append))

    begin = time.monotonic()
    asyncio.run(flow())
    assert time.monotonic() - begin < 15
    assert sum(isinstance(event, LogLine) for event in events) <= 10_000


@KINDS
def test_an_error_of_a_million_words_is_not_split_into_them(kind: Any) -> None:
    async def flow() -> None:
        client = client_of(kind, {})
        with pytest.raises(ApiError, match="ab ab"):
            await got(client.post("/Tool/Explore"))

    tracemalloc.start()
    try:
        asyncio.run(flow())
        assert tracemalloc.get_traced_memory()[1] < 40 * 2**20
    finally:
        tracemalloc.stop()
