"""What a visitor does: fill a form, see what is wrong, mend it, copy, share, find another tool."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fork_server import executable
from site_browser import visit, watched
from site_tools import HOSTILE, LONG_PROMPT
from wiro_runtime.testing import Simulator

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

TOOL = "tools/wiro/text_to_image_sd_lora.html"


COUNT_ADDRESSES = """() => {
  window.addresses = 0;
  const replace = history.replaceState.bind(history);
  history.replaceState = (...more) => (window.addresses += 1, replace(...more));
}"""
DRAG = """() => {
  const slider = document.querySelector("[data-input=strength] input[type=range]");
  for (let step = 1; step <= 300; step += 1) {
    slider.value = 0.1 + step / 400;
    slider.dispatchEvent(new Event("input", { bubbles: true }));
  }
  return slider.value;
}"""


WHERE = """(wanted) => {
  const walker = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const at = walker.currentNode.data.indexOf(wanted);
    const range = document.createRange();
    if (at < 0 || !walker.currentNode.parentElement.checkVisibility()) continue;
    range.setStart(walker.currentNode, at);
    range.setEnd(walker.currentNode, at + wanted.length);
    return range.getBoundingClientRect().bottom;
  }
}"""


def packed(state: dict[str, str]) -> str:
    """What stands behind ``#run=`` for a form with these texts."""
    return base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")


def unpacked(url: str) -> dict[str, str]:
    state = url.partition("#run=")[2]
    return json.loads(base64.urlsafe_b64decode(state + "=" * (-len(state) % 4)))


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
        pause = tmp_path / "bin" / "sleep"
        pause.parent.mkdir()
        pause.write_text("#!/bin/sh\n")
        pause.chmod(0o755)
        env = {
            **os.environ,
            **simulator.env(),
            "PATH": f"{pause.parent}:{executable('wiro-tools').parent}:{os.environ['PATH']}",
        }
        for name, command in (
            ("Python", [sys.executable, "-c", copied["Python"]]),
            ("Async", [sys.executable, "-c", copied["Async"]]),
            ("Shell", ["sh", "-c", copied["Shell"]]),
            ("curl", ["sh", "-c", copied["curl"]]),
        ):
            done = subprocess.run(
                command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (name, done.stderr)
            if name != "curl":
                (picture,) = (tmp_path / "out").glob("*.png")
                assert picture.read_bytes().startswith(b"\x89PNG")
                picture.unlink()
            else:
                # It prints the task as it ended.
                (task,) = json.loads(done.stdout)["tasklist"]
                assert task["outputs"][0]["url"].endswith(".png")
        assert [json.loads(copied["JSON"])] == [
            dict(body) for body in {str(run.body): run.body for run in simulator.runs}.values()
        ]
        assert len({str(run.body) for run in simulator.runs}) == 1
        assert simulator.runs[0].body["prompt"].startswith("<lora:Emotion-Happy-Slider-v1.0:3>, ")


def test_a_shared_address_opens_the_same_request(browser: Browser, address: str) -> None:
    with watched(browser, address) as page:
        visit(page, address + TOOL)
        page.get_by_label("Prompt", exact=False).first.fill('a "lighthouse" & é')
        page.locator(".wt-rare summary").click()
        page.get_by_label("Seed").fill("7")
        page.locator("[data-input=selected_model] [role=combobox]").fill("12345")
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Copy link").click()
        page.get_by_text("Link copied.").wait_for()
        before, url = code(page), page.evaluate("navigator.clipboard.readText()")
        assert page.url == url
    with watched(browser, address) as page:
        visit(page, url)
        assert code(page) == before
        assert page.get_by_label("Seed").is_visible()
        page.get_by_role("button", name="Reset").click()
        assert "seed" not in code(page)


def test_reset_forgets_a_choice_that_is_not_listed(page: Page, address: str) -> None:
    visit(page, f"{address}{TOOL}#run={packed({'scheduler': 'Gone'})}")
    assert "'Gone' is not an option" in page.locator(".wt-problems").inner_text()
    page.get_by_role("button", name="Reset").click()
    assert not page.locator(".wt-problems").is_visible()
    assert "Gone" not in code(page)


def test_the_address_keeps_up_with_a_slider_that_is_dragged(page: Page, address: str) -> None:
    # Browsers ignore, or refuse, an address that changes some hundred times in a few seconds.
    visit(page, f"{address}tools/wiro/odd_values.html")
    page.evaluate(COUNT_ADDRESSES)
    dragged = page.evaluate(DRAG)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied.").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert page.evaluate("addresses") < 5
    assert unpacked(link)["strength"] == dragged == page.get_by_label("strength").last.input_value()
    page.locator(".wt-rare summary").click()
    page.get_by_label("strength").last.fill("0.25")
    page.wait_for_timeout(1000)
    assert unpacked(page.url)["strength"] == "0.25"


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
    for words, wanted in (("preserving", "ID-"), ("timeout", "TaskTimeout")):
        page.keyboard.press("Control+k")
        page.keyboard.press("Control+a")
        page.keyboard.type(words, delay=20)
        page.locator(".wt-found", has_text=wanted).last.wait_for()
        page.keyboard.press("Escape")


def test_options_are_chosen_by_looking(page: Page, address: str) -> None:
    visit(page, address + TOOL)
    place = page.locator(".wt-options[data-input=selected_lora_model]")
    card = place.locator(".wt-choice", has_text="Fish out of Water")
    assert "koi-fish" in card.inner_text()
    assert "Scale 0.00 to 1, by 0.1, default 0.3" in card.inner_text()
    card.get_by_role("button", name="Use").click()
    assert "Lora.KAIREN92_FISH_OUT_OF_WATER_V1_0" in code(page)
    assert page.locator(".wt-lora .wt-scale").input_value() == "0.3"
    page.locator(".wt-options[data-input=scheduler]").get_by_role(
        "button", name="Use DDIMScheduler"
    ).click()
    assert 'scheduler="DDIMScheduler"' in code(page)
    assert page.locator("[data-input=scheduler] select").is_visible()


def test_pickers_are_searched_by_label_description_and_trigger_words(
    page: Page, address: str
) -> None:
    visit(page, address + TOOL)
    field = page.locator("[data-input=selected_lora_model] [role=combobox]")
    options = page.locator("[data-input=selected_lora_model] [role=option]")
    for words, wanted in (
        ("skin tone slider", "Skin Tone Slider"),
        ("happiness of a character", "Emotion Happy Slider"),
        ("koi-fish", "Fish out of Water"),
        ("524", "Linkedin Profile"),
    ):
        field.fill(words)
        assert options.count() == 1
        assert wanted in options.inner_text()
    field.fill("koi-fish")
    assert "This LoRA creates a bunch of fish" in options.inner_text()
    assert "koi-fish" in options.inner_text()


def test_every_one_of_ten_thousand_options_is_reached(page: Page, address: str) -> None:
    visit(page, f"{address}tools/wiro/huge.html")
    place = page.locator(".wt-options[data-input=selected_model]")
    assert place.locator(".wt-choice").count() < 100
    assert "of 10000 shown" in place.locator(".wt-count").inner_text()
    first = place.locator(".wt-choice").count()
    place.get_by_role("button", name="Show more").click()
    assert place.locator(".wt-choice").count() == 2 * first
    place.get_by_role("searchbox").fill("model 9987")
    assert place.locator(".wt-choice").count() == 1
    place.get_by_role("button", name="Use owner/Model 9987").click()
    assert "huge.SelectedModel.OWNER_MODEL_9987" in code(page)


def test_names_that_nobody_knows_are_named(page: Page, address: str) -> None:
    state = "eyJzYW1wZWxzIjoiMiJ9"
    visit(page, f"{address}{TOOL}#run={state}")
    assert page.locator(".wt-problems").inner_text() == (
        "sampels: unknown input; did you mean samples?"
    )
    page.get_by_label("Samples").fill("2")
    assert not page.locator(".wt-problems").is_visible()
    assert "sampels" not in page.evaluate("atob(location.hash.slice(5))")


def test_one_is_not_many(page: Page, address: str) -> None:
    visit(page, f"{address}categories/image-to-video.html")
    assert page.get_by_label("Search tools").get_attribute("placeholder") == "Search 1 tool"
    assert page.locator(".wt-count").inner_text() == "1 tool"


def test_code_is_copied_from_a_guide(page: Page, address: str) -> None:
    visit(page, f"{address}guides/waiting.html")
    block = page.locator(".highlight").first
    block.get_by_role("button", name="Copy").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip() == (block.locator("code").text_content() or "").strip()
    assert "task.wait(timeout=600)" in copied


def test_an_example_is_loaded_whole_with_one_click(page: Page, address: str) -> None:
    visit(page, f"{address}tools/wiro/writer.html")
    first = page.get_by_label("Prompt", exact=False).first
    assert first.input_value() == f'{LONG_PROMPT} It\'s "all" in one piece.'
    assert page.get_by_label("Max tokens").input_value() == "50"
    tries = page.locator(".wt-tries button")
    assert tries.count() == 2
    page.get_by_label("Max tokens").fill("77")
    tries.nth(1).click()
    assert first.input_value() == "Second: a poem about the sea"
    assert page.get_by_label("Max tokens").input_value() == "200"
    assert 'system_prompt="You are a poet."' in code(page)
    page.locator(".wt-example").first.get_by_role("button", name="Load into the form").click()
    assert "max_tokens=50" in code(page)
    assert LONG_PROMPT.strip() in code(page)
    page.get_by_label("Max tokens").fill("200")
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied.").wait_for()
    shared = page.evaluate("navigator.clipboard.readText()")
    page.goto("about:blank")
    visit(page, shared)
    assert "max_tokens" not in code(page)


def test_an_example_with_files_keeps_only_what_the_tool_takes(page: Page, address: str) -> None:
    visit(page, f"{address}tools/wiro/editor.html")
    shown = code(page)
    assert 'input_image=["https://cdn.wiro.ai/uploads/sampleinputs/portrait.jpg"]' in shown
    assert "ratio=editor.Ratio.WIDE" in shown
    assert "num_images" not in shown
    assert "print(paths)" in shown
    comes_out = page.locator("#what-comes-out ~ p").all_inner_texts()
    assert "How many is up to num_images: 2 unless you say otherwise." in comes_out[0]
    assert "night.webp (image)" in " ".join(comes_out)


def test_text_tools_print_and_stream_their_text(page: Page, address: str) -> None:
    visit(page, f"{address}tools/wiro/writer.html")
    assert "print(result.text)" in code(page)
    page.get_by_role("tab", name="Stream").click()
    assert "for text in task.stream():" in code(page)
    visit(page, address + TOOL)
    assert page.get_by_role("tab", name="Stream").count() == 0
    assert "print(paths)" in code(page)


def test_shells_are_chosen_once(page: Page, address: str) -> None:
    visit(page, f"{address}tools/wiro/writer.html")
    assert not page.get_by_role("button", name="PowerShell").is_visible()
    page.get_by_role("tab", name="Shell").click()
    assert code(page).startswith("wiro-tools run wiro/writer \\\n")
    page.get_by_role("button", name="PowerShell").click()
    # Older ones lose double quotes on the way to a program, so it goes through a pipe.
    assert code(page).endswith("'@ | wiro-tools run wiro/writer --input-json '-' --out out")
    page.get_by_role("tab", name="curl").click()
    assert "Invoke-RestMethod" in code(page)
    visit(page, f"{address}tools/wiro/editor.html")
    assert "Invoke-RestMethod" in code(page)


def test_tools_are_found_by_what_one_wants_to_do(page: Page, address: str) -> None:
    visit(page, f"{address}index.html")
    cards = page.locator(".wt-card")
    # What has run most comes first.
    assert "writer" in cards.first.inner_text()
    page.get_by_role("button", name="Edit an image").click()
    assert page.get_by_role("button", name="Edit an image").get_attribute("aria-pressed") == "true"
    names = cards.locator("strong").all_inner_texts()
    assert {"editor", "instant-id-lora"} <= set(names)
    assert "text-to-image-sd-lora" not in names
    shared = page.url
    page.goto("about:blank")
    visit(page, shared)
    assert cards.locator("strong").all_inner_texts() == names
    page.get_by_role("button", name="Edit an image").click()
    assert "text-to-image-sd-lora" in cards.locator("strong").all_inner_texts()
    page.get_by_label("Order").select_option("name")
    owners = [each.lower() for each in cards.locator(".wt-card-owner").all_inner_texts()]
    assert owners == sorted(owners)


def test_topics_are_folded_by_case_and_spelling(page: Page, address: str) -> None:
    visit(page, f"{address}index.html")
    topic = page.get_by_label("Topic")
    values = topic.locator("option").evaluate_all("all => all.map((each) => each.value)")
    assert values.count("image-to-image") == 1
    topic.select_option("image-to-image")
    names = page.locator(".wt-card strong").all_inner_texts()
    assert {"editor", "instant-id-lora"} <= set(names)
    visit(page, f"{address}categories/image-to-image.html")
    assert set(page.locator(".wt-card strong").all_inner_texts()) == set(names)


def test_a_search_forgives_and_finds_nothing_for_nonsense(page: Page, address: str) -> None:
    visit(page, f"{address}index.html")
    field = page.get_by_label("Search tools")
    for query, wanted in (
        ("wirter", "writer"), ("cafe menus", "writer"), ("zebra writing", "writer"),
        ("PRESERVNG", "instant-id-lora"), ("picures edit", "editor"), ("edi", "editor"),
    ):  # fmt: skip
        field.fill(query)
        assert page.locator(".wt-card strong").first.inner_text() == wanted, query
        page.keyboard.press("Control+k")
        page.locator(".wt-find").fill(query)
        found = page.locator(".wt-found strong").first
        found.filter(has_text=f"wiro/{wanted}").wait_for()
        page.keyboard.press("Escape")
    field.fill("qqqqqqq zzzzzzzz")
    assert page.locator(".wt-card").count() == 0
    assert page.locator(".wt-count").inner_text() == "No tool fits."


def test_the_first_screen_says_what_it_makes_costs_and_how_it_is_called(
    page: Page, address: str
) -> None:
    visit(page, f"{address}tools/wiro/writer.html")
    for width, height in ((1280, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for text in (
            "text from text",
            "$0.25 a run",
            "3 seconds",
            "98,765",
            "result = writer.run(",
        ):
            assert 0 < page.evaluate(WHERE, text) <= height, (text, width)
    visit(page, f"{address}tools/wiro/nothing.html")
    assert "not documented" in page.locator(".wt-facts").inner_text()


def test_a_long_line_of_code_goes_on_to_the_right_of_its_beginning(
    browser: Browser, address: str
) -> None:
    lefts = """(line) => {
      const range = document.createRange();
      range.selectNodeContents(line);
      return [...new Set([...range.getClientRects()].map((each) => Math.round(each.left)))];
    }"""
    with watched(browser, address, viewport={"width": 390, "height": 844}) as page:
        visit(page, f"{address}tools/wiro/writer.html")
        page.get_by_label("Prompt", exact=False).first.fill("a lighthouse in the fog " * 9)
        line = page.locator(".wt-snippet .wt-line", has_text="prompt=")
        code = page.locator(".wt-snippet code").first
        whole = line.inner_text()
        assert whole == f'        prompt="{"a lighthouse in the fog " * 9}",'
        assert code.inner_text() == code.text_content()
        assert f"\n{whole}\n" in code.inner_text()
        begun, *more = line.evaluate(lefts)
        assert more
        assert all(left > begun for left in more)


def test_a_page_that_no_studio_serves_asks_none(page: Page, address: str, site: Path) -> None:
    assert not (site / "runs.html").exists()
    assert "Runs</a>" not in (site / "index.html").read_text("utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    visit(page, address + TOOL)
    page.wait_for_load_state("networkidle")
    assert asked
    assert not [url for url in asked if "/studio" in url]
    assert page.locator(".wt-run-button").count() == 0


def test_a_page_leads_to_related_tools(page: Page, address: str) -> None:
    visit(page, f"{address}tools/wiro/editor.html")
    related = page.locator(".wt-related .wt-card")
    names = related.locator("strong").all_inner_texts()
    assert "instant-id-lora" in names
    assert "editor" not in names
    related.nth(names.index("instant-id-lora")).click()
    page.wait_for_url("**/instant_id_lora.html")


FLOATING = """[...document.querySelectorAll("body *")].filter((each) => {
  const [style, box] = [getComputedStyle(each), each.getBoundingClientRect()];
  const seen = each.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  return style.position === "fixed" && seen && box.width > 0 && box.top > 100 && box.left >= 0;
}).map((each) => each.outerHTML.slice(0, 100))"""
CUT = """() => [...document.querySelectorAll("table :is(code, th)")].flatMap((each) => {
  const text = each.firstChild;
  if (text?.nodeType !== Node.TEXT_NODE) return [];
  return [...text.data.matchAll(/[A-Za-z0-9_]+/g)].filter((word) => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    return range.getClientRects().length > 1;
  }).map(String);
})"""


@pytest.mark.parametrize(
    "path",
    ["index.html", TOOL, *(f"guides/{name}.html" for name in ("errors", "prices", "settings"))],
)
def test_on_a_phone_nothing_floats_over_a_field_and_no_word_of_a_table_is_cut_in_two(
    browser: Browser, address: str, path: str
) -> None:
    with watched(browser, address, viewport={"width": 390, "height": 844}) as page:
        visit(page, address + path)
        assert page.locator("table").count() or path == "index.html"
        assert page.evaluate(CUT) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        page.mouse.wheel(0, 1500)
        page.mouse.wheel(0, -200)
        page.wait_for_timeout(200)
        assert page.evaluate(FLOATING) == []


def test_the_header_fits_the_smallest_screen_with_a_long_name(
    browser: Browser, address: str
) -> None:
    with watched(browser, address, viewport={"width": 320, "height": 600}) as page:
        visit(page, address + TOOL)
        page.evaluate("document.querySelector('.wt-brand').append(' of a project of my own')")
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_page_says_since_when_a_tool_is_there_and_what_has_changed(
    page: Page, address: str
) -> None:
    visit(page, f"{address}tools/wiro/writer.html")
    assert "2026-10-01" in page.locator(".wt-facts").inner_text()
    changes = page.locator("#changes + ul")
    lines = [" ".join(each.split()) for each in changes.inner_text().split("\n") if each.strip()]
    assert lines == ["2026-11-02 breaking", "style: is gone", HOSTILE[0], "2026-10-01", "Added"]
    visit(page, f"{address}index.html")
    page.get_by_label("Order").select_option("newest")
    assert "writer" in page.locator(".wt-card").first.inner_text()
