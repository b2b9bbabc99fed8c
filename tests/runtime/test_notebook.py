"""Results show themselves, and nothing in them becomes markup or a request."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from runtime.kit import TOOL, AnyClient, Kit, got
from wiro_runtime import AsyncResult, Result
from wiro_runtime.testing import Scenario, Simulator, faults

EVIL = '"><script>alert(1)</script><img src=x onerror="alert(2)">'


def result(simulator: Simulator, outputs: Any = None, tool: str = TOOL) -> Result | AsyncResult:
    if outputs is not None:
        simulator.faults.add("Task/Detail", faults.task_field("outputs", outputs), times=None)

    async def flow(client: AnyClient) -> Result | AsyncResult:
        return await got(client.run(tool, {"prompt": "x"}))

    return Kit("sync", simulator).run(flow)


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    return Tags(html).found


def test_images_audio_video_and_text_are_shown(instant: Simulator) -> None:
    kinds = ["image/png", "audio/mpeg", "video/mp4", "application/zip"]
    outputs: list[dict[str, Any]] = [
        {"name": f"{n}", "url": f"https://cdn.example/{n}", "contenttype": kind}
        for n, kind in enumerate(kinds)
    ]
    outputs.append({"name": "t", "contenttype": "raw", "content": {"answer": ["Hello"]}})
    shown = result(instant, outputs)
    html = shown._repr_html_()
    names = [tag for tag, _ in tags(html)]
    assert [names.count(tag) for tag in ("img", "audio", "video", "pre", "a")] == [1, 1, 1, 1, 4]
    assert "Hello" in html
    media = [attrs for tag, attrs in tags(html) if tag in ("audio", "video")]
    assert all(attrs["preload"] == "none" for attrs in media)
    assert instant.downloads == []


@pytest.mark.parametrize("field", ["name", "url", "contenttype", "content"])
def test_no_text_of_wiros_becomes_markup(instant: Simulator, field: str) -> None:
    output = {"name": "a", "url": "https://cdn.example/x", "contenttype": "image/png"}
    shown = result(instant, [{**output, field: f"https://x/{EVIL}" if field == "url" else EVIL}])
    found = tags(shown._repr_html_()) + tags(shown.outputs[0]._repr_html_())
    assert not [tag for tag, _ in found if tag == "script"]
    assert not [attrs for _, attrs in found if any(name.startswith("on") for name in attrs)]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x", "http://["]
)
def test_addresses_that_are_not_http_are_not_linked(instant: Simulator, url: str) -> None:
    shown = result(instant, [{"name": "a", "url": url, "contenttype": "image/png"}])
    found = tags(shown._repr_html_())
    assert not [attrs for _, attrs in found if "src" in attrs or "href" in attrs]


def test_a_long_text_is_cut(instant: Simulator) -> None:
    instant.plan(Scenario.talking("x" * 100_000))
    assert len(result(instant, tool="wiro/writer")._repr_html_()) < 30_000


@pytest.mark.parametrize("field", ["name", "content", "url"])
def test_no_control_character_is_in_the_page(instant: Simulator, field: str) -> None:
    output = {"name": "x", "url": "https://cdn.example/x", "contenttype": "image/png"}
    shown = result(instant, [{**output, field: "https://x/\x1b[31m\x07\x9b5m"}])
    assert shown._repr_html_().isprintable()
