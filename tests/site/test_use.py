"""What a visitor does: fill a form, see what is wrong, mend it, copy, share, find another tool."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from site_browser import visit, watched
from wiro_runtime.testing import Simulator

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

TOOL = "tools/wiro/text_to_image_sd_lora.html"


def code(page: Page) -> str:
    return page.locator(".wt-snippet").inner_text()


def test_from_an_empty_form_to_an_image(
    page: Page, address: str, site_tools: list[dict[str, Any]], tmp_path: Path
) -> None:
    visit(page, address + TOOL)
    page.get_by_label("Samples").fill("none")
    assert page.locator(".wt-problems").inner_text() == (
        "samples: expected a whole number, got 'none' (text)"
    )
    page.get_by_label("Samples").fill("1")
    assert not page.locator(".wt-problems").is_visible()
    page.locator("[data-input=selected_lora_model] [role=combobox]").fill("happiness")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.locator(".wt-lora .wt-scale").fill("9")
    assert "from -5 to 5 in steps of 1, got 9" in page.locator(".wt-problems").inner_text()
    page.locator(".wt-lora input[type=range]").fill("3")
    assert "Lora.OSTRIS_EMOTION_HAPPY_SLIDER_V1_0(scale=3)" in code(page)
    copied: dict[str, str] = {}
    for name in ("Python", "Async", "Shell", "curl", "JSON"):
        page.get_by_role("tab", name=name).click()
        page.get_by_role("button", name="Copy", exact=True).click()
        copied[name] = page.evaluate("navigator.clipboard.readText()")
        assert copied[name].strip() == code(page).strip()
    with Simulator(site_tools) as simulator:
        env = {
            **os.environ,
            **simulator.env(),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        }
        for name, command in (
            ("Python", [sys.executable, "-c", copied["Python"]]),
            ("Shell", ["sh", "-c", copied["Shell"]]),
            ("curl", ["sh", "-c", copied["curl"]]),
        ):
            done = subprocess.run(
                command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (name, done.stderr)
        assert len({str(run.body) for run in simulator.runs}) == 1
        assert simulator.runs[0].body["prompt"].startswith("<lora:Emotion-Happy-Slider-v1.0:3>, ")
    assert len(list((tmp_path / "out").glob("*.png"))) == 2


def test_a_shared_address_opens_the_same_request(browser: Browser, address: str) -> None:
    with watched(browser, address) as page:
        visit(page, address + TOOL)
        page.get_by_label("Prompt", exact=False).first.fill('a "lighthouse" & é')
        page.locator(".wt-rare summary").click()
        page.get_by_label("Seed").fill("7")
        page.locator("[data-input=selected_model] [role=combobox]").fill("12345")
        page.keyboard.press("Enter")
        before, url = code(page), page.url
    with watched(browser, address) as page:
        visit(page, url)
        assert code(page) == before
        assert page.get_by_label("Seed").is_visible()
        page.get_by_role("button", name="Reset").click()
        assert "seed" not in code(page)


def test_a_broken_address_opens_the_plain_form(page: Page, address: str) -> None:
    for state in ("!!!", "bm90IGpzb24", "eyJzYW1wbGVzIjo1fQ", "W10"):
        page.goto("about:blank")
        visit(page, f"{address}{TOOL}#run={state}")
        assert "text_to_image_sd_lora.run(" in code(page)


def test_the_language_lasts_across_pages(page: Page, address: str) -> None:
    visit(page, address + TOOL)
    page.get_by_role("tab", name="curl").click()
    visit(page, f"{address}tools/wiro/instant_id_lora.html")
    assert "openssl dgst" in code(page)
    page.get_by_role("tab", name="curl").focus()
    page.keyboard.press("ArrowRight")
    assert code(page).startswith("{")


def test_tools_are_found(page: Page, address: str) -> None:
    visit(page, f"{address}index.html")
    cards = page.locator(".wt-card")
    everything = cards.count()
    page.get_by_label("Search tools").fill("id-preserving")
    assert cards.count() == 1
    page.get_by_label("Search tools").fill("")
    page.get_by_label("Makes").select_option("video")
    assert 0 < cards.count() < everything
    address_of_filter = page.url
    page.goto("about:blank")
    visit(page, address_of_filter)
    assert page.get_by_label("Makes").input_value() == "video"
    cards.first.click()
    page.wait_for_selector(".wt-builder.wt-ready")
    assert "odd_values" in page.url


def test_the_search_of_the_site_finds_tools_and_guides(page: Page, address: str) -> None:
    visit(page, f"{address}index.html")
    for words, wanted in (("preserving", "ID-"), ("timeout", "Task.wait")):
        page.keyboard.press("Control+k")
        page.keyboard.type(words, delay=20)
        page.get_by_text(wanted, exact=False).last.wait_for()
        page.goto("about:blank")
        visit(page, f"{address}index.html")
