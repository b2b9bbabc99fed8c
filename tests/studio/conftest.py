"""A studio of made-up tools with prices over a real socket, and the simulator that runs them."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import httpx2
import pytest
import uvicorn

from conftest import MakeOnce
from generated import number, prompt, select, text, tool
from site_browser import chromium
from wiro_runtime import AsyncWiro
from wiro_runtime.catalogue import open_catalogue
from wiro_runtime.studio import Studio, application
from wiro_runtime.studio.listen import _Server, listen
from wiro_runtime.studio.records import Run
from wiro_runtime.testing import Simulator
from wirogen.pipeline.render import generate
from wirogen.plan.identifiers import package_name
from wirogen.site.build import build_site
from wirogen.specs import Option, Wire, spec_to_json

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PACKAGE: Final = "studio_tools"
PAINTER: Final = "acme/painter"
WRITER: Final = "acme/writer"
SPEAKER: Final = "acme/speaker"
FILMER: Final = "acme/filmer"
SCULPTOR: Final = "acme/sculptor"
EDITOR: Final = "acme/editor"
SPECS: Final = (
    tool(
        prompt(),
        number("samples", 1),
        select("style", Option(value="7", label="Oil on canvas"), Option(value="9", label="Ink")),
        name=PAINTER,
        description="Paints pictures.",
        categories=("text-to-image",),
        dynamicprice=[{"inputs": {}, "price": 0.02, "priceMethod": "cpo"}],
    ),
    tool(prompt(), name=WRITER, description="Writes.", categories=("llm",)),
    tool(prompt(), name=SPEAKER, description="Reads aloud.", categories=("text-to-speech",)),
    tool(
        prompt(),
        name=FILMER,
        description="Makes films.",
        categories=("text-to-video",),
        dynamicprice=[{"inputs": {}, "price": 0.2, "priceMethod": "cpr"}],
    ),
    tool(prompt(), name=SCULPTOR, description="Makes models.", categories=("text-to-3d",)),
    tool(
        prompt(),
        text("inputImage", type="fileinput", wire=Wire(type="string"), required=True),
        name=EDITOR,
        description="Changes a photo.",
        categories=("image-to-image",),
    ),
)
TOKEN: Final = "the-token-of-a-test"
KEY: Final = "key-that-no-page-may-show"
SECRET: Final = "secret-that-no-page-may-show"
HOME: Final = (
    "<!doctype html><html><head><title>Home</title></head><body><p>Tools</p>"
    "<script>document.title = 'built'</script></body></html>"
)


@dataclass
class Running:
    """A studio that serves, and a browser's worth of requests to it."""

    port: int
    folder: Path
    simulator: Simulator
    again: Callable[..., Running] | None = field(default=None, repr=False)
    seen: list[bytes] = field(default_factory=list[bytes])

    def restart(self, port: int = 0) -> Running:
        """Another studio over the same folder, once this one has ended."""
        assert self.again is not None
        return self.again(port)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """One request of a page of the studio; ``None`` as a header leaves it out."""
        headers: dict[str, str | None] = {
            "Cookie": f"wiro-studio-{self.port}={TOKEN}",
            "Origin": self.origin,
            **options.pop("headers", {}),
        }
        given = {name: value for name, value in headers.items() if value is not None}
        response = httpx2.request(
            method, self.origin + path, headers=given, timeout=60, verify=False, **options
        )
        self.seen += [response.content, str(response.headers).encode()]
        return response

    def start(self, tool: str = PAINTER, run: str = "a", **options: Any) -> httpx2.Response:
        values = options.pop("values", {"prompt": "a lighthouse"})
        asked = {"id": run * 32, "tool": tool, "values": values, "form": {"prompt": "a"}, **options}
        return self.send("POST", "/studio/runs", json=asked)

    def wait(self, run: str = "a") -> dict[str, Any]:
        """The run once it has ended, read from its events, and is recorded as ended."""
        text = self.send("GET", f"/studio/runs/{run * 32}/events").text
        assert text.endswith("event: end\ndata: {}\n\n")
        for _ in range(1000):
            kept = Run.load(self.folder / "runs" / (run * 32))
            if kept is not None and not kept.is_active:
                break
            time.sleep(0.01)
        return self.send("GET", f"/studio/runs/{run * 32}").json()


@pytest.fixture(scope="session")
def package(make_once: MakeOnce) -> Iterator[Path]:
    """A generated package of these tools that can be imported."""
    specs = {each.tool: each for each in SPECS}
    name = package_name(PACKAGE)
    folder = make_once(PACKAGE, lambda folder: generate(specs, folder, package=name))
    path = str(folder / "python")
    sys.path.insert(0, path)
    yield folder
    sys.path.remove(path)


@pytest.fixture
def browser() -> Browser:
    return chromium()


@pytest.fixture(scope="session")
def built(package: Path, make_once: MakeOnce) -> Path:
    """The built site of the tools."""
    docs, work = package / "docs", package.parent / "work"
    return make_once(
        "studio_site",
        lambda out: build_site(docs, out, work=work, name="Tools", site_url=None, studio=True),
    )


@pytest.fixture
def simulator(package: Path) -> Iterator[Simulator]:
    tools = [spec_to_json(spec) for spec in SPECS]
    with Simulator(tools, api_key=KEY, api_secret=SECRET, speed=100) as running:
        running.balance = Decimal(10)
        yield running


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(HOME, "utf-8")
    (folder / "assets" / "main.js").write_text("// script", "utf-8")
    (tmp_path / "secret.txt").write_text("not of the site", "utf-8")
    return folder


@pytest.fixture
def serve(site: Path, tmp_path: Path, simulator: Simulator) -> Iterator[Callable[[], Running]]:
    """Starts a studio, over the same folder each time; the one before is ended."""
    ended: list[Callable[[], None]] = []

    def start(port: int = 0) -> Running:
        while ended:
            ended.pop()()
        running, stop = serve_studio(site, tmp_path / "runs", simulator, start, port)
        ended.append(stop)
        return running

    yield start
    while ended:
        ended.pop()()


@pytest.fixture
def studio(serve: Callable[[], Running]) -> Running:
    return serve()


def check_for_everybody(page: Page) -> None:
    """The page, as it stands, is good for everybody: wide and light, narrow and dark."""
    package = pytest.importorskip("axe_playwright_python")
    page.evaluate((files(package) / "axe.min.js").read_text("utf-8"))
    sizes: list[tuple[int, Literal["light", "dark"]]] = [(1280, "light"), (375, "dark")]
    for width, scheme in sizes:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        found: dict[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
        assert [
            (each["id"], [node["html"] for node in each["nodes"]]) for each in found["violations"]
        ] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def serve_studio(
    site: Path,
    folder: Path,
    simulator: Simulator,
    restart: Callable[..., Running] | None = None,
    port: int = 0,
) -> tuple[Running, Callable[[], None]]:
    """A studio of these tools, and what ends it."""

    def client() -> AsyncWiro:
        return AsyncWiro(
            simulator.api_key,
            simulator.api_secret,
            base_url=simulator.base_url,
            socket_url=simulator.socket_url,
            journal=folder / "journal.sqlite",
        )

    folder.mkdir(exist_ok=True)
    parts = Studio(
        site=site,
        catalogue=open_catalogue(PACKAGE),
        folder=folder,
        client=client,
        largest_file=1000,
    )
    listening = listen(port)
    port = listening.getsockname()[1]
    config = uvicorn.Config(
        application(parts, port, TOKEN), log_level="warning", timeout_graceful_shutdown=1
    )
    server = _Server(config, lambda: None, parts.closing)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()

    def stop() -> None:
        server.should_exit = True
        thread.join()
        listening.close()

    return Running(port=port, folder=folder, simulator=simulator, again=restart), stop
