"""Speaks to a simulator with nothing but the standard library; signs on its own account."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wiro_runtime.testing import Simulator

_nonces = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def error(self) -> tuple[int, str]:
        """Code and message of a refusal, which must be exactly one."""
        body = self.json
        assert body["result"] is False
        (error,) = body["errors"]
        return error["code"], error["message"]

    @property
    def task(self) -> Any:
        body = self.json
        assert body["result"] is True, body
        (task,) = body["tasklist"]
        return task


def sign(key: str, secret: str, nonce: str) -> str:
    return hmac.new(key.encode(), (secret + nonce).encode(), hashlib.sha256).hexdigest()


def credentials(sim: Simulator, nonce: str | None = None) -> list[tuple[str, str]]:
    if sim.api_secret is None:
        return [("x-api-key", sim.api_key)]
    nonce = nonce or str(next(_nonces))
    return [
        ("x-api-key", sim.api_key),
        ("x-nonce", nonce),
        ("x-signature", sign(sim.api_key, sim.api_secret, nonce)),
    ]


def send(
    sim: Simulator,
    method: str,
    path: str,
    headers: Sequence[tuple[str, str]] = (),
    data: bytes = b"",
    *,
    timeout: float = 60,
) -> Answer:
    """One request on a connection of its own, headers as given and in that order."""
    connection = http.client.HTTPConnection(sim.origin.removeprefix("http://"), timeout=timeout)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        if data or method == "POST":
            connection.putheader("content-length", str(len(data)))
        connection.endheaders(data or None)
        response = connection.getresponse()
        body = response.read()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, body)
    finally:
        connection.close()


def post(sim: Simulator, path: str, body: object, **options: Any) -> Answer:
    """A signed JSON request to an address below ``/v1/``."""
    headers = [*credentials(sim), ("content-type", "application/json")]
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return send(sim, "POST", f"/v1/{path}", headers, data, **options)


def run(sim: Simulator, tool: str = "wiro/painter", **inputs: Any) -> Any:
    """Runs a tool; the answer must be an acceptance."""
    answer = post(sim, f"Run/{tool}", {"prompt": "a lighthouse", **inputs}).json
    assert answer["result"] is True, answer
    return answer


def detail(sim: Simulator, taskid: str) -> Any:
    return post(sim, "Task/Detail", {"taskid": taskid}).task


def get(sim: Simulator, url: str, headers: Mapping[str, str] | None = None) -> Answer:
    return send(sim, "GET", url.removeprefix(sim.origin), list((headers or {}).items()))


@dataclass(frozen=True)
class Part:
    name: str
    value: str | bytes
    filename: str | None = None
    content_type: str = "application/octet-stream"


def multipart(parts: Sequence[Part]) -> tuple[str, bytes]:
    """Content type and bytes of a multipart body, built by hand."""
    boundary = "the-boundary-of-these-tests"
    lines: list[bytes] = []
    for part in parts:
        disposition = f'Content-Disposition: form-data; name="{part.name}"'
        head = [disposition]
        if part.filename is not None:
            head = [f'{disposition}; filename="{part.filename}"']
            head.append(f"Content-Type: {part.content_type}")
        value = part.value if isinstance(part.value, bytes) else part.value.encode()
        lines += [f"--{boundary}".encode(), *(line.encode() for line in head), b"", value]
    lines += [f"--{boundary}--".encode(), b""]
    return f"multipart/form-data; boundary={boundary}", b"\r\n".join(lines)


def post_parts(sim: Simulator, path: str, *parts: Part) -> Answer:
    content_type, data = multipart(parts)
    headers = [*credentials(sim), ("content-type", content_type)]
    return send(sim, "POST", f"/v1/{path}", headers, data)
