"""Files out of Wiro: whole or not at all, never outside the folder, never with a credential."""

from __future__ import annotations

import gc
import hashlib
import re
import socket
import threading
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.kit import TOOL, AnyClient, Kit, got, nameless
from wiro_runtime import DownloadError, Result, Retries, Wiro
from wiro_runtime.results.filenames import numbered, safe_name
from wiro_runtime.testing import Scenario, Simulator, faults

SIZE = 3_000_000


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def result_of(kit: Kit, count: int = 1, **options: Any) -> Result:
    async def flow(client: AnyClient) -> Result:
        return await got(client.run(TOOL, {"prompt": "x", "samples": count}))

    return kit.run(flow, **options)


def fetch(kit: Kit, folder: Path, count: int = 1, **options: Any) -> list[Path]:
    async def flow(client: AnyClient) -> list[Path]:
        result = await got(client.run(TOOL, {"prompt": "x", "samples": count}))
        if kit.kind == "sync":
            return result.download(folder, **options)
        return await result.adownload(folder, **options)

    return kit.run(flow)


@pytest.fixture
def large(kit: Kit) -> Kit:
    kit.simulator.plan(Scenario(output_size=SIZE), times=None)
    return kit


def test_outputs_are_saved_whole_under_their_names(kit: Kit, tmp_path: Path) -> None:
    folder = tmp_path / "not" / "yet"
    paths = fetch(kit, folder, count=4)
    assert [path.name for path in paths] == ["0.png", "1.png", "2.png", "3.png"]
    assert names(folder) == ["0.png", "1.png", "2.png", "3.png"]
    sizes = [int(output.raw["size"]) for output in result_of(kit, 4).outputs]
    assert [path.stat().st_size for path in paths] == sizes


def test_files_that_are_there_are_kept(kit: Kit, tmp_path: Path) -> None:
    (tmp_path / "0.png").write_text("mine")
    (tmp_path / "0 (2).png").symlink_to(tmp_path / "elsewhere")
    (path,) = fetch(kit, tmp_path)
    assert path.name == "0 (3).png"
    assert (tmp_path / "0.png").read_text() == "mine"
    assert not (tmp_path / "elsewhere").exists()


def test_save_writes_where_it_is_told_and_replaces(kit: Kit, tmp_path: Path) -> None:
    result = result_of(kit)
    target = tmp_path / "mine.png"
    target.write_text("old")
    assert result.outputs[0].save(target) == target
    assert target.read_bytes() == result.outputs[0].read()
    assert result.outputs[0].save(tmp_path) == tmp_path / "0.png"
    assert names(tmp_path) == ["0.png", "mine.png"]


def test_no_credential_and_no_header_of_ours_reaches_the_cdn(kit: Kit, tmp_path: Path) -> None:
    fetch(kit, tmp_path)
    (request,) = kit.simulator.downloads
    assert not any(name.startswith("x-") for name in request.headers)
    assert "authorization" not in request.headers
    assert "cookie" not in request.headers


def test_a_broken_download_goes_on_where_it_broke(large: Kit, tmp_path: Path) -> None:
    large.simulator.faults.add("cdn/*", faults.cut(1_500_000))
    (path,) = fetch(large, tmp_path)
    assert path.stat().st_size == SIZE
    first, second = large.simulator.downloads
    assert "range" not in first.headers
    assert second.headers["range"].startswith("bytes=")
    assert int(second.headers["range"][6:-1]) > 1_000_000


def test_the_pieces_of_a_broken_download_are_the_file(large: Kit, tmp_path: Path) -> None:
    async def flow(client: AnyClient) -> tuple[bytes, bytes]:
        result = await got(client.run(TOOL, {"prompt": "x"}))
        output = result.outputs[0]
        whole = output.read()
        for after in (1_500_000, 700_000, 10):
            large.simulator.faults.add("cdn/*", faults.cut(after))
        path = output.save(tmp_path) if large.kind == "sync" else await output.asave(tmp_path)
        return whole, path.read_bytes()

    whole, pieces = large.run(flow)
    assert hashlib.sha256(whole).digest() == hashlib.sha256(pieces).digest()


@pytest.mark.parametrize(
    "fault",
    [faults.status(500), faults.status(503), faults.status(429), faults.reset(), faults.cut(0)],
    ids=nameless,
)
def test_downloads_are_repeated(kit: Kit, tmp_path: Path, fault: Any) -> None:
    kit.simulator.faults.add("cdn/*", fault, times=3)
    (path,) = fetch(kit, tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "fault",
    [
        faults.status(500),
        faults.status(404),
        faults.status(403),
        faults.reset(),
        faults.short(1),
        faults.long(1),
        faults.long(100_000),
        faults.html(),
        faults.status(200),
        faults.redirect("ftp://example.com/x"),
        faults.redirect("file:///etc/passwd"),
        faults.redirect("/cdn/again"),
        faults.redirect("http://["),
    ],
    ids=nameless,
)
def test_a_file_that_is_not_what_was_announced_leaves_nothing(
    kit: Kit, tmp_path: Path, fault: Any
) -> None:
    kit.simulator.faults.add("cdn/*", fault, times=None)
    with pytest.raises(DownloadError) as caught:
        fetch(kit, tmp_path)
    assert names(tmp_path) == []
    assert caught.value.task_id == kit.simulator.runs[0].taskid
    assert caught.value.url


def test_one_that_fails_does_not_harm_the_others(kit: Kit, tmp_path: Path) -> None:
    kit.simulator.faults.add("cdn/*", faults.status(404))
    with pytest.raises(DownloadError):
        fetch(kit, tmp_path, count=3, concurrency=1)
    assert all(name.endswith(".png") for name in names(tmp_path))


@pytest.mark.parametrize(
    "url", ["", "ftp://x/y", "file:///etc/passwd", "javascript:alert(1)", "x", "http://", 7, None]
)
def test_an_address_that_is_not_http_is_a_download_error(
    kit: Kit, tmp_path: Path, url: Any
) -> None:
    kit.simulator.faults.add(
        "Task/Detail", faults.task_field("outputs", [{"name": "a", "url": url}]), times=None
    )
    with pytest.raises(DownloadError):
        fetch(kit, tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    ["../../x", "/etc/passwd", "..", "a/../../b", "C:\\x", "..\\..\\x", "\x00", "", ".bashrc"],
)
def test_no_name_leads_out_of_the_folder(kit: Kit, tmp_path: Path, name: str) -> None:
    def rename(answer: dict[str, Any]) -> None:
        answer["tasklist"][0]["outputs"][0]["name"] = name

    kit.simulator.faults.add("Task/Detail", faults.edit(rename), times=None)
    folder = tmp_path / "out"
    (path,) = fetch(kit, folder)
    assert path.parent == folder
    assert [p.name for p in tmp_path.iterdir()] == ["out"]
    assert len(names(folder)) == 1
    assert not path.name.startswith(".")


def test_same_names_are_kept_apart(kit: Kit, tmp_path: Path) -> None:
    def rename(answer: dict[str, Any]) -> None:
        for output in answer["tasklist"][0]["outputs"]:
            output["name"] = "same.png"

    kit.simulator.faults.add("Task/Detail", faults.edit(rename), times=None)
    paths = fetch(kit, tmp_path, count=4)
    assert len(set(paths)) == 4
    assert names(tmp_path) == [
        "same (2).png", "same (3).png", "same (4).png", "same.png",
    ]  # fmt: skip


@given(st.text(max_size=500))
def test_every_name_becomes_a_safe_one(name: str) -> None:
    safe = safe_name(name)
    assert safe == Path(safe).name
    assert safe not in ("", ".", "..")
    assert not set(safe) & set('/\\<>:"|?*\0\n')
    assert len(numbered(safe, 1000).encode()) + len(".12345678.part") <= 255
    assert not safe.endswith((" ", "."))
    assert safe_name(safe) == safe
    assert not _DEVICE.match(safe)


_DEVICE = re.compile(r"(?i)(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)[ .]*(\.|$)")


@given(
    st.text(alphabet=" .\u200b/\\\t", max_size=200),
    st.sampled_from(["con", "NUL", "lpt1", "com³", "CONOUT$"]),
    st.text(alphabet=" .\u200b:pngx", max_size=300),
)
def test_no_name_becomes_a_device_of_windows(before: str, device: str, after: str) -> None:
    safe = safe_name(f"{before}{device}{after}")
    assert not _DEVICE.match(safe)
    assert safe_name(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("CON", "_CON"),
        ("nul.png", "_nul.png"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("lpt¹", "_lpt¹"),
        ("console.png", "console.png"),
        ("con .png", "_con.png"),
        ("CON" + " " * 300 + ".png", "_CON.png"),
        ("aux" + "." * 300 + "png", "_aux.png"),
        ("c\u200bon.png", "_con.png"),
        (" .nul", "_nul"),
        ("COM\u00b9 . . .txt", "_COM\u00b9.txt"),
        ("a" * 400 + ".png", "a" * 176 + ".png"),
        ("ü" * 400 + ".png", "ü" * 88 + ".png"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("a\tb\r\n.png", "ab.png"),
        ("trailing. .", "trailing"),
    ],
)
def test_names_that_some_system_cannot_have(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_limit_stops_what_is_too_large(large: Kit, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="limit of 1000000 bytes"):
        fetch(large, tmp_path, max_bytes=1_000_000)
    assert names(tmp_path) == []
    assert large.simulator.downloads == []


def test_a_limit_holds_where_the_size_is_not_announced(large: Kit, tmp_path: Path) -> None:
    large.simulator.faults.add("Task/Detail", faults.edit(forget_sizes), times=None)
    with pytest.raises(DownloadError, match="limit"):
        fetch(large, tmp_path, max_bytes=1_000_000)
    assert names(tmp_path) == []


def forget_sizes(answer: dict[str, Any]) -> None:
    for output in answer["tasklist"][0]["outputs"]:
        output.pop("size")


def test_progress_is_told_in_bytes_of_all_outputs(large: Kit, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []

    def note(done: int, total: int | None) -> None:
        seen.append((done, total))

    fetch(large, tmp_path, count=2, progress=note)
    assert seen[-1] == (2 * SIZE, 2 * SIZE)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_a_folder_that_cannot_be_written_is_a_download_error(kit: Kit, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DownloadError, match="cannot write"):
        fetch(kit, blocked)


def test_a_result_outlives_its_client(kit: Kit, tmp_path: Path) -> None:
    result = result_of(kit)
    assert result.download(tmp_path)[0].name == "0.png"
    assert result.outputs[0].read().startswith(b"\x89PNG")


def test_redirects_to_another_host_carry_nothing_but_the_range(large: Kit, tmp_path: Path) -> None:
    with other_host() as (port, heard):
        large.simulator.faults.add(
            "cdn/*", faults.redirect(f"http://localhost:{port}/there"), times=None
        )
        (path,) = fetch(large, tmp_path)
        assert path.stat().st_size == SIZE
    headers = {line.partition(":")[0].lower() for line in heard[0].splitlines()[1:] if line}
    assert headers <= {"host", "accept", "accept-encoding", "connection", "user-agent"}


@contextmanager
def other_host() -> Generator[tuple[int, list[str]], None, None]:
    """Answers one request with SIZE zeros."""
    heard: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                heard.append(connection.recv(65536).decode())
                head = f"HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\nconnection: close\r\n\r\n"
                connection.sendall(head.encode() + bytes(SIZE))

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join(60)


def test_a_download_gives_up_after_retries_without_progress(kit: Kit, tmp_path: Path) -> None:
    kit.simulator.faults.add("cdn/*", faults.status(503), times=None)

    async def flow(client: AnyClient) -> None:
        result = await got(client.run(TOOL, {"prompt": "x"}))
        result.download(tmp_path)

    with pytest.raises(DownloadError, match="gave up") as caught:
        kit.run(flow, retries=Retries(attempts=3))
    assert caught.value.retryable
    assert len(kit.simulator.downloads) == 3


def test_a_client_that_nobody_closes_leaves_no_socket_behind(
    instant: Simulator, tmp_path: Path
) -> None:
    kit = Kit("sync", instant)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        client = kit.client()
        assert isinstance(client, Wiro)
        result = client.run(TOOL, {"prompt": "x", "samples": 2})
        assert len(result.download(tmp_path)) == 2
        del client, result
        gc.collect()
    assert [str(warning.message) for warning in seen] == []
