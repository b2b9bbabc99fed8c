"""The page of all runs, in a real browser: found, shown, compared, loaded again, deleted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from site_browser import watched
from studio.conftest import (
    FILMER,
    PAINTER,
    SCULPTOR,
    SPEAKER,
    TOKEN,
    WRITER,
    Running,
    check_for_everybody,
)
from wiro_runtime.testing import Scenario

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

ALL = {PAINTER: "a", WRITER: "b", SPEAKER: "c", FILMER: "d", SCULPTOR: "e"}


@pytest.fixture
def site(built: Path) -> Path:
    return built


@pytest.fixture
def filled(studio: Running) -> Running:
    """A studio that has run each of the tools."""
    for tool, run in ALL.items():
        values = {"prompt": f"a lighthouse for {tool}"}
        studio.start(tool, run, values=values, form={"prompt": "x"})
    for run in ALL.values():
        studio.wait(run)
    return studio


def opened(page: Page, studio: Running) -> None:
    page.goto(f"{studio.origin}/?token={TOKEN}")
    page.click(".wt-nav >> text=Runs")
    page.wait_for_selector(".wt-all-runs.wt-ready")


def test_runs_of_all_tools_are_found_and_shown(
    browser: Browser,
    filled: Running,
) -> None:
    with watched(browser, filled.origin) as page:
        opened(page, filled)
        assert page.inner_text(".wt-count") == "5 runs"
        tiles = page.locator(".wt-tile")
        assert [each.get_attribute("data-run") for each in tiles.all()] == [
            run * 32 for run in reversed(ALL.values())
        ]
        film, sound = tiles.nth(1), tiles.nth(2)
        assert "$0.20 (estimated $0.20)" in film.inner_text()
        assert film.locator("video").count() == 1
        assert sound.locator("audio[controls]").count() == 1
        assert page.evaluate(
            "document.querySelector('.wt-tile:last-child img').decode().then(() => true)"
        )
        assert "keeps its lamp lit" in page.inner_text(".wt-thumb-text")
        page.select_option("label:has-text('Tool') select", PAINTER)
        page.wait_for_selector(".wt-count:text-is('1 run')")
        page.select_option("label:has-text('State') select", "failed")
        page.wait_for_selector(".wt-count:text-is('No run fits.')")


def test_two_runs_of_any_tools_are_compared(
    browser: Browser,
    filled: Running,
) -> None:
    with watched(browser, filled.origin) as page:
        opened(page, filled)
        for run in "ab":
            page.check(f"[data-run='{run * 32}'] .wt-pick input")
        page.click(".wt-picks >> text=Compare")
        found = page.inner_text(".wt-run-dialog[open]")
        assert "A: a lighthouse for acme/painter" in found
        assert "B: a lighthouse for acme/writer" in found
        assert page.locator(".wt-run-dialog mark").all_inner_texts() == [PAINTER, WRITER]
        page.keyboard.press("Escape")
        assert page.evaluate("document.activeElement.textContent") == "Compare"


def test_a_run_is_opened_downloaded_loaded_and_deleted(
    browser: Browser,
    filled: Running,
) -> None:
    with watched(browser, filled.origin) as page:
        opened(page, filled)
        page.focus(f"[data-run={'e' * 32}] .wt-thumb")
        page.keyboard.press("Enter")
        page.wait_for_selector(".wt-run-dialog .wt-makes-3d")
        with page.expect_download() as download:
            page.click(".wt-run-dialog >> text=Download 0.glb")
        assert Path(download.value.path()).read_bytes()[:4] == b"glTF"
        page.keyboard.press("Escape")
        painted = page.locator(f"[data-run={'a' * 32}]")
        with page.expect_download() as download:
            painted.get_by_text("Download").click()
        assert download.value.suggested_filename == "0.png"
        assert "style Oil on canvas" in painted.inner_text()
        page.locator(f"[data-run={'b' * 32}]").get_by_text("Delete").click()
        page.locator(f"[data-run={'b' * 32}]").get_by_text("Really?").click()
        page.wait_for_selector(".wt-count:text-is('4 runs')")
        assert page.evaluate("document.activeElement.className") == "wt-thumb"
        painted.get_by_text("Load into form").click()
        page.wait_for_selector(".wt-run-status:text-is('Loaded into the form.')")
        assert page.url.partition("#")[0].endswith("/tools/acme/painter.html")
        assert page.input_value("[data-input=prompt] textarea") == "x"


def test_it_follows_runs_that_others_start(browser: Browser, studio: Running) -> None:
    studio.simulator.plan(Scenario(stuck="task_output"))
    with watched(browser, studio.origin) as page:
        page.clock.install()
        opened(page, studio)
        assert "Nothing has been run yet" in page.inner_text(".wt-count")
        studio.start()
        # The page looks every ten seconds.
        page.clock.fast_forward(10_000)
        page.wait_for_selector(".wt-tile[data-state=running] progress")
        page.click(".wt-thumb")
        page.wait_for_selector(".wt-run-dialog .wt-run[data-state=running]")
        page.click(".wt-run-dialog .wt-stop")
        page.wait_for_selector(".wt-run-dialog .wt-run[data-state=cancelled]")
        page.keyboard.press("Escape")
        page.wait_for_selector(".wt-tile[data-state=cancelled]")


def test_many_runs_come_in_pages(browser: Browser, studio: Running) -> None:
    from wiro_runtime.studio.records import Run

    for number in range(70):
        run = Run(id=f"{number:032x}", tool=PAINTER, state="failed", at=number, error="no")
        run.save(studio.folder / "runs" / run.id)
    again = studio.restart()
    with watched(browser, again.origin) as page:
        opened(page, again)
        assert (page.inner_text(".wt-count"), page.locator(".wt-tile").count()) == ("70 runs", 60)
        page.click(".wt-more")
        page.wait_for_selector(f"[data-run='{0:032x}']")
        assert page.locator(".wt-tile").count() == 70
        assert page.locator(".wt-more").is_hidden()


def test_for_everybody(browser: Browser, filled: Running) -> None:
    with watched(browser, filled.origin) as page:
        page.goto(f"{filled.origin}/runs.html?token={TOKEN}")
        page.wait_for_selector(".wt-all-runs.wt-ready")
        check_for_everybody(page)
        for run in "ad":
            page.focus(f"[data-run='{run * 32}'] .wt-pick input")
            page.keyboard.press("Space")
        check_for_everybody(page)
        page.focus(".wt-picks .wt-run-button")
        page.keyboard.press("Enter")
        page.wait_for_selector(".wt-run-dialog .wt-sides")
        check_for_everybody(page)
