"""What a client is told once: its key, where Wiro is, how long to wait."""

from __future__ import annotations

import ipaddress
import os
import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, TypeVar, cast
from urllib.parse import urlsplit

from wiro_runtime.errors import ConfigurationError
from wiro_runtime.hooks import Hooks
from wiro_runtime.http.logs import redact_logs
from wiro_runtime.http.signing import Credentials
from wiro_runtime.inputs.arguments import (
    check_duration,
    check_number,
    check_whole,
)
from wiro_runtime.inputs.messages import shown
from wiro_runtime.results.addresses import host_set

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

BASE_URL: Final = "https://api.wiro.ai/v1"
SOCKET_URL: Final = "wss://socket.wiro.ai/v1"

T = TypeVar("T")

_JITTER: Final = 0.2

OnInterrupt: TypeAlias = Literal["leave", "stop"]

_MAX_RETRY_AFTER: Final = 120.0
"""Seconds up to which a server's ``Retry-After`` is obeyed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Limits in seconds, none of them infinite.

    ``connect``: to open a connection. ``request``: for one request, from the moment it has its
    place among ``max_concurrency`` others to the last byte of its response. ``read``: between two
    pieces of a file. ``transfer``: for one file, up or down. ``socket_idle``: of a WebSocket
    without frames, before Task/Detail is asked. ``wait``: for a task, unless the call says
    otherwise.
    """

    connect: float = 10.0
    request: float = 60.0
    read: float = 30.0
    transfer: float = 3600.0
    socket_idle: float = 20.0
    wait: float = 24 * 3600.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            check_duration(f"timeouts.{name}", getattr(self, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How idempotent calls are repeated: ``attempts`` in all, the delays doubling from
    ``initial_delay`` to ``max_delay`` seconds, each drawn from its upper half. ``Retry-After`` is
    obeyed up to 120 s."""

    attempts: int = 5
    initial_delay: float = 0.5
    max_delay: float = 20.0

    def __post_init__(self) -> None:
        check_whole("retries.attempts", self.attempts, 1)
        for name in ("initial_delay", "max_delay"):
            check_number(f"retries.{name}", getattr(self, name))

    def delay(self, failures: int, retry_after: float | None, random: Callable[[], float]) -> float:
        """Seconds before the next attempt, after ``failures`` (1 or more) in a row."""
        longest = min(self.max_delay, self.initial_delay * 2.0 ** min(failures - 1, 32))
        return max(longest * (0.5 + random() / 2), min(retry_after or 0.0, _MAX_RETRY_AFTER))


@dataclass(frozen=True, slots=True, kw_only=True)
class PollSchedule:
    """Seconds between two requests for the state of a task, by the seconds since its submission.

    ``intervals`` are pairs ``(from age, interval)`` in growing order, the first one from 0. Each
    interval is a fifth shorter or longer by chance, so that many tasks submitted at once do not ask
    at once.
    """

    intervals: tuple[tuple[float, float], ...] = ((0.0, 2.0), (30.0, 5.0), (120.0, 10.0))

    def __post_init__(self) -> None:
        # A schedule that fails does so after the run was billed.
        intervals = cast("Any", self.intervals)
        if type(intervals) not in (tuple, list) or not all(map(_is_pair, intervals)):
            raise ConfigurationError("intervals must be pairs: (from age, seconds)")
        for age, seconds in self.intervals:
            check_number("an age of a poll schedule", age)
            check_duration("every interval", seconds)
        ages = [age for age, _ in self.intervals]
        if not ages or ages[0] != 0 or ages != sorted(set(ages)):
            raise ConfigurationError("intervals must begin at age 0 and grow")

    @classmethod
    def every(cls, seconds: float) -> PollSchedule:
        """One interval for all ages."""
        return cls(intervals=((0.0, seconds),))

    def delay(self, age: float, random: Callable[[], float]) -> float:
        """Seconds to wait when the task is ``age`` seconds old; ``random`` gives 0 to 1."""
        interval = next(
            interval for start, interval in reversed(self.intervals) if age >= start or start == 0
        )
        return interval * (1 + _JITTER * (2 * random() - 1))


def _is_pair(value: object) -> bool:
    return isinstance(value, (tuple, list)) and len(cast("tuple[Any, ...]", value)) == 2


async def _sleep(seconds: float) -> None:
    import asyncio  # noqa: PLC0415 - a fifth of the import time of this package

    await asyncio.sleep(seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Clock (monotonic seconds), sleep and randomness (0 to 1), so that tests need not wait."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[object]] = _sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that is fixed for the life of a client. ``credentials`` is ``None`` in the copy
    that results carry, which only fetch files."""

    credentials: Credentials | None
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
    default_headers: Mapping[str, str] = field(repr=False)

    @property
    def local(self) -> bool:
        """Whether Wiro is simulated on this computer, where no proxy belongs in between."""
        return self.base_url.startswith("http://")

    @property
    def account(self) -> str:
        """The fingerprint of the key and the server, by which records tell whose a run is."""
        return "" if self.credentials is None else self.credentials.fingerprint(self.base_url)

    def public(self) -> Settings:
        """The settings of downloads: the limits, and nothing that is secret."""
        return replace(
            self,
            credentials=None,
            socket_url=None,
            project_id=None,
            timing=Timing(),
            hooks=Hooks(),
            default_headers={},
        )


def load_settings(
    *,
    credentials: Credentials | ConfigurationError | None = None,
    base_url: str | None = None,
    socket_url: str | None = None,
    project_id: str | None = None,
    timeout: float | None = None,
    max_retries: int | None = None,
    poll: PollSchedule | None = None,
    timeouts: Timeouts | None = None,
    retries: Retries | None = None,
    timing: Timing | None = None,
    max_concurrency: int = 32,
    allow_hosts: Iterable[str] = (),
    on_interrupt: OnInterrupt = "leave",
    hooks: Hooks | None = None,
    default_headers: Mapping[str, str] | None = None,
) -> Settings:
    """Settings from arguments and, for what is not given, the ``WIRO_…`` environment variables.

    ``timeout`` is ``timeouts.request``, ``max_retries`` one less than ``retries.attempts``. Without
    an address for WebSockets there is one only with Wiro's own base address, as the token of a task
    is not for another server. Raises :class:`ConfigurationError`.
    """
    if credentials is None:
        credentials = make_credentials(None, None, base_url)
    if isinstance(credentials, ConfigurationError):
        raise credentials
    check_whole("max_concurrency", max_concurrency, 1)
    if on_interrupt not in ("leave", "stop"):
        raise ConfigurationError(f"on_interrupt is 'leave' or 'stop', not {shown(on_interrupt)}")
    if project_id is not None and (not isinstance(project_id, str) or not project_id.strip()):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
        raise ConfigurationError(f"project_id is text, not {shown(project_id)}")
    poll = _or_default("poll", poll, PollSchedule)
    timeouts = _or_default("timeouts", timeouts, Timeouts)
    retries = _or_default("retries", retries, Retries)
    hooks = _or_default("hooks", hooks, Hooks)
    if timeout is not None:
        check_duration("timeout", timeout)
        timeouts = replace(timeouts, request=timeout)
    if max_retries is not None:
        check_whole("max_retries", max_retries, 0)
        retries = replace(retries, attempts=max_retries + 1)
    base_url = _address(base_url, "WIRO_BASE_URL", BASE_URL, "http")
    if socket_url is None and not os.environ.get("WIRO_SOCKET_URL", "").strip():
        socket_url = SOCKET_URL if base_url == BASE_URL else ""
    redact_logs()
    return Settings(
        credentials=credentials,
        base_url=base_url,
        socket_url=(
            None if socket_url == "" else _address(socket_url, "WIRO_SOCKET_URL", SOCKET_URL, "ws")
        ),
        project_id=project_id,
        poll=poll,
        timeouts=timeouts,
        retries=retries,
        timing=timing or Timing(),
        max_concurrency=max_concurrency,
        allow_hosts=host_set(allow_hosts),
        on_interrupt=on_interrupt,
        hooks=hooks,
        default_headers=_headers(default_headers),
    )


def _or_default(name: str, value: T | None, kind: type[T]) -> T:
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise ConfigurationError(f"{name} must be a {kind.__name__}, not {shown(value)}")
    return value


def make_credentials(
    api_key: Any, api_secret: Any, base_url: Any = None
) -> Credentials | ConfigurationError:
    """The credentials of a client: arguments, or ``WIRO_API_KEY`` and ``WIRO_API_SECRET``, or what
    ``wiro-tools login`` keeps for the server at ``base_url``.

    They are a pair: a secret from the environment is never used with a key from the caller. An
    error is returned, so that the frame of the caller, with the key in it, is in no traceback.
    """
    if api_key is None:
        api_key = os.environ.get("WIRO_API_KEY", "").strip()
        if api_secret is None:
            api_secret = os.environ.get("WIRO_API_SECRET", "").strip()
        if api_key == "":
            from wiro_runtime.stored_keys import stored_credentials  # noqa: PLC0415 - seldom needed

            try:
                stored = stored_credentials(_address(base_url, "WIRO_BASE_URL", BASE_URL, "http"))
            except ConfigurationError as error:
                return error.with_traceback(None)
            if stored is not None:
                return stored
    if api_key == "":
        return ConfigurationError(
            "no API key: run wiro-tools login, or set WIRO_API_KEY (and WIRO_API_SECRET, unless "
            "the project has none), or pass api_key="
        )
    for name, value in (("key", api_key), ("secret", "" if api_secret is None else api_secret)):
        if not isinstance(value, str):
            return ConfigurationError(f"the API {name} is text, not {type(value).__name__}")
        if not value.isascii() or not value.isprintable() or " " in value:
            return ConfigurationError(f"the API {name} holds characters that no key of Wiro's has")
    return Credentials(api_key, api_secret or None)


_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
"""A token of RFC 9110, in lower case."""
_SET_BY_CLIENT: Final = frozenset(
    (
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "transfer-encoding",
        "upgrade",
    )
)
"""Headers that say what a request is. With another length or host it would break while it is sent,
when nothing tells any more whether it was accepted."""


def _headers(given: Mapping[str, str] | None) -> dict[str, str]:
    """Headers for every request to Wiro, names in lower case."""
    found: dict[str, str] = {}
    if given is not None and not isinstance(given, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
        raise ConfigurationError(f"default_headers must be a mapping, not {shown(given)}")
    for name, value in dict(given or {}).items():
        texts = isinstance(name, str) and isinstance(value, str)  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
        if not texts or not f"{name}{value}".isascii() or not f"{name}{value}".isprintable():
            raise ConfigurationError(
                f"default_headers maps text to printable ASCII text, not {shown(name)}"
            )
        lower = name.lower()
        if not _HEADER.fullmatch(lower):
            raise ConfigurationError(f"default_headers: {shown(name)} is not the name of a header")
        if lower in _SET_BY_CLIENT:
            raise ConfigurationError(f"default_headers: the client itself sets {lower}")
        found[lower] = value
    return found


def _address(given: str | None, variable: str, default: str, scheme: str) -> str:
    if given is not None and not isinstance(given, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers' values
        raise ConfigurationError(f"an address is text, not {type(given).__name__}")
    address = (given or os.environ.get(variable, "").strip() or default).rstrip("/")
    scheme_given, separator, rest = address.partition("://")
    address = f"{scheme_given.lower()}{separator}{rest}"
    where = variable if given is None else variable.removeprefix("WIRO_").lower()
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        parts = None
    # Half a character, for one, cannot be encoded when a request is sent.
    if parts is None or not address.isprintable() or " " in address:
        raise ConfigurationError(f"{where} is not an address")
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
