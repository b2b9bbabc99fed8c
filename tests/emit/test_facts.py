"""What a tool's page says at a glance, its samples, and the text of its readme."""

from __future__ import annotations

import time
from typing import Any

import pytest

from generated import plan, prompt, render, tool
from wiro_runtime.catalogue.output_kind import output_kind
from wirogen.emit.pages.facts import facts_of, samples_of
from wirogen.emit.pages.readme import README_SHOWN, paragraphs
from wirogen.emit.render import summary_of
from wirogen.specs import Json, TaskStat, ToolSpec

PER_RUN: list[Json] = [{"inputs": {}, "price": 0.003, "priceMethod": "cpr"}]
DEARER: list[Json] = [{"inputs": {"a": "b"}, "price": 0.0125, "priceMethod": "cpr"}]


def made(**more: Any) -> ToolSpec:
    return tool(prompt(), **more)


def facts(**more: Any) -> dict[str, str]:
    return {str(fact.name): fact.value for fact in facts_of(made(**more))}


def page_of(**more: Any) -> str:
    files = render(made(**more))
    return files["docs/tools/wiro/painter.md"]


def test_a_page_says_what_a_run_costs_how_long_it_takes_and_how_many_there_were() -> None:
    counts = TaskStat(
        runcount=12_345, successcount=12_000, errorcount=45, lastruntime=1_774_007_585
    )
    assert facts(
        dynamicprice=PER_RUN,
        approximatelycost="0.0250",
        computingtime="10 seconds",
        taskstat=counts,
    ) == {
        "Price": "$0.003 a run",
        "A run costs about": "$0.025",
        "A run takes about": "10 seconds",
        "Runs so far": "12,345 (12,000 succeeded, 45 failed)",
        "Last run": "2026-03-20",
    }


PRICES: list[tuple[Any, str | None]] = [
    (PER_RUN, "$0.003 a run"),
    ([*PER_RUN, *DEARER], "$0.003 to $0.0125 a run, by 2 choices of inputs"),
    ([{"inputs": {}, "price": "5e-3", "priceMethod": "cpo"}], "$0.005 an output"),
    (None, "$0.50 a second of processing"),
    ([], "$0.50 a second of processing"),
    ([{"inputs": {}, "priceMethod": "cp-readoutput"}], "as the tool reports"),
    (
        [*PER_RUN, {"price": 1, "priceMethod": "cpt"}],
        "$0.003 a run or $1.00 a token, in and out, by 2 choices of inputs",
    ),
    ("3 cents", None),
    ([*PER_RUN, "odd"], None),
    ([{"inputs": {}, "price": -1, "priceMethod": "cpr"}], None),
    ([{"inputs": {}, "price": True, "priceMethod": "cpr"}], None),
    ([{"inputs": {}, "price": 1e300, "priceMethod": "cpr"}], None),
    ([{"inputs": {}, "price": "NaN", "priceMethod": "cpr"}], None),
    ([{"inputs": {}, "price": 1, "priceMethod": ["cpr"]}], None),
    ([{"inputs": {}, "price": 1}], None),
    (
        [{"inputs": {}, "price": 1, "priceMethod": "cp-pixel", "priceExtra": 2}],
        "$1.00 for 1,048,576 pixels, $2.00 for each further",
    ),
]


@pytest.mark.parametrize(("price", "says"), PRICES)
def test_a_price_is_said_where_it_can_be(price: Any, says: str | None) -> None:
    assert facts(dynamicprice=price, cps="0.50").get("Price") == says


@pytest.mark.parametrize(
    ("readme", "licence"),
    [
        ("<h2>About</h2><p>License: <b>Apache-2.0</b></p>", "Apache-2.0"),
        ("<li>Licence is MIT", "MIT"),
        ("<p>The license: see below, in many words that go on</p>", None),
        (f"<p>License: {'x' * 80}</p>", None),
        ("<script>License: GPL</script>", None),
    ],
)
def test_a_licence_is_what_its_owner_says(readme: str, licence: str | None) -> None:
    assert facts(readme=readme).get("Licence") == licence


def test_a_page_without_them_has_none_of_their_sections() -> None:
    priced = page_of(dynamicprice=PER_RUN)
    for heading in ("A run takes about", "sample output", "What its owner says"):
        assert heading not in priced
    whole = page_of(computingtime="5", samples=("https://x.example/a.png",), readme="<p>Boats")
    assert "- **A run takes about** 5 s" in whole
    assert "[a.png](https://x.example/a.png) (image)" in whole
    assert "\nBoats\n" in whole


def test_other_files_do_not_change_with_them() -> None:
    given = made(
        categories=("text-to-image",), readme="<p>Boats",
        computingtime="5", samples=("https://x.example/a.png",),
        taskstat=TaskStat(runcount=1_999),
    )  # fmt: skip
    # Lists say how often a tool has run, but only roughly.
    plain = made(categories=("text-to-image",), taskstat=TaskStat(runcount=1_000))
    assert summary_of(plan(given)) == summary_of(plan(plain))
    before, after = render(plain), render(given)
    assert {path for path in after if after[path] != before.get(path)} == {
        "docs/tools/wiro/painter.md",
        "docs/tools/wiro/painter.yaml",
    }


def test_a_sample_without_a_file_name_is_named_by_its_server() -> None:
    samples = samples_of(made(samples=("https://x.example/", "https://x.example/a%5B1%5D.png")))
    assert [sample.name for sample in samples] == ["x.example", "a[1].png"]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("plain & simple", ["plain & simple"]),
        ("a<br>b<hr/>c", ["a", "b", "c"]),
        ("<p>a <b>bold</b>\n word</p>", ["a bold word"]),
        ("<ul><li>One<li>Two</ul>", ["One", "Two"]),
        ("x<script>y</script>z", ["xz"]),
        ("x<script>y", ["x"]),
        ("x<style>y</style><template>z</template>", ["x"]),
        ("x<svg><svg>y</svg>z</svg>w", ["xw"]),
        ("x<script/>y", ["xy"]),
        ("x<!-- y --> z", ["x z"]),
        ("x<!-- y", ["x"]),
        ("<!DOCTYPE html><?xml x?>x", ["x"]),
        ("1 < 2 <3 <b", ["1 < 2 <3 <b"]),
        ("<a title='>'>x</a>", ["'>x"]),
        ("<p onclick=alert(1) style='x'>y", ["y"]),
        ("<scr<script>x</script>ipt>y", ["<script>y"]),
        ("&lt;b&gt; &#60;script&#62;", ["<b> <script>"]),
        ("</p></div></script>x", ["x"]),
        ("<p> </p>\n", []),
        ("", []),
    ],
)
def test_a_readme_is_the_text_of_its_html(html: str, text: list[str]) -> None:
    assert paragraphs(html) == text


def test_a_long_readme_is_cut() -> None:
    found = paragraphs("<p>word word word</p>" * 5_000)
    assert sum(map(len, found)) <= README_SHOWN
    assert paragraphs("x" * 50_000) == ["x" * (README_SHOWN - 1) + "…"]


@pytest.mark.parametrize(
    "piece",
    [
        "<",
        "<a",
        "<a ",
        "<!--",
        "<![CDATA[",
        "<?",
        "</",
        "<a b='",
        "&",
        "&#",
        "<svg>",
        "<p>",
        "<!",
        "<a b='>",
        "<a b=\"'>",
        "<script>",
        "</script",
        "&lt",
        "<a/",
    ],
)
def test_no_readme_keeps_a_build_busy(piece: str) -> None:
    def seconds(size: int) -> float:
        started = time.process_time()
        paragraphs(piece * (size // len(piece)))
        return time.process_time() - started

    # Quadratic work would take a hundred times as long.
    assert any(seconds(100_000) < 15 * max(seconds(10_000), 0.01) for _ in range(3))


@pytest.mark.parametrize(
    ("category", "kind"),
    [
        ("text-to-image", "image"), ("text-to-sound", "audio"), ("text-to-sfx", "audio"),
        ("video-to-sound-effects", "audio"), ("Text to Sound", "audio"), ("text_to_sound", "audio"),
        ("text-to-motion", "other"), ("image-to-lora", "other"), ("speech-to-text", "text"),
        ("image-to-video", "video"), ("text-generation", "text"), ("image-editing", "image"),
        ("photo-to-anime-video", "video"),
    ],
)  # fmt: skip
def test_what_a_tool_takes_is_not_what_it_makes(category: str, kind: str) -> None:
    assert output_kind(["tool", category], "painter", ()) == kind
    assert output_kind(["tool"], category, ()) == kind
