"""What is known of a request while it is sent, and of its response while it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpcore2

from wiro_runtime.http.encodings import decode_part

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Exchange:
    """Whether the first byte of a request has left, and what has arrived of its response."""

    def __init__(self, on_sent: Callable[[], object] | None) -> None:
        self.raw = bytearray()
        self.codings: list[str] = []
        self.sent = False
        self.traced = False
        self._handed_over = False
        self._on_sent = on_sent

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Follow the steps that httpcore2 tells of."""
        self.traced = True
        if event.endswith("send_request_headers.started"):
            # A proxy is sent a request of its own first, to open the tunnel.
            if info["request"].method != b"CONNECT":
                self.mark_sent()
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

    def mark_sent(self) -> None:
        self.sent = True
        self.hand_over()

    def hand_over(self) -> None:
        """Say that the request is about to leave."""
        self._handed_over = True
        if self._on_sent is not None:
            self._on_sent()
