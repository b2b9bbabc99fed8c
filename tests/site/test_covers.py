"""Covers: copied into the site while it is built, whatever a server sends."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from generated import prompt, tool
from site_browser import visit, watched
from site_tools import write_generated
from wirogen.cli.app import run
from wirogen.site.build import SiteReport, build_site
from wirogen.site.cover_files import fetch_covers
from wirogen.site.covers import CoverMode, local_covers
from wirogen.site.server import Server
from wirogen.specs import ToolSpec

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = pytest.mark.slow


def picture(kind: str, size: tuple[int, int] = (1000, 800), **more: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 60, 90)).save(out, kind, **more)
    return out.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A small file that says it is a large picture."""
    data = bytearray(picture("PNG", (1, 1)))
    data[16:24] = width.to_bytes(4) + height.to_bytes(4)
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4)
    return bytes(data)


MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00" * 100
SCRIPT = b"<html><script>window.injected = 1</script></html>"
FILES: Mapping[str, bytes] = {
    "/a.png": picture("PNG"),
    "/b.jpg": picture("JPEG", comment=SCRIPT),
    "/c.webp": picture("WEBP"),
    "/d.gif": picture("GIF"),
    "/e.mp4": MP4,
    "/named.svg": picture("PNG"),
    "/vector.png": b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.injected = 1'/>",
    "/page.png": SCRIPT,
    "/cut.png": picture("PNG")[:200],
    "/empty.png": b"",
    "/bomb.png": bomb(20_000, 20_000),
    "/wide.png": bomb(9_000, 8_000),
    "/avif.mp4": b"\x00\x00\x00\x18ftypavif" + b"\x00" * 100,
    "/film.mp4": MP4 + b"\x00" * (3 * 2**20),
    "/large.png": b"\x89PNG\r\n\x1a\n" + b"\x00" * (9 * 2**20),
}


class Handler(BaseHTTPRequestHandler):
    asked: list[tuple[str, dict[str, str]]]
    elsewhere: str

    def do_GET(self) -> None:
        self.asked.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
        targets = {
            "/moved.png": "/a.png",
            "/round.png": "/round.png",
            "/file.png": "file:///etc/hostname",
            "/away.png": f"{self.elsewhere}/a.png",
        }
        if self.path in targets:
            self.send_response(302)
            self.send_header("location", targets[self.path])
            self.send_header("content-length", "0")
            self.end_headers()
            return
        body = FILES.get(self.path)
        status = 200 if body is not None else 503 if "busy" in self.path else 404
        self.send_response(status)
        # Types are claims, and names too.
        self.send_header("content-type", "image/png")
        self.send_header("content-length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


class Cdn:
    """A server of covers on loopback."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self._server = ThreadingHTTPServer(
            ("127.0.0.1", 0), type("OwnHandler", (Handler,), {"asked": self.asked})
        )
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}"
        self.point_at(self.url)
        threading.Thread(target=self._server.serve_forever, args=[0.01], daemon=True).start()

    def point_at(self, elsewhere: str) -> None:
        vars_of = self._server.RequestHandlerClass
        vars_of.elsewhere = elsewhere  # pyright: ignore[reportFunctionMemberAccess] - a class

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def cdn() -> Iterator[Cdn]:
    server = Cdn()
    yield server
    server.close()


@pytest.mark.parametrize("name", ["a.png", "b.jpg", "c.webp", "d.gif", "named.svg", "moved.png"])
def test_pictures_are_drawn_anew_in_one_size(cdn: Cdn, tmp_path: Path, name: str) -> None:
    address = f"{cdn.url}/{name}"
    covers = local_covers([address], tmp_path, hosts=[cdn.host])
    assert covers.missing == ()
    (place,) = covers.files
    assert place.startswith("covers/")
    assert place.endswith(".webp")
    data = covers.files[place].read_bytes()
    assert b"script" not in data
    with Image.open(io.BytesIO(data), formats=["WEBP"]) as drawn:
        assert drawn.size == (640, 360)
    assert not any({"cookie", "authorization", "x-api-key"} & set(sent) for _, sent in cdn.asked)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("vector.png", "not a picture"),
        ("page.png", "not a picture"),
        ("cut.png", "not a picture"),
        ("empty.png", "not a picture"),
        ("bomb.png", "DecompressionBomb"),
        ("wide.png", "72,000,000 pixels"),
        ("avif.mp4", "not a picture"),
        ("film.mp4", "a video larger than 3 MiB"),
        ("large.png", "larger than 8 MiB"),
        ("missing.png", "HTTP 404"),
        ("round.png", "more than 3 redirects"),
        ("file.png", "not a host for covers"),
        ("away.png", "not a host for covers"),
    ],
)
def test_what_is_no_cover_is_left_out_and_named(
    cdn: Cdn, tmp_path: Path, name: str, why: str
) -> None:
    other = Cdn()
    cdn.point_at(other.url)
    try:
        covers = local_covers([f"{cdn.url}/{name}"], tmp_path, hosts=[cdn.host])
    finally:
        other.close()
    assert (covers.found, covers.files) == ({}, {})
    (missing,) = covers.missing
    assert missing.code == "S006"
    assert why in missing.message
    assert name in missing.path
    assert other.asked == []
    assert list(tmp_path.iterdir()) == []


def test_only_named_hosts_are_asked_and_only_safely(tmp_path: Path, cdn: Cdn) -> None:
    addresses = [
        f"{cdn.url}/a.png",
        "https://localhost/a.png",
        "http://cdn.wiro.ai/a.png",
        f"http://cdn.wiro.ai@{cdn.host}/a.png",
        "https://169.254.169.254/latest/meta-data",
    ]
    covers = local_covers(addresses, tmp_path)
    assert len(covers.missing) == len(addresses)
    assert cdn.asked == []


def test_a_server_that_is_busy_or_gone_is_left_alone(tmp_path: Path, cdn: Cdn) -> None:
    busy = [f"{cdn.url}/busy{number}.png" for number in range(30)]
    assert len(local_covers(busy, tmp_path, hosts=[cdn.host]).missing) == 30
    assert len(cdn.asked) < 10
    cdn.close()
    gone = local_covers([f"{cdn.url}/a.png"], tmp_path, hosts=[cdn.host])
    assert "no response" in gone.missing[0].message


@pytest.mark.parametrize("where", ["status line", "headers", "body", "redirects", "nowhere"])
def test_a_server_that_sends_a_byte_now_and_then_ends_at_the_limit(
    tmp_path: Path, where: str
) -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    host = f"127.0.0.1:{listening.getsockname()[1]}"
    start = {
        "status line": "HTTP",
        "headers": "HTTP/1.1 200 OK\r\nX-Y: z",
        "body": "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
        "redirects": f"HTTP/1.1 302 Found\r\nLocation: http://{host}/x\r\nX-Y: ",
        "nowhere": "",
    }[where]

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            connection.sendall(start.encode())
            for _ in range(2 if where == "redirects" else 1000):
                connection.sendall(b"" if where == "nowhere" else b"x")
                time.sleep(0.05)
            connection.sendall(b"\r\nContent-Length: 0\r\n\r\n")

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    begin = time.monotonic()
    addresses = [f"http://{host}/{number}.png" for number in range(40)]
    with listening:
        copies = fetch_covers(addresses, tmp_path, [host], seconds=0.25)
    assert time.monotonic() - begin < 10
    texts = [copy for copy in copies if isinstance(copy, str)]
    assert len(texts) == 40
    assert any("no complete response within" in text for text in texts)
    assert f"{host} does not respond" in texts


def test_what_was_copied_is_not_asked_for_again(tmp_path: Path, cdn: Cdn) -> None:
    for _ in range(2):
        assert local_covers([f"{cdn.url}/a.png"], tmp_path, hosts=[cdn.host]).files
    assert len(cdn.asked) == 1


@pytest.fixture
def covered(cdn: Cdn, tmp_path: Path) -> tuple[Path, Cdn]:
    """The documentation of four tools: a picture, a video, a cover that is gone, none."""
    names = {"still": "a.png", "moving": "e.mp4", "gone": "gone.png", "plain": None}
    specs: dict[str, ToolSpec] = {}
    for name, file in names.items():
        cover = f"{cdn.url}/{file}" if file else None
        made = tool(prompt(), name=f"wiro/{name}", cover=cover, categories=("text-to-image",))
        specs[made.tool] = made
    return write_generated(specs, tmp_path / "generated", pages_only=True), cdn


def build(generated: Path, mode: CoverMode, cdn: Cdn) -> SiteReport:
    return build_site(
        generated / "docs",
        generated.parent / "site",
        work=generated.parent / "work",
        name="Tools",
        site_url=None,
        covers=mode,
        cover_hosts=[cdn.host],
    )


def test_pages_show_copies_and_ask_nobody(covered: tuple[Path, Cdn], browser: Browser) -> None:
    generated, cdn = covered
    report = build(generated, CoverMode.LOCAL, cdn)
    assert [each.message for each in report.missing] == ["the server responded with HTTP 404"]
    asked = len(cdn.asked)
    site = generated.parent / "site"
    with Server(site) as server, watched(browser, server.url) as page:
        visit(page, f"{server.url}tools/wiro/still.html")
        image = page.locator(".wt-cover img")
        image.evaluate("image => image.decode()")
        assert image.evaluate("image => image.naturalWidth") == 640
        for key, value in {"loading": "lazy", "width": "640", "height": "360"}.items():
            assert image.get_attribute(key) == value
        visit(page, f"{server.url}index.html")
        page.wait_for_selector(".wt-card img")
        page.locator(".wt-card img").evaluate("image => image.decode()")
        page.keyboard.press("Control+k")
        page.keyboard.type("still")
        page.locator(".wt-found img").first.evaluate("image => image.decode()")
        for name in ("gone", "plain"):
            visit(page, f"{server.url}tools/wiro/{name}.html")
            assert page.locator(".wt-cover :is(img, video)").count() == 0
            box = page.locator(".wt-cover").bounding_box()
            assert box is not None
            assert box["height"] > 100
    assert len(cdn.asked) == asked
    text = (site / "tools" / "wiro" / "moving.html").read_text("utf-8")
    assert '<video src="../../covers/' in text
    listed = json.loads((site / "tools.json").read_text("utf-8"))["tools"]
    assert {each["tool"]: "picture" in each for each in listed} == {
        "wiro/gone": False,
        "wiro/moving": True,
        "wiro/plain": False,
        "wiro/still": True,
    }
    assert cdn.url in (site / "tools" / "wiro" / "still.md").read_text("utf-8")


def test_other_choices_remove_the_copies_and_ask_nobody(covered: tuple[Path, Cdn]) -> None:
    generated, cdn = covered
    site = generated.parent / "site"
    build(generated, CoverMode.LOCAL, cdn)
    assert len(list((site / "covers").iterdir())) == 2
    asked = len(cdn.asked)
    report = build(generated, CoverMode.NONE, cdn)
    assert report.missing == ()
    assert list((site / "covers").iterdir()) == []
    assert "<img" not in (site / "tools/wiro/still.html").read_text("utf-8")
    build(generated, CoverMode.REMOTE, cdn)
    assert f'<img src="{cdn.url}/a.png"' in (site / "tools/wiro/still.html").read_text("utf-8")
    assert len(cdn.asked) == asked


def test_the_command_builds_whatever_covers_do(
    covered: tuple[Path, Cdn], capsys: pytest.CaptureFixture[str]
) -> None:
    generated, cdn = covered
    arguments = ["--docs", str(generated / "docs"), "--out", str(generated.parent / "s")]
    assert run(["docs", "build", *arguments, "--cover-host", cdn.host]) == 0
    shown = capsys.readouterr()
    assert "gone.png: note: S006 the server responded with HTTP 404" in shown.err
    assert shown.err.count("\n") == 1
    assert run(["docs", "build", *arguments, "--covers", "none", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["missing_covers"] == 0
    assert run(["docs", "build", *arguments, "--covers", "all"]) == 2
