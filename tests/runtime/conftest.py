"""One simulator for all tests of the runtime, cleared for each, and clients of both kinds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from runtime.kit import TOOLS, ClientKind, Kit
from wiro_runtime.testing import Simulator


@pytest.fixture(scope="session")
def instant_simulator() -> Iterator[Simulator]:
    with Simulator(tools=TOOLS, speed="instant") as simulator:
        yield simulator


@pytest.fixture(scope="session")
def manual_simulator() -> Iterator[Simulator]:
    with Simulator(tools=TOOLS, speed="manual") as simulator:
        yield simulator


@pytest.fixture
def instant(instant_simulator: Simulator) -> Simulator:
    """Tasks have ended when their submission is answered."""
    instant_simulator.clear()
    return instant_simulator


@pytest.fixture
def manual(manual_simulator: Simulator) -> Simulator:
    """Tasks stand still until the test, or its fake clock, moves them."""
    manual_simulator.clear()
    return manual_simulator


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> ClientKind:
    return request.param


@pytest.fixture
def kit(kind: ClientKind, instant: Simulator) -> Kit:
    """A client of either kind against a simulator whose tasks end at once."""
    return Kit(kind, instant)


@pytest.fixture
def manual_kit(kind: ClientKind, manual: Simulator) -> Kit:
    """The same against a simulator whose tasks move as the fake clock does."""
    return Kit(kind, manual)
