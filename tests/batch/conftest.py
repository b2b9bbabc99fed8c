"""A simulator of the project's tools, and ``wiro-tools batch`` over it."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch.kit import Shell
from wiro_runtime.testing import Simulator


@pytest.fixture
def shell(simulator: Simulator, tmp_path: Path) -> Shell:
    return Shell(folder=tmp_path, simulator=simulator)
