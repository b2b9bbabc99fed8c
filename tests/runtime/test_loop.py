"""The event loop in a background thread, on which ``Wiro`` works."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import threading

import pytest

from wiro_runtime.http import loop
from wiro_runtime.http.loop import call_back, run

STARTING = """
import sys, threading
from wiro_runtime import Wiro

class Terminated(BaseException):
    pass

start, interrupted = threading.Thread.start, []

def interrupt(self):
    if interrupted:
        return start(self)
    interrupted.append(True)
    if sys.argv[1] == "after":
        start(self)
    raise Terminated

def client():
    return Wiro("k", "s", base_url="http://127.0.0.1:1/v1")

threading.Thread.start = interrupt
try:
    client()
except Terminated:
    print("interrupted")
with client():
    print("works")
"""

FIRST = """
import threading
from wiro_runtime.http.loop import background_loop

barrier = threading.Barrier(20)
found = []

def begin():
    barrier.wait()
    found.append(background_loop())

threads = [threading.Thread(target=begin) for _ in range(20)]
for each in threads:
    each.start()
for each in threads:
    each.join()
print(len(set(found)), "loop")
while sum(each.name == "wiro-loop" for each in threading.enumerate()) > 1:
    pass
print("one thread")
"""


def lines(code: str, *arguments: str) -> list[str]:
    """What a program prints that must end in time."""
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert not run.stderr
    return run.stdout.splitlines()


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_client_works_though_the_start_of_the_loop_was_interrupted(moment: str) -> None:
    """A signal handler raises while the thread of the loop is started."""
    assert lines(STARTING, moment) == ["interrupted", "works"]


@pytest.mark.slow
def test_threads_that_make_their_first_client_at_once_share_one_loop() -> None:
    assert lines(FIRST) == ["1 loop", "one thread"]


def test_a_call_that_is_interrupted_twice_ends_without_its_thread() -> None:
    ended = threading.Event()
    called: list[str] = []

    def interrupt(name: str) -> None:
        called.append(name)
        raise KeyboardInterrupt

    async def work() -> None:
        try:
            await call_back(interrupt, "first")
        except asyncio.CancelledError:
            await call_back(interrupt, "second")
        await call_back(interrupt, "third")
        ended.set()

    with pytest.raises(KeyboardInterrupt):
        run(work())
    assert ended.wait(10)
    assert called == ["first", "second"]


def test_a_call_that_is_interrupted_before_it_begins_leaves_no_coroutine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted() -> asyncio.AbstractEventLoop:
        raise KeyboardInterrupt

    monkeypatch.setattr(loop, "background_loop", interrupted)
    work = asyncio.sleep(0)
    with pytest.raises(KeyboardInterrupt):
        run(work)
    assert inspect.getcoroutinestate(work) == inspect.CORO_CLOSED
