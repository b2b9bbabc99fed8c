"""Responses of the API with a ``Content-Encoding``, be it one that is meant or not."""

from __future__ import annotations

import gzip
import json
import os
import ssl
from pathlib import Path

import httpx2
import pytest

from runtime.kit import TOOL, AnyClient, Kit, got
from wiro_runtime import WiroError
from wiro_runtime.http import transport
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.testing import faults

PROMPT = {"prompt": "x"}
NAMES = {"taskid": "705", "socketaccesstoken": "tok"}


CODINGS = ["gzip", "x-gzip", "deflate", "br", "zstd", "gzip, br", "UTF-8", "none", ","]


@pytest.mark.parametrize(
    ("coding", "indent"), [*((coding, None) for coding in CODINGS), ("deflate", 2)]
)
@pytest.mark.parametrize("given", [False, True], ids=["own", "http_client"])
def test_a_response_that_names_a_coding_it_does_not_have_names_its_task(
    kit: Kit, tmp_path: Path, coding: str, given: bool, indent: int | None
) -> None:
    for path, named in (("Run/*", NAMES), ("Task/Detail", {"tasklist": [{"id": "705"}]})):
        headers = {"content-encoding": coding}
        body = json.dumps({"result": True, **named}, indent=indent)
        kit.simulator.faults.add(path, faults.status(200, body, headers=headers), times=None)

    async def flow(client: AnyClient) -> str:
        task = await got(client.submit(TOOL, PROMPT))
        await got(task.refresh())
        if isinstance(http_client, httpx2.AsyncClient):
            await http_client.aclose()
        return task.id

    kind = httpx2.Client if kit.kind == "sync" else httpx2.AsyncClient
    # It needs no certificates here, which take long to load.
    unused = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    http_client = kind(trust_env=False, verify=unused) if given else None
    assert kit.run(flow, journal=tmp_path / "journal", http_client=http_client) == "705"
    assert len(kit.simulator.requests) == 2
    if isinstance(http_client, httpx2.Client):
        http_client.close()
    journal = Journal(tmp_path / "journal")
    tasks, lost = journal.unfinished()
    journal.close()
    assert ([task.id for task in tasks], lost) == (["705"], [])


@pytest.mark.parametrize("end", [-12, -1, None], ids=["cut", "cut late", "whole"])
def test_a_compressed_response_names_its_task_though_it_is_cut(kit: Kit, end: int | None) -> None:
    text = json.dumps({**NAMES, "result": True, "log": os.urandom(2000).hex()})
    body = gzip.compress(text.encode())[:end]
    headers = {"content-encoding": "gzip"}
    kit.simulator.faults.add("Run/*", faults.status(200, body, headers=headers), times=None)

    async def flow(client: AnyClient) -> str:
        return (await got(client.submit(TOOL, PROMPT))).id

    assert kit.run(flow) == "705"
    assert len(kit.simulator.requests) == 1


def test_a_response_that_grows_without_end_when_decoded_is_refused(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_RESPONSE", 2**20)
    body = gzip.compress(b"[" + b" " * 2**22)
    headers = {"content-encoding": "gzip"}
    kit.simulator.faults.add("Task/Detail", faults.status(200, body, headers=headers), times=None)

    async def flow(client: AnyClient) -> None:
        await got(client.task("705").refresh())

    with pytest.raises(WiroError, match="larger than"):
        kit.run(flow)
