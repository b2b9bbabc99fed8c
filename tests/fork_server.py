"""``wiro-tools`` and ``wirogen`` in processes of their own that need not import them first.

A Python that starts anew computes for up to a second before it runs anything. Here one process for
each program has imported it, and forks for every command: a process with its own arguments,
environment, folder, streams and exit status. What a fork cannot show (how Python starts, what is
imported when, a terminal) is tested with ``sys.executable``.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any, Final

_PRELOADED: Final = {
    "wiro-tools": (
        "wiro_runtime.cli",
        "wiro_runtime.http",
        "wiro_runtime.inputs",
        "wiro_runtime.tasks",
        "wiro_runtime.results",
        "wiro_runtime.generated",
        "wiro_runtime.lazy",
        "wiro_runtime.stored_keys",
        "wiro_runtime.batch.engine",
    ),
    "wirogen": (
        "wirogen.cli",
        "wirogen.pipeline",
        "wirogen.site",
        "datamodel_code_generator.config",
        "datamodel_code_generator.model.pydantic_v2",
        "datamodel_code_generator.parser.jsonschema",
        "black",
        "pymdownx",
    ),
}
_MAIN: Final = {"wiro-tools": "wiro_runtime.cli.__main__", "wirogen": "wirogen.__main__"}
_LENGTH: Final = 8


class Process:
    """A command that was started; ``returncode`` is its exit status, negative for a signal, and
    ``None`` while it runs."""

    def __init__(self, status: int, out: IO[bytes], err: IO[bytes]) -> None:
        self._status = status
        self._files = (out, err)
        self._written = ("", "")
        self.pid = self._number()
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit status, if the command has ended."""
        if self.returncode is None and select.select([self._status], [], [], 0)[0]:
            self._end()
        return self.returncode

    def wait(self, timeout: float = 300) -> int:
        """The exit status. Raises ``TimeoutError`` after ``timeout`` seconds."""
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise TimeoutError(f"still running after {timeout} seconds: {self.read()}")
            self._end()
        assert self.returncode is not None
        return self.returncode

    def communicate(self, timeout: float = 300) -> tuple[str, str]:
        """What the command has written to its output and its errors, when it has ended."""
        self.wait(timeout)
        return self._written

    def read(self) -> tuple[str, str]:
        """The same so far."""
        if self.returncode is not None:
            return self._written
        # The command writes at the position of these files.
        files = [each.fileno() for each in self._files]
        out, err = (os.pread(each, os.fstat(each).st_size, 0).decode() for each in files)
        return out, err

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _end(self) -> None:
        self._written = self.read()
        self.returncode = os.waitstatus_to_exitcode(self._number())
        os.close(self._status)
        for file in self._files:
            file.close()

    def _number(self) -> int:
        return int.from_bytes(os.read(self._status, _LENGTH), "big")


class _ForkServer:
    """The process that forks; it ends when ``close`` is called or this process ends."""

    def __init__(self, program: str) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, program, str(theirs.fileno())],
                env={"PATH": os.environ["PATH"]},
                pass_fds=[theirs.fileno()],
            )

    def start(self, request: bytes, stdin: bytes) -> Process:
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - of Process
        status, theirs = os.pipe()
        with tempfile.TemporaryFile() as given:
            given.write(stdin)
            given.seek(0)
            files = [given.fileno(), out.fileno(), err.fileno(), theirs]
            socket.send_fds(self._control, [len(request).to_bytes(_LENGTH, "big")], files)
        self._control.sendall(request)
        os.close(theirs)
        return Process(status, out, err)

    def close(self) -> None:
        self._control.close()
        self._process.wait()


_running: Final[list[_ForkServer]] = []


@cache
def _server(program: str) -> _ForkServer:
    _running.append(_ForkServer(program))
    return _running[-1]


def close_servers() -> None:
    """End all fork servers. A command that is started afterwards begins new ones."""
    _server.cache_clear()
    while _running:
        _running.pop().close()


def start(
    program: str,
    *arguments: str | Path,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    before: str = "",
) -> Process:
    """Start ``wiro-tools`` or ``wirogen`` with this environment and no other variables, in a
    process group of its own. ``before`` is Python that the process executes first."""
    request = [tuple(map(str, arguments)), str(cwd), dict(env), before]
    return _server(program).start(json.dumps(request).encode(), stdin)


def run(
    program: str, *arguments: str | Path, cwd: Path, env: Mapping[str, str], stdin: bytes = b""
) -> subprocess.CompletedProcess[str]:
    """The same, to its end."""
    process = start(program, *arguments, cwd=cwd, env=env, stdin=stdin)
    out, err = process.communicate()
    return subprocess.CompletedProcess([program, *arguments], process.wait(), out, err)


def _serve(program: str, control: socket.socket) -> Callable[[], Any]:
    """Fork for each request, until ``control`` is closed. Returns in the processes of commands,
    with what they are to run."""
    for name in _PRELOADED[program]:
        module = importlib.import_module(name)
        for each in pkgutil.iter_modules(getattr(module, "__path__", ())):
            if not each.name.startswith("__") and name.startswith("wiro"):
                importlib.import_module(f"{name}.{each.name}")
    if program == "wirogen":
        # Of the files as they are now, like what has been imported.
        importlib.import_module("wirogen.common.cache").generator_fingerprint()
    main = importlib.import_module(_MAIN[program]).main
    gc.freeze()
    while True:
        head, files, _, _ = socket.recv_fds(control, _LENGTH, 4)
        if not head:
            sys.exit()
        request = _receive(control, int.from_bytes(head, "big"))
        if os.fork() == 0:
            control.close()
            if _fork_and_tell(files[3]):
                _become(program, json.loads(request), files)
                return main
        for file in files:
            os.close(file)
        while os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG):
            pass


def _receive(control: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += control.recv(size - len(data))
    return data


def _fork_and_tell(status: int) -> bool:
    """Whether this is the command's process. The other one writes its number and status."""
    child = os.fork()
    if child == 0:
        return True
    os.write(status, child.to_bytes(_LENGTH, "big"))
    os.write(status, os.waitpid(child, 0)[1].to_bytes(_LENGTH, "big"))
    os._exit(0)


def _become(program: str, request: list[Any], files: list[int]) -> None:
    arguments, cwd, env, before = request
    for number, file in enumerate(files):
        if number < 3:
            os.dup2(file, number)
        os.close(file)
    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [program, *arguments]
    sys.path[:0] = filter(None, env.get("PYTHONPATH", "").split(os.pathsep))
    exec(before)  # noqa: S102 - a test's own


if __name__ == "__main__":
    # In its place stands what a command has there: the folder of an installed script.
    sys.path[0] = str(Path(sys.executable).parent)
    with socket.socket(fileno=int(sys.argv[2])) as _control:
        _command = _serve(sys.argv[1], _control)
    _command()
