"""Programs for shells that ask them often: each call forks a process that has imported them.

``wiro-tools`` in ``PATH`` is a few lines of bash that send arguments, environment and folder to
that process. What runs is the program's own ``main``; only the imports are saved.
"""

from __future__ import annotations

import importlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PROGRAMS: Final = Path(sys.executable).parent
"""Where the commands are installed, whether or not that is in ``PATH``."""

NAMES: Final = ("wiro-tools", "wirogen")

_STUB: Final = """\
#!/usr/bin/env bash
[ -e "$HOME/installed" ] && exec {installed} "$@"
exec 3<>/dev/tcp/127.0.0.1/{port}
{{ printf '%s\\0' "$0" "$PWD" "$#" "$@"; env -0; printf 'END\\0'; }} >&3
exec cat <&3
"""


@contextmanager
def prepared(folder: Path, env: Mapping[str, str]) -> Generator[Path]:
    """A folder below ``folder`` with the programs, for ``PATH``. Where ``$HOME/installed`` exists,
    they are the installed ones."""
    command = [sys.executable, __file__]
    with subprocess.Popen(command, env=dict(env), stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        programs = folder / "programs"
        programs.mkdir()
        for name in NAMES:
            stub = programs / name
            stub.write_text(_STUB.format(installed=PROGRAMS / name, port=port), "utf-8")
            stub.chmod(0o755)
        yield programs
        server.kill()


def _serve() -> None:
    for name in ("wiro_runtime.cli.app", "wirogen.cli.app"):
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.create_server(("127.0.0.1", 0)) as server:
        print(server.getsockname()[1], flush=True)  # noqa: T201
        while True:
            connection, _ = server.accept()
            with connection:
                if os.fork() == 0:
                    server.close()
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    _run(connection)


def _run(connection: socket.socket) -> None:
    from wiro_runtime.cli.__main__ import main as wiro_tools
    from wirogen.__main__ import main as wirogen

    request = b""
    while not request.endswith(b"\0END\0"):
        request += connection.recv(65536)
    program, folder, count, *rest = os.fsdecode(request).split("\0")[:-2]
    os.chdir(folder)
    os.environ.clear()
    for pair in rest[int(count) :]:
        name, _, value = pair.partition("=")
        os.environ[name] = value
    sys.argv = [program, *rest[: int(count)]]
    os.dup2(connection.fileno(), 1)
    {"wiro-tools": wiro_tools, "wirogen": wirogen}[Path(program).name]()


if __name__ == "__main__":
    _serve()
