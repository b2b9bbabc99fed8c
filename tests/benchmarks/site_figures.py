"""``wirogen docs build`` for 1,000 made-up tools, and the site in a browser, against the limits:
cold build 60 s, rebuild after one change 5 s, site 120 MB, a tool page 150 kB, search 100 ms.

Covers are left out: nobody's server is asked. Builds are also given as ratios to a cold one,
because machines differ and are shared.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from corpus import documents
from site_browser import visit
from wirogen.document import parse_document
from wirogen.site.server import Server
from wirogen.specs import dump_spec

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

COLD, AGAIN, SITE, PAGE, SEARCH = 60.0, 5.0, 120e6, 150e3, 100.0
QUERIES = ("p", "portrait", "text to image", "scale", "timeout", "video fast", "zzzz")
# From the key to the frame that shows the answer.
ANSWER = """async ([selector, text, shown]) => {
  const field = document.querySelector(selector);
  const drawn = new Promise((done) => {
    new MutationObserver(done).observe(document.querySelector(shown), { childList: true });
  });
  field.focus();
  const begun = performance.now();
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await drawn;
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - begun;
}"""


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="wirogen-bench-") as name:
        return measure(Path(name), 5000 if "--large" in arguments else 1000)


def measure(folder: Path, count: int) -> int:
    generated = generate(folder, count)
    used = os.times()
    before = used.children_user + used.children_system
    command = [sys.executable, "-m", "wirogen", "docs", "build", "--covers", "none"]
    command += ["--docs", str(generated / "docs"), "--out", str(folder / "site")]

    def build() -> float:
        begun = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - begun

    cold = build()
    used = os.times()
    busy = used.children_user + used.children_system - before
    unchanged = build()
    changed = next((generated / "docs" / "tools").rglob("*/*.md"))
    changed.write_text(changed.read_text("utf-8") + "\nOne line more.\n", "utf-8")
    again = build()
    site = folder / "site"
    files = [path for path in site.rglob("*") if path.is_file()]
    pages = [path.stat().st_size for path in (site / "tools").glob("*/*.html")]
    good = [
        limit("cold build", cold, COLD, "s"),
        limit("rebuild after one change", again, AGAIN, "s"),
        limit("site", sum(path.stat().st_size for path in files), SITE, "B"),
        limit("largest tool page", max(pages), PAGE, "B"),
    ]
    say(f"cold build, processor time of all processes: {busy:.1f} s")
    say(f"one page changed / cold: {again / cold:.3f}")
    say(f"nothing changed / cold: {unchanged / cold:.3f}")
    say(f"mean tool page: {sum(pages) / len(pages):,.0f} B; list of all tools: "
        f"{(site / 'tools' / 'index.html').stat().st_size:,} B")  # fmt: skip
    good += in_a_browser(site)
    return 0 if all(good) else 1


def generate(folder: Path, count: int) -> Path:
    specs = folder / "specs"
    specs.mkdir()
    for number, (tool, text) in enumerate(documents(count)):
        spec = parse_document(text, path=tool).spec
        (specs / f"{number:05}.yaml").write_text(dump_spec(spec), "utf-8")
    command = [sys.executable, "-m", "wirogen", "generate", "--specs", str(specs)]
    out = folder / "generated"
    environment = {**os.environ, "WIROGEN_CACHE": str(folder / "cache")}
    subprocess.run([*command, "--out", str(out)], env=environment, check=False,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    return out


def in_a_browser(site: Path) -> list[bool]:
    chromium = shutil.which("chromium")
    if chromium is None:
        say("no Chromium here: search is not measured")
        return []
    from playwright.sync_api import sync_playwright

    with sync_playwright() as running, Server(site) as server:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        full = worst(browser, f"{server.url}guides/index.html", open_dialog, full_text)
        cards = worst(browser, f"{server.url}index.html", lambda _: None, gallery)
        browser.close()
    return [
        limit("full-text search, slowest answer", full, SEARCH, "ms"),
        limit("gallery search, slowest answer", cards, SEARCH, "ms"),
    ]


def worst(
    browser: Browser,
    address: str,
    prepare: Callable[[Page], None],
    ask: Callable[[Page, str], float],
) -> float:
    """The slowest answer of all queries, each the best of three fresh pages."""
    best = dict.fromkeys(QUERIES, float("inf"))
    for _ in range(3):
        page = browser.new_page()
        visit(page, address)
        prepare(page)
        for query in QUERIES:
            best[query] = min(best[query], ask(page, query))
        page.close()
    say("  " + ", ".join(f"{query!r} {taken:.0f} ms" for query, taken in best.items()))
    return max(best.values())


def open_dialog(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.wait_for_selector(".wt-find")


def full_text(page: Page, query: str) -> float:
    return page.evaluate(ANSWER, [".wt-find", query, ".wt-results"])


def gallery(page: Page, query: str) -> float:
    return page.evaluate(ANSWER, [".wt-search", query, ".wt-cards-grid"])


def limit(what: str, found: float, most: float, unit: str) -> bool:
    shown = f"{found:,.0f}" if found >= 100 else f"{found:.1f}"
    say(f"{what}: {shown} {unit} (at most {most:,.0f})")
    return found <= most


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
