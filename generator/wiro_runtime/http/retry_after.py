"""When a server allows a request to be made again."""

from __future__ import annotations

import time
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from wiro_runtime.http.json_values import as_float

if TYPE_CHECKING:
    from collections.abc import Mapping


def is_transient(status: int) -> bool:
    """Whether a response of this HTTP status may be another one when the request is repeated."""
    return status in (408, 425, 429) or status >= 500


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, out of ``Retry-After-Ms`` or ``Retry-After`` in seconds or as a date."""
    millis = as_float(headers.get("retry-after-ms"))
    if millis is not None and millis >= 0:
        return millis / 1000
    text = headers.get("retry-after", "")
    seconds = as_float(text)
    if seconds is not None:
        return max(0.0, seconds)
    moment = read_date(text)
    if moment is None:
        return None
    # By the server's own clock, where it says what that shows.
    return max(0.0, moment - (read_date(headers.get("date", "")) or time.time()))


def read_date(text: str) -> float | None:
    """Unix seconds of an HTTP date, ``None`` for any other text; one without a zone is in UTC."""
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (TypeError, ValueError, OverflowError):
        return None
