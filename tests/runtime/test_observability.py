"""Logs, hooks and reprs: enough to see what happens, and never a credential."""

from __future__ import annotations

import json
import logging
import traceback
from typing import Any

import pytest

from runtime.kit import TOOL, AnyClient, Kit, got
from wiro_runtime import (
    Hooks,
    PollSchedule,
    RequestInfo,
    ResponseInfo,
    RetryInfo,
    TaskInfo,
    WiroError,
)
from wiro_runtime.settings import Timing
from wiro_runtime.testing import faults

PROMPT = {"prompt": "x"}


async def run(client: AnyClient) -> None:
    await got(client.run(TOOL, PROMPT))


def credentials(kit: Kit) -> tuple[str, ...]:
    return kit.simulator.api_key, str(kit.simulator.api_secret)


def test_no_logger_shows_a_credential_even_at_debug(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    async def flow(client: AnyClient) -> str:
        await got(client.run(TOOL, PROMPT, on_update=print))
        task = await got(client.submit(TOOL, PROMPT))
        await got(task.wait())
        return task.token

    with caplog.at_level(logging.DEBUG):
        token = kit.run(flow, timing=Timing(), poll=PollSchedule.every(0.01))
    # The simulator's own server logs frames as they come.
    records = [record for record in caplog.records if not record.name.startswith("uvicorn")]
    text = "\n".join(record.getMessage() for record in records)
    names = {record.name.partition(".")[0] for record in records}
    assert {"wiro_runtime", "httpcore2", "websockets"} <= names
    assert not [secret for secret in (*credentials(kit), token) if secret in text]


def test_a_line_of_httpx2_with_the_key_in_it_is_redacted(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    kit.client()
    key, secret = credentials(kit)
    with caplog.at_level(logging.DEBUG):
        for name in ("httpx2", "httpcore2.http11", "httpcore2.connection", "wiro_runtime"):
            logging.getLogger(name).debug("headers %r of %s", {"x-api-key": key}, secret)
            logging.getLogger(name).debug("[(b'x-signature', b'abc123')] x-signature: abc123")
    text = caplog.text
    assert key not in text
    assert secret not in text
    assert "abc123" not in text.replace("b'abc123'", "")


def test_one_line_per_event_with_the_id(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    kit.simulator.faults.add("Task/Detail", faults.status(503))
    with caplog.at_level(logging.INFO, logger="wiro_runtime"):
        kit.run(run)
    task_id = kit.simulator.runs[0].taskid
    lines = [record.getMessage() for record in caplog.records if record.name == "wiro_runtime"]
    assert lines == [
        f"task {task_id} submitted to {TOOL}",
        f"task {task_id}: task_queue",
        "POST /Task/Detail failed (HTTP 503: an empty response); again in 0.4 s",
        f"task {task_id}: task_postprocess_end",
    ]


def test_errors_show_no_credential_even_if_the_server_echoes_them(kit: Kit) -> None:
    key, secret = credentials(kit)
    for fault in (
        faults.error(0, f"bad key {key} and {secret}"),
        faults.plain_error(f"bad key {key}"),
        faults.status(400, f'{{"errors": ["{secret}"]}}'),
    ):
        kit.simulator.faults.clear()
        kit.simulator.faults.add("*", fault, times=None)
        with pytest.raises(WiroError) as caught:
            kit.run(run)
        shown = "".join(traceback.format_exception(caught.value)) + repr(vars(caught.value))
        assert key not in shown
        assert secret not in shown


def test_hooks_see_requests_answers_retries_and_tasks(kit: Kit) -> None:
    kit.simulator.faults.add("Task/Detail", faults.status(503))
    kit.simulator.faults.add("Task/Detail", faults.reset(), nth=2)
    seen: list[Any] = []
    hooks = Hooks(request=seen.append, response=seen.append, retry=seen.append, task=seen.append)
    kit.run(run, hooks=hooks)
    task_id = kit.simulator.runs[0].taskid
    assert [type(info) for info in seen] == [
        RequestInfo, ResponseInfo, TaskInfo,
        RequestInfo, ResponseInfo, RetryInfo,
        RequestInfo, ResponseInfo, RetryInfo,
        RequestInfo, ResponseInfo, TaskInfo,
    ]  # fmt: skip
    assert seen[1].request is seen[0]
    assert (seen[0].path, seen[0].task_id) == (f"/Run/{TOOL}", None)
    assert (seen[3].path, seen[3].task_id) == ("/Task/Detail", task_id)
    assert [seen[i].status for i in (1, 4, 7, 10)] == [200, 503, None, 200]
    assert [seen[i].error is None for i in (1, 4, 7, 10)] == [True, True, False, True]
    assert [(seen[i].failures, seen[i].delay) for i in (5, 8)] == [(1, 0.375), (2, 0.75)]
    assert [(seen[i].task_id, seen[i].tool, seen[i].status) for i in (2, 11)] == [
        (task_id, TOOL, "task_queue"),
        (task_id, TOOL, "task_postprocess_end"),
    ]


def test_a_hook_that_fails_breaks_nothing(kit: Kit, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_info: object) -> None:
        raise LookupError("mine")

    kit.run(run, hooks=Hooks(request=fail, response=fail, retry=fail, task=fail))
    assert "a hook failed" in caplog.text


def test_ten_lines_are_enough_for_spans(kit: Kit) -> None:
    spans: dict[RequestInfo, str] = {}
    ended: list[tuple[str, int | None]] = []

    def start(info: RequestInfo) -> None:
        spans[info] = f"span {info.path}"

    def end(info: ResponseInfo) -> None:
        ended.append((spans.pop(info.request), info.status))

    kit.run(run, hooks=Hooks(request=start, response=end))
    assert spans == {}
    assert ended == [(f"span /Run/{TOOL}", 200), ("span /Task/Detail", 200)]


def test_the_http_library_keeps_quiet_at_info_about_this_package_alone(
    kit: Kit, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        kit.run(run)
        names = {record.name for record in caplog.records}
        assert "wiro_runtime" in names
        assert "httpx2" not in names
        logging.getLogger("httpx2").info("HTTP Request: of another client")
    assert caplog.records[-1].name == "httpx2"


EVIL = "\x1b]0;owned\x07 no \x1b[2J \x9b31m \r \x00 \x7f"


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("Run/*", faults.error(0, EVIL)),
        ("Run/*", faults.plain_error(EVIL)),
        ("Run/*", faults.status(400, json.dumps({"errors": [EVIL]}))),
        ("Run/*", faults.status(418, b"x", headers={"content-type": "\x9b31m no"})),
        ("Task/Detail", faults.task_field("pexit", EVIL)),
        ("Task/Detail", faults.edit(lambda body: body["tasklist"][0].update(
            pexit="1", outputs=[], debugerror=EVIL))),
        ("Task/Detail", faults.edit(lambda body: body["tasklist"][0].update(
            status=EVIL, debugerror=EVIL))),
    ],
)  # fmt: skip
def test_errors_hold_no_control_characters_of_what_wiro_sends(
    kit: Kit, path: str, fault: Any
) -> None:
    """Python prints them as they are when nothing catches them."""
    kit.simulator.faults.add(path, fault, times=None)

    async def flow(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT, timeout=5))

    with pytest.raises(WiroError) as caught:
        kit.run(flow)
    assert str(caught.value).isprintable()
