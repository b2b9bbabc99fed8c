"""``wiro-tools`` as a process of its own, over a package made from the tools below."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import fork_server
from generated import number, prompt, text, tool
from generated import select as choice
from wirogen.specs import Option, Wire

SLIDER: Final = {
    "id": "Happy-v1.0",
    "type": "number",
    "minvalue": "-5",
    "maxvalue": "5",
    "defaultvalue": "5",
    "incrementby": "1",
}
BLEND: Final = {**SLIDER, "id": "Blend", "type": "float", "minvalue": "0", "incrementby": "0.5"}

MODELS: Final = tuple(Option(value=str(900 + n), label=f"Maker/Model {n}") for n in range(40))
LORAS: Final = (
    Option(value="62", label="Ostris/Happy Slider", generatesettings=(SLIDER,)),
    Option(value="70", label="Ostris/Two Sliders", generatesettings=(SLIDER, BLEND)),
    Option(value="524", label="Nest/Portrait", triggerwords=("office", "shield, sword")),
)

PAINTER: Final = tool(
    prompt(help="What to make, [bold]in words[/bold]\x1b[31m."),
    number("samples", 1, help="How many."),
    number("scale", "7.5", kind="float"),
    text("seed", default="123456", wire=Wire(type="string", sent="123456")),
    text("tiled", type="checkbox", default="false", wire=Wire(type="boolean", sent=False)),
    choice("scheduler", "Euler", "DDIM", "PNDM", default="Euler"),
    choice("selectedModel", *MODELS, open=True),
    choice(
        "selectedLoraModel",
        *LORAS,
        open=True,
        type="multiselect",
        wire=Wire(type="array", sent=[]),
    ),
    choice(
        "styles", "oil", "ink", "chalk", type="multiselect", wire=Wire(type="array", sent=["oil"])
    ),
    text("settings", wire=Wire(type="object")),
    text("out", help="An input with the name of an option."),
    categories=("text-to-image",),
    tags=("art",),
    cover="https://example.com/cover.png",
    description="Paints pictures.",
)
EDITOR: Final = tool(
    prompt(),
    text("inputImage", type="fileinput", wire=Wire(type="string"), required=True),
    text("photos", type="combinefileinput", wire=Wire(type="array")),
    name="wiro/editor",
    categories=("image-to-image",),
    description="Changes a portrait.",
    dynamicprice=[
        {"inputs": {"photos": "QUANTITY:2"}, "price": 0.2, "priceMethod": "cpr"},
        {"inputs": {"prompt": "cheap"}, "price": 0.05, "priceMethod": "cpr"},
        {"inputs": {}, "price": 0.1, "priceMethod": "cpr"},
    ],
)
WRITER: Final = tool(prompt(), name="openai/A Writer", categories=("llm",), description="Writes.")
TOOLS: Final = (PAINTER, EDITOR, WRITER)


AT_ONCE: Final = """
from wiro_runtime.settings import Timing
async def sleep(seconds): pass
Timing.__init__.__kwdefaults__["sleep"] = sleep
"""
"""Executed before a command, has it wait for nothing before it tries again."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Here: TypeAlias = Callable[..., Done]


@dataclass(frozen=True, kw_only=True)
class Shell:
    """Starts ``wiro-tools`` in ``folder``, with this environment and nothing else."""

    folder: Path
    env: Mapping[str, str]

    def __call__(
        self, *arguments: str, stdin: bytes = b"", before: str = "", **env: str | None
    ) -> Done:
        environment = self._environment(env)
        done = fork_server.run(
            "wiro-tools",
            *arguments,
            cwd=self.folder,
            env=environment,
            stdin=stdin,
            before=before,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    def script(self, text: str, *arguments: str) -> Done:
        """A line for ``sh`` in which ``"$@"`` is ``wiro-tools`` with its arguments."""
        done = subprocess.run(
            ["sh", "-c", text, "sh", *self._command(arguments)],
            cwd=self.folder,
            env=self._environment({}),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Done(code=done.returncode, out=done.stdout, err=done.stderr)

    def run(self, *arguments: str, **more: Any) -> Done:
        return self("run", *arguments, **more)

    def start(self, *arguments: str) -> fork_server.Process:
        return fork_server.start(
            "wiro-tools", *arguments, cwd=self.folder, env=self._environment({})
        )

    @contextlib.contextmanager
    def terminal(self, *arguments: str, columns: int = 100) -> Generator[Terminal]:
        """The same on a terminal."""
        env = {**self._environment({}), "TERM": "xterm-256color", "COLUMNS": str(columns)}
        master, slave = pty.openpty()
        process = fork_server.start(
            "wiro-tools", *arguments, cwd=self.folder, env=env, terminal=slave
        )
        os.close(slave)
        screen = Terminal(process, master)
        try:
            yield screen
        finally:
            screen.close()

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "wiro_runtime.cli", *arguments]

    def _environment(self, changes: Mapping[str, str | None]) -> dict[str, str]:
        merged = {**self.env, **changes}
        return {name: value for name, value in merged.items() if value is not None}


class Terminal:
    """What a command writes to its terminal."""

    def __init__(self, process: fork_server.Process, master: int) -> None:
        self._process = process
        self._master = master
        self.text = ""

    def read_until(self, pattern: str, seconds: float = 120) -> str:
        """Everything up to and including a match of ``pattern``."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.text):
            seen = f"no {pattern!r} at the end of {self.text[-500:]!r}"
            assert time.monotonic() < deadline, seen
            if not self._more():
                assert re.search(pattern, self.text), seen
        return self.text

    def press_ctrl_c(self) -> None:
        os.write(self._master, b"\x03")

    def wait(self) -> int:
        """Read to the end; the exit status."""
        while self._more():
            pass
        return self._process.wait()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._master)

    def _more(self) -> bool:
        ready, _, _ = select.select([self._master], [], [], 0.2)
        if not ready:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.text += data.decode(errors="replace")
        return bool(data)
