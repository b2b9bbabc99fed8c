"""Programs for shells that ask them often: each call is a process of the fork servers.

``wiro-tools`` in ``PATH`` is a few lines of bash that send arguments, environment and folder to
this process, which has the program run. Only the imports are saved.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import fork_server

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
def prepared(folder: Path) -> Generator[Path]:
    """A folder below ``folder`` with the programs, for ``PATH``. Where ``$HOME/installed`` exists,
    they are the installed ones."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=[listener], daemon=True).start()
        programs = folder / "programs"
        programs.mkdir()
        for name in NAMES:
            stub = programs / name
            port = listener.getsockname()[1]
            stub.write_text(_STUB.format(installed=PROGRAMS / name, port=port), "utf-8")
            stub.chmod(0o755)
        yield programs
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=[connection], daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with connection:
        request = b""
        while not request.endswith(b"\0END\0"):
            request += connection.recv(65536)
        program, folder, count, *rest = os.fsdecode(request).split("\0")[:-2]
        arguments, pairs = rest[: int(count)], rest[int(count) :]
        env = dict(pair.split("=", 1) for pair in pairs)
        done = fork_server.run(Path(program).name, *arguments, cwd=Path(folder), env=env)
        connection.sendall(done.stdout.encode())
