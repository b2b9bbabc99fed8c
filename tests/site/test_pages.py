"""The site as a whole: what is in it, where links lead, and what a browser makes of it."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urldefrag

import pytest
from justhtml import JustHTML
from markdown_it import MarkdownIt

from site_browser import visit, watched
from site_tools import HOSTILE, LONG_NAME
from wirogen.cli.app import run
from wirogen.site.build import build_site

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow

VOID = frozenset("area base br col embed hr img input link meta source track wbr".split())
TOOL = "tools/wiro/text_to_image_sd_lora.html"
KINDS = ("index.html", TOOL, "guides/waiting.html")
LIMIT = 150_000


class Outline(HTMLParser):
    """Ids, links and unbalanced tags of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(text)
        self.wrong += self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value for key, value in attrs if key == "id" and value]
        self.links += [str(given[key]) for key in ("href", "src") if given.get(key)]
        self.handlers += [f"{tag} {key}" for key in given if key.startswith("on")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            # A paragraph, an item or a cell may end by itself; the theme uses none of that.
            self.wrong.append(f"</{tag}> in {self.open[-3:]}")
            return
        self.open.pop()


@pytest.fixture(scope="module")
def outlines(site: Path) -> dict[str, Outline]:
    return {
        path.relative_to(site).as_posix(): Outline(path.read_text("utf-8"))
        for path in site.rglob("*.html")
    }


def test_html_is_balanced_and_ids_are_unique(outlines: dict[str, Outline]) -> None:
    for path, page in outlines.items():
        assert page.wrong == [], path
        assert [each for each, count in Counter(page.ids).items() if count > 1] == [], path
        assert page.handlers == [], path


def test_every_page_is_valid_html(site: Path) -> None:
    assert parse_errors("<!doctype html><title>x</title><p><table><b></p>")
    for path in site.rglob("*.html"):
        assert parse_errors(path.read_text("utf-8")) == [], path


def parse_errors(text: str) -> list[str]:
    return [str(each) for each in JustHTML(text, collect_errors=True).errors]


def test_every_link_and_anchor_leads_somewhere(site: Path, outlines: dict[str, Outline]) -> None:
    for path, page in outlines.items():
        for link in page.links:
            target, anchor = urldefrag(link)
            if re.match(r"[a-z]+:", target) or path == "404.html":
                assert target.startswith(("https://", "http://")) or path == "404.html", (
                    path,
                    link,
                )
                continue
            file = (site / path).parent / unquote(target) if target else site / path
            file = file / "index.html" if file.is_dir() else file
            assert file.is_file(), (path, link)
            if anchor and file.suffix == ".html":
                known = outlines[file.resolve().relative_to(site.resolve()).as_posix()].ids
                assert unquote(anchor) in known or anchor.startswith("__"), (path, link)


def test_links_of_the_markdown_lead_somewhere_too(generated: Path) -> None:
    reader = MarkdownIt("commonmark").enable("table")
    for path in (generated / "docs").rglob("*.md"):
        for token in reader.parse(path.read_text("utf-8")):
            for part in token.children or []:
                link = urldefrag(str(part.attrs.get("href", "")))[0]
                if link and "://" not in link:
                    assert (path.parent / link).exists(), (path, link)


def test_every_page_has_a_twin_for_machines(site: Path) -> None:
    pages = {path.relative_to(site).with_suffix("") for path in site.rglob("*.html")}
    twins = {path.relative_to(site).with_suffix("") for path in site.rglob("*.md")}
    assert pages - {Path("404")} == twins
    listed = json.loads((site / "tools.json").read_text("utf-8"))["tools"]
    whole = (site / "llms-full.txt").read_text("utf-8")
    short = (site / "llms.txt").read_text("utf-8")
    for tool in listed:
        for kind in ("page", "markdown", "request", "spec", "schema"):
            assert (site / tool[kind]).is_file(), tool[kind]
        assert tool["markdown"] in whole
        assert tool["markdown"] in short
    twin = (site / TOOL).with_suffix(".md").read_text("utf-8")
    assert twin.startswith("# wiro/text-to-image-sd-lora")
    assert re.search(r"\n\n\[Cover\]\(https://cdn\.wiro\.ai/[^)]*\)\n\n## Run it\n", twin)
    for path in site.rglob("*.md"):
        assert not re.search(r"(?m)^</?div", path.read_text("utf-8")), path


def test_a_page_leads_to_its_neighbours_in_a_category(site: Path) -> None:
    listed = json.loads((site / "tools.json").read_text("utf-8"))["tools"]
    members = [tool for tool in listed if tool["main"] == "text-to-image"]
    assert len(members) >= 2
    for before, behind in itertools.pairwise(members):
        page = (site / before["page"]).read_text("utf-8")
        (link,) = re.findall(r'<a class="wt-next" rel="next" href="([^"]*)"', page)
        assert (site / before["page"]).parent.joinpath(link).resolve() == site / behind["page"]
        back = (site / behind["page"]).read_text("utf-8")
        (link,) = re.findall(r'<a class="wt-prev" rel="prev" href="([^"]*)"', back)
        assert (site / behind["page"]).parent.joinpath(link).resolve() == site / before["page"]
    assert "wt-prev" not in (site / members[0]["page"]).read_text("utf-8")


def test_pages_stay_small(site: Path) -> None:
    for path in (site / "tools" / "wiro").glob("*.html"):
        assert path.stat().st_size < LIMIT, path


def test_building_again_makes_only_what_changed(
    site: Path, generated: Path, tmp_path: Path
) -> None:
    again = build_site(
        generated / "docs", site, work=generated.parent / "work", name="Tools", site_url=None
    )
    assert (again.made, again.whole) == (0, False)
    before = (site / TOOL).read_bytes()
    other = build_site(
        generated / "docs", tmp_path / "s", work=tmp_path / "w", name="Tools", site_url=None
    )
    assert other.whole
    assert (tmp_path / "s" / TOOL).read_bytes() == before


def test_only_files_of_the_site_are_removed(generated: Path, tmp_path: Path) -> None:
    docs, out = tmp_path / "generated" / "docs", tmp_path / "site"
    shutil.copytree(generated / "docs", docs)
    (docs / "tools" / "not utf-8 \udcff.txt").write_text("x")
    # What a link leads to may be private, and a site is published.
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "key.txt").write_text("secret")
    (docs / "tools" / "link").symlink_to(tmp_path / "private")
    page = "tools/wiro/nothing"
    for expected in (True, False):
        build_site(docs, out, work=tmp_path / "w", name="Tools", site_url=None)
        for suffix in ("html", "md", "json", "yaml"):
            assert (out / f"{page}.{suffix}").is_file() is expected
            (docs / f"{page}.{suffix}").unlink(missing_ok=True)
        (out / "mine.txt").write_text("keep me")
    assert (out / "mine.txt").read_text() == "keep me"
    assert (out / "tools" / "not utf-8 \udcff.txt").read_text() == "x"
    assert not (out / "tools" / "link").exists()


def test_a_site_with_an_address_names_its_pages(generated: Path, tmp_path: Path) -> None:
    url = "https://example.com/tools/"
    out = tmp_path / "s"
    build_site(generated / "docs", out, work=tmp_path / "w", name="Tools", site_url=url)
    sitemap = (out / "sitemap.xml").read_text("utf-8")
    for path in out.rglob("*.html"):
        place = path.relative_to(out).as_posix()
        if place != "404.html":
            assert f'<link rel="canonical" href="{url}{place}">' in path.read_text("utf-8")
            assert f"<loc>{url}{place}</loc>" in sitemap
    assert "shell.html" not in sitemap


def test_no_module_of_the_current_folder_is_run(
    generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("zensical", "markdown", "click", "yaml", "jinja2"):
        (tmp_path / f"{name}.py").write_text("open('ran', 'w')")
    monkeypatch.chdir(tmp_path)
    build_site(generated / "docs", tmp_path / "s", work=tmp_path / "w", name="Tools", site_url=None)
    assert not (tmp_path / "ran").exists()


def test_a_folder_without_documentation_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["docs", "build", "--docs", str(tmp_path), "--out", str(tmp_path / "site")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_hostile_texts_are_texts(page: Page, address: str) -> None:
    visit(page, f"{address}tools/wiro/hostile.html")
    page.wait_for_selector(".wt-builder.wt-ready")
    title = page.title()
    assert title.startswith("wiro/hostile")
    text = page.locator("main").inner_text()
    static = page.evaluate("document.querySelector('article').textContent")
    values = page.evaluate(
        "[...document.querySelectorAll('.wt-form [type=text]')].map(e => e.value)"
    )
    for each in HOSTILE:
        assert f"Help {each}" in text
        assert f"Help {each}" in static
        assert each in values
        page.locator("[data-input=selected_model] [role=combobox]").fill(each[:12])
        shown = page.locator("[data-input=selected_model] [role=option]").all_inner_texts()
        assert any(each in " ".join(option.split("\n")) for option in shown), each
    page.locator("[data-input=selected_model] [role=option]").first.click()
    assert page.evaluate("window.injected") is None
    assert page.title() == title
    for other in ("index.html", "categories/index.html", "tools/index.html"):
        visit(page, address + other)
        assert HOSTILE[0] in page.locator("main").inner_text()
        assert "ran" not in page.title()
    visit(page, f"{address}categories/index.html")
    page.get_by_role("link", name=HOSTILE[0]).first.click()
    page.wait_for_url("**/categories/script*")
    assert page.locator("h1").inner_text().startswith(HOSTILE[0])
    assert page.title() == f"{HOSTILE[0]} - Tools"


def test_hostile_texts_are_texts_for_machines(site: Path) -> None:
    """Markdown with HTML allowed, as a chat window would show it, and the files of data."""
    twin = (site / "tools" / "wiro" / "hostile.md").read_text("utf-8")
    shown = JustHTML(MarkdownIt("commonmark").enable("table").render(twin), sanitize=False)
    assert JustHTML("<p onclick=x>y", sanitize=False).query("[onclick]")
    text = " ".join(shown.to_text(separator=" ").split())
    for each in HOSTILE:
        assert f"Help {each}" in text, each
    assert not shown.query("script, img, svg, iframe, object, form, [onload], [onerror], [onclick]")
    for link in shown.query("a[href]"):
        assert not str((link.attrs or {}).get("href")).startswith("javascript:")
    request = json.loads((site / "tools" / "wiro" / "hostile.json").read_text("utf-8"))
    assert [each["default"] for each in request["inputs"] if each["name"].startswith("field")] == [
        *HOSTILE
    ]
    found = json.loads((site / "find.json").read_text("utf-8"))
    (row,) = (each for each in found if each[1] == "wiro/hostile")
    listed = json.loads((site / "tools.json").read_text("utf-8"))["tools"]
    (entry,) = (each for each in listed if each["tool"] == "wiro/hostile")
    for each in HOSTILE[:6]:
        assert each in row[3]
    assert entry["description"] == " ".join(" ".join(HOSTILE).split())
    assert entry["tags"] == list(HOSTILE)


def test_a_hostile_readme_is_plain_text(site: Path, outlines: dict[str, Outline]) -> None:
    page = JustHTML((site / "tools" / "wiro" / "hostile.html").read_text("utf-8"), sanitize=False)
    (article,) = page.query("article")
    text = " ".join(article.to_text(separator=" ").split())
    assert "Boats" in text
    assert "See here" in text
    assert "<script>document.title='ran'</script> [x](javascript:y) ![i](https://e/x.png)" in text
    assert "# heading" in text
    for lost in ("framed", "drawn", "display:none", "hidden", "NaN", "$-1"):
        assert lost not in text, lost
    assert not article.query("script, svg, iframe, style, [onerror], [onload], [onclick], [srcdoc]")
    links = [str((link.attrs or {}).get("href")) for link in article.query("a[href]")]
    assert not [link for link in links if link.startswith(("javascript:", "data:"))]
    assert [link for link in links if "x.example/a" in link] == [
        "https://x.example/a%5D%28javascript:b%29%27onload=c"
    ]
    assert outlines["tools/wiro/hostile.html"].handlers == []


def test_hostile_texts_travel_in_an_address(page: Page, address: str) -> None:
    visit(page, f"{address}tools/wiro/hostile.html")
    for place, each in enumerate(HOSTILE):
        page.locator(f"[data-input=field{place}] [type=text]").fill(each[::-1] + each)
    page.locator("[data-input=selected_model] [role=combobox]").fill(HOSTILE[1])
    page.keyboard.press("Enter")
    before = page.evaluate("document.querySelector('.wt-builder').request().snippets")
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("Link copied.").wait_for()
    shared = page.evaluate("navigator.clipboard.readText()")
    page.goto("about:blank")
    visit(page, shared)
    assert page.evaluate("document.querySelector('.wt-builder').request().snippets") == before
    sent = json.loads(before["json"])
    assert [sent[f"field{place}"] for place in range(len(HOSTILE))] == [
        each[::-1] + each for each in HOSTILE
    ]
    assert "ran" not in page.title()


def test_hostile_options_are_cards_like_others(page: Page, address: str) -> None:
    visit(page, f"{address}tools/wiro/hostile.html")
    for name in ("selected_model", "mode"):
        cards = page.locator(f".wt-options[data-input={name}] .wt-choice")
        texts = [" ".join(each.split()) for each in cards.all_inner_texts()]
        for each in HOSTILE:
            assert any(" ".join(each.split()) in text for text in texts), each
    assert page.locator("article :is(script, svg, [onerror], [onload], [onclick])").count() == 0
    assert page.title().startswith("wiro/hostile")


def test_a_default_of_200_kb_does_not_break_a_page(page: Page, address: str, site: Path) -> None:
    visit(page, f"{address}tools/wiro/huge.html")
    assert len(page.locator("[data-input=story] textarea").input_value()) == 200_000
    page.locator("[data-input=story] textarea").fill("short")
    snippet = page.evaluate("document.querySelector('.wt-builder').request().snippets.python")
    assert 'story="short"' in snippet
    assert len(snippet) < 1000


def test_search_shows_hostile_texts_as_texts(page: Page, address: str) -> None:
    visit(page, f"{address}guides/index.html")
    page.keyboard.press("Control+k")
    page.keyboard.type("smile", delay=20)
    page.get_by_text("\"quoted\" 'single' &amp; &lt;").first.wait_for()
    assert page.locator("[onerror], [onload]").count() == 0
    assert "ran" not in page.title()


def test_ten_thousand_options_are_searched_at_once(page: Page, address: str) -> None:
    visit(page, f"{address}tools/wiro/huge.html")
    field = page.locator("[data-input=selected_model] [role=combobox]")
    field.click()
    started = page.evaluate("performance.now()")
    field.fill("model 9987")
    assert page.locator("[data-input=selected_model] [role=option]").count() == 1
    assert page.evaluate("performance.now()") - started < 1000
    field.press("Enter")
    request = page.evaluate("document.querySelector('.wt-builder').request()")
    assert "huge.SelectedModel.OWNER_MODEL_9987" in request["snippets"]["python"]


def test_long_and_right_to_left_names_do_not_break_a_page(browser: Browser, address: str) -> None:
    name = LONG_NAME.replace("-", "_")
    with watched(browser, address, viewport={"width": 390, "height": 800}) as page:
        visit(page, f"{address}tools/index.html")
        page.locator("main a", has_text=LONG_NAME).first.click()
        assert name[:40] in page.url
        page.wait_for_selector(".wt-field")
        for width in (390, 1100):
            page.set_viewport_size({"width": width, "height": 800})
            assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
