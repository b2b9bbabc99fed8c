"""One call to Wiro: sign, send, read the answer, and repeat what may be repeated."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, cast

from wiro_runtime.detail import as_float, as_int, as_mappings, as_text
from wiro_runtime.errors import (
    ApiError,
    AuthenticationError,
    ConcurrencyLimitError,
    InsufficientBalanceError,
    NotFoundError,
    RateLimitError,
    UnexpectedAnswer,
    WiroError,
)
from wiro_runtime.port import Answer, Port, Request
from wiro_runtime.signing import auth_headers
from wiro_runtime.text import shorten

if TYPE_CHECKING:
    from wiro_runtime.settings import Settings

log = logging.getLogger("wiro_runtime")

_BY_CODE: Final[dict[int, type[ApiError]]] = {
    1: NotFoundError,
    96: ConcurrencyLimitError,
    97: InsufficientBalanceError,
    98: AuthenticationError,
    99: AuthenticationError,
}
_BY_STATUS: Final[dict[int, type[ApiError]]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: NotFoundError,
    429: RateLimitError,
}


class Api:
    """Wiro's endpoints, over a port."""

    def __init__(self, settings: Settings, port: Port) -> None:
        self.settings = settings
        self.port = port
        self.clock = settings.timing.clock

    async def post(self, path: str, body: Mapping[str, Any], deadline: float) -> dict[str, Any]:
        """One attempt. ``deadline`` is in seconds of the clock."""
        return await self.attempt(
            path, {"content-type": "application/json"}, json.dumps(body).encode(), deadline
        )

    async def attempt(
        self,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        deadline: float,
        *,
        fresh: bool = False,
    ) -> dict[str, Any]:
        """One request, signed, and its answer read. See :meth:`Port.send` for ``fresh``."""
        settings = self.settings
        signed = auth_headers(settings.api_key, settings.api_secret)
        request = Request(
            f"{settings.base_url}{path}",
            {**headers, "accept": "application/json", **signed},
            body,
        )
        within = min(settings.timeouts.request, deadline - self.clock())
        answer = await self.port.send(request, max(within, 0.001), fresh=fresh)
        log.debug("POST %s: HTTP %d, %d bytes", path, answer.status, len(answer.body))
        return self.read(answer)

    async def ask(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        deadline: float | None = None,
        task_id: str | None = None,
    ) -> dict[str, Any]:
        """A call that changes nothing when it is made twice: repeated until it is answered.

        Signed anew every time. Errors carry ``task_id``.
        """
        retries = self.settings.retries
        if deadline is None:
            deadline = self.clock() + self.settings.timeouts.request * retries.attempts
        failures = 0
        while True:
            try:
                return await self.post(path, body, deadline)
            except WiroError as error:
                error.task_id = error.task_id or task_id
                failures += 1
                if not error.retryable or failures >= retries.attempts:
                    raise
                after = error.retry_after if isinstance(error, ApiError) else None
                delay = retries.delay(failures, after, self.settings.timing.random)
                if self.clock() + delay >= deadline:
                    raise
                log.info("POST %s failed (%s); again in %.1f s", path, error, delay)
            await self.port.sleep(delay)

    def read(self, answer: Answer) -> dict[str, Any]:
        """The JSON object of a successful answer; a typed error for every other one."""
        redact = self.settings.redact
        try:
            parsed: object = json.loads(answer.body)
        except (ValueError, RecursionError):
            parsed = None
        body = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None
        code, message = _complaint(body or {})
        after = retry_after(answer.headers)
        if answer.status >= 300:
            kind = _BY_STATUS.get(answer.status) or _BY_CODE.get(code or 0, ApiError)
            raise kind(
                redact(f"HTTP {answer.status}: {message or _gist(answer)}"),
                code=code,
                http_status=answer.status,
                retry_after=after,
                retryable=answer.status in (408, 425, 429) or answer.status >= 500,
            )
        if body is None:
            raise UnexpectedAnswer(
                redact(f"the answer is not a JSON object: {_gist(answer)}"),
                http_status=answer.status,
                retryable=True,
            )
        # Some older endpoints leave `result` out; then only a complaint means failure.
        failed = body.get("result") in (False, "false", 0, "0") if "result" in body else message
        if failed:
            kind = _BY_CODE.get(code or 0, ApiError)
            raise kind(
                redact(message or "refused without a reason"),
                code=code,
                http_status=answer.status,
                retry_after=after,
                retryable=code == 96,
            )
        return body


def _complaint(body: Mapping[str, Any]) -> tuple[int | None, str]:
    """Code and text of ``errors``, which holds objects, or plain strings, or is one string."""
    errors = body.get("errors")
    if isinstance(errors, str):
        return None, shorten(errors, 500)
    first = next(iter(as_mappings(errors)), None)
    if first is not None:
        return as_int(first.get("code")), shorten(as_text(first.get("message")), 500)
    texts = (
        [as_text(item) for item in cast("list[Any]", errors)] if isinstance(errors, list) else []
    )
    return None, shorten("; ".join(texts) or as_text(body.get("message")), 500)


def _gist(answer: Answer) -> str:
    kind = answer.headers.get("content-type", "no content type")
    return f"{len(answer.body)} bytes of {shorten(kind, 60)}"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, out of ``Retry-After-Ms`` or ``Retry-After`` in seconds or as a date."""
    millis = as_float(headers.get("retry-after-ms"))
    if millis is not None and millis >= 0:
        return millis / 1000
    text = headers.get("retry-after", "")
    seconds = as_float(text)
    if seconds is not None:
        return max(0.0, seconds)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    from datetime import UTC, datetime  # noqa: PLC0415 - rare

    now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
    return max(0.0, (moment - now).total_seconds())
