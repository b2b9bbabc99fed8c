"""Resuming a batch from an untrusted folder executes no code and overwrites no other file."""

from __future__ import annotations

import base64
import csv
import json
import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from batch.kit import Shell, prompts, write_csv
from wiro_runtime.batch.records import Row
from wiro_runtime.batch.results import Results

pytestmark = pytest.mark.slow


class Planted:
    """The input of row 1, for which a file is made when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        made = f"__import__('pathlib').Path({str(self.path)!r}).touch()"
        return eval, (f"{made} or {{'args': (1,), 'kwargs': {{}}}}",)


@pytest.fixture
def begun(shell: Shell) -> Iterator[sqlite3.Connection]:
    """The database of a batch of three rows, one of which is still to be sent."""
    table = write_csv(shell.folder / "table.csv", prompts(3))
    done = shell("run", "wiro/text-to-image-sd-lora", str(table), "--out", "out")
    assert done.code == 0, done.err
    path = shell.folder / "out" / "batch.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        yield database


def begin_again(database: sqlite3.Connection, row: int = 1) -> None:
    """Let a row be one that was never sent."""
    set_back = "UPDATE wiro_batch_rows SET status = 'pending', task = '' WHERE id = ?"
    database.execute(set_back, [row])
    database.execute("DELETE FROM wiro_batch_intents WHERE id = ?", [row])


def test_nothing_in_the_queue_is_unpickled(
    begun: sqlite3.Connection, shell: Shell, tmp_path: Path
) -> None:
    planted = base64.b64encode(pickle.dumps(Planted(tmp_path / "ran"))).decode()
    begin_again(begun)
    begun.execute(
        "UPDATE workflow_status SET status = 'ENQUEUED', started_at_epoch_ms = NULL, inputs = ?, "
        "output = ?, error = ?, serialization = 'py_pickle' WHERE workflow_uuid LIKE '%:1:0'",
        [planted, planted, planted],
    )
    begun.execute("UPDATE workflow_input SET inputs = ?", [planted])
    begun.execute("UPDATE workflow_output SET output = ?, error = ?", [planted, planted])
    assert shell("resume", "out").code == 1
    assert not (tmp_path / "ran").exists()
    # It is put into the queue once more.
    assert shell("resume", "out").code == 0


def test_no_file_is_saved_elsewhere(
    begun: sqlite3.Connection, shell: Shell, tmp_path: Path
) -> None:
    before = {path for path in tmp_path.rglob("*") if "files" not in path.parts}
    for row, label in enumerate(("../../victim", f"{tmp_path}/other", ".."), 1):
        begin_again(begun, row)
        begun.execute("UPDATE wiro_batch_rows SET label = ? WHERE id = ?", [label, row])
    begun.close()
    assert shell("resume", "out").code == 0
    assert {path for path in tmp_path.rglob("*") if "files" not in path.parts} == before
    assert len(list((tmp_path / "out" / "files").iterdir())) == 6


def test_results_replace_links_and_not_what_they_lead_to(
    begun: sqlite3.Connection, shell: Shell, tmp_path: Path
) -> None:
    begun.close()
    victim = tmp_path / "victim"
    victim.write_text("mine")
    for name in ("results.csv", ".results.csv.part", "results.jsonl", ".results.jsonl.part"):
        (tmp_path / "out" / name).unlink(missing_ok=True)
        (tmp_path / "out" / name).symlink_to(victim)
    for command in ("resume", "report"):
        assert shell(command, "out").code == 0
        assert victim.read_text() == "mine"
    assert not (tmp_path / "out" / "results.csv").is_symlink()


def test_a_folder_in_the_place_of_results_is_named(
    begun: sqlite3.Connection, shell: Shell, tmp_path: Path
) -> None:
    begun.close()
    (tmp_path / "out" / "results.csv").unlink()
    (tmp_path / "out" / "results.csv").mkdir()
    done = shell("resume", "out")
    assert done.code == 2
    assert "out/results.csv" in done.err
    assert "it is there and is not a file" in done.err.lower()
    assert len(done.err.splitlines()) == 1


def test_a_lock_that_is_a_link_is_refused(
    begun: sqlite3.Connection, shell: Shell, tmp_path: Path
) -> None:
    begun.close()
    victim = tmp_path / "victim"
    victim.write_text("mine")
    lock = tmp_path / "out" / "batch.lock"
    lock.unlink()
    lock.symlink_to(victim)
    refused = shell("resume", "out")
    assert refused.code == 2
    assert "batch.lock" in refused.err
    assert victim.read_text() == "mine"


@pytest.mark.parametrize(
    "error",
    [
        "=1",
        "+1",
        "-1",
        "@A1",
        "\t=1",
        " =1",
        "a\t=1",
        "a;=1",
        "a; -1",
        "a\r=1",
        "\uff1d1",
        "a;\n=1",
    ],
)
def test_no_cell_of_the_results_is_a_formula(tmp_path: Path, error: str) -> None:
    row = Row(id=1, row=1, label="00001", status="failed", task=error, error=error, saved=(error,))
    Results(tmp_path).write([row])
    with (tmp_path / "results.csv").open(newline="", encoding="utf-8") as file:
        text = file.read()
    for delimiter in ",;\t":
        cells = [
            each for line in csv.reader(text.splitlines(), delimiter=delimiter) for each in line
        ]
        assert not [each for each in cells if each.strip().startswith(tuple("=+-@\uff1d"))]
    (line,) = (tmp_path / "results.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["error"] == error


def test_what_is_no_formula_stays_as_it_is(tmp_path: Path) -> None:
    said = "prompt: a-b; c = d (e@f), 3+4; not good"
    Results(tmp_path).write([Row(id=1, row=1, label="00001", status="failed", error=said)])
    with (tmp_path / "results.csv").open(newline="", encoding="utf-8") as file:
        assert [each["error"] for each in csv.DictReader(file)] == [said]
