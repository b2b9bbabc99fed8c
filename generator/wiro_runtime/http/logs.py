"""Keeps credentials and forged lines out of logs, those of the libraries below included."""

from __future__ import annotations

import logging
import re
from typing import Final

from wiro_runtime.http.signing import redact
from wiro_runtime.inputs.messages import escape_controls

log = logging.getLogger("wiro_runtime")

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

# Names of headers and fields whose value must not be read, however the line is written.
_NAMED: Final = re.compile(
    r"""((?:x-api-key|x-signature|tasktoken|socketaccesstoken|accesskey)\\*["']?\s*[:=,]\s*b?\\*["']?)"""
    r"""([^\s"',;\\)}\]]+)""",
    re.IGNORECASE,
)


# A line break that a server sent would forge a line of the log.
_BREAKS: Final = {ord(each): repr(each)[1:-1] for each in "\n\u2028\u2029"}


class _Redaction(logging.Filter):
    """Changes what is logged, never whether it is."""

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        clean = redact(_NAMED.sub(r"\1***", text))
        clean = escape_controls(clean).translate(_BREAKS)
        if clean != text:
            record.msg, record.args = clean, None
        return True


_REDACTION: Final = _Redaction()


def redact_logs() -> None:
    """Keep the credentials of living clients out of all log lines from now on."""
    for name in LOGGERS:
        # Adding it twice is adding it once.
        logging.getLogger(name).addFilter(_REDACTION)
