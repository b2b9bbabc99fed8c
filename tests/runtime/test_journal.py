"""A killed process loses nothing that was accepted and answered, and nothing runs twice."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import sys
import threading
import time
from collections.abc import Generator
from contextlib import AsyncExitStack, ExitStack, closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runtime.kit import TOOL, AnyClient, Kit, each, got
from wiro_runtime import (
    ApiError,
    AsyncTask,
    AsyncWiro,
    ConfigurationError,
    LostSubmission,
    PollSchedule,
    SubmissionUncertain,
    Task,
    TaskTimeout,
)
from wiro_runtime.price import Price
from wiro_runtime.tasks import journal as journal_module
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.tasks.journal_schema import INSERT, INSERT_INPUTS, Row
from wiro_runtime.tasks.records import NAMED, KeyTaken, Origin
from wiro_runtime.testing import Simulator, faults

PROMPT = {"prompt": "a lighthouse"}
AT = 1_900_000_000.0


def unfinished(kit: Kit, journal: Path, *, ended: bool = False) -> tuple[list[str], list[str]]:
    """Ids of the tasks and prompts of the lost submissions that a new client would resume."""

    async def flow(client: AnyClient) -> tuple[list[str], list[str]]:
        found = await each(client.resume(ended=ended))
        tasks = [one.id for one in found if isinstance(one, Task | AsyncTask)]
        lost = [one for one in found if isinstance(one, LostSubmission)]
        return tasks, [str(one.inputs["prompt"]) for one in lost]

    return kit.run(flow, journal=journal)


def test_no_event_loop_waits_for_the_disk(instant: Simulator, tmp_path: Path) -> None:
    seen: list[str] = []
    watched = threading.get_ident()

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        here = threading.get_ident() == watched and any(str(tmp_path) in str(x) for x in arguments)
        if here and watching:
            seen.append(event)

    async def flow() -> None:
        for entered in (True, False):
            async with AsyncExitStack() as stack:
                client = AsyncWiro(
                    instant.api_key,
                    instant.api_secret,
                    base_url=instant.base_url,
                    journal=tmp_path / "journal",
                    poll=PollSchedule.every(0.05),
                )
                if entered:
                    await stack.enter_async_context(client)
                task = await client.submit(TOOL, PROMPT)
                result = await task.wait()
                await result.download(tmp_path / "out")
                await result.outputs[0].save(tmp_path / "one")
                assert await each(client.resume()) == []
                assert len(instant.runs) == 1 + (not entered)
                await client.aclose()

    watching = True
    sys.addaudithook(watch)
    try:
        asyncio.run(flow())
    finally:
        watching = False
    assert seen == []


def test_a_task_that_was_not_waited_for_is_resumed(manual_kit: Kit, tmp_path: Path) -> None:
    kit, journal = manual_kit, tmp_path / "journal"

    async def begin(client: AnyClient) -> str:
        return (await got(client.submit(TOOL, PROMPT))).id

    task_id = kit.run(begin, journal=journal)
    assert unfinished(kit, journal) == ([task_id], [])
    kit.simulator.advance(60)

    async def finish(client: AnyClient) -> None:
        (task,) = await each(client.resume())
        assert isinstance(task, Task | AsyncTask)
        result = await got(task.wait())
        assert result.task_id == task_id

    kit.run(finish, journal=journal)
    assert unfinished(kit, journal) == ([], [])
    assert unfinished(kit, journal, ended=True) == ([task_id], [])
    assert len(kit.simulator.runs) == 1


def test_a_task_whose_time_was_up_is_resumed(manual_kit: Kit, tmp_path: Path) -> None:
    kit, journal = manual_kit, tmp_path / "journal"

    async def begin(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT, timeout=5))

    with pytest.raises(TaskTimeout) as caught:
        kit.run(begin, journal=journal)
    assert unfinished(kit, journal) == ([caught.value.task_id], [])


def test_a_lost_answer_is_resumed_as_lost_until_it_is_forgotten(kit: Kit, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    kit.simulator.faults.add("Run/*", faults.reset(acts=False))

    async def begin(client: AnyClient) -> None:
        await got(client.submit(TOOL, PROMPT))

    before = time.time()
    with pytest.raises(SubmissionUncertain) as caught:
        kit.run(begin, journal=journal)

    async def forget(client: AnyClient) -> None:
        (lost,) = await each(client.resume())
        assert isinstance(lost, LostSubmission)
        assert (lost.key, lost.tool) == (caught.value.submission, TOOL)
        assert lost.inputs == PROMPT
        assert before <= lost.at <= time.time()
        await got(client.forget(lost))

    kit.run(forget, journal=journal)
    assert unfinished(kit, journal) == ([], [])
    assert kit.simulator.runs == []


@contextmanager
def full_disk(journal: Path) -> Generator[None, None, None]:
    """Files of this process grow no longer than the journal's log of writes is."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = journal.with_name(journal.name + "-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_task_accepted_while_the_disk_is_full_is_recorded_later(
    manual_kit: Kit, tmp_path: Path
) -> None:
    kit, journal = manual_kit, tmp_path / "journal"
    disk = ExitStack()

    def fill(_body: object) -> None:
        disk.enter_context(full_disk(journal))

    async def submit(client: AnyClient) -> None:
        kit.simulator.faults.add("Run/*", faults.edit(fill))
        with disk, pytest.raises(ConfigurationError, match="cannot write the journal") as caught:
            await got(client.submit(TOOL, PROMPT))
        task_id = kit.simulator.runs[0].taskid
        assert str(journal) in str(caught.value)
        assert caught.value.task_id == task_id
        assert any(f"client.task('{task_id}').wait()" in note for note in caught.value.__notes__)
        found = await each(client.resume())
        assert [one.id for one in found if not isinstance(one, LostSubmission)] == [task_id]

    kit.run(submit, journal=journal)
    assert unfinished(kit, journal) == ([kit.simulator.runs[0].taskid], [])


def test_no_run_is_sent_while_the_disk_is_full(kit: Kit, tmp_path: Path) -> None:
    journal = tmp_path / "journal"

    async def flow(client: AnyClient) -> None:
        with full_disk(journal), pytest.raises(ConfigurationError, match="cannot write"):
            await got(client.submit(TOOL, PROMPT))
        assert kit.simulator.runs == []
        kit.simulator.faults.add("Run/*", faults.reset(acts=False))
        with pytest.raises(SubmissionUncertain):
            await got(client.submit(TOOL, {"prompt": "another"}))

    kit.run(flow, journal=journal)
    assert unfinished(kit, journal) == ([], ["another"])


def test_a_disk_that_is_full_at_the_end_keeps_no_result_back(kit: Kit, tmp_path: Path) -> None:
    async def run(client: AnyClient) -> str:
        task = await got(client.submit(TOOL, PROMPT))
        journal = client._journal
        assert journal is not None
        journal.close()
        return (await got(task.wait())).task_id

    assert kit.run(run, journal=tmp_path / "journal") == kit.simulator.runs[0].taskid


def test_a_refusal_leaves_nothing_to_resume(kit: Kit, tmp_path: Path) -> None:
    kit.simulator.out_of_balance()

    async def begin(client: AnyClient) -> None:
        await got(client.submit(TOOL, PROMPT))

    with pytest.raises(ApiError):
        kit.run(begin, journal=tmp_path / "journal")
    assert unfinished(kit, tmp_path / "journal") == ([], [])


def test_files_are_recorded_by_name_only(kit: Kit, tmp_path: Path) -> None:
    async def begin(client: AnyClient) -> None:
        image, documents = b"secret bytes", [b"secret bytes", folder / "secret.txt"]
        files = {"inputImage": image, "inputDocumentMultiple": documents}
        urls = {"inputImageUrl": "", "inputDocumentMultipleUrl": ""}
        await got(client.submit("wiro/files", {"prompt": "x", **files, **urls}))

    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "secret.txt").write_bytes(b"secret bytes")
    kit.run(begin, journal=tmp_path / "journal")
    recorded = (tmp_path / "journal").read_bytes()
    assert b'"inputImage": "<file file>"' in recorded
    assert b'["<file file>", "<file secret.txt>"]' in recorded
    assert b"secret bytes" not in (tmp_path / "journal").read_bytes()


def test_the_file_is_private_and_holds_no_credential(kit: Kit, tmp_path: Path) -> None:
    journal = tmp_path / "journal"

    async def begin(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT))

    kit.run(begin, journal=journal)
    data = journal.read_bytes()
    assert b"a lighthouse" in data
    assert kit.simulator.api_key.encode() not in data
    assert str(kit.simulator.api_secret).encode() not in data


def test_its_files_are_private_while_it_is_open(tmp_path: Path) -> None:
    (tmp_path / "journal").touch(0o644)
    journal = Journal(tmp_path / "journal")
    journal.begin(TOOL, PROMPT)
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["journal", "journal-shm", "journal-wal"], 0o600)
    journal.close()
    assert [each.name for each in tmp_path.iterdir()] == ["journal"]


def test_resume_without_a_journal_says_what_to_pass(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        await each(client.resume())

    with pytest.raises(ConfigurationError, match="journal=PATH"):
        kit.run(flow)


def test_a_key_is_taken_by_the_first_client_that_begins_with_it(tmp_path: Path) -> None:
    """Whatever came of it; until it is settled, when nothing was sent."""
    with (
        closing(Journal(tmp_path / "journal")) as one,
        closing(Journal(tmp_path / "journal")) as other,
    ):
        one.begin("wiro/painter", {"prompt": "a"}, "mine")
        for journal in (one, other):
            with pytest.raises(KeyTaken):
                journal.begin("wiro/painter", {"prompt": "b"}, "mine")
            found = journal.find("mine")
            assert found is not None
            assert (found.state, found.inputs) == ("sending", '{"prompt": "a"}')
            assert one.is_own(found)
            assert not other.is_own(found)
        one.accepted("mine", "7", "token")
        found = other.find("mine")
        assert found is not None
        assert (found.state, found.task_id) == ("accepted", "7")
        with pytest.raises(KeyTaken):
            other.begin("wiro/painter", {}, "mine")
        # What was refused takes nothing away, and later runs are recorded.
        other.begin("wiro/painter", {}, "another")
        one.begin("wiro/painter", {}, "third")
        one.settled("third", "refused by Wiro")
        assert other.find("third") is None
        other.begin("wiro/painter", {}, "third")


def test_what_was_begun_at_the_same_moment_with_a_key_is_left_to_its_client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clocks may be coarse."""
    monkeypatch.setattr("wiro_runtime.tasks.journal.time", SimpleNamespace(time=lambda: 1000.0))
    path = tmp_path / "journal"
    with closing(Journal(path)) as one, closing(Journal(path)) as two:
        one.begin("a/b", {}, key="k")
        with pytest.raises(KeyTaken):
            two.begin("a/b", {}, key="k")
        two.begin("a/b", {}, key="another")
        found = two.find("k")
        assert found is not None
        assert one.is_own(found)


def test_a_key_is_free_again_when_beginning_with_it_was_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = Journal._save

    def save_and_raise(self: Journal, *given: Any, **more: Any) -> None:
        save(self, *given, **more)
        raise KeyboardInterrupt

    with closing(Journal(tmp_path / "journal")) as journal:
        with monkeypatch.context() as patch:
            patch.setattr(Journal, "_save", save_and_raise)
            with pytest.raises(KeyboardInterrupt):
                journal.begin("a/b", {"prompt": "not sent"}, key="k")
        journal.accepted(journal.begin("a/b", {"prompt": "sent"}, key="k"), "1", "")
        assert [task.id for task in journal.unfinished()[0]] == ["1"]


def test_the_next_file_has_prices_and_accounts_too(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    one = Decimal(1)
    price = Price(one, one, exact=True, basis="")
    with closing(Journal(path)) as journal:
        key = journal.begin("a/b", {}, price=price, origin=Origin("account"))
        journal.accepted(key, "1", "")
        for each in tmp_path.iterdir():
            each.unlink()
        assert journal.reserved() == 1
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT account FROM submissions").fetchall() == [("account",)]


@pytest.mark.parametrize("became", ["sent again", "found"])
def test_only_what_is_lost_still_is_forgotten(kit: Kit, tmp_path: Path, became: str) -> None:
    """Two calls may settle the same submission: the later one forgets nothing of what the earlier
    one did, which would be run again."""
    journal = tmp_path / "journal"

    async def flow(client: AnyClient) -> None:
        with closing(Journal(journal)) as entries:
            entries.begin("wiro/painter", {}, "mine")
            entries.uncertain("mine", "no response")
            (lost,) = entries.unfinished()[1]
            if became == "sent again":
                await got(client.forget(lost))
                entries.begin("wiro/painter", {}, "mine")
            entries.accepted("mine", "7", "token")
            await got(client.forget(lost))
        with closing(Journal(journal)) as entries:
            found = entries.find("mine")
            assert found is not None
            assert found.task_id == "7"

    kit.run(flow, journal=journal)


def test_keys_that_callers_chose_are_kept_by_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ended runs the last ones are kept, and every one that a retry may still ask for."""
    monkeypatch.setattr(journal_module, "_ENDED_KEPT", 3)
    monkeypatch.setattr(journal_module, "_PRUNE_EVERY", 1)
    now = time.time()
    with closing(Journal(tmp_path / "j.sqlite")) as journal:

        def end(key: str, at: float) -> None:
            journal.begin("acme/painter", {}, key)
            journal.accepted(key, f"task-{key}", "")
            with monkeypatch.context() as patch:
                patch.setattr(journal_module.time, "time", lambda: at)
                journal.ended("task_postprocess_end", f"task-{key}")

        end("mcp-old", now - 31 * 86_400)
        end("mcp-young", now - 29 * 86_400)
        for number in range(6):
            end(f"plain-{number}", now - 3600 + number)
        kept = ["mcp-old", "mcp-young", "plain-0", "plain-3", "plain-5"]
        assert [key for key in kept if journal.find(key)] == ["mcp-young", "plain-3", "plain-5"]


def test_a_plain_for_resumes_what_the_journal_knows(kit: Kit, tmp_path: Path) -> None:
    async def flow(client: AnyClient) -> tuple[str, list[str], int]:
        task = await got(client.submit(TOOL, PROMPT))
        before = len(kit.simulator.requests)
        known = [one.id for one in client.resume() if not isinstance(one, LostSubmission)]
        return task.id, known, len(kit.simulator.requests) - before

    task_id, known, requests = kit.run(flow, journal=tmp_path / "journal")
    assert (known, requests) == ([task_id], 0)


def seconds_of_writes(path: Path, kept: int) -> dict[str, float]:
    """Seconds of the processor for the writes of runs in a journal that keeps ``kept`` open tasks
    and as many that have ended."""
    price, origin = Price(Decimal(1), Decimal(1), exact=True, basis=""), Origin()
    rows = [Row(f"{n}", "a/b", 1.0, "another") for n in range(kept)]
    for row in rows:
        row.state, row.task_id, row.token = "accepted", f"t{row.key}", f"s{row.key}"
        row.low = row.high = 1
    ended = [replace(row, key=f"{NAMED}{row.key}", state="ended", ended_at=AT) for row in rows]
    with closing(Journal(path)) as journal:
        journal.begin("a/b", {})
        with closing(sqlite3.connect(path)) as db, db:
            db.executemany(INSERT, map(vars, (*rows, *ended)))
            db.executemany(INSERT_INPUTS, map(vars, (*rows, *ended)))
        taken: dict[str, float] = {"begin": 0.0, "accepted": 0.0, "ended": 0.0}
        for number in range(40):
            marks = [time.process_time()]
            key = journal.begin("a/b", {}, None, price, Decimal(1000), origin)
            marks.append(time.process_time())
            journal.accepted(key, f"n{number}", f"m{number}")
            marks.append(time.process_time())
            journal.ended("task_postprocess_end", f"n{number}", f"m{number}", Decimal(1))
            marks.append(time.process_time())
            for name, begin, end in zip(taken, marks, marks[1:], strict=False):
                taken[name] += end - begin
    return taken


def test_no_write_reads_all_that_the_journal_keeps(tmp_path: Path) -> None:
    """Each end of a task took ten times as long beside 10,000 tasks as beside few."""
    few = seconds_of_writes(tmp_path / "few", 10)
    many = seconds_of_writes(tmp_path / "many", 20_000)
    assert {name for name in few if many[name] > 4 * few[name]} == set()
