"""What another page, another host or a hostile output can do to a studio: nothing."""

from __future__ import annotations

import json
import re
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from studio.conftest import EDITOR, KEY, SECRET, TOKEN, WRITER, Running
from wiro_runtime.studio.records import Run
from wiro_runtime.testing import Scenario

PATHS = ("/", "/assets/main.js", "/studio/runs", "/studio/runs/" + "a" * 32)
REFUSED: dict[str, tuple[dict[str, str | None], int]] = {
    "a name that was rebound to loopback": ({"Host": "evil.example:{port}"}, 421),
    "another port": ({"Host": "127.0.0.1:1"}, 421),
    "no port": ({"Host": "127.0.0.1"}, 421),
    "localhost, whose cookies others share": ({"Host": "localhost:{port}"}, 421),
    "localhost as a full name": ({"Host": "localhost.:{port}"}, 421),
    "the address as a full name": ({"Host": "127.0.0.1.:{port}"}, 421),
    "the address, shortened": ({"Host": "127.1:{port}"}, 421),
    "the address as one number": ({"Host": "2130706433:{port}"}, 421),
    "every address": ({"Host": "0.0.0.0:{port}"}, 421),
    "loopback of IPv6": ({"Host": "[::1]:{port}"}, 421),
    "the address inside IPv6": ({"Host": "[::ffff:127.0.0.1]:{port}"}, 421),
    "a port with a zero before it": ({"Host": "127.0.0.1:0{port}"}, 421),
    "a user before the address": ({"Host": "x@127.0.0.1:{port}"}, 421),
    "a page with https": ({"Origin": "https://127.0.0.1:{port}"}, 403),
    "a page of localhost": ({"Origin": "http://localhost:{port}"}, 403),
    "an origin and more": ({"Origin": "http://127.0.0.1:{port}, https://evil.example"}, 403),
    "a page of another site": ({"Origin": "https://evil.example"}, 403),
    "a page of another port": ({"Origin": "http://127.0.0.1:1"}, 403),
    "a page without a name": ({"Origin": "null"}, 403),
    "a link or picture of another site": ({"Sec-Fetch-Site": "cross-site"}, 403),
    "a page of this site, another port": ({"Sec-Fetch-Site": "same-site"}, 403),
    "no cookie": ({"Cookie": None}, 403),
    "a wrong cookie": ({"Cookie": "wiro-studio-{port}=wrong"}, 403),
    "the cookie of another studio": ({"Cookie": f"wiro-studio-1={TOKEN}"}, 403),
    "an odd cookie": ({"Cookie": "wiro-studio-{port}=ä"}, 403),
}


def test_requests_of_others_are_refused(studio: Running) -> None:
    for case, (given, status) in REFUSED.items():
        headers: dict[str, Any] = {
            name: value and value.format(port=studio.port).encode() for name, value in given.items()
        }
        for path in PATHS:
            refused = studio.send("GET", path, headers=headers)
            assert refused.status_code == status, (case, path)
        started = studio.send("POST", "/studio/runs", json={}, headers=headers)
        assert started.status_code == status, case
        upload = studio.send("POST", "/studio/files?name=a", content=b"x", headers=headers)
        assert upload.status_code == status, case
    assert studio.simulator.runs == []
    assert not list(studio.folder.glob("uploads/*"))


def test_what_changes_something_needs_an_origin(studio: Running) -> None:
    for method in ("POST", "DELETE"):
        response = studio.send(method, "/studio/runs/" + "a" * 32, headers={"Origin": None})
        assert response.status_code == 403
    assert studio.send("GET", "/", headers={"Origin": None}).status_code == 200


def test_the_token_becomes_a_cookie_and_leaves_the_address(studio: Running) -> None:
    options: dict[str, Any] = {"headers": {"Cookie": None, "Origin": None}}
    response = studio.send("GET", f"/a%20b/?x=1&token={TOKEN}", **options)
    assert response.status_code == 303
    assert response.headers["location"] == "/a%20b/?x=1"
    cookie = response.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    for wrong in ("token=wrong", "token=", f"token={TOKEN}&token={TOKEN}"):
        assert studio.send("GET", f"/?{wrong}", **options).status_code == 403
    elsewhere = studio.send("GET", f"//evil.example/?token={TOKEN}", **options)
    assert elsewhere.headers["location"] == "/evil.example/"


def test_no_response_lets_another_page_read_it(studio: Running) -> None:
    for path in (*PATHS, "/nothing"):
        headers = studio.send("GET", path).headers
        assert not [name for name in headers if name.startswith("access-control-")]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    preflight = studio.send("OPTIONS", "/studio/runs", headers={"Origin": "https://evil.example"})
    assert preflight.status_code == 403


def test_pages_run_only_the_scripts_that_they_were_built_with(studio: Running) -> None:
    response = studio.send("GET", "/")
    assert '<head><meta name="wt-studio" content="live">' in response.text
    policy = dict(
        part.split(" ", 1) for part in response.headers["content-security-policy"].split("; ")
    )
    assert policy["default-src"] == "'none'"
    assert re.fullmatch(r"'self' 'sha256-[\w+/]{43}='", policy["script-src"])
    assert "unsafe" not in policy["script-src"]
    assert policy["frame-ancestors"] == "'none'"
    assert policy["connect-src"] == "'self'"


def test_large_uploads_are_refused(studio: Running) -> None:
    kept = studio.send("POST", "/studio/files?name=a.png", content=b"x" * 1000)
    assert kept.status_code == 201
    assert studio.send("POST", "/studio/files?name=b", content=b"x" * 1001).status_code == 413
    assert [path.name for path in studio.folder.glob("uploads/*/*")] == ["a.png"]
    large = b'{"x": "' + b"x" * 5_000_000
    assert studio.send("POST", "/studio/runs", content=large).status_code == 413


def raw(studio: Running, *lines: str) -> bytes:
    """What the studio says to a request as it is written here."""
    with socket.create_connection(("127.0.0.1", studio.port), timeout=30) as connection:
        connection.sendall("\r\n".join((*lines, "Connection: close", "", "")).encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_request_for_another_host_is_refused_however_it_is_written(studio: Running) -> None:
    cookie = f"Cookie: wiro-studio-{studio.port}={TOKEN}"
    own = f"Host: 127.0.0.1:{studio.port}"
    assert b" 200 " in raw(studio, "GET / HTTP/1.1", own, cookie)
    for lines in (
        ("GET / HTTP/1.1", own, "Host: evil.example", cookie),
        ("GET / HTTP/1.1", "Host: evil.example", own, cookie),
        ("GET / HTTP/1.1", "Host:", cookie),
        ("GET / HTTP/1.0", cookie),
        ("GET http://evil.example/ HTTP/1.1", "Host: evil.example", cookie),
    ):
        assert b" 200 " not in raw(studio, *lines), lines
    forwarded = raw(
        studio, "GET / HTTP/1.1", "Host: evil.example", f"X-Forwarded-Host: {own[6:]}", cookie
    )
    assert b" 421 " in forwarded


def test_no_socket_is_opened_for_any_page(studio: Running) -> None:
    for origin in (studio.origin, "https://evil.example"):
        response = raw(
            studio,
            "GET /studio/runs HTTP/1.1",
            f"Host: 127.0.0.1:{studio.port}",
            f"Cookie: wiro-studio-{studio.port}={TOKEN}",
            f"Origin: {origin}",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        )
        assert b" 101 " not in response


def test_the_events_of_a_run_are_for_its_own_pages(studio: Running) -> None:
    studio.start()
    for headers in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": None},
        {"Cookie": None},
    ):
        response = studio.send("GET", f"/studio/runs/{'a' * 32}/events", headers=headers)
        assert response.status_code == 403


def test_many_watchers_keep_nobody_out(studio: Running) -> None:
    studio.simulator.plan(Scenario(stuck="task_queue"))
    studio.start()
    with ExitStack() as stack:
        for _ in range(100):
            connection = socket.create_connection(("127.0.0.1", studio.port), timeout=30)
            stack.enter_context(connection)
            connection.sendall(
                f"GET /studio/runs/{'a' * 32}/events HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\n"
                f"Cookie: wiro-studio-{studio.port}={TOKEN}\r\n\r\n".encode()
            )
        path = f"/studio/runs/{'a' * 32}"
        assert studio.send("POST", f"{path}/stop").json() == {"stopped": True}
        assert studio.wait()["state"] == "cancelled"


def test_a_method_cannot_be_put_on(studio: Running) -> None:
    studio.start()
    studio.wait()
    path = f"/studio/runs/{'a' * 32}"
    for name in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
        assert studio.send("GET", path, headers={name: "DELETE"}).status_code == 200
        assert studio.send("GET", f"{path}?_method=DELETE").status_code == 200
    for method in ("PUT", "PATCH", "TRACE", "PROPFIND"):
        assert studio.send(method, path).status_code in (400, 404, 405)
    assert studio.send("GET", path).json()["state"] == "succeeded"


@pytest.mark.parametrize(
    "others",
    [
        'x={"a":"b c"}; {own}',
        "{own}; =; ;; a b=c; ü=ö",
        "wiro-studio-{port}=planted; {own}",
        "{own}; wiro-studio-{port}=planted",
        "$Version=1; {own}",
    ],
)
def test_cookies_of_other_servers_of_this_computer_are_not_in_the_way(
    studio: Running, others: str
) -> None:
    """Cookies do not know ports: what listens beside the studio may set some, too."""
    own = f"wiro-studio-{studio.port}={TOKEN}"
    cookie = others.replace("{own}", own).replace("{port}", str(studio.port))
    assert studio.send("GET", "/", headers={"Cookie": cookie.encode()}).status_code == 200
    planted = cookie.replace(TOKEN, "x").encode()
    assert studio.send("GET", "/", headers={"Cookie": planted}).status_code == 403


def test_an_upload_without_an_end_is_not_kept(studio: Running) -> None:
    """One that is broken off, and one in small parts that is longer than what is taken."""
    head = (
        f"POST /studio/files?name=x.png HTTP/1.1\r\nHost: 127.0.0.1:{studio.port}\r\n"
        f"Cookie: wiro-studio-{studio.port}={TOKEN}\r\nOrigin: {studio.origin}\r\n"
    )
    with socket.create_connection(("127.0.0.1", studio.port), timeout=30) as connection:
        connection.sendall(f"{head}Content-Length: 500\r\n\r\nabc".encode())
    with socket.create_connection(("127.0.0.1", studio.port), timeout=30) as connection:
        connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        with suppress(OSError):
            for _ in range(2000):
                connection.sendall(b"1\r\nx\r\n")
        assert b" 413 " in connection.recv(65536)
    deadline = time.monotonic() + 30
    while list(studio.folder.glob("uploads/*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not list(studio.folder.glob("uploads/*"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a\r\nSet-Cookie: x=y.svg", "image/svg+xml"),
        ('a".html; filename=b.exe', "text/html"),
        ("ü\u202egpj", "image/png\r\nX-Evil: 1"),
        ("a.png", "ä"),
    ],
)
def test_no_output_adds_a_header_or_runs(studio: Running, name: str, kind: str) -> None:
    studio.start()
    studio.wait()
    folder = studio.folder / "runs" / ("a" * 32)
    record = json.loads((folder / "run.json").read_text("utf-8"))
    record["outputs"] = [{**record["outputs"][0], "file": name, "type": kind}]
    (folder / "run.json").write_text(json.dumps(record), "utf-8")
    (folder / "outputs" / name).write_text("<svg onload='alert(1)'/>", "utf-8")
    again = studio.restart()
    response = again.send("GET", f"/studio/runs/{'a' * 32}/outputs/0")
    assert response.status_code == 200
    assert not {"set-cookie", "x-evil"} & set(response.headers)
    assert "sandbox" in response.headers["content-security-policy"]
    assert response.headers["content-type"].partition(";")[0] in {
        "image/svg+xml", "text/plain", "application/octet-stream"
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["../../x.png", "..\\..\\x.png", "/etc/passwd", "CON", "", "\x00\n", "a" * 999]
)
def test_a_name_of_an_upload_leads_nowhere_else(studio: Running, name: str) -> None:
    response = studio.send("POST", "/studio/files", params={"name": name}, content=b"x")
    path = Path(response.json()["path"])
    assert path.is_file()
    assert path.parent.parent == studio.folder / "uploads"


def test_a_form_opens_no_file_of_the_computer(studio: Running, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    for path in (str(secret), str(studio.folder / "uploads" / ("a" * 24) / ".." / "secret.txt")):
        values = {"prompt": "x", "input_image": {"file": path}}
        response = studio.start(EDITOR, values=values)
        assert response.status_code == 422
        assert "input_image" in response.json()["problems"]
    assert studio.simulator.runs == []


def test_paths_lead_out_of_nothing(studio: Running) -> None:
    studio.start()
    studio.wait()
    for path in (
        "/..%2fsecret.txt",
        "/%2e%2e/secret.txt",
        f"/studio/files/{'a' * 24}/..%2f..%2fsecret.txt",
        "/studio/files/../secret.txt",
        f"/studio/runs/{'a' * 32}/outputs/..%2f..%2frun.json",
        f"/studio/runs/{'a' * 32}/outputs/-1",
        f"/studio/runs/{'a' * 32}/outputs/99",
        f"/studio/runs/{'a' * 32}/outputs/{'9' * 5000}",
        f"/studio/runs/{'a' * 32}/outputs/٠",
        "/studio/runs/..%2f..%2fsecret/outputs/0",
    ):
        response = studio.send("GET", path)
        assert response.status_code == 404, path
        assert b"not of the site" not in response.content
    record = studio.folder / "runs" / ("a" * 32) / "run.json"
    assert record.is_file()


def test_a_record_that_names_another_file_serves_none(studio: Running) -> None:
    studio.start()
    studio.wait()
    # What a hostile name would have to become.
    from wiro_runtime.studio.records import Run
    from wiro_runtime.studio.runs import Runs

    folder = studio.folder / "runs" / ("a" * 32)
    run = Run.load(folder)
    assert run is not None
    runs = Runs.__new__(Runs)
    runs._folder = studio.folder / "runs"
    assert runs.output(run, 0) is not None
    for name in ("../run.json", "..", "", str(folder / "run.json")):
        run.outputs[0]["file"] = name
        assert runs.output(run, 0) is None


def test_text_of_a_tool_stays_text(studio: Running) -> None:
    html = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    studio.simulator.plan(Scenario(kind="text", answer=html))
    studio.start(WRITER)
    run = studio.wait()
    assert run["text"] == html
    response = studio.send("GET", f"/studio/runs/{'a' * 32}/outputs/0")
    kind = response.headers["content-type"]
    shown_as_file = response.headers["content-disposition"].startswith("attachment")
    assert shown_as_file or kind.startswith("text/plain")
    assert "sandbox" in response.headers["content-security-policy"]


ODD = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"id": 1}',
    b"[" * 100_000,
    json.dumps({"id": "../x", "tool": "a", "values": {}, "form": {}}).encode(),
    json.dumps({"id": "a" * 32, "tool": [], "values": {}, "form": {}}).encode(),
    json.dumps({"id": "a" * 32, "tool": "a", "values": [], "form": {}}).encode(),
    json.dumps({"id": "a" * 32, "tool": "a", "values": {}, "form": {"a": {}}}).encode(),
    json.dumps({"id": "a" * 32, "tool": "a", "values": {}, "form": {}, "more": 1}).encode(),
    # Half a character, which no record of a run could hold.
    json.dumps({"id": "a" * 32, "tool": EDITOR, "values": {}, "form": {"a": "\ud800"}}).encode(),
    json.dumps({"id": "a" * 32, "tool": EDITOR, "values": {}, "form": {"\ud800": ""}}).encode(),
]


def test_odd_requests_are_refused(studio: Running) -> None:
    for body in ODD:
        response = studio.send("POST", "/studio/runs", content=body)
        assert response.status_code == 400, body[:80]
    assert studio.simulator.runs == []


def test_the_key_is_in_no_response_and_no_file(studio: Running) -> None:
    studio.start()
    studio.wait()
    studio.start(run="b", values={"samples": "none"})
    studio.simulator.api_key = "another"
    for path in (*PATHS, "/studio/runs/" + "a" * 32):
        studio.send("GET", path)
    everything = b"".join(studio.seen)
    for path in studio.folder.rglob("*"):
        if path.is_file():
            everything += path.read_bytes()
    assert KEY.encode() not in everything
    assert SECRET.encode() not in everything


def test_a_record_replaces_links_and_not_what_they_lead_to(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine")
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("run.json", "run.json.part"):
        (folder / name).symlink_to(tmp_path / "victim")
    Run(id="run", tool="a/b").save(folder)
    assert (tmp_path / "victim").read_text() == "mine"
    assert Run.load(folder) is not None
