"""Run a table: a row is a run of a tool, and none is paid for twice, whatever breaks.

Needs the extra ``batch``::

    from wiro_runtime.batch import Batch

    with Batch("wiro/text-to-image-sd-lora", "rows.csv", out="out", budget="5.00") as batch:
        print(batch.plan())                 # checked and priced, nothing sent
        report = batch.run()                # out/results.jsonl, out/results.csv, out/files/
    print(report)

    with Batch.open("out") as batch:        # after a crash, tomorrow, on another day
        batch.resume()
"""

from __future__ import annotations

from importlib.util import find_spec

_missing = [name for name in ("dbos", "rich", "typer") if not find_spec(name)]
if _missing:
    raise ImportError(
        f"wiro_runtime.batch needs {', '.join(_missing)}: pip install 'wiro-tools[batch]'"
    )

from wiro_runtime.batch.base import Report  # noqa: E402 - the check above names the extra
from wiro_runtime.batch.batch import AsyncBatch, Batch  # noqa: E402 - the check above names the extra
from wiro_runtime.batch.engine import BatchProgress  # noqa: E402 - the check above names the extra
from wiro_runtime.batch.errors import BatchError, DatabaseGone  # noqa: E402 - the check above names the extra
from wiro_runtime.batch.plan import Plan, Refusal  # noqa: E402 - the check above names the extra
from wiro_runtime.batch.records import Row, Totals  # noqa: E402 - the check above names the extra
from wiro_runtime.batch.settle import Settled  # noqa: E402 - the check above names the extra
from wiro_runtime.tasks.records import Cost  # noqa: E402 - the check above names the extra

__all__ = [
    "AsyncBatch",
    "Batch",
    "BatchError",
    "BatchProgress",
    "Cost",
    "DatabaseGone",
    "Plan",
    "Refusal",
    "Report",
    "Row",
    "Settled",
    "Totals",
]
