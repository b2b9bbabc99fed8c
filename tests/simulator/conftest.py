from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulator import specs
from wiro_runtime.testing import Simulator

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A simulator whose tasks end at once."""
    with Simulator(specs.ALL) as simulator:
        yield simulator


@pytest.fixture
def manual() -> Iterator[Simulator]:
    """A simulator whose tasks move when they are told to."""
    with Simulator(specs.ALL, speed="manual") as simulator:
        yield simulator
