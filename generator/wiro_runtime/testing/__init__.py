"""A local Wiro for tests: run an application against generated clients without an account.

Needs the extra ``simulator``. With pytest, load the fixtures of
:mod:`wiro_runtime.testing.pytest_plugin`; without it, use :class:`Simulator` as a context manager.
"""

from __future__ import annotations

from wiro_runtime.testing._extra import require

require()

from wiro_runtime.testing import faults  # noqa: E402
from wiro_runtime.testing.callbacks import Delivery  # noqa: E402
from wiro_runtime.testing.contract import SpecError  # noqa: E402
from wiro_runtime.testing.records import Request, Run, SentFile  # noqa: E402
from wiro_runtime.testing.scenario import Scenario  # noqa: E402
from wiro_runtime.testing.serve import serve  # noqa: E402
from wiro_runtime.testing.simulator import Simulator  # noqa: E402

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
