"""What a person does in a studio, in a real browser: run, watch, stop, come back, compare."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from site_browser import PICTURE, watched
from studio.conftest import TOKEN, Running
from wiro_runtime.testing import Scenario
from wirogen.site.build import build_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

HELD = Scenario(stuck="task_output")
HTML = "It is <img src=x onerror=alert(1)> lit."


@pytest.fixture
def site(built: Path) -> Path:
    return built


class Visit:
    """A page of a studio, from its address to its end."""

    def __init__(self, browser: Browser, studio: Running, tool: str, **options: Any) -> None:
        self.watched = watched(browser, studio.origin, **options)
        self._address = f"{studio.origin}/tools/acme/{tool}.html?token={TOKEN}"

    def __enter__(self) -> Page:
        page = self.watched.__enter__()
        page.goto(self._address)
        page.wait_for_selector(".wt-runs")
        return page

    def __exit__(self, kind: type[BaseException] | None, *more: object) -> None:
        self.watched.__exit__(kind, *more)


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, studio: Running) -> Open:
    def open_page(tool: str = "painter", **options: Any) -> Visit:
        return Visit(browser, studio, tool, **options)

    return open_page


def run(page: Page, prompt: str, state: str = "succeeded") -> None:
    page.fill("[data-input=prompt] textarea", prompt)
    page.click(".wt-run-button")
    page.wait_for_selector(f".wt-run[data-state={state}] h3:text-is('{prompt}')")


def test_run_watch_load_compare_delete(visit: Open, studio: Running) -> None:
    with visit() as page:
        assert "token" not in page.url
        run(page, "a lighthouse")
        assert "$0.02 (estimated $0.02)" in page.inner_text(".wt-run")
        page.wait_for_selector(".wt-run img")
        assert page.evaluate("document.querySelector('.wt-run img').decode().then(() => true)")
        page.fill("[data-input=samples] input", "2")
        run(page, "a tower")
        for box in page.locator(".wt-pick input").all():
            box.check()
        compared = page.inner_text(".wt-compare")
        assert "2 inputs differ" in compared
        assert compared.index("a lighthouse") < compared.index("a tower")
        first = page.locator(".wt-run", has_text="a lighthouse")
        first.get_by_text("Load into form").click()
        assert page.input_value("[data-input=prompt] textarea") == "a lighthouse"
        assert page.input_value("[data-input=samples] input") == "1"
        first.get_by_text("Delete").click()
        first.get_by_text("Really delete?").click()
        first.wait_for(state="detached")
        assert page.locator(".wt-compare").is_hidden()
        with page.expect_download() as download:
            page.click(".wt-run >> text=Download 0.png")
        assert download.value.suggested_filename == "0.png"
        assert len(studio.simulator.runs) == 2


def test_a_run_goes_on_while_the_page_is_loaded_again_and_stops(
    visit: Open, studio: Running
) -> None:
    studio.simulator.plan(HELD)
    with visit() as page:
        run(page, "a lighthouse", "running")
        page.reload()
        page.wait_for_selector(".wt-run[data-state=running] progress")
        page.click(".wt-log summary")
        assert page.inner_text(".wt-log pre") == "Loading the model"
        page.click(".wt-stop")
        page.wait_for_selector(".wt-run[data-state=cancelled]")
        assert page.locator(".wt-stop").is_hidden()
        assert len(studio.simulator.runs) == 1


def test_what_is_wrong_is_said_where_it_is(visit: Open, studio: Running) -> None:
    opened = visit()
    with opened as page:
        page.fill("[data-input=prompt] textarea", "")
        page.click(".wt-run-button")
        assert "nothing was sent" in page.inner_text(".wt-run-status")
        assert page.evaluate("document.activeElement.closest('[data-input]').dataset.input") == (
            "prompt"
        )
        page.fill("[data-input=prompt] textarea", "a lighthouse")
        page.fill(".wt-ceiling input", "0.01")
        page.click(".wt-run-button")
        page.wait_for_selector("text=the price is $0.02, above the ceiling of $0.01")
        assert page.get_attribute(".wt-ceiling input", "aria-invalid") == "true"
        assert studio.simulator.runs == []
        # Chromium reports the response of 422.
        assert len(opened.watched.troubles) == 1
        opened.watched.troubles.clear()
        page.fill(".wt-ceiling input", "0.02")
        run(page, "a lighthouse")


def test_text_is_shown_as_text(visit: Open, studio: Running) -> None:
    studio.simulator.plan(Scenario(kind="text", answer=HTML))
    with visit("writer") as page:
        run(page, "what is it?")
        assert page.inner_text(".wt-answer") == HTML
        assert page.locator(".wt-run img").count() == 0


def test_files_are_dropped_shown_and_sent(visit: Open, studio: Running, tmp_path: Path) -> None:
    picture = tmp_path / "my cat.png"
    picture.write_bytes(PICTURE)
    with visit("editor") as page:
        page.set_input_files(".wt-drop input[type=file]", picture)
        page.wait_for_selector(".wt-preview img")
        assert page.evaluate("document.querySelector('.wt-preview img').decode().then(() => true)")
        assert studio.simulator.runs == []
        run(page, "a hat")
        page.reload()
        page.wait_for_selector(".wt-runs")
        page.click("text=Load into form")
        page.wait_for_selector(".wt-preview img")
        [sent] = studio.simulator.runs
        assert "my cat.png" in str(sent.body["inputImage"])


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 375)])
def test_for_everybody(visit: Open, studio: Running, scheme: str, width: int) -> None:
    package = pytest.importorskip("axe_playwright_python")
    axe = (files(package) / "axe.min.js").read_text("utf-8")
    size = {"width": width, "height": 800}
    with visit(color_scheme=scheme, viewport=size) as page:
        page.focus("[data-input=prompt] textarea")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector(".wt-run[data-state=succeeded]")
        studio.simulator.plan(HELD)
        page.focus(".wt-run-button")
        page.keyboard.press("Enter")
        page.wait_for_selector(".wt-run[data-state=running]")
        page.evaluate(axe)
        found: dict[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
        assert [
            (each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]
        ] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.focus(".wt-stop")
        page.keyboard.press("Enter")
        page.wait_for_selector(".wt-run[data-state=cancelled]")


def test_a_page_that_no_studio_serves_asks_nobody(
    browser: Browser, package: Path, tmp_path: Path
) -> None:
    from wirogen.site.server import Server

    built = tmp_path / "site"
    build_site(package / "docs", built, work=tmp_path / "work", name="Tools", site_url=None)
    assert not (built / "runs.html").exists()
    assert "Runs</a>" not in (built / "index.html").read_text("utf-8")
    with Server(built) as server, watched(browser, server.url) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{server.url}tools/acme/painter.html")
        page.wait_for_selector(".wt-ready")
        page.wait_for_load_state("networkidle")
        assert not [url for url in asked if "studio" in url]
        assert page.locator(".wt-run-button").count() == 0
