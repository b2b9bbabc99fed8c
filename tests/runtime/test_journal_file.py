"""What can happen to the file of a journal, and to a client in the middle of a write."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import stat
import sys
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from runtime.kit import TOOL, AnyClient, Kit, each, got, nameless
from wiro_runtime import AsyncWiro, ConfigurationError, LostSubmission, SubmissionUncertain, Wiro
from wiro_runtime.price import Price
from wiro_runtime.tasks import journal_file, journal_schema
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.testing import Simulator, faults

POSIX = pytest.mark.skipif(os.name != "posix", reason="Windows removes no open file")


def known(journal: Journal) -> list[str]:
    """Ids of the unfinished tasks, and prompts of the lost submissions."""
    tasks, lost = journal.unfinished()
    return [*(task.id for task in tasks), *(str(each.inputs["prompt"]) for each in lost)]


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def replace_by_an_empty_one(path: Path) -> None:
    path.with_name("new").write_bytes(b"")
    path.with_name("new").replace(path)


def rotate(path: Path) -> None:
    path.rename(path.with_name("journal.1"))


def rotate_by_copying(path: Path) -> None:
    path.with_name("journal.1").write_bytes(path.read_bytes())
    os.truncate(path, 0)


def remove_all(path: Path) -> None:
    for file in path.parent.iterdir():
        file.unlink()


def remove_the_log(path: Path) -> None:
    path.with_name("journal-wal").unlink()


def restore_a_backup(path: Path) -> None:
    backup = path.with_name("backup")
    with closing(Journal(backup)) as journal:
        journal.accepted(journal.begin("a/b", {}), "of the backup", "")
    backup.replace(path)


TAKEN_AWAY = [
    remove, empty, replace_by_an_empty_one, rotate, rotate_by_copying, remove_all, remove_the_log,
    restore_a_backup,
]  # fmt: skip


@POSIX
@pytest.mark.parametrize("take_away", TAKEN_AWAY)
def test_a_client_writes_its_own_tasks_into_the_next_file(
    tmp_path: Path, take_away: Callable[[Path], None]
) -> None:
    path = tmp_path / "journal"
    with closing(Journal(path)) as one:
        one.accepted(one.begin("a/b", {}), "1", "")
        one.uncertain(one.begin("a/b", {"prompt": "lost"}))
        one.accepted(one.begin("a/b", {}), "ended", "")
        one.ended("task_cancel", "ended")
        under_way = one.begin("a/b", {"prompt": "under way"})
        take_away(path)
        assert known(one) == ["1", "lost"]
        one.accepted(under_way, "2", "")
        take_away(path)
        one.accepted(one.begin("a/b", {}), "3", "")
        assert known(one) == ["1", "2", "3", "lost"]
        take_away(path)
    with closing(Journal(path)) as next_one:
        assert set(known(next_one)) - {"of the backup"} == {"1", "2", "3", "lost"}


@POSIX
@pytest.mark.parametrize("take_away", [each for each in TAKEN_AWAY if each is not remove_the_log])
def test_clients_that_share_a_file_that_is_taken_away_share_the_next(
    tmp_path: Path, take_away: Callable[[Path], None]
) -> None:
    path = tmp_path / "journal"
    with closing(Journal(path)) as one, closing(Journal(path)) as two:
        for number in range(4):
            one.accepted(one.begin("a/b", {}), f"1{number}", "")
            two.accepted(two.begin("a/b", {}), f"2{number}", "")
            if number == 1:
                take_away(path)
        assert known(one)[:4] == ["10", "11", "12", "13"]
        assert known(two)[:4] == ["20", "21", "22", "23"]
        one.ended("task_cancel", "20")
        assert known(two)[:3] == ["21", "22", "23"]
    with closing(Journal(path)) as next_one:
        expected = {"10", "11", "12", "13", "21", "22", "23"}
        assert set(known(next_one)) - {"of the backup"} == expected


@POSIX
@pytest.mark.parametrize("take_away", TAKEN_AWAY)
def test_both_clients_know_their_tasks_when_the_journal_is_taken_away(
    manual_kit: Kit, tmp_path: Path, take_away: Callable[[Path], None]
) -> None:
    async def flow(client: AnyClient) -> None:
        task = await got(client.submit(TOOL, {"prompt": "x"}))
        take_away(tmp_path / "journal")
        found = await each(client.resume())
        assert task.id in [one.id for one in found if not isinstance(one, LostSubmission)]

    manual_kit.run(flow, journal=tmp_path / "journal")


@POSIX
@pytest.mark.parametrize("garbage", [b"notes\n" * 3000, b"\x00" * 9000, b"{}"], ids=nameless)
def test_a_journal_that_is_overwritten_may_be_moved_away(tmp_path: Path, garbage: bytes) -> None:
    path = tmp_path / "journal"
    with closing(Journal(path)) as one:
        one.accepted(one.begin("a/b", {}), "1", "")
        key = one.begin("a/b", {})
        for each in tmp_path.iterdir():
            each.write_bytes(garbage)
        with suppress(ConfigurationError):
            one.accepted(key, "2", "")
        with suppress(ConfigurationError):
            one.begin("a/b", {"prompt": "not sent"})
        assert known(one) == ["1", "2"]
        path.rename(tmp_path / "damaged")
        one.accepted(one.begin("a/b", {}), "3", "")
        assert known(one) == ["1", "2", "3"]
    with closing(Journal(path)) as next_one:
        assert known(next_one) == ["1", "2", "3"]


def make_folder(path: Path) -> None:
    path.mkdir()


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_device(path: Path) -> None:
    path.symlink_to("/dev/null")


def link_into_no_folder(path: Path) -> None:
    path.symlink_to(path.parent / "no" / "folder")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def write_notes(path: Path) -> None:
    path.write_text("Dear diary,\nnothing happened.\n")


def write_json(path: Path) -> None:
    path.write_text('{"event": "login", "user": "x"}\n[]\n{}\n')


def write_another_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE accounts (name)")


def write_the_next_schema(path: Path) -> None:
    Journal(path).open().close()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {journal_schema.VERSION + 1}")


def cut_a_database(path: Path) -> None:
    Journal(path).open().close()
    os.truncate(path, 1500)


def write_a_header_only(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00" + b"\xff" * 3000)


@POSIX
@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (make_folder, "directory"),
        (make_pipe, "it is not a regular file"),
        (link_to_device, "it is not a regular file"),
        (link_into_no_folder, "No such file"),
        (link_to_itself, "symbolic links"),
        (write_notes, "it is not a journal"),
        (write_json, "it is not a journal"),
        (write_another_database, "it is another database"),
        (write_the_next_schema, "upgrade wiro-tools"),
        (cut_a_database, "damaged"),
        (write_a_header_only, "damaged"),
    ],
)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_what_is_no_journal_is_refused_in_one_line_and_left_as_it_is(
    tmp_path: Path,
    make: Callable[[Path], None],
    reason: str,
    kind: str,
) -> None:
    async def enter() -> None:
        async with AsyncWiro("key", journal=path):
            pass

    path = tmp_path / "journal"
    make(path)
    before = path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else b""
    with pytest.raises(ConfigurationError, match=reason) as caught:
        Wiro("key", journal=path) if kind == "sync" else asyncio.run(enter())
    assert str(path) in str(caught.value) or path.is_symlink()
    assert "cannot open the journal" in str(caught.value)
    assert "\n" not in str(caught.value)
    if before:
        assert path.read_bytes() == before
        assert [each.name for each in tmp_path.iterdir()] == ["journal"]


@POSIX
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root writes anywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    Journal(tmp_path / "journal").open().close()
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(ConfigurationError, match="its folder must be writable"):
            Journal(tmp_path / "journal").open()
        with pytest.raises(ConfigurationError, match="Permission denied"):
            Journal(tmp_path / "another").open()
    finally:
        tmp_path.chmod(0o700)


def test_a_closed_journal_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal = Journal(tmp_path / "journal")
    journal.begin("a/b", {})
    journal.close()
    journal.close()
    assert caplog.messages == []
    with pytest.raises(ConfigurationError, match="is closed"):
        journal.begin("a/b", {})
    journal.ended("task_cancel", "5")
    journal.settled("key", "refused")


def test_another_client_that_writes_for_long_is_waited_for_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "_BUSY", 0.2)
    path = tmp_path / "journal"
    with closing(Journal(path)) as journal:
        key = journal.begin("a/b", {})
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(ConfigurationError, match="locked for"):
                journal.accepted(key, "1", "")
        assert known(journal) == ["1"]


# The format before SQLite


def old(*entries: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(entry).encode() + b"\n" for entry in entries)


def begun(key: str, tool: str, at: float, **inputs: str) -> dict[str, Any]:
    entry = {"submission": key, "event": "submitting", "tool": tool, "inputs": inputs, "at": at}
    return {**entry, "by": "c"}


OLD = [
    begun("k1", "a/b", 5.0, prompt="one"),
    {"submission": "k1", "event": "accepted", "task": "11"},
    begun("k2", "a/b", 6.0, prompt="two"),
    begun("k3", "a/b", 7.0),
    {"submission": "k3", "event": "settled", "reason": "refused"},
    begun("k4", "a/c", 8.0),
    {"submission": "k4", "event": "accepted", "task": "", "token": "token4"},
    begun("k5", "a/d", 9.0),
    {"submission": "k5", "event": "accepted", "task": "55"},
    {"event": "ended", "task": "55", "status": "task_cancel"},
    {"event": "ended", "task": "66", "id": "66", "tool": "a/e"},
    {"event": "accepted", "task": "77", "by": "", "tool": "a/f", "token": "token7"},
    {"event": "taken", "by": "d", "tasks": ["11"], "submissions": ["k2"]},
]  # fmt: skip


@pytest.mark.parametrize("cut", [0, 1, 30])
def test_what_an_older_journal_holds_is_read_once_and_kept(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal"
    path.write_bytes(old(*OLD) + old(OLD[0])[: -cut or None][:cut])
    for _ in range(2):
        with closing(Journal(path)) as journal:
            tasks, (lost,) = journal.unfinished()
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert journal.costs() == []
            assert {(task.id, task.token, task.tool) for task in tasks} == {
                ("11", "", "a/b"),
                ("", "token4", "a/c"),
                ("77", "token7", "a/f"),
            }
            assert (lost.key, lost.tool, lost.inputs, lost.at) == (
                "k2",
                "a/b",
                {"prompt": "two"},
                6,
            )
            assert [task.id for task in journal.ended_tasks()] == ["55", "66"]
    assert path.read_bytes().startswith(b"SQLite format 3")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(Journal(path)) as journal:
        journal.ended("task_cancel", "11")
    with closing(Journal(path)) as journal:
        assert {task.id for task in journal.unfinished()[0]} == {"", "77"}
    assert [each.name for each in tmp_path.iterdir()] == ["journal"]


@pytest.mark.parametrize(
    "line",
    [
        b"{}", b"[]", b'"x"', b"null", b'{"event": 7}', b"\xff", b"[" * 99999, b"1" * 5000, b"",
        b'{"event": "submitting", "submission": "k", "at": "soon", "by": "../../x"}',
        b'{"event": "submitting", "submission": "k\\ud800", "at": [], "inputs": 5, "by": 7}',
        b'{"event": "accepted", "task": {}, "submission": []}',
        b'{"event": "ended", "task": null, "id": []}',
    ],
    ids=nameless,
)  # fmt: skip
def test_odd_lines_of_an_older_journal_spoil_nothing(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "journal"
    path.write_bytes(old(*OLD[:2]) + line + b"\n" + old(OLD[2]))
    with closing(Journal(path)) as journal:
        tasks, lost = journal.unfinished()
        assert "11" in {task.id for task in tasks}
        assert "k2" in {each.key for each in lost}


def test_clients_that_open_an_older_journal_at_once_convert_it_once(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(old(*OLD))
    journals: list[Journal] = []
    barrier = threading.Barrier(6)

    def open_one(number: int) -> None:
        barrier.wait()
        journal = Journal(path)
        journals.append(journal)
        journal.accepted(journal.begin("a/b", {}), f"new{number}", "")

    threads = [threading.Thread(target=open_one, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for journal in journals:
        journal.close()
    with closing(Journal(path)) as journal:
        ids = [task.id for task in journal.unfinished()[0]]
        assert sorted(ids) == sorted(["11", "", "77", *(f"new{n}" for n in range(6))])


@pytest.mark.parametrize("step", ["connect", "convert"])
def test_an_older_journal_that_another_process_converts_meanwhile_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "journal"
    path.write_bytes(old(*OLD))
    connect, convert = (getattr(journal_file, name) for name in ("_connect", "_convert"))

    def act_beside_another(path: Path) -> Any:
        monkeypatch.undo()
        if step == "convert":
            convert(path)
            return convert(path)
        try:
            # Which finds the older file.
            return connect(path)
        finally:
            convert(path)

    monkeypatch.setattr(journal_file, f"_{step}", act_beside_another)
    with closing(Journal(path)) as journal:
        assert {task.id for task in journal.unfinished()[0]} == {"11", "", "77"}


VERSION_1 = (
    "CREATE TABLE submissions (key TEXT PRIMARY KEY, tool TEXT NOT NULL, at REAL NOT NULL, "
    "client TEXT NOT NULL, state TEXT NOT NULL, reason TEXT NOT NULL, until REAL, "
    "task_id TEXT NOT NULL, token TEXT NOT NULL, status TEXT NOT NULL, ended_at REAL, cost TEXT) "
    "WITHOUT ROWID",
    "CREATE TABLE inputs (key TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID",
    "INSERT INTO submissions VALUES ('k1', 'a/b', 5, 'x', 'accepted', '', NULL, '11', 't', '', "
    "NULL, NULL), ('k2', 'a/b', 6, 'x', 'sending', '', NULL, '', '', '', NULL, NULL)",
    "INSERT INTO inputs VALUES ('k1', '{}'), ('k2', '{\"prompt\": \"two\"}')",
    f"PRAGMA application_id = {journal_schema.APPLICATION}",
    "PRAGMA user_version = 1",
)
VERSION_1_WITH_PRICES = (
    "CREATE TABLE prices (key TEXT PRIMARY KEY, low INTEGER, high INTEGER, reserved INTEGER)",
    "CREATE TABLE origins (key TEXT PRIMARY KEY, account TEXT, skew REAL)",
    "CREATE TRIGGER forget_price AFTER DELETE ON submissions "
    "BEGIN DELETE FROM prices WHERE key = old.key; END",
    "CREATE TRIGGER sum_ended AFTER UPDATE OF state ON submissions WHEN new.state = 'ended' "
    "BEGIN UPDATE prices SET reserved = 0 WHERE key = new.key; END",
)


@pytest.mark.parametrize("more", [(), VERSION_1_WITH_PRICES], ids=["first", "with prices"])
def test_a_database_of_version_1_is_read_and_gone_on_with(
    tmp_path: Path, more: tuple[str, ...]
) -> None:
    path = tmp_path / "journal"
    with closing(sqlite3.connect(path)) as database, database:
        for statement in (*VERSION_1, *more):
            database.execute(statement)
    one = Decimal(1)
    for _ in range(2):
        with closing(Journal(path)) as journal:
            assert known(journal) == ["11", "two"]
            key = journal.begin("a/b", {}, price=Price(one, one, exact=True, basis=""))
            assert journal.reserved() == 1
            journal.settled(key, "")
    with closing(Journal(path)) as journal:
        journal.ended("task_postprocess_end", "11", cost=one)
        assert [cost.spent for cost in journal.costs()] == [one]
        assert known(journal) == ["two"]


# Interruptions and failures in the middle of a write


class Interrupted(BaseException):
    """As Ctrl-C is."""


def interrupt_at(step: int) -> Callable[[], bool]:
    """Raise at the ``step``-th place in the journal's own code where CPython looks for signals, and
    return a function that says whether it was reached. They are the beginning of a function and
    the return of a call into C."""
    left = step
    modules = sys.modules[Journal.__module__], journal_file, journal_schema
    files = {module.__file__ for module in modules}

    def profile(frame: FrameType, event: str, _value: object) -> None:
        nonlocal left
        if event in ("call", "c_return") and frame.f_code.co_filename in files:
            left -= 1
            if left == 0:
                sys.setprofile(None)
                raise Interrupted

    sys.setprofile(profile)
    return lambda: left <= 0


def within(seconds: float, work: Callable[[], object]) -> None:
    """Run ``work`` in a thread of its own, which must end in time."""
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    assert not thread.is_alive()


@pytest.mark.slow
@pytest.mark.skipif(
    sys.version_info[:2] == (3, 14),
    reason="`with lock` keeps the lock when a signal handler raises in it (python/cpython#148874)",
)
@pytest.mark.parametrize("operation", ["begin", "accepted", "settled", "uncertain", "unfinished"])
def test_an_interrupted_write_locks_nothing_and_says_what_is_true(
    tmp_path: Path, operation: str
) -> None:
    # Each place where a paid task may be lost; of the others, which are much the same, some.
    for step in count(1, 1 if operation in ("begin", "accepted") else 3):
        path = tmp_path / f"journal{step}"
        one, other = Journal(path), Journal(path)
        one.accepted(one.begin("a/b", {}), "first", "")
        key = "" if operation == "begin" else one.begin("a/b", {"prompt": "second"})
        calls: dict[str, Callable[[], object]] = {
            "begin": lambda: one.begin("a/b", {"prompt": "second"}),  # noqa: B023 - called at once
            "accepted": lambda: one.accepted(key, "second", ""),  # noqa: B023 - called at once
            "settled": lambda: one.settled(key, "refused"),  # noqa: B023 - called at once
            "uncertain": lambda: one.uncertain(key, "cut off"),  # noqa: B023 - called at once
            "unfinished": one.unfinished,
        }
        reached = interrupt_at(step)
        try:
            calls[operation]()
        except Interrupted:
            # In the handler, as `with Wiro(…)` closes it.
            sys.setprofile(None)
            other.accepted(other.begin("a/b", {}), "other", "")
            if operation == "accepted":
                # What was interrupted is said again by its caller.
                one.accepted(key, "second", "")
            one.close()
        finally:
            sys.setprofile(None)
        within(5, one.close)
        assert "other" in known(other) or not reached()
        other.close()
        with closing(Journal(path)) as journal:
            found = set(known(journal)) - {"other"}
        expected: dict[str, list[set[str]]] = {
            "begin": [{"first"}] if reached() else [{"first", "second"}],
            "accepted": [{"first", "second"}],
            "settled": [{"first"}, {"first", "second"}],
        }
        assert found in expected.get(operation, [{"first", "second"}]), step
        if not reached():
            assert step > 10
            return


def test_a_lost_submission_tells_what_was_sent_and_when(kit: Kit, tmp_path: Path) -> None:
    kit.simulator.faults.add("Run/*", faults.reset(acts=False))

    async def flow(client: AnyClient) -> None:
        inputs = {"prompt": "x", "samples": 2}
        with pytest.raises(SubmissionUncertain):
            await got(client.submit(TOOL, inputs))

    kit.run(flow, journal=tmp_path / "journal")
    with closing(Journal(tmp_path / "journal")) as journal:
        (lost,) = journal.unfinished()[1]
    assert (lost.tool, lost.inputs) == (TOOL, {"prompt": "x", "samples": 2})
    assert lost.until is not None
    assert lost.at <= lost.until
    assert lost.reason


def test_odd_text_of_a_server_is_kept(tmp_path: Path, instant: Simulator) -> None:
    with closing(Journal(tmp_path / "journal")) as journal:
        journal.accepted(journal.begin("a/b", {"prompt": "\ud800 \x00"}), "\ud800", "\x00")
        journal.uncertain(journal.begin("a/\udfff", {"prompt": "\ud800 \x00"}), "\ud83d")
        assert len(known(journal)) == 2
        assert journal.unfinished()[1][0].inputs == {"prompt": "\ud800 \x00"}
