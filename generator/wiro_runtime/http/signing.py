"""How a request proves who sends it: ``x-api-key``, ``x-nonce`` and ``x-signature``."""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from typing import TYPE_CHECKING

from wiro_runtime.forks import renew_in_child

if TYPE_CHECKING:
    from collections.abc import Callable


def signature(api_key: str, api_secret: str, nonce: str) -> str:
    """HMAC-SHA256 with the key over secret + nonce, in lower-case hex."""
    return hmac.digest(api_key.encode(), f"{api_secret}{nonce}".encode(), "sha256").hex()


class NonceSource:
    """Integers that never repeat within a process, whatever the clock does, and from any thread.

    The upper digits are nanoseconds, so that nonces grow from one run to the next; the lower ones
    are random, against another process that signs in the same nanosecond.
    """

    _RANDOM_DIGITS = 6

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._clock = clock
        self._last = 0
        self.renew()
        renew_in_child(self)

    def renew(self) -> None:
        """In a forked child nobody would let go of the lock that a thread of the parent held."""
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            self._last = max(self._clock(), self._last + 1)
            stamp = self._last
        return f"{stamp}{secrets.randbelow(10**self._RANDOM_DIGITS):0{self._RANDOM_DIGITS}}"


NONCES = NonceSource()
"""The one source of the process: two clients with the same key must not share a nonce either."""


def auth_headers(api_key: str, api_secret: str | None) -> dict[str, str]:
    """The headers of one request; a project without a secret sends its key alone."""
    if api_secret is None:
        return {"x-api-key": api_key}
    nonce = NONCES()
    return {
        "x-api-key": api_key,
        "x-nonce": nonce,
        "x-signature": signature(api_key, api_secret, nonce),
    }
