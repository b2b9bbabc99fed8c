"""``wiro-tools`` and ``wirogen`` in processes of their own that need not import them first.

A Python that starts anew computes for up to a second before it runs anything. Here one process for
each program has imported it, and forks for every command: a process with its own arguments,
environment, folder, streams and exit status. ``start`` and ``run`` fork for a test, ``executable``
is a file that forks for a shell or another program. What a fork cannot show (how Python starts and
ends, what is imported when) is tested with ``sys.executable``.
"""

from __future__ import annotations

import atexit
import fcntl
import gc
import importlib
import json
import os
import pkgutil
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack, contextmanager, suppress
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
        # What these import when they are used.
        "anyio._backends._asyncio",
        "dbos._sys_db_sqlite",
        "pydantic.type_adapter",
        "rich._emoji_codes",
        "sqlalchemy.dialects.sqlite",
    ),
    # The same program with what ``wiro-tools mcp`` and ``wiro-tools studio`` import.
    "wiro-tools-servers": (
        "wiro_runtime.cli",
        "wiro_runtime.http",
        "wiro_runtime.tasks",
        "wiro_runtime.generated",
        "wiro_runtime.mcp",
        "wiro_runtime.studio",
        "wiro_runtime.testing",
        "anyio._backends._asyncio",
        "pydantic.type_adapter",
        "mcp.server.streamable_http_manager",
        "uvicorn.protocols.http.auto",
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
_MAIN: Final = {
    "wiro-tools": "wiro_runtime.cli.__main__",
    "wiro-tools-servers": "wiro_runtime.cli.__main__",
    "wirogen": "wirogen.__main__",
}
_CLIENT: Final = """#!{python} -IS
import sys
sys.path.insert(0, {tests!r})
from fork_client import run
run({address!r})
"""
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

    def read_until(self, pattern: str, timeout: float = 120) -> str:
        """What it has written to its errors, when that has a match of ``pattern``."""
        deadline = time.monotonic() + timeout
        while not re.search(pattern, written := self.read()[1]):
            assert self.poll() is None, written
            assert time.monotonic() < deadline, written
            time.sleep(0.01)
        return written

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


_FOLDER: Final = "FORK_SERVERS"
"""The variable that tells processes of a test run where the sockets of its fork servers are."""


@contextmanager
def serving() -> Generator[None]:
    """Run the fork servers of this process and of the processes that it starts."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="fork-"))
        for program in _MAIN:
            listener = stack.enter_context(socket.socket(socket.AF_UNIX))
            listener.bind(_address(folder, program))
            listener.listen(64)
            server = subprocess.Popen(
                [sys.executable, __file__, program, str(listener.fileno())],
                env={"PATH": os.environ["PATH"]},
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
                start_new_session=True,  # a Ctrl-C is for the tests
            )
            _write_client(folder, program)
            stack.enter_context(server)  # closes its input, which ends it
        os.environ[_FOLDER] = folder
        yield


def _address(folder: str, program: str) -> str:
    return os.path.join(folder, program)  # noqa: PTH118 - a socket takes text


def _executable(folder: str, program: str) -> Path:
    return Path(folder, f"{program}-bin", program.removesuffix("-servers"))


def _write_client(folder: str, program: str) -> None:
    file = _executable(folder, program)
    file.parent.mkdir()
    values = {"tests": str(Path(__file__).parent), "address": _address(folder, program)}
    file.write_text(_CLIENT.format(python=sys.executable, **values), "utf-8")
    file.chmod(0o755)


def executable(program: str) -> Path:
    """A file that runs the program, alone in its folder. The command gets what its process gets of
    SIGINT and SIGTERM, and ends with it."""
    return _executable(os.environ[_FOLDER], program)


def start(
    program: str,
    *arguments: str | Path,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    before: str = "",
    terminal: int | None = None,
) -> Process:
    """Start ``wiro-tools`` or ``wirogen`` with this environment and no other variables, in a
    process group of its own. ``before`` is Python that the process executes first; ``terminal`` is
    a file descriptor of the terminal that it runs on."""
    request = [tuple(map(str, arguments)), str(cwd), dict(env), before]
    data = json.dumps(request).encode()
    out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 - of Process
    status, theirs = os.pipe()
    with tempfile.TemporaryFile() as given, socket.socket(socket.AF_UNIX) as server:
        given.write(stdin)
        given.seek(0)
        streams = [terminal] * 3 if terminal is not None else [given, out, err]
        files = [each if isinstance(each, int) else each.fileno() for each in (*streams, theirs)]
        server.connect(_address(os.environ[_FOLDER], program))
        socket.send_fds(server, [len(data).to_bytes(_LENGTH, "big")], files)
        server.sendall(data)
    os.close(theirs)
    return Process(status, out, err)


def run(
    program: str,
    *arguments: str | Path,
    cwd: Path,
    env: Mapping[str, str],
    stdin: bytes = b"",
    before: str = "",
) -> subprocess.CompletedProcess[str]:
    """The same, to its end."""
    process = start(program, *arguments, cwd=cwd, env=env, stdin=stdin, before=before)
    out, err = process.communicate()
    return subprocess.CompletedProcess([program, *arguments], process.wait(), out, err)


def _serve(program: str, listener: socket.socket) -> Callable[[], Any]:
    """Fork for each request, until the input is closed. Returns in the processes of commands, with
    what they are to run."""
    if sys.stdin in select.select([listener, sys.stdin], [], [])[0]:
        sys.exit()
    main = _import(program)
    wake, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, _wake)
    running: dict[int, int] = {}
    events = select.poll()
    for each in (listener, sys.stdin, wake):
        events.register(each, select.POLLIN)
    while True:
        ready = {file for file, _ in events.poll()}
        if sys.stdin.fileno() in ready:
            sys.exit()
        for child, status in running.items():
            # The end of who waits for a command is the end of the command.
            if status in ready:
                events.unregister(status)
                os.kill(child, signal.SIGKILL)
        if wake.fileno() in ready:
            wake.recv(4096)
            _tell(running, events)
        if listener.fileno() not in ready:
            continue
        connection = listener.accept()[0]
        with connection:
            head, files, _, _ = socket.recv_fds(connection, _LENGTH, 4)
            request = _receive(connection, int.from_bytes(head, "big"))
        child = os.fork()
        if child == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for each in (listener, wake, waker):
                each.close()
            for status in running.values():
                os.close(status)
            _become(program, json.loads(request), files)
            return main
        *streams, running[child] = files
        events.register(running[child], 0)
        os.write(running[child], child.to_bytes(_LENGTH, "big"))
        for file in streams:
            os.close(file)


def _wake(signum: int, frame: object) -> None:
    """A signal without a handler wakes nothing."""


def _import(program: str) -> Callable[[], Any]:
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
    return main


def _receive(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += connection.recv(size - len(data))
    return data


def _tell(running: dict[int, int], events: select.poll) -> None:
    """Write the status of each command that has ended where its test waits for it."""
    while running:
        child, status = os.waitpid(-1, os.WNOHANG)
        if not child:
            return
        pipe = running.pop(child)
        with suppress(KeyError):
            events.unregister(pipe)
        with suppress(BrokenPipeError):  # a test that does not wait
            os.write(pipe, status.to_bytes(_LENGTH, "big"))
        os.close(pipe)


def _become(program: str, request: list[Any], files: list[int]) -> None:
    arguments, cwd, env, before = request
    for number, file in enumerate(files):
        if number < 3:
            os.dup2(file, number)
        os.close(file)
    # Those of the server remember what kind of file its own streams are.
    sys.stdin = os.fdopen(0, encoding="utf-8", errors="surrogateescape")
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", errors="surrogateescape")
    sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", errors="backslashreplace")
    os.setsid()
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [program.removesuffix("-servers"), *arguments]
    sys.path[:0] = filter(None, env.get("PYTHONPATH", "").split(os.pathsep))
    exec(before)  # noqa: S102 - a test's own


if __name__ == "__main__":
    # In its place stands what a command has there: the folder of an installed script.
    sys.path[0] = str(Path(sys.executable).parent)
    # Tests that run in the background, or under nohup, have these ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # A Ctrl-C that comes before a command has begun waits until it begins.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    with socket.socket(fileno=int(sys.argv[2])) as _listener:
        _command = _serve(sys.argv[1], _listener)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    except KeyboardInterrupt:
        os._exit(130)
    try:
        _command()
    except SystemExit as _end:
        if threading.active_count() == 1 and isinstance(_end.code, int):
            # Python frees what it has imported, which is more than most commands do.
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(_end.code)
        raise
