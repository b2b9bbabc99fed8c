"""A browser page that fails when something on it goes wrong."""

from __future__ import annotations

import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# A picture of one pixel.
PICTURE: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060"
    "000000040001f61738550000000049454e44ae426082"
)


PATIENCE: Final = 120
"""Seconds that a browser may take for anything: how fast it is, is not tested here."""

READY: Final = "!document.querySelector('.wt-builder:not(.wt-ready), .wt-gallery:not(.wt-ready)')"


CHROMIUM: Final = shutil.which("chromium")
FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Generator[Browser]:
    """Chromium, or a skipped test where there is none. Its driver runs an event loop in this
    thread, so that no test of another module can begin one while it is there."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE * 1000
        )
        yield opened
        opened.close()


def visit(page: Page, url: str) -> None:
    """Open a page and wait until its scripts have done their part."""
    page.goto(url)
    deadline = time.monotonic() + PATIENCE
    # The pages' own policy forbids what page.wait_for_function does.
    while not page.evaluate(READY):
        assert time.monotonic() < deadline, f"{url} does not get ready"
        page.wait_for_timeout(10)


class watched:  # noqa: N801 - reads as a context manager
    """A page in a context of its own that fails when something on it went wrong."""

    def __init__(self, browser: Browser, address: str, **options: Any) -> None:
        self._context = browser.new_context(
            permissions=["clipboard-read", "clipboard-write"], **options
        )
        self._address = address
        self.troubles: list[str] = []

    def __enter__(self) -> Page:
        self._context.set_default_timeout(PATIENCE * 1000)
        page = self._context.new_page()
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("console", lambda message: self._console(message.type, message.text))
        page.on("dialog", lambda dialog: self.troubles.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self._request(request.url))
        return page

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._context.close()
        if kind is None:
            assert self.troubles == [], self.troubles

    def _console(self, kind: str, text: str) -> None:
        # How long a machine takes to draw a page is not tested.
        if kind in {"error", "warning"} and "not used within a few seconds" not in text:
            self.troubles.append(f"{kind}: {text}")

    def _request(self, url: str) -> None:
        """Everything that a page shows is part of the site."""
        if not url.startswith((self._address, "data:", "blob:")):
            self.troubles.append(f"request: {url}")
