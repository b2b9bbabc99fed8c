"""Keeps credentials and forged lines out of logs, those of the libraries below included."""

from __future__ import annotations

import logging
import re
import threading
from typing import Final

LOGGERS: Final = (
    "wiro_runtime",
    "httpx2",
    "httpcore2.connection",
    "httpcore2.http11",
    "httpcore2.http2",
    "httpcore2.proxy",
    "httpcore2.socks",
    "websockets.client",
)

SHORTEST: Final = 6
"""Characters of the shortest credential that is looked for; "k" is in every second word."""

# Names of headers and fields whose value nobody should read, however the line is written.
_NAMED: Final = re.compile(
    r"""((?:x-api-key|x-signature|tasktoken|socketaccesstoken|accesskey)\\*["']?\s*[:=,]\s*b?\\*["']?)"""
    r"""([^\s"',;\\)}\]]+)""",
    re.IGNORECASE,
)


# What a server sends may hold line breaks, which would forge a line of the log, and escapes.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


class _Redaction(logging.Filter):
    """Changes what is logged, never whether it is."""

    def __init__(self) -> None:
        super().__init__()
        self._secrets: frozenset[str] = frozenset()
        self._lock = threading.Lock()

    def learn(self, secrets: set[str]) -> None:
        with self._lock:
            self._secrets |= secrets

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        clean = _NAMED.sub(r"\1***", text)
        for secret in self._secrets:
            clean = clean.replace(secret, "***")
        clean = _CONTROL.sub(_escape, clean)
        if clean != text:
            record.msg, record.args = clean, None
        return True


_REDACTION: Final = _Redaction()


def redact_logs(*secrets: str | None) -> None:
    """From now on, and for the life of the process, none of ``secrets`` shows in a log line."""
    _REDACTION.learn({secret for secret in secrets if secret and len(secret) >= SHORTEST})
    for name in LOGGERS:
        # Adding it twice is adding it once.
        logging.getLogger(name).addFilter(_REDACTION)
