"""The process of ``fork_server.executable``: it lends a forked command its streams, its environment
and its folder, and ends as the command does.

It imports little, for it takes the place of a Python that would import a whole program.
"""

import json
import os
import signal
import socket
import sys

_LENGTH = 8


def run(address: str) -> None:
    """Run the command that this process was started as, at the server that listens there."""
    status, theirs = os.pipe()
    folder = os.getcwd()  # noqa: PTH109 - pathlib takes longer to import than the rest
    request = json.dumps([sys.argv[1:], folder, dict(os.environ), ""]).encode()
    with socket.socket(socket.AF_UNIX) as server:
        server.connect(address)
        files = [0, 1, 2, theirs]
        socket.send_fds(server, [len(request).to_bytes(_LENGTH, "big")], files)
        server.sendall(request)
    os.close(theirs)
    command = int.from_bytes(os.read(status, _LENGTH), "big")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: os.kill(command, number))
    ended = os.waitstatus_to_exitcode(int.from_bytes(os.read(status, _LENGTH), "big"))
    if ended < 0:
        signal.signal(-ended, signal.SIG_DFL)
        os.kill(os.getpid(), -ended)
    sys.exit(ended)
