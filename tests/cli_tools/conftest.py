"""A package of made-up tools and one simulator that runs them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import wiro_runtime
from cli_tools.kit import TOOLS, Done, Here, Shell
from conftest import MakeOnce
from wiro_runtime.cli import app
from wiro_runtime.testing import Simulator
from wirogen.pipeline.render import generate
from wirogen.specs import load_spec, spec_to_json

REAL = "wiro/text-to-image-sd-lora"
"""A tool of the package that is installed."""


@pytest.fixture(scope="session")
def package(make_once: MakeOnce) -> Path:
    """The folder that holds the generated ``wiro_tools`` of these tests."""
    specs = {spec.tool: spec for spec in TOOLS}
    return make_once("cli_tools", lambda folder: generate(specs, folder)) / "python"


@pytest.fixture(scope="session")
def one_simulator() -> Iterator[Simulator]:
    file = Path(__file__).parents[2] / "specs" / "tools" / f"{REAL}.yaml"
    tools = [*TOOLS, load_spec(file.read_text("utf-8"), path=str(file))]
    with Simulator([spec_to_json(spec) for spec in tools], speed="instant") as simulator:
        yield simulator


@pytest.fixture
def simulator(one_simulator: Simulator) -> Simulator:
    one_simulator.clear()
    return one_simulator


@pytest.fixture(scope="session")
def slow_simulator() -> Iterator[Simulator]:
    """Its tasks take a while: nine seconds of theirs in about one and a half."""
    with Simulator([spec_to_json(spec) for spec in TOOLS], speed=6.0) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def manual_simulator() -> Iterator[Simulator]:
    """Its tasks stand still until a test moves them."""
    with Simulator([spec_to_json(spec) for spec in TOOLS], speed="manual") as simulator:
        yield simulator


def _shell(simulator: Simulator, package: Path, folder: Path) -> Shell:
    env = {
        **simulator.env(),
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        # The runtime that these tests import, wherever it is installed from.
        "PYTHONPATH": os.pathsep.join((str(package), str(Path(wiro_runtime.__file__).parents[1]))),
    }
    return Shell(folder=folder, env=env)


@pytest.fixture
def shell(simulator: Simulator, package: Path, tmp_path: Path) -> Shell:
    return _shell(simulator, package, tmp_path)


@pytest.fixture
def here(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Here:
    """``wiro-tools`` in this process, over the installed package: quick, for what sends nothing."""

    def command(*arguments: str) -> Done:
        try:
            code = app.run(arguments)
        except SystemExit as stop:
            code = int(stop.code or 0)
        out, err = capfd.readouterr()
        return Done(code=code, out=out, err=err)

    monkeypatch.setenv("WIRO_API_KEY", "")
    return command


@pytest.fixture
def slow_shell(slow_simulator: Simulator, package: Path, tmp_path: Path) -> Shell:
    slow_simulator.clear()
    return _shell(slow_simulator, package, tmp_path)


@pytest.fixture
def manual_shell(manual_simulator: Simulator, package: Path, tmp_path: Path) -> Shell:
    manual_simulator.clear()
    return _shell(manual_simulator, package, tmp_path)
