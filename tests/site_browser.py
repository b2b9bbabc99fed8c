"""A browser page that fails when something on it goes wrong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

# A picture of one pixel.
PICTURE: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63606060"
    "000000040001f61738550000000049454e44ae426082"
)


PATIENCE: Final = 120
"""Seconds that a browser may take for anything: how fast it is, is not tested here."""

READY: Final = ":root:not(:has(.wt-builder:not(.wt-ready), .wt-gallery:not(.wt-ready)))"


CHROMIUM: Final = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The first is the same without windows, and takes half of the time for a page."""
FLAGS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SIZE: Final[ViewportSize] = {"width": 1280, "height": 720}

Scheme: TypeAlias = Literal["dark", "light"]

_open: Final = ExitStack()
_browser: Final[list[Browser]] = []
_blank_pages: Final[list[Page]] = []
"""Pages that no test uses. A new one starts a process, which costs more than most tests."""


def chromium() -> Browser:
    """The Chromium of this process, or a skipped test where there is none. Its driver runs an event
    loop in this thread: no test can begin one until ``close_chromium`` is called."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium (apt-get install chromium-headless-shell)")
    playwright = pytest.importorskip("playwright.sync_api")
    if not _browser:
        running = _open.enter_context(playwright.sync_playwright())
        opened = running.chromium.launch(
            executable_path=CHROMIUM, args=FLAGS, timeout=PATIENCE * 1000
        )
        _open.callback(opened.close)
        _browser.append(opened)
    return _browser[0]


def close_chromium() -> None:
    """End Chromium, if it runs."""
    _blank_pages.clear()
    _browser.clear()
    _open.close()


def visit(page: Page, url: str) -> None:
    """Open a page and wait until its scripts have done their part."""
    page.goto(url)
    # The pages' own policy forbids what page.wait_for_function does.
    page.wait_for_selector(READY, state="attached")


class watched:  # noqa: N801 - reads as a context manager
    """A page that knows nothing of earlier ones and fails when something on it went wrong."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        *,
        viewport: ViewportSize = SIZE,
        color_scheme: Scheme = "light",
        scripts: bool = True,
    ) -> None:
        known = _blank_pages and scripts
        self._page = _blank_pages.pop() if known else _new_page(browser, scripts=scripts)
        self._again = scripts
        self._page.set_viewport_size(viewport)
        self._page.emulate_media(color_scheme=color_scheme)
        self._address = address
        self.troubles: list[str] = []
        self._events: dict[Any, Callable[[Any], None]] = {
            "pageerror": lambda error: self.troubles.append(f"error: {error}"),
            "console": lambda message: self._console(message.type, message.text),
            "dialog": lambda dialog: self.troubles.append(f"dialog: {dialog.message}"),
            "request": lambda request: self._request(request.url),
        }

    def __enter__(self) -> Page:
        for name, handle in self._events.items():
            self._page.on(name, handle)
        return self._page

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._again:
            self._forget()
            _blank_pages.append(self._page)
        else:
            self._page.context.close()
        for name, handle in self._events.items():
            self._page.remove_listener(name, handle)
        if kind is None:
            assert self.troubles == [], self.troubles

    def _forget(self) -> None:
        self._page.goto("about:blank")
        self._page.context.clear_cookies()
        session: Any = self._page.context.new_cdp_session(self._page)
        kept = {"origin": self._address, "storageTypes": "all"}
        session.send("Storage.clearDataForOrigin", kept)
        session.detach()

    def _console(self, kind: str, text: str) -> None:
        # How long a machine takes to draw a page is not tested.
        if kind in {"error", "warning"} and "not used within a few seconds" not in text:
            self.troubles.append(f"{kind}: {text}")

    def _request(self, url: str) -> None:
        """Everything that a page shows is part of the site."""
        if not url.startswith((self._address, "data:", "blob:")):
            self.troubles.append(f"request: {url}")


def _new_page(browser: Browser, *, scripts: bool) -> Page:
    context = browser.new_context(
        permissions=["clipboard-read", "clipboard-write"], java_script_enabled=scripts
    )
    context.set_default_timeout(PATIENCE * 1000)
    return context.new_page()
