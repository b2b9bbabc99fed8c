"""What a client is told once: who it is, where Wiro is, how long to wait."""

from __future__ import annotations

import ipaddress
import os
import random
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias
from urllib.parse import urlsplit

from wiro_runtime.checks import (
    check_duration,
    check_functions,
    check_kind,
    check_number,
    check_whole,
    shown,
)
from wiro_runtime.errors import ConfigurationError
from wiro_runtime.hooks import Hooks
from wiro_runtime.http.logs import SHORTEST, redact_logs
from wiro_runtime.results.addresses import host_set
from wiro_runtime.tasks.schedule import PollSchedule

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

BASE_URL: Final = "https://api.wiro.ai/v1"
SOCKET_URL: Final = "wss://socket.wiro.ai/v1"

OnInterrupt: TypeAlias = Literal["leave", "stop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits in seconds, none of them infinite.

    ``connect``: to open a connection. ``request``: for one request, from its first byte to the
    last of the answer, however slowly the server drips. ``stall``: between two pieces of a file.
    ``transfer``: for one file, up or down. ``silence``: of a WebSocket, before the task is looked
    at. ``wait``: for a task, unless the call says otherwise.
    """

    connect: float = 10.0
    request: float = 60.0
    stall: float = 30.0
    transfer: float = 3600.0
    silence: float = 20.0
    wait: float = 24 * 3600.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            check_duration(f"timeouts.{name}", getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How reads are repeated: ``attempts`` in all, the delays doubling from ``first`` to ``cap``
    seconds, each drawn from its upper half. ``Retry-After`` is obeyed up to ``after_cap``."""

    attempts: int = 5
    first: float = 0.5
    cap: float = 20.0
    after_cap: float = 120.0

    def __post_init__(self) -> None:
        check_whole("retries.attempts", self.attempts, 1)
        for name in ("first", "cap", "after_cap"):
            check_number(f"retries.{name}", getattr(self, name))

    def delay(self, failures: int, retry_after: float | None, random: Callable[[], float]) -> float:
        """Seconds before the next attempt, after ``failures`` (1 or more) in a row."""
        backoff = min(self.cap, self.first * 2 ** min(failures - 1, 32)) * (0.5 + random() / 2)
        return max(backoff, min(retry_after or 0.0, self.after_cap))


async def _async_sleep(seconds: float) -> None:
    import asyncio  # noqa: PLC0415 - costs a third of our import time, and Wiro never needs it

    await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Clock (monotonic seconds), sleep and randomness (0 to 1), so that tests need not wait."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], object] = time.sleep
    async_sleep: Callable[[float], Awaitable[object]] = _async_sleep
    random: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        check_functions(self, self.__slots__, optional=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is fixed for the life of a client. Its repr shows no secret."""

    api_key: str = field(repr=False)
    api_secret: str | None = field(repr=False)
    base_url: str
    socket_url: str | None
    project_id: str | None
    poll: PollSchedule
    timeouts: Timeouts
    retries: Retries
    timing: Timing
    max_concurrency: int
    allow_hosts: frozenset[str]
    on_interrupt: OnInterrupt
    hooks: Hooks

    @property
    def local(self) -> bool:
        """Whether Wiro is simulated on this computer, where no proxy belongs in between."""
        return self.base_url.startswith("http://")

    def public(self) -> Settings:
        """What somebody else needs who fetches files: the limits, and nothing that is secret."""
        return replace(
            self,
            api_key="",
            api_secret=None,
            socket_url=None,
            project_id=None,
            timing=Timing(),
            hooks=Hooks(),
        )

    def redact(self, text: str) -> str:
        """``text`` without the key and the secret, should a server have echoed them."""
        for secret in (self.api_key, self.api_secret):
            if secret and len(secret) >= SHORTEST:
                text = text.replace(secret, "***")
        return text


def load_settings(
    *,
    api_key: str | None = None,
    api_secret: str | None = None,
    base_url: str | None = None,
    socket_url: str | None = None,
    project_id: str | None = None,
    poll: PollSchedule | None = None,
    timeouts: Timeouts | None = None,
    retries: Retries | None = None,
    timing: Timing | None = None,
    max_concurrency: int = 32,
    allow_hosts: Iterable[str] = (),
    on_interrupt: OnInterrupt = "leave",
    hooks: Hooks | None = None,
) -> Settings:
    """Settings from arguments and, for what is not given, the ``WIRO_…`` environment variables.

    Key and secret are a pair: a secret from the environment is never used with a key from the
    caller. Without an address for WebSockets there is one only with Wiro's own base address: a
    token is nothing for a server that nobody has named. Raises :class:`ConfigurationError`, which
    never shows either.
    """
    if api_key is None:
        api_key = os.environ.get("WIRO_API_KEY", "").strip()
        if api_secret is None:
            api_secret = os.environ.get("WIRO_API_SECRET", "").strip()
    if api_key == "":
        raise ConfigurationError(
            "no API key: set WIRO_API_KEY (and WIRO_API_SECRET, unless the project has none) "
            "or pass api_key="
        )
    for name, value in (
        ("API key", api_key),
        ("API secret", "" if api_secret is None else api_secret),
    ):
        if not isinstance(value, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
            raise ConfigurationError(f"the {name} is text, not {type(value).__name__}")
        if not value.isascii() or not value.isprintable() or " " in value:
            raise ConfigurationError(f"the {name} holds characters that no key of Wiro's has")
    redact_logs(api_key, api_secret)
    check_whole("max_concurrency", max_concurrency, 1)
    if on_interrupt not in ("leave", "stop"):
        raise ConfigurationError(f"on_interrupt is 'leave' or 'stop', not {shown(on_interrupt)}")
    if project_id is not None and (not isinstance(project_id, str) or not project_id.strip()):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
        raise ConfigurationError(f"project_id is text, not {shown(project_id)}")
    poll = PollSchedule() if poll is None else poll
    timeouts = Timeouts() if timeouts is None else timeouts
    retries = Retries() if retries is None else retries
    timing = Timing() if timing is None else timing
    hooks = Hooks() if hooks is None else hooks
    for kind, value in (
        (PollSchedule, poll),
        (Timeouts, timeouts),
        (Retries, retries),
        (Timing, timing),
        (Hooks, hooks),
    ):
        check_kind("poll" if kind is PollSchedule else kind.__name__.lower(), value, kind)
    base_url = _address(base_url, "WIRO_BASE_URL", BASE_URL, "http")
    if socket_url is None and not os.environ.get("WIRO_SOCKET_URL", "").strip():
        socket_url = SOCKET_URL if base_url == BASE_URL else ""
    return Settings(
        api_key=api_key,
        api_secret=api_secret or None,
        base_url=base_url,
        socket_url=(
            None if socket_url == "" else _address(socket_url, "WIRO_SOCKET_URL", SOCKET_URL, "ws")
        ),
        project_id=project_id,
        poll=poll,
        timeouts=timeouts,
        retries=retries,
        timing=timing,
        max_concurrency=max_concurrency,
        allow_hosts=host_set(allow_hosts),
        on_interrupt=on_interrupt,
        hooks=hooks,
    )


def _address(given: str | None, variable: str, default: str, scheme: str) -> str:
    if given is not None and not isinstance(given, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
        raise ConfigurationError(f"an address is text, not {type(given).__name__}")
    address = (given or os.environ.get(variable, "").strip() or default).rstrip("/")
    where = variable if given is None else variable.removeprefix("WIRO_").lower()
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        raise ConfigurationError(f"{where} is not an address") from None
    if parts.username is not None or parts.query or parts.fragment or not parts.hostname:
        raise ConfigurationError(f"{where} must be {scheme}s://HOST/PATH and nothing more")
    if parts.scheme == f"{scheme}s" or (parts.scheme == scheme and is_loopback(parts.hostname)):
        return address
    raise ConfigurationError(
        f"{where} must begin with {scheme}s://; plain {scheme}:// only reaches this computer"
    )


def is_loopback(host: str) -> bool:
    """Whether ``host`` is this computer by its name or number; nothing is looked up."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
