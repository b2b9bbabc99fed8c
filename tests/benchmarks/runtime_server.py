"""A simulator in a process of its own, so that a benchmark measures the client alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

TOOL = "wiro/painter"

_INPUT = {"name": "prompt", "label": "", "help": "", "type": "textarea", "default": None,
          "required": True, "wire": {"type": "string"}}  # fmt: skip
_TOOL = {"spec": 1, "tool": TOOL, "name": TOOL, "description": "", "cover": None,
         "categories": ["text-to-image"], "endpoints": {"run": "", "detail": ""},
         "inputs": [_INPUT]}  # fmt: skip

_SERVER = """
import json, sys
from wiro_runtime.testing import Scenario, Simulator

tool, speed, size = json.loads(sys.argv[1])
with Simulator(tools=[tool], speed=speed) as simulator:
    simulator.plan(Scenario(output_size=size), times=None)
    print(json.dumps(simulator.env()), flush=True)
    for line in sys.stdin:
        count = sum(request.path.endswith("/Detail") for request in simulator.requests)
        print(json.dumps({"looks": count, "runs": len(simulator.runs)}), flush=True)
"""


class Server:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin
        assert process.stdout
        self._stdin, self._stdout = process.stdin, process.stdout
        env: dict[str, str] = json.loads(self._stdout.readline())
        self.options: dict[str, Any] = {
            "api_key": env["WIRO_API_KEY"],
            "api_secret": env["WIRO_API_SECRET"],
            "base_url": env["WIRO_BASE_URL"],
            "socket_url": env["WIRO_SOCKET_URL"],
        }

    def counts(self) -> dict[str, int]:
        """``looks`` and ``runs`` so far."""
        self._stdin.write("\n")
        self._stdin.flush()
        return json.loads(self._stdout.readline())


@contextmanager
def server(
    speed: float | str = "instant", size: int | None = None, tool: object = None
) -> Generator[Server, None, None]:
    """``tool`` is a spec as JSON; without one it is that of :data:`TOOL`."""
    arguments = json.dumps([tool or _TOOL, speed, size])
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER, arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Server(process)
        finally:
            if process.stdin:
                process.stdin.close()
            process.terminate()
