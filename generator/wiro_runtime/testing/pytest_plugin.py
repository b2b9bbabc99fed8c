"""pytest fixtures: ``pytest_plugins = ["wiro_runtime.testing.pytest_plugin"]`` in ``conftest.py``.

Name the tools that may be run, once, in a fixture of your own::

    from wiro_tools.wiro import text_to_image_sd_lora

    @pytest.fixture
    def wiro_simulator_tools():
        return [text_to_image_sd_lora]

    def test_the_poster_is_painted(wiro_simulator):
        my_application.make_poster("a lighthouse")       # uses Wiro(), as it always does
        (run,) = wiro_simulator.runs
        assert run.body["prompt"].startswith("a poster of a lighthouse")

    def test_the_poster_fails_politely(wiro_simulator):
        wiro_simulator.failing("out of memory")
        ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from wiro_runtime.testing.simulator import Simulator
    from wiro_runtime.testing.tool_spec import ToolSource


@pytest.fixture
def wiro_simulator_tools() -> Sequence[ToolSource]:
    """The tools that :func:`wiro_simulator` can run, generated clients or specs; none unless
    overridden."""
    return ()


@pytest.fixture
def wiro_simulator(
    wiro_simulator_tools: Sequence[ToolSource], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Simulator]:
    """A running simulator whose tasks end at once, with the environment set so that ``Wiro()``
    finds it."""
    from wiro_runtime.testing import Simulator  # noqa: PLC0415  (needs the extra)

    with Simulator(wiro_simulator_tools) as simulator:
        for name in ("WIRO_API_KEY", "WIRO_API_SECRET", "WIRO_BASE_URL", "WIRO_SOCKET_URL"):
            monkeypatch.delenv(name, raising=False)
        for name, value in simulator.env().items():
            monkeypatch.setenv(name, value)
        yield simulator
