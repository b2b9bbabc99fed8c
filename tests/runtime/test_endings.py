"""Runs in flight while their caller, their client, their event loop or their process ends."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from runtime.kit import TOOL, AnyClient, Kit, got
from wiro_runtime import AsyncWiro, ConfigurationError, TaskEnded, Wiro
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.testing import Simulator, faults

PROMPT = {"prompt": "x"}
ACCEPTED: dict[str, Any] = {"result": True, "errors": [], "taskid": "77", "socketaccesstoken": "t"}


def mocked(answer: Any, **options: Any) -> AsyncWiro:
    """A client whose requests ``answer`` answers."""
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return AsyncWiro("k", "s", base_url="http://127.0.0.1:1/v1", http_client=client, **options)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (429, {"result": False, "errors": [{"code": 0, "message": "too many"}]}),
        (200, {"result": False, "errors": [{"code": 96, "message": "the limit is reached"}]}),
    ],
    ids=["429", "96"],
)
def test_a_run_that_is_refused_after_its_cancellation_is_not_waited_for(
    status: int, body: dict[str, Any]
) -> None:
    sent = 0
    all_sent = asyncio.Event()

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        nonlocal sent
        sent += 1
        if sent == 4:
            all_sent.set()
        await asyncio.sleep(0.2)
        if sent == 1:
            return httpx2.Response(200, json=ACCEPTED)
        return httpx2.Response(status, json=body, headers={"retry-after": "30"})

    async def main() -> None:
        async with mocked(answer) as client:
            await client.submit(TOOL, PROMPT, validate=False)
            # More than one, so that there is a queue at the limit.
            late = [
                asyncio.create_task(client.submit(TOOL, PROMPT, validate=False)) for _ in range(3)
            ]
            await all_sent.wait()
            for each in late:
                each.cancel()
            _, waiting = await asyncio.wait(late, timeout=5)
            for each in waiting:
                each.cancel()
            assert not waiting
            assert all(each.cancelled() for each in late)
            assert sent == 4

    asyncio.run(main())


def test_a_run_is_recorded_when_its_event_loop_ends(tmp_path: Path) -> None:
    sent = asyncio.Event()

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        sent.set()
        await asyncio.sleep(0.3)
        return httpx2.Response(200, json=ACCEPTED)

    async def fail() -> None:
        await sent.wait()
        raise ValueError("another coroutine's")

    # Nothing closes it before its loop ends: asyncio.run() cancels what is still running.
    client = mocked(answer, journal=tmp_path / "journal")

    async def main() -> None:
        await asyncio.gather(client.submit(TOOL, PROMPT, validate=False), fail())

    with pytest.raises(ValueError, match="another coroutine's"):
        asyncio.run(main())
    asyncio.run(client.aclose())
    journal = Journal(tmp_path / "journal")
    names, sending = journal.known()
    journal.close()
    assert "77" in names
    assert not sending


THREADS = """
import threading, time
from wiro_runtime import Wiro

client = Wiro(journal="journal")
begun = threading.Event()

def early():
    begun.set()
    client.submit("wiro/painter", {"prompt": "early"})

def late():
    threading.main_thread().join()
    time.sleep(0.3)
    client.run("wiro/painter", {"prompt": "late"}).download("out")
    tasks = list(client.resume(ended=True))
    client.close()
    print(len(tasks), all(task.id for task in tasks))

threading.Thread(target=late).start()
threading.Thread(target=early).start()
begun.wait()
time.sleep(0.2)
"""


@pytest.mark.slow
def test_threads_go_on_when_the_main_thread_has_ended(instant: Simulator, tmp_path: Path) -> None:
    instant.faults.add("Run", faults.slow(1), nth=1)
    assert _run(THREADS, instant, tmp_path) == "2 True\n"
    assert (tmp_path / "out" / "0.png").exists()


AT_EXIT = """
import atexit
from wiro_runtime import Wiro

client = Wiro(journal="journal")
client.submit("wiro/painter", {"prompt": "x"})
atexit.register(client.close)
"""


@pytest.mark.slow
def test_a_client_can_be_closed_at_exit(instant: Simulator, tmp_path: Path) -> None:
    assert _run(AT_EXIT, instant, tmp_path) == ""


UNFINISHED = """
import sys, threading
from wiro_runtime import Wiro

task = Wiro().submit("wiro/painter", {"prompt": "x"})
left = iter(task.events())
next(left)
if sys.argv[1:] == ["kept"]:
    threading.kept = left
"""

UNFINISHED_BESIDE_A_SERVER = """
from wiro_runtime import Wiro
from wiro_runtime.testing import Simulator
from wiro_tools.wiro import text_to_image_sd_lora as sd

with Simulator([sd]) as wiro, Wiro(wiro.api_key, wiro.api_secret, base_url=wiro.base_url) as client:
    left = iter(sd.submit(client, prompt="x").events())
    next(left)
"""


@pytest.mark.slow
@pytest.mark.parametrize("kept", [[], ["kept"]], ids=["a global", "beyond all modules"])
def test_events_left_unfinished_do_not_keep_the_process(
    instant: Simulator, tmp_path: Path, kept: list[str]
) -> None:
    """Python closes them when the thread of the event loop no longer runs."""
    assert _run(UNFINISHED, instant, tmp_path, *kept) == ""


@pytest.mark.slow
def test_events_left_unfinished_end_without_complaints(instant: Simulator, tmp_path: Path) -> None:
    assert _run(UNFINISHED_BESIDE_A_SERVER, instant, tmp_path) == ""


CLOSED_WHEN_DELETED = """
from wiro_runtime import Wiro

class Service:
    def __init__(self):
        self.client = Wiro(journal="journal")

    def __del__(self):
        self.client.close()

service = Service()
service.client.submit("wiro/painter", {"prompt": "x"})
"""


@pytest.mark.slow
def test_a_client_can_be_closed_when_its_module_is_deleted(
    instant: Simulator, tmp_path: Path
) -> None:
    """Python has stopped the background loop by then, and imports nothing any more."""
    assert _run(CLOSED_WHEN_DELETED, instant, tmp_path) == ""


FIRST_USE = {
    "thread": """
import threading
from wiro_runtime import AsyncWiro, Wiro

def use():
    threading.main_thread().join()
    begin()

threading.Thread(target=use).start()
""",
    "atexit": """
import atexit
from wiro_runtime import AsyncWiro, Wiro

atexit.register(lambda: begin())
""",
}

BEGIN = {
    "Wiro": """
def begin():
    with Wiro(journal="journal") as client:
        client.run("wiro/painter", {"prompt": "x"}).download("out")
        print("done")
""",
    "AsyncWiro": """
import asyncio

async def main():
    async with AsyncWiro(journal="journal") as client:
        result = await client.run("wiro/painter", {"prompt": "x"})
        await result.download("out")
        print("done")

def begin():
    asyncio.run(main())
""",
}


@pytest.mark.slow
@pytest.mark.skipif(
    (3, 12) <= sys.version_info < (3, 12, 2), reason="Python starts no threads then (gh-113964)"
)
@pytest.mark.parametrize("begin", BEGIN)
@pytest.mark.parametrize("use", FIRST_USE)
def test_a_client_can_be_made_when_the_main_thread_has_ended(
    instant: Simulator, tmp_path: Path, use: str, begin: str
) -> None:
    assert _run(BEGIN[begin] + FIRST_USE[use], instant, tmp_path) == "done\n"


RAISING = """
import asyncio, itertools, logging, os, sys, warnings
from asyncio.events import Handle
from wiro_runtime import AsyncWiro
from wiro_runtime.http import transport
from wiro_runtime.tasks import service, submitter
from wiro_runtime.tasks.journal import Journal

submitter._FAREWELL = 0.1
# Python and asyncio tell of the task that was lost.
logging.disable()
warnings.simplefilter("ignore")
sys.unraisablehook = lambda _: None
run = Handle._run

def concerned(handle):
    owner = getattr(handle._callback, "__self__", None)
    work = owner.get_coro() if isinstance(owner, asyncio.Task) else handle._callback
    return getattr(work, "__name__", "") in ("_guarded", "_set_state")

def interrupting(handle):
    global left
    left -= concerned(handle)
    if left < 0:
        left = 1000
        raise SystemExit(3)
    run(handle)

async def main(journal):
    client = AsyncWiro(journal=journal, timeout=1)
    await client.submit("wiro/painter", {"prompt": "x"})

def first_to_end():
    # The first step that is none any more. Some are tried at once: most wait for a second.
    global left
    for begin in itertools.count(step=6):
        children = []
        for step in range(begin, begin + 6):
            child = os.fork()
            if child == 0:
                left = step
                asyncio.run(main(f"journal-{step}"))
                return None
            children.append(child)
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        if 0 in codes:
            return begin + codes.index(0)

Handle._run = interrupting
if (found := first_to_end()) is not None:
    print(found)
"""


@pytest.mark.slow
def test_a_signal_handler_that_raises_in_the_event_loop_holds_nothing_up(
    instant: Simulator, tmp_path: Path
) -> None:
    """asyncio never goes on with what it was about to do at that moment. The process ends."""
    steps = int(_run(RAISING, instant, tmp_path, timeout=60))
    assert steps > 8
    runs = [run.taskid for run in instant.runs]
    known: list[str] = []
    lost = 0
    for path in tmp_path.glob("journal-*[0-9]"):
        journal = Journal(path)
        tasks, unknown = journal.unfinished()
        journal.close()
        known += [task.id for task in tasks]
        lost += len(unknown)
    assert set(known) <= set(runs)
    assert len(set(runs) - set(known)) <= lost


def _run(
    code: str, simulator: Simulator, folder: Path, *arguments: str, timeout: float = 180
) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, **simulator.env()},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def test_no_run_begins_once_its_client_is_being_closed(tmp_path: Path) -> None:
    sent = asyncio.Event()

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        assert not sent.is_set()
        sent.set()
        await asyncio.sleep(0.2)
        return httpx2.Response(200, json=ACCEPTED)

    async def main() -> None:
        client = mocked(answer, journal=tmp_path / "journal")
        first = asyncio.create_task(client.submit(TOOL, PROMPT, validate=False))
        await sent.wait()
        closing = asyncio.create_task(client.aclose())
        await asyncio.sleep(0)
        with pytest.raises(ConfigurationError, match="the client is closed"):
            await client.submit(TOOL, PROMPT, validate=False)
        assert (await first).id == "77"
        await closing

    asyncio.run(main())


def test_a_close_that_is_cancelled_waits_for_all_responses_all_the_same(tmp_path: Path) -> None:
    sent = 0
    all_sent = asyncio.Event()

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        nonlocal sent
        sent += 1
        name = str(sent)
        if sent == 3:
            all_sent.set()
        await asyncio.sleep(0.2 * sent)
        return httpx2.Response(200, json={**ACCEPTED, "taskid": name})

    async def main() -> None:
        client = mocked(answer, journal=tmp_path / "journal")
        runs = [asyncio.create_task(client.submit(TOOL, PROMPT, validate=False)) for _ in range(3)]
        await all_sent.wait()
        ending = asyncio.create_task(client.aclose())
        for _ in range(2):
            await asyncio.sleep(0.05)
            ending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await ending
        done, _ = await asyncio.wait(runs, timeout=0.1)
        assert sorted(each.result().id for each in done) == ["1", "2", "3"]

    asyncio.run(main())
    with closing(sqlite3.connect(tmp_path / "journal")) as database:
        assert database.execute("SELECT count(*) FROM clients").fetchone() == (0,)


def test_a_closed_client_says_so(instant: Simulator, tmp_path: Path) -> None:
    client = Wiro(
        instant.api_key, instant.api_secret, base_url=instant.base_url, journal=tmp_path / "journal"
    )
    client.close()
    with pytest.raises(ConfigurationError, match="the client is closed"):
        client.submit(TOOL, PROMPT)


@pytest.mark.parametrize("method", ["events", "stream"])
def test_a_task_that_is_followed_keeps_its_client_open(instant: Simulator, method: str) -> None:
    def client() -> Wiro:
        return Wiro(instant.api_key, instant.api_secret, base_url=instant.base_url)

    with client() as first:
        task = first.submit(TOOL, PROMPT)
    found = list(getattr(client().task(task.id), method)())
    assert method == "stream" or isinstance(found[-1], TaskEnded)


def test_a_response_that_was_overtaken_does_not_take_an_end_back() -> None:
    asked = 0

    async def answer(_request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        detail = {"id": "5", "socketaccesstoken": "t", "pexit": "0"}
        if asked == 1:
            await asyncio.sleep(0.2)
            detail["status"] = "task_start"
        else:
            detail["status"] = "task_postprocess_end"
        return httpx2.Response(200, json={"result": True, "tasklist": [detail], "errors": []})

    async def main() -> None:
        async with mocked(answer) as client:
            task = client.task("5")
            first = asyncio.create_task(task.refresh())
            await asyncio.sleep(0.1)
            await task.refresh()
            assert (await first).terminal
            assert task.status == "task_postprocess_end"

    asyncio.run(main())


def test_what_was_saved_into_a_folder_is_not_downloaded_again(kit: Kit, tmp_path: Path) -> None:
    async def flow(client: AnyClient) -> None:
        result = await got(client.run(TOOL, {"prompt": "x", "samples": 2}))
        await got(result.outputs[0].save(f"{tmp_path}/"))
        paths = await got(result.download(tmp_path))
        assert [path.name for path in paths] == ["0.png", "1.png"]

    kit.run(flow)
    assert len(list(tmp_path.iterdir())) == 2
    assert len(kit.simulator.downloads) == 2


@pytest.mark.parametrize("journal", [False, True])
def test_another_event_loop_than_asyncio_is_refused(tmp_path: Path, *, journal: bool) -> None:
    path = tmp_path / "journal" if journal else None

    async def main() -> None:
        async with AsyncWiro("k", "s", base_url="http://127.0.0.1:1/v1", journal=path) as client:
            await client.submit(TOOL, PROMPT)

    with pytest.raises(ConfigurationError, match="needs an event loop of asyncio"):
        main().send(None)
