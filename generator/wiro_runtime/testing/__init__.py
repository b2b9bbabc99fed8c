"""A local Wiro for tests: run an application against generated clients without an account.

Needs the extra ``simulator``. With pytest, use the fixtures of
:mod:`wiro_runtime.testing.pytest_plugin`; without, :class:`Simulator` is a context manager::

    from wiro_runtime import Wiro
    from wiro_runtime.testing import Scenario, Simulator, faults
    from wiro_tools.wiro import text_to_image_sd_lora as sd

    with Simulator([sd]) as simulator:
        with Wiro(simulator.api_key, simulator.api_secret, base_url=simulator.base_url) as client:
            result = sd.run(client, prompt="a lighthouse")

            simulator.plan(Scenario.failing("out of memory"))         # the next task fails
            simulator.faults.add("Task/Detail", faults.status(503))   # the next poll is a 503
            simulator.out_of_balance()                                # nothing starts any more

A request that Wiro would refuse is refused here; where Wiro's response is not known, the stricter
one is given. ``simulator.requests`` and ``simulator.runs`` hold what was sent.
"""

from __future__ import annotations

from importlib.util import find_spec

_missing = [name for name in ("starlette", "uvicorn", "python_multipart") if not find_spec(name)]
if _missing:
    raise ImportError(
        f"wiro_runtime.testing needs {', '.join(_missing)}: pip install 'wiro-tools[simulator]'"
    )

from wiro_runtime.testing import faults  # noqa: E402 - the check above names the extra
from wiro_runtime.testing.callbacks import Delivery  # noqa: E402 - the check above names the extra
from wiro_runtime.testing.records import Request, Run, SentFile  # noqa: E402 - the check above names the extra
from wiro_runtime.testing.scenario import Scenario  # noqa: E402 - the check above names the extra
from wiro_runtime.testing.serve import serve  # noqa: E402 - the check above names the extra
from wiro_runtime.testing.simulator import Simulator  # noqa: E402 - the check above names the extra
from wiro_runtime.testing.tool_spec import SpecError  # noqa: E402 - the check above names the extra

__all__ = [
    "Delivery",
    "Request",
    "Run",
    "Scenario",
    "SentFile",
    "Simulator",
    "SpecError",
    "faults",
    "serve",
]
