"""The search of the site and the one of Python find the same, in the same order."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from site_browser import visit
from wiro_runtime.catalogue.search import Text, find
from wiro_runtime.inputs.options import fold

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

FIND = """async ([texts, queries]) => {
  const at = document.querySelector('script[src*="assets/"]').src.replace(/assets\\/.*/, "assets/");
  const { finder } = await import(`${at}find.js`);
  const search = finder(texts.map(([title, text], number) => ({ title, text, number })));
  return queries.map((query) => search(query).found.map((each) => each.number));
}"""
WORDS = (
    "make makes speech text-to-speech voice Café menü portrait paint painter image images video "
    "lora SDXL 3D music_maker naïve ﬁne straße 画像 x a to model-2.1 writing wirting"
).split()
QUERIES = [
    "", "  ", "make speech", "speech make zebra", "cafe", "CAFÉ MENU", "menüs", "potrait",
    "portrat", "imgae", "vidoe lora", "zzzzzz", "a", "xy", "fine", "strasse", "画像", "painted",
    "wirting", "model-2.1", "mdoel-2.1", "make make", "text-to-speech", "music", "musik_maker",
    "sdlx",
]  # fmt: skip


def test_site_and_python_find_the_same(page: Page, address: str) -> None:
    choose = random.Random(7)  # noqa: S311 - texts, the same each time
    texts: list[Text] = []
    for number in range(200):
        title = fold(f"owner/{choose.choice(WORDS)}-{number % 30}")
        rest = fold("\n".join(choose.choices(WORDS, k=choose.randrange(1, 9))))
        texts.append(Text(title, f"{title}\n{rest}"))
    texts.append(Text("make", "make"))
    queries = [*QUERIES, *(" ".join(choose.choices(WORDS, k=3)) for _ in range(40))]
    visit(page, f"{address}index.html")
    found: list[list[int]] = page.evaluate(FIND, [texts, queries])
    for query, there in zip(queries, found, strict=True):
        assert find(query, texts) == there, query
