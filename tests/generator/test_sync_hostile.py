"""Sync against a hostile or broken network: one odd response costs one tool and one line, and
nothing lasts for ever or fills the memory."""

from __future__ import annotations

import asyncio
import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from commands.small import page
from corpus import pages
from generator.project import Project
from generator.test_sync import World, bare, simulated
from wiro_runtime.testing import Simulator, faults
from wiro_runtime.testing.catalogue import slug as address
from wirogen.common.fetching import DownloadError, DownloadTimeoutError, get
from wirogen.sync import CatalogueError, SyncReport, Verdict
from wirogen.sync.listing import MAX_TOOLS
from wirogen.sync.pages import Pages, page_client
from wirogen.sync.run import GIVE_UP

pytestmark = pytest.mark.slow

PAGES = [page(number) for number in range(3)]
ODD = PAGES[1]
EMPTY = gzip.compress(b"")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with simulated(PAGES) as simulator:
        made = World(simulator, Project(tmp_path))
        for page in PAGES:
            made.publish(page)
        yield made


def costs_one_tool(report: SyncReport, tool: str = ODD.tool) -> None:
    assert report.verdicts[tool] is Verdict.FAILED
    assert [each.code for each in report.diagnostics] == ["Y004"]
    (diagnostic,) = report.diagnostics
    assert "\n" not in str(diagnostic)
    others = {verdict for name, verdict in report.verdicts.items() if name != tool}
    assert others == {Verdict.NEW}


def only_odd(change: Callable[[dict[str, Any]], object]) -> faults.Fault:
    """A change of Tool/Detail about :data:`ODD` alone."""

    def edit(answer: dict[str, Any]) -> object:
        (tool,) = answer["tool"]
        named = address(tool["slugproject"]) == address(ODD.tool.split("/")[1])
        return change(answer) if named else None

    return faults.edit(edit)


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "tool",
    [
        5,
        "image",
        True,
        [5],
        [None],
        ["image"],
        [[]],
        {},
        [{}, {}],
        [{"slugowner": "wiro", "slugproject": "another"}],
        [{"slugowner": 5, "slugproject": None}],
        [{"slugowner": "..", "slugproject": "..", "title": "x"}],
    ],
    ids=repr,
)
def test_an_odd_tool_detail_costs_one_tool(world: World, tool: object) -> None:
    world.simulator.faults.add("Tool/Detail", only_odd(lambda _: {"tool": tool}), times=None)
    costs_one_tool(world.sync())


def test_a_large_tool_detail_costs_one_tool(world: World) -> None:
    fields = {"description": "x" * (9 << 20)}
    world.simulator.faults.add(
        "Tool/Detail", only_odd(lambda answer: answer["tool"][0].update(fields)), times=None
    )
    costs_one_tool(world.sync())


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "half an emoji \ud83d"},
        {"description": float("nan")},
        {"parameters": nested(400), "dynamicprice": float("inf")},
    ],
    ids=["surrogate", "nan", "nested"],
)
def test_values_that_no_file_can_hold_cost_at_most_one_tool(
    world: World, fields: dict[str, Any]
) -> None:
    world.simulator.faults.add(
        "Tool/Detail", only_odd(lambda answer: answer["tool"][0].update(fields)), times=None
    )
    verdicts = dict(world.sync().verdicts)
    assert verdicts.pop(ODD.tool) in {Verdict.NEW, Verdict.FAILED}
    assert set(verdicts.values()) == {Verdict.NEW}
    for file in world.project.root.rglob("*.json"):
        assert "NaN" not in file.read_text("utf-8")


@pytest.mark.parametrize("tool", [[], None], ids=repr)
def test_a_tool_without_detail_is_taken_without_it(world: World, tool: object) -> None:
    world.simulator.faults.add("Tool/Detail", only_odd(lambda _: {"tool": tool}), times=None)
    report = world.sync()
    assert set(report.verdicts.values()) == {Verdict.NEW}
    assert not world.document_of(ODD).with_suffix(".json").exists()


@pytest.mark.parametrize(
    "fault",
    [
        faults.drip(0.05),
        faults.hang(),
        faults.reset(),
        faults.status(
            503, headers={"retry-after": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}
        ),
        faults.status(503, headers={"retry-after": "9" * 400}),
        faults.status(503, headers={"retry-after": "Sat, 01 Jan 0001 00:00:00 +2359"}),
        faults.status(418),
        faults.cut(50),
        faults.redirect("gopher://x/"),
        faults.redirect("http://[::1"),
        faults.redirect("http://127.0.0.1:1/"),
        faults.status(200, "x", headers={"content-encoding": "br"}),
        faults.status(200, "no gzip", headers={"content-encoding": "gzip"}),
        faults.status(200, "x", headers={"content-encoding": "gzip, gzip"}),
    ],
    ids=repr,
)
def test_a_page_that_comes_in_no_good_form_costs_one_tool(
    world: World, fault: faults.Fault
) -> None:
    owner, project = ODD.tool.split("/")
    path = f"models/{address(owner)}/{address(project)}/*"
    world.simulator.faults.add(path, fault, times=None)
    begin = time.monotonic()
    costs_one_tool(world.sync(request_seconds=1.0, tool_seconds=8.0))
    assert time.monotonic() - begin < 30


def test_a_page_that_leads_to_another_host_is_not_asked_for_there(world: World) -> None:
    asked: list[int] = []

    def respond(connection: socket.socket) -> None:
        asked.append(1)
        body = ODD.text(full=True).encode()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    owner, project = ODD.tool.split("/")
    path = f"models/{address(owner)}/{address(project)}/*"
    with server(respond) as elsewhere:
        world.simulator.faults.add(path, faults.redirect(elsewhere), times=None)
        report = world.sync()
    costs_one_tool(report)
    assert "which is another site" in str(report.diagnostics[0])
    assert asked == []


@pytest.mark.parametrize(
    ("to", "good"),
    [
        ("https://wiro.ai/x", True),
        ("https://WWW.wiro.ai/x", True),
        ("http://wiro.ai/x", False),
        ("https://wiro.ai.evil.example/x", False),
        ("https://evilwiro.ai/x", False),
        ("https://wiro.ai@169.254.169.254/x", False),
        ("https://wiro.ai:8443/x", False),
        ("http://localhost/x", False),
        ("file:///etc/hostname", False),
    ],
)
def test_pages_stay_on_their_site(to: str, good: bool) -> None:
    pages = Pages("https://wiro.ai", page_client(connections=1, proxies=False))
    refused = nullcontext() if good else pytest.raises(DownloadError, match="another site")
    with refused:
        pages._stay(to)


def test_a_tool_has_a_limit_over_all_its_requests(world: World) -> None:
    owner, project = ODD.tool.split("/")
    path = f"models/{address(owner)}/{address(project)}/*"
    world.simulator.faults.add(path, faults.rate_limited(seconds=100), times=None)
    begin = time.monotonic()
    costs_one_tool(world.sync(pause=1.0, tool_seconds=1.0))
    assert time.monotonic() - begin < 20


def test_a_catalogue_that_drips_is_one_line(world: World) -> None:
    world.simulator.faults.add("Tool/List", faults.drip(0.2), times=None)
    begin = time.monotonic()
    with pytest.raises(CatalogueError, match=r"^the catalogue is not complete after 0\.3 s$"):
        world.sync(catalogue_seconds=0.3)
    assert time.monotonic() - begin < 20


def test_a_catalogue_without_end_is_one_line(world: World) -> None:
    asked = 0

    def endless(answer: dict[str, Any]) -> None:
        nonlocal asked
        asked += 1
        names = [f"p{asked}-{number}" for number in range(1000)]
        tools = [{"slugowner": "o", "slugproject": name} for name in names]
        answer.update(tool=tools, total="9" * 11)

    world.simulator.faults.add("Tool/List", faults.edit(endless), times=None)
    with pytest.raises(CatalogueError, match=f"more than {MAX_TOOLS:,} tools"):
        world.sync()
    assert asked <= MAX_TOOLS // 1000 + 1


@pytest.mark.parametrize(
    "total", ["9" * 5000, None, [], -1, 1e400, "0x10", True], ids=lambda x: repr(x)[:9]
)
def test_an_odd_total_changes_nothing(world: World, total: object) -> None:
    world.simulator.faults.add(
        "Tool/List", faults.edit(lambda answer: answer.update(total=total)), times=None
    )
    assert set(world.sync(detail=False).verdicts.values()) == {Verdict.NEW}


@pytest.mark.parametrize(
    "entry",
    [
        None,
        5,
        "x",
        [],
        {},
        {"slugowner": "wiro"},
        {"slugowner": "wiro", "slugproject": {"x": 1}},
        {"slugowner": "..", "slugproject": "x"},
        {"slugowner": "wiro", "slugproject": "a/../../b"},
        {"slugowner": "wiro", "slugproject": "ok", "cleanslugproject": "../.."},
        {"slugowner": "wiro", "slugproject": "x\0"},
        {"slugowner": "wiro", "slugproject": "x\u202ey"},
        {"slugowner": "wiro", "slugproject": "x" * 5000},
    ],
    ids=lambda entry: repr(entry)[:50],
)
def test_an_entry_that_names_no_tool_costs_one_line(world: World, entry: object) -> None:
    world.simulator.faults.add(
        "Tool/List", faults.edit(lambda answer: answer["tool"].insert(1, entry)), times=None
    )
    report = world.sync(detail=False)
    assert set(report.verdicts) == {page.tool for page in PAGES}
    assert set(report.verdicts.values()) == {Verdict.NEW}
    assert [str(each) for each in report.diagnostics] == [
        "/Tool/List: warning: Y004 1 entry of the catalogue without the name of a tool"
    ]
    assert not report.complete


def test_a_site_that_does_not_respond_is_given_up(tmp_path: Path) -> None:
    made = list(pages(GIVE_UP + 8))
    with Simulator([bare(page) for page in made]) as simulator:
        world = World(simulator, Project(tmp_path))
        for page in made:
            world.publish(page)
        simulator.faults.add("models/*", faults.hang(), times=None)
        begin = time.monotonic()
        report = world.sync(detail=False, request_seconds=0.3)
        assert time.monotonic() - begin < 20
        assert set(report.verdicts.values()) == {Verdict.FAILED}
        assert len(report.verdicts) == len(made)
        said = str(report.diagnostics[0])
        assert "not asked for, because 10 in a row got no complete response" in said
        assert len(report.diagnostics) <= GIVE_UP + 4 + 1
        simulator.clear()
        assert set(world.sync(detail=False).verdicts.values()) == {Verdict.NEW}


RUN: dict[str, Any] = {
    "version": 1,
    "filters": {"search": "", "categories": [], "owner": "", "limit": None},
    "detail": False,
}
VALIDATORS = {"url": "https://x", "etag": "", "modified": ""}
ENTRY: dict[str, Any] = {
    "validators": VALIDATORS,
    "sha256": "0" * 64,
    "document": "a/b.txt",
}


@pytest.mark.parametrize(
    "state",
    [
        "null",
        "5",
        '{"tools": [1]}',
        '{"tools": null}',
        '{"tools": {"TOOL": [1]}}',
        '{"tools": {"TOOL": null}}',
        "[" * 100_000,
        json.dumps({"tools": {"TOOL": {**ENTRY, "document": "a\0b.txt"}}}),
        json.dumps({"tools": {"TOOL": {**ENTRY, "document": "../../x.txt"}}}),
        json.dumps({"tools": {"TOOL": {**ENTRY, "document": ["a"]}}}),
        json.dumps({"tools": {"TOOL": {**ENTRY, "sha256": None}}}),
        json.dumps({"tools": {"TOOL": {**ENTRY, "validators": {"url": "x", "other": "y"}}}}),
        json.dumps(
            {
                "tools": {
                    "TOOL": {**ENTRY, "validators": {"url": "x", "etag": "é\r\n", "modified": 1}}
                }
            }
        ),
    ],
    ids=lambda text: text[:60],
)
def test_a_damaged_state_costs_a_download(world: World, state: str) -> None:
    folder = world.project.root / ".wirogen"
    folder.mkdir()
    (folder / "sync.json").write_text(state.replace("TOOL", ODD.tool), "utf-8")
    assert set(world.sync(detail=False).verdicts.values()) == {Verdict.NEW}


@pytest.mark.parametrize(
    "line",
    [
        {"tool": "TOOL", "verdict": "zzz", "entry": None},
        {"tool": "TOOL", "verdict": 5, "entry": [1]},
        {"tool": ["TOOL"], "verdict": "new"},
        {"verdict": "new"},
        [],
        5,
    ],
    ids=repr,
)
def test_a_damaged_journal_costs_a_download(world: World, line: object) -> None:
    folder = world.project.root / ".wirogen"
    folder.mkdir()
    text = f"{json.dumps(RUN)}\n{json.dumps(line)}\n".replace("TOOL", ODD.tool)
    (folder / "sync.journal").write_text(text, "utf-8")
    report = world.sync(detail=False)
    assert set(report.verdicts.values()) == {Verdict.NEW}
    assert report.resumed == 0


@pytest.mark.parametrize("name", ["documents/OWNER", "../.wirogen/quarantine"])
def test_a_folder_that_is_a_link_to_elsewhere_costs_its_tools(world: World, name: str) -> None:
    owner = ODD.tool.split("/")[0].lower()
    elsewhere = world.project.root.parent / f"{world.project.root.name}-elsewhere"
    elsewhere.mkdir()
    link = world.project.root / "specs" / name.replace("OWNER", owner)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere)
    report = world.sync(detail=False)
    assert report.verdicts[ODD.tool] is Verdict.FAILED
    assert any("through a link" in str(each) for each in report.diagnostics)
    assert list(elsewhere.iterdir()) == []


# One request, by itself.


@contextmanager
def server(respond: Callable[[socket.socket], None]) -> Generator[str]:
    """A server that reads a request and lets ``respond`` write whatever it likes."""
    listening = socket.create_server(("127.0.0.1", 0))

    def one(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            respond(connection)

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                threading.Thread(target=one, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        listening.close()


def fetch(url: str, *, seconds: float = 5.0, max_bytes: int = 1 << 20) -> bytes:
    async def one() -> bytes:
        async with page_client(connections=1, proxies=False) as client:
            response = await get(
                client, url, seconds=seconds, max_bytes=max_bytes, allowed=lambda _: None
            )
            return response.body

    return asyncio.run(one())


def test_a_body_is_unpacked() -> None:
    body = gzip.compress(b"text " * 1000)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    with server(lambda connection: connection.sendall(head.encode() + body)) as url:
        assert fetch(url) == b"text " * 1000


@pytest.mark.parametrize("where", ["status line", "headers", "body", "nowhere"])
def test_a_byte_now_and_then_ends_at_the_limit(where: str) -> None:
    def drip(connection: socket.socket) -> None:
        start = {"status line": "HTTP", "headers": "HTTP/1.1 200 OK\r\nX-Y: z"}.get(where, "")
        if where == "body":
            start = "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        connection.sendall(start.encode())
        while True:
            if where != "nowhere":
                connection.sendall(b"x")
            time.sleep(0.05)

    begin = time.monotonic()
    with server(drip) as url, pytest.raises(DownloadTimeoutError, match=r"within 0\.3 s"):
        fetch(url, seconds=0.3)
    assert time.monotonic() - begin < 5


def test_the_body_of_a_redirect_is_not_read() -> None:
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n")
        while True:
            connection.sendall(bytes(1 << 16))
            sent += 1 << 16

    with server(flood) as url, pytest.raises(DownloadError, match="more than 3 redirects"):
        fetch(url)
    assert sent < 64 << 20


@pytest.mark.parametrize("packed", [False, True])
def test_a_body_without_end_ends_at_the_limit(packed: bool) -> None:
    sent = 0
    piece = gzip.compress(bytes(40 << 20), 9) if packed else bytes(1 << 16)

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        encoding = b"Content-Encoding: gzip\r\n" if packed else b""
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + encoding + b"\r\n")
        while True:
            connection.sendall(piece)
            sent += len(piece)

    with server(flood) as url, pytest.raises(DownloadError, match="larger than 1 MiB"):
        fetch(url)
    assert sent < 64 << 20


def test_a_packed_body_in_several_parts_is_whole() -> None:
    body = b"".join(gzip.compress(text) for text in (b"one ", b"", b"two"))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    with server(lambda connection: connection.sendall(head.encode() + body)) as url:
        assert fetch(url) == b"one two"


@pytest.mark.parametrize(
    ("tail", "message"),
    [(b"garbage", "not the gzip"), (bytes(1 << 16), "not the gzip"), (EMPTY * 3000, "larger than")],
    ids=["garbage", "zeros", "empty parts"],
)
def test_what_follows_a_packed_body_without_end_is_not_kept(tail: bytes, message: str) -> None:
    sent = 0

    def flood(connection: socket.socket) -> None:
        nonlocal sent
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"a")
        )
        while True:
            connection.sendall(tail)
            sent += len(tail)

    with server(flood) as url, pytest.raises(DownloadError, match=message):
        fetch(url, seconds=20.0)
    assert sent < 64 << 20


def test_a_packed_body_that_ends_early_is_refused() -> None:
    body = gzip.compress(b"text " * 1000)[:-9]
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(body)}\r\n\r\n"
    with (
        server(lambda connection: connection.sendall(head.encode() + body)) as url,
        pytest.raises(DownloadError, match="ends early"),
    ):
        fetch(url)
