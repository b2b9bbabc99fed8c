"""What is known of a request while it is sent, and of its response while it arrives."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import httpcore2

from wiro_runtime.errors import ConnectionFailed
from wiro_runtime.http.encodings import decode_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Exchange:
    """Whether the first byte of a request has left, and what has arrived of its response.

    ``on_begin`` is called when the request is no longer waiting for a thread or a connection. The
    methods may be called in another thread than that of the caller of the request.
    ``limits`` are the seconds that httpx2 gives each of its steps.
    """

    def __init__(
        self, limits: Mapping[str, float | None], on_sent: Callable[[], object] | None
    ) -> None:
        self.limits = limits
        self.raw = bytearray()
        self.codings: list[str] = []
        self.sent = False
        self.traced = False
        self.given_up = False
        self.on_begin: Callable[[], object] | None = None
        self._handed_over = False
        self._on_sent = on_sent
        self._lock = threading.Lock()

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """:meth:`follow` for asynchronous transports."""
        self.follow(event, info)

    def follow(self, event: str, info: Mapping[str, Any]) -> None:
        """Follow the steps that httpcore2 tells of."""
        if not self.traced:
            self.traced = True
            self._begin()
        if event.endswith("send_request_headers.started"):
            # A proxy is sent a request of its own first, to open the tunnel.
            if info["request"].method != b"CONNECT":
                self.hand_over(to_network=True)
        elif event.endswith("send_request_headers.failed") and isinstance(
            info["exception"], httpcore2.LocalProtocolError
        ):
            # Headers that cannot be written are found before the first byte is.
            self.sent = False

    def body(self, limit: int) -> bytes:
        """What has arrived of the response, some more than ``limit`` bytes at most. Proxies name
        codings that they did not apply: then it is as it came."""
        body = bytes(self.raw)
        for coding in self.codings:
            body = decode_part(body, coding, limit)
        return body

    @property
    def maybe_sent(self) -> bool:
        """Whether the first byte may have left; a transport that is not ours may not tell."""
        return self.sent if self.traced else self._handed_over

    def hand_over(self, *, to_network: bool = False) -> None:
        """Note that the request goes to a transport or, ``to_network``, that its first byte is
        about to leave. Raises :class:`ConnectionFailed` when its caller has given it up."""
        with self._lock:
            if self.given_up:
                raise ConnectionFailed("it was given up before it was sent", maybe_sent=False)
            self._handed_over = True
            if self._on_sent is not None:
                self._on_sent()
            # Within the lock: a caller that gives it up after this must not take it for unsent.
            self.sent = to_network
        self._begin()

    def give_up(self) -> None:
        """Have the request not leave any more, unless it has left."""
        with self._lock:
            self.given_up = True

    def _begin(self) -> None:
        if self.on_begin is not None:
            self.on_begin()
