"""What a build finds changed in a tool is kept with its spec, and stands on its page."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from generated import number, prompt, select, tool
from wirogen.pipeline.build import build_project
from wirogen.pipeline.history import build_day, with_history
from wirogen.specs import ToolSpec, dump_spec, load_spec

DAY = "2026-11-02"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1793577600")


def made(*inputs: object, **more: object) -> ToolSpec:
    return tool(prompt(), *inputs, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("odd", ["", "-1", "1.5", "٣", "253402300800", "999999999999", "9" * 5000])
def test_a_time_that_is_no_date_is_not_taken(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime.now(UTC).date()
    monkeypatch.setenv("SOURCE_DATE_EPOCH", odd)
    day = date.fromisoformat(build_day())
    assert now <= day <= datetime.now(UTC).date()


def test_users_see_what_breaks_and_what_is_new() -> None:
    before = made(number("steps", 20), select("ratio", "1:1", "16:9"))
    after = made(select("ratio", "1:1", "16:9", "9:16"), number("seed", 1))
    kept = with_history(before, after, alone=False)
    (revision,) = kept.history
    assert (revision.date, revision.breaking) == (DAY, True)
    assert any("steps" in line for line in revision.changes)
    assert any("9:16" in line for line in revision.changes)
    assert load_spec(dump_spec(kept), path="x") == kept


def test_texts_and_counts_are_no_change() -> None:
    assert with_history(made(), made(description="Other words."), alone=False).history == ()


def test_a_tool_is_new_only_beside_others() -> None:
    assert with_history(None, made(), alone=True).since is None
    assert with_history(None, made(), alone=False).since == DAY


def test_a_history_stays_small_and_keeps_its_beginning() -> None:
    spec = with_history(None, made(), alone=False)
    for place in range(40):
        other = made(*(number(f"input{each}", 1) for each in range(place % 2 * 30)))
        spec = with_history(spec, replace(other, history=spec.history), alone=False)
    assert len(spec.history) == 13
    assert spec.since == DAY
    assert all(len(each.changes) <= 9 for each in spec.history)


def test_builds_carry_it_to_the_page(root: Path, tmp_path: Path) -> None:
    documents = tmp_path / "specs" / "documents" / "wiro"
    documents.mkdir(parents=True)
    source = root / "specs" / "documents" / "wiro"
    first = (source / "instant-id-lora.txt").read_text("utf-8")
    (documents / "instant-id-lora.txt").write_text(first, "utf-8")
    build_project(tmp_path)
    spec = tmp_path / "specs" / "tools" / "wiro" / "instant-id-lora.yaml"
    page = tmp_path / "generated" / "docs" / "tools" / "wiro" / "instant_id_lora.md"
    assert "history:" not in spec.read_text("utf-8")
    assert "## Changes" not in page.read_text("utf-8")
    (documents / "text-to-image-sd-lora.txt").write_text(
        (source / "text-to-image-sd-lora.txt").read_text("utf-8"), "utf-8"
    )
    changed = first.replace("name: scheduler ", "name: sampler ").replace(
        '"scheduler"', '"sampler"'
    )
    (documents / "instant-id-lora.txt").write_text(changed, "utf-8")
    build_project(tmp_path)
    assert f"- {DAY} **breaking**\n    - sampler: was scheduler\n" in page.read_text("utf-8")
    other = page.with_name("text_to_image_sd_lora.md").read_text("utf-8")
    assert f"- {DAY}\n    - Added\n" in other
    assert f"- **Since** {DAY}\n" in other
    built = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert not build_project(tmp_path, check=True).stale
    build_project(tmp_path)
    assert built == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
