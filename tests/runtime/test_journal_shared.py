"""One journal, many processes: nothing is lost, nothing is handed out twice, nothing grows."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from runtime.kit import TOOL, Kit
from wiro_runtime import LostSubmission, Task, Wiro
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.testing import Simulator, faults

PROMPT = {"prompt": "a lighthouse"}


def client(simulator: Simulator, journal: Path) -> Wiro:
    made = Kit("sync", simulator).client(journal=journal)
    assert isinstance(made, Wiro)
    return made


def ids(client: Wiro) -> list[str]:
    return [each.id for each in client.resume() if isinstance(each, Task)]


def test_what_a_living_client_is_at_work_on_is_left_to_it(
    manual: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    with client(manual, path) as second, client(manual, path) as third:
        with client(manual, path) as first:
            task = first.submit(TOOL, PROMPT)
            assert ids(first) == [task.id]
            assert ids(second) == []
        # Closing gives up what is unfinished, and one of those who ask gets it.
        assert ids(second) == [task.id]
        assert ids(third) == []
        assert ids(second) == [task.id]
    assert [each.name for each in tmp_path.iterdir()] == ["journal"]


def test_a_task_that_another_client_sees_to_its_end_is_ended_for_all(
    instant: Simulator, tmp_path: Path
) -> None:
    path = tmp_path / "journal"
    with client(instant, path) as first, client(instant, path) as second:
        task = first.submit(TOOL, PROMPT)
        second.task(task.id).wait()
        assert ids(first) == []
        assert [each.id for each in first.resume(ended=True) if isinstance(each, Task)] == [task.id]


def test_a_submission_under_way_is_not_called_lost(instant: Simulator, tmp_path: Path) -> None:
    instant.faults.add("Run/*", faults.slow(0.5))
    with client(instant, tmp_path / "journal") as one:
        thread = threading.Thread(target=one.submit, args=(TOOL, PROMPT))
        thread.start()
        while not instant.runs:
            time.sleep(0.01)
        assert list(one.resume()) == []
        thread.join()
        assert len(ids(one)) == 1


def test_a_lost_submission_is_given_to_one_client(instant: Simulator, tmp_path: Path) -> None:
    path = tmp_path / "journal"
    dead = Journal(path)
    key = dead.begin(TOOL, PROMPT)
    dead.close()
    with client(instant, path) as first, client(instant, path) as second:
        (lost,) = first.resume()
        assert isinstance(lost, LostSubmission)
        assert (lost.key, lost.inputs) == (key, PROMPT)
        assert list(second.resume()) == []
        first.forget(lost)
        assert list(first.resume()) == []


def test_it_does_not_grow_without_end(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, small=20_000)
    keep = journal.begin("a/b", {"prompt": "kept"})
    lost = journal.begin("a/b", {"prompt": "lost"})
    journal.accepted(keep, "kept", "")
    largest = 0
    for number in range(3000):
        key = journal.begin("a/b", {"prompt": "x" * 100})
        journal.accepted(key, str(number), "")
        journal.ended("task_postprocess_end", str(number))
        largest = max(largest, path.stat().st_size)
    assert largest < 300_000
    assert [task.id for task in journal.ended_tasks()] == [str(n) for n in range(2000, 3000)]
    journal.uncertain(lost)
    journal.close()

    tasks, submissions = Journal(path).resume()
    assert [(task.id, task.tool) for task in tasks] == [("kept", "a/b")]
    assert [(each.key, each.inputs) for each in submissions] == [(lost, {"prompt": "lost"})]


def test_a_task_that_has_only_a_token_survives_compaction(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, small=1)
    for token in ("one", "two"):
        journal.accepted(journal.begin("a/b", {}), "", token)
    journal.ended("task_cancel", "", "two")
    assert [(task.id, task.token) for task in journal.resume()[0]] == [("", "one")]
    assert [(task.id, task.token) for task in journal.ended_tasks()] == [("", "two")]
    journal.close()


def test_a_journal_that_cannot_be_compacted_is_written_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "journal"
    journal = Journal(path, small=1)
    (tmp_path / ".journal.new").mkdir()
    keys = [journal.begin("a/b", {"prompt": str(number)}) for number in range(5)]
    for key in keys:
        journal.uncertain(key)
    assert [each.key for each in journal.resume()[1]] == keys
    assert "cannot replace the journal" in caplog.text
    journal.close()


def test_a_link_stays_a_link_and_a_file_that_others_may_read_becomes_private(
    tmp_path: Path,
) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.touch(0o644)
    link.symlink_to(real)
    journal = Journal(link, small=1)
    journal.begin("a/b", {})
    journal.begin("a/b", {})
    journal.close()
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o600
    assert len(real.read_text().splitlines()) == 2


def test_a_journal_that_was_emptied_or_removed_takes_more(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal, other = Journal(path), Journal(path)
    journal.begin("a/b", {"prompt": "1"})
    path.write_bytes(b"")
    journal.accepted(journal.begin("a/b", {"prompt": "2"}), "2", "")
    assert [task.id for task in journal.resume()[0]] == ["2"]
    path.unlink()
    other.accepted(other.begin("a/b", {"prompt": "3"}), "3", "")
    assert [task.id for task in other.resume()[0]] == ["3"]
    assert journal.resume() == ([], [])
    journal.close()
    other.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_a_client_of_its_own(instant: Simulator, tmp_path: Path) -> None:
    script = """
import os, sys
from wiro_runtime import Wiro

client = Wiro(journal=sys.argv[1])
client.task(client.submit("wiro/painter", {"prompt": "before"}).id).refresh()
child = os.fork()
task = client.submit("wiro/painter", {"prompt": "child" if child == 0 else "parent"})
if child == 0:
    task.refresh()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
task.refresh()
client.close()
"""
    path = tmp_path / "journal"
    environment = {**os.environ, **instant.env()}
    subprocess.run([sys.executable, "-c", script, path], env=environment, check=True, timeout=60)
    tool_of = {run.taskid: run.body["prompt"] for run in instant.runs}
    journal = Journal(path)
    ended = [tool_of[task.id] for task in journal.ended_tasks()]
    assert sorted(ended) == ["before", "child", "parent"]
    assert journal.resume() == ([], [])
    journal.close()


# Forks children that write a journal in small steps, each of which is told once it is done, until
# they are killed.
ZYGOTE = """
import os, random, sys
from wiro_runtime.tasks.journal import Journal

for line in sys.stdin:
    child = os.fork()
    if child == 0:
        path, number = line.split()
        draw = random.Random(int(number))
        journal = Journal(path, small=3000)
        def tell(key, step):
            os.write(1, f"{key} {step}\\n".encode())
        for count in range(100_000):
            key = journal.begin("a/b", {"prompt": "x" * draw.randrange(200)})
            tell(key, "begun")
            if draw.random() < 0.1:
                journal.uncertain(key)
            elif draw.random() < 0.3:
                journal.settled(key, "refused")
                tell(key, "settled")
            else:
                journal.accepted(key, key, "")
                tell(key, "accepted")
                if draw.random() < 0.8:
                    journal.ended("task_cancel", key)
                    tell(key, "ended")
    os.write(2, f"{child}\\n".encode())
"""

NEXT = {
    "begun": {"begun", "accepted", "settled"},
    "accepted": {"accepted", "ended"},
    "settled": {"settled"},
    "ended": {"ended"},
}
"""The states in which a submission may be when the last that was told of it is this."""


def test_kill_9_of_processes_that_share_a_journal_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    draw = random.Random(3)  # noqa: S311 - moments, not secrets
    told: dict[str, str] = {}

    def read() -> None:
        assert zygote.stdout
        for line in zygote.stdout:
            key, step = line.split()
            told[key] = step

    children: list[int] = []
    with subprocess.Popen(
        [sys.executable, "-c", ZYGOTE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as zygote:
        assert zygote.stdin
        assert zygote.stderr
        reader = threading.Thread(target=read)
        reader.start()
        for number in range(60):
            zygote.stdin.write(f"{path} {number}\n")
            zygote.stdin.flush()
            children.append(int(zygote.stderr.readline()))
            time.sleep(draw.uniform(0, 0.05))
            if len(children) > 3:
                os.kill(children.pop(draw.randrange(len(children))), signal.SIGKILL)
        for child in children:
            os.kill(child, signal.SIGKILL)
        zygote.stdin.close()
        assert zygote.stderr.read() == ""
        reader.join()

    journal = Journal(path)
    tasks, lost = journal.resume()
    assert [each.name for each in tmp_path.glob(".journal.*.alive")] != []
    journal.close()
    found = {task.id: "accepted" for task in tasks} | {each.key: "begun" for each in lost}
    forgotten = {"settled", "ended"}
    assert len(told) > 100
    for key, step in told.items():
        states = NEXT[step]
        assert found[key] in states if key in found else states & forgotten, (key, step)
    # What was begun when its process was killed may be there without having been told.
    assert len(set(found) - set(told)) <= 60
    assert path.stat().st_size < 200_000
    assert all(json.loads(line) for line in path.read_text().splitlines() if line[-1:] == "}")
