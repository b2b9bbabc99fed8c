"""Simulators of the project's tools, and ``wiro-tools batch`` over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batch.kit import GRACE, POLL, Shell
from wiro_runtime.generated import Tariff
from wiro_runtime.tasks import settle
from wiro_runtime.testing import Scenario, Simulator
from wiro_tools.wiro import text_to_image_sd_lora as sd

RATES: list[dict[str, Any]] = [{"inputs": {}, "price": 0.05, "priceMethod": "cpo"}]


@pytest.fixture(autouse=True)
def nothing_waits_for_a_slow_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "GRACE", GRACE)
    monkeypatch.setattr("wiro_runtime.batch.scheduler._POLL", POLL)


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


@pytest.fixture
def priced(
    project_tools: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    """A simulator that bills the tool by the output, at the price that the client knows."""
    tariff: dict[str, Any] = {
        "rates": [{"inputs": {}, "method": "cpo", "price": "0.05"}],
        "outputs": "samples",
    }
    monkeypatch.setattr(sd.Inputs, "_tariff", Tariff(tariff))
    with Simulator([{**each, "dynamicprice": RATES} for each in project_tools]) as running:
        for name, value in running.env().items():
            monkeypatch.setenv(name, value)
        yield running
