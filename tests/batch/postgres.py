"""A PostgreSQL server of its own for tests, and a way to it that can be cut."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path


def find_programs() -> Path | None:
    """The folder of Debian's newest PostgreSQL, or of one on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    program = shutil.which("initdb")
    return Path(program).parent if program else None


def find_user() -> list[str] | None:
    """What goes before a command of the server, which refuses to work for root."""
    if os.getuid() != 0:
        return []
    with suppress(KeyError):
        pwd.getpwnam("postgres")
        if shutil.which("runuser"):
            return ["runuser", "-u", "postgres", "--"]
    return None


class Server:
    def __init__(self, folder: Path, programs: Path, user: list[str]) -> None:
        self._folder = folder
        self._programs = programs
        self._user = user
        self.database = "postgres"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])

    def address(self, port: int | None = None) -> str:
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{self.database}"

    def initialize(self) -> None:
        self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync")

    def start(self) -> None:
        options = f"-p {self.port} -h 127.0.0.1 -k {self._folder} -c fsync=off"
        log = self._folder / "log"
        self._run("pg_ctl", "start", "-w", "-s", "-l", str(log), "-o", options)

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-s", "-m", "immediate")

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._user, str(self._programs / program), "-D", str(self._folder), *arguments]
        done = subprocess.run(
            command,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr


@contextmanager
def postgres() -> Generator[Server | None]:
    """A server; ``None`` where none is installed."""
    programs, user = find_programs(), find_user()
    if programs is None or user is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="wiro-pg-") as made:
        folder = Path(made)
        if user:
            shutil.chown(folder, "postgres", "postgres")
        server = Server(folder, programs, user)
        server.initialize()
        server.start()
        try:
            yield server
        finally:
            with suppress(AssertionError):
                server.stop()


class Way:
    """A port that leads to another one until it is cut."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._open = True
        self._connections: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads: list[threading.Thread] = []
        self._begin(self._accept)

    def cut(self) -> None:
        """Break all connections, and every new one."""
        with self._lock:
            self._open = False
            for each in self._connections:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        with self._lock:
            self._open = True

    def close(self) -> None:
        self.cut()
        with suppress(OSError):
            # Wakes the thread that accepts.
            self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._connections):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                if not self._open:
                    near.close()
                    continue
                try:
                    far = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    near.close()
                    continue
                self._connections += [near, far]
            for one, other in ((near, far), (far, near)):
                self._begin(_pump, one, other)

    def _begin(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        thread.start()
        self._threads.append(thread)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)
