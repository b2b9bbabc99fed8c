from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli_tools.kit import Here, Shell
from wiro_runtime.generated import Tariff
from wiro_runtime.testing import Scenario, Simulator
from wiro_tools.wiro import text_to_image_sd_lora as sd

pytestmark = pytest.mark.slow

EDITOR = ("wiro/editor", "--prompt", "a", "--input-image", "https://a.b/c.png")
PHOTOS = ("--photos", "https://a.b/1.png", "--photos", "https://a.b/2.png")


def test_the_price_of_what_is_typed(shell: Shell, simulator: Simulator) -> None:
    done = shell("price", *EDITOR, *PHOTOS)
    assert (done.code, done.out) == (0, "$0.20\n")
    assert done.err == "$0.20 a run (photos QUANTITY:2)\n"
    open_ = shell("price", "wiro/editor", "--json")
    assert open_.json == {
        "tool": "wiro/editor",
        "price": "$0.05–$0.10",
        "low": "0.05",
        "high": "0.1",
        "exact": False,
        "basis": "depends on prompt: $0.05 a run (prompt cheap) to $0.10 a run",
        "as_of": None,
    }
    assert shell("price", "wiro/painter", WIRO_API_KEY=None).out == "unknown\n"
    assert not simulator.requests


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("wiro/painter", "--samples", "x"), "--samples: expected a whole number"),
        (("wiro/painter", "--sampels", "2"), "no such option: --sampels; nearest: '--samples'"),
        (("wiro/pianter",), "nearest: 'wiro/painter'"),
        ((), "price: the tool comes first: wiro-tools price OWNER/PROJECT"),
    ],
)
def test_what_cannot_be_priced_is_said(shell: Shell, arguments: tuple[str, ...], says: str) -> None:
    done = shell("price", *arguments)
    assert done.code == 2
    assert says in done.err


def test_help_has_the_inputs_and_few_options(shell: Shell) -> None:
    done = shell("price", "wiro/painter", "--help")
    assert "--samples INTEGER" in done.out
    assert "--no-wait" not in done.out


def test_a_dry_run_says_the_price(shell: Shell, simulator: Simulator) -> None:
    done = shell("run", *EDITOR, "--dry-run")
    assert done.json["prompt"] == "a"
    assert "price: $0.10 ($0.10 a run)" in done.err
    whole = shell("run", *EDITOR, "--dry-run", "--json").json
    assert (whole["price"]["exact"], whole["body"]["prompt"]) == (True, "a")
    assert shell("run", *EDITOR, "--dry-run", "--max-cost", "0.09").code == 1
    assert not simulator.requests


def test_a_dry_run_says_of_which_day_the_price_is(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    rates: list[dict[str, Any]] = [{"inputs": {}, "method": "cpr", "price": "0.1"}]
    monkeypatch.setattr(sd.Inputs, "_tariff", Tariff({"rates": rates, "as_of": "2026-11-02"}))
    done = here("run", sd.TOOL, "--prompt", "a", "--dry-run")
    assert "price: $0.10 ($0.10 a run; prices of 2026-11-02)\n" in done.err


def test_a_run_above_max_cost_is_not_sent(shell: Shell, simulator: Simulator) -> None:
    done = shell("run", *EDITOR, "--max-cost", "0.09")
    assert done.code == 1
    assert done.err == (
        "wiro-tools: wiro/editor: the price is $0.10, above --max-cost of $0.09 ($0.10 a run)\n"
    )
    told = shell("run", *EDITOR, "--max-cost", "0.09", "--json").json["error"]
    assert (told["type"], told["ceiling"], told["price"]["high"]) == (
        "PriceExceeded",
        "0.09",
        "0.1",
    )
    assert "above --max-cost of $0.09" in told["message"]
    unknown = shell("run", "wiro/painter", "--prompt", "a", "--max-cost", "1")
    assert (unknown.code, "the price is not known" in unknown.err) == (1, True)
    assert "; --allow-unknown runs it all the same" in unknown.err
    for more in ((), ("--dry-run",)):
        wrong = shell("run", *EDITOR, "--max-cost", "much", *more)
        assert (wrong.code, "--max-cost must be an amount of dollars" in wrong.err) == (2, True)
    assert not simulator.runs
    assert shell("run", *EDITOR, "--max-cost", "0.1", "--no-download").code == 0
    more = ("--max-cost", "1", "--allow-unknown", "--no-download")
    assert shell("run", "wiro/painter", "--prompt", "a", *more).code == 0


def test_lists_say_the_least_that_a_run_costs(shell: Shell) -> None:
    assert (
        "wiro/editor\tChanges a portrait.\ttext, image → image\tfrom $0.05\n" in shell("list").out
    )
    assert shell("search", "portrait", "--json").json[0]["price"] == "from $0.05"
    assert shell("show", "wiro/painter", "--json").json["price"] is None
    assert "from $0.05" in shell("show", "wiro/editor").out


def test_costs_are_those_of_the_journal(shell: Shell, simulator: Simulator, tmp_path: Path) -> None:
    journal = str(tmp_path / "journal")
    simulator.plan(Scenario(cost="0.14"))
    for arguments in (EDITOR, EDITOR, ("wiro/painter", "--prompt", "a")):
        assert shell("--journal", journal, "run", *arguments, "--no-download").code == 0
    task = shell("--journal", journal, "run", *EDITOR, "--no-wait").out.strip()
    done = shell("costs", "--by", "tool", WIRO_JOURNAL=journal)
    assert done.out.splitlines() == [
        "wiro/editor\t2\t$0.24\testimated $0.20",
        "wiro/painter\t1\t$0.00351\tnot estimated",
    ]
    assert done.err == "$0.10 more for runs that have not been seen to end\n"
    assert shell("task", "wait", task, "--no-download", WIRO_JOURNAL=journal).code == 0
    (total,) = shell("--journal", journal, "costs", "--json").json["costs"]
    assert (total["name"], total["runs"], total["spent"]) == ("total", 4, "0.34351")
    assert total["estimated"] == {
        "runs": 3, "low": "0.3", "high": "0.3", "spent": "0.34",
    }  # fmt: skip
    assert len(shell("--journal", journal, "costs", "--by", "day").out.splitlines()) <= 2


def test_costs_without_a_journal(shell: Shell, tmp_path: Path) -> None:
    assert "costs: of which journal, or batch?" in shell("costs").err
    missing = shell("--journal", str(tmp_path / "none"), "costs")
    assert (missing.code, "there is no journal" in missing.err) == (2, True)
    assert not (tmp_path / "none").exists()
    folder = shell("costs", str(tmp_path / "none"), "--json")
    assert (folder.code, folder.json["error"]["type"]) == (2, "ConfigurationError")
