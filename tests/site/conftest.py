"""A site of the project's tools and some awkward ones, and a real browser to look at it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from site_browser import watched
from site_tools import AWKWARD, load_everything
from wirogen.emit.cards import card_of
from wirogen.emit.pages import tool_pages
from wirogen.emit.render import render_shared, render_tool
from wirogen.emit.templates import Renderer
from wirogen.plan import plan_modules, plan_tool, published_schema
from wirogen.publish import publish
from wirogen.site.build import build_site
from wirogen.site.server import Server
from wirogen.spec import ToolSpec, spec_to_json

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def site_specs(project_specs: dict[str, ToolSpec]) -> dict[str, ToolSpec]:
    """Every tool of the site, by id."""
    everything = load_everything()
    return {**project_specs, everything.tool: everything, **AWKWARD}


@pytest.fixture(scope="session")
def generated(site_specs: dict[str, ToolSpec], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole generated tree of these tools."""
    out = tmp_path_factory.mktemp("site") / "generated"
    renderer = Renderer()
    modules, _ = plan_modules(site_specs)
    plans = [plan_tool(spec, modules[tool]) for tool, spec in sorted(site_specs.items())]
    files: dict[str, str] = {}
    for plan in plans:
        # The client of ten thousand options takes long to format, and no page needs it.
        only_page = plan.spec.tool == "wiro/huge"
        files |= tool_pages(plan, renderer) if only_page else render_tool(plan, renderer)
    schema = published_schema(plan_tool(site_specs["wiro/huge"], modules["wiro/huge"]))
    files["schemas/tools/wiro/huge.json"] = json.dumps(schema)
    by_tool = {plan.spec.tool: plan for plan in plans}
    files |= render_shared(map(card_of, plans), by_tool.__getitem__, renderer)
    publish(files, out, provenance={})
    return out


@pytest.fixture(scope="session")
def site(generated: Path) -> Path:
    """The built site."""
    out = generated.parent / "site"
    build_site(generated / "docs", out, work=generated.parent / "work", name="Tools", site_url=None)
    return out


@pytest.fixture(scope="session")
def site_tools(site_specs: dict[str, ToolSpec]) -> list[dict[str, Any]]:
    """The same tools, as a simulator takes them."""
    return [dict(spec_to_json(spec)) for spec in site_specs.values()]


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    """Where the site is served."""
    with Server(site) as server:
        yield server.url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("needs Chromium (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh page. ``page.troubles`` is empty at the end: no error, no request elsewhere."""
    with watched(browser, address) as opened:
        yield opened
