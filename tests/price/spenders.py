"""Processes that share a budget, for tests: each line of JSON on the standard input is a list of
them, forked at once so that imports are paid for once; ``done`` is written when all have ended.

A process is a list of ``[samples, waits, kill]``: a run of so many outputs, whether it is waited
for, and in which hook the process kills itself, if at all.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any, ClassVar

from pydantic import Field

from wiro_runtime import Hooks, PollSchedule, Wiro, WiroError
from wiro_runtime.generated import Tariff, ToolInputs

TOOL = "wiro/painter"
EACH = "0.05"
"""Dollars of an output."""


class Inputs(ToolInputs):
    _tariff: ClassVar[Tariff | None] = Tariff(
        {"rates": [{"inputs": {}, "method": "cpo", "price": EACH}], "outputs": "samples"}
    )
    prompt: Annotated[str, Field(alias="prompt", json_schema_extra={"x-wire": "string"})] = "a"
    samples: Annotated[
        int | None, Field(alias="samples", json_schema_extra={"x-wire": "number"})
    ] = 1


def spend(journal: str, budget: str, actions: list[tuple[int, bool, str]]) -> None:
    for number, (samples, waits, kill) in enumerate(actions):

        def die(info: Any) -> None:
            if "/Run/" in getattr(getattr(info, "request", info), "path", "/Run/"):
                os.kill(os.getpid(), signal.SIGKILL)

        hooks = Hooks(**{kill: die}) if kill else Hooks()
        inputs = Inputs(prompt=f"{os.getpid()}-{number}", samples=samples)
        with (
            Wiro(
                journal=journal,
                budget=budget,
                hooks=hooks,
                max_retries=0,
                poll=PollSchedule.every(0.001),
                socket_url="",
            ) as client,
            suppress(WiroError),
        ):
            task = client.submit(TOOL, inputs)
            if waits:
                task.wait()


def main() -> None:
    for module in ("journal", "service"):
        import_module(f"wiro_runtime.tasks.{module}")

    for line in sys.stdin:
        journal, budget, processes = json.loads(line)
        children: list[int] = []
        for actions in processes:
            child = os.fork()
            if child == 0:
                spend(journal, budget, actions)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)
        sys.stdout.write("done\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
