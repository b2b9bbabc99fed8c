"""``tasks()``, ``settle()`` and ``resume()`` of both clients, against the simulator."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from runtime.kit import TOOL, AnyClient, AnyTask, Kit, WrongTime, each, got
from wiro_runtime import (
    AsyncTask,
    AsyncWiro,
    ConfigurationError,
    InvalidInputs,
    LostSubmission,
    Settlement,
    SubmissionUncertain,
    Task,
)
from wiro_runtime.tasks import listing
from wiro_runtime.tasks.settle import OTHER_KEY
from wiro_runtime.testing import Simulator, faults


async def lose(kit: Kit, client: AnyClient, prompt: str, *, acts: bool) -> None:
    """Submit a run whose response is lost; ``acts``: Wiro accepts it."""
    kit.simulator.faults.add("Run/*", faults.reset(acts=acts))
    with pytest.raises(SubmissionUncertain):
        await got(client.submit(TOOL, {"prompt": prompt}))


async def settled(client: AnyClient) -> Sequence[Settlement[Any]]:
    return await client.settle() if isinstance(client, AsyncWiro) else client.settle()


async def resumed(client: AnyClient) -> list[AnyTask | LostSubmission]:
    return await each(client.resume())


async def submit_elsewhere(kit: Kit, prompt: str) -> str:
    """Submit a run with a client that keeps no journal, and return its id."""
    client = kit.client()
    task = await got(client.submit(TOOL, {"prompt": prompt}))
    await (client.aclose() if isinstance(client, AsyncWiro) else got(client.close()))
    return task.id


def test_a_run_that_wiro_lists_some_seconds_late_is_not_absent(kit: Kit, tmp_path: Path) -> None:
    """It would be sent, and paid for, again."""

    def list_nothing(body: dict[str, Any]) -> None:
        body["tasklist"] = []

    async def flow(client: AnyClient) -> None:
        await lose(kit, client, "x", acts=True)
        kit.simulator.faults.add("Task/List", faults.edit(list_nothing))
        (found,) = await settled(client)
        assert found.outcome == "found"

    kit.run(flow, journal=tmp_path / "journal")


def test_tasks_from_long_before_a_lost_submission_are_not_listed(kit: Kit, tmp_path: Path) -> None:
    numbers = count(1000)

    def list_old(body: dict[str, Any]) -> None:
        body["tasklist"] = [{"id": str(next(numbers)), "createtime": "1000"} for _ in range(100)]
        body["total"] = 5000

    kit.simulator.faults.add("Task/List", faults.edit(list_old), times=None)

    async def flow(client: AnyClient) -> None:
        await lose(kit, client, "x", acts=False)
        (found,) = await settled(client)
        assert found.outcome == "absent"

    kit.run(flow, journal=tmp_path / "journal")
    # Once at first, and once more when a request that was just given up is not accepted any more.
    assert [request.path for request in kit.simulator.requests].count("/v1/Task/List") == 2


@pytest.mark.parametrize("seconds", [-7200.0, 7200.0])
def test_a_clock_that_is_wrong_makes_no_accepted_run_absent(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """What is absent is sent again, and would be paid for twice."""
    for module in ("http.api", "tasks.journal", "tasks.settle"):
        monkeypatch.setattr(f"wiro_runtime.{module}.time", WrongTime(seconds))

    async def flow(client: AnyClient) -> None:
        await lose(kit, client, "accepted", acts=True)
        (found,) = await settled(client)
        assert found.outcome == "found"
        await lose(kit, client, "not accepted", acts=False)
        (found,) = await settled(client)
        assert found.outcome == "absent"

    kit.run(flow, journal=tmp_path / "journal")


@pytest.mark.parametrize("seconds", [-7200.0, 7200.0])
@pytest.mark.parametrize("compared", [False, True])
def test_a_clock_that_was_wrong_only_when_a_run_was_sent(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, compared: bool
) -> None:
    async def send(client: AnyClient) -> None:
        if compared:
            await each(client.tasks(limit=1))
        await lose(kit, client, "accepted", acts=True)

    async def settle(client: AnyClient) -> None:
        (found,) = await settled(client)
        assert found.outcome == ("found" if compared else "ambiguous")

    with monkeypatch.context() as wrong:
        for module in ("http.api", "tasks.journal", "tasks.settle"):
            wrong.setattr(f"wiro_runtime.{module}.time", WrongTime(seconds))
        kit.run(send, journal=tmp_path / "journal")
    kit.run(settle, journal=tmp_path / "journal")


def test_what_another_key_has_sent_is_not_absent(
    kit: Kit, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its tasks are not in the list of this one; a run that is absent is sent, and paid, again."""

    async def send(client: AnyClient) -> None:
        await lose(kit, client, "accepted", acts=True)

    async def settle(client: AnyClient) -> None:
        (found,) = await settled(client)
        assert (found.outcome, found.lost.reason) == ("ambiguous", OTHER_KEY)
        (rest,) = await resumed(client)
        assert isinstance(rest, LostSubmission)
        assert rest.exists is None
        assert len(caplog.messages) == 2
        assert caplog.messages[0] == "1 lost submission was sent with another API key, and is left"

    kit.run(send, journal=tmp_path / "journal")
    with Simulator(api_key="another-key", api_secret="secret") as other:
        kit.run(
            settle,
            journal=tmp_path / "journal",
            api_key=other.api_key,
            api_secret=other.api_secret,
            base_url=other.base_url,
        )
        assert not other.requests
    assert kit.simulator.api_key.encode() not in (tmp_path / "journal").read_bytes()


def test_tasks_are_listed_newest_first(kit: Kit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "PAGE", 10)

    async def flow(client: AnyClient) -> None:
        ids = [(await got(client.submit(TOOL, {"prompt": str(n)}))).id for n in range(25)]
        other = await got(client.submit("wiro/writer", {"prompt": "x"}))
        found = await each(client.tasks())
        assert [task.id for task in found] == [other.id, *reversed(ids)]
        assert all(task.status == "task_postprocess_end" for task in found)
        assert [task.id for task in await each(client.tasks(limit=2))] == [other.id, ids[-1]]
        assert [task.id for task in await each(client.tasks(TOOL, limit=2))] == ids[:-3:-1]
        assert isinstance(found[0], AsyncTask if isinstance(client, AsyncWiro) else Task)
        assert (await got(found[1].wait())).task_id == ids[-1]

    kit.run(flow)


def test_what_cannot_be_listed_is_said_at_once(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        for arguments in (("painter",), (5,)):
            with pytest.raises(InvalidInputs):
                client.tasks(*arguments)  # pyright: ignore[reportArgumentType] - callers' values
        with pytest.raises(InvalidInputs):
            client.tasks(limit=-1)

    kit.run(flow)


def test_lost_submissions_are_settled(kit: Kit, tmp_path: Path) -> None:
    async def flow(client: AnyClient) -> None:
        await lose(kit, client, "accepted", acts=True)
        await lose(kit, client, "not accepted", acts=False)
        await lose(kit, client, "either", acts=True)
        await submit_elsewhere(kit, "either")
        known = await got(client.submit(TOOL, {"prompt": "known"}))
        by_prompt = {run.body["prompt"]: run.taskid for run in kit.simulator.runs}
        found = {one.lost.inputs["prompt"]: one for one in await settled(client)}
        assert {prompt: one.outcome for prompt, one in found.items()} == {
            "accepted": "found",
            "not accepted": "absent",
            "either": "ambiguous",
        }
        task = found["accepted"].task
        assert isinstance(task, AsyncTask if isinstance(client, AsyncWiro) else Task)
        assert task.id == by_prompt["accepted"]
        assert (await got(task.wait())).task_id == task.id
        assert len(found["either"].candidates) == 2
        assert found["not accepted"].task is None
        assert {prompt: one.lost.exists for prompt, one in found.items()} == {
            "accepted": None,
            "not accepted": False,
            "either": None,
        }
        # The one that was found is a task of the journal from here on, and has ended.
        rest = await resumed(client)
        assert {one.id for one in rest if not isinstance(one, LostSubmission)} == {known.id}
        assert {
            (one.inputs["prompt"], one.exists) for one in rest if isinstance(one, LostSubmission)
        } == {("not accepted", False), ("either", None)}
        for one in rest:
            if isinstance(one, LostSubmission):
                await got(client.forget(one))
        assert await settled(client) == []

    kit.run(flow, journal=tmp_path / "journal")


def test_resume_gives_the_task_that_a_lost_submission_became(
    manual_kit: Kit, tmp_path: Path
) -> None:
    kit = manual_kit

    async def begin(client: AnyClient) -> None:
        await lose(kit, client, "accepted", acts=True)

    async def go_on(client: AnyClient) -> None:
        (task,) = await resumed(client)
        assert not isinstance(task, LostSubmission)
        assert task.id == kit.simulator.runs[0].taskid

    kit.run(begin, journal=tmp_path / "journal")
    kit.run(go_on, journal=tmp_path / "journal")


@pytest.mark.slow
def test_a_submission_of_a_killed_process_is_found(kit: Kit, tmp_path: Path) -> None:
    script = f"""
import os
from wiro_runtime.tasks.journal import Journal
Journal({str(tmp_path / "journal")!r}).begin({TOOL!r}, {{"prompt": "x"}})
os._exit(9)
"""
    subprocess.run([sys.executable, "-c", script], check=False)

    async def flow(client: AnyClient) -> None:
        sent = await submit_elsewhere(kit, "x")
        (settlement,) = await settled(client)
        assert isinstance(settlement, Settlement)
        assert settlement.lost.reason == "its process ended"
        assert settlement.task is not None
        assert settlement.task.id == sent

    kit.run(flow, journal=tmp_path / "journal")


@pytest.mark.parametrize("fault", [faults.status(500), faults.html()])
def test_resume_goes_on_when_tasks_cannot_be_listed(
    kit: Kit, tmp_path: Path, fault: faults.Fault
) -> None:
    async def flow(client: AnyClient) -> None:
        task = await got(client.submit(TOOL, {"prompt": "known"}))
        await lose(kit, client, "lost", acts=True)
        kit.simulator.faults.add("Task/List", fault, times=None)
        first, second = await resumed(client)
        assert not isinstance(first, LostSubmission)
        assert first.id == task.id
        assert isinstance(second, LostSubmission)

    kit.run(flow, journal=tmp_path / "journal")


def test_settling_needs_a_journal(kit: Kit) -> None:
    async def flow(client: AnyClient) -> None:
        with pytest.raises(ConfigurationError, match=r"settle\(\) needs a journal"):
            await settled(client)
        with pytest.raises(ConfigurationError, match=r"resume\(\) needs a journal"):
            await resumed(client)

    kit.run(flow)
