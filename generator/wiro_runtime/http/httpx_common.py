"""What both ports share of httpx2, which is seen nowhere else."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

import httpx2

from wiro_runtime.errors import ConfigurationError, ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

    from wiro_runtime.settings import Timeouts

_ours: ContextVar[bool] = ContextVar("wiro_runtime_request", default=False)


def _audible(record: logging.LogRecord) -> bool:
    """httpx2 tells of every request at INFO, which is what this package does at DEBUG."""
    ours = _ours.get() and record.levelno <= logging.INFO
    return not ours or logging.getLogger("wiro_runtime").isEnabledFor(logging.DEBUG)


logging.getLogger("httpx2").addFilter(_audible)


@contextmanager
def quiet() -> Generator[None, None, None]:
    """The requests made herein are this package's own, and no other's of the process."""
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)


MAX_ANSWER: Final = 64 * 2**20
"""Bytes of an API answer beyond which it is refused. The longest known ones are LLM texts."""

CHUNK: Final = 64 * 1024

# Raised before the first byte of the request leaves.
_NEVER_SENT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
    httpx2.LocalProtocolError,
    httpx2.InvalidURL,
)

FAILURES: Final = (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError)


def connection_failed(error: Exception) -> ConnectionFailed:
    """The same failure without a trace of httpx2."""
    if isinstance(error, httpx2.ConnectTimeout | httpx2.PoolTimeout):
        reason = "no connection in time"
    elif isinstance(error, httpx2.TimeoutException):
        reason = "no answer in time"
    elif isinstance(error, httpx2.ConnectError | httpx2.ProxyError):
        reason = f"cannot connect: {error}"
    else:
        reason = f"connection lost: {error}" if str(error) else "connection lost"
    return ConnectionFailed(reason, maybe_sent=not isinstance(error, _NEVER_SENT))


def limits(timeouts: Timeouts, within: float) -> httpx2.Timeout:
    """Limits of single steps; the caller bounds their sum."""
    return httpx2.Timeout(
        # Ends before ``within`` does, so that a request that never left is known as such.
        connect=min(timeouts.connect, within * 0.9),
        read=min(timeouts.request, within),
        write=min(timeouts.read, within),
        pool=within,
    )


@contextmanager
def usable_proxies() -> Generator[None, None, None]:
    """What a proxy of the environment lacks is said when the client is made."""
    try:
        yield
    except (ImportError, ValueError, httpx2.InvalidURL) as error:
        reason = "one for SOCKS needs the package socksio" if "socks" in str(error) else error
        raise ConfigurationError(
            f"the proxy of the environment cannot be used: {reason} (see http_proxy, https_proxy, "
            "all_proxy, no_proxy)"
        ) from None


def lowered(headers: httpx2.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def pool_limits(connections: int, *, keep: bool = True) -> httpx2.Limits:
    """Idle connections outlast the longest pause of the poll schedule, unless none are kept."""
    return httpx2.Limits(
        max_connections=connections,
        max_keepalive_connections=connections if keep else 0,
        keepalive_expiry=30.0,
    )
