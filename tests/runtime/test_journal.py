"""A killed process loses nothing that was accepted and answered, and nothing runs twice."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from runtime.kit import TOOL, AnyClient, Kit, got, nameless
from wiro_runtime import (
    ApiError,
    AsyncTask,
    ConfigurationError,
    LostSubmission,
    SubmissionUncertain,
    Task,
    TaskTimeout,
    Wiro,
)
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.testing import Simulator, faults

PROMPT = {"prompt": "a lighthouse"}


def unfinished(kit: Kit, journal: Path, *, ended: bool = False) -> tuple[list[str], list[str]]:
    """Ids of the tasks and prompts of the lost submissions that a new client would resume."""

    async def flow(client: AnyClient) -> tuple[list[str], list[str]]:
        found = list(client.resume(ended=ended))
        tasks = [each.id for each in found if isinstance(each, Task | AsyncTask)]
        lost = [each for each in found if isinstance(each, LostSubmission)]
        return tasks, [str(each.inputs["prompt"]) for each in lost]

    return kit.run(flow, journal=journal)


def test_a_task_that_was_not_waited_for_is_resumed(manual_kit: Kit, tmp_path: Path) -> None:
    kit, journal = manual_kit, tmp_path / "journal"

    async def begin(client: AnyClient) -> str:
        return (await got(client.submit(TOOL, PROMPT))).id

    task_id = kit.run(begin, journal=journal)
    assert unfinished(kit, journal) == ([task_id], [])
    kit.simulator.advance(60)

    async def finish(client: AnyClient) -> None:
        (task,) = client.resume()
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
    kit.simulator.faults.add("Run/*", faults.reset(acts=True))

    async def begin(client: AnyClient) -> None:
        await got(client.submit(TOOL, PROMPT))

    before = time.time()
    with pytest.raises(SubmissionUncertain) as caught:
        kit.run(begin, journal=journal)

    async def forget(client: AnyClient) -> None:
        (lost,) = client.resume()
        assert isinstance(lost, LostSubmission)
        assert (lost.key, lost.tool) == (caught.value.submission, TOOL)
        assert lost.inputs == PROMPT
        assert before <= lost.at <= time.time()
        await got(client.forget(lost))

    kit.run(forget, journal=journal)
    assert unfinished(kit, journal) == ([], [])
    assert len(kit.simulator.runs) == 1


@contextmanager
def full_disk(path: Path, room: int = 0) -> Generator[None, None, None]:
    """Files of this process grow no longer than ``path`` is, and ``room`` bytes more."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fills_up_takes_no_task_along(kit: Kit, tmp_path: Path) -> None:
    journal = tmp_path / "journal"

    async def submit(client: AnyClient) -> None:
        with ExitStack() as stack:
            kit.simulator.faults.add(
                "Run/*", faults.edit(lambda _body: stack.enter_context(full_disk(journal)))
            )
            await got(client.submit(TOOL, PROMPT))

    with pytest.raises(ConfigurationError, match="cannot write the journal") as caught:
        kit.run(submit, journal=journal)
    task_id = kit.simulator.runs[0].taskid
    assert caught.value.task_id == task_id
    assert any(f"client.task('{task_id}').wait()" in note for note in caught.value.__notes__)
    tasks, lost = unfinished(kit, journal)
    assert (tasks, lost) == ([], ["a lighthouse"])


@pytest.mark.parametrize("room", [0, 1, 40, 120])
def test_what_a_full_disk_cut_off_spoils_nothing_that_comes_after(
    kit: Kit, tmp_path: Path, room: int
) -> None:
    """A line that was written half must not swallow the next one."""
    journal = tmp_path / "journal"
    journal.touch()

    async def flow(client: AnyClient) -> None:
        with full_disk(journal, room), pytest.raises(ConfigurationError, match="cannot write"):
            await got(client.submit(TOOL, PROMPT))
        assert kit.simulator.runs == []
        kit.simulator.faults.add("Run/*", faults.reset(acts=True))
        with pytest.raises(SubmissionUncertain):
            await got(client.submit(TOOL, PROMPT))

    kit.run(flow, journal=journal)
    assert unfinished(kit, journal) == ([], ["a lighthouse"])


def test_a_disk_that_is_full_at_the_end_keeps_no_result_back(kit: Kit, tmp_path: Path) -> None:
    async def run(client: AnyClient) -> str:
        task = await got(client.submit(TOOL, PROMPT))
        journal = client._journal  # pyright: ignore[reportPrivateUsage] - to fail as a disk does
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
        inputs = {"prompt": "x", "inputImage": b"secret bytes", "inputImageUrl": ""}
        await got(client.submit("wiro/files", inputs))

    kit.run(begin, journal=tmp_path / "journal")
    assert "<file file>" in (tmp_path / "journal").read_text()
    assert "secret bytes" not in (tmp_path / "journal").read_text()


def test_the_file_is_private_and_holds_no_credential(kit: Kit, tmp_path: Path) -> None:
    journal = tmp_path / "journal"

    async def begin(client: AnyClient) -> None:
        await got(client.run(TOOL, PROMPT))

    kit.run(begin, journal=journal)
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600
    text = journal.read_text()
    assert kit.simulator.api_key not in text
    assert str(kit.simulator.api_secret) not in text
    assert [json.loads(line)["event"] for line in text.splitlines()] == [
        "submitting", "accepted", "ended",
    ]  # fmt: skip


def test_a_journal_that_cannot_be_written_stops_a_run_before_it_is_sent(
    instant: Simulator, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError, match="journal"):
        Wiro("key", journal=tmp_path / "no" / "folder")
    with pytest.raises(ConfigurationError, match="journal"):
        Wiro("key", journal=tmp_path)


def test_resume_without_a_journal_says_what_to_pass(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        list(client.resume())

    with pytest.raises(ConfigurationError, match="journal=PATH"):
        kit.run(flow)


@pytest.mark.parametrize("cut", range(1, 200, 7))
def test_a_file_cut_anywhere_still_opens_and_takes_more(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    first = journal.begin("a/b", {"prompt": "1"})
    journal.accepted(first, "11", "token")
    second = journal.begin("a/b", {"prompt": "2"})
    journal.close()
    os.truncate(path, path.stat().st_size - cut)

    journal = Journal(path)
    third = journal.begin("a/b", {"prompt": "3"})
    journal.accepted(third, "33", "token")
    journal.close()

    journal = Journal(path)
    tasks, lost = journal.resume()
    assert "33" in [task.id for task in tasks]
    assert {each.key for each in lost} <= {first, second}
    journal.close()


NONSENSE = [
    "{}", "[]", '"x"', "null", '{"event": 7}', "\xff", "[" * 99999, "1" * 5000,
    '{"event": "submitting", "submission": "k", "at": "soon", "by": "../../x"}',
    '{"event": "submitting", "submission": "k", "at": [], "inputs": 5, "by": 7}',
    '{"event": "accepted", "task": {}, "submission": []}',
    '{"event": "taken", "by": [], "tasks": 5, "submissions": [1, null]}',
    '{"event": "ended", "task": null, "id": []}',
]  # fmt: skip


@pytest.mark.parametrize("line", NONSENSE, ids=nameless)
def test_lines_that_mean_nothing_are_passed_over(tmp_path: Path, line: str) -> None:
    path = tmp_path / "journal"
    path.write_bytes(line.encode("latin-1") + b"\n")
    journal = Journal(path)
    key = journal.begin("a/b", {})
    journal.accepted(key, "11", "")
    tasks, lost = journal.resume()
    assert "11" in [task.id for task in tasks]
    assert [each.key for each in lost] == (["k"] if "submitting" in line else [])
    journal.close()


# Forks a child per line that it reads, so that imports are paid for once; the child submits runs
# with prompts of its own until it is killed.
ZYGOTE = """
import os, sys
from wiro_runtime import PollSchedule, Wiro

for line in sys.stdin:
    number, journal = line.split()
    child = os.fork()
    if child == 0:
        with Wiro(journal=journal, poll=PollSchedule.every(0.001)) as client:
            for count in range(1000):
                task = client.submit("wiro/painter", {"prompt": f"{number}-{count}"})
                if count % 3 == 0:
                    task.wait()
    print(child, flush=True)
    os.waitpid(child, 0)
    print("gone", flush=True)
"""


def test_kill_9_at_sixty_random_moments_loses_nothing_and_runs_nothing_twice(
    instant: Simulator, tmp_path: Path
) -> None:
    draw = random.Random(7)  # noqa: S311 - moments, not secrets
    zygote = subprocess.Popen(
        [sys.executable, "-c", ZYGOTE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **instant.env()},
    )
    assert zygote.stdin
    assert zygote.stdout
    window, before = 0.12, 0
    with zygote:
        for number in range(60):
            zygote.stdin.write(f"{number} {tmp_path / str(number)}\n")
            zygote.stdin.flush()
            child = int(zygote.stdout.readline())
            moment = draw.uniform(0, window)
            time.sleep(moment)
            os.kill(child, signal.SIGKILL)
            assert zygote.stdout.readline() == "gone\n"
            # On a busy machine the moments have to lie further apart to hit anything.
            done, before = len(instant.runs) - before, len(instant.runs)
            if done < 3 and moment > window / 2:
                window = min(window * 1.5, 2)
            elif done > 10:
                window /= 1.5
        zygote.stdin.close()

    kit = Kit("sync", instant)
    accepted = {run.body["prompt"]: run.taskid for run in instant.runs}
    assert len(accepted) == len(instant.runs) > 60, "nothing ran twice, and much did run"
    known: set[str] = set()
    for number in range(60):
        if (tmp_path / str(number)).exists():
            tasks, lost = unfinished(kit, tmp_path / str(number), ended=True)
            ids = {accepted[prompt] for prompt in lost if prompt in accepted}
            assert len(lost) <= 1
            assert not ids & set(tasks)
            known |= ids | set(tasks)
    assert known == set(accepted.values())
