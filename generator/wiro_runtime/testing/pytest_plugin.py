"""pytest fixtures: ``pytest_plugins = ["wiro_runtime.testing.pytest_plugin"]`` in ``conftest.py``.

Give the tools that may be run in a fixture of your own::

    @pytest.fixture
    def wiro_tools_specs():
        return [yaml.safe_load(Path("specs/tools/wiro/text-to-image-sd-lora.yaml").read_text())]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from wiro_runtime.testing.simulator import Simulator


@pytest.fixture
def wiro_tools_specs() -> Sequence[Mapping[str, Any]]:
    """The specs of the tools that :func:`wiro_simulator` can run; none unless overridden."""
    return ()


@pytest.fixture
def wiro_simulator(
    wiro_tools_specs: Sequence[Mapping[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    """A running simulator, with the environment set so that ``Wiro()`` finds it."""
    from wiro_runtime.testing.simulator import Simulator  # noqa: PLC0415  (needs the extra)

    with Simulator(wiro_tools_specs) as simulator:
        for name, value in simulator.env().items():
            monkeypatch.setenv(name, value)
        yield simulator
