"""Faults on request: what networks, proxies and servers do to a client.

::

    from wiro_runtime.testing import faults

    simulator.faults.add("Task/Detail", faults.status(503), times=2)
    simulator.faults.add("Run/*", faults.reset(acts=True))
    simulator.faults.add("socket", faults.drop(after=3))

``acts`` says whether Wiro has done what the request asked for before its response is lost: a Run
has then started a task that the client knows nothing of, and that is billed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

if TYPE_CHECKING:
    from wiro_runtime.testing.tool_spec import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong with one response. Make it with the functions of this module."""

    acts: bool = False
    delay: float = 0.0
    hang: bool = False
    reset: bool = False
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""
    mangle: Callable[[bytes], bytes] | None = None
    cut: int | None = None
    drip: float | None = None
    retry_in: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketFault:
    """What goes wrong with one WebSocket once ``after`` messages about a task were sent."""

    after: int
    then: Literal["drop", "close", "silence", "insert", "repeat", "pings"]
    frame: str | bytes = b""
    code: int = 1011


AnyFault: TypeAlias = "Fault | SocketFault"


@dataclass(slots=True, kw_only=True, eq=False)
class Rule:
    """A fault and the requests that it strikes. ``seen`` and ``applied`` count them."""

    path: str
    fault: AnyFault
    nth: int
    times: int | None
    seen: int = 0
    applied: int = 0


class FaultBook:
    """The faults of one simulator, in the order in which they were added."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def add(self, path: str, fault: AnyFault, *, nth: int = 1, times: int | None = 1) -> Rule:
        """Applies ``fault`` to requests to ``path``.

        :param path: the address after ``/v1/`` (``Task/Detail``, ``Run/wiro/*``, ``socket``), or
            the whole path without its first slash (``cdn/*``, ``models/*``); ``*`` stands for
            anything.
        :param nth: the first matching request that it strikes, counted from 1 and from now on.
        :param times: how many from there on; ``None`` for all.
        """
        path = path.removeprefix("/").removeprefix("v1/")
        if isinstance(fault, SocketFault) and path != "socket":
            raise ValueError(f"path: this fault is for 'socket', not for {path!r}")
        if nth < 1:
            raise ValueError(f"nth: requests are counted from 1, got {nth}")
        rule = Rule(path=path, fault=fault, nth=nth, times=times)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        """Removes every fault."""
        self.rules.clear()

    def take(self, path: str) -> AnyFault | None:
        """The fault that strikes a request that has just come in, counting it."""
        hit: Rule | None = None
        for rule in self.rules:
            if not fnmatchcase(path, rule.path):
                continue
            rule.seen += 1
            due = rule.seen >= rule.nth and (
                rule.times is None or rule.seen < rule.nth + rule.times
            )
            if due and hit is None:
                hit = rule
        if hit is None:
            return None
        hit.applied += 1
        return hit.fault


def status(
    code: int,
    body: str | bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
    acts: bool = False,
) -> Fault:
    """An HTTP status with a body of no meaning."""
    data = body.encode() if isinstance(body, str) else body
    return Fault(acts=acts, status=code, body=data, headers=headers or {})


def error(code: int, message: str = "", *, http_status: int = 200) -> Fault:
    """An error of Wiro's, as HTTP 200 with ``result: false`` and this code."""
    return _json({"result": False, "errors": [{"code": code, "message": message}]}, http_status)


def plain_error(message: str) -> Fault:
    """An error as older responses have it: a text, without a code."""
    return _json({"result": False, "errors": [message]}, 200)


def rate_limited(
    *,
    seconds: float | None = None,
    milliseconds: int | None = None,
    date_in: float | None = None,
) -> Fault:
    """HTTP 429; ``Retry-After`` in seconds or as a date (``date_in`` seconds after the response),
    ``Retry-After-Ms``, or neither."""
    headers: dict[str, str] = {}
    if seconds is not None:
        headers["retry-after"] = f"{seconds:g}"
    if milliseconds is not None:
        headers["retry-after-ms"] = str(milliseconds)
    return Fault(status=429, body=b"Too Many Requests", headers=headers, retry_in=date_in)


def html(code: int = 200, *, acts: bool = False) -> Fault:
    """A page where JSON was expected, as from a proxy."""
    page = b"<!doctype html><title>502 Bad Gateway</title><h1>Bad Gateway</h1>"
    headers = {"content-type": "text/html; charset=utf-8"}
    return Fault(acts=acts, status=code, body=page, headers=headers)


def redirect(location: str, code: int = 302) -> Fault:
    """A redirect to another address."""
    return Fault(status=code, headers={"location": location})


def reset(*, acts: bool = False) -> Fault:
    """The connection is reset instead of a response."""
    return Fault(acts=acts, reset=True)


def hang(*, acts: bool = False) -> Fault:
    """The request is read and never answered."""
    return Fault(acts=acts, hang=True)


def slow(seconds: float) -> Fault:
    """The right response, ``seconds`` late."""
    return Fault(acts=True, delay=seconds)


def drip(seconds: float) -> Fault:
    """The right response, one byte every ``seconds``: it keeps a read limit from ever passing."""
    return Fault(acts=True, drip=seconds)


def cut(after: int) -> Fault:
    """The right response, but the connection ends after ``after`` bytes of its body."""
    return Fault(acts=True, cut=after)


def short(by: int = 1) -> Fault:
    """A whole response whose body lacks its last ``by`` bytes: fewer than ``size`` promised."""
    return Fault(acts=True, mangle=lambda data: data[:-by])


def long(by: int = 1) -> Fault:
    """A whole response whose body has ``by`` bytes too many."""
    return Fault(acts=True, mangle=lambda data: data + b"\0" * by)


def truncated() -> Fault:
    """A response that is complete for HTTP, with the first half of the JSON."""
    return Fault(acts=True, mangle=lambda data: data[: len(data) // 2])


def invalid_utf8() -> Fault:
    """The right JSON with two bytes in it that no UTF-8 text has."""
    return Fault(acts=True, mangle=lambda data: data[:2] + b"\xff\xfe" + data[2:])


def edit(change: Callable[[dict[str, Any]], object]) -> Fault:
    """The right response, its JSON changed by ``change``: in place, or by what it returns unless
    that is ``None``."""

    def mangle(data: bytes) -> bytes:
        response = json.loads(data)
        changed = change(response)
        return json.dumps(response if changed is None else changed).encode()

    return Fault(acts=True, mangle=mangle)


def task_field(name: str, value: Json) -> Fault:
    """The right response with another value in a field of its task (of the response, if it has no
    task): an unknown ``status``, a number that is none, an odd ``pexit``."""
    return edit(lambda response: _part(response).__setitem__(name, value))


def without(name: str) -> Fault:
    """The right response without a field of its task (of the response, if it has no task)."""
    return edit(lambda response: _part(response).pop(name, None) and None)


def empty_tasklist() -> Fault:
    """The right response with no task in it."""
    return edit(lambda response: response.update(tasklist=[], total="0"))


def drop(after: int = 0) -> SocketFault:
    """The WebSocket's connection ends after ``after`` messages, without a closing handshake."""
    return SocketFault(after=after, then="drop")


def close(after: int = 0, code: int = 1011) -> SocketFault:
    """The WebSocket is closed properly, with ``code``, after ``after`` messages."""
    return SocketFault(after=after, then="close", code=code)


def silence(after: int = 0) -> SocketFault:
    """The WebSocket stays open but says nothing any more after ``after`` messages."""
    return SocketFault(after=after, then="silence")


def pings(after: int = 0) -> SocketFault:
    """The WebSocket sends pings without end after ``after`` messages, and reads nothing."""
    return SocketFault(after=after, then="pings")


def insert(frame: str | bytes, after: int = 0) -> SocketFault:
    """A frame of text or bytes comes in between, whatever it holds."""
    return SocketFault(after=after, then="insert", frame=frame)


def repeat(after: int = 1) -> SocketFault:
    """The message before comes once more."""
    return SocketFault(after=after, then="repeat")


def _json(response: object, code: int) -> Fault:
    headers = {"content-type": "application/json"}
    return Fault(status=code, body=json.dumps(response).encode(), headers=headers)


def _part(response: dict[str, Any]) -> dict[str, Any]:
    tasks = cast("list[dict[str, Any]]", response.get("tasklist") or [])
    return tasks[0] if tasks else response
