"""Clients and results in more than one process."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.kit import TOOL, ClientKind, Kit
from wiro_runtime import AsyncWiro, PollSchedule, Result, Wiro
from wiro_runtime.testing import Simulator

pytestmark = pytest.mark.slow

FORKED = """
import os, sys, threading
from wiro_runtime import PollSchedule, Wiro

client = Wiro(poll=PollSchedule.every(0.001))
tasks = [client.submit("wiro/painter", {"prompt": str(n)}) for n in range(4)]
for task in tasks:
    task.refresh()                       # a connection is open and idle now
children = []
for n in range(4):
    child = os.fork()
    if child == 0:
        for _ in range(15):
            for task in tasks:
                found = task.refresh()
                prompt = found.raw["parameters"]["prompt"]
                if (found.id, prompt) != (task.id, str(tasks.index(task))):
                    os._exit(3)
        tasks[n].wait().download(sys.argv[1])
        os._exit(0)
    children.append(child)
for _ in range(15):
    for task in tasks:
        assert task.refresh().id == task.id
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
print(codes)
client.close()
"""


SAVING = """
import os, sys, threading
from wiro_runtime import Wiro

client, begun, forked = Wiro(), threading.Event(), threading.Event()
result = client.run("wiro/painter", {"prompt": "x"})

def hold(*_):
    begun.set()
    forked.wait()

saving = threading.Thread(target=result.download, args=(sys.argv[1],), kwargs={"progress": hold})
saving.start()
begun.wait()
child = os.fork()
if child == 0:
    result.download(sys.argv[1])
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
forked.set()
saving.join()
client.close()
"""


BUILDING = """
import os, signal, sys, threading, time
from pydantic_core import core_schema
from wiro_runtime.generated import ToolInputs

begun = threading.Event()

class Slow:
    @classmethod
    def __get_pydantic_core_schema__(cls, *_):
        begun.set()
        time.sleep(0.5)
        return core_schema.str_schema()

class Inputs(ToolInputs):
    prompt: Slow

first = threading.Thread(target=Inputs, kwargs={"prompt": "x"})
first.start()
begun.wait()
child = os.fork()
if child == 0:
    signal.alarm(10)
    os._exit(Inputs(prompt="y").prompt != "y")
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
first.join()
"""


def printed(simulator: Simulator, script: str, folder: Path) -> str:
    """What a process with its own client prints; it must say nothing else."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, folder],
        env={**os.environ, **simulator.env()},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_children_do_not_read_each_others_answers(
    instant: Simulator, tmp_path: Path
) -> None:
    assert printed(instant, FORKED, tmp_path) == "[0, 0, 0, 0]\n"
    assert len(list(tmp_path.iterdir())) == 4


@pytest.fixture
def result(instant: Simulator) -> Result:
    client = Kit("sync", instant).client(poll=PollSchedule.every(0.01))
    assert isinstance(client, Wiro)
    with client:
        return client.run(TOOL, {"prompt": "x"})


def pickled(result: Result) -> Result:
    return pickle.loads(pickle.dumps(result))  # noqa: S301 - made in this line


@pytest.mark.parametrize("copied", [pickled, copy.deepcopy])
def test_a_result_may_be_sent_elsewhere_and_fetched_there(
    instant: Simulator, result: Result, tmp_path: Path, copied: Callable[[Result], Result]
) -> None:
    assert instant.api_key.encode() not in pickle.dumps(result)
    assert str(instant.api_secret).encode() not in pickle.dumps(result)
    again = copied(result)
    assert again == result
    (path,) = again.download(tmp_path)
    assert path.read_bytes() == result.outputs[0].read()


def test_clients_and_tasks_say_why_they_are_not_pickled(kind: ClientKind) -> None:
    client = Wiro("key") if kind == "sync" else AsyncWiro("key")
    for thing, message in ((client, "make one in each process"), (client.task("5"), "keep its id")):
        for copied in (pickle.dumps, copy.deepcopy):
            with pytest.raises(TypeError, match=message):
                copied(thing)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_a_result_is_saved_saves_it_too(
    instant: Simulator, tmp_path: Path
) -> None:
    assert printed(instant, SAVING, tmp_path) == "0\n"
    assert "0.png" in [path.name for path in tmp_path.iterdir()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_a_tool_is_first_checked_checks_it_too(
    instant: Simulator, tmp_path: Path
) -> None:
    assert printed(instant, BUILDING, tmp_path) == "0\n"
