"""For everybody: by eye and by ear, by mouse and by keyboard, on a phone, without scripts."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from site_browser import Scheme, visit, watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

TOOL = "tools/wiro/text_to_image_sd_lora.html"
KINDS = ("index.html", TOOL, "guides/waiting.html")
MORE = (
    ("categories/text-to-image.html", "light"),
    ("categories/index.html", "dark"),
    ("tools/index.html", "light"),
    ("tools/wiro/hostile.html", "dark"),
    ("tools/wiro/nothing.html", "light"),
    ("tools/acme/everything_v1_0.html", "dark"),
    ("tools/wiro/writer.html", "light"),
    ("guides/index.html", "dark"),
    ("reference/python.html", "light"),
    ("reference/commands.html", "dark"),
    ("diagnostics.html", "light"),
)
SHIFTS = """new Promise((done) => {
  let total = 0;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) total += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(total), 400);
})"""
REFUSED = """new Promise((done) => {
  document.addEventListener("securitypolicyviolation", (event) => done(event.blockedURI));
  setTimeout(() => done("nothing"), 5000);
  fetch("https://elsewhere.example/x").catch(() => {});
})"""
# A long reference, list or table goes on as it has begun, and its checks would take half a minute.
SHORTEN = """for (const each of document.querySelectorAll(
  "article > :nth-child(n + 25), li:nth-child(n + 7), tr:nth-child(n + 7), option:nth-child(n + 7),"
  + " .wt-choice:nth-child(n + 5), .wt-card:nth-child(n + 7)"
)) {
  each.remove();
}"""
POLICY = re.compile('<meta http-equiv="Content-Security-Policy" content="([^"]*)">')
FOCUS = """() => {
  const at = document.activeElement;
  const name = at.ariaLabel || at.textContent.trim().slice(0, 40);
  return [at.tagName, at.id, at.className, name].join(" ");
}"""


@pytest.fixture(scope="session")
def axe() -> str:
    """The accessibility checks of axe-core, as a script."""
    package = pytest.importorskip("axe_playwright_python")
    return (files(package) / "axe.min.js").read_text("utf-8")


def violations(page: Page, axe: str, part: str = ":root", *rules: str) -> list[str]:
    """What is wrong in a part of a page, by these rules or all."""
    page.evaluate(axe)
    found: dict[str, Any] = page.evaluate(
        """([part, rules]) => axe.run(part, {
          resultTypes: ["violations"], ...(rules.length ? { runOnly: rules } : {}),
        })""",
        [part, rules],
    )
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("path", "scheme"), [*((path, "light") for path in KINDS), *MORE])
def test_nothing_stands_in_the_way(
    browser: Browser, address: str, axe: str, path: str, scheme: Scheme
) -> None:
    with watched(browser, address, color_scheme=scheme) as page:
        visit(page, address + path)
        page.evaluate(SHORTEN)
        assert violations(page, axe) == []
        if scheme == "light" and path in KINDS:
            page.emulate_media(color_scheme="dark")
            assert violations(page, axe, ":root", "color-contrast") == []


def test_nor_in_what_opens(page: Page, address: str, axe: str) -> None:
    def check(part: str) -> None:
        assert violations(page, axe, part) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, axe, part, "color-contrast") == []
        page.emulate_media(color_scheme="light")

    visit(page, address + TOOL)
    page.locator(".wt-rare summary").click()
    page.get_by_label("Samples").fill("none")
    page.locator("[data-input=selected_lora_model] [role=combobox]").fill("happiness")
    page.keyboard.press("Enter")
    page.locator("[data-input=selected_model] [role=combobox]").click()
    check(".wt-builder")
    page.keyboard.press("Control+k")
    page.keyboard.type("image")
    page.wait_for_selector(".wt-found")
    check("dialog")


WALK = """() => {
  const at = document.activeElement;
  if (at === document.body) return "nothing";
  const box = at.getBoundingClientRect();
  const inside = box.right > 0 && box.left < innerWidth && box.bottom > 0 && box.top < innerHeight;
  const seen = inside && at.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  // The box of a scheme stands behind its picture; links at headings fade in.
  return seen || at.matches(".md-option, .md-skip, .headerlink") ? "" : at.outerHTML.slice(0, 90);
}"""
NAMELESS = """[...document.querySelectorAll("main *")]
  .filter((each) => each.matches("button, input, select, textarea, a[href], summary"))
  .filter((each) => each.checkVisibility())
  .filter((each) => !(each.ariaLabel || each.labels?.length || each.textContent.trim()
    || each.title || each.getAttribute("aria-labelledby")))
  .map((each) => each.outerHTML.slice(0, 200))"""


@pytest.mark.parametrize("path", KINDS)
@pytest.mark.parametrize("width", [390, 1100, 1400])
def test_nothing_moves_is_cut_off_or_has_no_name_and_tab_leads_only_to_what_is_seen(
    browser: Browser, address: str, path: str, width: int
) -> None:
    with watched(browser, address, viewport={"width": width, "height": 800}) as page:
        visit(page, address + path)
        assert page.evaluate(SHIFTS) < 0.01
        assert page.locator("h1").count() == 1
        assert page.locator("html").get_attribute("lang") == "en"
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert page.evaluate(NAMELESS) == []
        assert page.locator("img:not([alt])").count() == 0
        page.keyboard.press("Tab")
        for _ in range(40):
            assert page.evaluate(WALK) == ""
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement === document.body"):
                break


def test_a_phone_says_what_is_billed_and_keeps_sliders_usable(
    browser: Browser, address: str
) -> None:
    with watched(browser, address, viewport={"width": 390, "height": 844}) as page:
        visit(page, address + TOOL)
        cells = page.locator("#what-can-happen + .wt-table td:nth-child(3)")
        assert cells.count() > 5
        for cell in cells.all():
            assert cell.evaluate("e => getComputedStyle(e, '::before').content") == '"Billed: "'
        page.locator("[data-input=selected_lora_model] [role=combobox]").fill("62")
        page.keyboard.press("Enter")
        card = page.locator(".wt-lora")
        assert card.locator("code").first.evaluate("e => e.getClientRects().length") == 1
        assert (card.locator("input[type=range]").bounding_box() or {})["width"] > 120


def test_pages_may_ask_only_their_own_site(browser: Browser, address: str, site: Path) -> None:
    said = [POLICY.findall(path.read_text("utf-8")) for path in site.rglob("*.html")]
    # The same on each page: what a browser makes of it is seen on any.
    (policy,) = said[0]
    assert said == [[policy]] * len(said)
    assert "https" not in policy
    assert "unsafe-eval" not in policy
    opened = watched(browser, address)
    with opened as page:
        visit(page, address + TOOL)
        refused = page.evaluate(REFUSED)
        # A browser reports what it refuses as an error, and that is wanted here.
        assert opened.troubles
        opened.troubles.clear()
    assert refused.startswith("https://elsewhere.example")


def test_a_form_is_filled_by_keyboard_alone(page: Page, address: str) -> None:
    visit(page, address + TOOL)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS).endswith("Skip to content")
    page.keyboard.press("Enter")
    seen: list[str] = []
    for _ in range(12):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUS))
        if page.locator(".wt-form textarea").first.evaluate("e => e === document.activeElement"):
            break
    else:
        pytest.fail("\n".join(seen))
    page.keyboard.press("Control+a")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Tab")
    page.keyboard.type("jugger")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert "SelectedModel.KANDOOAI_JUGGERNAUT" in page.locator(".wt-snippet").inner_text()
    page.get_by_role("tab", name="Python").focus()
    for name in ("Async", "Shell", "curl", "JSON", "Python"):
        page.keyboard.press("ArrowRight")
        assert page.locator("[role=tab][aria-selected=true]").inner_text() == name
    page.keyboard.press("ArrowLeft")
    assert '"prompt": "by keyboard"' in page.locator(".wt-snippet").inner_text()
    # From the tabs into the snippet, then to the buttons below it.
    page.keyboard.press("Tab")
    assert "wt-snippet" in page.evaluate(FOCUS)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUS).endswith("Copy")
    page.keyboard.press("Enter")
    assert '"by keyboard"' in page.evaluate("navigator.clipboard.readText()")


def test_the_search_is_used_by_keyboard_alone(page: Page, address: str) -> None:
    visit(page, f"{address}guides/index.html")
    page.keyboard.press("/")
    page.wait_for_selector("dialog[open]")
    page.keyboard.type("words")
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    page.keyboard.press("Control+k")
    page.keyboard.type("instant-id")
    chosen = page.locator(".wt-found[aria-selected=true]")
    chosen.wait_for()
    first = chosen.inner_text()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert chosen.inner_text() == first
    field = page.locator(".wt-find")
    assert field.get_attribute("aria-activedescendant") == chosen.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/instant_id_lora.html")


@pytest.mark.parametrize("path", KINDS)
def test_the_menu_of_a_narrow_screen_is_used_by_keyboard_alone(
    browser: Browser, address: str, axe: str, path: str
) -> None:
    with watched(browser, address, viewport={"width": 390, "height": 800}) as page:
        visit(page, address + path)
        menu = page.get_by_role("button", name="Menu")
        assert menu.get_attribute("aria-expanded") == "false"
        page.keyboard.press("Tab")  # the link to the text
        page.keyboard.press("Tab")
        for key in ("Space", "Enter"):
            assert menu.evaluate("menu => menu === document.activeElement")
            page.keyboard.press(key)
            assert menu.get_attribute("aria-expanded") == "true"
            page.wait_for_selector(".md-nav--primary >> text=Guides")
            page.keyboard.press("Tab")
            page.keyboard.press("Escape")
            assert menu.get_attribute("aria-expanded") == "false"
            assert not page.is_checked("#__drawer")
        page.keyboard.press("Enter")
        if path == TOOL:
            assert violations(page, axe, ".wt-header") == []


def test_tab_leaves_a_list_at_once(page: Page, address: str) -> None:
    visit(page, address + TOOL)
    page.focus("[data-input=selected_model] [role=combobox]")
    page.keyboard.press("Tab")
    assert page.evaluate(WALK) == ""
    page.keyboard.press("Control+k")
    page.keyboard.type("image")
    page.wait_for_selector(".wt-found")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert not page.evaluate("document.activeElement.matches('.wt-results')")


def test_buttons_are_called_by_what_stands_on_them(page: Page, address: str) -> None:
    """Who speaks to a computer says what is there to read."""
    visit(page, address + TOOL)
    page.keyboard.press("Control+k")
    page.wait_for_selector(".wt-find")
    for button in page.locator("button").all():
        name = button.get_attribute("aria-label")
        shown = " ".join(button.inner_text().split())
        assert name is None or shown.removesuffix(" Ctrl K") in name, (shown, name)


def test_a_search_with_two_marks_and_none(page: Page, address: str) -> None:
    visit(page, f"{address}index.html")
    page.locator(".wt-search-open").click()
    page.keyboard.type("timeout wait")
    page.wait_for_selector(".wt-found mark")
    marked = {each.lower() for each in page.locator(".wt-found mark").all_inner_texts()}
    assert marked == {"timeout", "wait"}
    page.locator(".wt-find").fill("zzzqqq")
    page.get_by_text("Nothing fits.").wait_for()
    assert page.locator(".wt-found").count() == 0


def test_everything_can_be_read_without_scripts(browser: Browser, address: str) -> None:
    with watched(browser, address, scripts=False) as page:
        page.goto(address + TOOL)
        text = page.locator("main").inner_text()
        for each in ("Async Python", "openssl dgst", "wiro-tools run", "selected_lora_model"):
            assert each in text
        assert page.locator("td", has_text="koi-fish").first.is_visible()
        assert not page.locator(".wt-search-open").is_visible()
        page.goto(f"{address}index.html")
        assert page.get_by_role("link", name="All tools").first.is_visible()
        page.goto(f"{address}categories/text-to-image.html")
        assert page.get_by_role("link", name="wiro/text-to-image-sd-lora").is_visible()


def test_fonts_and_all_else_lie_in_the_site(site: Path) -> None:
    sheets = [path.read_text("utf-8") for path in site.rglob("*.css")]
    assert any("@font-face" in sheet for sheet in sheets)
    for sheet in sheets:
        assert "url(http" not in sheet
        assert "@import" not in sheet
    assert (site / "assets" / "fonts" / "inter.woff2").read_bytes().startswith(b"wOF2")
