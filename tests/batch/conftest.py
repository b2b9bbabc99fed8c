"""Simulators of the project's tools, and ``wiro-tools batch`` over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batch.kit import Shell
from wiro_runtime.testing import Scenario, Simulator


@pytest.fixture
def shell(simulator: Simulator, tmp_path: Path) -> Shell:
    return Shell(folder=tmp_path, simulator=simulator)


@pytest.fixture
def lively(
    project_tools: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    """A simulator whose tasks take 0.3 seconds."""
    with Simulator(project_tools, speed=1.0) as running:
        running.plan(Scenario.lasting(0.3), times=None)
        for name, value in running.env().items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def lively_shell(lively: Simulator, tmp_path: Path) -> Shell:
    return Shell(folder=tmp_path, simulator=lively)
