"""``wiro-tools run`` over real sockets, from the command line to the files."""

from __future__ import annotations

import json

import pytest

from cli_tools.kit import Shell
from wiro_runtime.testing import Scenario, Simulator, faults

pytestmark = pytest.mark.slow


def test_a_run_saves_files_and_prints_their_paths_only(shell: Shell, simulator: Simulator) -> None:
    done = shell.run("wiro/painter", "--prompt", "a lighthouse", "--samples", "2", "--out", "made")
    assert done.code == 0
    (run,) = simulator.runs
    assert done.out == f"made/{run.taskid}-0.png\nmade/{run.taskid}-1.png\n"
    assert (shell.folder / f"made/{run.taskid}-1.png").read_bytes().startswith(b"\x89PNG")
    assert run.body["samples"] == 2
    assert run.body["scale"] == "7.5"
    first, last = done.err.splitlines()
    assert first == f"task {run.taskid}: submitted"
    assert last == f"task {run.taskid}: done, 6 s, cost $0.00351"


def test_the_same_run_again_keeps_its_files_apart_by_task(
    shell: Shell, simulator: Simulator
) -> None:
    paths = [shell.run("wiro/painter", "--prompt", "a").out.strip() for _ in range(2)]
    assert paths == [f"{run.taskid}-0.png" for run in simulator.runs]
    assert sorted(path.name for path in shell.folder.iterdir()) == sorted(paths)


def test_loras_go_into_the_list_and_the_prompt(shell: Shell, simulator: Simulator) -> None:
    done = shell.run(
        *("wiro/painter", "--prompt", "a lighthouse", "--no-download"),
        *("--lora", "62:3", "--lora", "nest/portrait", "--lora", "70:Blend=0.5,Happy-v1.0=1"),
    )
    assert done.code == 0
    assert done.out.startswith("http://127.0.0.1")
    body = simulator.runs[0].body
    assert body["selectedLoraModel"] == ["62", "524", "70"]
    assert (
        body["prompt"] == "<lora:Happy-v1.0:3>, <lora:Happy-v1.0:1>, <lora:Blend:0.5>, a lighthouse"
    )


def test_texts_and_files_come_from_files(shell: Shell, simulator: Simulator) -> None:
    (shell.folder / "prompt.txt").write_text("a long\ntext\n", "utf-8")
    (shell.folder / "cat.png").write_bytes(b"\x89PNG cat")
    (shell.folder / "dog.png").write_bytes(b"\x89PNG dog")
    done = shell.run(
        *("wiro/editor", "--prompt", "@prompt.txt", "--input-image", "@cat.png", "--no-wait"),
        *("--photos", "@dog.png", "--photos", "https://example.com/bird.png"),
    )
    assert done.code == 0, done.err
    parts = simulator.requests[0].body
    assert parts["prompt"] == ["a long\ntext"]
    (cat,) = parts["inputImage"]
    assert cat.data == b"\x89PNG cat"
    dog, bird = parts["photos"]
    assert dog.data == b"\x89PNG dog"
    assert bird == "https://example.com/bird.png"


def test_the_standard_input_is_a_text_or_a_file(shell: Shell, simulator: Simulator) -> None:
    done = shell.run(
        *("wiro/editor", "--prompt", "@@me", "--input-image", "@-", "--no-wait"), stdin=b"picture"
    )
    assert done.code == 0, done.err
    parts = simulator.requests[0].body
    assert parts["prompt"] == ["@me"]
    assert parts["inputImage"][0].data == b"picture"
    done = shell.run("wiro/painter", "--prompt", "@-", "--dry-run", stdin="grün\n".encode())
    assert done.json["prompt"] == "grün"


def test_json_is_one_object(shell: Shell, simulator: Simulator) -> None:
    done = shell.run("wiro/painter", "--prompt", "a", "--json", "--out", "made")
    result = done.json
    assert result["task_id"] == simulator.runs[0].taskid
    assert result["cost"] == "0.00351"
    assert result["elapsed"] == 6.0
    path = f"made/{result['task_id']}-0.png"
    assert result["paths"] == [path]
    (output,) = result["outputs"]
    assert (output["name"], output["path"]) == ("0.png", path)
    assert output["size"] == (shell.folder / path).stat().st_size
    assert output["content_type"] == "image/png"


def test_no_wait_prints_the_id_and_task_wait_goes_on(shell: Shell, simulator: Simulator) -> None:
    done = shell.run("wiro/painter", "--prompt", "a", "--no-wait")
    task = simulator.runs[0].taskid
    assert (done.code, done.out) == (0, f"{task}\n")
    assert f"wiro-tools task wait {task}" in done.err
    waited = shell("task", "wait", task, "--out", "late")
    assert (waited.code, waited.out) == (0, f"late/{task}-0.png\n")
    started = shell.run("wiro/painter", "--prompt", "b", "--no-wait", "--json")
    assert started.json == {"task_id": simulator.runs[1].taskid, "tool": "wiro/painter"}


def test_the_text_of_a_log_is_printed_where_there_are_no_outputs(
    shell: Shell, simulator: Simulator
) -> None:
    for more in ([], ["--json"]):
        simulator.plan(Scenario(kind="text", answer="Paris.", thinking="Hm.", text_shape="log"))
        done = shell.run("openai/A Writer", "--prompt", "The capital?", *more)
        assert done.code == 0
        assert (done.json["text"] if more else done.out.strip()) == "Paris."


def test_texts_go_to_the_standard_output(shell: Shell, simulator: Simulator) -> None:
    simulator.plan(Scenario.talking("Two\nlines."), times=2)
    done = shell.run("openai/A Writer", "--prompt", "a")
    assert done.out == "Two\nlines.\n"
    assert list(shell.folder.iterdir()) == []
    done = shell.run("openai/A Writer", "--prompt", "a", "--out", "said")
    assert (shell.folder / done.out.strip()).read_text("utf-8") == "Two\nlines."


def test_inputs_as_json_are_completed_and_replaced_by_options(
    shell: Shell, simulator: Simulator
) -> None:
    given = {"prompt": "from file", "selectedModel": "905", "samples": 3}
    done = shell.run(
        *("wiro/painter", "--input-json", "-", "--samples", "2", "--dry-run"),
        stdin=json.dumps(given).encode(),
    )
    assert done.json == {**done.json, "prompt": "from file", "selectedModel": "905", "samples": 2}
    assert simulator.requests == []


def test_a_failed_task_is_exit_1_with_its_reason(shell: Shell, simulator: Simulator) -> None:
    simulator.plan(Scenario.failing("RuntimeError: out of memory"), times=2)
    done = shell.run("wiro/painter", "--prompt", "a")
    task = simulator.runs[0].taskid
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        f"task {task}: submitted",
        f"wiro-tools: task {task} failed: exit code 1: RuntimeError: out of memory",
    ]
    done = shell.run("wiro/painter", "--prompt", "a", "--json")
    assert done.code == 1
    assert done.json["error"]["type"] == "TaskFailed"
    assert done.json["task_id"] == simulator.runs[1].taskid


def test_a_task_that_lasts_longer_is_left_running(shell: Shell, simulator: Simulator) -> None:
    simulator.plan(Scenario(stuck="task_start"))
    done = shell.run("wiro/painter", "--prompt", "a", "--timeout", "0.5")
    task = simulator.runs[0].taskid
    assert done.code == 1
    assert f"task {task} has not ended within 0.5 s" in done.err
    assert "client.task" not in done.err
    assert done.err.endswith(f"  resume with: wiro-tools task wait {task}\n")


def test_a_lost_answer_is_never_sent_again(shell: Shell, simulator: Simulator) -> None:
    simulator.faults.add("Run/*", faults.reset(acts=True))
    done = shell.run("wiro/painter", "--prompt", "a")
    assert done.code == 1
    assert "may have been accepted" in done.err
    assert len(simulator.runs) == 1


def test_a_file_that_cannot_be_fetched_is_exit_1_and_can_be_fetched_later(
    shell: Shell, simulator: Simulator
) -> None:
    rule = simulator.faults.add("cdn/*", faults.status(404), times=None)
    done = shell.run("wiro/painter", "--prompt", "a")
    assert done.code == 1
    assert done.err.endswith(f"resume with: wiro-tools task wait {simulator.runs[0].taskid}\n")
    assert rule.applied
    simulator.faults.clear()
    task = simulator.runs[0].taskid
    assert shell("task", "wait", task).out == f"{task}-0.png\n"


def test_files_that_were_saved_already_are_not_fetched_again(
    shell: Shell, simulator: Simulator
) -> None:
    simulator.faults.add("cdn/*", faults.status(404))
    assert shell.run("wiro/painter", "--prompt", "a", "--samples", "3").code == 1
    task = simulator.runs[0].taskid
    assert len(list(shell.folder.iterdir())) == 2
    for fetched in (4, 4):
        done = shell("task", "wait", task)
        assert done.out.splitlines() == [f"{task}-{number}.png" for number in range(3)]
        assert len(simulator.downloads) == fetched
    assert len(list(shell.folder.iterdir())) == 3
    (shell.folder / f"{task}-1.png").write_bytes(b"changed")
    assert shell("task", "wait", task).out.splitlines()[1] == f"{task}-1 (2).png"
    assert (shell.folder / f"{task}-1.png").read_bytes() == b"changed"
