"""Starting and stopping leaves nothing behind; many tasks and many simulators fit in."""

from __future__ import annotations

import http.client
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simulator import specs
from simulator.wire import credentials, detail, post, run, send
from wiro_runtime.testing import Simulator, faults, serve
from wiro_runtime.testing.serve import _assignment

pytestmark = pytest.mark.slow

SERVE = """
import signal, sys
from wiro_runtime.testing import serve
serve([{"tool": "wiro/x", "inputs": []}], port=int(sys.argv[1]), speed=50,
      faults=["Task/*=status:503"], documents={"wiro/x": "## Basic tool info"},
      echo=lambda line: print(line, flush=True))
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts files in /proc")
def test_nothing_is_left_behind(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with Simulator(specs.ALL):
        pass
    threads, files = threading.active_count(), open_files()
    for _ in range(20):
        with Simulator(specs.ALL, speed=1) as sim:
            run(sim)
            kept = http.client.HTTPConnection(sim.origin.removeprefix("http://"))
            kept.request("GET", "/")
            kept.getresponse().read()
        kept.close()
    # What others have opened before may be closed meanwhile.
    assert threading.active_count() <= threads
    assert open_files() <= files
    assert caplog.records == []


def test_it_stops_at_once_whatever_is_under_way(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with Simulator(specs.ALL) as sim, ThreadPoolExecutor(3) as pool:
        sim.faults.add("Run/*", faults.hang())
        sim.faults.add("Run/*", faults.slow(60), nth=2)
        sim.faults.add("Run/*", faults.drip(60), nth=3)
        calls = [pool.submit(post, sim, "Run/wiro/painter", {"prompt": "a"}) for _ in range(3)]
        while len(sim.requests) < 3:
            time.sleep(0.005)
        sim.stop()
        # Sooner than any of the three would have come to an end by itself.
        for call in calls:
            assert isinstance(call.exception(30), OSError | http.client.HTTPException)
    assert caplog.records == []


def test_records_outlive_the_server() -> None:
    with Simulator(specs.ALL) as sim:
        taskid = run(sim)["taskid"]
    assert [entry.taskid for entry in sim.runs] == [taskid]
    assert sim.status(taskid) == "task_postprocess_end"
    sim.stop()


def test_a_simulator_starts_again_and_not_twice() -> None:
    sim = Simulator(specs.ALL)
    with sim:
        first = run(sim)["taskid"]
        with pytest.raises(RuntimeError, match="already running"):
            sim.start()
    with sim:
        assert detail(sim, first)["status"] == "task_postprocess_end"


def test_many_simulators_at_once() -> None:
    simulators = [Simulator(specs.ALL).start() for _ in range(10)]
    try:
        assert len({sim.base_url for sim in simulators}) == 10
        ids = [run(sim)["taskid"] for sim in simulators]
        assert [len(sim.runs) for sim in simulators] == [1] * 10
        assert len(ids) == 10
    finally:
        for sim in simulators:
            sim.stop()


@pytest.mark.parametrize("host", ["::", "192.0.2.1", "wiro.ai", ""])
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        Simulator(host=host)


def test_ipv6_and_names_of_loopback() -> None:
    with Simulator(specs.ALL, host="localhost") as sim:
        assert run(sim)["result"] is True
    if socket.has_ipv6:
        try:
            with Simulator(specs.ALL, host="::1") as sim:
                assert sim.base_url.startswith("http://[::1]:")
                assert run(sim)["result"] is True
        except OSError as error:
            pytest.skip(f"no IPv6 loopback here: {error}")


def test_requests_from_many_threads_are_all_there() -> None:
    with Simulator(specs.ALL) as sim, ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(run, [sim] * 200))
        assert len({answer["taskid"] for answer in answers}) == 200
        assert len({answer["socketaccesstoken"] for answer in answers}) == 200
        assert len(sim.runs) == len(sim.requests) == 200


def test_records_may_be_read_while_it_stops() -> None:
    for _ in range(10):
        sim = Simulator(specs.ALL).start()
        with ThreadPoolExecutor(4) as pool:
            reads = [pool.submit(getattr, sim, "requests") for _ in range(50)]
            sim.stop()
            assert all(read.result(60) == [] for read in reads)


def test_only_so_much_is_remembered() -> None:
    with Simulator(specs.ALL, keep=3) as sim:
        ids = [run(sim)["taskid"] for _ in range(5)]
        assert [entry.taskid for entry in sim.runs] == ids[2:]
        assert len(sim.requests) == 3


def test_variables_are_set_as_each_shell_does_it() -> None:
    assert (
        _assignment("WIRO_API_KEY", "a key's", powershell=True) == "$env:WIRO_API_KEY = 'a key''s'"
    )
    line = _assignment("WIRO_API_KEY", "a key's; $(b)", powershell=False)
    shell = ["sh", "-c", f'{line}; printf %s "$WIRO_API_KEY"']
    if os.name != "nt":
        assert subprocess.run(shell, capture_output=True, check=True).stdout == b"a key's; $(b)"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-c", SERVE, "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            lines = [process.stdout.readline().strip() for _ in range(6)]
            address = re.search(r"http://(127\.0\.0\.1:\d+)/v1", lines[0])
            assert address is not None
            assert sum(re.match(r"(export |\$env:)WIRO_", line) is not None for line in lines) == 4
            assert lines[5] == "1 tool: wiro/x"
            connection = http.client.HTTPConnection(address[1], timeout=60)
            for method, path in (("GET", "/models/wiro/x/llms.txt"), ("POST", "/v1/Nope")):
                connection.request(method, path)
                connection.getresponse().read()
            # Any page that is open in a browser here may ask for this.
            connection.request("GET", "/%1b]0;x%07%0a%c2%9b31m")
            connection.getresponse().read()
            connection.close()
            assert process.stdout.readline() == "200 GET /models/wiro/x/llms.txt\n"
            assert process.stdout.readline() == "404 POST /v1/Nope\n"
            assert process.stdout.readline() == "404 GET /%1B%5D0;x%07%0A%C2%9B31m\n"
            process.send_signal(number)
            assert process.wait(30) == 0
            assert process.stdout.read() == "The simulator has stopped.\nTrue\n"
            assert process.stderr.read() == ""
        finally:
            process.kill()


INTERRUPTED_ANYWHERE = """
import os, signal, threading
from wiro_runtime.testing import serve

class Unlucky(threading.Event):
    def wait(self, timeout=None):
        with self._cond:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().wait(timeout)

serve([], port=0, echo=lambda line: None, stop=Unlucky())
"""


def test_the_command_stops_at_whatever_moment_it_is_told_to() -> None:
    subprocess.run([sys.executable, "-c", INTERRUPTED_ANYWHERE], timeout=60, check=True)


def test_a_taken_port_is_named() -> None:
    with Simulator() as sim:
        port = int(sim.origin.rsplit(":", 1)[1])
        with pytest.raises(OSError, match=rf"cannot listen on 127\.0\.0\.1:{port}: "):
            serve([], port=port, echo=print)


def test_serve_stops_by_an_event_in_any_thread() -> None:
    stop = threading.Event()
    lines: list[str] = []
    thread = threading.Thread(target=serve, args=([],), kwargs={
        "port": 0, "echo": lines.append, "stop": stop, "quiet": True,
    })  # fmt: skip
    thread.start()
    stop.set()
    thread.join(60)
    assert not thread.is_alive()
    assert lines[-1] == "The simulator has stopped."
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_answers_on_one_connection_come_without_a_pause() -> None:
    with Simulator(specs.ALL) as sim:
        connection = http.client.HTTPConnection(sim.origin.removeprefix("http://"), timeout=60)
        taken: list[float] = []
        for _ in range(40):
            start = time.monotonic()
            connection.request("POST", "/v1/Task/Detail", b"{}")
            connection.getresponse().read()
            taken.append(time.monotonic() - start)
        connection.close()
    # Where small packets wait for acknowledgements most answers take 40 ms, on any machine.
    assert sorted(taken)[10] < 0.035


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_a_client_that_hangs_up_is_no_error(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    with Simulator(specs.ALL) as sim:
        host, _, port = sim.origin.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port))) as client:
            head = f"POST /v1/Run/wiro/painter HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\n"
            client.sendall(f"{head}content-length: 5000\r\n\r\n--x".encode())
            time.sleep(0.1)
        time.sleep(0.1)
        assert run(sim)["result"] is True
    assert [each for each in caplog.records if each.levelno >= logging.WARNING] == []


def test_an_address_without_the_version_is_unknown(sim: Simulator) -> None:
    headers = [*credentials(sim), ("content-type", "application/json")]
    answer = send(sim, "POST", "/Task/Detail", headers, b"{}")
    assert answer.status == 404
    assert answer.error == (0, "Error parsing url. Paths of the API begin with /v1/.")
