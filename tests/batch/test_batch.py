"""Batches in this process: what is sent, when, how often, and what is said about it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from decimal import Decimal
from math import nan
from pathlib import Path
from typing import Any

import httpx2
import pytest

from batch.kit import TOOL, check_complete, paid, prompts, results, write_csv
from generated import number, prompt, text, tool
from wiro_runtime import AsyncWiro, ConfigurationError, Wiro
from wiro_runtime.batch import AsyncBatch, Batch, BatchProgress
from wiro_runtime.batch.base import BaseBatch
from wiro_runtime.batch.database import FILE
from wiro_runtime.testing import Scenario, Simulator, faults
from wirogen.pipeline.render import generate
from wirogen.plan.identifiers import package_name
from wirogen.specs import Wire

pytestmark = pytest.mark.slow


def counts(batch: Batch) -> dict[str, int]:
    return {str(status): count for status, count in batch.status().counts.items()}


def test_every_row_runs_once(simulator: Simulator, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "rows.csv", prompts(12))
    seen: list[BatchProgress] = []
    with Batch(TOOL, table, out=tmp_path / "out") as batch:
        plan = batch.plan()
        assert (plan.new, plan.known, plan.refused) == (12, 0, ())
        assert not simulator.requests
        assert not (tmp_path / "out").exists()
        report = batch.run(seen.append)
    assert report.complete
    assert not report.stopped
    assert report.totals.spent == sum(Decimal(x["cost"]) for x in results(tmp_path / "out"))
    assert seen[-1].totals.rows == 12
    check_complete(simulator, tmp_path / "out", 12)

    # The same table again, with one row changed, one new and one gone.
    rows = prompts(13)[1:]
    rows[0] = {"prompt": "something else", "samples": 1}
    with Batch(TOOL, write_csv(table, rows), out=tmp_path / "out") as batch:
        assert (batch.plan().new, batch.plan().known) == (2, 10)
        assert "2 rows" in str(batch.plan())
        assert batch.run().complete
    assert len(simulator.runs) == 14
    assert set(paid(simulator).values()) == {1}
    again = results(tmp_path / "out")
    assert len(again) == 12
    assert len({name for each in again for name in each["files"]}) == 12
    # Files of rows that the table does not have any more are kept.
    assert len(list((tmp_path / "out" / "files").iterdir())) == 14

    with Batch(TOOL, rows[:2], out=tmp_path / "out", force=True) as batch:
        assert "2 of them run again" in str(batch.plan())
        assert batch.run().complete
    assert len(simulator.runs) == 16


async def run_async(folder: Path) -> tuple[str, list[BatchProgress], int]:
    seen: list[BatchProgress] = []

    async def show(progress: BatchProgress) -> None:
        await asyncio.sleep(0)
        seen.append(progress)

    async with AsyncBatch(TOOL, prompts(3), out=folder) as batch:
        plan = await batch.plan()
        report = await batch.run(show)
        again = await batch.resume()
        assert (await batch.status()).ended == 3
        assert [row.status for row in await batch.rows()] == ["done"] * 3
        assert (await batch.settle()).found == 0
        assert await batch.cancel() == 0
    assert again.complete
    return str(report), seen, plan.new


def test_async_batch_has_the_same_parts(simulator: Simulator, tmp_path: Path) -> None:
    text, seen, new = asyncio.run(run_async(tmp_path / "out"))
    assert text.startswith("3 of 3 rows done, $")
    assert new == 3
    assert seen
    check_complete(simulator, tmp_path / "out", 3)
    simple = {name for name in dir(Batch) if not name.startswith("_")}
    assert simple - {"close"} == {x for x in dir(AsyncBatch) if not x.startswith("_")} - {"aclose"}


def test_a_batch_uses_the_settings_of_a_client(
    simulator: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in simulator.env():
        monkeypatch.delenv(name)
    with Wiro(simulator.api_key, simulator.api_secret, base_url=simulator.base_url) as client:
        with Batch(TOOL, prompts(1), out=tmp_path / "out", client=client) as batch:
            assert batch.run().complete
        assert list(client.tasks())
    with (
        Batch(TOOL, prompts(2), out=tmp_path / "out") as batch,
        pytest.raises(ConfigurationError, match="WIRO_API_KEY"),
    ):
        batch.run()


@pytest.mark.parametrize("kind", [Batch, AsyncBatch])
@pytest.mark.parametrize("client", [Wiro, AsyncWiro])
def test_a_client_of_another_event_loop_is_refused_before_anything_is_sent(
    simulator: Simulator, tmp_path: Path, kind: type[BaseBatch], client: type[Wiro | AsyncWiro]
) -> None:
    """Its connections would be left to a loop that has ended: its user's next request failed."""
    http_client = httpx2.AsyncClient()
    with pytest.raises(ConfigurationError, match=r"http_client=httpx2\.Client"):
        kind(TOOL, prompts(1), out=tmp_path / "out", client=client(http_client=http_client))
    assert not simulator.requests
    assert not (tmp_path / "out").exists()


def test_a_blocking_http_client_serves_batch_after_batch(
    simulator: Simulator, tmp_path: Path
) -> None:
    with httpx2.Client() as http_client, Wiro(http_client=http_client) as client:
        for name in ("one", "two"):
            with Batch(TOOL, prompts(2), out=tmp_path / name, client=client) as batch:
                assert batch.run().complete
        assert client.tasks(limit=1)
        assert http_client.get(simulator.base_url).status_code
    assert len(simulator.runs) == 4


def test_the_budget_of_a_client_ends_a_batch_before_it_sends(
    simulator: Simulator, tmp_path: Path
) -> None:
    with Wiro(
        simulator.api_key, simulator.api_secret, base_url=simulator.base_url, budget="0.000001"
    ) as client:
        with Batch(TOOL, prompts(3), out=tmp_path / "out", client=client) as batch:
            report = batch.run()
            assert "cannot be kept below $0.000001" in report.stopped
            assert (report.unfinished, report.totals.count("uncertain")) == (3, 0)
        assert not list(client.tasks())


ROWS: list[tuple[str, list[dict[str, Any]], dict[str, Any], Any]] = [
    ("texts become values", [{"prompt": "x", "samples": "2"}], {}, {"samples": 2}),
    ("Wiro's names", [{"prompt": "x", "negativePrompt": "fog"}], {}, {"negativePrompt": "fog"}),
    ("columns by map", [{"text": "x"}], {"columns": {"text": "prompt"}}, {"prompt": "x"}),
    ("no input", [{"prompt": "x", "id": "7"}], {"columns": {"id": ""}}, {"prompt": "x"}),
    ("constants", [{"prompt": "x"}], {"constants": {"samples": "3"}}, {"samples": 3}),
    ("cells before them", [{"prompt": "x", "samples": "1"}], {"constants": {"samples": 3}},
     {"samples": 1}),
    ("blank cells", [{"prompt": "x", "samples": ""}], {}, {"samples": 4}),
    ("no file is read for a text", [{"prompt": "@/etc/passwd"}], {}, {"prompt": "@/etc/passwd"}),
    ("a LoRA and its scale", [{"prompt": "x", "selectedLoraModel": "62:3"}], {},
     {"selectedLoraModel": ["62"]}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "rows", "options", "sent"), ROWS, ids=[x[0] for x in ROWS])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "python"])
def test_rows_are_read_as_the_shell_reads_values(
    kind: str,
    name: str,
    rows: list[dict[str, Any]],
    options: dict[str, Any],
    sent: dict[str, Any],
    tmp_path: Path,
) -> None:
    source: Any = rows
    if kind == "csv":
        source = write_csv(tmp_path / "rows.csv", rows)
    else:
        typed = [
            {key: int(x) if x.isdigit() and key != "id" else x or None for key, x in row.items()}
            for row in rows
        ]
        source = typed
        if kind == "jsonl":
            source = tmp_path / "rows.jsonl"
            source.write_text("".join(f"{json.dumps(row)}\n" for row in typed), "utf-8")
    with Batch(TOOL, source, out=tmp_path / "out", **options) as batch:
        plan = batch.plan()
    assert not plan.refused, plan.refused
    assert sent.items() <= dict(plan.rows[0].body).items()


def test_what_is_wrong_with_a_table_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    def plan(text: str, **options: Any) -> Any:
        table = tmp_path / "rows.csv"
        table.write_text(text, "utf-8")
        with Batch(TOOL, table, out=tmp_path / "out", **options) as batch:
            return batch.plan()

    found = plan('prompt,samples\n"a\nb",1\n,1\nc,many\n\nd,1\ne,1,2\n')
    with pytest.raises(ConfigurationError, match="line 3: a quotation mark is not closed"):
        plan('prompt,samples\nx,1\n"y,1\nz,1\n')
    assert (found.new, [each.line for each in found.refused]) == (2, [4, 5, 8])
    assert str(found).endswith("3 rows refused: lines 4, 5, 8")
    reasons = [each.reason for each in found.refused]
    assert reasons[0].startswith("prompt: required")
    assert reasons[1].startswith("samples: expected a whole number, got 'many'")
    assert reasons[2] == "3 cells, and only 2 columns"
    lines = tmp_path / "rows.jsonl"
    lines.write_text('{"prompt": "a"}\n{"prompt": "a", "prompt": "b"}\n{"prompt": }\n')
    with Batch(TOOL, lines, out=tmp_path / "out") as batch:
        assert [each.reason for each in batch.plan().refused] == [
            "not JSON (the key 'prompt' stands there twice)",
            "not JSON (Expecting value)",
        ]
    with pytest.raises(
        ConfigurationError, match=r"no input 'promt'; nearest: 'prompt'.*map promt="
    ):
        plan("promt\nx\n")
    with pytest.raises(ConfigurationError, match=r"two columns are the input prompt"):
        plan("prompt,text\nx,y\n", columns={"text": "prompt"})
    with pytest.raises(ConfigurationError, match=r"map: .*has no column 'tekst'; nearest: 'text'"):
        plan("text\nx\n", columns={"tekst": "prompt", "text": "prompt"})
    with pytest.raises(ConfigurationError, match=r"set: .* no input 'sample'; nearest: 'samples'"):
        plan("prompt\nx\n", constants={"sample": 1})
    with pytest.raises(ConfigurationError, match="set: the input negative_prompt is given twice"):
        plan("prompt\nx\n", constants={"negativePrompt": "a", "negative_prompt": "b"})
    with pytest.raises(ConfigurationError, match="budget must be an amount of dollars"):
        plan("prompt\nx\n", budget="much")
    with pytest.raises(ConfigurationError, match=r"rows.csv: no such file"):
        Batch(TOOL, tmp_path / "no" / "rows.csv", out=tmp_path / "out").plan()


def test_rows_of_a_data_frame(tmp_path: Path) -> None:
    rows = [{"prompt": "x", "samples": 2.0, "seed": nan}, {"prompt": nan, "samples": Decimal(3)}]
    with Batch(TOOL, rows, out=tmp_path / "out") as batch:
        plan = batch.plan()
    assert dict(plan.rows[0].body)["samples"] == 2
    assert [each.reason for each in plan.refused] == ["prompt: required"]


def test_rows_that_are_no_mappings(tmp_path: Path) -> None:
    rows: Any = [{"prompt": "x"}, None, 1, "prompt", [("prompt", "x")]]
    with Batch(TOOL, rows, out=tmp_path / "out") as batch:
        plan = batch.plan()
    assert (plan.new, [each.row for each in plan.refused]) == (1, [2, 3, 4, 5])
    assert plan.refused[0].reason == "expected a mapping by names, got None"
    nothing: Any = 5
    with pytest.raises(ConfigurationError, match="rows must be a file or mappings, not 5"):
        Batch(TOOL, nothing, out=tmp_path / "out")


def test_a_report_leaves_the_results_to_the_run_that_adds_to_them(
    simulator: Simulator, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    seen: list[str] = []

    def look(_progress: object) -> None:
        with Batch.open(out) as other:
            other.write_results()
        seen.extend(each["status"] for each in results(out))

    simulator.faults.add("Run/*", faults.slow(0.1), times=12)
    with Batch(TOOL, prompts(12), out=out, concurrency=1) as batch:
        assert batch.run(look).complete
        assert set(seen) == {"done"}
        (out / "results.csv").unlink()
        batch.write_results()
    assert (out / "results.csv").exists()


def test_equal_rows_run_as_often_as_they_are_there(simulator: Simulator, tmp_path: Path) -> None:
    rows = [{"prompt": "x"}, {"prompt": "x"}, {"prompt": "y"}]
    for _ in range(2):
        with Batch(TOOL, rows, out=tmp_path / "out") as batch:
            assert batch.run().complete
    assert paid(simulator) == {"x": 2, "y": 1}


def test_failures_are_retried_only_when_asked(simulator: Simulator, tmp_path: Path) -> None:
    simulator.plan(Scenario.failing("out of memory"), times=2)
    # What Wiro refuses as invalid is no failure.
    simulator.faults.add("Run/*", faults.error(0, "Request parameter [x] required"), nth=4)
    with Batch(TOOL, prompts(5), out=tmp_path / "out", concurrency=1) as batch:
        report = batch.run()
        assert counts(batch) == {"failed": 2, "refused": 1, "done": 2}
        assert report.errors[0] == ("task … failed: exit code 1: out of memory", 2)
        assert batch.resume().totals.counts == report.totals.counts
        assert len(simulator.runs) == 4
        report = batch.retry()
        assert counts(batch) == {"refused": 1, "done": 4}
    assert len(simulator.runs) == 6
    (refused,) = [each for each in results(tmp_path / "out") if each["status"] == "refused"]
    assert "[x] required" in refused["error"]


def test_concurrency_follows_wiro(lively: Simulator, tmp_path: Path) -> None:
    """Code 96 and 429 lower the limit, and nothing is sent again that may have been accepted."""
    lively.concurrency_limit = 3
    lively.faults.add("Run/*", faults.rate_limited(seconds=0.01), nth=5, times=3)
    with Batch(TOOL, prompts(24), out=tmp_path / "out") as batch:
        assert batch.run().complete
    check_complete(lively, tmp_path / "out", 24)
    refused = sum("/Run/" in each.path for each in lively.requests) - 24 - 3
    # Of ten at first at most seven; some each time that the limit was tried again.
    assert 0 < refused <= 20


def test_no_more_than_asked_for_at_a_time(lively: Simulator, tmp_path: Path) -> None:
    lively.concurrency_limit = 4
    with Batch(TOOL, prompts(12), out=tmp_path / "out", concurrency=4) as batch:
        assert batch.run().complete
    assert sum("/Run/" in each.path for each in lively.requests) == 12


@pytest.mark.parametrize("accepted", [True, False])
def test_a_lost_response_is_settled_and_never_sent_again_by_itself(
    accepted: bool, simulator: Simulator, tmp_path: Path
) -> None:
    simulator.faults.add("Run/*", faults.reset(acts=accepted), nth=2)
    with Batch(TOOL, prompts(4), out=tmp_path / "out", concurrency=1) as batch:
        report = batch.run()
        if not accepted:
            assert report.settled.absent == 1
            assert report.unfinished == 1
            assert len(simulator.runs) == 3
            report = batch.resume()
        assert report.complete
    check_complete(simulator, tmp_path / "out", 4)


def test_a_lost_response_while_wiro_tells_of_no_task(simulator: Simulator, tmp_path: Path) -> None:
    simulator.faults.add("Run/*", faults.reset(acts=True))
    broken = simulator.faults.add("Task/List", faults.error(0, "no list today"), times=None)
    with Batch(TOOL, prompts(2), out=tmp_path / "out") as batch:
        report = batch.run()
        assert "no list today" in report.stopped
        assert report.totals.counts == {"done": 1, "uncertain": 1}
        simulator.faults.rules.remove(broken)
        assert batch.resume().complete
    check_complete(simulator, tmp_path / "out", 2)


ADDED = ("account", "skew", "ended", "cost")
"""Columns of intents that the first version of batches did not have."""


def test_a_batch_of_an_earlier_version_goes_on(simulator: Simulator, tmp_path: Path) -> None:
    simulator.faults.add("Run/*", faults.reset(acts=True))
    broken = simulator.faults.add("Task/List", faults.error(0, "no list today"), times=None)
    with Batch(TOOL, prompts(4), out=tmp_path / "out") as batch:
        assert batch.run().totals.count("uncertain") == 1
    with closing(sqlite3.connect(tmp_path / "out" / FILE)) as db:
        for name in ADDED:
            db.execute(f"ALTER TABLE wiro_batch_intents DROP COLUMN {name}")
    simulator.faults.rules.remove(broken)
    with Batch(TOOL, prompts(5), out=tmp_path / "out") as batch:
        assert batch.status().count("uncertain") == 1
        assert sum(each.spent for each in batch.costs()) == 0
        assert batch.run().complete
    check_complete(simulator, tmp_path / "out", 5)


def test_a_row_that_may_be_another_task_stays_uncertain(
    simulator: Simulator, tmp_path: Path
) -> None:
    """Somebody else runs the same twice, and the response of the batch is lost."""
    simulator.faults.add("Run/*", faults.reset(), nth=3)
    with Wiro() as client:
        tasks = [client.submit(TOOL, {"prompt": "same"}).id for _ in range(2)]
    with Batch(TOOL, [{"prompt": "same"}], out=tmp_path / "out") as batch:
        report = batch.run()
        assert report.totals.counts == {"uncertain": 1}
        assert batch.resume().totals.counts == {"uncertain": 1}
        settled = batch.settle()
        ((row, candidates),) = settled.candidates
        assert (row, set(candidates)) == (1, set(tasks))
        assert len(simulator.runs) == 2
        with pytest.raises(ConfigurationError, match="row 2 is not uncertain"):
            batch.settle(absent=[2])
        batch.settle(absent=[1])
        assert batch.resume().complete
    assert len(simulator.runs) == 3


def test_an_empty_balance_stops_a_batch(simulator: Simulator, tmp_path: Path) -> None:
    simulator.out_of_balance()
    with Batch(TOOL, prompts(30), out=tmp_path / "out") as batch:
        report = batch.run()
        assert "balance" in report.stopped
        assert report.unfinished == 30
        simulator.balance = None
        assert batch.resume().complete
    check_complete(simulator, tmp_path / "out", 30)


def test_what_is_under_way_ends_when_the_balance_does(lively: Simulator, tmp_path: Path) -> None:
    lively.faults.add("Run/*", faults.error(97, "balance too low"), nth=7, times=None)
    with Batch(TOOL, prompts(12), out=tmp_path / "out", concurrency=4) as batch:
        report = batch.run()
        assert "balance" in report.stopped
        assert report.totals.counts == {"done": 6, "pending": 6}
        lively.faults.clear()
        assert batch.resume().complete
    check_complete(lively, tmp_path / "out", 12)


def test_rows_that_left_the_table_are_not_sent(simulator: Simulator, tmp_path: Path) -> None:
    simulator.out_of_balance()
    with Batch(TOOL, prompts(6), out=tmp_path / "out") as batch:
        assert batch.run().unfinished == 6
    simulator.balance = None
    with Batch(TOOL, prompts(2), out=tmp_path / "out") as batch:
        assert batch.run().complete
        assert batch.resume().complete
    check_complete(simulator, tmp_path / "out", 2)


def test_one_folder_has_one_runner(simulator: Simulator, tmp_path: Path) -> None:
    with Batch(TOOL, prompts(2), out=tmp_path / "out") as batch:
        messages: list[str] = []

        def also(_: object) -> None:
            with Batch.open(tmp_path / "out") as other:
                # Looking and cancelling are allowed.
                assert other.status().rows == 2
                with pytest.raises(ConfigurationError, match="is being run already") as error:
                    other.resume()
            messages.append(str(error.value))

        assert batch.run(also).complete
    assert messages
    with pytest.raises(ConfigurationError, match=f"holds a batch of {TOOL}"):
        Batch("wiro/other", prompts(1), out=tmp_path / "out").status()
    with pytest.raises(ConfigurationError, match="there is no batch"):
        Batch.open(tmp_path / "elsewhere")


def test_a_look_at_a_batch_keeps_the_locks_of_its_runner(
    simulator: Simulator, tmp_path: Path
) -> None:
    """SQLite holds them by process; see the test of journals. Without them another process that
    looks, too, removes the log of the database when it ends."""
    look = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('SELECT * FROM wiro_batches')"
    database = tmp_path / "out" / FILE
    seen: list[bool] = []

    def also(_: object) -> None:
        with Batch.open(tmp_path / "out") as other:
            other.status()
        log = database.with_name(f"{FILE}-wal").stat().st_ino
        subprocess.run([sys.executable, "-c", look, str(database)], check=True)
        seen.append(database.with_name(f"{FILE}-wal").stat().st_ino == log)

    with Batch(TOOL, prompts(2), out=tmp_path / "out") as batch:
        assert batch.run(also).complete
    assert all(seen)
    assert seen


def test_cancel_sends_no_more(lively: Simulator, tmp_path: Path) -> None:
    simulator = lively
    with Batch(TOOL, prompts(8), out=tmp_path / "out", concurrency=2) as batch:

        def cancel(progress: BatchProgress) -> None:
            if simulator.runs:
                with Batch.open(tmp_path / "out") as other:
                    other.cancel()

        report = batch.run(cancel)
        assert report.stopped == "cancelled"
        sent = len(simulator.runs)
        assert sent < 8
        # Tasks that were accepted are seen to their ends.
        report = batch.resume()
        assert counts(batch) == {"done": sent, "cancelled": 8 - sent}
        assert len(simulator.runs) == sent
        assert batch.retry().complete
    check_complete(simulator, tmp_path / "out", 8)


def test_numbers_and_switches_are_read_as_spreadsheets_and_data_frames_write_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    switch = text("sharp", type="checkbox", default="false", wire=Wire(type="boolean", sent=False))
    spec = tool(
        prompt(), number("count", 1), number("scale", 1.5, "float"), switch, name="acme/cells"
    )
    generate({spec.tool: spec}, tmp_path / "made", package=package_name("cell_tools"))
    monkeypatch.setattr(sys, "path", [str(tmp_path / "made" / "python"), *sys.path])
    table = tmp_path / "rows.csv"
    table.write_text(
        "prompt,count,scale,sharp\n 1.0 ,2.0, 2.50 ,TRUE\nx, 3 ,1e0,False\n"
        "y,2.5,1,yes\nz,1.000,1,no\n"
    )
    with Batch("acme/cells", table, out=tmp_path / "out", package="cell_tools") as batch:
        plan = batch.plan()
    assert [dict(row.body) for row in plan.rows[:2]] == [
        {"prompt": " 1.0 ", "count": 2, "scale": 2.5, "sharp": True},
        {"prompt": "x", "count": 3, "scale": 1.0, "sharp": False},
    ]
    assert [each.line for each in plan.refused] == [4, 5]
    reason, thousand = (each.reason for each in plan.refused)
    assert "count: expected a whole number, got '2.5'" in reason
    assert "sharp: expected true or false, got 'yes'" in reason
    assert "count: expected a whole number, got '1.000'" in thousand


def test_parquet_and_the_extra_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrow: Any = pytest.importorskip("pyarrow")
    parquet: Any = pytest.importorskip("pyarrow.parquet")
    table = arrow.table({"prompt": ["x", "", None], "samples": [2.0, 1.0, None]})
    parquet.write_table(table, tmp_path / "rows.parquet")
    with Batch(TOOL, tmp_path / "rows.parquet", out=tmp_path / "out") as batch:
        plan = batch.plan()
    assert dict(plan.rows[0].body)["samples"] == 2
    assert [each.line for each in plan.refused] == [2, 3]
    for name, reason in (("none", "no such file or directory"), ("folder", "is a directory")):
        (tmp_path / "folder.parquet").mkdir(exist_ok=True)
        with pytest.raises(ConfigurationError, match=rf"{name}.parquet: {reason}$"):
            Batch(TOOL, tmp_path / f"{name}.parquet", out=tmp_path / "out").plan()
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 and nothing else")
    with pytest.raises(ConfigurationError, match=r"bad.parquet: "):
        Batch(TOOL, tmp_path / "bad.parquet", out=tmp_path / "out").plan()

    def missing(name: str) -> None:
        """No package is installed."""

    monkeypatch.setattr("wiro_runtime.batch.table.find_spec", missing)
    with pytest.raises(ConfigurationError, match=r"pip install 'wiro-tools\[parquet\]'"):
        Batch(TOOL, tmp_path / "rows.parquet", out=tmp_path / "out").plan()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04 a workbook", "save the spreadsheet as CSV"),
        ("prompt\na\n".encode("utf-16"), "UTF-8"),
        ("prompt\na\n".encode("utf-16-le"), "UTF-8"),
        (b"prompt\na\0b\n", "UTF-8"),
        (b"prompt\n\xff\n", "UTF-8"),
        (b"\n", "the first line must name the columns"),
        (b"prompt,seed,prompt\na,1,b\n", "two columns are called 'prompt'"),
        (b'prompt\n"a\n', "line 2: a quotation mark is not closed"),
    ],
)
@pytest.mark.parametrize("name", ["rows.csv", "rows.xlsx", "rows"])
def test_what_is_no_table_is_said_in_one_line(
    tmp_path: Path, name: str, data: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ConfigurationError, match=f"{name}: .*{said}"):
        Batch(TOOL, tmp_path / name, out=tmp_path / "out").plan()


@pytest.mark.parametrize("name", ["50%25 off", "a?b=c", "a#b", "a@b:c;d", "é'\"x"])
def test_a_folder_may_have_any_name(simulator: Simulator, tmp_path: Path, name: str) -> None:
    with Batch(TOOL, prompts(1), out=tmp_path / name) as batch:
        assert batch.run().complete
    assert [each.name for each in tmp_path.iterdir()] == [name]
    with Batch.open(tmp_path / name) as batch:
        assert counts(batch) == {"done": 1}


def test_files_are_named_relative_to_the_table(simulator: Simulator, tmp_path: Path) -> None:
    """They are sent, and count by their content, wherever they lie."""
    tool = "wiro/instant-id-lora"
    folder = tmp_path / "a" / "table"
    folder.mkdir(parents=True)
    (folder / "face.jpg").write_bytes(b"\xff\xd8 a face")
    rows = [
        {"prompt": "one", "input_image_url": "face.jpg"},
        {"prompt": "two", "input_image_url": "missing.jpg"},
        {"prompt": "three", "input_image_url": "https://example.com/face.jpg"},
    ]
    with Batch(tool, write_csv(folder / "rows.csv", rows), out=tmp_path / "out") as batch:
        plan = batch.plan()
        assert [each.line for each in plan.refused] == [3]
        assert "missing.jpg: no such file" in plan.refused[0].reason
        assert batch.run().totals.counts == {"done": 2, "refused": 1}
    assert len(simulator.runs) == 2
    moved = tmp_path / "b"
    folder.rename(moved)
    with Batch(tool, moved / "rows.csv", out=tmp_path / "out") as batch:
        assert (batch.plan().new, batch.plan().known) == (0, 2)
    (moved / "face.jpg").write_bytes(b"\xff\xd8 another face")
    with Batch(tool, moved / "rows.csv", out=tmp_path / "out") as batch:
        assert (batch.plan().new, batch.plan().known) == (1, 1)


def test_a_file_that_is_missing_when_its_row_is_sent_may_come_back(
    simulator: Simulator, tmp_path: Path
) -> None:
    face = tmp_path / "face.jpg"
    face.write_bytes(b"\xff\xd8 a face")
    rows = [{"prompt": "one", "input_image_url": str(face)}]
    simulator.out_of_balance()
    with Batch("wiro/instant-id-lora", rows, out=tmp_path / "out") as batch:
        assert batch.run().unfinished == 1
        simulator.balance = None
        face.unlink()
        assert batch.resume().totals.counts == {"failed": 1}
        assert "face.jpg: No such file" in batch.rows()[0].error
        face.write_bytes(b"\xff\xd8 a face")
        assert batch.retry().complete
    assert len(simulator.runs) == 1


def test_a_batch_in_a_file_has_no_workers(simulator: Simulator, tmp_path: Path) -> None:
    """One beside the process that runs it would take what that one sends for lost."""
    with Batch(TOOL, prompts(2), out=tmp_path / "out") as batch:
        assert batch.run().complete
        with pytest.raises(ConfigurationError, match=r"which one process runs; resume\(\)"):
            batch.work()

    async def work() -> None:
        async with AsyncBatch.open(tmp_path / "out") as batch:
            await batch.work()

    with pytest.raises(ConfigurationError, match="which one process runs"):
        asyncio.run(work())
    assert len(simulator.runs) == 2


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_tasks_of_a_batch_that_stops_go_on(
    project_tools: list[dict[str, Any]], tmp_path: Path, kind: str
) -> None:
    """Whatever its client does with single runs: they are paid for, and resume fetches them."""

    def interrupt(progress: BatchProgress) -> None:
        if progress.totals.count("running") == 3:
            raise KeyboardInterrupt

    async def run_async(client: Wiro) -> None:
        async with AsyncBatch(TOOL, prompts(3), out=tmp_path / "out", client=client) as batch:
            await batch.run(interrupt)

    def run(client: Wiro) -> None:
        if kind == "async":
            asyncio.run(run_async(client))
        else:
            with Batch(TOOL, prompts(3), out=tmp_path / "out", client=client) as batch:
                batch.run(interrupt)

    with Simulator(project_tools, speed="manual") as simulator:
        keys: Any = {"api_key": simulator.api_key, "api_secret": simulator.api_secret}
        with Wiro(**keys, base_url=simulator.base_url, on_interrupt="stop") as client:
            with pytest.raises(KeyboardInterrupt):
                run(client)
            simulator.step(times=20)
            with Batch.open(tmp_path / "out", client=client) as batch:
                assert batch.resume().complete
        check_complete(simulator, tmp_path / "out", 3)
