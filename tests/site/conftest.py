"""A site of the project's tools and some awkward ones, and a real browser to look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conftest import MakeOnce
from site_browser import chromium, watched
from site_tools import AWKWARD, load_everything, write_generated
from wirogen.site import server
from wirogen.site.build import build_site
from wirogen.specs import ToolSpec, spec_to_json

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def site_specs(project_specs: dict[str, ToolSpec]) -> dict[str, ToolSpec]:
    """Every tool of the site, by id."""
    everything = load_everything()
    return {**project_specs, everything.tool: everything, **AWKWARD}


@pytest.fixture(scope="session")
def generated(site_specs: dict[str, ToolSpec], make_once: MakeOnce) -> Path:
    """A whole generated tree of these tools."""
    return make_once("generated", lambda folder: write_generated(site_specs, folder))


@pytest.fixture(scope="session")
def site(generated: Path, make_once: MakeOnce) -> Path:
    """The built site."""
    docs, work = generated / "docs", generated.parent / "work"
    return make_once(
        "site", lambda out: build_site(docs, out, work=work, name="Tools", site_url=None)
    )


@pytest.fixture(scope="session")
def site_tools(site_specs: dict[str, ToolSpec]) -> list[dict[str, Any]]:
    """The same tools, as a simulator takes them."""
    return [dict(spec_to_json(spec)) for spec in site_specs.values()]


class _Handler(server._Handler):
    """Has a browser keep what all pages share: to ask again for it takes longer than most tests."""

    def send_header(self, keyword: str, value: str) -> None:
        shared = keyword == "Cache-Control" and self.path.startswith("/assets/")
        super().send_header(keyword, "max-age=36000" if shared else value)


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server, "_Handler", _Handler)
        serving = server.Server(site)
    with serving:
        yield serving.url


@pytest.fixture
def browser() -> Browser:
    """Chromium."""
    return chromium()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh page. ``page.troubles`` is empty at the end: no error, no request elsewhere."""
    with watched(browser, address) as opened:
        yield opened
