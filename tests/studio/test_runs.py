"""Runs of a studio: what a page sends and gets, from the form to the saved output."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from studio.conftest import EDITOR, PAINTER, WRITER, Running
from wiro_runtime.errors import ConfigurationError
from wiro_runtime.tasks.journal import Journal
from wiro_runtime.testing import Scenario, Simulator


def test_a_run_is_sent_followed_and_saved(studio: Running) -> None:
    started = studio.start(values={"prompt": "a lighthouse", "samples": 2}, max_cost="0.10")
    assert started.status_code == 201
    run = studio.wait()
    assert run["state"] == "succeeded"
    assert (run["estimate"], run["cost"]) == ("$0.04", "0.04")
    assert run["body"]["samples"] == 2
    assert [output["saved"] for output in run["outputs"]] == [True, True]
    picture = studio.send("GET", f"/studio/runs/{'a' * 32}/outputs/1")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    [listed] = studio.send("GET", "/studio/runs", params={"tool": PAINTER}).json()["runs"]
    assert listed["form"] == {"prompt": "a"}
    assert studio.send("GET", "/studio/runs", params={"tool": WRITER}).json() == {"runs": []}


def test_the_outputs_of_a_run_come_as_one_file(studio: Running) -> None:
    studio.start(values={"prompt": "a lighthouse", "samples": 2})
    studio.wait()
    folder = f"/studio/runs/{'a' * 32}"
    response = studio.send("GET", f"{folder}/outputs.zip")
    assert response.headers["content-disposition"] == 'attachment; filename="run-aaaaaaaa.zip"'
    with zipfile.ZipFile(io.BytesIO(response.content)) as archive:
        assert archive.testzip() is None
        assert [archive.read(name) for name in archive.namelist()] == [
            studio.send("GET", f"{folder}/outputs/{number}").content for number in (0, 1)
        ]
        assert all("/" not in name for name in archive.namelist())
    assert studio.send("GET", f"/studio/runs/{'b' * 32}/outputs.zip").status_code == 404
    studio.simulator.failing("RuntimeError: out of memory")
    studio.start(run="c")
    studio.wait("c")
    assert studio.send("GET", f"/studio/runs/{'c' * 32}/outputs.zip").status_code == 404


def test_a_task_that_the_journal_cannot_record_is_followed(
    studio: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A user who is told of a failure would start, and pay for, another run."""

    def fails(*_arguments: object) -> None:
        raise ConfigurationError("cannot write the journal: database or disk is full")

    monkeypatch.setattr(Journal, "accepted", fails)
    assert studio.start().status_code == 201
    assert studio.wait()["state"] == "succeeded"


def test_options_are_told_by_their_labels_too(studio: Running) -> None:
    run = studio.start(values={"prompt": "a lighthouse", "style": "9"}).json()
    assert (run["body"]["style"], run["labels"]) == ("9", {"style": "Ink"})
    assert studio.start(WRITER, "b").json()["labels"] == {}


def test_problems_are_told_by_field_and_nothing_is_sent(studio: Running) -> None:
    response = studio.start(values={"samples": "many", "stile": 7})
    assert response.status_code == 422
    assert {"prompt", "samples", "stile"} == set(response.json()["problems"])
    dear = studio.start(values={"prompt": "x", "samples": 9}, max_cost="0.05")
    assert "above the ceiling of $0.05" in dear.json()["problems"]["max_cost"]
    unknown = studio.start(WRITER, max_cost="0.05")
    assert "not known" in unknown.json()["problems"]["max_cost"]
    odd = studio.start(max_cost="much")
    assert "dollars" in odd.json()["problems"]["max_cost"]
    path = studio.start(EDITOR, values={"prompt": "x", "input_image": "pictures/cat.png"})
    assert path.json()["problems"] == {
        "input_image": "expected an address, or a file that is dropped here, got 'pictures/cat.png'"
    }
    assert studio.simulator.runs == []
    assert studio.send("GET", "/studio/runs").json()["runs"] == []


def test_a_request_that_a_browser_repeats_is_one_run(studio: Running) -> None:
    first, second = studio.start().json(), studio.start().json()
    assert first["task_id"] == second["task_id"]
    assert len(studio.simulator.runs) == 1


def test_what_wiro_refuses_is_said_and_not_kept(studio: Running) -> None:
    studio.simulator.out_of_balance()
    response = studio.start()
    assert response.status_code == 502
    assert "balance" in response.json()["error"].lower()
    assert studio.send("GET", "/studio/runs").json()["runs"] == []


def test_failures_are_kept_with_their_reason(studio: Running) -> None:
    studio.simulator.failing("RuntimeError: out of memory")
    studio.start()
    run = studio.wait()
    assert run["state"] == "failed"
    assert "out of memory" in run["error"]


def test_a_task_that_cannot_be_asked_about_is_not_called_failed(studio: Running) -> None:
    studio.simulator.plan(Scenario(stuck="task_queue"))
    studio.start()
    studio.simulator.clear()
    run = studio.wait()
    assert run["state"] == "uncertain"
    assert run["task_id"] in run["error"]


def test_a_run_is_stopped_and_deleted(studio: Running) -> None:
    studio.simulator.plan(Scenario(stuck="task_queue"))
    studio.start()
    path = f"/studio/runs/{'a' * 32}"
    assert studio.send("DELETE", path).status_code == 409
    assert studio.send("POST", f"{path}/stop").json() == {"stopped": True}
    assert studio.wait()["state"] == "cancelled"
    assert studio.send("DELETE", path).status_code == 204
    assert studio.send("GET", path).status_code == 404
    assert not list(studio.folder.glob("runs/*"))


def test_files_are_uploaded_by_the_run_alone(studio: Running) -> None:
    path = studio.send("POST", "/studio/files?name=cat.png", content=b"a cat").json()["path"]
    shown = studio.send("GET", "/studio/files/{}/{}".format(*Path(path).parts[-2:]))
    assert (shown.content, shown.headers["content-type"]) == (b"a cat", "image/png")
    assert studio.simulator.runs == []
    studio.start(EDITOR, values={"prompt": "x", "input_image": {"file": path}})
    studio.wait()
    [run] = studio.simulator.runs
    sent = str(run.body["inputImage"])
    assert "cat.png" in sent
    assert "size=5" in sent
    assert studio.send("DELETE", f"/studio/runs/{'a' * 32}").status_code == 204
    assert not Path(path).exists()


def test_a_run_goes_on_and_comes_back(serve: Callable[[], Running], simulator: Simulator) -> None:
    """A page that is loaded again reads all of a run, and so does one of a new studio."""
    simulator.plan(Scenario(stuck="task_queue"))
    first = serve()
    first.start()
    for _ in range(2):
        url = f"{first.origin}/studio/runs/{'a' * 32}/events"
        headers = {"Cookie": f"wiro-studio-{first.port}=the-token-of-a-test", "Last-Event-ID": "1"}
        with httpx2.stream("GET", url, headers=headers, timeout=60, verify=False) as stream:
            event = next(line for line in stream.iter_lines() if line.startswith("data: "))
        assert '"prompt": "a lighthouse"' in event
    again = serve()
    assert again.send("GET", f"/studio/runs/{'a' * 32}").json()["state"] == "running"
    assert again.send("POST", f"/studio/runs/{'a' * 32}/stop").json() == {"stopped": True}
    assert again.wait()["state"] == "cancelled"
    assert len(simulator.runs) == 1


def test_the_text_of_a_model_is_shown(studio: Running) -> None:
    studio.simulator.plan(Scenario(kind="text", answer="It is <b>lit</b>.", thinking="Hm."))
    studio.start(WRITER)
    ended = studio.wait()
    assert (ended["text"], ended["thinking"]) == ("It is <b>lit</b>.", "Hm.")
