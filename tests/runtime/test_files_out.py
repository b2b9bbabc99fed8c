"""Files out of Wiro: whole or not at all, never outside the folder, never with a credential."""

from __future__ import annotations

import asyncio
import copy
import errno
import gc
import hashlib
import json
import re
import socket
import threading
import time
import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.kit import TOOL, AnyClient, Kit, got, nameless
from wiro_runtime import AsyncResult, ConfigurationError, DownloadError, Result, Wiro
from wiro_runtime.inputs.options import fold
from wiro_runtime.results.filenames import numbered, safe_name
from wiro_runtime.results.partial_file import PartialFile
from wiro_runtime.testing import Scenario, Simulator, faults

SIZE = 3_000_000


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def result_of(kit: Kit, count: int = 1, **options: Any) -> Result | AsyncResult:
    async def flow(client: AnyClient) -> Result | AsyncResult:
        return await got(client.run(TOOL, {"prompt": "x", "samples": count}))

    return kit.run(flow, **options)


def ended(value: Any) -> Any:
    """What a method of a result of either client gives, once that client is closed."""
    return asyncio.run(got(value))


def fetch(kit: Kit, folder: Path, count: int = 1, **options: Any) -> list[Path]:
    async def flow(client: AnyClient) -> list[Path]:
        result = await got(client.run(TOOL, {"prompt": "x", "samples": count}))
        return await got(result.download(folder, **options))

    return kit.run(flow)


@pytest.fixture
def large(kit: Kit) -> Kit:
    kit.simulator.plan(Scenario(output_size=SIZE), times=None)
    return kit


def test_a_result_without_outputs_saves_none(kit: Kit, tmp_path: Path) -> None:
    kit.simulator.faults.add("Task/Detail", faults.task_field("outputs", []), times=None)
    assert ended(result_of(kit).download(tmp_path)) == []


@pytest.mark.parametrize("error", [OSError("no links here"), NotImplementedError()])
def test_a_file_system_without_links_keeps_each_file_too(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(_self: Path, _target: Path) -> None:
        raise error

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    paths = [fetch(kit, tmp_path)[0] for _ in range(3)]
    assert [path.name for path in paths] == ["0.png", "0 (2).png", "0 (3).png"]
    assert all(path.stat().st_size > 0 for path in paths)
    assert sorted(tmp_path.iterdir()) == sorted(paths)


@pytest.mark.parametrize("path", [5, "", "a\0b", None])
def test_what_is_no_path_is_refused_before_anything_is_fetched(kit: Kit, path: Any) -> None:
    result = result_of(kit)
    requests = len(kit.simulator.requests)
    with pytest.raises(ConfigurationError, match="must be a path"):
        ended(result.outputs[0].save(path))
    with pytest.raises(ConfigurationError, match="must be a path"):
        ended(result.download(path))
    with pytest.raises(ConfigurationError, match="max_bytes"):
        ended(result.outputs[0].save("file", max_bytes=-1))
    assert len(kit.simulator.requests) == requests


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
    output = result_of(kit).outputs[0]
    target = tmp_path / "mine.png"
    target.write_text("old")
    assert ended(output.save(target)) == target
    assert target.read_bytes() == ended(output.read())
    assert ended(output.save(tmp_path)) == tmp_path / "0.png"
    assert names(tmp_path) == ["0.png", "mine.png"]


@pytest.mark.parametrize("form", ["{}/new/", "{}/new/deeper/", "{}/new//", "{}/new/."])
def test_save_into_a_folder_that_is_not_there_yet(kit: Kit, tmp_path: Path, form: str) -> None:
    output = result_of(kit).outputs[0]
    if form.endswith("."):
        (tmp_path / "new").mkdir()
    path = ended(output.save(form.format(tmp_path)))
    assert path.name == "0.png"
    assert path.parent == Path(form.format(tmp_path))
    assert path.read_bytes() == ended(output.read())


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
        whole = await got(output.read())
        for after in (1_500_000, 700_000, 10):
            large.simulator.faults.add("cdn/*", faults.cut(after))
        path = await got(output.save(tmp_path))
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


@pytest.mark.parametrize("concurrency", [1, 4])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_one_that_fails_does_not_take_the_others(
    kit: Kit, tmp_path: Path, which: int, concurrency: int
) -> None:
    """A second try goes on where the first ended."""
    kit.simulator.faults.add(f"cdn/*/{which}.png", faults.status(404))

    async def flow(client: AnyClient) -> tuple[DownloadError, list[Path], list[Path]]:
        result = await got(client.run(TOOL, {"prompt": "x", "samples": 3}))
        with pytest.raises(DownloadError) as caught:
            await got(result.download(tmp_path, concurrency=concurrency))
        there = [tmp_path / name for name in names(tmp_path)]
        return caught.value, there, await got(result.download(tmp_path, concurrency=concurrency))

    error, there, paths = kit.run(flow)
    good = [tmp_path / f"{number}.png" for number in range(3) if number != which]
    assert error.saved == there == good
    (failed,) = error.failed
    assert str(failed).startswith(f"{which}.png: HTTP 404")
    assert failed.url == error.url
    assert "1 of 3 outputs could not be saved" in str(error)
    assert copy.copy(error).saved == good
    assert [path.name for path in paths] == ["0.png", "1.png", "2.png"]
    assert names(tmp_path) == ["0.png", "1.png", "2.png"]
    assert len(kit.simulator.downloads) == 4


def test_what_was_changed_or_removed_since_is_fetched_again(kit: Kit, tmp_path: Path) -> None:
    result = result_of(kit, 3)
    ended(result.download(tmp_path))
    (tmp_path / "0.png").write_text("mine")
    (tmp_path / "1.png").unlink()
    paths = ended(result.download(str(tmp_path)))
    assert [path.name for path in paths] == ["0 (2).png", "1.png", "2.png"]
    assert (tmp_path / "0.png").read_text() == "mine"
    assert [path.name for path in ended(result.download(tmp_path / "b"))] == [
        "0.png", "1.png", "2.png",
    ]  # fmt: skip
    assert len(kit.simulator.downloads) == 3 + 2 + 3


@pytest.mark.parametrize(
    "odd",
    [
        {"name": "meta", "contenttype": "application/json"},
        {"contenttype": "raw", "content": ["a", "b"]},
        {"name": "gone.png", "url": "http://127.0.0.1:1/gone"},
        {"name": "odd", "url": "http://[x"},
        {"url": "http://[x"},
        {"name": "half \ud83d", "url": "https://a..b/\ud83d"},
        {"name": "\x1b[31m", "url": "\x1b[31m"},
        {"name": {"a": 1}, "url": ["x"], "size": {}, "content": 7, "contenttype": None},
        {"name": "n", "url": "https://" + "a" * 70, "size": 1e300},
        {"name": "n", "url": "http://x\ud83d/", "size": "-1e-999"},
    ],
)
def test_an_odd_output_is_an_error_of_its_own(
    kit: Kit, tmp_path: Path, odd: dict[str, Any]
) -> None:
    def add(answer: dict[str, Any]) -> None:
        value = {
            key: x.format(origin) if key == "url" and type(x) is str else x
            for key, x in odd.items()
        }
        answer["tasklist"][0]["outputs"].insert(0, value)

    origin = kit.simulator.origin
    kit.simulator.faults.add("Task/Detail", faults.edit(add), times=None)
    with pytest.raises(DownloadError) as caught:
        fetch(kit, tmp_path, count=2)
    assert names(tmp_path) == ["0.png", "1.png"]
    assert len(caught.value.failed) == 1
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("text", ["plain", "half \ud83d", "", "ü\n" * 1000], ids=nameless)
def test_texts_are_saved_and_read(kit: Kit, tmp_path: Path, text: str) -> None:
    outputs: Any = [{"name": "a.txt", "content": text}]
    kit.simulator.faults.add("Task/Detail", faults.task_field("outputs", outputs), times=None)
    result = result_of(kit)
    (path,) = ended(result.download(tmp_path))
    assert path.read_bytes() == text.replace("\ud83d", "\ufffd").encode()
    assert ended(result.outputs[0].read()) == path.read_bytes()
    with pytest.raises(DownloadError, match="limit") if len(text) > 4 else nullcontext():
        ended(result.outputs[0].read(max_bytes=4))


@pytest.mark.parametrize("size", [0, "0", -1, "-1", None, "", "unknown", 1e300, float("nan")])
def test_sizes_that_say_nothing_are_unknown(kit: Kit, tmp_path: Path, size: Any) -> None:
    def edit(answer: dict[str, Any]) -> None:
        answer["tasklist"][0]["outputs"][0]["size"] = size

    kit.simulator.faults.add("Task/Detail", faults.edit(edit), times=None)
    (path,) = fetch(kit, tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert result_of(kit).outputs[0].size is None


def test_an_address_with_an_odd_host_does_not_take_the_others(kit: Kit, tmp_path: Path) -> None:
    outputs: Any = [
        {"name": "odd.png", "url": "https://cdn.wiro.aixn--a_/odd.png"},
        {"name": "a.txt", "content": "good"},
    ]
    kit.simulator.faults.add("Task/Detail", faults.task_field("outputs", outputs), times=None)
    with pytest.raises(DownloadError, match="not an address") as caught:
        fetch(kit, tmp_path)
    assert caught.value.saved == [tmp_path / "a.txt"]


def test_a_text_that_cannot_be_written_is_said_with_its_path(
    kit: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    outputs: Any = [{"name": "a.txt", "content": "good"}]
    kit.simulator.faults.add("Task/Detail", faults.task_field("outputs", outputs), times=None)
    monkeypatch.setattr(PartialFile, "write", full)
    with pytest.raises(DownloadError) as caught:
        fetch(kit, tmp_path)
    path = tmp_path / "a.txt"
    assert str(caught.value) == f"a.txt: cannot write {path}: No space left on device"


def test_the_error_of_a_progress_function_keeps_its_cause(large: Kit, tmp_path: Path) -> None:
    def fail(_done: int, _total: int | None) -> None:
        raise ValueError("mine") from KeyError("cause")

    with pytest.raises(ValueError, match="mine") as caught:
        fetch(large, tmp_path, count=2, progress=fail)
    assert isinstance(caught.value.__cause__, KeyError)


def test_a_failing_progress_function_ends_the_download(
    large: Kit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    discard = PartialFile.discard

    def discard_slowly(file: PartialFile) -> None:
        # The other downloads are cancelled meanwhile.
        time.sleep(0.2)
        discard(file)

    monkeypatch.setattr(PartialFile, "discard", discard_slowly)

    def fail(_done: int, _total: int | None) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fetch(large, tmp_path, count=3, progress=fail)
    assert names(tmp_path) == []


def test_a_result_tells_itself_in_a_line_and_in_json(kit: Kit) -> None:
    result = result_of(kit, 2)
    line = str(result)
    assert line.startswith(f"task {result.task_id}: succeeded, $")
    assert line.endswith("0.png, 1.png")
    data = json.loads(json.dumps(result.to_dict()))
    assert data["cost"] == str(result.cost.normalize()) if result.cost else None
    assert [output["name"] for output in data["outputs"]] == ["0.png", "1.png"]


@pytest.mark.parametrize(
    ("cost", "exact", "shown"),
    [
        ("0.003510000000", "0.00351", "$0.00351"),
        ("1E-7", "0.0000001", "$0.0000001"),
        ("100", "100", "$100.00"),
    ],
)
def test_money_is_exact(kit: Kit, cost: str, exact: str, shown: str) -> None:
    kit.simulator.faults.add("Task/Detail", faults.task_field("totalcost", cost), times=None)
    name: Any = {"name": "\x1b[2J" + "n" * 500, "url": "https://x.example/y"}
    kit.simulator.faults.add("Task/Detail", faults.task_field("outputs", [name]), times=None)
    result = result_of(kit)
    assert result.to_dict()["cost"] == exact
    assert f"{shown}," in str(result)
    assert str(result).isprintable()
    assert len(str(result)) <= 100


@pytest.mark.parametrize("old", ["adownload", "asave", "aread"])
def test_the_old_names_for_event_loops_still_work(kit: Kit, tmp_path: Path, old: str) -> None:
    async def flow(client: AnyClient) -> object:
        result = await got(client.run(TOOL, {"prompt": "x"}))
        output = result.outputs[0]
        with pytest.warns(DeprecationWarning, match=rf"{old}\(\) is deprecated"):
            coroutine = {
                "adownload": lambda: result.adownload(tmp_path),
                "asave": lambda: output.asave(tmp_path / "0.png"),
                "aread": output.aread,
            }[old]()
        return await coroutine

    kit.run(flow)


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
    kit.simulator.faults.add("cdn/*", faults.slow(0.3))
    paths = fetch(kit, tmp_path, count=4)
    expected = ["same.png", "same (2).png", "same (3).png", "same (4).png"]
    assert [path.name for path in paths] == expected
    assert names(tmp_path) == sorted(expected)


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


@pytest.mark.parametrize("read", [safe_name, fold])
def test_long_runs_of_marks_take_time_in_proportion(read: Callable[[str], str]) -> None:
    """Python sorts the marks of a letter, in quadratic time: these would take seconds."""

    def seconds(count: int) -> float:
        begin = time.process_time()
        read("a" + "\u0301\u0316" * count)
        return time.process_time() - begin

    assert any(seconds(20_000) < 10 * max(seconds(2_000), 0.05) for _ in range(3))


def test_the_ending_of_a_long_name_is_kept() -> None:
    assert safe_name("e\u0301" * 100_000 + ".png") == "é" * 88 + ".png"


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
    assert ended(result.download(tmp_path))[0].name == "0.png"
    assert ended(result.outputs[0].read()).startswith(b"\x89PNG")


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
        await got(result.download(tmp_path))

    with pytest.raises(DownloadError, match="gave up") as caught:
        kit.run(flow, max_retries=2)
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


def test_a_free_name_is_found_in_few_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of results in one folder: each download tried all names that were taken."""
    for number in range(1, 501):
        (tmp_path / numbered("0.png", number)).touch()
    (tmp_path / "0 (77).png").unlink()
    tried: list[Path] = []
    link = Path.hardlink_to

    def note(path: Path, target: Path) -> None:
        tried.append(path)
        link(path, target)

    monkeypatch.setattr(Path, "hardlink_to", note)
    for number in range(501, 504):
        file = PartialFile(tmp_path / "0.png", replace=False)
        file.open()
        file.write([str(number).encode()])
        path = file.publish()
        assert path == tmp_path / f"0 ({number}).png"
        assert path.read_text() == str(number)
    assert len(tried) <= 6
