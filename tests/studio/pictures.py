"""Makes the pictures of README and guides anew: ``make pictures``. Needs Chromium.

Each is a screenshot of what it shows, run against the simulator, in an SVG file: generated files
are text, and pages of code hosting show SVG.
"""

from __future__ import annotations

import asyncio
import base64
import html
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from mcp import Client
from mcp.types import ImageContent
from PIL import Image

from site_browser import chromium, close_chromium
from studio.conftest import PACKAGE, PAINTER, SPECS, TOKEN, Running, serve_studio
from wiro_runtime import AsyncWiro
from wiro_runtime.catalogue import open_catalogue
from wiro_runtime.mcp import Workspace, make_server
from wiro_runtime.mcp.runs import Runs
from wiro_runtime.testing import Simulator
from wirogen.pipeline.render import generate
from wirogen.plan.identifiers import package_name
from wirogen.site.build import build_site
from wirogen.specs import spec_to_json

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES: Final = Path(__file__).parents[2] / "templates" / "docs" / "assets" / "pictures"
WIDTH: Final = 1280
_LOOK: Final = """
body { margin: 0; padding: 28px; background: #15151d; color: #e6e6ef; font: 17px/1.5 sans-serif }
div { margin: 0 0 14px; padding: 12px 18px; border-radius: 12px; background: #1e1e29 }
b { color: #b4b2ff; font: 600 16px monospace } code { font: 15px/1.5 monospace; color: #93e0b0 }
p { margin: 4px 0 0; color: #a2a2b6; font: 15px/1.5 monospace; overflow-wrap: anywhere }
img { display: block; height: 190px; margin-top: 10px; border-radius: 8px }
"""


def main() -> None:
    specs = [spec_to_json(spec) for spec in SPECS]
    with tempfile.TemporaryDirectory() as name, Simulator(specs, speed=100) as simulator:
        folder = Path(name)
        generate(
            {spec.tool: spec for spec in SPECS}, folder / "made", package=package_name(PACKAGE)
        )
        sys.path.insert(0, str(folder / "made" / "python"))
        calls = asyncio.run(_agent(simulator, folder))
        site = folder / "site"
        build_site(
            folder / "made" / "docs", site, work=folder / "work", name="wiro-tools studio",
            site_url=None, studio=True,
        )  # fmt: skip
        studio, stop = serve_studio(site, folder / "runs", simulator)
        try:
            browser = chromium()
            _studio(browser, studio)
            _calls(browser, calls)
        finally:
            close_chromium()
            stop()


def _studio(browser: Browser, studio: Running) -> None:
    said: tuple[tuple[str, str, dict[str, Any]], ...] = (
        (PAINTER, "a lighthouse on a cliff at dusk, oil on canvas", {"samples": 2}),
        ("acme/writer", "Why do lighthouses blink?", {}),
        ("acme/speaker", "Good evening, and welcome.", {}),
        ("acme/filmer", "waves break on a rock", {}),
        ("acme/sculptor", "a small lighthouse", {}),
        (PAINTER, "a lighthouse on a cliff at dawn, ink", {"style": "9"}),
        (PAINTER, "a lighthouse on a cliff at dawn, oil on canvas", {"samples": 2}),
    )
    for number, (tool, prompt, more) in enumerate(said):
        run = f"{number:x}"
        studio.start(tool, run, values={"prompt": prompt, **more}, form={"prompt": prompt})
        studio.wait(run)
    page = browser.new_page(viewport={"width": WIDTH, "height": 860}, color_scheme="light")
    page.goto(f"{studio.origin}/tools/acme/painter.html?token={TOKEN}")
    page.wait_for_selector(".wt-newest img")
    page.fill("[data-input=prompt] textarea", said[-1][1])
    page.fill("[data-input=samples] input", "2")
    page.fill(".wt-ceiling input", "0.10")
    page.evaluate("document.querySelector('#run-it').scrollIntoView()")
    page.evaluate("Promise.all([...document.images].map((each) => each.decode()))")
    page.evaluate("scrollBy(0, -90)")
    _save("studio", page.screenshot())
    page.goto(f"{studio.origin}/runs.html")
    page.wait_for_selector(".wt-tile img")
    page.wait_for_load_state("networkidle")
    _save("studio-runs", page.screenshot())
    for run in "05":
        page.check(f"[data-run='{run * 32}'] .wt-pick input")
    page.click(".wt-picks .wt-run-button")
    page.wait_for_selector(".wt-run-dialog .wt-sides img")
    page.evaluate("Promise.all([...document.images].map((each) => each.decode()))")
    _save("studio-compare", page.screenshot())


async def _agent(simulator: Simulator, folder: Path) -> list[tuple[str, dict[str, Any], Any]]:
    """What an agent calls, and what it is told."""
    calls: list[tuple[str, dict[str, Any], Any]] = []
    client = AsyncWiro(
        simulator.api_key, simulator.api_secret, base_url=simulator.base_url,
        socket_url=simulator.socket_url, journal=folder / "journal.sqlite",
    )  # fmt: skip
    async with client:
        space = Workspace(
            client=client, catalogue=open_catalogue(PACKAGE), runs=Runs(client),
            folder=folder / "out",
        )  # fmt: skip
        async with Client(make_server(space)) as agent:

            async def call(name: str, **arguments: Any) -> Any:
                result = await agent.call_tool(name, arguments)
                calls.append((name, arguments, result))
                return result.structured_content

            await call("search_tools", query="paint a picture", limit=1)
            inputs = {"prompt": "a lighthouse at dusk", "style": "Ink"}
            await call("estimate_price", tool=PAINTER, inputs=inputs)
            run = await call("run_tool", tool=PAINTER, inputs=inputs, max_cost=0.05)
            await call("download_outputs", task_id=run["task_id"])
    return calls


def _calls(browser: Browser, calls: list[tuple[str, dict[str, Any], Any]]) -> None:
    shown = {"estimate_price": ("price", "basis"), "run_tool": ("task_id", "succeeded", "cost")}
    parts: list[str] = []
    for name, arguments, result in calls:
        answer: dict[str, Any] = result.structured_content
        if name in shown:
            answer = {key: answer[key] for key in shown[name]}
        elif name == "download_outputs":
            answer = {"files": [Path(each).name for each in answer["files"]]}
        told = json.dumps(answer, ensure_ascii=False)
        pictures = "".join(
            f'<img src="data:{each.mime_type};base64,{each.data}">'
            for each in result.content
            if isinstance(each, ImageContent)
        )
        given = html.escape(json.dumps(arguments, ensure_ascii=False))
        parts.append(
            f"<div><b>{name}</b> <code>{given}</code><p>{html.escape(told)}</p>{pictures}</div>"
        )
    page = browser.new_page(viewport={"width": 1000, "height": 300})
    page.set_content(f"<style>{_LOOK}</style>{''.join(parts)}")
    _save("agents", page.screenshot(full_page=True))


def _save(name: str, screenshot: bytes) -> None:
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB")
    data = io.BytesIO()
    picture.save(data, "WEBP", quality=72, method=6)
    text = base64.b64encode(data.getvalue()).decode("ascii")
    lines = "\n".join(text[start : start + 100] for start in range(0, len(text), 100))
    width, height = picture.size
    PICTURES.mkdir(exist_ok=True)
    source = f"data:image/webp;base64,\n{lines}"
    (PICTURES / f"{name}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">\n'
        f'<image width="{width}" height="{height}" href="{source}"/>\n</svg>\n',
        "utf-8",
    )


if __name__ == "__main__":
    main()
